package store

import (
	"bytes"
	"fmt"
	"testing"

	"entente"
)

// TestWhatIsInMemoryOfALogIsWhatIsInTheDatabase, whatever part of it is asked for, and
// after some was taken back.
func TestWhatIsInMemoryOfALogIsWhatIsInTheDatabase(t *testing.T) {
	wrap, set := withFaults()
	s, mx := mexico(t, func(o *Options) { o.wrap = wrap })
	origin := mx.Origin(entente.National)
	same := func() {
		t.Helper()
		h, err := s.head(origin)
		check(t, err)
		held, err := readEntries(t.Context(), s.rdb, h.num, 0, h.edge.size)
		check(t, err)
		if got := h.recent.from + uint64(len(h.recent.raws)); got != h.edge.size {
			t.Fatalf("the entries in memory end at %d, the log at %d", got, h.edge.size)
		}
		for from := uint64(0); from < h.edge.size; from += 97 {
			got, err := h.entries(t.Context(), s.rdb, from, h.edge.size)
			check(t, err)
			for i, raw := range got {
				if !bytes.Equal(raw, held[from+uint64(i)]) {
					t.Fatalf("entry %d is another one in memory", from+uint64(i))
				}
			}
			if uint64(len(got)) != h.edge.size-from {
				t.Fatalf("%d entries from %d on, of %d", len(got), from, h.edge.size)
			}
		}
	}
	for i := range 8 {
		var drafts []Draft
		for j := range 100 {
			drafts = append(drafts, commitment(mx, entente.National, 1000*i+j))
		}
		_, err := s.Append(t.Context(), drafts...)
		check(t, err)
		bad := append(drafts[:3:3], Draft{Origin: origin, Raw: []byte("no entry")})
		for j := range bad[:3] {
			bad[j] = commitment(mx, entente.National, 1000*i+500+j)
		}
		if _, err := s.Append(t.Context(), bad...); err == nil {
			t.Fatal("what is no entry is appended")
		}
		set(failBefore)
		if _, err := s.Append(t.Context(), commitment(mx, entente.National, 1000*i+600)); err == nil {
			t.Fatal("a commit that failed is acknowledged")
		}
		set(none)
		_, err = s.Append(t.Context(), commitment(mx, entente.National, 1000*i+700))
		check(t, err)
		same()
		if i%3 == 1 {
			check(t, s.Rest(t.Context()))
			if h, err := s.head(origin); err != nil || len(h.recent.raws) != 0 {
				t.Errorf("at rest %d entries are in memory, %v", len(h.recent.raws), err)
			}
			same()
		}
	}
	var r recent
	for i := range 5000 {
		r.add([]byte(fmt.Sprint(i)))
		if len(r.raws) >= recentEntries || string(r.raws[0]) != fmt.Sprint(r.from) {
			t.Fatalf("%d in memory from %d on, the first is %s", len(r.raws), r.from, r.raws[0])
		}
	}
	r.add(make([]byte, recentBytes))
	if r.bytes > recentBytes+recentBytes/2 {
		t.Errorf("%d bytes in memory", r.bytes)
	}
}
