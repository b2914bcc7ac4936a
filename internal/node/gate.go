package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/policy"
)

// officers is what a gate asks about those who sign.
type officers struct {
	by, second *Officer
	// ideal stands for two persons as the gate wants them, one a releasing officer.
	ideal bool
}

func signersOf(by, second *Officer) officers { return officers{by: by, second: second} }

// persons counts the different persons who sign.
func (o officers) persons(asked int) int {
	switch {
	case o.ideal:
		return max(asked, 2)
	case o.by != nil && o.second != nil && o.by.Person() != o.second.Person():
		return 2
	case o.by != nil || o.second != nil:
		return 1
	}
	return 0
}

// check: the second officer is a releasing one, and another person than the one
// who signs first and than the one who drafted.
func (o officers) check(drafter string) error {
	if o.second == nil {
		return nil
	}
	if !o.second.Releasing() {
		return refused("gate.not_releasing").with("%s", o.second.Name())
	}
	same := o.by != nil && o.by.Person() == o.second.Person()
	if same || strings.EqualFold(o.second.Name(), drafter) {
		return refused("gate.same_person").with("%s", o.second.Name())
	}
	return nil
}

func (o officers) roles() []string {
	switch {
	case o.ideal:
		return []string{RoleReleasing}
	case o.by != nil:
		return o.by.user.Roles
	case o.second != nil:
		return o.second.user.Roles
	}
	return nil
}

// decide asks the policies in force and returns the record of the decision, nil
// where nothing leaves the national audience.
func (n *Node) decide(ctx context.Context, p *plan, by officers) (*entente.Decision, error) {
	if err := by.check(p.drafter()); err != nil {
		return nil, err
	}
	if p.rule.Joint {
		if err := n.agreeable(ctx, p.body); err != nil {
			return nil, err
		}
	}
	d, err := n.judge(ctx, p, by)
	if err != nil {
		return nil, err
	}
	if !d.Allow {
		return nil, d.refusals()[0]
	}
	if p.Audience == entente.National {
		return nil, nil
	}
	gate := entente.GateRelease
	if p.Audience == entente.Public {
		gate = entente.GatePublication
	}
	return &entente.Decision{Gate: gate, Policy: d.Digest, Policies: d.Policies, Inner: p.inner}, nil
}

// question is what the policies are asked, and by which law.
type question struct {
	request policy.Request
	law     *law
	found   []policy.Found
}

// judgement is a decision with what its words are made of.
type judgement struct {
	policy.Decision
	question
}

// askedFor is how many officers the gate asks for: as the charter says of the log,
// but none where the node states it by itself, and two where the type says so.
func (l *law) askedFor(p *plan) int {
	switch p.rule.Signers {
	case entente.SignedByNode:
		return 0
	case entente.SignedByTwo:
		return max(l.asked[p.Audience], 2)
	}
	return l.asked[p.Audience]
}

// judge puts a plan before the policies in force.
func (n *Node) judge(ctx context.Context, p *plan, by officers) (judgement, error) {
	q, err := n.ask(ctx, p, by)
	if err != nil {
		return judgement{}, err
	}
	return judgement{q.law.set.Decide(q.request), q}, nil
}

// ask gathers what the decision on a plan goes by.
func (n *Node) ask(ctx context.Context, p *plan, by officers) (question, error) {
	l, err := n.inForce(ctx)
	if err != nil {
		return question{}, err
	}
	asked := l.askedFor(p)
	q := question{law: l, found: policy.ScanBody(p.raw), request: policy.Request{
		Act: policy.ActFor(p.Audience), Author: p.author, Roles: by.roles(), Type: p.Type, Writer: n.self.Writer.Writer(),
		OwnTerritory: true, Now: n.clock(), Charter: l.charter != nil, Asked: asked, Officers: by.persons(asked),
		Second: by.ideal || by.second != nil,
	}}
	r := &q.request
	for _, f := range q.found {
		if k := string(f.Kind); !slices.Contains(r.Identifiers, k) {
			r.Identifiers = append(r.Identifiers, k)
		}
	}
	if err := n.describe(ctx, p, r); err != nil {
		return question{}, err
	}
	return q, n.describeExchange(ctx, p, by, r)
}

// describe tells the policies what the body says of itself.
func (n *Node) describe(ctx context.Context, p *plan, r *policy.Request) (err error) {
	r.Sources, r.Verbatim = cited(p.body)
	if j, ok := p.body.(interface{ JointPart() entente.Joint }); ok {
		r.Required = j.JointPart().Required
		if p.Audience == entente.Public {
			r.Consents, err = n.consents(ctx, p.Type, p.Subject, entente.DigestOf(p.raw))
		}
	}
	switch b := p.body.(type) {
	case *entente.Account:
		r.Of = string(b.Of)
	case *entente.Position:
		if log, err := n.store.Log(ctx, b.On.Log); err == nil {
			r.Of = log.Writer
		}
	case *entente.Action:
		r.NotBefore = firstMoment(b.NotBefore)
		for _, s := range b.States {
			r.OwnTerritory = r.OwnTerritory && strings.HasPrefix(s, string(n.self.Writer.Party)+"-")
		}
	}
	return err
}

// cited counts the sources of a body and tells whether its text is verbatim.
func cited(body any) (sources int, verbatim bool) {
	v := reflect.ValueOf(body).Elem()
	if f := v.FieldByName("Sources"); f.IsValid() {
		sources = f.Len()
	}
	if f := v.FieldByName("Wording"); f.IsValid() {
		verbatim = f.String() == string(entente.Verbatim)
	}
	return sources, verbatim
}

// firstMoment is the beginning, in UTC, of what a date names; zero for none and
// for what is no date, which the schema refuses.
func firstMoment(d entente.Date) time.Time {
	layout := map[int]string{4: "2006", 7: "2006-01", 10: time.DateOnly}[len(d)]
	t, err := time.Parse(layout, string(d))
	if d == "" || err != nil {
		return time.Time{}
	}
	return t
}

// refusals are the texts of the policies that refused, by name.
func (d *judgement) refusals() []*Refusal {
	var list []*Refusal
	for _, name := range d.Policies {
		if d.law.unusable != nil {
			list = append(list, refused("node.policy_unusable").with("%s", d.law.unusable))
			continue
		}
		text := d.law.set.Refusal(name, d.request.Exchange)
		r := &Refusal{Code: "policy." + name, Rule: text.Rule, Mend: text.Mend, Policies: d.Policies}
		if strings.Contains(name, "identifiers") && len(d.found) > 0 {
			r.Field = d.found[0].Path
			for i, f := range d.found {
				if i > 0 {
					r.Detail += "; "
				}
				r.Detail += fmt.Sprintf("%s: %s (%s)", f.Path, f.Excerpt, f.Kind)
			}
		}
		if len(d.Errors) > 0 {
			r.Detail = strings.Join(d.Errors, "; ")
		}
		list = append(list, r)
	}
	return list
}

// Finding is something that stands, or would stand, in the way.
type Finding struct {
	*Refusal
	// Blocking is false for what the second officer's signature will settle.
	Blocking bool
}

// Check says what stands in the way of an intent, without appending or signing
// anything. By and Second may be nil: what only they can settle is not blocking.
func (n *Node) Check(ctx context.Context, in Intent) ([]Finding, error) {
	var list []Finding
	if r := n.ReadOnly(); r != nil {
		list = append(list, Finding{r, true})
	}
	p, err := n.plan(in)
	if err != nil {
		return findings(list, err)
	}
	if _, err := entry.DecodeBody(p.Type, p.raw); err != nil {
		if list, err = findings(list, asMalformed(err)); err != nil {
			return nil, err
		}
	}
	if list, err = findings(list, n.wider(p)); err != nil {
		return nil, err
	}
	if p.rule.Joint {
		if list, err = findings(list, n.agreeable(ctx, p.body)); err != nil {
			return nil, err
		}
	}
	if _, err := n.signer(p.origin, entente.RoleAgency, p.Agency); err != nil {
		if list, err = findings(list, err); err != nil {
			return nil, err
		}
	}
	return n.checkGate(ctx, p, list)
}

// checkGate adds what the policies say: as it is now, and as it would be with the
// officers that the gate wants.
func (n *Node) checkGate(ctx context.Context, p *plan, list []Finding) ([]Finding, error) {
	by := signersOf(p.By, p.Second)
	list, err := findings(list, by.check(p.drafter()))
	if err != nil {
		return nil, err
	}
	now, err := n.judge(ctx, p, by)
	if err != nil {
		return findings(list, err)
	}
	if now.Allow {
		return list, nil
	}
	with, err := n.judge(ctx, p, officers{ideal: true})
	if err != nil {
		return nil, err
	}
	for i, r := range now.refusals() {
		blocking := !with.Allow && slices.Contains(with.Policies, now.Policies[i])
		list = append(list, Finding{r, blocking})
	}
	return list, nil
}

// findings adds a refusal to the list; any other error is passed on.
func findings(list []Finding, err error) ([]Finding, error) {
	if err == nil {
		return list, nil
	}
	var r *Refusal
	if !errors.As(err, &r) {
		return nil, err
	}
	return append(list, Finding{r, true}), nil
}

// wider: what is referred to must be at least as widely readable as the entry.
func (n *Node) wider(p *plan) error {
	var narrow []string
	for field, ref := range refsOf(p.raw) {
		if a, ok := entente.OriginAudience(ref.Log); ok && a.Rank() > p.Audience.Rank() {
			narrow = append(narrow, fmt.Sprintf("%s: %s is %s", field, ref, a))
		}
	}
	if len(narrow) == 0 {
		return nil
	}
	slices.Sort(narrow)
	r := byRule("rule.reference_wider", strings.Join(narrow, "; "))
	r.Field, _, _ = strings.Cut(narrow[0], ":")
	return r
}

// refsOf returns the references in a body by their paths: objects of exactly log,
// index and leaf.
func refsOf(raw json.RawMessage) map[string]entente.Ref {
	refs := map[string]entente.Ref{}
	var walk func(path string, raw json.RawMessage)
	walk = func(path string, raw json.RawMessage) {
		if len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
			return
		}
		if raw[0] == '[' {
			var list []json.RawMessage
			if json.Unmarshal(raw, &list) == nil {
				for i, v := range list {
					walk(fmt.Sprintf("%s.%d", path, i), v)
				}
			}
			return
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			return
		}
		var ref entente.Ref
		if len(object) == 3 && object["log"] != nil && object["leaf"] != nil && json.Unmarshal(raw, &ref) == nil {
			refs[strings.TrimPrefix(path, ".")] = ref
			return
		}
		for k, v := range object {
			walk(path+"."+k, v)
		}
	}
	walk("", raw)
	return refs
}
