package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"entente"
	"entente/internal/node"
	"entente/internal/payload"
	"entente/internal/stix"
	"entente/internal/store"
)

// What programs read and submit over TAXII: *Exchange implements the interfaces
// Releases, Uses and Drafts of internal/taxii.

// maxUsed is how many releases one use entry names at most.
const maxUsed = 200

// RecordUse records, in the national log, that an account reads objects of releases.
func (x *Exchange) RecordUse(ctx context.Context, c store.Client, releases []entente.Ref) error {
	var in []node.Intent
	for some := range slices.Chunk(releases, maxUsed) {
		in = append(in, node.Intent{
			Type: entente.TypeUse, Subject: NewSubject(), Agency: c.Agency, Audience: entente.National, Supersedes: []entente.Ref{},
			Body: entente.Use{Releases: some, Agency: c.Agency, Purpose: c.Purpose, By: c.Digest, Mode: ModeTAXII},
		})
	}
	if len(in) == 0 {
		return nil
	}
	_, err := x.node.AppendAll(ctx, in...)
	return err
}

// SubmissionKey returns the key under which submissions of an account wait: its
// agency's of the day. It implements taxii.Drafts.
func (x *Exchange) SubmissionKey(ctx context.Context, c store.Client, _ string) (store.ObjectKey, error) {
	key, err := x.dayKey(ctx, keyOfSubmissions, c.Agency, day(x.now()), true)
	if err != nil {
		return store.ObjectKey{}, err
	}
	return store.ObjectKey(key.secret), nil
}

// Submitted tells that submissions wait: the receiving loop makes a draft of them.
func (x *Exchange) Submitted(store.Client, string) {
	x.work.submitted.Store(true)
	x.wake()
}

const (
	// takeAtOnce is how many submissions become one draft at most.
	takeAtOnce = 500
	// gathering is how long a draft waits for more of what a program submits.
	gathering = 2 * time.Second
	// programRole marks the user that stands for an account as the author of drafts.
	programRole = "program"
)

// takeSubmissions makes drafts of what programs submitted: one for what an account
// submitted for an area since the last. It waits a little for what a program submits
// in one go, and returns how long.
func (x *Exchange) takeSubmissions(ctx context.Context) (wait time.Duration, err error) {
	areas, err := x.s.WaitingAreas(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range areas {
		left, err := x.takeArea(ctx, a)
		if err != nil {
			return 0, err
		}
		if left > 0 && (wait == 0 || left < wait) {
			wait = left
		}
	}
	return wait, nil
}

func (x *Exchange) takeArea(ctx context.Context, a store.WaitingArea) (wait time.Duration, err error) {
	for {
		all, err := x.s.WaitingSubmissions(ctx, a.Client, a.Area, takeAtOnce)
		if err != nil || len(all) == 0 {
			return 0, err
		}
		if left := all[0].At.Add(gathering).Sub(x.now()); left > 0 && left <= gathering {
			return left, nil
		}
		if err := x.takeInto(ctx, all); err != nil {
			return 0, err
		}
	}
}

// takeInto makes one draft of submissions. Its id follows from the first: after a
// crash the same draft is made again.
func (x *Exchange) takeInto(ctx context.Context, all []store.Submission) error {
	first := all[0]
	client, err := x.s.ClientByID(ctx, first.Client)
	if err != nil {
		return err
	}
	author, err := x.program(ctx, client)
	if err != nil {
		return err
	}
	objects, taken, err := x.submitted(ctx, all)
	if err != nil {
		return err
	}
	id := stateBy("submission "+first.ID, entente.Ref{}, first.At)
	d, err := x.Begin(ctx, author, entente.TypeRelease, id, entente.Release{Form: formSTIX, Areas: []string{first.Area}})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := newBundle(&b, objects); err != nil {
		return err
	}
	if slices.Contains(editable, d.State) {
		if _, err := x.Attach(ctx, ViewerOf(author), d.ID, "bundle.json", bundleMedia, &b); err != nil {
			return err
		}
	}
	if err := x.fail("submission"); err != nil {
		return err
	}
	return x.s.TakeSubmissions(ctx, taken...)
}

// program is the user that stands for an account as the author of drafts: it can
// neither sign in nor sign.
func (x *Exchange) program(ctx context.Context, c store.Client) (store.User, error) {
	name := fmt.Sprintf("%s-%d", programRole, c.ID)
	u, err := x.s.User(ctx, name)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	return x.s.AddUser(ctx, store.User{Name: name, Display: c.Name, Agency: c.Agency, Roles: []string{}, Disabled: true})
}

// maxBundle bounds what submissions become one draft, in bytes.
const maxBundle = 32 << 20

// submitted opens submissions and returns their objects, each version once, and the
// ids of those that were opened. One whose key is gone for good is taken with none.
func (x *Exchange) submitted(ctx context.Context, all []store.Submission) (objects []*stix.Object, taken []string, err error) {
	seen := map[string]bool{}
	size := 0
	for _, sub := range all {
		raw, err := x.openSubmission(ctx, sub)
		if errors.Is(err, payload.ErrNotFound) || errors.Is(err, payload.ErrShredded) || errors.Is(err, store.ErrNotFound) {
			x.log.ErrorContext(ctx, "a submission cannot be opened any more", "submission", sub.ID, "error", err)
			taken = append(taken, sub.ID)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if size += len(raw); size > maxBundle && len(taken) > 0 {
			break
		}
		envelope := slices.Concat([]byte(`{"objects":`), raw, []byte(`}`))
		dec := stix.NewDecoder(bytes.NewReader(envelope), bundleLimits)
		for {
			o, err := dec.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, nil, err
			}
			if key := o.ID + " " + string(o.Version()); !seen[key] {
				seen[key] = true
				objects = append(objects, o)
			}
		}
		taken = append(taken, sub.ID)
	}
	return objects, taken, nil
}

// openSubmission opens a submission with the key of its day, or of one beside it:
// midnight may have come between the key and the submission.
func (x *Exchange) openSubmission(ctx context.Context, sub store.Submission) (raw []byte, err error) {
	for _, d := range []int{0, -1, 1} {
		key, missing := x.dayKey(ctx, keyOfSubmissions, sub.Agency, day(sub.At.AddDate(0, 0, d)), false)
		if missing != nil {
			err = missing
			continue
		}
		if raw, err = sub.Open(store.ObjectKey(key.secret)); err == nil {
			return raw, nil
		}
	}
	return nil, err
}
