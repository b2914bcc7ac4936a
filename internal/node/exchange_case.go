package node

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// exchangeCase is an entry of the exchange and how it stands, as both parties see
// it.
type exchangeCase struct {
	ref    entente.Ref
	typ    entente.Type
	author entente.Author
	body   any // typed, a pointer
	// withdrawn and superseded are as the shared view has it.
	withdrawn, superseded bool
	// recalled, frozen, holders and shredders are of a release.
	recalled, frozen   bool
	holders, shredders []entente.Party
	passed             []passedOn
	permits            []permit
	request            *exchangeCase // that a release answers, or that another entry is about
	release            *exchangeCase // that another entry is about
	consent            *consentGiven // that stands, of those a release cites
}

// passedOn is word that agencies of a party got a release.
type passedOn struct {
	by       entente.Party
	agencies []string
}

// permit is a permission that stands: to pass a release on, or to use it for
// another purpose.
type permit struct {
	kind     string
	to       entente.Party
	purpose  string
	agencies []string
	until    time.Time // the first moment after its last day, zero for none
}

func (p permit) stands(now time.Time) bool { return p.until.IsZero() || now.Before(p.until) }

// consentGiven is a permission on an item collected abroad.
type consentGiven struct {
	by, to entente.Party
	item   entente.Digest
	until  time.Time
}

// after is the first moment after a day; zero for none.
func after(d entente.Date) time.Time {
	first := firstMoment(d)
	switch {
	case first.IsZero():
		return first
	case len(d) == 4:
		return first.AddDate(1, 0, 0)
	case len(d) == 7:
		return first.AddDate(0, 1, 0)
	}
	return first.AddDate(0, 0, 1)
}

// readCase reads an entry and what was said about it; nil when there is no such
// admissible entry in the shared view.
func (n *Node) readCase(ctx context.Context, ref entente.Ref) (*exchangeCase, error) {
	c, err := n.readEntry(ctx, ref)
	if err != nil || c == nil {
		return nil, err
	}
	return c, n.readAround(ctx, c)
}

// readEntry reads an entry alone.
func (n *Node) readEntry(ctx context.Context, ref entente.Ref) (*exchangeCase, error) {
	v, err := store.ByRef[json.RawMessage](ctx, n.View(entente.Shared), ref.Log, ref.Index)
	if errors.Is(err, store.ErrNotFound) || err == nil && (v.Status != fold.Admissible || v.Ref.Leaf != ref.Leaf || v.Body == nil) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	rule, ok := entente.Rule(v.Type)
	if !ok {
		return nil, nil
	}
	c := &exchangeCase{ref: ref, typ: v.Type, author: v.Header.Author, body: rule.New(), withdrawn: v.Withdrawn, superseded: v.Superseded}
	return c, json.Unmarshal(*v.Body, c.body)
}

// readAround reads what a case is about, and what is about it.
func (n *Node) readAround(ctx context.Context, c *exchangeCase) (err error) {
	switch b := c.body.(type) {
	case *entente.Release:
		if err := n.readReleaseBasis(ctx, c, b); err != nil {
			return err
		}
		return n.readAfter(ctx, c)
	case *entente.PermissionRequest:
		if b.Release != nil {
			c.release, err = n.exchangeCase(ctx, *b.Release)
		}
	case *entente.Denial:
		c.request, err = n.exchangeCase(ctx, b.Request)
	case *entente.Misuse:
		c.release, err = n.exchangeCase(ctx, b.Release)
	}
	return err
}

// readReleaseBasis reads what a release, appended or not, answers and rests on.
func (n *Node) readReleaseBasis(ctx context.Context, c *exchangeCase, b *entente.Release) (err error) {
	if b.Request != nil {
		if c.request, err = n.exchangeCase(ctx, *b.Request); err != nil {
			return err
		}
	}
	c.consent, err = n.readConsent(ctx, b)
	return err
}

// readConsent reads the permission that a release rests on, as far as it stands.
func (n *Node) readConsent(ctx context.Context, b *entente.Release) (*consentGiven, error) {
	if b.Consent == nil {
		return nil, nil
	}
	given, err := n.readEntry(ctx, *b.Consent)
	if err != nil || given == nil || given.withdrawn || given.superseded {
		return nil, err
	}
	p, ok := given.body.(*entente.Permission)
	if !ok || !p.Granted {
		return nil, nil
	}
	asked, err := n.readEntry(ctx, p.Asked)
	if err != nil || asked == nil || asked.withdrawn {
		return nil, err
	}
	r, ok := asked.body.(*entente.PermissionRequest)
	if !ok || r.Kind != "collection" || r.Item == nil || r.Of != given.author.Party {
		return nil, nil
	}
	return &consentGiven{by: r.Of, to: asked.author.Party, item: *r.Item, until: after(p.Until)}, nil
}

// readAfter reads what followed a release.
func (n *Node) readAfter(ctx context.Context, c *exchangeCase) error {
	v := n.View(entente.Shared)
	about, err := v.Linked(ctx, c.ref, fold.LinkAbout)
	if err != nil {
		return err
	}
	var open []entente.Ref
	asked := map[entente.Ref]askedFor{}
	for _, x := range about {
		if x.Withdrawn || x.Body == nil {
			continue
		}
		party := x.Header.Author.Party
		switch x.Type {
		case entente.TypeRecall:
			c.recalled = c.recalled || party == c.author.Party
		case entente.TypeHold:
			c.holders = append(c.holders, party)
		case entente.TypeDeletion:
			c.shredders = append(c.shredders, party)
		case entente.TypeMisuse:
			open = append(open, x.Ref)
		case entente.TypeOnward:
			var b entente.Onward
			if err := json.Unmarshal(*x.Body, &b); err != nil {
				return err
			}
			c.passed = append(c.passed, passedOn{party, b.Agencies})
		case entente.TypePermissionRequest:
			a := askedFor{by: party}
			if err := json.Unmarshal(*x.Body, &a.PermissionRequest); err != nil {
				return err
			}
			asked[x.Ref] = a
		}
	}
	return n.readAnswers(ctx, c, open, asked)
}

// askedFor is a permission asked for, and by whom.
type askedFor struct {
	entente.PermissionRequest
	by entente.Party
}

// readAnswers reads the outcomes of reports of misuse and the permissions given.
func (n *Node) readAnswers(ctx context.Context, c *exchangeCase, misuses []entente.Ref, asked map[entente.Ref]askedFor) error {
	questions := slices.Clone(misuses)
	for ref := range asked {
		questions = append(questions, ref)
	}
	if len(questions) == 0 {
		return nil
	}
	answers, err := n.View(entente.Shared).LinkedAny(ctx, questions, fold.LinkAbout)
	if err != nil {
		return err
	}
	for _, x := range answers {
		if x.Withdrawn || x.Body == nil || x.Header.Author.Party != c.author.Party {
			continue // only the originator answers
		}
		switch x.Type {
		case entente.TypeMisuseOutcome:
			var b entente.MisuseOutcome
			if err := json.Unmarshal(*x.Body, &b); err != nil {
				return err
			}
			misuses = slices.DeleteFunc(misuses, func(r entente.Ref) bool { return r == b.Misuse })
		case entente.TypePermission:
			var b entente.Permission
			if err := json.Unmarshal(*x.Body, &b); err != nil {
				return err
			}
			if a, ok := asked[b.Asked]; ok && b.Granted && a.Of == c.author.Party {
				c.permits = append(c.permits, permit{a.Kind, a.by, a.Purpose, a.Agencies, after(b.Until)})
			}
		}
	}
	c.frozen = len(misuses) > 0
	return nil
}

// permitted reports whether a permission lets a party use a release for a purpose:
// at all or, where agencies are named, at these.
func (c *exchangeCase) permitted(to entente.Party, purpose string, agencies []string, now time.Time) bool {
	return slices.ContainsFunc(c.permits, func(p permit) bool {
		return p.to == to && p.purpose == purpose && p.stands(now) && (p.kind == "use" || p.covers(agencies))
	})
}

// passing reports whether a permission lets a party pass a release on to agencies
// for a purpose.
func (c *exchangeCase) passing(to entente.Party, purpose string, agencies []string, now time.Time) bool {
	return slices.ContainsFunc(c.permits, func(p permit) bool {
		return p.to == to && p.purpose == purpose && p.stands(now) && p.covers(agencies)
	})
}

func (p permit) covers(agencies []string) bool {
	return p.kind == "onward" && len(agencies) > 0 &&
		!slices.ContainsFunc(agencies, func(a string) bool { return !slices.Contains(p.agencies, a) })
}

// reaches reports whether an agency of a party has what the case carries: as one it
// is addressed or copied to or was passed on to, or as the one that states it.
func (c *exchangeCase) reaches(l *lists, party entente.Party, agency string) bool {
	if agency == "" {
		return false
	}
	if party == c.author.Party && agency == c.author.Agency {
		return true
	}
	switch b := c.body.(type) {
	case *entente.Release:
		return party == b.To && slices.Contains(b.Recipients, agency) || slices.Contains(b.Copied, agency) ||
			slices.ContainsFunc(c.passed, func(p passedOn) bool { return p.by == party && slices.Contains(p.agencies, agency) })
	case *entente.Request:
		return party == b.To && slices.Contains(b.Agencies, agency) || slices.Contains(b.Copied, agency)
	case *entente.PermissionRequest:
		if b.Release == nil { // it is for the points of contact of both
			r := l.routes[party]
			return (party == b.Of || party == c.author.Party) && r != nil && slices.Contains(r.Contacts, agency)
		}
	}
	for _, about := range []*exchangeCase{c.request, c.release} {
		if about != nil && about.reaches(l, party, agency) {
			return true
		}
	}
	return false
}
