package exchange

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/node"
	"entente/internal/policy"
	"entente/internal/store"
)

// sights are what the agencies' programs may see, for each agency and purpose.
type sights struct {
	mu   sync.Mutex
	held map[sightOf]*sight
	last atomic.Uint64 // number given: no two answers have the same
}

type sightOf struct{ agency, purpose string }

// maxSights bounds how many are kept; past it, all are made anew.
const maxSights = 256

func (s *sights) of(key sightOf) *sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.held[key]
	if one == nil {
		if s.held == nil || len(s.held) >= maxSights {
			s.held = map[sightOf]*sight{}
		}
		one = &sight{key: key, all: s}
		s.held[key] = one
	}
	return one
}

// touch has a release judged anew wherever it was judged.
func (s *sights) touch(ref entente.Ref) {
	s.mu.Lock()
	all := make([]*sight, 0, len(s.held))
	for _, one := range s.held {
		all = append(all, one)
	}
	s.mu.Unlock()
	for _, one := range all {
		one.mu.Lock()
		if _, known := one.judged[place(ref)]; known {
			delete(one.judged, place(ref))
			one.changed()
		}
		one.mu.Unlock()
	}
}

// sight is which releases an agency may read for a purpose. What was judged stands
// until an entry arrives that touches it, or the day is over. The sizes of the logs
// are as of before anything was judged by them: an entry that arrives in between is
// looked at later, so that no judgement outlasts what it went by.
type sight struct {
	key sightOf
	all *sights

	mu      sync.Mutex
	day     string
	sizes   map[string]uint64
	judged  map[spot]bool
	version uint64
}

// spot is an entry by log and index.
type spot struct {
	log   string
	index uint64
}

func place(ref entente.Ref) spot { return spot{ref.Log, ref.Index} }

// maxLooked is how many entries of a log are looked at one by one; of more at once,
// everything is judged anew.
const maxLooked = 4096

// VisibleReleases returns which releases an account may read objects of now: those
// that a policy lets its agency open for its purpose. The number is another one
// whenever that may have changed.
func (x *Exchange) VisibleReleases(ctx context.Context, c store.Client) (uint64, func(entente.Ref) bool, error) {
	s := x.sights.of(sightOf{c.Agency, c.Purpose})
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.catchUp(ctx, x); err != nil {
		s.forget()
		return 0, nil, err
	}
	if c.Disabled {
		return s.version<<1 | 1, func(entente.Ref) bool { return false }, nil
	}
	return s.version << 1, func(ref entente.Ref) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		yes, known := s.judged[place(ref)]
		if !known {
			yes = s.judge(ctx, x, ref)
		}
		return yes
	}, nil
}

// changed gives the answer another number.
func (s *sight) changed() { s.version = s.all.last.Add(1) }

// forget has everything judged anew.
func (s *sight) forget() {
	s.judged = nil
	s.changed()
}

// judge decides on a release and keeps the answer. What cannot be decided is not
// readable, and asked again next time.
func (s *sight) judge(ctx context.Context, x *Exchange, ref entente.Ref) bool {
	yes, err := x.readable(ctx, s.key, ref)
	if err != nil {
		s.changed()
		return false
	}
	if s.judged == nil {
		s.judged = map[spot]bool{}
	}
	s.judged[place(ref)] = yes
	return yes
}

// catchUp judges anew what entries that arrived since may have changed.
func (s *sight) catchUp(ctx context.Context, x *Exchange) error {
	if today := day(x.now()); s.day != today {
		s.day = today
		s.forget()
	}
	if s.sizes == nil {
		s.sizes = map[string]uint64{}
	}
	var touched []entente.Ref
	for _, l := range x.s.Logs(ctx) {
		was := s.sizes[l.Origin]
		if l.Audience == entente.National || l.Size == was {
			continue
		}
		s.sizes[l.Origin] = l.Size
		if len(s.judged) == 0 {
			continue
		}
		some, all, err := x.touches(ctx, l, was)
		if err != nil {
			return err
		}
		if all {
			s.forget()
		}
		touched = append(touched, some...)
	}
	for _, ref := range touched {
		was, known := s.judged[place(ref)]
		if !known {
			continue
		}
		delete(s.judged, place(ref))
		if s.judge(ctx, x, ref) != was {
			s.changed()
		}
	}
	return nil
}

// readable: a policy lets an agency open the release for a purpose, the node stated
// that it has it, and has it still. An agency whose sealing key was revoked reads
// nothing.
func (x *Exchange) readable(ctx context.Context, by sightOf, ref entente.Ref) (bool, error) {
	if err := x.fail("judging"); err != nil {
		return false, err
	}
	r, err := x.Release(ctx, Viewer{Agency: by.agency}, ref, x.now())
	if err != nil {
		return found(err)
	}
	if r.Receipt == nil || r.Receipt.Body.Verdict != verdictReceived || r.Direction != In || !x.has(r.Body.Content) {
		return false, nil
	}
	if _, err := x.recipients(ctx, x.own, by.agency); err != nil {
		if keyMissing(err) != nil {
			err = nil
		}
		return false, err
	}
	decision, _, err := x.node.DecideUse(ctx, node.Use{
		Act: policy.Open, Of: ref, Agency: by.agency, Purpose: by.purpose, Shredded: x.payloads.Tombstoned(r.Body.Content.Digest),
	})
	return err == nil && decision.Allow, err
}

// The types whose entries change by what rules is decided, and those that change how
// it stands with one release. Entries of any other type change nothing of who may
// read what; nor does a pause, which keeps from leaving and not from being read.
var (
	ruling = []entente.Type{
		entente.TypeGenesis, entente.TypeKey, entente.TypeAgency, entente.TypeCharter, entente.TypePolicy, entente.TypeExchangeTerms,
		entente.TypeRoute,
	}
	turning = []entente.Type{
		entente.TypeRelease, entente.TypeReceipt, entente.TypeOnward, entente.TypeRecall, entente.TypeDeletion, entente.TypeHold,
		entente.TypeMisuse, entente.TypeMisuseOutcome, entente.TypePermissionRequest, entente.TypePermission, entente.TypeWithdrawal,
	}
)

// touches are the releases that entries of a log from one on may have changed: all,
// when it cannot be said which.
func (x *Exchange) touches(ctx context.Context, l store.LogState, from uint64) (list []entente.Ref, all bool, err error) {
	if l.Size < from || l.Size-from > maxLooked {
		return nil, true, nil
	}
	for from < l.Size {
		raws, err := x.s.Entries(ctx, l.Origin, from, readAtOnce)
		if err != nil {
			return nil, false, err
		}
		for i, raw := range raws {
			ref, all, err := x.touched(ctx, entente.Ref{Log: l.Origin, Index: from + uint64(i)}, raw)
			if err != nil || all {
				return nil, all, err
			}
			if ref != nil {
				list = append(list, *ref)
			}
		}
		from += uint64(len(raws))
	}
	return list, false, nil
}

// touched is the release that an entry is about, directly or over others; nil for an
// entry that changes nothing.
func (x *Exchange) touched(ctx context.Context, self entente.Ref, raw []byte) (release *entente.Ref, all bool, err error) {
	if p, err := entry.Parse(raw); err == nil {
		return x.leads(ctx, self, p.Type, p.Header.Body)
	}
	return nil, false, nil // it folds as nothing
}

// leads follows what an entry is about to the release at the end of it. All are
// meant where that is not here yet, or is no release but a rule.
func (x *Exchange) leads(ctx context.Context, self entente.Ref, t entente.Type, body json.RawMessage) (release *entente.Ref, all bool, err error) {
	for range maxChain {
		switch {
		case t == entente.TypeRelease:
			return &self, false, nil
		case slices.Contains(ruling, t):
			return nil, true, nil
		case !slices.Contains(turning, t):
			return nil, false, nil
		}
		about := subjectOf(t, body)
		if about == nil {
			return nil, false, nil // a permission on no release
		}
		v, err := store.ByRef[json.RawMessage](ctx, x.view(), about.Log, about.Index)
		if err != nil {
			here, err := found(err)
			return nil, !here, err
		}
		if v.Body == nil || v.Status == fold.Inadmissible {
			return nil, false, nil
		}
		self, t, body = v.Ref, v.Type, *v.Body
	}
	return nil, true, nil
}

// subjectOf is the entry that one of a turning type is about; nil for none.
func subjectOf(t entente.Type, body json.RawMessage) *entente.Ref {
	if t != entente.TypePermissionRequest {
		return aboutOf(body)
	}
	var b entente.PermissionRequest // its "of" is a party
	if json.Unmarshal(body, &b) != nil {
		return nil
	}
	return b.Release
}

// renews reports whether an entry may end what kept programs from reading objects, so
// that they have to come again to those who read on from where they were.
func renews(own bool, body any) bool {
	switch b := body.(type) {
	case *entente.Withdrawal, *entente.MisuseOutcome, *entente.Permission, *entente.Policy, *entente.Charter, *entente.ExchangeTerms:
		return true
	case *entente.Key:
		return own && b.Action == "add" && b.Key.Role == entente.RoleSeal
	}
	return false
}

// renew adds the objects anew that programs may not have been able to read before an
// entry: those of the release that it is about, or all where it changed a rule. Who
// reads on from an earlier moment then misses nothing.
func (x *Exchange) renew(ctx context.Context, j store.Job) error {
	v, err := store.ByRef[json.RawMessage](ctx, x.view(), j.Entry.Log, j.Entry.Index)
	switch {
	case err != nil:
		return notFoundIsNil(err)
	case v.Status == fold.Pending:
		return errPending
	case v.Status != fold.Admissible || v.Body == nil:
		return nil
	}
	release, all, err := x.leads(ctx, v.Ref, v.Type, *v.Body)
	if err != nil {
		return err
	}
	var list []entente.Ref
	if release != nil {
		list = []entente.Ref{*release}
	}
	if all {
		if list, err = x.s.ReleasesWithObjects(ctx); err != nil {
			return err
		}
	}
	for _, ref := range list {
		if err := x.s.RenewObjects(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// show shows the objects of a release that was received to the programs of the
// agencies that it is for: after the receipt stands, so that they come after all that
// could be read before. Of one that was received before, and fetched again, they come
// again.
func (x *Exchange) show(ctx context.Context, r *ReleaseState) error {
	if r.Body.Form != formSTIX {
		return nil
	}
	defer x.sights.touch(r.Ref)
	if err := x.s.GrantObjects(ctx, r.Ref, union(r.Agencies, x.ownOf(ctx, r.Copied))...); err != nil || r.Receipt == nil {
		return err
	}
	return x.s.RenewObjects(ctx, r.Ref)
}
