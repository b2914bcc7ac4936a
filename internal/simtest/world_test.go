package simtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold/foldtest"
	"entente/internal/merkle"
	"entente/internal/network"
	"entente/internal/store"
	"entente/test/nodes"
)

// moulds are nodes made once; every run gets copies of their directories.
type moulds struct {
	nodes map[string]*nodes.Node
	made  time.Time
}

func makeMoulds(t *testing.T) moulds {
	t.Helper()
	out := moulds{nodes: map[string]*nodes.Node{}}
	for _, a := range []entente.Author{{Party: entente.MX}, {Party: entente.US}, {Observer: "portal"}} {
		n := nodes.New(t, a)
		n.Close()
		out.nodes[n.Name()] = n
	}
	out.made = time.Now().Round(0).Add(time.Minute)
	return out
}

var names = []string{"mx", "us", "portal"}

// actor is a node of a run.
type actor struct {
	*nodes.Node
	s    *sim
	name string

	backup   string
	restored bool
	liar     bool
	witness  bool // it held entries that the liar took back
	// crash, when armed, takes the node off the network and copies its files right
	// after the next commit.
	crash   atomic.Bool
	acked   map[string][][]byte // entries acknowledged, by origin
	held    map[string]store.LogState
	commits int
}

// sim is one run.
type sim struct {
	t     *testing.T
	ctx   context.Context
	r     *rand.Rand
	f     *fabric
	dir   string
	nodes map[string]*actor
	trace []string
}

func newSim(t *testing.T, m moulds, seed uint64) *sim {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	s := &sim{t: t, ctx: t.Context(), r: r, f: newFabric(seed, []float64{0, 0.05, 0.2}[r.IntN(3)]), dir: t.TempDir(), nodes: map[string]*actor{}}
	for _, name := range names {
		dir := filepath.Join(s.dir, name)
		s.check(os.CopyFS(dir, os.DirFS(m.nodes[name].Dir())))
		author := m.nodes[name].Author
		n := nodes.Made(t, author, dir)
		n.Public, n.Link = "http://"+name+".test", "https://"+name+".test"
		s.nodes[name] = &actor{Node: n, s: s, name: name, acked: map[string][][]byte{}, held: map[string]store.LogState{}}
	}
	for _, name := range names {
		s.nodes[name].join()
	}
	return s
}

func (s *sim) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.history())
	}
}

func (s *sim) failf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), s.history())
}

// note keeps the last steps, for failures.
func (s *sim) note(format string, args ...any) {
	s.trace = append(s.trace, fmt.Sprintf("%3d %s", s.f.step, fmt.Sprintf(format, args...)))
}

func (s *sim) history() string {
	var out string
	for _, line := range s.trace[max(0, len(s.trace)-60):] {
		out += line + "\n"
	}
	return out
}

// settle lets everything that is under way come to rest.
func (s *sim) settle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// join brings an open node onto the network and has it run.
func (a *actor) join() {
	var others []*nodes.Node
	for _, name := range names {
		others = append(others, a.s.nodes[name].orSelf(a))
	}
	a.Join(others, func(o *network.Options) {
		o.Interval, o.Transport = 1000*time.Hour, a.s.f.from(a.name)
	})
	a.Store().OnCommit(func(store.Committed) {
		if a.crash.CompareAndSwap(true, false) {
			a.s.f.setSite(a.name, nil)
			a.copyDatabase(a.wreck())
		}
	})
	a.s.f.setSite(a.name, &site{web: a.Handler, link: a.Net.PeerHandler(), tls: a.Net.PeerTLS()})
	a.Run()
	synctest.Wait()
}

// orSelf is the node of a; a node that is closed is known by its address alone.
func (a *actor) orSelf(of *actor) *nodes.Node {
	if a == of {
		return of.Node
	}
	return a.Node
}

func (a *actor) wreck() string { return filepath.Join(a.s.dir, a.name+".wreck") }

// copyDatabase copies the files as a crash at this moment would leave them.
func (a *actor) copyDatabase(to string) {
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(a.Database() + suffix)
		if errors.Is(err, os.ErrNotExist) {
			b, err = nil, nil
		}
		if err == nil {
			err = os.WriteFile(to+suffix, b, 0o600)
		}
		if err != nil {
			a.s.t.Error(err)
		}
	}
}

// replace closes the node, puts files in the place of its own, and opens it again.
func (a *actor) replace(from string, restored bool) {
	a.s.f.setSite(a.name, nil)
	a.Close()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		b, err := os.ReadFile(from + suffix)
		switch {
		case errors.Is(err, os.ErrNotExist) || suffix == "-shm":
			err = os.Remove(a.Database() + suffix)
			if errors.Is(err, os.ErrNotExist) {
				err = nil
			}
		case err == nil:
			err = os.WriteFile(a.Database()+suffix, b, 0o600)
		}
		a.s.check(err)
	}
	a.Open(restored)
	a.join()
}

// draft makes a random entry of the node.
func (a *actor) draft() store.Draft {
	r := a.s.r
	audiences := entente.Audiences
	if a.Author.Party == "" {
		a.commits++
		return a.Entry(entente.Public, entente.TypeCitation, fmt.Sprintf("ci-%d", a.commits), &entente.Citation{
			Code: fmt.Sprintf("CI-%d", a.commits), Kind: "statement", Title: entente.Text{ES: "Lo dicho", EN: "What was said"},
			Text:    entente.Text{ES: "Se dijo.", EN: "It was said."},
			Sources: []entente.Source{{Code: "P1", Publisher: "Diario", Title: "Nota", Date: "2025-09-04", URL: "https://example.org/p1", Language: "es", Kind: "press"}},
			Wording: entente.Summary,
		})
	}
	au := audiences[r.IntN(len(audiences))]
	switch r.IntN(6) {
	case 0:
		if d, ok := a.position(au); ok {
			return d
		}
	case 1:
		if au != entente.National {
			return a.Entry(au, entente.TypeTarget, "seizures", &entente.Target{
				Joint: foldtest.Required(), Indicator: "seizures", Value: fmt.Sprint(r.IntN(3)), By: "2026-12"})
		}
	case 2:
		subject := fmt.Sprintf("c-%d", r.IntN(a.commits+1))
		tips, err := a.Store().Tips(a.s.ctx, au, entente.TypeCommitment, a.Author.Writer(), subject)
		a.s.check(err)
		if len(tips) > 0 {
			return a.Entry(au, entente.TypeCommitment, subject, foldtest.Commitment("V"), func(h *entente.Header) { h.Supersedes = tips })
		}
	}
	a.commits++
	return a.Commitment(au, a.commits)
}

// position makes a position on the newest entry held of the other party.
func (a *actor) position(au entente.Audience) (store.Draft, bool) {
	other := a.s.nodes["us"]
	if a.name == "us" {
		other = a.s.nodes["mx"]
	}
	for _, l := range a.Store().Logs(a.s.ctx) {
		if l.Writer != other.Author.Writer() || l.Audience.Rank() > au.Rank() || l.Size < 2 {
			continue
		}
		raw, err := a.Store().Entry(a.s.ctx, l.Origin, l.Size-1)
		a.s.check(err)
		p, err := entry.Parse(raw)
		a.s.check(err)
		if p.Type != entente.TypeCommitment {
			continue
		}
		on := entente.Ref{Log: l.Origin, Index: l.Size - 1, Leaf: entry.LeafHash(raw)}
		return a.Entry(au, entente.TypePosition, fmt.Sprintf("on-%d", l.Size), &entente.Position{On: on, Stance: entente.Concurs}), true
	}
	return store.Draft{}, false
}

// state states a draft; it reports whether it was acknowledged.
func (a *actor) state(d store.Draft) bool {
	got, err := a.Store().Append(a.s.ctx, d)
	var refused *store.Refused
	switch {
	case errors.As(err, &refused), errors.Is(err, store.ErrRestored):
		a.s.note("%s: %s: %v", a.name, d.Origin, err)
		return false
	case err != nil:
		a.s.check(err)
	}
	if !got[0].Existing {
		a.acked[d.Origin] = append(a.acked[d.Origin], d.Raw)
		a.s.note("%s appends %s", a.name, got[0].Ref)
	}
	return true
}

// round has the node follow a log once; that it fails is no fault by itself.
func (a *actor) round(origin string) error {
	err := a.Net.Round(a.s.ctx, origin)
	a.s.note("%s follows %s: %v", a.name, origin, err)
	return err
}

// intact holds every log at a node against what it held before.
func (a *actor) intact() {
	for _, l := range a.Store().Logs(a.s.ctx) {
		was, seen := a.held[l.Origin]
		if seen && l.Size < was.Size {
			a.s.failf("%s held %d entries of %s, now %d", a.name, was.Size, l.Origin, l.Size)
		}
		if seen && was.Size > 0 {
			root, err := merkle.RootAt(a.Store().HashReader(l.Origin), was.Size)
			if err != nil || root != was.Root {
				a.s.failf("%s holds other entries of %s than before: %v", a.name, l.Origin, err)
			}
		}
		a.held[l.Origin] = l
	}
}

// keptAll fails unless every acknowledged entry is in its log once, in order, and
// nothing else but what was there before the run.
func (a *actor) keptAll() {
	for origin, want := range a.acked {
		l, err := a.Store().Log(a.s.ctx, origin)
		a.s.check(err)
		got, err := a.Store().Entries(a.s.ctx, origin, 1, int(l.Size))
		a.s.check(err)
		if len(got) != len(want) {
			a.s.failf("%s acknowledged %d entries in %s and holds %d", a.name, len(want), origin, len(got))
		}
		for i := range want {
			if string(got[i]) != string(want[i]) {
				a.s.failf("%s: entry %d of %s is not the one that was acknowledged", a.name, i+1, origin)
			}
		}
	}
}

// witnessed notes whether the node holds more of the liar's logs than the liar does.
func (a *actor) witnessed(liar *actor) {
	if a.restored || a == liar {
		return
	}
	for origin := range a.Net.Status() {
		l, err := a.Store().Log(a.s.ctx, origin)
		a.s.check(err)
		if own, err := liar.Store().Log(a.s.ctx, origin); err == nil && own.Own && l.Size > own.Size {
			a.s.note("%s holds %d entries of %s, the liar now %d", a.name, l.Size, origin, own.Size)
			a.witness = true
		}
	}
}

// settleAccounts takes what came back after a restore as what was acknowledged.
func (a *actor) settleAccounts() {
	for _, l := range a.Store().Logs(a.s.ctx) {
		if !l.Own {
			continue
		}
		got, err := a.Store().Entries(a.s.ctx, l.Origin, 1, int(l.Size))
		a.s.check(err)
		was := a.acked[l.Origin]
		for i := range got {
			if i < len(was) && string(got[i]) != string(was[i]) {
				a.s.failf("%s: entry %d of %s came back as another one", a.name, i+1, l.Origin)
			}
		}
		a.acked[l.Origin] = got
	}
}

// recover tries to get the tails back after a restore.
func (a *actor) recover() error {
	r, err := a.Net.Recover(a.s.ctx)
	a.s.note("%s recovers: %+v, %v", a.name, r, err)
	if err == nil {
		a.restored = false
		a.settleAccounts()
		clear(a.held)
	}
	return err
}
