package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the style sheet travels with the page
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/internal/bundle"
	"entente/internal/chart"
	"entente/internal/entry"
	"entente/internal/locale"
)

var demonstration = entente.Text{
	ES: "Demostración reconstruida de fuentes públicas; no es declaración de ninguno de los gobiernos",
	EN: "Demonstration rebuilt from public sources; not a statement of either government",
}

//go:embed report.css
var ownCSS string

// styles is the content of the page's one style element.
var styles = ownCSS + chart.CSS

// StyleSource is what a content security policy must name under style-src for the
// page's own style element to count: 'sha256-…'.
var StyleSource = func() string {
	d := sha256.Sum256([]byte(styles))
	return "'sha256-" + base64.StdEncoding.EncodeToString(d[:]) + "'"
}()

// doc is a report in one language, on its way to the page.
type doc struct {
	l       *locale.Localizer
	m       *Model
	entries map[entente.Ref]*cite
	order   []*cite
	figs    map[string]*bundle.Figure
	charter *entente.Charter
	sources []source
}

// cite is one entry that the report names, with its number in the report.
type cite struct {
	n      int
	ref    entente.Ref
	typ    entente.Type
	header entente.Header
	body   any
}

// source is a document that entries of the report rely on.
type source struct {
	entente.Source
	used int
}

// Render renders the pages of a model, es.html and en.html, from the entries it
// names. It fails with a [*ParityError] when the languages differ in a figure.
func Render(model []byte, raw func(entente.Ref) ([]byte, bool), _ func(entente.Digest) ([]byte, bool)) (map[string][]byte, error) {
	var m Model
	d := json.NewDecoder(bytes.NewReader(model))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("report model: %w", err)
	}
	if err := m.check(model); err != nil {
		return nil, fmt.Errorf("report model: %w", err)
	}
	out := map[string][]byte{}
	for _, lang := range locale.Langs() {
		doc, err := newDoc(lang, &m, refsIn(model), raw)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := reportPage(doc).Render(context.Background(), &b); err != nil {
			return nil, err
		}
		out[string(lang)+".html"] = b.Bytes()
	}
	if err := parity(out["es.html"], out["en.html"]); err != nil {
		return nil, err
	}
	return out, nil
}

func (m *Made) render() error {
	pages, err := Render(m.json, func(ref entente.Ref) ([]byte, bool) {
		raw, ok := m.entries[ref]
		return raw, ok
	}, nil)
	if err != nil {
		return err
	}
	m.HTML = map[string][]byte{"es": pages["es.html"], "en": pages["en.html"]}
	if m.Model.AsOf != nil {
		p, err := entry.Parse(m.entries[*m.Model.AsOf])
		if err != nil {
			return err
		}
		m.AsOf = p.Header.Time
	}
	return nil
}

func newDoc(lang locale.Lang, m *Model, refs []entente.Ref, raw func(entente.Ref) ([]byte, bool)) (*doc, error) {
	d := &doc{l: locale.For(lang), m: m, entries: map[entente.Ref]*cite{}, figs: map[string]*bundle.Figure{}}
	for i, ref := range refs {
		c, err := newCite(i+1, ref, raw)
		if err != nil {
			return nil, err
		}
		d.entries[ref] = c
		d.order = append(d.order, c)
	}
	for i := range m.Figures {
		d.figs[m.Figures[i].ID] = &m.Figures[i]
	}
	if m.Charter != nil {
		d.charter, _ = d.entries[*m.Charter].body.(*entente.Charter)
	}
	if d.charter == nil {
		return nil, ErrNoCharter
	}
	d.gatherSources()
	return d, nil
}

func newCite(n int, ref entente.Ref, raw func(entente.Ref) ([]byte, bool)) (*cite, error) {
	b, ok := raw(ref)
	if !ok || entry.LeafHash(b) != ref.Leaf {
		return nil, fmt.Errorf("report: the entry %s is not at hand", ref)
	}
	p, err := entry.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("report: entry %s: %w", ref, err)
	}
	body, err := p.Decode()
	if err != nil {
		return nil, fmt.Errorf("report: entry %s: %w", ref, err)
	}
	return &cite{n, ref, p.Type, p.Header, body}, nil
}

// gatherSources lists the documents that the cited entries rely on, by code.
func (d *doc) gatherSources() {
	at := map[string]int{}
	for _, c := range d.order {
		for _, s := range sourcesOf(c.body) {
			key := s.Code + "\x00" + s.URL + "\x00" + s.Title
			i, ok := at[key]
			if !ok {
				i = len(d.sources)
				at[key] = i
				d.sources = append(d.sources, source{Source: s})
			}
			d.sources[i].used++
		}
	}
	slices.SortStableFunc(d.sources, func(x, y source) int { return strings.Compare(x.Code, y.Code) })
}

func sourcesOf(body any) []entente.Source {
	switch b := body.(type) {
	case *entente.Charter:
		return b.Sources
	case *entente.Commitment:
		return b.Sources
	case *entente.JointCommitment:
		return b.Sources
	case *entente.Milestone:
		return b.Sources
	case *entente.Progress:
		return b.Sources
	case *entente.Pairing:
		return b.Sources
	case *entente.Account:
		return b.Sources
	case *entente.Action:
		return b.Sources
	case *entente.Indicator:
		return b.Sources
	case *entente.Dataset:
		return b.Sources
	case *entente.Claim:
		return b.Sources
	case *entente.Citation:
		return b.Sources
	case *entente.Question:
		return b.Sources
	case *entente.Answer:
		return b.Sources
	case *entente.Meeting:
		return b.Sources
	case *entente.Notice:
		return b.Sources
	case *entente.Position:
		return b.Sources
	}
	return nil
}

// Words and figures.

func (d *doc) t(id string, args ...any) string { return d.l.T(id, args...) }

func (d *doc) party(code string) string {
	if entente.Party(code).Valid() {
		return d.l.Party(code)
	}
	return code
}

func (d *doc) parties(ps []entente.Party) string {
	var names []string
	for _, p := range ps {
		names = append(names, d.party(string(p)))
	}
	return d.l.List(names...)
}

func (d *doc) cite(ref entente.Ref) *cite { return d.entries[ref] }

// value returns a figure as a number.
func (d *doc) value(id string) *float64 {
	f := d.figs[id]
	if f == nil {
		return nil
	}
	v, err := strconv.ParseFloat(f.Value, 64)
	if err != nil {
		return nil
	}
	return &v
}

// figure writes a figure with its unit, as many decimals as it was worked out to.
func (d *doc) figure(id string) string {
	f, v := d.figs[id], d.value(id)
	if f == nil || v == nil {
		return locale.NoFigure
	}
	_, frac, _ := strings.Cut(f.Value, ".")
	decimals := min(len(frac), 1)
	if f.Times != "" || f.Per != 0 || f.Basis == bundle.Changed {
		decimals = f.Decimals
	}
	switch {
	case f.Basis == bundle.Changed:
		return d.l.Change(*v, decimals)
	case f.Unit == "percent", f.Unit == "%":
		return d.l.Percent(*v, decimals)
	case f.Unit == "":
		return d.l.Number(*v, decimals)
	}
	return d.l.Number(*v, decimals) + "\u00a0" + d.l.Unit(f.Unit, *v)
}

// quantity writes an amount stated as a decimal text with its unit.
func (d *doc) quantity(value, unit string) string {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return value + "\u00a0" + unit
	}
	_, frac, _ := strings.Cut(value, ".")
	n := d.l.Number(v, min(len(frac), 6))
	switch unit {
	case "":
		return n
	case "percent", "%":
		return d.l.Percent(v, min(len(frac), 6))
	}
	return n + "\u00a0" + d.l.Unit(unit, v)
}

func (d *doc) date(s entente.Date) string {
	if s == "" {
		return d.t("report.nodate")
	}
	return d.l.DateISO(string(s))
}

func (d *doc) span(from, to entente.Date) string {
	if to == "" || to == from {
		return d.date(from)
	}
	return d.date(from) + " – " + d.date(to)
}

func (d *doc) asOf() time.Time {
	if d.m.AsOf == nil {
		return time.Time{}
	}
	return d.cite(*d.m.AsOf).header.Time.UTC()
}

// moment writes the time of the report alike in both languages, on a clock of 24
// hours, so that both state the same figures.
func (d *doc) moment() string {
	at := d.asOf()
	return d.l.Date(at) + ", " + at.Format("15:04") + " UTC"
}

func (d *doc) month(s string) string { return d.l.DateISO(s) }

func (d *doc) window(s string) string {
	from, to, span := strings.Cut(s, "..")
	if !span {
		return d.month(from)
	}
	return d.month(from) + " – " + d.month(to)
}

// area names an area of the charter.
func (d *doc) area(code string) entente.Text {
	for _, a := range d.charter.Areas {
		if a.Code == code {
			return a.Name
		}
	}
	return entente.Text{ES: locale.For(locale.ES).T("report.area.none"), EN: locale.For(locale.EN).T("report.area.none")}
}

func (d *doc) indicator(subject string) *Indicator {
	for i := range d.m.Indicators {
		if d.m.Indicators[i].Subject == subject {
			return &d.m.Indicators[i]
		}
	}
	return nil
}

func (d *doc) indicatorTitle(subject string) entente.Text {
	if in := d.indicator(subject); in != nil {
		return d.cite(in.Entry).body.(*entente.Indicator).Title
	}
	return entente.Text{ES: subject, EN: subject}
}

// chart is the headline chart of an indicator.
func (d *doc) chart(in *Indicator) chart.Line {
	body := d.cite(in.Entry).body.(*entente.Indicator)
	title := d.l.Pick(body.Title.ES, body.Title.EN).Text
	c := chart.Line{Text: chart.Text{ID: "c-" + in.Subject, Title: title, Unit: d.l.Unit(body.Unit, math.NaN())}}
	s := chart.Series{Name: title}
	for _, p := range in.Points {
		c.Full = append(c.Full, d.month(p.Month))
		c.Labels = append(c.Labels, d.l.DateISOShort(p.Month))
		v := d.value(p.Figure)
		if v != nil && *v != math.Trunc(*v) {
			c.Decimals = 1
		}
		s.Values = append(s.Values, v)
	}
	c.Series = []chart.Series{s}
	return c
}

// where says in words how a headline's dimensions are fixed.
func (d *doc) where(where map[string]string) string {
	var parts []string
	for _, dim := range sortedKeys(where) {
		code := where[dim]
		if code == "*" {
			continue
		}
		parts = append(parts, d.code(dim, code))
	}
	return strings.Join(parts, ", ")
}

// code names a code of a dimension; the code itself where it has no name.
func (d *doc) code(dim, code string) string {
	if name, ok := d.m.Names[dim][code]; ok {
		return d.l.Pick(name.ES, name.EN).Text
	}
	return code
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
