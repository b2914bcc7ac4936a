package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/store"
)

// exchangePath is where the interface of the exchange begins.
const exchangePath = "/api/v1/exchange/"

// The exchange keeps two rules beside those of every other route: what the caller's
// agency may not see is answered as if it were not there, by the same problem after
// the same time; and who may not do a thing at all is told so before anything is
// looked up.
func (s *server) routeExchange() {
	if s.Exchange == nil {
		return
	}
	s.routeExchangeReads()
	s.routeExchangeDrafts()
	s.routeExchangeActs()
	s.routeExchangeUse()
	s.routeExchangeKeys()
}

// exchangeRoute registers one route of the exchange.
func (s *server) exchangeRoute(o operation, do func(context.Context, *call) (*answer, error)) {
	o.path = exchangePath + o.path
	o.writes = true // a caller is always signed in
	s.handle(o, func(ctx context.Context, c *call) (*answer, error) {
		c.noStore = true
		began := time.Now()
		a, err := do(ctx, c)
		if err != nil && asProblem(err).Status == http.StatusNotFound {
			// What is not there, and what is not for the caller, take as long.
			evenOut(ctx, began)
		}
		return a, err
	})
}

// even is how long a "not found" of the exchange takes at least: longer than
// looking up what is there.
const even = 40 * time.Millisecond

func evenOut(ctx context.Context, began time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(even - time.Since(began)):
	}
}

// user is the caller as the store has people.
func (c *call) user() store.User {
	u := store.User{ID: c.who.ID, Name: c.who.Name, Agency: c.who.Agency}
	for _, r := range c.who.Roles {
		u.Roles = append(u.Roles, string(r))
	}
	return u
}

// now is the time that states and clocks are told for.
func (s *server) now() time.Time { return s.Clock().UTC() }

// ref is the entry that the path names: the index in a writer's shared log.
func (s *server) ref(ctx context.Context, c *call) (entente.Ref, error) {
	return s.sharedRef(ctx, c.path("writer"), c.path("index"))
}

func (s *server) sharedRef(ctx context.Context, writer, index string) (entente.Ref, error) {
	n, err := strconv.ParseUint(index, 10, 62)
	if err != nil {
		return entente.Ref{}, notFound()
	}
	for _, l := range s.Store.Logs(ctx) {
		if l.Writer == writer && l.Audience == entente.Shared {
			return entente.Ref{Log: l.Origin, Index: n}, nil
		}
	}
	return entente.Ref{}, notFound()
}

// exchangeURL is the address of a thing of the exchange; kind is requests,
// releases, permissions or pauses.
func exchangeURL(kind string, party entente.Party, ref entente.Ref) string {
	return exchangePath + kind + "/" + url.PathEscape(string(party)) + "/" + strconv.FormatUint(ref.Index, 10)
}

// sees reports whether the caller may read an entry that general lists hide.
func (s *server) sees(ctx context.Context, c *call, origin string, index uint64) bool {
	if s.Exchange == nil || c.who == nil {
		return false
	}
	yes, err := s.Exchange.Sees(ctx, c.who.viewer(), entente.Ref{Log: origin, Index: index}, s.now())
	return err == nil && yes
}

// draftFor reads a draft for the caller. Those of the exchange are for the agency
// that writes them, and auditors and administrators see that they are there.
func (s *server) draftFor(ctx context.Context, c *call, id string) (store.WorkDraft, error) {
	d, err := s.Store.Draft(ctx, id)
	if err == nil && !s.mayRead(ctx, c, d) {
		return store.WorkDraft{}, notFound()
	}
	return d, err
}

func (s *server) mayRead(ctx context.Context, c *call, d store.WorkDraft) bool {
	if !s.ofExchange(ctx, d) {
		return true
	}
	v := c.who.viewer()
	return v.Oversight || v.Agency != "" && d.Agency == v.Agency
}

// ofExchange reports whether a draft is of something of the exchange: an entry of
// such a type, or the withdrawal of one.
func (s *server) ofExchange(ctx context.Context, d store.WorkDraft) bool {
	if d.Type != entente.TypeWithdrawal {
		return d.Type.Exchange()
	}
	of, ok := withdrawn(d.Body)
	if !ok {
		return false
	}
	v, err := store.ByRef[entente.Withdrawal](ctx, s.view, of.Log, of.Index)
	return err == nil && v.Type.Exchange()
}

// notOfExchange refuses what the exchange does itself to its drafts.
func (s *server) notOfExchange(ctx context.Context, c *call, id string) error {
	d, err := s.draftFor(ctx, c, id)
	if err != nil {
		return err
	}
	if s.ofExchange(ctx, d) {
		return problem(http.StatusUnprocessableEntity, "exchange")
	}
	return nil
}

// by is the caller as one who states something, under the id given.
func (c *call) by(id string) (exchange.By, error) {
	o, err := c.officer()
	if err != nil {
		return exchange.By{}, err
	}
	return exchange.By{Officer: o, ID: id}, nil
}

// directions, and the values of states, for parameters.
var (
	directionParam = param{name: "direction", enum: []string{string(exchange.In), string(exchange.Out)}, doc: "Towards this party, or from it."}
	writerIndexDoc = "Named by the party that wrote it and the index in its shared log."
)

func statesOf(list []exchange.State) []string {
	var out []string
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// filter reads the parameters of a list.
func (c *call) filter() exchange.Filter {
	f := exchange.Filter{
		Direction: exchange.Direction(c.get("direction")), Area: c.get("area"), Kind: c.get("kind"), Agency: c.get("agency"),
		Late: c.get("late") == "yes", Alert: c.get("alert") == "yes", Text: c.get("q"), After: c.get("cursor"), Limit: c.number("limit", 100),
	}
	for _, s := range c.query["state"] {
		f.States = append(f.States, exchange.State(s))
	}
	return f
}

// listOfParams are the parameters of a list of the exchange.
func listOfParams(states []exchange.State, also ...param) []param {
	return slices.Concat([]param{
		directionParam,
		{name: "area", doc: "Code of an area of the charter."},
		{name: "state", enum: statesOf(states), repeat: true, doc: "States; any by default."},
		{name: "agency", doc: "An agency that states it, is addressed or is copied, of either party."},
		{name: "late", enum: []string{"yes"}, doc: "Only what is overdue, or was."},
		{name: "q", doc: "Part of the subject."},
	}, also, []param{{name: "limit", least: 1, most: 500, doc: "Items a page, 100 by default."}, cursorParam})
}

// may names the acts of the exchange by what they ask of a caller (auth.Act).
const (
	mayLook    = auth.Read
	mayDraft   = auth.Draft
	mayState   = auth.AppendInner
	mayRelease = auth.Authorise
	mayAudit   = auth.ReadAudit
)
