package store

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"entente"
	"entente/internal/fold/foldtest"
)

// FuzzSearchAndCursor: whatever a visitor types or sends back as a cursor, the
// answer is a page, or that the cursor is not one.
func FuzzSearchAndCursor(f *testing.F) {
	s, mx := mexico(f)
	v := s.View(entente.Public)
	for i := range 3 {
		_, err := s.Append(f.Context(), commitment(mx, entente.Public, i))
		check(f, err)
	}
	hits, err := v.Search(f.Context(), "compromiso", "es", Query{Limit: 1})
	check(f, err)
	page, err := List[any](f.Context(), v, Query{Limit: 1})
	check(f, err)
	f.Add("compromiso", "es", hits.Next)
	f.Add(`"NEAR(a b)" OR es:*`, "en", page.Next)
	f.Add("\x00\xff", "", "e30")
	f.Fuzz(func(t *testing.T, text, lang, cursor string) {
		if _, err := v.Search(t.Context(), text, lang, Query{Limit: 1, After: cursor}); err != nil && !errors.Is(err, ErrCursor) {
			t.Errorf("search: %v", err)
		}
		if _, err := List[any](t.Context(), v, Query{Limit: 1, After: cursor, Search: text, Subject: text, Area: text, Writer: lang}); err != nil && !errors.Is(err, ErrCursor) {
			t.Errorf("list: %v", err)
		}
	})
}

// FuzzMirror: whatever bytes stand in a followed log, they are mirrored, shown, and
// fold as the reference says.
func FuzzMirror(f *testing.F) {
	mx := foldtest.NewParty(entente.MX)
	good := commitment(mx, entente.Public, 1).Raw
	f.Add(good, []byte("no entry"))
	f.Add([]byte{}, []byte("\n\n\n"))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		s, origin, raws := follower(t, 0)
		raws = append(raws, one, two, good)
		check(t, s.Mirror(t.Context(), origin, 0, raws, sealed(t, origin, raws)))
		logs := foldtest.NewLogs(mx)
		logs.Raw = map[string][][]byte{origin: raws}
		got, err := s.View(entente.Public).Digest(t.Context())
		check(t, err)
		if want := memoryDigest(t, held(t, s, logs), entente.Public); got != want {
			t.Errorf("digest %s, want %s", got, want)
		}
		check(t, s.Rebuild(t.Context(), nil))
		if again, err := s.View(entente.Public).Digest(t.Context()); err != nil || again != got {
			t.Errorf("rebuilt to %s (%v), want %s", again, err, got)
		}
	})
}

// TestPeoplesOrderIsAnOrder: a collation that is not a total order would corrupt
// what is sorted by it.
func TestPeoplesOrderIsAnOrder(t *testing.T) {
	words := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("aáAbnñN012 9"))))
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := words.Draw(t, "a"), words.Draw(t, "b"), words.Draw(t, "c")
		if comparePeople(a, b) != -comparePeople(b, a) || (comparePeople(a, b) == 0) != (a == b) {
			t.Errorf("%q and %q: %d and %d", a, b, comparePeople(a, b), comparePeople(b, a))
		}
		if comparePeople(a, b) < 0 && comparePeople(b, c) < 0 && comparePeople(a, c) >= 0 {
			t.Errorf("%q < %q < %q, and not the first before the last", a, b, c)
		}
	})
}
