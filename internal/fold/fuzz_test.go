package fold_test

import (
	"testing"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// FuzzFold: whatever stands in a log, the fold gives a verdict, keeps the rules of
// verdicts, and the next entry folds as if it had not been there.
func FuzzFold(f *testing.F) {
	p := foldtest.NewProgramme()
	origin := p.MX.Origin(entente.Public)
	for _, raw := range p.Logs.Raw[origin] {
		f.Add(raw)
	}
	for _, raw := range p.Logs.Raw[p.US.Origin(entente.Public)] {
		f.Add(raw)
	}
	next := p.MX.Entry(entente.Public, entente.TypeCommitment, "next", foldtest.Commitment("C7"))
	logs := newScene().logs
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := trusting(t, logs)
		all, err := m.Append(origin, raw)
		if err != nil {
			t.Fatal(err)
		}
		verdict(t, all[0])
		after, err := m.Append(origin, next)
		if err != nil || after[0].Status != fold.Admissible {
			t.Fatalf("the next entry is %s %s (%s), %v", after[0].Status, after[0].Rule, after[0].Detail, err)
		}
		for _, a := range entente.Audiences {
			if _, err := m.Digest(a); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzMeaning: bodies that keep their schema, properly signed, never break the
// fold, and what it puts into the tables fits them.
func FuzzMeaning(f *testing.F) {
	p := foldtest.NewProgramme()
	for t, body := range p.Bodies {
		raw, err := entry.Body(body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(t), "s", []byte(raw))
	}
	tables := map[string]fold.Table{}
	for _, t := range fold.Tables {
		tables[t.Name] = t
	}
	s := newScene()
	f.Fuzz(func(t *testing.T, typ, subject string, raw []byte) {
		if _, err := entry.DecodeBody(entente.Type(typ), raw); err != nil {
			return
		}
		h := s.mx.Header(entente.Public, subject)
		h.Body = raw
		text, err := entry.Build(entente.Type(typ), h)
		if err != nil {
			return
		}
		entryRaw, err := entry.Sign(text, s.mx.Agency.Signer, s.mx.Officers[0].Signer, s.mx.Officers[1].Signer)
		if err != nil {
			return
		}
		all, err := trusting(t, s.logs).Append(s.own.Log, entryRaw)
		if err != nil {
			t.Fatal(err)
		}
		verdict(t, all[0])
		for _, row := range all[0].Rows {
			fits(t, tables[row.Table], row)
		}
	})
}

// trusting folds logs whose signatures are known to be good.
func trusting(t *testing.T, logs *foldtest.Logs) *fold.Memory {
	t.Helper()
	m := fold.NewMemory(logs.Info...)
	for _, info := range logs.Info {
		for _, raw := range logs.Raw[info.Origin] {
			if _, err := m.AppendInput(fold.Input{Origin: info.Origin, Raw: raw, Verified: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return m
}

func verdict(t *testing.T, f fold.Folded) {
	t.Helper()
	_, explained := fold.Explain(f.Rule)
	switch f.Status {
	case fold.Inadmissible:
		if !explained || f.Detail == "" || len(f.Rows)+len(f.Links)+len(f.Keys) > 0 {
			t.Fatalf("inadmissible by %q (%s), with %d rows", f.Rule, f.Detail, len(f.Rows))
		}
	case fold.Admissible, fold.Pending, fold.Opaque:
		if f.Rule != "" || (f.Status == fold.Pending) != (len(f.Unresolved) > 0) {
			t.Fatalf("%s with the rule %q and %d unresolved links", f.Status, f.Rule, len(f.Unresolved))
		}
	default:
		t.Fatalf("status %q", f.Status)
	}
}
