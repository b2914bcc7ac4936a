package loader

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"entente"
	"entente/internal/node"
	"entente/internal/programme"
	"entente/internal/store"
)

func getPublic(ctx context.Context, n *node.Node, k programme.Key) (*store.Thing[json.RawMessage], error) {
	return store.Get[json.RawMessage](ctx, n.View(entente.Public), k.Type, k.Writer, k.Subject)
}

// id derives the id of an entry from the programme's code, the item and what of it
// is stated: a UUIDv7 whose time is the programme's day and the item's place, so
// that ids grow as entries are appended, and whose rest is a digest.
func (l *load) id(it *item, what string) string {
	day, err := time.Parse(time.DateOnly, string(l.Programme.Charter.Announced))
	if err != nil {
		day = time.Unix(0, 0)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", l.Programme.Code, it.Key(), what))
	var id uuid.UUID
	ms := day.UnixMilli() + int64(it.place)
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	copy(id[6:], sum[:10])
	id[6] = id[6]&0x0f | 0x70 // version 7
	id[8] = id[8]&0x3f | 0x80 // RFC 9562's variant
	return id.String()
}

// intent is an item on its way into a log.
func (l *load) intent(it *item, a entente.Audience, body any) node.Intent {
	return node.Intent{
		ID: l.id(it, string(a)), Type: it.Type, Subject: it.Subject, Agency: it.Author.Agency, Audience: a, Body: body,
		By: l.By, Second: l.Second,
	}
}

// ready is an item with the intent it became.
type ready struct {
	it *item
	in node.Intent
}

// entries states, in the public log, items that are not joint and whose needs
// stand. It returns how many.
func (l *load) entries(ctx context.Context) (int, error) {
	var list []ready
	for _, it := range l.items {
		if it.joint || it.stage == public {
			continue
		}
		body, ok, err := l.bound(ctx, it)
		if err != nil {
			return 0, err
		}
		if ok {
			list = append(list, ready{it, l.intent(it, entente.Public, body)})
		}
	}
	return len(list), l.append(ctx, list, func(r ready, a node.Appended) {
		r.it.stage = public
		l.targets[r.it.Key()] = programme.Target{Ref: a.Ref}
	})
}

// halves states this party's halves of the joint items that want says.
func (l *load) halves(ctx context.Context, want func(*item) bool) (int, error) {
	var list []ready
	for _, it := range l.items {
		if !it.joint || !want(it) {
			continue
		}
		body, ok, err := l.bound(ctx, it)
		if err != nil {
			return 0, err
		}
		if ok {
			list = append(list, ready{it, l.intent(it, entente.Shared, body)})
		}
	}
	return len(list), l.append(ctx, list, func(r ready, _ node.Appended) { r.it.stage = half })
}

// append hands a list to the node, and tells of each what became of it. Where a
// batch is refused, the item at fault is found and named by its file and line.
func (l *load) append(ctx context.Context, list []ready, done func(ready, node.Appended)) error {
	return chunks(list, func(part []ready) error {
		var intents []node.Intent
		for _, r := range part {
			intents = append(intents, r.in)
		}
		all, err := l.Node.AppendAll(ctx, intents...)
		if err != nil {
			return l.blame(ctx, part, err)
		}
		for i, a := range all {
			done(part[i], a)
		}
		l.report(false)
		return nil
	})
}

// blame finds the item for which a batch was refused.
func (l *load) blame(ctx context.Context, part []ready, err error) error {
	for _, r := range part {
		found, checkErr := l.Node.Check(ctx, r.in)
		if checkErr != nil || len(found) == 0 {
			continue
		}
		return fmt.Errorf("%s:%d: %s: %w", r.it.File, r.it.Line, r.it.Key(), found[0].Refusal)
	}
	return fmt.Errorf("%s:%d and what follows: %w", part[0].it.File, part[0].it.Line, err)
}

// joints looks at how the joint things stand and moves the stages on.
func (l *load) joints(ctx context.Context) error {
	if l.writer.Party == "" {
		return nil
	}
	shared, err := l.Node.JointStates(ctx, entente.Shared, "", "")
	if err != nil {
		return err
	}
	byThing := map[programme.Key][]node.JointPart{}
	for _, p := range shared {
		k := programme.Key{Type: p.Type, Subject: p.Subject}
		byThing[k] = append(byThing[k], p)
	}
	for _, it := range l.items {
		if !it.joint || it.stage == public {
			continue
		}
		for _, p := range byThing[programme.Key{Type: it.Type, Subject: it.Subject}] {
			l.look(it, p)
		}
	}
	return nil
}

// look takes in how one body of a joint thing stands.
func (l *load) look(it *item, p node.JointPart) {
	own, ok := p.Have[l.writer.Party]
	if !ok {
		return
	}
	it.stage = max(it.stage, half)
	if p.Complete {
		it.body = p.Body
	}
	for _, party := range p.Consented {
		if party == l.writer.Party {
			it.stage = max(it.stage, consented)
		}
	}
	if a, _ := entente.OriginAudience(own.Log); a == entente.Public {
		it.stage = public
		l.targets[it.Key()] = programme.Target{Ref: own, Digest: p.Body}
	}
}

// publish consents to joint bodies that are complete, and publishes those that all
// parties consented to. It returns how many moved on.
func (l *load) publish(ctx context.Context) (int, error) {
	shared, err := l.Node.JointStates(ctx, entente.Shared, "", "")
	if err != nil {
		return 0, err
	}
	agreed := map[entente.Digest]node.JointPart{}
	for _, p := range shared {
		agreed[p.Body] = p
	}
	moved, err := l.consent(ctx)
	if err != nil {
		return 0, err
	}
	var refs []entente.Ref
	var going []*item
	for _, it := range l.items {
		p := agreed[it.body]
		if !it.joint || it.stage != consented || it.body.IsZero() || len(p.Consented) < len(l.Programme.Parties) {
			continue
		}
		refs, going = append(refs, p.Have[l.writer.Party]), append(going, it)
	}
	if len(refs) == 0 {
		return moved, nil
	}
	all, err := l.Node.PublishAll(ctx, l.By, l.Second, refs...)
	if err != nil {
		return 0, fmt.Errorf("publishing %d joint texts: %w", len(refs), err)
	}
	for i, it := range going {
		it.stage = public
		l.targets[it.Key()] = programme.Target{Ref: all[i].Ref, Digest: it.body}
	}
	return moved + len(going), nil
}

// consent consents to all complete bodies that this party has not consented to.
func (l *load) consent(ctx context.Context) (int, error) {
	var list []ready
	for _, it := range l.items {
		if !it.joint || it.stage != half || it.body.IsZero() {
			continue
		}
		in := node.ConsentIntent(it.Type, it.Subject, it.body, node.Intent{
			ID: l.id(it, "consent"), Agency: it.Author.Agency, By: l.By, Second: l.Second,
		})
		list = append(list, ready{it, in})
	}
	return len(list), l.append(ctx, list, func(r ready, _ node.Appended) { r.it.stage = consented })
}
