package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"entente"
)

// clock is a clock that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func withClock() (*clock, func(*Options)) {
	c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return c, func(o *Options) { o.Clock = c.now }
}

func TestUsersAndPasskeys(t *testing.T) {
	ctx := t.Context()
	c, at := withClock()
	s := open(t, at)
	u, err := s.AddUser(ctx, User{Name: "Ana", Display: "Oficial 1", Agency: "SRE", Roles: []string{"officer", "auditor"}, Password: "$argon2id$x",
		OfficerKey: "officer-1.age", Person: entente.DigestOf([]byte("salted"))})
	check(t, err)
	other, err := s.AddUser(ctx, User{Name: "beto"})
	check(t, err)
	_, err = s.AddUser(ctx, User{Name: "ANA"})
	want(t, err, ErrConflict)
	got, err := s.User(ctx, "aNa")
	check(t, err)
	if fmt.Sprint(got) != fmt.Sprint(u) || !got.Created.Equal(c.at) || got.ID == 0 || got.Person != u.Person {
		t.Errorf("stored %+v, want %+v", got, u)
	}
	u.Display, u.Disabled, u.Person, u.Roles = "Oficial uno", true, entente.Digest{}, nil
	check(t, s.UpdateUser(ctx, u))
	got, err = s.UserByID(ctx, u.ID)
	check(t, err)
	if !got.Disabled || got.Display != "Oficial uno" || !got.Person.IsZero() || len(got.Roles) != 0 {
		t.Errorf("updated to %+v", got)
	}
	other.Name = "ana"
	want(t, s.UpdateUser(ctx, other), ErrConflict)
	want(t, s.UpdateUser(ctx, User{ID: 99}), ErrNotFound)
	_, err = s.User(ctx, "carla")
	want(t, err, ErrNotFound)
	all, err := s.Users(ctx)
	check(t, err)
	if len(all) != 2 || all[0].Name != "Ana" {
		t.Errorf("users %+v", all)
	}

	key := Passkey{ID: []byte("credential"), UserID: u.ID, Label: "llave", Data: json.RawMessage(`{"a":1}`)}
	check(t, s.PutPasskey(ctx, key))
	key.Used, key.Data = c.at.Add(time.Hour), json.RawMessage(`{"a":2}`)
	check(t, s.PutPasskey(ctx, key))
	stolen := key
	stolen.UserID = other.ID
	want(t, s.PutPasskey(ctx, stolen), ErrConflict)
	keys, err := s.Passkeys(ctx, u.ID)
	check(t, err)
	if len(keys) != 1 || string(keys[0].Data) != `{"a":2}` || !keys[0].Used.Equal(key.Used) || !keys[0].Created.Equal(c.at) {
		t.Errorf("passkeys %+v", keys)
	}
	want(t, s.DeletePasskey(ctx, other.ID, key.ID), ErrNotFound)
	check(t, s.DeletePasskey(ctx, u.ID, key.ID))
	_, err = s.Passkey(ctx, key.ID)
	want(t, err, ErrNotFound)
}

func TestSessionsExpire(t *testing.T) {
	c, at := withClock()
	s := open(t, at)
	ss := s.Sessions()
	check(t, ss.Commit("token", []byte("one"), c.at.Add(time.Hour)))
	check(t, ss.Commit("token", []byte("two"), c.at.Add(2*time.Hour)))
	check(t, ss.Commit("other", []byte("x"), c.at.Add(time.Minute)))
	find := func(token string) string {
		t.Helper()
		b, found, err := ss.Find(token)
		check(t, err)
		if !found {
			return "none"
		}
		return string(b)
	}
	if got := find("token"); got != "two" {
		t.Errorf("found %q", got)
	}
	c.at = c.at.Add(time.Hour)
	if got := find("other"); got != "none" {
		t.Errorf("an expired session is %q", got)
	}
	check(t, ss.Commit("third", []byte("y"), c.at.Add(time.Hour)))
	var kept int
	check(t, s.rdb.QueryRowContext(t.Context(), "SELECT count(*) FROM session").Scan(&kept))
	if kept != 2 {
		t.Errorf("%d sessions are kept, want 2", kept)
	}
	var plain int
	check(t, s.rdb.QueryRowContext(t.Context(), "SELECT count(*) FROM session WHERE token = 'token'").Scan(&plain))
	if plain != 0 {
		t.Error("the database holds a token as it is")
	}
	check(t, ss.Delete("token"))
	check(t, ss.Delete("nothing"))
	if got := find("token"); got != "none" {
		t.Errorf("a deleted session is %q", got)
	}
}

func TestDrafts(t *testing.T) {
	ctx := t.Context()
	c, at := withClock()
	s := open(t, at)
	d := WorkDraft{ID: "d1", Type: entente.TypeAction, Subject: "x1", Audience: entente.Shared, Body: json.RawMessage(`{"code":"X1"}`),
		Meta: json.RawMessage(`{"note":1}`), Author: 7, Agency: "SRE", State: DraftOpen}
	d, err := s.PutDraft(ctx, d)
	check(t, err)
	if d.Revision != 1 || !d.Created.Equal(c.at) {
		t.Errorf("stored as %+v", d)
	}
	_, err = s.PutDraft(ctx, WorkDraft{ID: "d1"})
	want(t, err, ErrConflict)
	c.at = c.at.Add(time.Minute)
	mine, theirs := d, d
	mine.Body, mine.State = json.RawMessage(`{"code":"X2"}`), DraftWaiting
	mine, err = s.PutDraft(ctx, mine)
	check(t, err)
	if mine.Revision != 2 || !mine.Created.Equal(d.Created) || !mine.Updated.Equal(c.at) {
		t.Errorf("saved as %+v", mine)
	}
	_, err = s.PutDraft(ctx, theirs)
	want(t, err, ErrConflict)
	got, err := s.Draft(ctx, "d1")
	check(t, err)
	if fmt.Sprint(got) != fmt.Sprint(mine) {
		t.Errorf("got %+v, want %+v", got, mine)
	}
	_, err = s.PutDraft(ctx, WorkDraft{ID: "d2", Type: entente.TypeNotice, Author: 8, State: DraftOpen})
	check(t, err)
	for _, c := range []struct {
		q    DraftQuery
		want []string
	}{
		{DraftQuery{}, []string{"d2", "d1"}}, {DraftQuery{Author: 7}, []string{"d1"}}, {DraftQuery{Agency: "SRE"}, []string{"d1"}},
		{DraftQuery{Type: entente.TypeNotice}, []string{"d2"}}, {DraftQuery{States: []DraftState{DraftWaiting, DraftDone}}, []string{"d1"}},
		{DraftQuery{States: []DraftState{DraftDone}}, nil},
	} {
		list, err := s.Drafts(ctx, c.q)
		check(t, err)
		var ids []string
		for _, d := range list {
			ids = append(ids, d.ID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%+v: %v, want %v", c.q, ids, c.want)
		}
	}
	check(t, s.DeleteDraft(ctx, "d1"))
	want(t, s.DeleteDraft(ctx, "d1"), ErrNotFound)
}

func TestTheAuditTrailIsNeverChanged(t *testing.T) {
	ctx := t.Context()
	c, at := withClock()
	s := open(t, at)
	for i := range 5 {
		check(t, s.AddAudit(ctx, AuditEvent{Actor: []string{"ana", "beto"}[i%2], Act: "read", Object: fmt.Sprint("x", i), Outcome: "done", Detail: json.RawMessage(`{}`)}))
		c.at = c.at.Add(time.Minute)
	}
	all, err := s.AuditTrail(ctx, AuditQuery{})
	check(t, err)
	if len(all) != 5 || all[0].Object != "x4" || !all[4].Time.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("trail %+v", all)
	}
	page, err := s.AuditTrail(ctx, AuditQuery{Actor: "ana", Before: all[0].ID, Limit: 1, Since: all[4].Time, Until: all[0].Time})
	check(t, err)
	if len(page) != 1 || page[0].Object != "x2" {
		t.Errorf("page %+v", page)
	}
	for _, query := range []string{"UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"} {
		if err := s.write(ctx, 0, func(w *writer) error { _, err := w.exec(query); return err }); err == nil {
			t.Errorf("%s: done", query)
		}
	}
	again, err := s.AuditTrail(ctx, AuditQuery{})
	check(t, err)
	if fmt.Sprint(again) != fmt.Sprint(all) {
		t.Error("the trail has changed")
	}
}

func TestMetaPeersEvidenceFigures(t *testing.T) {
	ctx := t.Context()
	c, at := withClock()
	s := open(t, at)
	check(t, s.SetMeta(ctx, "k", []byte("one")))
	check(t, s.SetMeta(ctx, "k", []byte("two")))
	b, err := s.Meta(ctx, "k")
	check(t, err)
	if string(b) != "two" {
		t.Errorf("meta %q", b)
	}
	check(t, s.SetMeta(ctx, "k", nil))
	_, err = s.Meta(ctx, "k")
	want(t, err, ErrNotFound)

	p := PeerState{Peer: "US", Seen: Frontier{"us/public": {Size: 3, Root: entente.DigestOf([]byte("r"))}}, Contact: c.at, Error: "", Cosigned: map[string]uint64{"mx/public": 2}}
	check(t, s.SetPeer(ctx, p))
	p.Tried, p.Error = c.at.Add(time.Second), "no route"
	check(t, s.SetPeer(ctx, p))
	got, err := s.Peer(ctx, "US")
	check(t, err)
	if fmt.Sprint(got) != fmt.Sprint(p) {
		t.Errorf("peer %+v, want %+v", got, p)
	}
	peers, err := s.Peers(ctx)
	check(t, err)
	if len(peers) != 1 {
		t.Errorf("%d peers", len(peers))
	}
	_, err = s.Peer(ctx, "FR")
	want(t, err, ErrNotFound)

	e := EvidenceFile{Name: "fork-1", Origin: "us/public", Kind: "fork", File: []byte("proof")}
	check(t, s.AddEvidence(ctx, e))
	e.File = []byte("other")
	check(t, s.AddEvidence(ctx, e))
	kept, err := s.Evidence(ctx)
	check(t, err)
	if len(kept) != 1 || string(kept[0].File) != "proof" || !kept[0].Found.Equal(c.at) {
		t.Errorf("evidence %+v", kept)
	}

	f := Figure{Series: entente.DigestOf([]byte("s")), State: FigureMissing}
	check(t, s.PutFigure(ctx, f))
	f.State, f.Computed, f.CSV, f.Meta = FigureDifferent, entente.DigestOf([]byte("c")), []byte("gz"), json.RawMessage(`{"n":1}`)
	check(t, s.PutFigure(ctx, f))
	figure, err := s.Figure(ctx, f.Series)
	check(t, err)
	f.At = c.at
	if fmt.Sprint(figure) != fmt.Sprint(f) {
		t.Errorf("figure %+v, want %+v", figure, f)
	}
	_, err = s.Figure(ctx, entente.Digest{})
	want(t, err, ErrNotFound)
}

// TestOneCallsFaultIsNotAnothers: calls that share a group fail each for itself.
func TestOneCallsFaultIsNotAnothers(t *testing.T) {
	s := open(t)
	_, err := s.AddUser(t.Context(), User{Name: "ana"})
	check(t, err)
	var wait sync.WaitGroup
	for i := range 40 {
		wait.Go(func() {
			if i%2 == 0 {
				if _, err := s.AddUser(t.Context(), User{Name: "ana"}); !errors.Is(err, ErrConflict) {
					t.Errorf("a taken name: %v", err)
				}
				return
			}
			if _, err := s.AddUser(t.Context(), User{Name: fmt.Sprint("user", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	all, err := s.Users(t.Context())
	check(t, err)
	if len(all) != 21 {
		t.Errorf("%d users, want 21", len(all))
	}
}

func TestADraftIsStoredWithWhatItCarriesOrNotAtAll(t *testing.T) {
	ctx := t.Context()
	s := open(t)
	u, err := s.AddUser(ctx, User{Name: "ana", Agency: "SRE"})
	check(t, err)
	d, err := s.PutDraft(ctx, WorkDraft{
		ID: "d1", Type: entente.TypeRelease, Subject: "x-1", Audience: entente.Shared, Author: u.ID, Agency: "SRE", State: DraftOpen,
	})
	check(t, err)
	c := Carried{Draft: d.ID, Key: entente.DigestOf([]byte("key")), Data: []byte("first")}
	check(t, s.PutCarried(ctx, c))
	stale := d
	if d, err = s.PutDraft(ctx, d); err != nil {
		t.Fatal(err)
	}
	c.Data = []byte("second")
	_, err = s.PutComposed(ctx, stale, &c)
	want(t, err, ErrConflict)
	kept, err := s.Carried(ctx, d.ID)
	check(t, err)
	if string(kept.Data) != "first" {
		t.Errorf("a save that was refused left %q", kept.Data)
	}
	d.State = DraftWaiting
	if d, err = s.PutComposed(ctx, d, &c); err != nil {
		t.Fatal(err)
	}
	kept, err = s.Carried(ctx, d.ID)
	check(t, err)
	if stored, err := s.Draft(ctx, d.ID); err != nil || stored.State != DraftWaiting || stored.Revision != d.Revision || string(kept.Data) != "second" {
		t.Errorf("stored %+v with %q, %v", stored, kept.Data, err)
	}
}
