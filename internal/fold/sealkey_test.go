package fold_test

import (
	_ "embed"
	"strings"
	"testing"

	"entente"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// recipient was made by age.
//
//go:embed testdata/recipient.txt
var recipient string

func TestSealingKeysAreRecipients(t *testing.T) {
	mx, portal := foldtest.NewParty(entente.MX), foldtest.NewObserver("portal")
	sound := strings.TrimSpace(recipient)
	flipped := sound[:500] + "q" + sound[501:]
	if sound[500] == 'q' {
		flipped = sound[:500] + "p" + sound[501:]
	}
	cases := map[string]struct {
		writer         *foldtest.Writer
		public, agency string
		person, admits bool
	}{
		"an agency's":            {mx, sound, "SRE", false, true},
		"the node's":             {mx, sound, "", false, true},
		"an observer's":          {portal, sound, "", false, true},
		"an observer's agency's": {portal, sound, "SRE", false, false},
		"a person's":             {mx, sound, "SRE", true, false},
		"a character changed":    {mx, flipped, "SRE", false, false},
		"two exchanged":          {mx, sound[:900] + sound[901:902] + sound[900:901] + sound[902:], "SRE", false, sound[900] == sound[901]},
		"cut":                    {mx, sound[:len(sound)-1], "SRE", false, false},
		"upper case":             {mx, strings.ToUpper(sound), "SRE", false, false},
		"classic":                {mx, "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "SRE", false, false},
		"a verifier's":           {mx, mx.Agency.Binding.Public, "SRE", false, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			body := c.writer.Body
			k := c.writer.NewKey("seal", entente.RoleSeal).Binding
			k.Public, k.Agency = c.public, c.agency
			if c.person {
				k.Person = &entente.Digest{1}
			}
			body.Keys = append(body.Keys[:len(body.Keys):len(body.Keys)], k)
			h := c.writer.Header(entente.National, "genesis")
			h.Author.Agency = ""
			_, _, err := fold.Pinned(c.writer.Sign(foldtest.Text(entente.TypeGenesis, h, body), c.writer.Root))
			if (err == nil) != c.admits || err != nil && !strings.Contains(err.Error(), fold.RuleKey) {
				t.Errorf("got %v, admits %v", err, c.admits)
			}
		})
	}
}

// TestASealingKeySignsNothing: a signature under its name is one too many.
func TestASealingKeySignsNothing(t *testing.T) {
	s := newScene()
	k := s.mx.NewKey("seal", entente.RoleSeal)
	binding := k.Binding
	binding.Public, binding.Agency = strings.TrimSpace(recipient), "SRE"
	s.logs.State(s.mx, entente.Public, entente.TypeKey, "k", entente.Key{Action: "add", Key: binding})
	h := s.mx.Header(entente.Public, "c-seal")
	text := foldtest.Text(entente.TypeCommitment, h, foldtest.Commitment("C9"))
	ref := s.logs.Add(s.own.Log, s.mx.Sign(text, s.mx.Agency, s.mx.Officers[0], s.mx.Officers[1], k))
	m := s.logs.Fold()
	if f, _ := m.Entry(ref.Log, ref.Index); f.Rule != fold.RuleSurplus {
		t.Errorf("folds as %q (%s)", f.Rule, f.Detail)
	}
}
