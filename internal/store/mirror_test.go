package store

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold/foldtest"
	"entente/internal/merkle"
)

// follower is the portal following the public log of Mexico with n commitments.
func follower(tb testing.TB, n int) (s *Store, origin string, raws [][]byte) {
	tb.Helper()
	mx, portal := foldtest.NewParty(entente.MX), foldtest.NewObserver("portal")
	s = open(tb)
	pin(tb, s, portal, mx)
	raws = [][]byte{mx.Genesis}
	for i := range n {
		raws = append(raws, commitment(mx, entente.Public, i).Raw)
	}
	return s, mx.Origin(entente.Public), raws
}

func TestMirrorTakesWhatFollowsAndNothingElse(t *testing.T) {
	ctx := t.Context()
	s, origin, raws := follower(t, 20)
	check(t, s.Mirror(ctx, origin, 0, raws[:5], nil))
	if l, _ := s.Log(ctx, origin); l.Size != 5 || l.Checkpoint != nil {
		t.Errorf("behind: %d entries, checkpoint %q", l.Size, l.Checkpoint)
	}
	_, err := s.Checkpoint(ctx, origin)
	want(t, err, ErrNotFound)
	before := digests(t, s)

	want(t, s.Mirror(ctx, origin, 7, raws[7:9], nil), ErrGap)
	want(t, s.Mirror(ctx, "nobody/public", 0, raws, nil), ErrNotFound)
	want(t, s.Mirror(ctx, origin, 3, [][]byte{raws[4], raws[3]}, nil), ErrRoot)
	want(t, s.Mirror(ctx, origin, 5, raws[5:10], sealed(t, origin, raws[:11])), ErrGap)
	want(t, s.Mirror(ctx, origin, 5, raws[5:10], sealed(t, origin, raws[:9])), ErrStale)
	lie := append(bytes.Clone(raws[9]), '\n')
	want(t, s.Mirror(ctx, origin, 5, append(clone(raws[5:9]), lie), sealed(t, origin, raws[:10])), ErrRoot)
	if err := s.Mirror(ctx, origin, 5, raws[5:10], sealed(t, "other/public", raws[:10])); err == nil {
		t.Error("took the checkpoint of another log")
	}
	if err := s.Mirror(ctx, origin, 5, raws[5:10], []byte("no checkpoint")); err == nil {
		t.Error("took a checkpoint that is none")
	}
	if l := checkLog(t, s, origin); l.Size != 5 || digests(t, s) != before {
		t.Fatalf("failed calls left %d entries", l.Size)
	}

	check(t, s.Mirror(ctx, origin, 2, raws[2:12], sealed(t, origin, raws[:12]))) // 2 to 4 are held already
	check(t, s.Mirror(ctx, origin, 12, raws[12:], sealed(t, origin, raws)))
	if l := checkLog(t, s, origin); l.Size != 21 || l.CheckpointSize != 21 {
		t.Errorf("%d entries under a checkpoint of %d", l.Size, l.CheckpointSize)
	}
	want(t, s.Mirror(ctx, origin, 0, raws[:12], sealed(t, origin, raws[:12])), ErrStale)
	check(t, s.Mirror(ctx, origin, 0, raws, sealed(t, origin, raws)))
}

func clone(raws [][]byte) [][]byte { return append([][]byte(nil), raws...) }

func TestEntriesThatBreakRulesAreMirroredAndShown(t *testing.T) {
	ctx := t.Context()
	s, origin, raws := follower(t, 1)
	raws = append(raws, []byte("not an entry"), raws[1])
	check(t, s.Mirror(ctx, origin, 0, raws, sealed(t, origin, raws)))
	for i, rule := range map[uint64]string{2: "rule.malformed", 3: "rule.duplicate_id"} {
		x, err := ByRef[entente.Commitment](ctx, s.View(entente.Public), origin, i)
		check(t, err)
		if x.Status != "inadmissible" || x.Rule != rule || x.Detail == "" {
			t.Errorf("entry %d is %s by %q", i, x.Status, x.Rule)
		}
	}
	raw, err := s.View(entente.Public).Entry(ctx, origin, 2)
	check(t, err)
	if string(raw) != "not an entry" {
		t.Errorf("the bytes come back as %q", raw)
	}
}

func TestOwnLogsAreMirroredOnlyAfterARestore(t *testing.T) {
	ctx := t.Context()
	mx := foldtest.NewParty(entente.MX)
	origin := mx.Origin(entente.Public)
	raws := [][]byte{mx.Genesis, commitment(mx, entente.Public, 1).Raw}
	s := open(t)
	pin(t, s, mx)
	if err := s.Mirror(ctx, origin, 0, raws, nil); err == nil {
		t.Fatal("mirrored into an own log")
	}
	check(t, s.SetRestored(ctx, true))
	_, err := s.Append(ctx, Draft{Origin: origin, Raw: mx.Genesis})
	want(t, err, ErrRestored)
	check(t, s.Mirror(ctx, origin, 0, raws[:1], nil)) // no checkpoint is signed for a tree that may not be the last
	if l, _ := s.Log(ctx, origin); l.Checkpoint != nil {
		t.Errorf("signed a checkpoint while recovering")
	}
	cp := sealed(t, origin, raws)
	check(t, s.Mirror(ctx, origin, 1, raws[1:], cp))
	if l := checkLog(t, s, origin); !bytes.Equal(l.Checkpoint, cp) {
		t.Errorf("the checkpoint is not the recovered one")
	}
	check(t, s.SetRestored(ctx, false))
	a, err := s.Append(ctx, commitment(mx, entente.Public, 2))
	check(t, err)
	if a[0].Ref.Index != 2 {
		t.Errorf("appended at %d", a[0].Ref.Index)
	}
}

func TestSetCheckpointAddsSignaturesOnly(t *testing.T) {
	ctx := t.Context()
	s, mx := mexico(t)
	origin := mx.Origin(entente.National)
	first, err := s.Checkpoint(ctx, origin)
	check(t, err)
	seed := entente.DigestOf([]byte("witness"))
	witness, vkey, err := entry.NewSigner("demo.witness", seed[:])
	check(t, err)
	cosigned, err := merkle.AddSignatures(first, witness)
	check(t, err)
	check(t, s.SetCheckpoint(ctx, origin, cosigned))
	got, err := s.Checkpoint(ctx, origin)
	check(t, err)
	v, err := note.NewVerifier(vkey)
	check(t, err)
	if _, _, err := merkle.Open(got, origin, v); err != nil || !bytes.Equal(got, cosigned) {
		t.Errorf("the cosignature is not there: %v", err)
	}
	_, err = s.Append(ctx, commitment(mx, entente.National, 1))
	check(t, err)
	want(t, s.SetCheckpoint(ctx, origin, cosigned), ErrStale)
	l, err := s.Log(ctx, origin)
	check(t, err)
	other, err := newTestSigner(t).SignCheckpoint(origin, l.Size, entente.DigestOf([]byte("another root")))
	check(t, err)
	want(t, s.SetCheckpoint(ctx, origin, other), ErrRoot)
	want(t, s.SetCheckpoint(ctx, "nobody/public", cosigned), ErrNotFound)
	checkLog(t, s, origin)
}

func TestPinning(t *testing.T) {
	ctx := t.Context()
	mx, us, portal := foldtest.NewParty(entente.MX), foldtest.NewParty(entente.US), foldtest.NewObserver("portal")
	for _, c := range []struct {
		own  *foldtest.Writer
		want []string
	}{
		{mx, []string{
			"demo.mx.entente/national own", "demo.mx.entente/public own", "demo.mx.entente/shared own",
			"demo.portal.entente/public", "demo.us.entente/public", "demo.us.entente/shared",
		}},
		{portal, []string{"demo.mx.entente/public", "demo.portal.entente/public own", "demo.us.entente/public"}},
	} {
		s := open(t)
		if err := s.Pin(ctx, us.Genesis, false); err == nil {
			t.Error("pinned another writer before the own one")
		}
		for range 2 { // the second time changes nothing
			for _, w := range []*foldtest.Writer{mx, us, portal} {
				if w == c.own {
					check(t, s.Pin(ctx, w.Genesis, true))
				}
			}
			for _, w := range []*foldtest.Writer{mx, us, portal} {
				if w != c.own {
					check(t, s.Pin(ctx, w.Genesis, false))
				}
			}
		}
		var got []string
		for _, l := range s.Logs(ctx) {
			name := l.Origin
			if l.Own {
				name += " own"
			}
			got = append(got, name)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) || s.Own() != c.own.Author.Writer() {
			t.Errorf("node of %s holds %v, want %v", s.Own(), got, c.want)
		}
		raw, err := s.Genesis(ctx, "US")
		check(t, err)
		if !bytes.Equal(raw, us.Genesis) {
			t.Error("the genesis comes back as another one")
		}
		_, err = s.Genesis(ctx, "FR")
		want(t, err, ErrNotFound)
		want(t, s.Pin(ctx, us.Genesis, true), ErrConflict)
		want(t, s.Pin(ctx, another(t, us), false), ErrConflict)
		if err := s.Pin(ctx, append(bytes.Clone(us.Genesis), 'x'), false); err == nil {
			t.Error("pinned bytes that are no genesis")
		}
	}
}

// another returns another valid genesis of a writer.
func another(tb testing.TB, w *foldtest.Writer) []byte {
	tb.Helper()
	h := w.Header(entente.National, "genesis")
	h.Author.Agency = ""
	return w.Sign(foldtest.Text(entente.TypeGenesis, h, w.Body), w.Root)
}
