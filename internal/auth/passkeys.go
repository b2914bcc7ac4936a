package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"entente/internal/store"
)

// ErrNoPasskeys means that the desk's address does not allow passkeys, or none was set.
var ErrNoPasskeys = errors.New("passkeys need a desk with a host name")

// relyingParty prepares WebAuthn (W3C, Level 3) for an origin; nil where it is not
// possible.
func relyingParty(origin, writer string) (*webauthn.WebAuthn, error) {
	u, err := url.Parse(origin)
	if err != nil {
		return nil, fmt.Errorf("the desk's address: %w", err)
	}
	if u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return nil, nil
	}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "Entente " + writer, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// Passkeys reports whether people can use passkeys here.
func (a *Auth) Passkeys() bool { return a.passkeys != nil }

// holder is a user as WebAuthn sees one.
type holder struct {
	user store.User
	keys []webauthn.Credential
}

// WebAuthnID implements webauthn.User: an opaque handle that never changes.
func (h holder) WebAuthnID() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "entente user %d %d", h.user.ID, h.user.Created.UnixMilli()))
	return sum[:]
}

// WebAuthnName implements webauthn.User.
func (h holder) WebAuthnName() string { return h.user.Name }

// WebAuthnDisplayName implements webauthn.User.
func (h holder) WebAuthnDisplayName() string { return h.user.Display }

// WebAuthnCredentials implements webauthn.User.
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (a *Auth) holder(ctx context.Context, u store.User) (holder, error) {
	h := holder{user: u}
	held, err := a.store.Passkeys(ctx, u.ID)
	for _, p := range held {
		var c webauthn.Credential
		if err := json.Unmarshal(p.Data, &c); err != nil {
			return h, fmt.Errorf("passkey %x: %w", p.ID, err)
		}
		h.keys = append(h.keys, c)
	}
	return h, err
}

// ceremony keeps what a ceremony needs at its end, and returns its options as JSON.
func (a *Auth) ceremony(ctx context.Context, options any, data *webauthn.SessionData) ([]byte, error) {
	kept, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	a.sessions.Put(ctx, sessionWeb, string(kept))
	return json.Marshal(options)
}

// kept returns what the ceremony that is being ended needs, once.
func (a *Auth) kept(ctx context.Context) (data webauthn.SessionData, err error) {
	s := a.sessions.PopString(ctx, sessionWeb)
	if s == "" {
		return data, ErrCredentials
	}
	err = json.Unmarshal([]byte(s), &data)
	return data, err
}

// BeginPasskey begins to add a passkey to the signed-in person; it returns the
// options of navigator.credentials.create as JSON.
func (a *Auth) BeginPasskey(ctx context.Context) ([]byte, error) {
	p := From(ctx)
	switch {
	case p == nil:
		return nil, ErrNotSignedIn
	case a.passkeys == nil:
		return nil, ErrNoPasskeys
	}
	h, err := a.holder(ctx, p.User)
	if err != nil {
		return nil, err
	}
	var had []protocol.CredentialDescriptor
	for _, c := range h.keys {
		had = append(had, c.Descriptor())
	}
	options, data, err := a.passkeys.BeginRegistration(h, webauthn.WithExclusions(had))
	if err != nil {
		return nil, err
	}
	return a.ceremony(ctx, options, data)
}

// AddPasskey ends what [Auth.BeginPasskey] began; the body of r is the
// authenticator's answer.
func (a *Auth) AddPasskey(r *http.Request, label string) error {
	ctx := r.Context()
	p := From(ctx)
	switch {
	case p == nil:
		return ErrNotSignedIn
	case a.passkeys == nil:
		return ErrNoPasskeys
	}
	if label = strings.TrimSpace(label); label == "" || len(label) > 80 {
		return fmt.Errorf("%w: a passkey's label has 1 to 80 bytes", ErrForm)
	}
	data, err := a.kept(ctx)
	if err != nil {
		return err
	}
	h, err := a.holder(ctx, p.User)
	if err != nil {
		return err
	}
	c, err := a.passkeys.FinishRegistration(h, data, r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := a.store.PutPasskey(ctx, store.Passkey{ID: c.ID, UserID: p.User.ID, Label: label, Data: raw}); err != nil {
		return err
	}
	return a.note(ctx, p.User.Name, "add_passkey", "done")
}

// RemovePasskey removes a passkey of the signed-in person, by the base64url form
// of its credential ID.
func (a *Auth) RemovePasskey(ctx context.Context, id string) error {
	p := From(ctx)
	if p == nil {
		return ErrNotSignedIn
	}
	raw, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return fmt.Errorf("%w: a credential ID", ErrForm)
	}
	if err := a.store.DeletePasskey(ctx, p.User.ID, raw); err != nil {
		return err
	}
	return a.note(ctx, p.User.Name, "remove_passkey", "done")
}

// BeginPasskeySignIn begins to sign somebody in by passkey; it returns the options
// of navigator.credentials.get as JSON. No account is named.
func (a *Auth) BeginPasskeySignIn(r *http.Request) ([]byte, error) {
	if a.passkeys == nil {
		return nil, ErrNoPasskeys
	}
	if wait, ok := a.addresses.allow(address(r)); !ok {
		return nil, &WaitError{wait}
	}
	options, data, err := a.passkeys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	return a.ceremony(r.Context(), options, data)
}

// PasskeySignIn ends what [Auth.BeginPasskeySignIn] began; the body of r is the
// authenticator's answer. The officer key stays locked: its passphrase was not
// given.
func (a *Auth) PasskeySignIn(r *http.Request) error {
	ctx := r.Context()
	if a.passkeys == nil {
		return ErrNoPasskeys
	}
	data, err := a.kept(ctx)
	if err != nil {
		return err
	}
	who, c, err := a.passkeys.FinishPasskeyLogin(func(rawID, _ []byte) (webauthn.User, error) {
		pk, err := a.store.Passkey(ctx, rawID)
		if err != nil {
			return nil, err
		}
		u, err := a.store.UserByID(ctx, pk.UserID)
		if err != nil {
			return nil, err
		}
		return a.holder(ctx, u)
	}, data, r)
	if err != nil {
		return errors.Join(ErrCredentials, err, a.note(ctx, "?", "sign_in_passkey", "refused"))
	}
	u := who.(holder).user
	// A counter that goes back is the mark of a copied authenticator.
	if u.Disabled || c.Authenticator.CloneWarning {
		return errors.Join(ErrCredentials, a.note(ctx, u.Name, "sign_in_passkey", "refused"))
	}
	pk, err := a.store.Passkey(ctx, c.ID)
	if err != nil {
		return err
	}
	if pk.Data, err = json.Marshal(c); err != nil {
		return err
	}
	pk.Used = a.o.Clock()
	if err := a.store.PutPasskey(ctx, pk); err != nil {
		return err
	}
	if err := a.begin(ctx, u, "passkey"); err != nil {
		return err
	}
	return a.note(ctx, u.Name, "sign_in_passkey", "done")
}
