package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"entente"
	"entente/internal/auth"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/seal"
	"entente/internal/store"
)

// showing is a node that does its part in the demonstration of the exchange, on the
// orders of the process that started it, through its own use cases and with the
// officers of the demonstration.
type showing struct {
	*exchange.Exchange
	node       *node.Node
	by, second *node.Officer
	user       store.User
}

// shown is what a step brought about.
type shown struct {
	Ref   *entente.Ref `json:"ref,omitempty"`
	Draft string       `json:"draft,omitempty"`
	// Gate are the rules that stand in the draft's way.
	Gate   []string       `json:"gate,omitempty"`
	Secret string         `json:"secret,omitempty"`
	States *exampleStates `json:"states,omitempty"`
}

// showSteps are the steps by name; about is the entry of the other side, or of an
// earlier step, that a step rests on. Each can be done again: what it finds done it
// leaves as it is.
var showSteps = map[string]func(s *showing, ctx context.Context, about entente.Ref) (shown, error){
	"ask": (*showing).ask, "answer": (*showing).answer, "use": (*showing).use,
	"refused": (*showing).refused, "ask-consent": (*showing).askConsent, "consent": (*showing).consent, "release-consented": (*showing).releaseConsented,
	"release-recalled": (*showing).releaseRecalled, "recall": (*showing).recall,
	"release-objects": (*showing).releaseObjects, "program": (*showing).program, "states": (*showing).states,
}

// show does one step, and says what it brought about.
func (r *running) show(ctx context.Context, q question) event {
	done, err := r.doShow(ctx, q)
	if err != nil {
		return event{Event: "shown", Error: fmt.Sprintf("%s: %v", q.Step, inWords(err))}
	}
	return event{Event: "shown", Shown: &done}
}

func (r *running) doShow(ctx context.Context, q question) (shown, error) {
	step := showSteps[q.Step]
	if step == nil || r.exchange == nil || !r.node.Demo() {
		return shown{}, errors.New("only a party's node of a demonstration shows the exchange, by the steps that it knows")
	}
	i := slices.IndexFunc(demoWriters(), func(n demoNode) bool { return n.Writer == r.node.Writer() })
	if i < 0 {
		return shown{}, errors.New("this node is none of the demonstration's")
	}
	name := demoWriters()[i].Name
	s := &showing{Exchange: r.exchange, node: r.node}
	var err error
	if s.by, err = r.node.UnlockOfficer(ctx, name+"-officer", demoPassword); err != nil {
		return shown{}, err
	}
	defer s.by.Lock()
	if s.second, err = r.node.UnlockOfficer(ctx, name+"-releasing", demoPassword); err != nil {
		return shown{}, err
	}
	defer s.second.Lock()
	if s.user, err = r.node.Store().User(ctx, s.by.Name()); err != nil {
		return shown{}, err
	}
	var about entente.Ref
	if q.About != nil {
		about = *q.About
	}
	return step(s, ctx, about)
}

// showWithin bounds how long a step waits for the other node.
const showWithin = time.Minute

// until waits for what this node or the other brings about.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, showWithin)
	defer cancel()
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it did not come about within %s: %s: %w", showWithin, what, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func now() time.Time { return time.Now().UTC() }

// drafted begins an example, or finds it begun, and puts in what it lacks.
func (s *showing) drafted(ctx context.Context, e example, body any) (*exchange.Draft, error) {
	d, err := s.Begin(ctx, s.user, e.t, e.id, body)
	if err != nil {
		return nil, err
	}
	if d.State != store.DraftOpen && d.State != store.DraftReturned {
		return d, nil
	}
	v := exchange.ViewerOf(s.user)
	if d.Text == "" {
		if err := s.SetText(ctx, v, d.ID, e.title, e.text); err != nil {
			return nil, err
		}
	}
	for _, name := range e.files {
		if slices.ContainsFunc(d.Files, func(f seal.File) bool { return f.Name == name }) {
			continue
		}
		if err := s.attach(ctx, d.ID, name); err != nil {
			return nil, err
		}
	}
	return s.Draft(ctx, v, d.ID)
}

func (s *showing) attach(ctx context.Context, draft, name string) error {
	f, err := exampleFiles.Open("examples/" + name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = s.Attach(ctx, exchange.ViewerOf(s.user), draft, name, exampleMedia[path.Ext(name)], f)
	return err
}

// send takes a draft through the gate, by both officers, from where it stands.
func (s *showing) send(ctx context.Context, d *exchange.Draft) (shown, error) {
	if d.State == store.DraftOpen || d.State == store.DraftReturned {
		done, err := s.Submit(ctx, d.ID, s.by)
		if err != nil {
			return shown{}, err
		}
		if done != nil {
			return shown{Ref: &done.Ref, Draft: d.ID}, nil
		}
	}
	done, err := s.Approve(ctx, d.ID, s.second)
	return shown{Ref: &done.Ref, Draft: d.ID}, err
}

// stating is who states what has no content.
func (s *showing) stating(id string) exchange.By {
	return exchange.By{Officer: s.by, Second: s.second, ID: id}
}

func stood(d exchange.Done, err error) (shown, error) {
	if err != nil {
		return shown{}, err
	}
	if d.Entry == nil {
		return shown{}, errors.New("it waits for a second officer")
	}
	return shown{Ref: &d.Entry.Ref, Draft: d.Draft}, nil
}

// release is how it stands with a release once this node knows of it and done says
// that it is far enough.
func (s *showing) release(ctx context.Context, ref entente.Ref, what string, done func(*exchange.ReleaseState) bool) (r *exchange.ReleaseState, err error) {
	err = until(ctx, what, func() (bool, error) {
		r, err = s.Release(ctx, exchange.Officer(s.by), ref, now())
		if errors.Is(err, exchange.ErrNotFound) {
			return false, nil
		}
		return err == nil && done(r), err
	})
	return r, err
}

// received: the receiving node stated its receipt.
func received(r *exchange.ReleaseState) bool { return r.Receipt != nil }

// releasing sends an example and waits for the other side's receipt.
func (s *showing) releasing(ctx context.Context, d *exchange.Draft) (shown, error) {
	out, err := s.send(ctx, d)
	if err != nil {
		return out, err
	}
	r, err := s.release(ctx, *out.Ref, "the receipt", received)
	if err == nil && r.State == exchange.Rejected {
		err = fmt.Errorf("the other node rejected the release %s: %s", r.Ref, r.Receipt.Body.Reason)
	}
	return out, err
}

// ask asks about a suspicious air shipment.
func (s *showing) ask(ctx context.Context, _ entente.Ref) (shown, error) {
	d, err := s.drafted(ctx, exampleQuestion, exampleRequest(now()))
	if err != nil {
		return shown{}, err
	}
	return s.send(ctx, d)
}

// answer reads the question and answers it by a release.
func (s *showing) answer(ctx context.Context, request entente.Ref) (shown, error) {
	err := until(ctx, "the request and what it asks", func() (bool, error) {
		r, err := s.Request(ctx, exchange.Officer(s.by), request, now())
		if errors.Is(err, exchange.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if r.State == exchange.Answered {
			return true, nil
		}
		opened, err := s.OpenQuestion(ctx, s.ReaderOf(s.user), request)
		if notHere(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return true, errors.Join(opened.Check(), opened.Close())
	})
	if err != nil {
		return shown{}, err
	}
	body := fromMexico(now(), "files")
	body.Request = &request
	d, err := s.drafted(ctx, exampleAnswer, body)
	if err != nil {
		return shown{}, err
	}
	return s.releasing(ctx, d)
}

// notHere: sealed content has not been fetched yet.
func notHere(err error) bool {
	var r *node.Refusal
	return errors.As(err, &r) && r.Code == "exchange.not_here"
}

// use opens a release for the purpose that it permits, and says what it was good for.
func (s *showing) use(ctx context.Context, ref entente.Ref) (shown, error) {
	r, err := s.release(ctx, ref, "the release and its receipt", received)
	if err != nil {
		return shown{}, err
	}
	if len(r.Uses) == 0 {
		opened, err := s.Open(ctx, s.ReaderOf(s.user), ref, examplePurpose)
		if err != nil {
			return shown{}, err
		}
		if err := errors.Join(opened.Check(), opened.Close()); err != nil {
			return shown{}, err
		}
	}
	return stood(s.Feedback(ctx, s.stating(exampleFeedbackID), ref, true, []entente.Count{{Kind: "investigation", N: 1}}))
}

// refused drafts what the gate does not let out: it was collected in the other's
// territory. It stays a draft.
func (s *showing) refused(ctx context.Context, _ entente.Ref) (shown, error) {
	d, err := s.drafted(ctx, exampleRefused, fromUnitedStates(now()))
	if err != nil {
		return shown{}, err
	}
	found, err := s.Gate(ctx, exchange.Officer(s.by), d.ID)
	if err != nil {
		return shown{}, err
	}
	out := shown{Draft: d.ID}
	for _, f := range found {
		if f.Blocking {
			out.Gate = append(out.Gate, f.Code)
		}
	}
	if _, err := s.Submit(ctx, d.ID, s.by); err == nil || len(out.Gate) == 0 {
		return out, errors.New("the gate let out what was collected in the other's territory without its consent")
	}
	return out, nil
}

// askConsent asks the owner of the territory for its consent to another release.
func (s *showing) askConsent(ctx context.Context, _ entente.Ref) (shown, error) {
	d, err := s.drafted(ctx, exampleConsented, fromUnitedStates(now()))
	if err != nil {
		return shown{}, err
	}
	asking, err := s.Draft(ctx, exchange.ViewerOf(s.user), exampleAsking.id)
	if errors.Is(err, store.ErrNotFound) || err == nil && asking.State == store.DraftOpen {
		asking, err = s.AskCollection(ctx, s.user, d.ID, exampleAsking.id, entente.MX, examplePurpose, exampleAsking.title, exampleAsking.text)
	}
	if err != nil {
		return shown{}, err
	}
	return s.send(ctx, asking)
}

// consent grants what was asked.
func (s *showing) consent(ctx context.Context, asked entente.Ref) (shown, error) {
	var out shown
	err := until(ctx, "the permission request", func() (bool, error) {
		p, err := s.Permission(ctx, exchange.Officer(s.by), asked, now())
		if errors.Is(err, exchange.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if p.Answer != nil {
			out = shown{Ref: &p.Answer.Ref}
			return true, nil
		}
		out, err = stood(s.Answer(ctx, s.stating(exampleConsentID), asked, true, "", ""))
		return err == nil, err
	})
	return out, err
}

// releaseConsented releases what the owner of the territory consented to.
func (s *showing) releaseConsented(ctx context.Context, consent entente.Ref) (shown, error) {
	err := until(ctx, "the permission", func() (bool, error) {
		_, err := store.ByRef[json.RawMessage](ctx, s.node.View(entente.Shared), consent.Log, consent.Index)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return shown{}, err
	}
	body := fromUnitedStates(now())
	body.Consent = &consent
	d, err := s.drafted(ctx, exampleConsented, body)
	if err != nil {
		return shown{}, err
	}
	if d.State == store.DraftOpen {
		if d, err = s.SaveBody(ctx, exchange.ViewerOf(s.user), d.ID, d.Revision, body); err != nil {
			return shown{}, err
		}
	}
	return s.releasing(ctx, d)
}

// releaseRecalled releases what will be recalled.
func (s *showing) releaseRecalled(ctx context.Context, _ entente.Ref) (shown, error) {
	d, err := s.drafted(ctx, exampleRecalled, fromMexico(now(), "files"))
	if err != nil {
		return shown{}, err
	}
	return s.releasing(ctx, d)
}

// recall recalls a release, and waits until both nodes said that they shredded it.
func (s *showing) recall(ctx context.Context, ref entente.Ref) (shown, error) {
	out, err := stood(s.Recall(ctx, s.stating(exampleRecallID), ref, "inaccurate"))
	if err != nil {
		return out, err
	}
	_, err = s.release(ctx, ref, "the deletion receipts of both nodes", func(r *exchange.ReleaseState) bool {
		return r.DeletedBy(entente.MX) && r.DeletedBy(entente.US)
	})
	return out, err
}

// releaseObjects releases STIX objects; the gate marks them in step with the handling.
func (s *showing) releaseObjects(ctx context.Context, _ entente.Ref) (shown, error) {
	d, err := s.drafted(ctx, exampleObjects, fromMexico(now(), "stix"))
	if err != nil {
		return shown{}, err
	}
	return s.releasing(ctx, d)
}

// program adds the account of a program that reads the objects, or gives it another
// secret: the first is not kept anywhere when a start was interrupted.
func (s *showing) program(ctx context.Context, _ entente.Ref) (shown, error) {
	clients, err := auth.NewClients(s.node.Store(), auth.DefaultCost, nil)
	if err != nil {
		return shown{}, err
	}
	_, secret, err := clients.Add(ctx, auth.NewClient{Name: exampleProgram, Agency: exampleAgency, Purpose: examplePurpose}, "demo")
	if errors.Is(err, store.ErrConflict) {
		secret, err = clients.Renew(ctx, exampleProgram, "demo")
	}
	return shown{Secret: secret}, err
}

// states counts requests, releases and permission requests by state.
func (s *showing) states(ctx context.Context, _ entente.Ref) (shown, error) {
	out := exampleStates{Requests: map[exchange.State]int{}, Releases: map[exchange.State]int{}, Permissions: map[exchange.State]int{}}
	asOf := now()
	requests, err := allOf(ctx, asOf, s.Requests)
	if err != nil {
		return shown{}, err
	}
	for _, r := range requests {
		out.Requests[r.State]++
	}
	releases, err := allOf(ctx, asOf, s.Releases)
	if err != nil {
		return shown{}, err
	}
	for _, r := range releases {
		out.Releases[r.State]++
	}
	permissions, err := allOf(ctx, asOf, s.Permissions)
	for _, p := range permissions {
		out.Permissions[p.State]++
	}
	return shown{States: &out}, err
}

// allOf reads a list to its end.
func allOf[T any](ctx context.Context, asOf time.Time, list func(context.Context, exchange.Viewer, exchange.Filter, time.Time) (exchange.Page[T], error)) (all []T, err error) {
	f := exchange.Filter{Limit: 500}
	for {
		page, err := list(ctx, exchange.Node, f, asOf)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if f.After = page.Next; f.After == "" {
			return all, nil
		}
	}
}
