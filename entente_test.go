package entente

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestDigestText(t *testing.T) {
	d := DigestOf([]byte("x"))
	var back Digest
	if err := back.UnmarshalText([]byte(d.String())); err != nil || back != d || d.IsZero() || !(Digest{}).IsZero() {
		t.Errorf("%s read back as %s: %v", d, back, err)
	}
	for _, bad := range []string{"", "00", strings.ToUpper(d.String()), d.String() + "0", strings.Repeat("g", 64)} {
		got := d
		if err := got.UnmarshalText([]byte(bad)); err == nil || got != d {
			t.Errorf("took %q for a digest", bad)
		}
	}
}

func TestDates(t *testing.T) {
	for _, good := range []Date{"", "2025", "2025-09", "2025-09-03", "2024-02-29"} {
		if !good.Valid() {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []Date{"25", "2025-13", "2025-02-29", "2025-9-3", "2025/09/03", "2025-09-03T", "septiembre"} {
		if bad.Valid() {
			t.Errorf("%q is taken for a date", bad)
		}
	}
}

func TestForms(t *testing.T) {
	cases := []struct {
		name      string
		valid     func(string) bool
		good, bad []string
	}{
		{"subject", ValidSubject, []string{"c1", "a.b_c-d", strings.Repeat("x", 96)}, []string{"", "C1", "-c", "a/b", "á", strings.Repeat("x", 97)}},
		{"state", ValidState, []string{"MX-SON", "US-AZ", "MX-9"}, []string{"", "MX", "MX-", "MX-Sonora", "mx-son", "MX-SON-1"}},
		{"party", func(s string) bool { return Party(s).Valid() }, []string{"MX", "US"}, []string{"", "mx", "MEX"}},
		{"audience", func(s string) bool { return Audience(s).Valid() }, []string{"national", "shared", "public"}, []string{"", "secret"}},
		{"origin", func(s string) bool { _, ok := OriginAudience(s); return ok },
			[]string{"mx.entente/public", "mx.entente/2/national"}, []string{"", "public", "/public", "mx.entente", "mx.entente/secret", "mx.entente/"}},
	}
	for _, c := range cases {
		for _, s := range c.good {
			if !c.valid(s) {
				t.Errorf("%s %q is refused", c.name, s)
			}
		}
		for _, s := range c.bad {
			if c.valid(s) {
				t.Errorf("%q is taken for a %s", s, c.name)
			}
		}
	}
}

func TestAudiencesWiden(t *testing.T) {
	for i, a := range Audiences {
		if a.Rank() != i {
			t.Errorf("%s has the rank %d", a, a.Rank())
		}
	}
	o := Origins{National: "n", Shared: "s", Public: "p"}
	if o.Of(National)+o.Of(Shared)+o.Of(Public)+o.Of("secret") != "nsp" {
		t.Error("origins are mixed up")
	}
}

func TestTextInALanguage(t *testing.T) {
	whole, spanish := Text{ES: "sí", EN: "yes"}, Text{ES: "sí"}
	for _, c := range []struct {
		text Text
		lang string
		want string
		own  bool
	}{
		{whole, "es", "sí", true}, {whole, "en", "yes", true}, {spanish, "es", "sí", true},
		{spanish, "en", "sí", false}, {Text{EN: "yes"}, "es", "yes", false}, {Text{}, "en", "", false},
	} {
		if got, own := c.text.In(c.lang); got != c.want || c.want != "" && own != c.own {
			t.Errorf("%+v in %s: %q, %v", c.text, c.lang, got, own)
		}
	}
	if whole.IsZero() || !(Text{}).IsZero() {
		t.Error("empty and full are mixed up")
	}
}

// TestTypesTable: every type has one row that makes sense by itself; who may write
// what is law 1.
func TestTypesTable(t *testing.T) {
	seen := map[Type]bool{}
	for _, r := range Types {
		if seen[r.Type] || r.About == "" || len(r.Audiences) == 0 {
			t.Errorf("the row of %s: %+v", r.Type, r)
		}
		seen[r.Type] = true
		if got, ok := Rule(r.Type); !ok || got.About != r.About {
			t.Errorf("Rule(%s) is another row", r.Type)
		}
		joint, is := r.New().(interface{ JointPart() Joint })
		if is != r.Joint || is && joint.JointPart().Required != nil {
			t.Errorf("%s: joint %v in the table, %v in the body", r.Type, r.Joint, is)
		}
		if r.Joint && slices.Contains(r.Audiences, National) {
			t.Errorf("%s is joint and may stand where the other party cannot see it", r.Type)
		}
		observer := Author{Observer: "portal"}
		cites := slices.Contains([]Type{TypeGenesis, TypeKey, TypeCitation, TypeWithdrawal}, r.Type)
		if err := r.Allows(observer, Public); (err == nil) != cites {
			t.Errorf("an observer and %s: %v", r.Type, err)
		}
		for _, a := range Audiences {
			if err := r.Allows(Author{Party: MX}, a); (err == nil) != slices.Contains(r.Audiences, a) {
				t.Errorf("a %s entry in a %s log: %v", r.Type, a, err)
			}
		}
	}
	if _, ok := Rule("wish"); ok {
		t.Error("an unknown type has a row")
	}
}

func TestRefAndWriter(t *testing.T) {
	r := Ref{Log: "mx.entente/public", Index: 7}
	if r.String() != "mx.entente/public#7" || r.IsZero() || !(Ref{}).IsZero() {
		t.Errorf("reads %s", r)
	}
	if (Author{Party: MX, Agency: "SRE"}).Writer() != "MX" || (Author{Observer: "portal"}).Writer() != "portal" {
		t.Error("the writer is another")
	}
	b, err := json.Marshal(Header{Author: Author{Observer: "portal"}, Body: []byte("{}")})
	if err != nil || strings.Contains(string(b), "party") || strings.Contains(string(b), "decision") {
		t.Errorf("%s, %v", b, err)
	}
}
