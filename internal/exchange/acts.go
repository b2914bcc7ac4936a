package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"entente"
	"entente/internal/node"
	"entente/internal/store"
)

// By is who states something: an officer, the releasing officer where one joins at
// once, and an id (UUIDv7) under which saying it twice says it once; "" makes one.
type By struct {
	Officer *node.Officer
	Second  *node.Officer
	ID      string
}

// Done says what became of an act: appended, or waiting for a second officer.
type Done struct {
	Draft string
	// Entry is nil while it waits.
	Entry *node.Appended
}

// state takes an entry without content through the gate: appended at once where
// nobody else has to sign, or by the second officer given; else it waits as a draft.
func (x *Exchange) state(ctx context.Context, by By, t entente.Type, subject string, body any) (Done, error) {
	o := by.Officer
	raw, err := json.Marshal(body)
	if err != nil {
		return Done{}, err
	}
	d, err := x.stated(ctx, by, t)
	if err != nil {
		return Done{}, err
	}
	if d == nil {
		if subject == "" {
			subject = NewSubject()
		}
		user, err := x.s.User(ctx, o.Name())
		if err != nil {
			return Done{}, err
		}
		fresh, err := x.node.SaveDraft(ctx, store.WorkDraft{
			ID: by.ID, Type: t, Subject: subject, Audience: entente.Shared, Body: raw, Author: user.ID, Agency: o.Agency(),
		})
		if err != nil {
			return Done{}, err
		}
		d = &fresh
	}
	done := Done{Draft: d.ID}
	switch d.State {
	case store.DraftDone:
		done.Entry, err = x.standing(ctx, *d)
		return done, err
	case store.DraftWaiting:
	default:
		if done.Entry, err = x.node.Submit(ctx, d.ID, o); err != nil {
			// What was refused leaves no draft behind: it was never one to the person.
			return Done{}, errors.Join(err, x.node.Discard(ctx, d.ID, o.Name()))
		}
	}
	if done.Entry == nil && by.Second != nil {
		entry, err := x.node.Approve(ctx, d.ID, by.Second)
		if err != nil {
			return done, err
		}
		done.Entry = &entry
	}
	x.wake()
	return done, nil
}

// stated is the draft of an act that was begun before under the same id, or nil.
func (x *Exchange) stated(ctx context.Context, by By, t entente.Type) (*store.WorkDraft, error) {
	if by.ID == "" {
		return nil, nil
	}
	d, err := x.s.Draft(ctx, by.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case d.Type != t || d.Agency != by.Officer.Agency() || d.State == store.DraftDropped:
		return nil, store.ErrConflict
	}
	return &d, nil
}

// ApproveAct is the second officer's part in an act that waits.
func (x *Exchange) ApproveAct(ctx context.Context, draft string, second *node.Officer) (node.Appended, error) {
	if err := x.mayApprove(ctx, Officer(second), draft); err != nil {
		return node.Appended{}, err
	}
	done, err := x.node.Approve(ctx, draft, second)
	if err == nil {
		x.wake()
	}
	return done, err
}

// mayApprove: an act of the exchange is approved by who may read its draft.
func (x *Exchange) mayApprove(ctx context.Context, v Viewer, draft string) error {
	d, err := x.s.Draft(ctx, draft)
	if err != nil {
		return err
	}
	reads, err := x.ReadsDrafts(ctx, v)
	if err == nil && (!reads(d) || !d.Type.Exchange() && d.Type != entente.TypeWithdrawal) {
		err = ErrNotFound
	}
	return err
}

// seen is a release that the officer may see.
func (x *Exchange) seen(ctx context.Context, by By, ref entente.Ref) (*ReleaseState, error) {
	return x.Release(ctx, Officer(by.Officer), ref, x.now())
}

// Refuse answers a request with a no, without a note. One with a sealed note is
// composed: [Exchange.Begin].
func (x *Exchange) Refuse(ctx context.Context, by By, request entente.Ref, reason string) (Done, error) {
	r, err := x.Request(ctx, Officer(by.Officer), request, x.now())
	if err != nil {
		return Done{}, err
	}
	if r.State == Withdrawn || r.State == Answered || r.State == Refused {
		return Done{}, refusal("exchange.state", "the request is %s", r.State)
	}
	return x.state(ctx, by, entente.TypeRefusal, "", entente.Denial{Request: r.Ref, Reason: reason})
}

// Acknowledge takes an alert up.
func (x *Exchange) Acknowledge(ctx context.Context, by By, release entente.Ref) (Done, error) {
	return x.acknowledge(ctx, by, release, "")
}

// CloseAlert says what came of an alert: acted, not_acted or too_late.
func (x *Exchange) CloseAlert(ctx context.Context, by By, release entente.Ref, outcome string) (Done, error) {
	return x.acknowledge(ctx, by, release, outcome)
}

func (x *Exchange) acknowledge(ctx context.Context, by By, release entente.Ref, outcome string) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	if r.Body.Alert == nil || r.Direction != In {
		return Done{}, refusal("exchange.state", "it is no alert to this party")
	}
	subject := ""
	if a := r.Acknowledged; a != nil {
		if a.Body.Outcome == outcome || outcome == "" {
			return Done{Entry: &node.Appended{Ref: a.Ref, Existing: true}}, nil
		}
		subject = a.Subject // a later version closes it
	}
	return x.state(ctx, by, entente.TypeAcknowledgement, subject, entente.Acknowledgement{Release: r.Ref, Outcome: outcome})
}

// Feedback tells the originator what a release was good for.
func (x *Exchange) Feedback(ctx context.Context, by By, release entente.Ref, useful bool, outcomes []entente.Count) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	return x.state(ctx, by, entente.TypeFeedback, "", entente.Feedback{Release: r.Ref, Useful: useful, Outcomes: outcomes})
}

// AskOnward asks the originator to pass a release on to agencies of the own party.
func (x *Exchange) AskOnward(ctx context.Context, by By, release entente.Ref, purpose string, agencies []string) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	return x.state(ctx, by, entente.TypePermissionRequest, "", entente.PermissionRequest{
		Of: r.From, Kind: "onward", Release: &r.Ref, Agencies: agencies, Purpose: purpose,
	})
}

// AskUse asks the originator to use a release for another purpose.
func (x *Exchange) AskUse(ctx context.Context, by By, release entente.Ref, purpose string) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	return x.state(ctx, by, entente.TypePermissionRequest, "", entente.PermissionRequest{
		Of: r.From, Kind: "use", Release: &r.Ref, Purpose: purpose,
	})
}

// Answer answers a permission request: granted, until a day where one is given, or
// not, with a reason of the terms.
func (x *Exchange) Answer(ctx context.Context, by By, asked entente.Ref, granted bool, until entente.Date, reason string) (Done, error) {
	p, err := x.Permission(ctx, Officer(by.Officer), asked, x.now())
	if err != nil {
		return Done{}, err
	}
	if p.Direction != In {
		return Done{}, refusal("exchange.state", "it was not asked of this party")
	}
	subject := ""
	if p.Answer != nil {
		subject = p.Answer.Subject // a new answer replaces it
	}
	return x.state(ctx, by, entente.TypePermission, subject, entente.Permission{Asked: p.Ref, Granted: granted, Until: until, Reason: reason})
}

// PassOn passes a release on to agencies of the own party, within its handling or by
// a permission that stands. From then on they see it and may open it.
func (x *Exchange) PassOn(ctx context.Context, by By, release entente.Ref, purpose string, agencies []string) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	body := entente.Onward{Release: r.Ref, Agencies: agencies, Purpose: purpose}
	for _, p := range r.Permissions {
		covers := !slices.ContainsFunc(agencies, func(a string) bool { return !slices.Contains(p.Body.Agencies, a) })
		if p.State == Granted && p.Body.Kind == "onward" && p.Body.Purpose == purpose && covers {
			body.Permission = &p.Answer.Ref
		}
	}
	return x.state(ctx, by, entente.TypeOnward, "", body)
}

// Recall has a release shredded everywhere. It cannot be taken back.
func (x *Exchange) Recall(ctx context.Context, by By, release entente.Ref, reason string) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	if r.Recall != nil {
		return Done{Entry: &node.Appended{Ref: r.Recall.Ref, Existing: true}}, nil
	}
	return x.state(ctx, by, entente.TypeRecall, "", entente.Recall{Release: r.Ref, Reason: reason})
}

// Hold places a legal hold, or states a new review of the one that stands: the
// payload is locked instead of shredded.
func (x *Exchange) Hold(ctx context.Context, by By, release entente.Ref, ground string, authority entente.Text, review entente.Date) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	if r.DeletedBy(x.own) {
		return Done{}, refusal("exchange.gone", "%s", r.Ref)
	}
	subject := ""
	if h := r.Hold(x.own); h != nil {
		subject = h.Subject
	}
	return x.state(ctx, by, entente.TypeHold, subject, entente.Hold{Release: r.Ref, Ground: ground, Authority: authority, Review: review})
}

// LiftHold lifts the own legal hold: what was due meanwhile is done.
func (x *Exchange) LiftHold(ctx context.Context, by By, release entente.Ref) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	h := r.Hold(x.own)
	if h == nil {
		return Done{}, refusal("exchange.state", "no legal hold of this party stands")
	}
	return x.withdraw(ctx, by, h.Ref, h.Subject, entente.Text{ES: "Se levanta la retención legal.", EN: "The legal hold is lifted."})
}

// ReportMisuse reports that a release was used against its conditions, without a
// note. One with a sealed note is composed: [Exchange.Begin].
func (x *Exchange) ReportMisuse(ctx context.Context, by By, release entente.Ref, kind string, due time.Time) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	return x.state(ctx, by, entente.TypeMisuse, "", entente.Misuse{Release: r.Ref, Kind: kind, Due: due.UTC().Truncate(time.Second)})
}

// MisuseOutcome says what came of a report of misuse; it ends the freeze.
func (x *Exchange) MisuseOutcome(ctx context.Context, by By, release, misuse entente.Ref, outcome string) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	i := slices.IndexFunc(r.Misuse, func(m MisuseState) bool { return m.Ref == misuse })
	if i < 0 {
		return Done{}, ErrNotFound
	}
	if o := r.Misuse[i].Outcome; o != nil {
		return Done{}, refusal("exchange.state", "the report has the outcome %s", o.Body.Outcome)
	}
	return x.state(ctx, by, entente.TypeMisuseOutcome, "", entente.MisuseOutcome{Misuse: misuse, Outcome: outcome})
}

// Review is the second look at an emergency release.
func (x *Exchange) Review(ctx context.Context, by By, release entente.Ref, outcome string) (Done, error) {
	r, err := x.seen(ctx, by, release)
	if err != nil {
		return Done{}, err
	}
	if !r.Body.Emergency || r.Direction != Out || r.Review != nil {
		return Done{}, refusal("exchange.state", "there is no emergency release to review")
	}
	return x.state(ctx, by, entente.TypeReview, "", entente.Review{Release: r.Ref, Outcome: outcome})
}

// Pause suspends what the party lets out, in an area, of an agency, or all.
func (x *Exchange) Pause(ctx context.Context, by By, p entente.Pause) (Done, error) {
	pauses, err := x.Pauses(ctx)
	if err != nil {
		return Done{}, err
	}
	for _, was := range pauses {
		if was.Party == x.own && was.Body.Scope == p.Scope && was.Body.Area == p.Area && was.Body.Agency == p.Agency {
			return Done{Entry: &node.Appended{Ref: was.Ref, Existing: true}}, nil
		}
	}
	return x.state(ctx, by, entente.TypePause, "", p)
}

// Resume ends a pause of the own party.
func (x *Exchange) Resume(ctx context.Context, by By, pause entente.Ref) (Done, error) {
	v, err := byRef[entente.Pause](ctx, x, entente.TypePause, pause)
	if err != nil {
		return Done{}, err
	}
	if v.Header.Author.Party != x.own || v.Withdrawn {
		return Done{}, refusal("exchange.state", "no pause of this party stands there")
	}
	return x.withdraw(ctx, by, v.Ref, v.Subject, entente.Text{ES: "Se reanuda el intercambio.", EN: "The exchange is resumed."})
}

// WithdrawRequest takes a request of the own party back.
func (x *Exchange) WithdrawRequest(ctx context.Context, by By, request entente.Ref) (Done, error) {
	r, err := x.Request(ctx, Officer(by.Officer), request, x.now())
	if err != nil {
		return Done{}, err
	}
	if r.Direction != Out {
		return Done{}, refusal("exchange.state", "it is no request of this party")
	}
	if r.State == Withdrawn {
		return Done{Entry: &node.Appended{Ref: r.Withdrawal.Ref, Existing: true}}, nil
	}
	return x.withdraw(ctx, by, r.Ref, r.Subject, entente.Text{ES: "Se retira la solicitud.", EN: "The request is withdrawn."})
}

// WithdrawPermission takes a permission back that the own party gave, or one that it
// asked for: nothing rests on it from then on.
func (x *Exchange) WithdrawPermission(ctx context.Context, by By, asked entente.Ref) (Done, error) {
	p, err := x.Permission(ctx, Officer(by.Officer), asked, x.now())
	if err != nil {
		return Done{}, err
	}
	switch {
	case p.State == Withdrawn:
		return Done{}, refusal("exchange.state", "it was withdrawn before")
	case p.Direction == In && p.Answer != nil:
		return x.withdraw(ctx, by, p.Answer.Ref, p.Answer.Subject, entente.Text{ES: "Se retira el permiso.", EN: "The permission is withdrawn."})
	case p.Direction == Out:
		return x.withdraw(ctx, by, p.Ref, p.Subject, entente.Text{ES: "Se retira la solicitud de permiso.", EN: "The permission request is withdrawn."})
	}
	return Done{}, refusal("exchange.state", "it has no answer to withdraw")
}

func (x *Exchange) withdraw(ctx context.Context, by By, of entente.Ref, subject string, reason entente.Text) (Done, error) {
	return x.state(ctx, by, entente.TypeWithdrawal, subject, entente.Withdrawal{Of: of, Reason: reason})
}
