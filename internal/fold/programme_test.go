package fold_test

import (
	"testing"

	"entente"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

func TestEveryTypeFolds(t *testing.T) {
	p := foldtest.NewProgramme()
	m := p.Logs.Fold()
	for _, f := range m.Visible(entente.National) {
		if f.Status != fold.Admissible {
			t.Errorf("%s (%s) is %s: %s %s", f.Ref, f.Type, f.Status, f.Rule, f.Detail)
		}
	}
	for _, rule := range entente.Types {
		ref, ok := p.Refs[rule.Type]
		if !ok {
			t.Errorf("no %s entry in the programme", rule.Type)
			continue
		}
		f, _ := m.Entry(ref.Log, ref.Index)
		if f.Type != rule.Type || f.Ref != ref {
			t.Errorf("%s is %s (%s)", ref, f.Ref, f.Type)
		}
		if f.Search.ES == "" || f.Search.EN == "" {
			t.Errorf("%s: nothing to search", rule.Type)
		}
	}
}
