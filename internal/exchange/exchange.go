package exchange

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"entente"
	"entente/internal/node"
	"entente/internal/payload"
	"entente/internal/store"
)

// Fetcher gets sealed payloads from another party's node; internal/network
// implements it.
type Fetcher interface {
	// FetchPayload fetches a payload into one that is incoming, from where that
	// stands on, and commits it.
	FetchPayload(ctx context.Context, party string, s entente.Sealed, into *payload.Incoming) error
}

// Options make an [Exchange].
type Options struct {
	Node *node.Node
	// Fetch may be nil: payloads then come with a pouch only.
	Fetch Fetcher
	Clock func() time.Time // nil means time.Now
	Log   *slog.Logger     // nil discards
	// Fail, which tests set, is called at each step of what can be interrupted; an
	// error stops there.
	Fail func(step string) error
}

// Exchange is the exchange of information at one party's node. Its methods are safe
// for concurrent use.
type Exchange struct {
	node     *node.Node
	s        *store.Store
	own      entente.Party
	payloads *payload.Store
	fetch    Fetcher
	clock    func() time.Time
	log      *slog.Logger
	fail     func(step string) error

	arrived  chan struct{} // a log grew
	composes locks         // of drafts
	busy     locks         // of releases: keeps their use and their end apart
	opened   secrets
	sights   sights     // what programs may read
	keysMu   sync.Mutex // the list of day keys
	work     worker
}

// New returns the exchange of a party's node.
func New(o Options) (*Exchange, error) {
	if o.Node.Writer().Party == "" {
		return nil, errors.New("an observer exchanges no information")
	}
	x := &Exchange{
		node: o.Node, s: o.Node.Store(), own: o.Node.Writer().Party, payloads: o.Node.Payloads(), fetch: o.Fetch, clock: o.Clock,
		log: o.Log, arrived: make(chan struct{}, 1),
	}
	if x.clock == nil {
		x.clock = time.Now
	}
	if x.log == nil {
		x.log = slog.New(slog.DiscardHandler)
	}
	x.fail = func(step string) error {
		if o.Fail == nil {
			return nil
		}
		if err := o.Fail(step); err != nil {
			return fmt.Errorf("%w at %q: %w", errStop, step, err)
		}
		return nil
	}
	x.work.start()
	x.s.OnCommit(func(store.Committed) { x.wake() })
	return x, nil
}

// wake asks the receiving loop to look again.
func (x *Exchange) wake() {
	select {
	case x.arrived <- struct{}{}:
	default:
	}
}

// now is the node's time as entries state it.
func (x *Exchange) now() time.Time { return x.clock().UTC().Truncate(time.Millisecond) }

// view is what the node's own people read.
func (x *Exchange) view() *store.View { return x.node.View(entente.National) }

// Viewer is who looks, for what concerns the viewer's agency.
type Viewer struct {
	Name   string
	Agency string
	// Oversight sees that all of it exists (auditors, administrators), and opens
	// nothing by that.
	Oversight bool
}

// The roles that oversee (internal/auth).
const (
	roleAuditor       = "auditor"
	roleAdministrator = "administrator"
)

// ViewerOf is a user of the desk as a viewer.
func ViewerOf(u store.User) Viewer {
	return Viewer{
		Name: u.Name, Agency: u.Agency,
		Oversight: slices.Contains(u.Roles, roleAuditor) || slices.Contains(u.Roles, roleAdministrator),
	}
}

// Officer is an officer as a viewer.
func Officer(o *node.Officer) Viewer {
	return ViewerOf(store.User{Name: o.Name(), Agency: o.Agency(), Roles: o.Roles()})
}

// Node sees everything: for what the node does by itself.
var Node = Viewer{Name: "node", Oversight: true}

// ErrNotFound says that there is nothing that the viewer may see there.
var ErrNotFound = store.ErrNotFound

// Direction is which way something goes, as seen from this node.
type Direction string

// The directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Directions are both.
var Directions = []Direction{In, Out}

// Side is what all things of the exchange have in common.
type Side struct {
	Ref       entente.Ref
	Subject   string
	Direction Direction
	From, To  entente.Party
	Agency    string   // that states it
	Agencies  []string // that it is addressed to
	Copied    []string
	Areas     []string
	Time      time.Time // as stated
	// Decision is that of the gate that it left by.
	Decision *entente.Decision
}

// Other is the other party.
func (s *Side) Other() entente.Party {
	if s.Direction == In {
		return s.From
	}
	return s.To
}

// sideOf fills in what the version of an entry says.
func sideOf[B any](x *Exchange, v *store.Version[B], to entente.Party, agencies, copied []string) Side {
	s := Side{
		Ref: v.Ref, Subject: v.Subject, Direction: In, From: v.Header.Author.Party, To: to, Agency: v.Header.Author.Agency,
		Agencies: agencies, Copied: copied, Areas: v.Areas, Time: v.Header.Time, Decision: v.Header.Decision,
	}
	if s.From == x.own {
		s.Direction = Out
	}
	return s
}

// concerns reports whether an agency of this party may see it.
func (s *Side) concerns(agency string) bool {
	if agency == "" {
		return false
	}
	if s.Direction == Out {
		return s.Agency == agency || slices.Contains(s.Copied, agency)
	}
	return slices.Contains(s.Agencies, agency) || slices.Contains(s.Copied, agency)
}

// Said is something that an entry said about another.
type Said[B any] struct {
	Ref    entente.Ref
	Party  entente.Party
	Agency string
	Time   time.Time
	Body   B
	// Decision is that of the gate that it passed.
	Decision *entente.Decision
	// Withdrawn: its author took it back.
	Withdrawn bool
	Subject   string
}

// locks are mutexes by name.
type locks struct {
	mu   sync.Mutex
	held map[string]*lock
}

type lock struct {
	mu    sync.Mutex
	users int
}

// of locks a name until the function returned is called.
func (l *locks) of(name string) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*lock{}
	}
	k := l.held[name]
	if k == nil {
		k = &lock{}
		l.held[name] = k
	}
	k.users++
	l.mu.Unlock()
	k.mu.Lock()
	return func() {
		k.mu.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.users--; k.users == 0 {
			delete(l.held, name)
		}
	}
}

// byRef returns a version by reference, with the leaf as named there.
func byRef[B any](ctx context.Context, x *Exchange, t entente.Type, ref entente.Ref) (*store.Version[B], error) {
	v, err := store.ByRef[B](ctx, x.view(), ref.Log, ref.Index)
	if err != nil {
		return nil, err
	}
	if v.Type != t || v.Body == nil || !ref.Leaf.IsZero() && v.Ref.Leaf != ref.Leaf {
		return nil, ErrNotFound
	}
	return v, nil
}
