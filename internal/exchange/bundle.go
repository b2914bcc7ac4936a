package exchange

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"entente"
	"entente/internal/node"
	"entente/internal/payload"
	"entente/internal/seal"
	"entente/internal/stix"
	"entente/internal/store"
)

// errBundle: the content of a release in STIX form is no bundle of that handling.
var errBundle = errors.New("the content is no STIX 2.1 bundle in step with the handling of its release")

// bundleLimits bound a bundle, which is held whole; more travels as a file.
var bundleLimits = stix.Limits{Total: 256 << 20}

const bundleMedia = "application/stix+json;version=2.1"

// bundleOf reads the one file of a release in STIX form.
func bundleOf(r io.Reader) (*stix.Bundle, error) {
	b, err := stix.ParseBundle(r, bundleLimits)
	var bad *stix.Error
	if errors.As(err, &bad) {
		return nil, fmt.Errorf("%w: %w", errBundle, err)
	}
	return b, err
}

// faults are the findings that refuse a bundle under a handling, in words.
func faults(b *stix.Bundle, found []stix.Finding) error {
	found = append(stix.ValidateBundle(b), found...)
	if !stix.Refused(found) {
		return nil
	}
	var lines []string
	for _, f := range found {
		if f.Severity == stix.SeverityError && len(lines) < 5 {
			lines = append(lines, f.String())
		}
	}
	return fmt.Errorf("%w: %s", errBundle, strings.Join(lines, "; "))
}

// checkBundle says what stands in the way of releasing what a draft carries in STIX
// form.
func (x *Exchange) checkBundle(ctx context.Context, d store.WorkDraft, c *carried, r *entente.Release) (*node.Refusal, error) {
	if len(c.Files) != 1 {
		return refusal("exchange.stix", "it has %d files", len(c.Files)), nil
	}
	b, err := x.attachedBundle(ctx, d, c)
	if err == nil {
		err = faults(b, stix.Contradictions(b.Objects, r.Handling))
	}
	if err == nil && r.Consent != nil {
		// What was consented to is not marked any more: it would be something else.
		err = faults(b, stix.InStep(b.Objects, r.Handling))
	}
	if errors.Is(err, errBundle) {
		return refusal("exchange.stix", "%s", err), nil
	}
	return nil, err
}

func (x *Exchange) attachedBundle(ctx context.Context, d store.WorkDraft, c *carried) (*stix.Bundle, error) {
	f, err := x.open(ctx, d.Agency, c.Files[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return bundleOf(f)
}

// mark puts the markings of a handling on the bundle that a draft carries, where
// they are missing. It reports whether that changed it.
func (x *Exchange) mark(ctx context.Context, d store.WorkDraft, c *carried, h entente.Handling) (bool, error) {
	b, err := x.attachedBundle(ctx, d, c)
	if err != nil {
		return false, err
	}
	if len(stix.InStep(b.Objects, h)) == 0 {
		return false, nil
	}
	at := x.now()
	objects := b.Objects
	creator := stix.AgencyID(x.own, d.Agency)
	if !hasObject(objects, creator) {
		objects = append(objects, stix.AgencyIdentity(x.own, d.Agency, d.Agency, at))
	}
	marked, found, err := stix.Mark(objects, h, creator, at)
	if err != nil {
		return false, fmt.Errorf("%w: %w", errBundle, err)
	}
	if err := faults(&stix.Bundle{ID: b.ID, Objects: marked, Envelope: b.Envelope}, found); err != nil {
		return false, err
	}
	var out bytes.Buffer
	if err := stix.WriteBundle(&out, b.ID, marked); err != nil {
		return false, err
	}
	was := c.Files[0]
	c.Files = nil
	p, err := x.put(ctx, c, was.Name, bundleMedia, &out)
	if err != nil {
		return false, err
	}
	c.Files = []part{p}
	if err := x.saveCarried(ctx, c); err != nil {
		return false, err
	}
	if was.Sealed != nil {
		_, _, err = x.payloads.Shred(was.Sealed.Digest, leftover)
	}
	return true, err
}

func hasObject(objects []*stix.Object, id string) bool {
	for _, o := range objects {
		if o.ID == id {
			return true
		}
	}
	return false
}

// index takes the objects of a received release in STIX form; nobody sees them before
// the receipt stands ([Exchange.show]).
func (x *Exchange) index(ctx context.Context, r *ReleaseState, p *seal.Payload) error {
	m := p.Manifest()
	if len(m.Files) != 1 {
		return fmt.Errorf("%w: it has %d files", errBundle, len(m.Files))
	}
	_, f, err := p.Next()
	if err != nil {
		return err
	}
	b, err := bundleOf(f)
	if err != nil {
		return err
	}
	if err := p.Check(); err != nil {
		return err
	}
	if err := faults(b, stix.InStep(b.Objects, r.Body.Handling)); err != nil {
		return err
	}
	batch := store.ObjectBatch{Release: r.Ref, Areas: r.Areas}
	for _, o := range b.Objects {
		if predefined(o.ID) {
			continue
		}
		spec := o.SpecVersion
		if spec == "" {
			spec = "2.1"
		}
		object := store.Object{ID: o.ID, Type: o.Type, Spec: spec, Version: string(o.Version()), Raw: []byte(o.Raw())}
		for _, id := range o.Targets() {
			if !predefined(id) {
				object.Refs = append(object.Refs, id)
			}
		}
		batch.Objects = append(batch.Objects, object)
	}
	if err := x.fail("indexing"); err != nil {
		return err
	}
	return x.s.AddObjects(ctx, x.keyOf(m.Salt, r.Ref), batch)
}

// predefined reports whether an object is one that a standard, or this programme's
// specification, publishes: it is everybody's, and shows nothing.
func predefined(id string) bool {
	if _, ok := stix.TLPOf(id); ok {
		return true
	}
	for _, o := range stix.Definitions() {
		if o.ID == id {
			return true
		}
	}
	return false
}

// ownOf are those of some agencies that are this party's.
func (x *Exchange) ownOf(ctx context.Context, agencies []string) []string {
	rules, err := x.rules(ctx)
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range agencies {
		for _, c := range rules.contacts(x.own) {
			if a == c {
				out = append(out, a)
			}
		}
	}
	return out
}

// keyOf is the key under which the objects of a release are kept. It follows from
// the salt within the payload, so that it is at rest nowhere else, and gone when the
// payload is shredded.
func (x *Exchange) keyOf(salt entente.Digest, ref entente.Ref) (key store.ObjectKey) {
	mac := hmac.New(sha256.New, salt[:])
	fmt.Fprintf(mac, "entente objects\n%s\n%d", ref.Log, ref.Index)
	mac.Sum(key[:0])
	return key
}

// ObjectKey returns the key of the objects of a received release; [store.ErrNotFound]
// when it was destroyed. It implements taxii.Releases.
func (x *Exchange) ObjectKey(ctx context.Context, release entente.Ref) (store.ObjectKey, error) {
	v, err := byRef[entente.Release](ctx, x, entente.TypeRelease, release)
	if err != nil {
		return store.ObjectKey{}, err
	}
	d := v.Body.Content.Digest
	if x.payloads.Tombstoned(d) {
		return store.ObjectKey{}, fmt.Errorf("the key of the objects of %s: %w", release, store.ErrNotFound)
	}
	if key, ok := x.opened.get(d); ok {
		return key, nil
	}
	side := sideOf(x, v, v.Body.To, v.Body.Recipients, v.Body.Copied)
	p, closing, err := x.unseal(ctx, &side, v.Body.Content)
	if errors.Is(err, payload.ErrShredded) || errors.Is(err, payload.ErrNotFound) {
		return store.ObjectKey{}, fmt.Errorf("the key of the objects of %s: %w", release, store.ErrNotFound)
	}
	if err != nil {
		return store.ObjectKey{}, err
	}
	key := x.keyOf(p.Manifest().Salt, v.Ref)
	if err := closing.Close(); err != nil {
		return store.ObjectKey{}, err
	}
	x.opened.put(d, key)
	if x.payloads.Tombstoned(d) { // meanwhile
		x.opened.forget(d)
		return store.ObjectKey{}, fmt.Errorf("the key of the objects of %s: %w", release, store.ErrNotFound)
	}
	return key, nil
}

// dropObjects removes the objects of a release.
func (x *Exchange) dropObjects(ctx context.Context, ref entente.Ref) error {
	_, err := x.s.DropObjects(ctx, ref)
	return err
}

// showPassed shows the objects of a release to the agencies that it was passed on to.
func (x *Exchange) showPassed(ctx context.Context, j store.Job) error {
	o, err := settled[entente.Onward](ctx, x, j, entente.TypeOnward)
	if err != nil || o == nil {
		return err
	}
	return x.s.GrantObjects(ctx, o.Body.Release, o.Body.Agencies...)
}

// newBundle writes objects as a new bundle.
func newBundle(w io.Writer, objects []*stix.Object) error {
	return stix.WriteBundle(w, "bundle--"+uuid.NewString(), objects)
}

// day is the UTC day of a moment.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
