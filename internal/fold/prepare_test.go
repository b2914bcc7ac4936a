package fold_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// TestPrepareChangesNoVerdict: what was prepared ahead folds as what was not,
// also when it was vouched for with keys that are not, or no longer, the active ones.
func TestPrepareChangesNoVerdict(t *testing.T) {
	logs := tangle()
	plain, prepared := fold.NewMemory(logs.Info...), fold.NewMemory(logs.Info...)
	for _, info := range logs.Info {
		early := map[string]fold.ActiveKey{} // the keys as they were after the genesis
		for i, raw := range logs.Raw[info.Origin] {
			want, err := plain.Append(info.Origin, raw)
			if err != nil {
				t.Fatal(err)
			}
			p := fold.Prepare(raw)
			p.Vouch(early)
			got, err := prepared.AppendInput(fold.Input{Origin: info.Origin, Raw: raw, Prepared: p})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", want[0].Ref, diff)
			}
			if i == 0 {
				for name, k := range plainKeys(t, plain, info.Origin) {
					early[name] = k
				}
			}
		}
	}
}

func plainKeys(t *testing.T, m *fold.Memory, origin string) map[string]fold.ActiveKey {
	t.Helper()
	keys, err := m.Keys(origin)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestVouchingForAnotherKey: an entry signed by a key that has the name of an
// active one does not pass, whoever vouched for it.
func TestVouchingForAnotherKey(t *testing.T) {
	s := newScene()
	seed := entente.DigestOf([]byte("a forger"))
	forger, vkey, err := entry.NewSigner(s.mx.Agency.Binding.Name, seed[:])
	if err != nil {
		t.Fatal(err)
	}
	forged := s.mx.Agency
	forged.Signer, forged.Binding.Public = forger, vkey
	text := foldtest.Text(entente.TypeCommitment, s.mx.Header(entente.Public, "c5"), foldtest.Commitment("C5"))
	raw := s.mx.Sign(text, forged, s.mx.Officers[0], s.mx.Officers[1])
	keys := map[string]fold.ActiveKey{}
	for name, k := range plainKeys(t, s.logs.Fold(), s.own.Log) {
		keys[name] = k
	}
	keys[forged.Binding.Name] = fold.ActiveKey{Binding: forged.Binding}
	vouch := map[string]func(*fold.Prepared){
		"checked against its own key": func(p *fold.Prepared) { p.Vouch(keys) },
		"said to be made with its own key": func(p *fold.Prepared) {
			by := map[string]string{forged.Binding.Name: vkey}
			if p.Made(by) {
				t.Error("vouched for with signatures that are not said to be made")
			}
			for _, o := range s.mx.Officers {
				by[o.Binding.Name] = o.Binding.Public
			}
			if !p.Made(by) {
				t.Error("not vouched for with all signatures said to be made")
			}
		},
	}
	for how, do := range vouch {
		p := fold.Prepare(raw)
		do(p)
		all, err := fold.Fold(s.logs.Fold(), fold.Input{Origin: s.own.Log, Index: 2, Raw: raw, Prepared: p})
		if err != nil || all[0].Rule != fold.RuleSignature {
			t.Errorf("%s, folds as %s %s, %v", how, all[0].Status, all[0].Rule, err)
		}
	}
}
