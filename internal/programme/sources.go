package programme

import (
	"net/url"
	"strings"

	"entente"
)

func (l *loader) loadSources() {
	seen := map[string]bool{}
	for _, r := range readCSV(l, "sources.csv", "code", "publisher", "title", "date", "url", "language", "kind", "text_of") {
		p, c := r.place, r.cells
		if !p.code(seen, c["code"]) {
			continue
		}
		s := Source{Source: entente.Source{
			Code: c["code"], Publisher: c["publisher"], Title: c["title"], Date: p.date("date", entente.Date(c["date"])),
			URL: c["url"], Language: c["language"], Kind: c["kind"],
		}}
		p.checkSource(s.Source)
		for _, code := range r.list("text_of") {
			party := entente.Party(code)
			if !party.Valid() {
				p.at("text_of").failf("text_of: %q is not the code of a party", code)
			}
			s.TextOf = append(s.TextOf, party)
		}
		if s.Kind == "official" && len(s.TextOf) == 0 {
			p.at("text_of").failf("text_of: an official text is a text of some party")
		}
		l.sources[s.Code] = s
		l.prog.Sources = append(l.prog.Sources, s)
	}
}

func (p place) checkSource(s entente.Source) {
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"publisher", s.Publisher, 300}, {"title", s.Title, 500}} {
		if strings.TrimSpace(f.value) == "" {
			p.at(f.name).failf("%s: is required", f.name)
		}
		if len([]rune(f.value)) > f.limit {
			p.at(f.name).failf("%s: is longer than %d characters", f.name, f.limit)
		}
		p.at(f.name).personal(f.name, f.value)
	}
	p.one("language", s.Language, "es", "en")
	p.one("kind", s.Kind, "official", "press", "analysis")
	if s.URL == "" {
		return
	}
	u, err := url.Parse(s.URL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(s.URL) > 1000 {
		p.at("url").failf("url: %q is not a web address of at most 1000 characters", s.URL)
	}
}
