package store

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"entente"
	"entente/internal/fold/foldtest"
)

// world makes logs with everything that makes a projection hard: chains, forks
// and their healing, versions in several logs, publications, withdrawals, entries
// that break rules, bytes that are no entry, unknown types.
type world struct {
	*foldtest.Programme
	r    *rand.Rand
	n    int
	made map[string][]made // commitments by origin
}

type made struct {
	ref     entente.Ref
	subject string
}

func newWorld(seed uint64, steps int) *world {
	w := &world{Programme: foldtest.NewProgramme(), r: rand.New(rand.NewPCG(seed, 1)), made: map[string][]made{}}
	for range steps {
		w.step()
	}
	return w
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func (w *world) step() {
	w.n++
	party := pick(w.r, []*foldtest.Writer{w.MX, w.US})
	a := pick(w.r, entente.Audiences)
	switch w.r.IntN(12) {
	case 0:
		w.Logs.Add(party.Origin(a), fmt.Appendf(nil, "no entry at all %d", w.n))
	case 1:
		w.Logs.State(party, a, "telegram", "t1", map[string]string{"of": "another version"})
	case 2: // an edit that breaks a rule: two entries of one id
		id := party.Header(a, "x").ID
		for range 2 {
			w.Logs.State(party, a, entente.TypeCommitment, "c1", foldtest.Commitment("C1"), func(h *entente.Header) { h.ID = id })
		}
	case 3:
		if of, ok := w.some(party, a); ok {
			w.Logs.State(party, a, entente.TypeWithdrawal, fmt.Sprintf("w%d", w.n), &entente.Withdrawal{Of: of.ref, Reason: text("Se retira")})
		}
	case 4:
		if of, ok := w.some(party, a); ok && a != entente.Public {
			w.Logs.State(party, a, entente.TypePublication, fmt.Sprintf("p%d", w.n), foldtest.Publication(of.ref))
		}
	case 5:
		other := w.MX
		if party == w.MX {
			other = w.US
		}
		if of, ok := w.some(other, a); ok {
			w.Logs.State(party, a, entente.TypePosition, fmt.Sprintf("on-%d", w.r.IntN(3)), &entente.Position{On: of.ref, Stance: entente.Concurs})
		}
	case 6:
		w.half(party, a)
	default:
		w.version(party, a)
	}
}

func text(es string) entente.Text { return entente.Text{ES: es, EN: "(" + es + ")"} }

// some returns a commitment of a party that an entry of audience a may refer to.
func (w *world) some(party *foldtest.Writer, a entente.Audience) (made, bool) {
	var all []made
	for _, wider := range entente.Audiences[:a.Rank()+1] {
		all = append(all, w.made[party.Origin(wider)]...)
	}
	if len(all) == 0 {
		return made{}, false
	}
	return pick(w.r, all), true
}

// version adds a version of one of a few commitments: it supersedes none, one or
// several earlier ones, so that forks come and are healed.
func (w *world) version(party *foldtest.Writer, a entente.Audience) {
	code := fmt.Sprintf("K%d", w.r.IntN(4))
	c := foldtest.Commitment(code)
	c.Description.EN = fmt.Sprintf("step %d", w.n)
	if w.r.IntN(3) == 0 {
		fix := text("Se corrige")
		c.Correction = &fix
	}
	subject := fmt.Sprintf("k%d", w.r.IntN(4))
	var tips []entente.Ref
	for range w.r.IntN(4) {
		m, ok := w.some(party, a)
		if ok && len(tips) == 0 && w.r.IntN(8) > 0 {
			subject = m.subject // mostly of the same thing, as the rules ask
		}
		if ok && (m.subject == subject || w.r.IntN(8) == 0) && !slices.Contains(tips, m.ref) {
			tips = append(tips, m.ref)
		}
	}
	ref := w.Logs.State(party, a, entente.TypeCommitment, subject, c, func(h *entente.Header) { h.Supersedes = tips })
	w.made[ref.Log] = append(w.made[ref.Log], made{ref, subject})
}

// half adds a half of one of a few joint bodies.
func (w *world) half(party *foldtest.Writer, a entente.Audience) {
	if a == entente.National {
		a = entente.Shared
	}
	body := func(i int) *entente.Target {
		return &entente.Target{Joint: foldtest.Required(), Indicator: "seizures", Value: fmt.Sprint(i), By: "2026-12"}
	}
	i := w.r.IntN(4)
	b := body(i)
	if i > 0 {
		d := foldtest.BodyDigest(body(0))
		b.Follows = &d
	}
	w.Logs.State(party, a, entente.TypeTarget, "seizures", b)
}

// interleave returns a random order in which the entries of all logs may come.
func interleave(r *rand.Rand, logs *foldtest.Logs) []string {
	var order []string
	for _, l := range logs.Info {
		for range logs.Raw[l.Origin] {
			order = append(order, l.Origin)
		}
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}
