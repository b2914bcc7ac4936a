package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"entente/internal/keys"
	"entente/internal/node"
	"entente/internal/store"
)

// ErrPassphrase means that a passphrase does not open a key.
var ErrPassphrase = keys.ErrPassphrase

// SignIn signs a person in by name and password, and unlocks the officer key where
// the same passphrase opens it. Errors are [ErrCredentials] and [*WaitError]; both
// are on the audit trail. r must have come through [Auth.Wrap].
func (a *Auth) SignIn(r *http.Request, name, password string) error {
	ctx := r.Context()
	name = strings.TrimSpace(name)
	if err := a.mayTry(name, address(r)); err != nil {
		return errors.Join(err, a.note(ctx, name, "sign_in", "refused"))
	}
	u, err := a.check(ctx, name, password)
	if errors.Is(err, ErrCredentials) {
		a.failures.fail(key(name, address(r)))
		return errors.Join(err, a.note(ctx, name, "sign_in", "refused"))
	}
	if err != nil {
		return err
	}
	a.failures.forget(key(name, address(r)))
	a.accounts.forget(strings.ToLower(name))
	if err := a.begin(ctx, u, "password"); err != nil {
		return err
	}
	if u.OfficerKey != "" {
		if err := a.unlock(ctx, u, password); err != nil && !errors.Is(err, keys.ErrPassphrase) && !isRefusal(err) {
			return err
		}
	}
	return a.note(ctx, u.Name, "sign_in", "done")
}

// mayTry takes one attempt of the account and of the address.
func (a *Auth) mayTry(name, addr string) error {
	wait, ok := a.addresses.allow(addr)
	if ok {
		wait, ok = a.accounts.allow(strings.ToLower(name))
	}
	if ok {
		wait, ok = a.failures.allow(key(name, addr))
	}
	if !ok {
		return &WaitError{wait}
	}
	return nil
}

func key(name, addr string) string { return strings.ToLower(name) + "\x00" + addr }

// check returns the user whose name and password these are. An unknown account
// costs what a known one does.
func (a *Auth) check(ctx context.Context, name, password string) (store.User, error) {
	u, err := a.store.User(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return u, err
	}
	known := err == nil && !u.Disabled && u.Password != ""
	hash := u.Password
	if !known {
		hash = a.decoy
	}
	a.hashing <- struct{}{}
	ok, err := CheckPassword(hash, password)
	<-a.hashing
	if err != nil {
		return u, err
	}
	if !ok || !known {
		return u, ErrCredentials
	}
	return u, nil
}

// begin starts the session of a person, under a new token.
func (a *Auth) begin(ctx context.Context, u store.User, via string) error {
	a.unlocked.drop(a.sessions.GetString(ctx, sessionKey))
	if err := a.sessions.Clear(ctx); err != nil {
		return err
	}
	if err := a.sessions.RenewToken(ctx); err != nil {
		return err
	}
	a.sessions.Put(ctx, sessionUser, u.ID)
	a.sessions.Put(ctx, sessionStamp, stamp(u))
	a.sessions.Put(ctx, sessionVia, via)
	a.sessions.Put(ctx, sessionSeen, a.o.Clock().Unix())
	return nil
}

// Unlock opens the signed-in person's officer key for this session. A wrong
// passphrase is [ErrCredentials]; attempts are limited like those to sign in.
func (a *Auth) Unlock(r *http.Request, passphrase string) error {
	ctx := r.Context()
	p := From(ctx)
	if p == nil {
		return ErrNotSignedIn
	}
	if err := a.mayTry(p.User.Name, address(r)); err != nil {
		return errors.Join(err, a.note(ctx, p.User.Name, "unlock_key", "refused"))
	}
	err := a.unlock(ctx, p.User, passphrase)
	if errors.Is(err, keys.ErrPassphrase) {
		a.failures.fail(key(p.User.Name, address(r)))
		return errors.Join(ErrCredentials, a.note(ctx, p.User.Name, "unlock_key", "refused"))
	}
	if err != nil {
		return err
	}
	a.failures.forget(key(p.User.Name, address(r)))
	p.key = a.unlocked.use(a.sessions.GetString(ctx, sessionKey))
	return a.note(ctx, p.User.Name, "unlock_key", "done")
}

func (a *Auth) unlock(ctx context.Context, u store.User, passphrase string) error {
	officer, err := a.o.Node.UnlockOfficer(ctx, u.Name, passphrase)
	if err != nil {
		return err
	}
	a.unlocked.drop(a.sessions.GetString(ctx, sessionKey))
	name := random(16)
	a.unlocked.hold(name, officer)
	a.sessions.Put(ctx, sessionKey, name)
	return nil
}

// SecondOfficer opens the officer key of another person who is at the same keyboard,
// for one act; whoever calls locks it again. A name or passphrase that is not right
// is [ErrCredentials]; attempts are limited like those to sign in, and noted.
func (a *Auth) SecondOfficer(r *http.Request, name, passphrase string) (*node.Officer, error) {
	ctx := r.Context()
	first, err := a.Identify(r)
	if err != nil {
		return nil, err
	}
	if err := a.mayTry(name, address(r)); err != nil {
		return nil, errors.Join(err, a.note(ctx, name, "unlock_key", "refused"))
	}
	u, err := a.store.User(ctx, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && (u.Disabled || u.OfficerKey == "" || u.ID == first.User.ID) {
		err = keys.ErrPassphrase
	}
	var officer *node.Officer
	if err == nil {
		officer, err = a.o.Node.UnlockOfficer(ctx, name, passphrase)
	}
	if errors.Is(err, keys.ErrPassphrase) {
		a.failures.fail(key(name, address(r)))
		return nil, errors.Join(ErrCredentials, a.note(ctx, name, "unlock_key", "refused"))
	}
	if err != nil {
		return nil, err
	}
	a.failures.forget(key(name, address(r)))
	return officer, a.note(ctx, name, "unlock_key", "done")
}

// Lock drops the officer key of this session; the person stays signed in.
func (a *Auth) Lock(ctx context.Context) {
	a.unlocked.drop(a.sessions.PopString(ctx, sessionKey))
}

// SignOut ends the session and drops its key.
func (a *Auth) SignOut(ctx context.Context) error {
	a.unlocked.drop(a.sessions.GetString(ctx, sessionKey))
	if err := a.sessions.Destroy(ctx); err != nil {
		return err
	}
	if p := From(ctx); p != nil {
		return a.note(ctx, p.User.Name, "sign_out", "done")
	}
	return nil
}

// ChangePassword changes the signed-in person's password, and the passphrase of
// the officer key where the old password opens it. Every other session of the
// person ends.
func (a *Auth) ChangePassword(r *http.Request, old, fresh string) error {
	ctx := r.Context()
	p := From(ctx)
	if p == nil {
		return ErrNotSignedIn
	}
	if err := a.mayTry(p.User.Name, address(r)); err != nil {
		return err
	}
	u, err := a.check(ctx, p.User.Name, old)
	if errors.Is(err, ErrCredentials) {
		a.failures.fail(key(p.User.Name, address(r)))
	}
	if err != nil {
		return err
	}
	hash, err := a.Hash(fresh)
	if err != nil {
		return err
	}
	rekeyed := false
	if u.OfficerKey != "" {
		err := a.o.Node.ChangeOfficerPassphrase(ctx, u.Name, old, fresh)
		if err != nil && !errors.Is(err, keys.ErrPassphrase) {
			return err
		}
		rekeyed = err == nil
	}
	u.Password = hash
	if err := a.store.UpdateUser(ctx, u); err != nil {
		if rekeyed { // both stay as they were
			err = errors.Join(err, a.o.Node.ChangeOfficerPassphrase(ctx, u.Name, fresh, old))
		}
		return err
	}
	if err := a.sessions.RenewToken(ctx); err != nil {
		return err
	}
	a.sessions.Put(ctx, sessionStamp, stamp(u))
	return a.note(ctx, u.Name, "change_password", "done")
}

// Hash hashes a new password at the node's cost.
func (a *Auth) Hash(password string) (string, error) {
	a.hashing <- struct{}{}
	defer func() { <-a.hashing }()
	return HashPassword(password, a.o.Cost)
}

func (a *Auth) note(ctx context.Context, actor, act, outcome string) error {
	if len(actor) > 64 {
		actor = actor[:64]
	}
	return a.store.AddAudit(ctx, store.AuditEvent{Actor: strings.ToValidUTF8(actor, ""), Act: act, Outcome: outcome})
}

func isRefusal(err error) bool {
	var r *node.Refusal
	return errors.As(err, &r)
}

// keyring holds the officers' keys that sessions have unlocked. What is not used
// for the idle time is locked.
type keyring struct {
	mu   sync.Mutex
	idle time.Duration
	held map[string]*heldKey
}

type heldKey struct {
	officer *node.Officer
	timer   *time.Timer
}

func (k *keyring) hold(name string, o *node.Officer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held[name] = &heldKey{officer: o, timer: time.AfterFunc(k.idle, func() { k.drop(name) })}
}

// use returns a key held and puts off its locking.
func (k *keyring) use(name string) *heldKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.held[name]
	if h != nil {
		h.timer.Reset(k.idle)
	}
	return h
}

// drop locks a key for good.
func (k *keyring) drop(name string) {
	k.mu.Lock()
	h := k.held[name]
	delete(k.held, name)
	k.mu.Unlock()
	if h != nil {
		h.timer.Stop()
		h.officer.Lock()
	}
}

// Close locks all keys, when the node stops.
func (a *Auth) Close() {
	a.unlocked.mu.Lock()
	names := make([]string, 0, len(a.unlocked.held))
	for name := range a.unlocked.held {
		names = append(names, name)
	}
	a.unlocked.mu.Unlock()
	for _, name := range names {
		a.unlocked.drop(name)
	}
}
