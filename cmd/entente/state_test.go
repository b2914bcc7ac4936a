package main

import (
	"testing"

	"entente"
)

func TestCompareStates(t *testing.T) {
	d := func(s string) entente.Digest { return entente.DigestOf([]byte(s)) }
	node := func(writer string, digests map[entente.Audience]entente.Digest) nodeState {
		s := nodeState{Writer: writer, Projections: map[entente.Audience]projectionState{}}
		for a, d := range digests {
			s.Projections[a] = projectionState{Digest: d}
		}
		return s
	}
	mx := node("MX", map[entente.Audience]entente.Digest{entente.Public: d("p"), entente.Shared: d("s"), entente.National: d("mx")})
	us := node("US", map[entente.Audience]entente.Digest{entente.Public: d("p"), entente.Shared: d("s"), entente.National: d("us")})
	portal := node("portal", map[entente.Audience]entente.Digest{entente.Public: d("p")})
	if !compareStates([]nodeState{mx, us, portal}).Agree {
		t.Error("equal public and shared digests do not agree; national ones never compare")
	}
	behind := node("portal", map[entente.Audience]entente.Digest{entente.Public: d("old")})
	if compareStates([]nodeState{mx, us, behind}).Agree {
		t.Error("a portal that is behind agrees")
	}
	odd := node("US", map[entente.Audience]entente.Digest{entente.Public: d("p"), entente.Shared: d("x")})
	if compareStates([]nodeState{mx, odd, portal}).Agree {
		t.Error("different shared digests agree")
	}
	if compareStates(nil).Agree {
		t.Error("no nodes agree")
	}
}
