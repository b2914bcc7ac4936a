package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"entente"
	"entente/internal/bundle"
)

// TestHostileModels holds that a model from a stranger is refused or rendered, and
// never panics or hangs.
func TestHostileModels(t *testing.T) {
	made := mustMake(t, newPortal(t).reporter(t), nil)
	render := func(model []byte) error {
		_, err := Render(model, func(ref entente.Ref) ([]byte, bool) { raw, ok := made.entries[ref]; return raw, ok }, nil)
		return err
	}
	if err := render(made.json); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(m *Model){
		"another form":         func(m *Model) { m.Format = "entente-report/9" },
		"no charter":           func(m *Model) { m.Charter = nil },
		"no as_of":             func(m *Model) { m.AsOf = nil },
		"a charter of no type": func(m *Model) { m.Charter = m.AsOf },
		"an index too large":   func(m *Model) { m.Areas[0].Undertakings[0] = 999 },
		"an index below zero":  func(m *Model) { m.Areas[0].Described[0] = -1 },
		"a side too large":     func(m *Model) { m.Areas[0].Pairs[0].Sides[0].Undertaking = 999 },
		"a side below minus 1": func(m *Model) { m.Areas[0].Pairs[0].Sides[0].Undertaking = -2 },
		"an empty meeting":     func(m *Model) { m.Meetings[0].Records = nil },
		"an unknown entry":     func(m *Model) { m.Undertakings[0].Entry.Index = 1 << 40 },
		"an empty reference":   func(m *Model) { m.Claims[0].Entry = entente.Ref{} },
	} {
		var m Model
		if err := json.Unmarshal(made.json, &m); err != nil {
			t.Fatal(err)
		}
		change(&m)
		raw, err := encodeModel(&m)
		if err != nil {
			t.Fatal(err)
		}
		if err := render(raw); err == nil {
			t.Errorf("%s: rendered", name)
		}
	}
	if err := render(bytes.Replace(made.json, []byte(`"log"`), []byte(`"LOG"`), 1)); err == nil {
		t.Error("a reference under another spelling is rendered")
	}
	if err := render(append(bytes.Clone(made.json), ' ')); err == nil {
		t.Error("a model in another form is rendered")
	}
}

// TestAFigureInACircle renders: the figures' check refuses it, not the page.
func TestAFigureInACircle(t *testing.T) {
	made := mustMake(t, newPortal(t).reporter(t), nil)
	var m Model
	if err := json.Unmarshal(made.json, &m); err != nil {
		t.Fatal(err)
	}
	m.Counts[0].Figure = "loop"
	m.Figures = append(m.Figures, bundle.Figure{ID: "loop", Value: "1", Basis: bundle.Changed, Of: []string{"loop", "loop"}})
	raw, err := encodeModel(&m)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := Render(raw, func(ref entente.Ref) ([]byte, bool) { b, ok := made.entries[ref]; return b, ok }, nil)
	if err != nil || !strings.Contains(string(pages["es.html"]), `href="#verify"`) {
		t.Errorf("%v", err)
	}
}
