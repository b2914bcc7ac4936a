package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"sync"

	"entente"
	"entente/internal/node"
	"entente/internal/payload"
	"entente/internal/policy"
	"entente/internal/seal"
	"entente/internal/store"
)

// The modes of uses.
const (
	ModeRead   = "read"   // in the desk
	ModeExport = "export" // as a file
	ModeTAXII  = "taxii"  // by a client
)

// Reader is who opens what was released: a person of an agency.
type Reader struct {
	Viewer
	Roles []string
	// Person stands for the reader in the use entry.
	Person entente.Digest
}

// ReaderOf is a user of the desk as a reader.
func (x *Exchange) ReaderOf(u store.User) Reader {
	r := Reader{Viewer: ViewerOf(u), Roles: u.Roles, Person: u.Person}
	if r.Person.IsZero() {
		r.Person = x.node.Ring().PersonDigest(u.Name)
	}
	return r
}

// The roles that open content (internal/auth).
const roleOfficer = "officer"

// may reports whether somebody with these roles opens content at all.
func (r *Reader) may() bool {
	return r.Agency != "" && (slices.Contains(r.Roles, roleOfficer) || slices.Contains(r.Roles, node.RoleReleasing))
}

// Opened is content that was opened: what it says, and then its files in order. It
// must be closed.
type Opened struct {
	*seal.Payload
	io.Closer
	// Use is the entry that records it; nil for content that is no release's.
	Use *entente.Ref
}

// Open opens the content of a release for a purpose. The use is in the national log
// before anything of it is handed out.
func (x *Exchange) Open(ctx context.Context, by Reader, release entente.Ref, purpose string) (*Opened, error) {
	return x.openRelease(ctx, by, release, purpose, ModeRead)
}

// Export is Open for content that leaves the node as a file: a deletion will say
// that it did.
func (x *Exchange) Export(ctx context.Context, by Reader, release entente.Ref, purpose string) (*Opened, error) {
	return x.openRelease(ctx, by, release, purpose, ModeExport)
}

func (x *Exchange) openRelease(ctx context.Context, by Reader, release entente.Ref, purpose, mode string) (*Opened, error) {
	r, err := x.Release(ctx, by.Viewer, release, x.now())
	if err != nil {
		return nil, err
	}
	defer x.busy.of(r.Ref.String())()
	if err := x.allow(ctx, by, &r.Side, r.Body.Content, purpose); err != nil {
		return nil, err
	}
	if r.Receipt != nil && r.Receipt.Body.Verdict == verdictRejected && r.Direction == In {
		return nil, refusal("exchange.state", "the release was rejected (%s)", r.Receipt.Body.Reason)
	}
	if r.Receipt == nil && r.Direction == In {
		return nil, refusal("exchange.not_here", "no receipt stands yet")
	}
	p, closing, err := x.unseal(ctx, &r.Side, r.Body.Content)
	if err != nil {
		return nil, x.openError(err)
	}
	if r.Body.Item != nil && p.Manifest().Item() != *r.Body.Item {
		return nil, errors.Join(refusal("exchange.item", "%s", r.Ref), closing.Close())
	}
	used, err := x.use(ctx, entente.Use{Releases: []entente.Ref{r.Ref}, Agency: by.Agency, Purpose: purpose, By: by.Person, Mode: mode})
	if err == nil {
		err = x.fail("used")
	}
	if err != nil {
		return nil, errors.Join(err, closing.Close())
	}
	return &Opened{Payload: p, Closer: closing, Use: &used.Ref}, nil
}

// openError says in words why content cannot be opened.
func (x *Exchange) openError(err error) error {
	switch {
	case errors.Is(err, payload.ErrNotFound):
		return refusal("exchange.not_here", "%s", err)
	case errors.Is(err, payload.ErrShredded):
		return refusal("exchange.gone", "%s", err)
	}
	if r := keyMissing(err); r != nil {
		return r
	}
	return err
}

// allow asks whether somebody may open content for a purpose; a refusal is on the
// audit trail.
func (x *Exchange) allow(ctx context.Context, by Reader, s *Side, sealed entente.Sealed, purpose string) error {
	if !by.may() {
		return refusal("exchange.reader", "%s", by.Name)
	}
	// An agency whose sealing key was revoked opens nothing under another's.
	if _, err := x.recipients(ctx, x.own, by.Agency); err != nil {
		return err
	}
	decision, no, err := x.node.DecideUse(ctx, node.Use{
		Act: policy.Open, Of: s.Ref, Agency: by.Agency, Roles: by.Roles, Purpose: purpose, Shredded: x.payloads.Tombstoned(sealed.Digest),
	})
	if err != nil || decision.Allow {
		return err
	}
	detail := map[string]any{"policies": decision.Policies, "purpose": purpose}
	x.audit(ctx, by.Name, "open", s.Ref, "refused", detail)
	if len(no) == 0 {
		return refusal("exchange.reader", "%v", decision.Policies)
	}
	return no[0]
}

// use records a use in the national log.
func (x *Exchange) use(ctx context.Context, u entente.Use) (node.Appended, error) {
	return x.node.Append(ctx, node.Intent{
		Type: entente.TypeUse, Subject: NewSubject(), Agency: u.Agency, Audience: entente.National, Body: u, Supersedes: []entente.Ref{},
	})
}

// CanOpen says whether somebody may open the content of a release for a purpose, and
// why not; nothing is opened or recorded.
func (x *Exchange) CanOpen(ctx context.Context, by Reader, r *ReleaseState, purpose string) (*node.Refusal, error) {
	if !by.may() {
		return refusal("exchange.reader", "%s", by.Name), nil
	}
	decision, no, err := x.node.DecideUse(ctx, node.Use{
		Act: policy.Open, Of: r.Ref, Agency: by.Agency, Roles: by.Roles, Purpose: purpose,
		Shredded: x.payloads.Tombstoned(r.Body.Content.Digest),
	})
	switch {
	case err != nil:
		return nil, err
	case decision.Allow && !x.has(r.Body.Content):
		return refusal("exchange.not_here", ""), nil
	case decision.Allow || len(no) == 0:
		return nil, nil
	}
	return no[0], nil
}

// OpenQuestion opens what another entry carries: the question of a request, the note
// of a refusal or of a report of misuse, the description of a permission request. It
// is for who answers it, and on the audit trail before it is handed out.
func (x *Exchange) OpenQuestion(ctx context.Context, by Reader, ref entente.Ref) (*Opened, error) {
	c, err := x.carrying(ctx, ref)
	if err != nil {
		return nil, err
	}
	if c == nil || c.sealed == nil || !c.state(by.Viewer) || c.release {
		return nil, ErrNotFound
	}
	if err := x.allow(ctx, by, &c.side, *c.sealed, ""); err != nil {
		return nil, err
	}
	if in, err := x.takenIn(ctx, &c.side); err != nil {
		return nil, err
	} else if !in {
		return nil, refusal("exchange.not_here", "the gate has not taken it in yet")
	}
	p, closing, err := x.unseal(ctx, &c.side, *c.sealed)
	if err != nil {
		return nil, x.openError(err)
	}
	err = x.record(ctx, by.Name, "open", c.side.Ref, "done", map[string]string{"agency": by.Agency})
	if err != nil {
		return nil, errors.Join(err, closing.Close())
	}
	return &Opened{Payload: p, Closer: closing}, nil
}

// takenIn reports whether this node's gate let in what an entry that is no release
// carries. What comes with a pouch is here before that.
func (x *Exchange) takenIn(ctx context.Context, s *Side) (bool, error) {
	if s.Direction == Out {
		return true, nil
	}
	read, err := x.s.ReadSize(ctx, s.Ref.Log)
	if err != nil || read <= s.Ref.Index {
		return false, err
	}
	waiting, err := x.s.JobsOn(ctx, s.Ref)
	return !slices.ContainsFunc(waiting, func(j store.Job) bool { return j.Kind == jobFetch }), err
}

// Withholds reports whether sealed content is kept back from another party's node
// for now: while a pause of this party covers what names it, or a legal hold of this
// party locks it. What cannot be decided is kept back.
func (x *Exchange) Withholds(ctx context.Context, _ string, d entente.Digest) bool {
	pauses, held, err := x.node.Withholding(ctx)
	if err != nil {
		return true
	}
	if len(pauses) == 0 && len(held) == 0 {
		return false
	}
	naming, err := store.List[json.RawMessage](ctx, x.view(), store.Query{
		Types: []entente.Type{entente.TypeRelease, entente.TypeRequest}, Versions: true, Withdrawn: true, Writer: string(x.own), Limit: 100,
		Where: []store.Cond{{Column: "payload.digest", Op: store.Eq, Value: d.String()}},
	})
	if err != nil {
		return true
	}
	return slices.ContainsFunc(naming.Items, func(v store.Version[json.RawMessage]) bool {
		return held[v.Ref] || slices.ContainsFunc(pauses, func(p entente.Pause) bool { return covers(&p, v.Header.Author.Agency, v.Areas) })
	})
}

// covers reports whether a pause covers what an agency states in some areas.
func covers(p *entente.Pause, agency string, areas []string) bool {
	switch p.Scope {
	case "area":
		return slices.Contains(areas, p.Area)
	case "agency":
		return p.Agency == agency
	}
	return true
}

// UseQuery selects uses; zero fields do not restrict.
type UseQuery struct {
	Agency, Purpose, Mode string
	Release               *entente.Ref
	After                 string
	Limit                 int
}

// Reads lists this node's uses, newest first: of everybody for oversight, of the own
// agency for anybody else.
func (x *Exchange) Reads(ctx context.Context, v Viewer, q UseQuery) (Page[Said[entente.Use]], error) {
	if !v.Oversight {
		if v.Agency == "" || q.Agency != "" && q.Agency != v.Agency {
			return Page[Said[entente.Use]]{}, nil
		}
		q.Agency = v.Agency
	}
	sq := store.Query{Type: entente.TypeUse, Desc: true, After: q.After, Limit: min(max(q.Limit, 0), 500)}
	for column, value := range map[string]string{"use.agency": q.Agency, "use.purpose": q.Purpose, "use.mode": q.Mode} {
		if value != "" {
			sq.Where = append(sq.Where, store.Cond{Column: column, Op: store.Eq, Value: value})
		}
	}
	slices.SortFunc(sq.Where, func(a, b store.Cond) int { // the cursor belongs to the query
		if a.Column < b.Column {
			return -1
		}
		return 1
	})
	if q.Release != nil {
		sq.Where = append(sq.Where, store.Cond{Column: "use_of.on_idx", Op: store.Eq, Value: int64(q.Release.Index)},
			store.Cond{Column: "use_of.on_log", Op: store.Eq, Value: q.Release.Log})
	}
	page, err := store.List[entente.Use](ctx, x.view(), sq)
	out := Page[Said[entente.Use]]{Next: page.Next}
	for i := range page.Items {
		if page.Items[i].Body != nil {
			out.Items = append(out.Items, saidOf(&page.Items[i]))
		}
	}
	return out, err
}

// secrets remembers keys that were derived from opened payloads, until they are
// shredded.
type secrets struct {
	mu   sync.Mutex
	held map[entente.Digest]store.ObjectKey
}

const maxSecrets = 1024

func (s *secrets) get(d entente.Digest) (store.ObjectKey, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.held[d]
	return k, ok
}

func (s *secrets) put(d entente.Digest, k store.ObjectKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held == nil || len(s.held) >= maxSecrets {
		s.held = map[entente.Digest]store.ObjectKey{}
	}
	s.held[d] = k
}

func (s *secrets) forget(d entente.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, d)
}
