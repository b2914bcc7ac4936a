package exchange

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"entente"
	"entente/internal/payload"
	"entente/internal/seal"
	"entente/internal/store"
)

// dayKeys are the keys under which the database keeps what is not released yet: of
// drafts, and of what programs submitted. There is one a day and agency. Each is a
// payload, sealed to the agency, so that it is in no backup: once it is shredded,
// what it encrypted is gone from the backups too. That happens when its day is over
// and nothing waits under it, and at once when a release is shredded whose draft may
// have been under it.
type dayKeys []dayKey

type dayKey struct {
	Use     string         `json:"use"`
	Agency  string         `json:"agency"`
	Day     string         `json:"day"`
	Payload entente.Digest `json:"payload"`
	// Worn: nothing new is put under it, and it is being shredded.
	Worn bool `json:"worn,omitempty"`

	secret []byte
}

// The uses of day keys.
const (
	keyOfDrafts      = "draft"
	keyOfSubmissions = "submission"
)

const (
	keySize = 32
	// metaKeys is where it is kept which payloads hold keys.
	metaKeys = "exchange.keys"
	// worn is the cause of their tombstones.
	worn = "key"
)

func (x *Exchange) keyList(ctx context.Context) (dayKeys, error) {
	raw, err := x.s.Meta(ctx, metaKeys)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list dayKeys
	return list, json.Unmarshal(raw, &list)
}

func (x *Exchange) keepKeyList(ctx context.Context, list dayKeys) error {
	raw, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return x.s.SetMeta(ctx, metaKeys, raw)
}

// dayKey returns a key; [store.ErrNotFound] when there is none and none is made.
func (x *Exchange) dayKey(ctx context.Context, use, agency, day string, create bool) (dayKey, error) {
	x.keysMu.Lock()
	defer x.keysMu.Unlock()
	list, err := x.keyList(ctx)
	if err != nil {
		return dayKey{}, err
	}
	for _, k := range list {
		if !k.Worn && k.Use == use && k.Agency == agency && k.Day == day {
			k.secret, err = x.openKey(ctx, agency, k.Payload)
			if create && (errors.Is(err, payload.ErrNotFound) || errors.Is(err, payload.ErrShredded)) {
				break // the node was restored: what was under it is gone
			}
			return k, err
		}
	}
	if !create {
		return dayKey{}, fmt.Errorf("the key of the %ss of %s of %s: %w", use, agency, day, store.ErrNotFound)
	}
	k := dayKey{Use: use, Agency: agency, Day: day, secret: make([]byte, keySize)}
	_, _ = rand.Read(k.secret) // never fails
	sealed, err := x.keep(ctx, agency, func(w io.Writer) error {
		_, err := w.Write(k.secret)
		return err
	})
	if err != nil {
		return dayKey{}, err
	}
	k.Payload = sealed.Digest
	list = slices.DeleteFunc(list, func(o dayKey) bool { return o.Use == use && o.Agency == agency && o.Day == day })
	if err := x.keepKeyList(ctx, append(list, k)); err != nil {
		return dayKey{}, err
	}
	x.opened.put(k.Payload, store.ObjectKey(k.secret))
	return k, nil
}

// openKey opens the payload of a key.
func (x *Exchange) openKey(ctx context.Context, agency string, d entente.Digest) ([]byte, error) {
	if key, ok := x.opened.get(d); ok {
		return key[:], nil
	}
	r, err := x.payloads.Get(d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	ids, err := x.identities(ctx, agency)
	if err != nil {
		return nil, err
	}
	plain, err := seal.Decrypt(r, ids...)
	if err != nil {
		return nil, err
	}
	secret, err := io.ReadAll(io.LimitReader(plain, keySize+1))
	if err == nil && len(secret) != keySize {
		err = errors.New("a key of drafts is damaged")
	}
	if err == nil {
		x.opened.put(d, store.ObjectKey(secret))
	}
	return secret, err
}

// wearKeys shreds the keys that nothing waits under and whose day is over; those of
// drafts of one agency today too, when it is named: what waits under them is put
// under a new key first.
func (x *Exchange) wearKeys(ctx context.Context, now string) error {
	list, err := x.keyList(ctx)
	if err != nil {
		return err
	}
	today := day(x.now())
	due := func(k dayKey) bool {
		// A submission may come with yesterday's key: midnight was between.
		return k.Worn || k.Day < today && (k.Use == keyOfDrafts || k.Day < day(x.now().AddDate(0, 0, -1))) || k.Use == keyOfDrafts && k.Agency == now
	}
	if !slices.ContainsFunc(list, due) {
		return nil
	}
	waiting, err := x.s.WaitingAreas(ctx)
	if err != nil {
		return err
	}
	for _, k := range list {
		if !due(k) || k.Use == keyOfSubmissions && len(waiting) > 0 {
			continue
		}
		if err := x.wear(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// wear takes what is under a key out of its use and shreds it. Stopped at any moment,
// it goes on at the next round of a day.
func (x *Exchange) wear(ctx context.Context, k dayKey) error {
	err := x.changeKeys(ctx, func(list dayKeys) dayKeys {
		for i := range list {
			list[i].Worn = list[i].Worn || list[i].Payload == k.Payload
		}
		return list
	})
	if err != nil {
		return err
	}
	if k.Use == keyOfDrafts {
		if err := x.rekeyDrafts(ctx, k); err != nil {
			return err
		}
	}
	x.opened.forget(k.Payload)
	if _, _, err := x.payloads.Shred(k.Payload, worn); err != nil {
		return err
	}
	return x.changeKeys(ctx, func(list dayKeys) dayKeys {
		return slices.DeleteFunc(list, func(o dayKey) bool { return o.Payload == k.Payload })
	})
}

func (x *Exchange) changeKeys(ctx context.Context, change func(dayKeys) dayKeys) error {
	x.keysMu.Lock()
	defer x.keysMu.Unlock()
	list, err := x.keyList(ctx)
	if err != nil {
		return err
	}
	return x.keepKeyList(ctx, change(list))
}

// stands reports whether what was put under a key stays readable.
func (x *Exchange) stands(ctx context.Context, d entente.Digest) (bool, error) {
	list, err := x.keyList(ctx)
	return slices.ContainsFunc(list, func(k dayKey) bool { return k.Payload == d && !k.Worn }), err
}

// rekeyDrafts puts what drafts carry under a key of today.
func (x *Exchange) rekeyDrafts(ctx context.Context, k dayKey) error {
	all, err := x.s.AllCarried(ctx)
	if err != nil {
		return err
	}
	for _, kept := range all {
		if kept.Key != k.Payload {
			continue
		}
		if err := x.rekey(ctx, kept.Draft); err != nil {
			return err
		}
	}
	return nil
}

func (x *Exchange) rekey(ctx context.Context, draft string) error {
	defer x.composes.of(draft)()
	d, err := x.s.Draft(ctx, draft)
	if err != nil {
		return notFoundIsNil(err)
	}
	c, err := x.carriedBy(ctx, d)
	if errors.Is(err, payload.ErrShredded) || errors.Is(err, payload.ErrNotFound) {
		return nil
	}
	if err != nil || c.key.IsZero() {
		return err
	}
	c.secret = nil
	return x.saveCarried(ctx, c)
}
