package exchange

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// State is the one clear state of a request, release or permission request.
type State string

// The states of requests; a late one waits beyond its due time.
const (
	Waiting   State = "waiting"
	Answered  State = "answered"
	Refused   State = "refused"
	Late      State = "late"
	Withdrawn State = "withdrawn" // of permission requests too
)

// The states of releases, from when it was sent to when it is gone.
const (
	Sent     State = "sent"
	Received State = "received"
	Rejected State = "rejected" // by the receiving node
	Frozen   State = "frozen"   // a report of misuse has no outcome yet
	Expired  State = "expired"  // its retention is over
	Recalled State = "recalled" // and not yet shredded at the receiving node
	Held     State = "held"     // a legal hold locks it at a node
	Deleted  State = "deleted"  // the receiving node shredded it
)

// The states of permission requests.
const (
	Asked   State = "asked"
	Granted State = "granted"
	Denied  State = "denied"
	Lapsed  State = "lapsed" // granted until a day that is over
)

// RequestStates, ReleaseStates and PermissionStates are those of each kind.
var (
	RequestStates    = []State{Waiting, Late, Answered, Refused, Withdrawn}
	ReleaseStates    = []State{Sent, Received, Rejected, Frozen, Expired, Recalled, Held, Deleted}
	PermissionStates = []State{Asked, Granted, Denied, Lapsed, Withdrawn}
)

// ReleaseState is a release with what became of it.
type ReleaseState struct {
	Side
	Body  *entente.Release
	State State
	// Receipt is the receiving node's, with the policies by which it decided.
	Receipt *Said[entente.Receipt]
	// Consent is the permission of the territory's owner that it rests on.
	Consent *PermissionState
	// Permissions are what was asked about it since.
	Permissions []*PermissionState
	// Acknowledged is the answer to an alert, and AcknowledgedAt when it first came.
	Acknowledged   *Said[entente.Acknowledgement]
	AcknowledgedAt time.Time
	Feedback       []Said[entente.Feedback]
	Onward         []Said[entente.Onward]
	Misuse         []MisuseState
	Recall         *Said[entente.Recall]
	// Holds are all legal holds; those lifted are Withdrawn.
	Holds     []Said[entente.Hold]
	Deletions []Said[entente.Deletion]
	// ReviewDue is when the review of an emergency release is due.
	ReviewDue time.Time
	Review    *Said[entente.Review]
	// Uses are this node's own; nobody else sees them.
	Uses   []Said[entente.Use]
	Clocks []Clock
}

// MisuseState is a report of misuse with what came of it.
type MisuseState struct {
	Said[entente.Misuse]
	Outcome *Said[entente.MisuseOutcome]
}

// Late reports whether an outcome is overdue, or came late.
func (m *MisuseState) Late(asOf time.Time) bool {
	if m.Outcome != nil {
		return m.Outcome.Time.After(m.Body.Due)
	}
	return asOf.After(m.Body.Due)
}

// DeletedBy reports whether a party's node stated that it shredded its copy.
func (r *ReleaseState) DeletedBy(p entente.Party) bool {
	return slices.ContainsFunc(r.Deletions, func(d Said[entente.Deletion]) bool { return d.Party == p })
}

// Hold returns the legal hold of a party that stands, or nil.
func (r *ReleaseState) Hold(p entente.Party) *Said[entente.Hold] {
	for i := range r.Holds {
		if h := &r.Holds[i]; h.Party == p && !h.Withdrawn {
			return h
		}
	}
	return nil
}

// Frozen reports whether a report of misuse has no outcome yet.
func (r *ReleaseState) Frozen() bool {
	return slices.ContainsFunc(r.Misuse, func(m MisuseState) bool { return m.Outcome == nil })
}

// ExpiresAt is the first moment after the last day that it may be kept.
func (r *ReleaseState) ExpiresAt() time.Time { return dayAfter(r.Body.Handling.Retain) }

// dayAfter is the first moment, in UTC, after a day; what is no day was over long
// ago.
func dayAfter(d entente.Date) time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, 1)
}

// PassedOn reports whether it was passed on to an agency of this party.
func (r *ReleaseState) PassedOn(agency string) bool {
	return slices.ContainsFunc(r.Onward, func(o Said[entente.Onward]) bool {
		return o.Party == r.To && slices.Contains(o.Body.Agencies, agency)
	})
}

// VisibleTo reports whether somebody of this party may know of it.
func (r *ReleaseState) VisibleTo(v Viewer) bool {
	return v.Oversight || r.concerns(v.Agency) || r.Direction == In && r.PassedOn(v.Agency) || r.escalatedTo(v.Agency)
}

// escalatedTo: whom an alert was escalated to knows of it.
func (r *ReleaseState) escalatedTo(agency string) bool {
	return slices.ContainsFunc(r.Clocks, func(c Clock) bool {
		return c.Kind == ClockAlert && c.Overdue && slices.Contains(c.Escalate, agency) && r.Direction == In
	})
}

// settle says which state it is in.
func (r *ReleaseState) settle(asOf time.Time) {
	held := slices.ContainsFunc(r.Holds, func(h Said[entente.Hold]) bool { return !h.Withdrawn })
	switch {
	case r.Receipt != nil && r.Receipt.Body.Verdict == verdictRejected:
		r.State = Rejected
	case r.DeletedBy(r.To):
		r.State = Deleted
	case held:
		r.State = Held
	case r.Recall != nil:
		r.State = Recalled
	case !asOf.Before(r.ExpiresAt()):
		r.State = Expired
	case r.Frozen():
		r.State = Frozen
	case r.Receipt != nil:
		r.State = Received
	default:
		r.State = Sent
	}
}

// The verdicts of a receipt.
const (
	verdictReceived = "received"
	verdictRejected = "rejected"
)

// RequestState is a request with its answers.
type RequestState struct {
	Side
	Body  *entente.Request
	State State
	// Releases answer it, oldest first; Refusal does so with a no.
	Releases []Said[entente.Release]
	Refusal  *Said[entente.Denial]
	// AnsweredAt is when the first answer was stated.
	AnsweredAt time.Time
	// Late: an answer is overdue, or came after it was due.
	Late bool
	// Versions are all versions of the request, newest first.
	Versions []entente.Ref
	// Withdrawal is the entry that took it back.
	Withdrawal *Said[entente.Withdrawal]
	Clocks     []Clock
}

// VisibleTo reports whether somebody of this party may know of it.
func (r *RequestState) VisibleTo(v Viewer) bool { return v.Oversight || r.concerns(v.Agency) }

func (r *RequestState) settle(withdrawn bool, asOf time.Time) {
	for _, rel := range r.Releases {
		r.first(rel.Time)
	}
	if r.Refusal != nil {
		r.first(r.Refusal.Time)
	}
	at := asOf
	if !r.AnsweredAt.IsZero() {
		at = r.AnsweredAt
	}
	r.Late = at.After(r.Body.Due)
	switch {
	case withdrawn:
		r.State, r.Late = Withdrawn, false
	case len(r.Releases) > 0:
		r.State = Answered
	case r.Refusal != nil:
		r.State = Refused
	case r.Late:
		r.State = Late
	default:
		r.State = Waiting
	}
}

func (r *RequestState) first(t time.Time) {
	if r.AnsweredAt.IsZero() || t.Before(r.AnsweredAt) {
		r.AnsweredAt = t
	}
}

// PermissionState is a permission request with its answer. Its Agencies are the
// points of contact of the party asked, who answer it.
type PermissionState struct {
	Side
	Body   *entente.PermissionRequest
	State  State
	Answer *Said[entente.Permission]
}

// VisibleTo reports whether somebody of this party may know of it.
func (p *PermissionState) VisibleTo(v Viewer) bool {
	return v.Oversight || p.concerns(v.Agency) || p.Direction == Out && slices.Contains(p.Body.Agencies, v.Agency)
}

func (p *PermissionState) settle(withdrawn bool, asOf time.Time) {
	switch {
	case p.Answer == nil && withdrawn, p.Answer != nil && p.Answer.Withdrawn:
		p.State = Withdrawn
	case p.Answer == nil:
		p.State = Asked
	case !p.Answer.Body.Granted:
		p.State = Denied
	case p.Answer.Body.Until != "" && !asOf.Before(dayAfter(p.Answer.Body.Until)):
		p.State = Lapsed
	default:
		p.State = Granted
	}
}

// said decodes what an entry said; false when it is no B.
func said[B any](v *store.Version[json.RawMessage]) (Said[B], bool) {
	s := Said[B]{
		Ref: v.Ref, Party: v.Header.Author.Party, Agency: v.Header.Author.Agency, Time: v.Header.Time, Subject: v.Subject,
		Decision: v.Header.Decision, Withdrawn: v.Withdrawn,
	}
	return s, v.Body != nil && json.Unmarshal(*v.Body, &s.Body) == nil
}

func saidOf[B any](v *store.Version[B]) Said[B] {
	return Said[B]{
		Ref: v.Ref, Party: v.Header.Author.Party, Agency: v.Header.Author.Agency, Time: v.Header.Time, Subject: v.Subject,
		Decision: v.Header.Decision, Withdrawn: v.Withdrawn, Body: *v.Body,
	}
}

// about returns the current entries that refer to some others, oldest first.
func (x *Exchange) about(ctx context.Context, refs []entente.Ref) ([]store.Version[json.RawMessage], error) {
	if len(refs) == 0 {
		return nil, nil
	}
	list, err := x.view().LinkedAny(ctx, refs, fold.LinkAbout)
	slices.SortStableFunc(list, func(a, b store.Version[json.RawMessage]) int {
		return cmp.Or(a.Header.Time.Compare(b.Header.Time), cmp.Compare(a.Ref.Log, b.Ref.Log), cmp.Compare(a.Ref.Index, b.Ref.Index))
	})
	return list, err
}

// releases works out how it stands with releases, from all that refers to them.
func (x *Exchange) releases(ctx context.Context, list []store.Version[entente.Release], asOf time.Time) ([]*ReleaseState, error) {
	rules, err := x.rules(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*ReleaseState, 0, len(list))
	byRef := map[entente.Ref]*ReleaseState{}
	var refs []entente.Ref
	for i := range list {
		v := &list[i]
		if v.Body == nil {
			continue
		}
		r := &ReleaseState{Side: sideOf(x, v, v.Body.To, v.Body.Recipients, v.Body.Copied), Body: v.Body}
		out, byRef[v.Ref], refs = append(out, r), r, append(refs, v.Ref)
	}
	found, err := x.about(ctx, refs)
	if err != nil {
		return nil, err
	}
	var asked, misuses []entente.Ref
	for i := range found {
		switch found[i].Type {
		case entente.TypePermissionRequest:
			asked = append(asked, found[i].Ref)
		case entente.TypeMisuse:
			misuses = append(misuses, found[i].Ref)
		}
	}
	answers, err := x.about(ctx, slices.Concat(asked, misuses))
	if err != nil {
		return nil, err
	}
	for i := range found {
		x.note(byRef, &found[i], answers, rules, asOf)
	}
	for _, r := range out {
		if err := x.complete(ctx, r, rules, asOf); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// complete adds what needs a look at other things, and settles the state.
func (x *Exchange) complete(ctx context.Context, r *ReleaseState, rules *rules, asOf time.Time) error {
	if r.Acknowledged != nil {
		thing, err := store.Get[entente.Acknowledgement](ctx, x.view(), entente.TypeAcknowledgement, string(r.Acknowledged.Party), r.Acknowledged.Subject)
		if err != nil {
			return err
		}
		r.AcknowledgedAt = thing.Versions[len(thing.Versions)-1].Header.Time
	}
	if r.Body.Emergency && rules.terms != nil {
		r.ReviewDue = r.Time.Add(time.Duration(rules.terms.ReviewHours) * time.Hour)
	}
	if r.Body.Consent != nil {
		consent, err := x.permissionBy(ctx, *r.Body.Consent, rules, asOf)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		r.Consent = consent
	}
	r.Clocks = releaseClocks(r, rules, x.own, asOf)
	r.settle(asOf)
	return nil
}

// note adds to the release that an entry is about what it says.
func (x *Exchange) note(byRef map[entente.Ref]*ReleaseState, v *store.Version[json.RawMessage], answers []store.Version[json.RawMessage], rules *rules, asOf time.Time) {
	switch v.Type {
	case entente.TypeReceipt:
		if s, ok := said[entente.Receipt](v); ok {
			// A node states one: of two, the first counts.
			add(byRef[s.Body.Release], s.Party, toParty, func(r *ReleaseState) { r.Receipt = firstOf(r.Receipt, s) })
		}
	case entente.TypeAcknowledgement:
		if s, ok := said[entente.Acknowledgement](v); ok && !s.Withdrawn {
			add(byRef[s.Body.Release], s.Party, toParty, func(r *ReleaseState) {
				if r.Acknowledged == nil || r.Acknowledged.Body.Outcome == "" {
					r.Acknowledged = &s
				}
			})
		}
	case entente.TypeFeedback:
		if s, ok := said[entente.Feedback](v); ok && !s.Withdrawn {
			add(byRef[s.Body.Release], s.Party, toParty, func(r *ReleaseState) { r.Feedback = append(r.Feedback, s) })
		}
	case entente.TypeOnward:
		if s, ok := said[entente.Onward](v); ok && !s.Withdrawn {
			add(byRef[s.Body.Release], s.Party, toParty, func(r *ReleaseState) { r.Onward = append(r.Onward, s) })
		}
	case entente.TypeRecall:
		// A recall cannot be taken back: the payload is gone.
		if s, ok := said[entente.Recall](v); ok {
			add(byRef[s.Body.Release], s.Party, fromParty, func(r *ReleaseState) { r.Recall = firstOf(r.Recall, s) })
		}
	case entente.TypeReview:
		if s, ok := said[entente.Review](v); ok {
			add(byRef[s.Body.Release], s.Party, fromParty, func(r *ReleaseState) { r.Review = firstOf(r.Review, s) })
		}
	default:
		x.noteOther(byRef, v, answers, rules, asOf)
	}
}

// noteOther is the second half of note.
func (x *Exchange) noteOther(byRef map[entente.Ref]*ReleaseState, v *store.Version[json.RawMessage], answers []store.Version[json.RawMessage], rules *rules, asOf time.Time) {
	switch v.Type {
	case entente.TypeDeletion:
		if s, ok := said[entente.Deletion](v); ok {
			add(byRef[s.Body.Release], s.Party, eitherParty, func(r *ReleaseState) { r.Deletions = append(r.Deletions, s) })
		}
	case entente.TypeHold:
		if s, ok := said[entente.Hold](v); ok {
			add(byRef[s.Body.Release], s.Party, eitherParty, func(r *ReleaseState) { r.Holds = append(r.Holds, s) })
		}
	case entente.TypeMisuse:
		if s, ok := said[entente.Misuse](v); ok && !s.Withdrawn {
			m := MisuseState{Said: s}
			for i := range answers {
				o, ok := said[entente.MisuseOutcome](&answers[i])
				if answers[i].Type == entente.TypeMisuseOutcome && ok && o.Body.Misuse == s.Ref {
					m.Outcome = firstOf(m.Outcome, o)
				}
			}
			add(byRef[s.Body.Release], s.Party, eitherParty, func(r *ReleaseState) { r.Misuse = append(r.Misuse, m) })
		}
	case entente.TypePermissionRequest:
		if p := x.permission(v, answers, rules, asOf); p != nil && p.Body.Release != nil {
			add(byRef[*p.Body.Release], p.From, toParty, func(r *ReleaseState) { r.Permissions = append(r.Permissions, p) })
		}
	case entente.TypeUse:
		if s, ok := said[entente.Use](v); ok {
			for _, ref := range s.Body.Releases {
				add(byRef[ref], s.Party, eitherParty, func(r *ReleaseState) { r.Uses = append(r.Uses, s) })
			}
		}
	}
}

// firstOf keeps what was there first.
func firstOf[B any](was *Said[B], s Said[B]) *Said[B] {
	if was != nil {
		return was
	}
	return &s
}

// Whose word counts: that of the party that it is to, or from, or of either. What
// somebody else says of it is shown at the entry, and changes nothing.
func toParty(r *ReleaseState, p entente.Party) bool     { return p == r.To }
func fromParty(r *ReleaseState, p entente.Party) bool   { return p == r.From }
func eitherParty(r *ReleaseState, p entente.Party) bool { return p == r.To || p == r.From }

func add(r *ReleaseState, p entente.Party, whose func(*ReleaseState, entente.Party) bool, do func(*ReleaseState)) {
	if r != nil && whose(r, p) {
		do(r)
	}
}

// permission works out how it stands with a permission request; nil when the entry
// is none.
func (x *Exchange) permission(v *store.Version[json.RawMessage], answers []store.Version[json.RawMessage], rules *rules, asOf time.Time) *PermissionState {
	s, ok := said[entente.PermissionRequest](v)
	if !ok || v.Type != entente.TypePermissionRequest {
		return nil
	}
	p := &PermissionState{Side: sideOf(x, v, s.Body.Of, rules.contacts(s.Body.Of), rules.contacts(s.Party)), Body: &s.Body}
	for i := range answers {
		a, ok := said[entente.Permission](&answers[i])
		if answers[i].Type == entente.TypePermission && ok && a.Body.Asked == s.Ref && a.Party == s.Body.Of {
			p.Answer = &a // the newest version is the current one
		}
	}
	p.settle(v.Withdrawn, asOf)
	return p
}

// permissionBy is the permission request that a permission answers.
func (x *Exchange) permissionBy(ctx context.Context, answer entente.Ref, rules *rules, asOf time.Time) (*PermissionState, error) {
	a, err := byRef[entente.Permission](ctx, x, entente.TypePermission, answer)
	if err != nil {
		return nil, err
	}
	return x.permissionOf(ctx, a.Body.Asked, rules, asOf)
}

func (x *Exchange) permissionOf(ctx context.Context, asked entente.Ref, rules *rules, asOf time.Time) (*PermissionState, error) {
	v, err := byRef[json.RawMessage](ctx, x, entente.TypePermissionRequest, asked)
	if err != nil {
		return nil, err
	}
	answers, err := x.about(ctx, []entente.Ref{v.Ref})
	if err != nil {
		return nil, err
	}
	p := x.permission(v, answers, rules, asOf)
	if p == nil {
		return nil, ErrNotFound
	}
	return p, nil
}

// requests works out how it stands with requests. Answers to any version of a
// request answer it.
func (x *Exchange) requests(ctx context.Context, list []store.Version[entente.Request], asOf time.Time) ([]*RequestState, error) {
	var out []*RequestState
	var refs []entente.Ref
	byRef := map[entente.Ref]*RequestState{}
	withdrawn := map[*RequestState]bool{}
	for i := range list {
		v := &list[i]
		if v.Body == nil {
			continue
		}
		r := &RequestState{Side: sideOf(x, v, v.Body.To, v.Body.Agencies, v.Body.Copied), Body: v.Body, Versions: []entente.Ref{v.Ref}}
		if len(v.Header.Supersedes) > 0 || v.Withdrawn {
			if err := x.history(ctx, v, r); err != nil {
				return nil, err
			}
		}
		for _, ref := range r.Versions {
			byRef[ref] = r
			refs = append(refs, ref)
		}
		withdrawn[r] = v.Withdrawn
		out = append(out, r)
	}
	found, err := x.about(ctx, refs)
	if err != nil {
		return nil, err
	}
	for i := range found {
		v := &found[i]
		switch v.Type {
		case entente.TypeRelease:
			if s, ok := said[entente.Release](v); ok && s.Body.Request != nil {
				if r := byRef[*s.Body.Request]; r != nil && s.Party == r.To {
					r.Releases = append(r.Releases, s)
				}
			}
		case entente.TypeRefusal:
			if s, ok := said[entente.Denial](v); ok {
				if r := byRef[s.Body.Request]; r != nil && s.Party == r.To {
					r.Refusal = firstOf(r.Refusal, s)
				}
			}
		}
	}
	for _, r := range out {
		r.settle(withdrawn[r], asOf)
		r.Clocks = requestClocks(r, x.own, asOf)
	}
	return out, nil
}

// history fills in the versions and the withdrawal of a request.
func (x *Exchange) history(ctx context.Context, v *store.Version[entente.Request], r *RequestState) error {
	thing, err := store.Get[entente.Request](ctx, x.view(), entente.TypeRequest, v.Writer, v.Subject)
	if err != nil {
		return err
	}
	r.Versions = nil
	for _, old := range thing.Versions {
		r.Versions = append(r.Versions, old.Ref)
	}
	if thing.Withdrawal != nil && thing.Withdrawal.Body != nil {
		s := saidOf(thing.Withdrawal)
		r.Withdrawal = &s
	}
	return nil
}
