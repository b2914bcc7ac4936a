package verify

import (
	"slices"
	"strings"

	"entente"
	"entente/internal/bundle"
	"entente/internal/fold"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// table lists the logs: how far, under which root, signed by whom.
func table(f *site.Frame, logs []log) shell.Table {
	t := shell.Table{
		Caption: f.T("verify.logs"), HideCaption: true, RowHeader: true, Stack: true,
		JSON: "/api/v1/logs",
		Columns: []shell.Column{{Title: f.T("verify.log")}, {Title: f.T("col.writer")}, {Title: f.T("verify.size"), Numeric: true},
			{Title: f.T("verify.root")}, {Title: f.T("verify.signed"), Wide: true}},
	}
	for _, l := range logs {
		t.Rows = append(t.Rows, []shell.Cell{
			{Text: l.Origin, Href: checkpoint(l)}, {Text: f.Writer(l.Writer)}, {Text: f.L.Int(int64(l.Size))},
			{Body: shell.Digest(l.Root.String(), "")}, {Body: signatures(f, l)},
		})
	}
	return t
}

// served is where this node serves a public log: its own, or the mirror of another's.
func served(l log) string {
	if l.Own {
		return "/log/" + l.Origin + "/"
	}
	return "/mirror/" + l.Origin + "/"
}

// checkpoint is the address of a log's checkpoint; "" for one that is served to no browser.
func checkpoint(l log) string {
	if l.Audience != entente.Public {
		return ""
	}
	return served(l) + "checkpoint"
}

// public are the logs that anyone may fetch from this site and check.
func public(logs []log) []log {
	return slices.DeleteFunc(slices.Clone(logs), func(l log) bool { return l.Audience != entente.Public || l.vkey == "" })
}

// fsck is the command by which Tessera's stock tool checks a whole log, entry for entry.
func fsck(f *site.Frame, l log) string {
	file := strings.ReplaceAll(l.Origin, "/", ".") + ".vkey"
	return "echo '" + l.vkey + "' > " + file + " && go run github.com/transparency-dev/tessera/cmd/fsck@latest --ui=false --storage_url=" +
		origin(f) + served(l) + " --origin=" + l.Origin + " --public_key=" + file
}

func signatureText(f *site.Frame, s signature) string {
	return f.T("verify.signature."+s.kind, "Who", f.Writer(s.writer))
}

func outcomeTone(o bundle.Outcome) shell.Tone {
	switch o {
	case bundle.Passed:
		return shell.Agree
	case bundle.Failed:
		return shell.Differ
	}
	return shell.Pending
}

func statusTone(s fold.Status) shell.Tone {
	if s == fold.Admissible {
		return shell.Agree
	}
	return shell.Differ
}

// findings lists what was checked of a bundle.
func findings(f *site.Frame, b *checkedBundle) shell.Table {
	t := shell.Table{
		Caption: f.T("verify.bundle.findings"), Stack: true,
		Columns: []shell.Column{{Title: f.T("verify.outcome")}, {Title: f.T("verify.check")}, {Title: f.T("verify.finding"), Wide: true}},
	}
	for _, one := range b.List {
		text := f.Say(one.Text)
		if one.About != "" {
			text = one.About + ": " + text
		}
		t.Rows = append(t.Rows, []shell.Cell{
			{Body: shell.Badge(outcomeTone(one.Outcome), f.T("verify.outcome."+string(one.Outcome)))}, {Text: f.T("verify.check." + string(one.Check))}, {Text: text},
		})
	}
	return t
}

// origin is where the reader reached this site.
func origin(f *site.Frame) string {
	scheme := "http"
	if f.R.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + f.R.Host
}

// genesis lists the digests that a reader compares with those had from elsewhere.
func genesis(f *site.Frame, logs []log) []shell.KV {
	var out []shell.KV
	seen := map[string]bool{}
	for _, l := range logs {
		if !seen[l.Writer] {
			seen[l.Writer] = true
			out = append(out, shell.KV{Key: f.Writer(l.Writer), Body: whole(l.Genesis.String())})
		}
	}
	return out
}
