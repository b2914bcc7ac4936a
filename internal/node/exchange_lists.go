package node

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"entente"
	"entente/internal/store"
)

// lists are what decisions about the exchange of information are looked up in: as
// both parties see it, in the shared view.
type lists struct {
	terms    *entente.ExchangeTerms // nil when none are in force
	areas    map[string]bool        // of the charter in force
	purposes map[string]entente.Purpose
	bases    map[string]bool
	reasons  map[string]bool
	routes   map[entente.Party]*entente.Route
	agencies map[entente.Party]map[string]bool
	parties  map[entente.Party]bool
	pauses   []standingPause
	held     map[entente.Ref]bool // releases that a legal hold of this party locks
}

type standingPause struct {
	by entente.Party
	entente.Pause
}

// exchangeCache keeps the lists, and the cases of entries that were asked about,
// until an entry arrives that may change them. What has arrived is told by the
// sizes of the logs, so that a decision never goes by less than what was committed
// before it was asked for.
type exchangeCache struct {
	mu    sync.Mutex
	sizes map[string]uint64 // of logs, as far as they were looked at
	epoch uint64            // counts what was dropped
	lists *lists
	cases map[entente.Ref]*exchangeCase
}

const (
	maxCases = 4096
	maxLook  = 64 // entries of a log that are looked at one by one
)

// listed are the types that change the lists, followed those that change how a
// case stands.
var (
	listed = []entente.Type{
		entente.TypeExchangeTerms, entente.TypeRoute, entente.TypeAgency, entente.TypePause, entente.TypeHold, entente.TypeWithdrawal,
		entente.TypeGenesis, entente.TypeKey, entente.TypeCharter,
	}
	followed = []entente.Type{
		entente.TypeWithdrawal, entente.TypeRequest, entente.TypePermissionRequest, entente.TypePermission, entente.TypeOnward,
		entente.TypeRecall, entente.TypeDeletion, entente.TypeHold, entente.TypeMisuse, entente.TypeMisuseOutcome,
	}
)

// catchUp drops what entries that arrived since may have changed.
func (c *exchangeCache) catchUp(ctx context.Context, s *store.Store) {
	if c.sizes == nil {
		c.sizes = map[string]uint64{}
	}
	for _, log := range s.Logs(ctx) {
		was := c.sizes[log.Origin]
		if log.Size == was || log.Audience == entente.National {
			continue
		}
		c.sizes[log.Origin] = log.Size
		if log.Size < was || log.Size-was > maxLook {
			c.drop(true, true)
			continue
		}
		for index := was; index < log.Size; index++ {
			raw, err := s.Entry(ctx, log.Origin, index)
			t := typeOf(raw)
			unsure := err != nil || t == ""
			c.drop(unsure || slices.Contains(listed, t), unsure || slices.Contains(followed, t))
		}
	}
}

func (c *exchangeCache) drop(lists, cases bool) {
	if lists {
		c.lists = nil
	}
	if cases {
		c.cases = nil
	}
	if lists || cases {
		c.epoch++
	}
}

// typeOf reads the type off an entry's first line.
func typeOf(raw []byte) entente.Type {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	_, t, _ := bytes.Cut(line, []byte(" "))
	return entente.Type(t)
}

// exchangeLists returns the lists as of now.
func (n *Node) exchangeLists(ctx context.Context) (*lists, error) {
	c := &n.exchange
	c.mu.Lock()
	c.catchUp(ctx, n.store)
	held, epoch := c.lists, c.epoch
	c.mu.Unlock()
	if held != nil {
		return held, nil
	}
	fresh, err := n.readLists(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch == epoch {
		c.lists = fresh
	}
	return fresh, nil
}

// exchangeCase returns the case of an entry; nil when the shared view has no such
// admissible entry.
func (n *Node) exchangeCase(ctx context.Context, ref entente.Ref) (*exchangeCase, error) {
	c := &n.exchange
	c.mu.Lock()
	c.catchUp(ctx, n.store)
	held, epoch := c.cases[ref], c.epoch
	c.mu.Unlock()
	if held != nil {
		return held, nil
	}
	fresh, err := n.readCase(ctx, ref)
	if err != nil || fresh == nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch == epoch {
		if c.cases == nil || len(c.cases) >= maxCases {
			c.cases = map[entente.Ref]*exchangeCase{}
		}
		c.cases[ref] = fresh
	}
	return fresh, nil
}

func (n *Node) readLists(ctx context.Context) (*lists, error) {
	l := &lists{
		areas: map[string]bool{}, purposes: map[string]entente.Purpose{}, bases: map[string]bool{}, reasons: map[string]bool{},
		routes: map[entente.Party]*entente.Route{}, agencies: map[entente.Party]map[string]bool{}, parties: map[entente.Party]bool{},
	}
	for _, log := range n.store.Logs(ctx) {
		if p := entente.Party(log.Writer); p.Valid() && log.Audience != entente.National {
			if err := n.readKeyed(ctx, l, p, log.Origin); err != nil {
				return nil, err
			}
		}
	}
	if err := n.readTerms(ctx, l); err != nil {
		return nil, err
	}
	v := n.View(entente.Shared)
	err := every(ctx, v, entente.TypeRoute, func(x store.Version[entente.Route]) {
		if p := x.Header.Author.Party; l.routes[p] == nil { // the newest comes first
			l.routes[p] = x.Body
		}
	})
	if err != nil {
		return nil, err
	}
	err = every(ctx, v, entente.TypeAgency, func(x store.Version[entente.Agency]) { l.add(x.Header.Author.Party, x.Body.Code) })
	if err != nil {
		return nil, err
	}
	err = every(ctx, v, entente.TypePause, func(x store.Version[entente.Pause]) {
		l.pauses = append(l.pauses, standingPause{x.Header.Author.Party, *x.Body})
	})
	if err != nil {
		return nil, err
	}
	l.held = map[entente.Ref]bool{}
	return l, every(ctx, v, entente.TypeHold, func(x store.Version[entente.Hold]) {
		if x.Header.Author.Party == n.self.Writer.Party {
			l.held[x.Body.Release] = true
		}
	})
}

// every calls do with every thing of a type that stands, newest first.
func every[B any](ctx context.Context, v *store.View, t entente.Type, do func(store.Version[B])) error {
	q := store.Query{Type: t, Desc: true, Limit: 1000}
	for {
		page, err := store.List[B](ctx, v, q)
		if err != nil {
			return err
		}
		for _, x := range page.Items {
			if x.Body != nil {
				do(x)
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

func (l *lists) add(p entente.Party, agency string) {
	if l.agencies[p] == nil {
		l.agencies[p] = map[string]bool{}
	}
	l.agencies[p][agency] = true
}

// readKeyed adds the agencies that a party's root key bound keys to: that is the
// party's word too.
func (n *Node) readKeyed(ctx context.Context, l *lists, p entente.Party, origin string) error {
	l.parties[p] = true
	active, err := n.store.Keys(ctx, origin)
	for _, k := range active {
		if !k.Root && k.Binding.Agency != "" {
			l.add(p, k.Binding.Agency)
		}
	}
	return err
}

// readTerms reads the areas of the charter in force, and the terms: those of its
// programme, or the only ones.
func (n *Node) readTerms(ctx context.Context, l *lists) error {
	law, err := n.inForce(ctx)
	if err != nil {
		return err
	}
	if law.charter != nil {
		for _, a := range law.charter.Areas {
			l.areas[a.Code] = true
		}
	}
	things, err := store.Joints[entente.ExchangeTerms](ctx, n.View(entente.Shared), entente.TypeExchangeTerms, store.Query{})
	if err != nil {
		return err
	}
	var standing []*entente.ExchangeTerms
	for _, t := range things {
		if t.InForce == nil || t.InForce.Body == nil || !slices.Contains(t.InForce.Required, n.self.Writer.Party) {
			continue
		}
		standing = append(standing, t.InForce.Body)
		if law.charter != nil && t.InForce.Body.Code == law.charter.Code {
			l.terms = t.InForce.Body
		}
	}
	if l.terms == nil && len(standing) == 1 {
		l.terms = standing[0]
	}
	if l.terms == nil {
		return nil
	}
	for _, p := range l.terms.Purposes {
		l.purposes[p.Code] = p
	}
	for _, t := range l.terms.Bases {
		l.bases[t.Code] = true
	}
	for _, t := range l.terms.Reasons {
		l.reasons[t.Code] = true
	}
	return nil
}

// has reports whether each of the agencies is one of the party's, and there is at
// least one.
func (l *lists) has(p entente.Party, agencies []string) bool {
	for _, a := range agencies {
		if !l.agencies[p][a] {
			return false
		}
	}
	return len(agencies) > 0
}

// either reports whether each of the agencies is one of either party's.
func (l *lists) either(a, b entente.Party, agencies []string) bool {
	for _, x := range agencies {
		if !l.agencies[a][x] && !l.agencies[b][x] {
			return false
		}
	}
	return true
}

// paused reports whether a pause of either side covers what goes from agencies of
// one party to agencies of another in these areas.
func (l *lists) paused(from entente.Party, by []string, to entente.Party, recipients, areas []string) bool {
	return slices.ContainsFunc(l.pauses, func(p standingPause) bool {
		if p.by != from && p.by != to {
			return false
		}
		switch p.Scope {
		case "area":
			return slices.Contains(areas, p.Area)
		case "agency":
			return slices.Contains(map[bool][]string{true: by, false: recipients}[p.by == from], p.Agency)
		}
		return true
	})
}
