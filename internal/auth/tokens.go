package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente/internal/store"
)

// Token is a bearer token of a person for the API. It reads and drafts as the
// person may; it signs nothing, since no key is unlocked with it.
type Token struct {
	ID      string    `json:"id"`
	Label   string    `json:"label"`
	Hash    string    `json:"hash"` // SHA-256 of the whole token, hexadecimal
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

const (
	tokenPrefix = "entente"
	maxTokens   = 16
	// MaxTokenDays bounds how long a token lives.
	MaxTokenDays = 366
)

func tokensKey(user int64) string { return "auth.tokens/" + strconv.FormatInt(user, 10) }

// Tokens returns the tokens of a person, oldest first; expired ones are left out.
func (a *Auth) Tokens(ctx context.Context, user int64) ([]Token, error) {
	raw, err := a.store.Meta(ctx, tokensKey(user))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Token
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, err
	}
	now := a.o.Clock()
	return slices.DeleteFunc(list, func(t Token) bool { return !t.Expires.After(now) }), nil
}

func (a *Auth) setTokens(ctx context.Context, user int64, list []Token) error {
	if len(list) == 0 {
		return a.store.SetMeta(ctx, tokensKey(user), nil)
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return a.store.SetMeta(ctx, tokensKey(user), raw)
}

// AddToken makes a token of the signed-in person and returns it whole: it is not
// kept and cannot be shown again.
func (a *Auth) AddToken(ctx context.Context, label string, days int) (string, error) {
	p := From(ctx)
	if p == nil {
		return "", ErrNotSignedIn
	}
	if label = strings.TrimSpace(label); label == "" || len(label) > 80 {
		return "", fmt.Errorf("%w: a token's label has 1 to 80 bytes", ErrForm)
	}
	if days < 1 || days > MaxTokenDays {
		return "", fmt.Errorf("%w: a token lives 1 to %d days", ErrForm, MaxTokenDays)
	}
	a.tokens.Lock()
	defer a.tokens.Unlock()
	list, err := a.Tokens(ctx, p.User.ID)
	if err != nil {
		return "", err
	}
	if len(list) >= maxTokens {
		return "", fmt.Errorf("%w: a person has at most %d tokens", ErrForm, maxTokens)
	}
	whole := fmt.Sprintf("%s_%d_%s", tokenPrefix, p.User.ID, random(32))
	now := a.o.Clock().UTC().Truncate(time.Second)
	list = append(list, Token{ID: random(9), Label: label, Hash: tokenHash(whole), Created: now, Expires: now.AddDate(0, 0, days)})
	if err := a.setTokens(ctx, p.User.ID, list); err != nil {
		return "", err
	}
	return whole, a.note(ctx, p.User.Name, "add_token", "done")
}

// RevokeToken ends a token of the signed-in person.
func (a *Auth) RevokeToken(ctx context.Context, id string) error {
	p := From(ctx)
	if p == nil {
		return ErrNotSignedIn
	}
	a.tokens.Lock()
	defer a.tokens.Unlock()
	list, err := a.Tokens(ctx, p.User.ID)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(slices.Clone(list), func(t Token) bool { return t.ID == id })
	if len(left) == len(list) {
		return store.ErrNotFound
	}
	if err := a.setTokens(ctx, p.User.ID, left); err != nil {
		return err
	}
	return a.note(ctx, p.User.Name, "revoke_token", "done")
}

// bearer returns the person of an Authorization header.
func (a *Auth) bearer(ctx context.Context, header string) (*Person, error) {
	scheme, whole, _ := strings.Cut(header, " ")
	parts := strings.SplitN(whole, "_", 3)
	if !strings.EqualFold(scheme, "Bearer") || len(parts) != 3 || parts[0] != tokenPrefix {
		return nil, ErrNotSignedIn
	}
	id, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return nil, ErrNotSignedIn
	}
	list, err := a.Tokens(ctx, id)
	if err != nil {
		return nil, err
	}
	hash := tokenHash(whole)
	if !slices.ContainsFunc(list, func(t Token) bool { return subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) == 1 }) {
		return nil, ErrNotSignedIn
	}
	u, err := a.store.UserByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && u.Disabled {
		return nil, ErrNotSignedIn
	}
	if err != nil {
		return nil, err
	}
	return newPerson(u, "token"), nil
}

func tokenHash(whole string) string {
	sum := sha256.Sum256([]byte(whole))
	return hex.EncodeToString(sum[:])
}
