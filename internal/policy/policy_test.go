package policy

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"

	"entente"
)

const folder = "../../programmes/mx-us-2025/policies"

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// said stands for the texts of refusals; the programme's own are checked with its
// files.
var said = entente.Refusal{Rule: entente.Text{ES: "a", EN: "b"}, Mend: entente.Text{ES: "c", EN: "d"}}

// programmeSet loads the programme's own policies.
func programmeSet(tb testing.TB) *Set {
	tb.Helper()
	files, err := filepath.Glob(folder + "/*.cedar")
	if err != nil || len(files) == 0 {
		tb.Fatal(files, err)
	}
	var source string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		source += string(b)
	}
	refusals := map[string]entente.Refusal{}
	for _, id := range regexp.MustCompile(`@id\("(.*)"\)\nforbid`).FindAllStringSubmatch(source, -1) {
		refusals[id[1]] = said
	}
	s, err := Load(source, refusals, entente.DigestOf([]byte(source)))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// publication is a request that the programme's policies allow.
func publication() Request {
	return Request{
		Act: Publish, Author: entente.Author{Party: "MX", Agency: "SRE"}, Roles: []string{"officer"},
		Type: entente.TypeCommitment, Writer: "MX", Sources: 1, Verbatim: true, OwnTerritory: true,
		Now: day, Charter: true, Officers: 2, Asked: 2, Second: true,
	}
}

func TestProgrammePolicies(t *testing.T) {
	s := programmeSet(t)
	both := []entente.Party{"MX", "US"}
	for name, c := range map[string]struct {
		change  func(*Request)
		refused string // the one policy that refuses; "" when allowed
	}{
		"a publication":           {func(*Request) {}, ""},
		"one officer":             {func(r *Request) { r.Officers, r.Asked = 1, 1 }, "p4-publish-second-officer"},
		"two, none releasing":     {func(r *Request) { r.Second = false }, "p4-publish-second-officer"},
		"fewer than asked":        {func(r *Request) { r.Asked = 3 }, NoPermit},
		"no charter":              {func(r *Request) { r.Charter = false }, NoPermit},
		"another's log":           {func(r *Request) { r.Writer = "US" }, "p2-own-word"},
		"an identifier":           {func(r *Request) { r.Identifiers = []string{"curp"} }, "p4-no-personal-identifiers"},
		"too early":               {func(r *Request) { r.NotBefore = day.Add(time.Hour) }, "p4-not-before"},
		"on its day":              {func(r *Request) { r.NotBefore = day }, ""},
		"verbatim, no source":     {func(r *Request) { r.Sources = 0 }, "p4-verbatim-source"},
		"a summary, no source":    {func(r *Request) { r.Sources, r.Verbatim = 0, false }, ""},
		"abroad":                  {func(r *Request) { r.Type, r.OwnTerritory = entente.TypeAction, false }, "p6-own-territory"},
		"joint, no consent":       {func(r *Request) { r.Required = both }, "p3-joint-consent"},
		"joint, one consent":      {func(r *Request) { r.Required, r.Consents = both, both[:1] }, "p3-joint-consent"},
		"joint, both consent":     {func(r *Request) { r.Required, r.Consents = both, both }, ""},
		"joint of others":         {func(r *Request) { r.Required, r.Consents = both[1:], both }, "p3-required-party"},
		"account of oneself":      {func(r *Request) { r.Type, r.Of = entente.TypeAccount, "MX" }, "p2-account-of-another"},
		"account of another":      {func(r *Request) { r.Type, r.Of = entente.TypeAccount, "US" }, ""},
		"position on one's own":   {func(r *Request) { r.Type, r.Of = entente.TypePosition, "MX" }, "p5-own-position"},
		"release by one":          {func(r *Request) { r.Act, r.Officers, r.Asked, r.Second = Release, 1, 1, false }, "p4-release-second-officer"},
		"release by a second":     {func(r *Request) { r.Act, r.Officers, r.Asked = Release, 1, 1 }, ""},
		"release of an early one": {func(r *Request) { r.Act, r.NotBefore = Release, day.AddDate(1, 0, 0) }, ""},
		"a position by one": {func(r *Request) {
			r.Act, r.Type, r.Of, r.Officers, r.Asked, r.Second = Release, entente.TypePosition, "US", 1, 1, false
		}, ""},
		"a national entry by one":       {func(r *Request) { r.Act, r.Officers, r.Second = Append, 1, false }, ""},
		"a national one, an identifier": {func(r *Request) { r.Act, r.Identifiers = Append, []string{"phone"} }, "p4-no-personal-identifiers"},
		"an act that is none":           {func(r *Request) { r.Act = "delete" }, NoPermit},
	} {
		t.Run(name, func(t *testing.T) {
			r := publication()
			c.change(&r)
			d := s.Decide(r)
			if d.Allow != (c.refused == "") {
				t.Fatalf("allowed %v by %v %v", d.Allow, d.Policies, d.Errors)
			}
			if !d.Allow && !slices.Equal(d.Policies, []string{c.refused}) {
				t.Errorf("refused by %v, want %s", d.Policies, c.refused)
			}
			if d.Allow && (len(d.Policies) != 1 || !strings.HasPrefix(d.Policies[0], "p1-")) {
				t.Errorf("allowed by %v", d.Policies)
			}
			if d.Digest != s.Digest() {
				t.Errorf("digest %s, want %s", d.Digest, s.Digest())
			}
			for _, p := range d.Policies {
				if text := s.Refusal(p, nil); !d.Allow && (text.Rule.ES == "" || text.Rule.EN == "" || text.Mend.ES == "" || text.Mend.EN == "") {
					t.Errorf("%s refuses without a text: %+v", p, text)
				}
			}
		})
	}
}

func TestEveryRefusingPolicyIsReported(t *testing.T) {
	r := publication()
	r.Identifiers, r.Officers = []string{"curp"}, 1
	want := []string{"p4-no-personal-identifiers", "p4-publish-second-officer"}
	if d := programmeSet(t).Decide(r); d.Allow || !slices.Equal(d.Policies, want) {
		t.Errorf("refused by %v, want %v", d.Policies, want)
	}
}

// Before the charter only what founds the programme goes through, and no policy
// lets a party state another's.
func TestBootstrap(t *testing.T) {
	founding := []entente.Type{entente.TypeAgency, entente.TypeCharter, entente.TypePolicy}
	for _, row := range entente.Types {
		for _, act := range []Act{Append, Release, Publish} {
			r := publication()
			r.Act, r.Type, r.Charter = act, row.Type, false
			if row.Joint {
				r.Required = []entente.Party{"MX", "US"}
			}
			wants := slices.Contains(founding, row.Type) && (act != Publish || !row.Joint)
			if d := Bootstrap().Decide(r); d.Allow != wants {
				t.Errorf("%s of %s: allowed %v by %v", act, row.Type, d.Allow, d.Policies)
			}
			r.Writer = "US"
			if d := Bootstrap().Decide(r); d.Allow {
				t.Errorf("%s of %s into another's log: allowed by %v", act, row.Type, d.Policies)
			}
		}
	}
	r := publication()
	r.Type, r.Officers = entente.TypeAgency, 1
	if d := Bootstrap().Decide(r); d.Allow {
		t.Errorf("a publication by one officer: allowed by %v", d.Policies)
	}
}

func TestObserver(t *testing.T) {
	for _, row := range entente.Types {
		r := Request{Act: Publish, Author: entente.Author{Observer: "portal"}, Writer: "portal", Type: row.Type, Now: day}
		wants := row.Type == entente.TypeCitation || row.Type == entente.TypeWithdrawal
		if d := Observer().Decide(r); d.Allow != wants {
			t.Errorf("%s: allowed %v by %v", row.Type, d.Allow, d.Policies)
		}
		r.Identifiers = []string{"email"}
		if d := Observer().Decide(r); d.Allow {
			t.Errorf("%s with an e-mail address: allowed by %v", row.Type, d.Policies)
		}
	}
}

// The digests of the built-in policies are part of the specification.
func TestSpecListsBuiltInDigests(t *testing.T) {
	b, err := os.ReadFile("../../spec/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Set{"bootstrap.cedar": Bootstrap(), "observer.cedar": Observer()} {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Digest() != entente.Digest(sha256.Sum256(file)) {
			t.Errorf("%s: digest %s is not that of the file", name, s.Digest())
		}
		if !strings.Contains(string(b), s.Digest().String()) {
			t.Errorf("spec/policies.md does not list %s, the digest of %s", s.Digest(), name)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	permit := "@id(\"yes\") permit(principal, action, resource);\n"
	for name, c := range map[string]struct {
		source   string
		refusals map[string]entente.Refusal
		want     string
	}{
		"no policy":           {"// nothing", nil, "1 to 64 policies"},
		"no @id":              {permit + "permit(principal, action, resource);", nil, "line 2: a policy has an @id"},
		"a bad @id":           {"@id(\"Not OK\") permit(principal, action, resource);", nil, "has an @id of"},
		"an @id twice":        {permit + permit, nil, "line 2: the @id \"yes\" is taken"},
		"a reserved @id":      {"@id(\"no-permit\") permit(principal, action, resource);", nil, "is taken"},
		"a forbid untold":     {"@id(\"no\") forbid(principal, action, resource);", nil, "no: its refusal needs rule and mend"},
		"half told":           {"@id(\"no\") forbid(principal, action, resource);", map[string]entente.Refusal{"no": {Rule: said.Rule}}, "needs rule and mend"},
		"a text of nothing":   {permit, map[string]entente.Refusal{"other": said}, "no policy with that @id"},
		"no Cedar":            {permit + "permit(principal, action, resource) when { 1 + };", nil, "line 2"},
		"an erring forbid":    {permit + "@id(\"no\") forbid(principal, action, resource) when { resource.colour == \"red\" };", map[string]entente.Refusal{"no": said}, "colour"},
		"a type that is none": {"@id(\"yes\") permit(principal, action, resource) when { context.officers > \"2\" };", nil, "line 1: yes: it does not fit the schema"},
		"an unguarded fact":   {permit + "@id(\"may\") permit(principal, action, resource) when { context.exchange.recipients > 1 };", nil, "line 2: may: it does not fit the schema"},
		"an act that is none": {"@id(\"yes\") permit(principal, action == Action::\"delete\", resource);", nil, "unrecognized action"},
		"an erring permit":    {"@id(\"yes\") permit(principal, action, resource) when { context.officers + 9223372036854775807 > context.asked };", nil, "on append of a genesis entry"},
		"a place unknown":     {"@id(\"no\") forbid(principal, action, resource);", map[string]entente.Refusal{"no": {Rule: entente.Text{ES: "a ({color})", EN: "b"}, Mend: said.Mend}}, "the place {color}"},
		"a place unbracketed": {"@id(\"no\") forbid(principal, action, resource);", map[string]entente.Refusal{"no": {Rule: entente.Text{ES: "a {to}", EN: "b"}, Mend: said.Mend}}, "the place {to}"},
		"too long":            {permit + strings.Repeat("// filler\n", 5000), nil, "at most 40000"},
	} {
		if _, err := Load(c.source, c.refusals, entente.Digest{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Cedar skips a policy that errs, so that an erring forbid would allow. Here it
// refuses.
func TestAnErringForbidRefuses(t *testing.T) {
	list, err := cedar.NewPolicyListFromBytes("", []byte(`permit(principal, action, resource);
		forbid(principal, action, resource) when { resource.nothing };`))
	if err != nil {
		t.Fatal(err)
	}
	s := &Set{policies: []named{{"yes", list[0]}, {"no", list[1]}}, principals: &principals{}}
	s.index()
	r := publication()
	e, request := r.cedar(s.principals.of(&r))
	if verdict, _ := cedar.Authorize(s, e, request); !bool(verdict) {
		t.Fatal("cedar no longer skips an erring forbid; this package can be simplified")
	}
	d := s.Decide(r)
	if d.Allow || !slices.Equal(d.Policies, []string{"no", Faulty}) || len(d.Errors) != 1 {
		t.Errorf("%+v", d)
	}
}

// BenchmarkDecide measures a decision with the building of its Cedar input, against
// Cedar alone on input that is there. The node's own benchmark adds the looking up.
func BenchmarkDecide(b *testing.B) {
	s := programmeSet(b)
	for name, r := range map[string]Request{"publication": publication(), "release": exchangeRequests()["release"]} {
		b.Run(name, func(b *testing.B) {
			decide := s.Bare(r)
			const run = 100 // turn and turn about, so that a busy machine slows both
			var bare, own time.Duration
			for b.Loop() {
				start := time.Now()
				for range run {
					decide()
				}
				middle := time.Now()
				for range run {
					if d := s.Decide(r); !d.Allow {
						b.Fatal(d.Policies)
					}
				}
				bare, own = bare+middle.Sub(start), own+time.Since(middle)
			}
			b.ReportMetric(float64(own)/float64(bare), "decide/cedar")
			b.ReportMetric(float64(own.Nanoseconds())/float64(b.N*run), "ns/decision")
			b.ReportMetric(float64(len(s.policies)), "policies")
		})
	}
}

func ExampleSet_Decide() {
	d := Bootstrap().Decide(Request{
		Act: Release, Author: entente.Author{Party: "MX", Agency: "SRE"}, Writer: "MX",
		Type: entente.TypeCommitment, Now: day, Officers: 1, Asked: 1,
	})
	fmt.Println(d.Allow, d.Policies, Bootstrap().Refusal(d.Policies[0], nil).Rule.EN)
	// Output: false [no-permit] What no policy permits is refused.
}
