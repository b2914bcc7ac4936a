package simtest

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/follow"
	"entente/internal/merkle"
)

var (
	seeds = flag.Int("seeds", envInt("ENTENTE_SIM_SEEDS", 6), "how many seeds to run (also ENTENTE_SIM_SEEDS)")
	first = flag.Uint64("seed", uint64(envInt("ENTENTE_SIM_SEED", 1)), "the first seed (also ENTENTE_SIM_SEED)")
)

func envInt(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// TestSimulation runs seeds; a failure names its own: -run 'Simulation/seed=N' -seed N -seeds 1.
func TestSimulation(t *testing.T) {
	m := makeMoulds(t)
	for i := range *seeds {
		seed := *first + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { simulate(t, m, seed) })
		})
	}
}

const steps = 60

func simulate(t *testing.T, m moulds, seed uint64) {
	// Virtual time begins in the year 2000: the moulds must not be from the future.
	time.Sleep(time.Until(m.made))
	s := newSim(t, m, seed)
	defer func() {
		for _, name := range names {
			s.f.setSite(name, nil)
		}
		for _, name := range names {
			s.nodes[name].Close()
		}
		synctest.Wait()
	}()
	liar := ""
	if seed%3 == 0 {
		liar = names[s.r.IntN(2)]
	}
	lieAt := steps/3 + s.r.IntN(steps/3)
	for i := range steps {
		s.f.next()
		switch {
		case liar != "" && i == lieAt/2:
			s.backup(s.nodes[liar]) // something to go back to
		case liar != "" && i == lieAt:
			s.lie(s.nodes[liar])
		default:
			s.step()
		}
		s.settle(time.Duration(s.r.IntN(1500)) * time.Millisecond)
		for _, name := range names {
			if a := s.nodes[name]; !a.restored {
				a.intact()
				if !a.liar {
					a.keptAll()
				}
			}
		}
	}
	s.end(liar)
}

// step does one thing.
func (s *sim) step() {
	a := s.nodes[names[s.r.IntN(len(names))]]
	switch s.r.IntN(16) {
	case 0, 1, 2, 3, 4:
		for range 1 + s.r.IntN(4) {
			d := a.draft()
			if a.state(d) && s.r.IntN(4) == 0 {
				a.state(d) // the client did not get the answer and tries again
			}
		}
	case 5, 6, 7, 8, 9, 10:
		for origin := range a.Net.Status() {
			if s.pick(origin) {
				_ = a.round(origin)
			}
		}
	case 11:
		b := names[s.r.IntN(len(names))]
		s.f.mu.Lock()
		p := pair(a.name, b)
		s.f.cut[p] = a.name != b && !s.f.cut[p]
		s.f.mu.Unlock()
		s.note("partition of %v: %v", p, s.f.cut[p])
	case 12:
		s.f.deliverLate(s.r)
	case 13:
		s.crash(a)
	case 14:
		s.backup(a)
	case 15:
		s.restore(a)
	}
}

// pick decides for each origin by itself, whatever the order of the map.
func (s *sim) pick(origin string) bool {
	dice, _ := s.f.dice("pick " + origin)
	return dice.IntN(2) == 0
}

// crash ends a node without warning: right after a commit, in the middle of an
// append that nobody hears of, or at rest.
func (s *sim) crash(a *actor) {
	if a.liar {
		return
	}
	kind := s.r.IntN(3)
	s.note("%s crashes (%d)", a.name, kind)
	synctest.Wait()
	var retry func()
	switch kind {
	case 0:
		d := a.draft()
		a.crash.Store(true)
		if !a.state(d) || !s.down(a) {
			a.crash.Store(false)
			return // nothing was committed
		}
	case 1:
		s.f.setSite(a.name, nil)
		a.copyDatabase(a.wreck())
		d := a.draft()
		before := slices.Clone(a.acked[d.Origin])
		if a.state(d) {
			a.acked[d.Origin] = before
			retry = func() { a.state(d) }
		}
	case 2:
		s.f.setSite(a.name, nil)
		a.copyDatabase(a.wreck())
	}
	a.replace(a.wreck(), a.restored)
	if retry != nil {
		retry()
	}
}

// down waits for the crash and reports whether it came.
func (s *sim) down(a *actor) bool {
	synctest.Wait()
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	return s.f.sites[a.name] == nil
}

func (s *sim) backup(a *actor) {
	if a.restored || a.liar {
		return
	}
	a.backup = fmt.Sprintf("%s/%s.backup.%d", s.dir, a.name, s.f.step)
	s.check(a.Store().Backup(s.ctx, a.backup))
	s.note("%s is backed up", a.name)
}

// restore puts a backup back, or lets a node that was put back try to recover.
func (s *sim) restore(a *actor) {
	switch {
	case a.restored:
		_ = a.recover()
	case a.backup != "" && !a.liar:
		s.note("%s is restored from its backup", a.name)
		clear(a.held)
		a.restored, a.witness = true, false // what it had seen it has forgotten
		a.replace(a.backup, true)
		if !a.Store().Restored() {
			s.failf("%s does not know that it was restored", a.name)
		}
	}
}

// lie has a party go back to an earlier state of its log and say something else:
// from the beginning, or from its last backup.
func (s *sim) lie(a *actor) {
	from := a.backup
	if from == "" || a.restored {
		s.note("%s has nothing to go back to", a.name)
		return
	}
	s.note("%s goes back on what it signed", a.name)
	a.liar = true
	clear(a.held)
	a.replace(from, false)
	for _, name := range names {
		s.nodes[name].witnessed(a)
	}
	for range 1 + s.r.IntN(5) {
		a.state(a.draft())
	}
}

// end heals everything, lets everybody catch up, and judges.
func (s *sim) end(liar string) {
	s.f.next()
	s.f.mu.Lock()
	s.f.calm = true
	clear(s.f.cut)
	s.f.mu.Unlock()
	s.note("everything heals")
	for range 4 {
		s.f.next()
		for _, name := range names {
			if a := s.nodes[name]; a.restored {
				_ = a.recover()
			}
			if a := s.nodes[name]; a.liar { // it says so much that it can be held to it
				for range 12 {
					a.state(a.draft())
				}
			}
		}
		for _, name := range names {
			for origin := range s.nodes[name].Net.Status() {
				_ = s.nodes[name].round(origin)
			}
		}
		s.settle(3 * time.Second)
	}
	proven := s.proven()
	if proven && (liar == "" || !s.nodes[liar].liar) {
		s.failf("an honest log is proven a liar")
	}
	for _, name := range names {
		if s.nodes[name].witness && !proven {
			s.failf("%s held what the liar took back, and nobody has a proof", name)
		}
	}
	if proven {
		s.t.Log("ends with a proof of the lie")
		return
	}
	for _, name := range names {
		if a := s.nodes[name]; a.restored {
			s.t.Log("ends with a read-only node: what it had signed cannot be had any more")
			s.readOnly(a)
			return
		}
	}
	s.equal()
}

// proven reports whether anybody honest holds a proof that a third party accepts,
// knowing the genesis alone; one against an honest log is a failure.
func (s *sim) proven() bool {
	found := false
	for _, name := range names {
		files, err := s.nodes[name].Store().Evidence(s.ctx)
		s.check(err)
		for _, f := range files {
			e, err := merkle.DecodeEvidence(f.File)
			s.check(err)
			writer := s.writerOf(f.Origin)
			v, err := merkle.VerifyEvidence(e, s.keysOf(writer)...)
			if err != nil {
				s.failf("%s keeps evidence that shows nothing: %v", name, err)
			}
			if v.Proven && !writer.liar {
				s.failf("%s holds a proof against the honest %s: %+v", name, f.Origin, v)
			}
			found = found || v.Proven && !s.nodes[name].liar
		}
	}
	return found
}

func (s *sim) writerOf(origin string) *actor {
	for _, name := range names {
		for _, a := range entente.Audiences {
			if s.nodes[name].Origin(a) == origin {
				return s.nodes[name]
			}
		}
	}
	s.failf("nobody writes %s", origin)
	return nil
}

func (s *sim) keysOf(a *actor) []note.Verifier {
	var out []note.Verifier
	for _, role := range []entente.KeyRole{entente.RoleLog, entente.RoleMLDSA} {
		for _, b := range a.Ring().Bindings(role) {
			v, err := merkle.NewVerifier(b.Public)
			s.check(err)
			out = append(out, v)
		}
	}
	return out
}

// readOnly: a node that could not get back what it had signed appends nothing.
func (s *sim) readOnly(a *actor) {
	if a.state(a.draft()) {
		s.failf("%s appends without its tail", a.name)
	}
	for _, name := range names { // and nobody holds anything that it does not
		for _, l := range s.nodes[name].Store().Logs(s.ctx) {
			if l.Writer != a.Author.Writer() || l.Audience == entente.National {
				continue
			}
			own, err := a.Store().Log(s.ctx, l.Origin)
			s.check(err)
			if l.Size > own.Size {
				s.failf("%s holds %d entries of %s, its writer %d", name, l.Size, l.Origin, own.Size)
			}
		}
	}
}

// equal: everybody holds the same, and it folds to the same.
func (s *sim) equal() {
	mx, us, portal := s.nodes["mx"], s.nodes["us"], s.nodes["portal"]
	for _, a := range []entente.Audience{entente.Public, entente.Shared} {
		all := []*actor{mx, us}
		if a == entente.Public {
			all = append(all, portal)
		}
		want, err := mx.View(a).Digest(s.ctx)
		s.check(err)
		for _, n := range all[1:] {
			got, err := n.View(a).Digest(s.ctx)
			s.check(err)
			if got != want {
				fm, _ := mx.View(a).Frontier(s.ctx)
				fn, _ := n.View(a).Frontier(s.ctx)
				s.failf("%s digests differ: mx %s at %v, %s %s at %v", a, want, fm, n.name, got, fn)
			}
		}
	}
	for _, name := range names {
		for origin, st := range s.nodes[name].Net.Status() {
			if st.Phase != follow.Current {
				s.failf("%s: %s is %s: %s", name, origin, st.Phase, st.LastError)
			}
		}
	}
}
