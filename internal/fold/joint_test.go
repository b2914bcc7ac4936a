package fold_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"entente"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

var none entente.Digest

// name makes a body digest that tests can tell.
func name(s string) entente.Digest { return entente.DigestOf([]byte(s)) }

type halves []fold.Half

// says adds the halves of the parties in logs of audience a.
func (h halves) says(a entente.Audience, body, follows entente.Digest, parties ...entente.Party) halves {
	for _, p := range parties {
		h = append(h, fold.Half{
			Party: p, Audience: a, Ref: entente.Ref{Log: string(p) + "/" + string(a), Index: uint64(len(h))},
			JointHalf: fold.JointHalf{Body: body, Follows: follows, Required: []entente.Party{"MX", "US"}},
		})
	}
	return h
}

func TestJointInForce(t *testing.T) {
	const public, shared = entente.Public, entente.Shared
	v1, v2, v2b, v3 := name("v1"), name("v2"), name("v2b"), name("v3")
	cases := []struct {
		name    string
		halves  halves
		inForce entente.Digest
		flagged bool
	}{
		{"nothing", nil, none, false},
		{"one half", halves{}.says(public, v1, none, "MX"), none, false},
		{"both halves", halves{}.says(public, v1, none, "MX", "US"), v1, false},
		{"one party twice", halves{}.says(public, v1, none, "MX", "MX"), none, false},
		{"halves of two audiences", halves{}.says(public, v1, none, "MX").says(shared, v1, none, "US"), none, false},
		{"a half of a stranger", halves{}.says(public, v1, none, "MX", "CA"), none, false},
		{"a proposal for the next", halves{}.says(public, v1, none, "MX", "US").says(public, v2, v1, "US"), v1, false},
		{"the next", halves{}.says(public, v1, none, "MX", "US").says(public, v2, v1, "US", "MX"), v2, false},
		{"the one after the next", halves{}.says(public, v1, none, "MX", "US").says(public, v2, v1, "US", "MX").says(public, v3, v2, "US", "MX"), v3, false},
		{"two successors", halves{}.says(public, v1, none, "MX", "US").says(public, v2, v1, "US", "MX").says(public, v2b, v1, "US", "MX"), v1, true},
		{"two successors, one only proposed", halves{}.says(public, v1, none, "MX", "US").says(public, v2, v1, "US", "MX").says(public, v2b, v1, "US"), v2, false},
		{"a successor of rivals", halves{}.says(public, v1, none, "MX", "US").says(public, v2, v1, "US", "MX").says(public, v2b, v1, "US", "MX").says(public, v3, v2, "US", "MX"), v1, true},
		{"two beginnings", halves{}.says(public, v1, none, "MX", "US").says(public, v2, none, "MX", "US"), none, true},
		{"what it follows was not published", halves{}.says(public, v2, v1, "MX", "US"), v2, false},
		{"what it follows is not complete", halves{}.says(public, v1, none, "MX").says(public, v2, v1, "MX", "US"), v2, false},
		{"complete in the shared logs, half published", halves{}.says(shared, v1, none, "MX", "US").says(public, v1, none, "MX"), v1, false},
		{"a loop", halves{}.says(public, v1, v2, "MX", "US").says(public, v2, v1, "MX", "US"), none, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := fold.JointInForce(c.halves)
			if got.InForce != c.inForce || got.Flagged != c.flagged {
				t.Errorf("in force %s, flagged %v; want %s, %v", got.InForce, got.Flagged, c.inForce, c.flagged)
			}
		})
	}
}

// TestJointIgnoresOrder: what is in force is a function of the set of halves.
func TestJointIgnoresOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []entente.Digest{none, name("1"), name("2"), name("3"), name("4")}
		var all halves
		for range rapid.IntRange(0, 12).Draw(t, "bodies") {
			i := rapid.IntRange(1, len(names)-1).Draw(t, "body")
			follows := names[i-1] // a body has one predecessor
			party := rapid.SampledFrom([]entente.Party{"MX", "US"}).Draw(t, "party")
			audience := rapid.SampledFrom([]entente.Audience{entente.Public, entente.Shared}).Draw(t, "audience")
			all = all.says(audience, names[i], follows, party)
		}
		want := fold.JointInForce(all)
		got := fold.JointInForce(rapid.Permutation(all).Draw(t, "order"))
		if got.InForce != want.InForce || got.Flagged != want.Flagged || len(got.Bodies) != len(want.Bodies) {
			t.Fatalf("%+v, in another order %+v", want, got)
		}
	})
}

// TestJointMeansBoth is law 4: a joint text is complete only when each party's
// log of one audience holds the same bytes; a party can neither complete one alone
// nor end one alone.
func TestJointMeansBoth(t *testing.T) {
	mx, us := foldtest.NewParty(entente.MX), foldtest.NewParty(entente.US)
	l := foldtest.NewLogs(mx, us)
	policy := func(code string) *entente.Policy {
		return &entente.Policy{Joint: foldtest.Required(), Code: code, Cedar: "permit", Refusals: map[string]entente.Refusal{}}
	}
	thing := fold.Thing{Type: entente.TypePolicy, Subject: "gates"}
	inForce := func(a entente.Audience) entente.Digest { return l.Fold().Joints(a)[thing].InForce }

	half := l.State(mx, entente.Shared, entente.TypePolicy, "gates", policy("one"))
	l.State(mx, entente.Shared, entente.TypePolicy, "gates", policy("one"))
	l.State(us, entente.Shared, entente.TypePolicy, "gates", policy("other"))
	l.State(us, entente.Shared, entente.TypePolicy, "elsewhere", policy("one"))
	l.State(us, entente.Public, entente.TypePolicy, "gates", policy("one"))
	if got := inForce(entente.National); !got.IsZero() {
		t.Fatalf("%s is in force without both", got)
	}
	l.State(us, entente.Shared, entente.TypePolicy, "gates", policy("one"))
	if inForce(entente.Shared) != foldtest.BodyDigest(policy("one")) || !inForce(entente.Public).IsZero() {
		t.Fatal("both halves stand in the shared logs, one in the public")
	}
	l.State(mx, entente.Shared, entente.TypeWithdrawal, "gates", &entente.Withdrawal{Of: half, Reason: text("w")})
	l.State(mx, entente.Shared, entente.TypePolicy, "gates", policy("mine"), foldtest.Supersedes(half))
	if inForce(entente.Shared) != foldtest.BodyDigest(policy("one")) {
		t.Error("one party ended what both had agreed")
	}
	bodies := l.Fold().Joints(entente.Shared)[thing].Bodies
	complete := slices.DeleteFunc(slices.Clone(bodies), func(b fold.JointBody) bool { return !b.Complete })
	if len(bodies) != 3 || len(complete) != 1 || len(complete[0].Halves) != 4 {
		t.Errorf("%d bodies, %d complete", len(bodies), len(complete))
	}
}
