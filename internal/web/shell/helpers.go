package shell

import (
	"strings"
	"time"

	"entente"
	"entente/internal/locale"
)

var themeChoices = []struct{ value, icon, id string }{
	{"", "device", "shell.theme.device"},
	{"light", "sun", "shell.theme.light"},
	{"dark", "moon", "shell.theme.dark"},
}

func windowTitle(site Site, p Page) string {
	parts := []string{p.Title, p.say(site.Name), "Entente"}
	if site.Demo {
		parts = append(parts, p.T("shell.demo.short"))
	}
	return strings.Join(parts, " · ")
}

func legalHeading(p Page, words entente.PartyText) string {
	if words.Wording == entente.Summary {
		return p.T("shell.legal.summary", "Party", p.L.Party(string(words.Party)))
	}
	return p.T("shell.legal.words", "Party", p.L.Party(string(words.Party)))
}

// in is the address of the page in a language.
func (p Page) in(lang locale.Lang) string {
	if lang == p.Lang() {
		return p.selfHref()
	}
	return p.switchHref()
}

func pressed(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// tone makes the zero tone the neutral one.
func tone(t Tone) Tone {
	if t == "" {
		return Neutral
	}
	return t
}

// short is the part of a digest that a reader compares at a glance.
func short(digest string) string {
	if len(digest) > 12 {
		return digest[:12]
	}
	return digest
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lines are the paragraphs of a text that people typed.
func lines(s string) []string {
	var out []string
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func openQuote(lang string) string {
	if lang == "en" {
		return "“"
	}
	return "«"
}

func closeQuote(lang string) string {
	if lang == "en" {
		return "”"
	}
	return "»"
}

// sourceLine is kind and date of a document: "oficial, 3 sep 2025".
func sourceLine(p Page, s entente.Source) string {
	line := p.T("shell.source." + s.Kind)
	if s.Date != "" {
		line += ", " + p.L.DateISOShort(string(s.Date))
	}
	return line
}

func tableDownloads(t Table) []Link {
	var out []Link
	if t.CSV != "" {
		out = append(out, Link{Text: "CSV", Href: t.CSV})
	}
	if t.JSON != "" {
		out = append(out, Link{Text: "JSON", Href: t.JSON})
	}
	return out
}

func (t Table) label(i int) string {
	if i < len(t.Columns) {
		return t.Columns[i].Title
	}
	return ""
}

func (t Table) cellClass(i int, c Cell) string {
	class := c.Class
	if i < len(t.Columns) && t.Columns[i].Numeric {
		class = strings.TrimSpace("e-num " + class)
	}
	return class
}

func countErrors(fields []Field) int {
	n := 0
	for _, f := range fields {
		if f.Error != "" {
			n++
		}
	}
	return n
}

// forProblem is the page that shows a problem: no crumbs, no stamp, the problem's title.
func (p Page) forProblem(problem Problem) Page {
	p.Title, p.Lead, p.Crumbs, p.AsOf = problem.Title, "", nil, AsOf{}
	return p
}

// NotFound is the problem of an address that leads to nothing.
func NotFound(p Page) Problem {
	return Problem{
		Status: 404,
		Title:  p.T("shell.problem.notfound.title"),
		Detail: p.T("shell.problem.notfound.detail"),
		Mend:   p.T("shell.problem.notfound.mend"),
	}
}

// Internal is the problem of a failure that is not the reader's. The cause goes to the log, not to the page.
func Internal(p Page) Problem {
	return Problem{
		Status: 500,
		Title:  p.T("shell.problem.internal.title"),
		Detail: p.T("shell.problem.internal.detail"),
		Mend:   p.T("shell.problem.internal.mend"),
	}
}

func mendLabel(p Page, problem Problem) string {
	if problem.Rule == "" {
		return p.T("shell.problem.cando")
	}
	return p.T("shell.problem.mend")
}

// post is the role of whoever is signed in and, for those who work for one, the agency.
func (u *User) post() string {
	if u.Agency == "" {
		return u.Role
	}
	return u.Role + ", " + u.Agency
}
