package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/store"
)

// act is one thing that is said of a request, release, permission request or pause.
type act[B any] struct {
	id, path, summary string
	do                func(ctx context.Context, s *server, c *call, by exchange.By, in B) (exchange.Done, error)
}

// ActID is the id of an act, a UUIDv7 by the client: saying it twice under one id
// says it once.
type ActID struct {
	ID string `json:"id" format:"uuid"`
}

func (a ActID) actID() string { return a.ID }

// The bodies of the acts.
type (
	// RefuseRequest refuses a request; a refusal with a sealed note is composed.
	RefuseRequest struct {
		ActID
		Reason string `json:"reason"`
	}
	// AcknowledgeRequest takes an alert up, or closes it with an outcome.
	AcknowledgeRequest struct {
		ActID
		Outcome string `json:"outcome,omitempty" enum:"acted,not_acted,too_late"`
	}
	// FeedbackRequest says what a release was good for.
	FeedbackRequest struct {
		ActID
		Useful   bool            `json:"useful"`
		Outcomes []entente.Count `json:"outcomes,omitempty"`
	}
	// AskRequest asks the originator to pass a release on to agencies, or, without
	// agencies, to use it for another purpose.
	AskRequest struct {
		ActID
		Purpose  string   `json:"purpose"`
		Agencies []string `json:"agencies,omitempty"`
	}
	// PassOnRequest passes a release on within the party.
	PassOnRequest struct {
		ActID
		Purpose  string   `json:"purpose"`
		Agencies []string `json:"agencies"`
	}
	// RecallRequest recalls a release.
	RecallRequest struct {
		ActID
		Reason string `json:"reason" enum:"inaccurate,source_at_risk,legal,released_in_error,other"`
	}
	// HoldRequest places a legal hold, or states a new review of the one that stands.
	HoldRequest struct {
		ActID
		Ground    string       `json:"ground" enum:"court_order,pending_proceedings,disclosure_duty,audit"`
		Authority entente.Text `json:"authority"`
		Review    entente.Date `json:"review"`
	}
	// MisuseRequest reports misuse; a report with a sealed note is composed.
	MisuseRequest struct {
		ActID
		Kind string    `json:"kind" enum:"beyond_purpose,onward_without_permission,disclosure,kept_too_long,other"`
		Due  time.Time `json:"due"`
	}
	// OutcomeRequest says what came of a report of misuse.
	OutcomeRequest struct {
		ActID
		Outcome string `json:"outcome" enum:"founded,unfounded,remedied"`
	}
	// ReviewRequest is the second look at an emergency release.
	ReviewRequest struct {
		ActID
		Outcome string `json:"outcome" enum:"upheld,not_upheld"`
	}
	// AnswerRequest answers a permission request.
	AnswerRequest struct {
		ActID
		Granted bool         `json:"granted"`
		Until   entente.Date `json:"until,omitempty"`
		Reason  string       `json:"reason,omitempty"`
	}
	// PauseRequest pauses what this party lets out.
	PauseRequest struct {
		ActID
		entente.Pause
	}
)

// ActAnswer says what became of an act.
type ActAnswer struct {
	Notice
	// Draft is what waits for a second officer, by id, or was appended.
	Draft   string       `json:"draft,omitempty"`
	Waiting bool         `json:"waiting"`
	Entry   *entente.Ref `json:"entry,omitempty"`
	URL     string       `json:"url,omitempty"`
}

func (s *server) routeExchangeActs() {
	addAct(s, act[RefuseRequest]{"refuse-request", "requests/{writer}/{index}/refuse", "Refuse a request, with a reason of the terms", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in RefuseRequest) (exchange.Done, error) {
		return x.Refuse(ctx, by, ref, in.Reason)
	})})
	addAct(s, act[ActID]{"withdraw-request", "requests/{writer}/{index}/withdraw", "Take a request of this party back", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, _ ActID) (exchange.Done, error) {
		return x.WithdrawRequest(ctx, by, ref)
	})})
	addAct(s, act[AcknowledgeRequest]{"acknowledge-alert", "releases/{writer}/{index}/acknowledge", "Take an alert up, or close it with its outcome", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in AcknowledgeRequest) (exchange.Done, error) {
		if in.Outcome != "" {
			return x.CloseAlert(ctx, by, ref, in.Outcome)
		}
		return x.Acknowledge(ctx, by, ref)
	})})
	addAct(s, act[FeedbackRequest]{"give-feedback", "releases/{writer}/{index}/feedback", "Tell the originator what a release was good for", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in FeedbackRequest) (exchange.Done, error) {
		return x.Feedback(ctx, by, ref, in.Useful, in.Outcomes)
	})})
	addAct(s, act[AskRequest]{"ask-permission", "releases/{writer}/{index}/ask", "Ask the originator to pass a release on to agencies or, without agencies, to use it for another purpose", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in AskRequest) (exchange.Done, error) {
		if len(in.Agencies) > 0 {
			return x.AskOnward(ctx, by, ref, in.Purpose, in.Agencies)
		}
		return x.AskUse(ctx, by, ref, in.Purpose)
	})})
	addAct(s, act[PassOnRequest]{"pass-on", "releases/{writer}/{index}/onward", "Pass a release on to agencies of this party, within its handling or by a permission", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in PassOnRequest) (exchange.Done, error) {
		return x.PassOn(ctx, by, ref, in.Purpose, in.Agencies)
	})})
	addAct(s, act[RecallRequest]{"recall", "releases/{writer}/{index}/recall", "Have a release of this party shredded everywhere; it cannot be taken back", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in RecallRequest) (exchange.Done, error) {
		return x.Recall(ctx, by, ref, in.Reason)
	})})
	s.routeHoldsAndMisuse()
	addAct(s, act[AnswerRequest]{"answer-permission", "permissions/{writer}/{index}/answer", "Grant or refuse what was asked of this party", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in AnswerRequest) (exchange.Done, error) {
		return x.Answer(ctx, by, ref, in.Granted, in.Until, in.Reason)
	})})
	addAct(s, act[ActID]{"withdraw-permission", "permissions/{writer}/{index}/withdraw", "Take a permission back that this party gave, or a permission request of its own", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, _ ActID) (exchange.Done, error) {
		return x.WithdrawPermission(ctx, by, ref)
	})})
	addAct(s, act[PauseRequest]{"pause", "pauses", "Suspend what this party lets out: in an area, of an agency, or all", func(ctx context.Context, s *server, _ *call, by exchange.By, in PauseRequest) (exchange.Done, error) {
		return s.Exchange.Pause(ctx, by, in.Pause)
	}})
	addAct(s, act[ActID]{"resume", "pauses/{writer}/{index}/resume", "End a pause of this party", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, _ ActID) (exchange.Done, error) {
		return x.Resume(ctx, by, ref)
	})})
	s.routeWaitingActs()
}

func (s *server) routeHoldsAndMisuse() {
	addAct(s, act[HoldRequest]{"hold", "releases/{writer}/{index}/hold", "Place a legal hold: the payload is locked instead of shredded", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in HoldRequest) (exchange.Done, error) {
		return x.Hold(ctx, by, ref, in.Ground, in.Authority, in.Review)
	})})
	addAct(s, act[ActID]{"lift-hold", "releases/{writer}/{index}/lift", "Lift this party's legal hold; what was due meanwhile is done", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, _ ActID) (exchange.Done, error) {
		return x.LiftHold(ctx, by, ref)
	})})
	addAct(s, act[MisuseRequest]{"report-misuse", "releases/{writer}/{index}/misuse", "Report that a release was used against its conditions; it freezes onward use at once", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in MisuseRequest) (exchange.Done, error) {
		return x.ReportMisuse(ctx, by, ref, in.Kind, in.Due)
	})})
	addAct(s, act[OutcomeRequest]{"misuse-outcome", "releases/{writer}/{index}/misuse/{reporter}/{report}/outcome", "Say what came of a report of misuse", func(ctx context.Context, s *server, c *call, by exchange.By, in OutcomeRequest) (exchange.Done, error) {
		ref, err := s.ref(ctx, c)
		if err != nil {
			return exchange.Done{}, err
		}
		report, err := s.sharedRef(ctx, c.path("reporter"), c.path("report"))
		if err != nil {
			return exchange.Done{}, err
		}
		r, err := s.Exchange.Release(ctx, c.who.viewer(), ref, s.now())
		if err != nil {
			return exchange.Done{}, err
		}
		for i := range r.Misuse {
			if m := r.Misuse[i].Ref; m.Log == report.Log && m.Index == report.Index {
				report = m
			}
		}
		return s.Exchange.MisuseOutcome(ctx, by, r.Ref, report, in.Outcome)
	}})
	addAct(s, act[ReviewRequest]{"review", "releases/{writer}/{index}/review", "The second look at an emergency release of this party", onRef(func(ctx context.Context, x *exchange.Exchange, by exchange.By, ref entente.Ref, in ReviewRequest) (exchange.Done, error) {
		return x.Review(ctx, by, ref, in.Outcome)
	})})
}

// onRef is an act on the thing that the path names.
func onRef[B any](do func(context.Context, *exchange.Exchange, exchange.By, entente.Ref, B) (exchange.Done, error)) func(context.Context, *server, *call, exchange.By, B) (exchange.Done, error) {
	return func(ctx context.Context, s *server, c *call, by exchange.By, in B) (exchange.Done, error) {
		ref, err := s.ref(ctx, c)
		if err != nil {
			return exchange.Done{}, err
		}
		return do(ctx, s.Exchange, by, ref, in)
	}
}

// addAct registers an act. Its answer is 201 when it was appended, 200 when it had
// been before, 202 while it waits for a second officer.
func addAct[B interface{ actID() string }](s *server, a act[B]) {
	var empty B
	s.exchangeRoute(operation{
		id: a.id, method: http.MethodPost, path: a.path, summary: a.summary, act: mayState, body: s.schemaOf(empty), response: s.schemaOf(ActAnswer{}),
	}, func(ctx context.Context, c *call) (*answer, error) {
		var in B
		if err := decode(c, &in); err != nil {
			return nil, err
		}
		if err := uuid7OK("id", in.actID()); err != nil {
			return nil, err
		}
		by, err := c.by(in.actID())
		if err != nil {
			return nil, err
		}
		done, err := a.do(ctx, s, c, by, in)
		if err != nil {
			return nil, err
		}
		return s.actAnswer(ctx, done)
	})
}

func (s *server) actAnswer(ctx context.Context, done exchange.Done) (*answer, error) {
	n, err := s.notice(ctx)
	if err != nil {
		return nil, err
	}
	out := ActAnswer{Notice: n, Draft: done.Draft, Waiting: done.Entry == nil}
	status := http.StatusAccepted
	if e := done.Entry; e != nil {
		out.Entry, out.URL, status = &e.Ref, entryURL(e.Ref), http.StatusCreated
		if e.Existing {
			status = http.StatusOK
		}
	}
	return &answer{status: status, body: out}, nil
}

// routeWaitingActs are the routes of acts that wait for a second officer.
func (s *server) routeWaitingActs() {
	route := func(id, method, path, summary string, act auth.Act, body, response any, do func(context.Context, *call) (*answer, error)) {
		o := operation{id: id, method: method, path: path, summary: summary, act: act, response: s.schemaOf(response)}
		if body != nil {
			o.body = s.schemaOf(body)
		}
		s.exchangeRoute(o, do)
	}
	route("waiting-acts", http.MethodGet, "acts", "Acts that wait for a second officer of the caller's agency; at a point of contact, of any", mayDraft, nil, DraftsAnswer{}, s.waitingActs)
	route("approve-act", http.MethodPost, "acts/{id}/approve", "Be the second officer of an act that waits", mayRelease, nil, ActAnswer{}, s.approveAct)
	route("return-act", http.MethodPost, "acts/{id}/return", "Give up an act that waits, with a note to its author", mayRelease, ReturnRequest{}, DraftsAnswer{}, s.returnAct)
}

// agencies are those whose acts the caller may be the second officer of: the own
// one and, at a point of contact of the party, which is copied on everything that
// leaves, any ("").
func (s *server) agencies(ctx context.Context, c *call) ([]string, error) {
	if c.who.Agency == "" {
		return nil, nil
	}
	routes, err := s.Exchange.Routes(ctx)
	if err != nil {
		return nil, err
	}
	if own := routes[entente.Party(s.Store.Own())]; own != nil && slices.Contains(own.Contacts, c.who.Agency) {
		return []string{""}, nil
	}
	return []string{c.who.Agency}, nil
}

// isAct reports whether a draft is an act: what the exchange states without content.
func (s *server) isAct(ctx context.Context, d store.WorkDraft) bool {
	if d.Type == entente.TypeRequest || d.Type == entente.TypeRelease || !s.ofExchange(ctx, d) {
		return false
	}
	_, err := s.Store.Carried(ctx, d.ID)
	return errors.Is(err, store.ErrNotFound)
}

// waiting are the acts that wait for somebody like the caller.
func (s *server) waiting(ctx context.Context, c *call) ([]store.WorkDraft, error) {
	agencies, err := s.agencies(ctx, c)
	if err != nil {
		return nil, err
	}
	var out []store.WorkDraft
	for _, a := range agencies {
		all, err := s.Store.Drafts(ctx, store.DraftQuery{Agency: a, States: []store.DraftState{store.DraftWaiting}})
		if err != nil {
			return nil, err
		}
		for _, d := range all {
			if s.isAct(ctx, d) {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

func (s *server) waitingActs(ctx context.Context, c *call) (*answer, error) {
	list, err := s.waiting(ctx, c)
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	return &answer{body: DraftsAnswer{n, draftItemsOf(list)}}, err
}

// waitingAct finds an act that waits for somebody like the caller, or was appended.
func (s *server) waitingAct(ctx context.Context, c *call) (store.WorkDraft, error) {
	agencies, err := s.agencies(ctx, c)
	if err != nil {
		return store.WorkDraft{}, err
	}
	d, err := s.Store.Draft(ctx, c.path("id"))
	if err != nil {
		return d, err
	}
	open := d.State == store.DraftWaiting || d.State == store.DraftDone
	if !open || !s.isAct(ctx, d) || !slices.ContainsFunc(agencies, func(a string) bool { return a == "" || a == d.Agency }) {
		return store.WorkDraft{}, notFound()
	}
	return d, nil
}

func (s *server) approveAct(ctx context.Context, c *call) (*answer, error) {
	d, err := s.waitingAct(ctx, c)
	if err != nil {
		return nil, err
	}
	second, err := c.officer()
	if err != nil {
		return nil, err
	}
	a, err := s.Exchange.ApproveAct(ctx, d.ID, second)
	if err != nil {
		return nil, err
	}
	return s.actAnswer(ctx, exchange.Done{Draft: d.ID, Entry: &a})
}

func (s *server) returnAct(ctx context.Context, c *call) (*answer, error) {
	var in ReturnRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	d, err := s.waitingAct(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := s.Desk.Return(ctx, d.ID, c.who.Name, in.Note); err != nil {
		return nil, err
	}
	return s.waitingActs(ctx, c)
}

// withdrawn is what a withdrawal withdraws.
func withdrawn(body json.RawMessage) (entente.Ref, bool) {
	var w entente.Withdrawal
	if json.Unmarshal(body, &w) != nil || w.Of.Log == "" {
		return entente.Ref{}, false
	}
	return w.Of, true
}
