package store

import (
	"testing"

	"entente"
)

// TestAStoreAtRestGoesOn: what was read and written before is read and written after
// the page caches were given back, with the statements that were prepared.
func TestAStoreAtRestGoesOn(t *testing.T) {
	s, mx := mexico(t)
	for n := range 3 {
		_, err := s.Append(t.Context(), commitment(mx, entente.Public, n+1))
		check(t, err)
		page, err := List[entente.Commitment](t.Context(), s.View(entente.Public), Query{Type: entente.TypeCommitment})
		check(t, err)
		if page.Total != n+1 {
			t.Errorf("%d commitments, want %d", page.Total, n+1)
		}
		check(t, s.Rest(t.Context()))
		if idle := s.rdb.Stats().Idle; idle != 0 {
			t.Errorf("%d connections of readers keep their memory", idle)
		}
	}
}
