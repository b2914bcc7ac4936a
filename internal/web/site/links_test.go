package site

import (
	"errors"
	"testing"

	"entente"
	"entente/internal/store"
)

func TestEntryPathsGoBothWays(t *testing.T) {
	ref := entente.Ref{Log: "demo.mx.entente/public", Index: 12}
	path := EntryPath(ref)
	if path != "/entries/demo.mx.entente/public/12" {
		t.Fatalf("EntryPath = %q", path)
	}
	origin, index, err := ParseEntryPath(path[len("/entries/"):])
	if err != nil || origin != ref.Log || index != ref.Index {
		t.Fatalf("ParseEntryPath = %q, %d, %v", origin, index, err)
	}
	for _, bad := range []string{"", "12", "/12", "a/b", "a/-1", "a/99999999999999999999"} {
		if _, _, err := ParseEntryPath(bad); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("ParseEntryPath(%q): %v", bad, err)
		}
	}
}

func TestEveryTypePeopleStateHasAPage(t *testing.T) {
	without := map[entente.Type]bool{
		entente.TypeGenesis: true, entente.TypeKey: true, entente.TypeWithdrawal: true, entente.TypePublication: true, entente.TypeConsent: true,
	}
	for _, r := range entente.Types {
		if got := ThingPath(r.Type, "MX", "x") == ""; got != (without[r.Type] || r.Type.Exchange()) {
			t.Errorf("%s: page missing = %v", r.Type, got)
		}
	}
}
