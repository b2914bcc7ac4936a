package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/internal/store"
)

// Clients are the accounts of programs, such as those that read and submit objects
// over TAXII. Each acts for one agency and one purpose, and proves itself with a
// secret that the node made, by HTTP Basic (RFC 7617) or as a bearer token (RFC
// 6750). Its methods are safe for concurrent use.
type Clients struct {
	store     *store.Store
	cost      HashCost
	addresses *limiter
	accounts  *limiter
	failures  *backoff
	hashing   chan struct{}
	decoy     string
	key       []byte // of this process: what was verified once is recognised by it

	mu       sync.Mutex
	verified map[int64]proof
}

// proof recognises a secret that argon2id verified before.
type proof struct {
	hash string // that it was verified against
	mac  [sha256.Size]byte
}

// clientPrefix begins the secrets of programs.
const clientPrefix = "entc"

var purposeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{1,39}$`)

// NewClients prepares the accounts of programs; a zero cost is [DefaultCost], a nil
// clock time.Now.
func NewClients(s *store.Store, cost HashCost, clock func() time.Time) (*Clients, error) {
	if cost == (HashCost{}) {
		cost = DefaultCost
	}
	if clock == nil {
		clock = time.Now
	}
	c := &Clients{
		store: s, cost: cost, addresses: newLimiter(3*time.Second, 30, clock), accounts: newLimiter(10*time.Second, 30, clock),
		failures: newBackoff(clock), hashing: make(chan struct{}, 2), key: make([]byte, sha256.Size), verified: map[int64]proof{},
	}
	if _, err := rand.Read(c.key); err != nil {
		return nil, err
	}
	var err error
	c.decoy, err = HashPassword(random(24), cost)
	return c, err
}

// NewClient is an account to be added.
type NewClient struct{ Name, Agency, Purpose string }

// Add adds an account and returns it with its secret, which is not kept and cannot
// be shown again; by is who does it.
func (c *Clients) Add(ctx context.Context, n NewClient, by string) (store.Client, string, error) {
	account := store.Client{Name: strings.ToLower(strings.TrimSpace(n.Name)), Agency: n.Agency, Purpose: n.Purpose}
	switch {
	case !nameForm.MatchString(account.Name):
		return account, "", fmt.Errorf("%w: a client's name has 2 to 64 lower-case letters, digits, dots, hyphens or underscores", ErrForm)
	case !agencyForm.MatchString(n.Agency):
		return account, "", fmt.Errorf("%w: an agency is named by its code, such as SRE", ErrForm)
	case !purposeForm.MatchString(n.Purpose):
		return account, "", fmt.Errorf("%w: a purpose is named by its code in the terms of exchange", ErrForm)
	}
	secret, hash, err := c.newSecret()
	if err != nil {
		return account, "", err
	}
	account.Secret, account.Digest = hash, entente.DigestOf([]byte(random(32)))
	if account, err = c.store.AddClient(ctx, account); err != nil {
		return account, "", err
	}
	return account, whole(account, secret), c.note(ctx, by, "add_client", account)
}

// Renew gives an account another secret and returns it; the one before ends.
func (c *Clients) Renew(ctx context.Context, name, by string) (string, error) {
	account, err := c.store.Client(ctx, name)
	if err != nil {
		return "", err
	}
	secret, hash, err := c.newSecret()
	if err != nil {
		return "", err
	}
	account.Secret = hash
	if err := c.store.UpdateClient(ctx, account); err != nil {
		return "", err
	}
	return whole(account, secret), c.note(ctx, by, "renew_client", account)
}

// Disable ends or resumes the use of an account.
func (c *Clients) Disable(ctx context.Context, name string, disabled bool, by string) error {
	account, err := c.store.Client(ctx, name)
	if err != nil {
		return err
	}
	account.Disabled = disabled
	if err := c.store.UpdateClient(ctx, account); err != nil {
		return err
	}
	act := "disable_client"
	if !disabled {
		act = "enable_client"
	}
	return c.note(ctx, by, act, account)
}

// List returns all accounts, by name.
func (c *Clients) List(ctx context.Context) ([]store.Client, error) { return c.store.Clients(ctx) }

func (c *Clients) newSecret() (secret, hash string, err error) {
	secret = random(32)
	hash, err = HashPassword(secret, c.cost)
	return secret, hash, err
}

// whole is a secret as the program gets it: it names its account.
func whole(account store.Client, secret string) string {
	return fmt.Sprintf("%s_%d_%s", clientPrefix, account.ID, secret)
}

// note puts an act on an account on the audit trail.
func (c *Clients) note(ctx context.Context, by, act string, account store.Client) error {
	detail, err := json.Marshal(map[string]string{"agency": account.Agency, "purpose": account.Purpose})
	if err != nil {
		return err
	}
	return c.store.AddAudit(ctx, store.AuditEvent{Actor: by, Act: act, Object: account.Name, Outcome: "done", Detail: detail})
}

// Authenticate returns the account that a request proves itself as. Errors are
// [ErrNotSignedIn], which does not tell an unknown account from a wrong secret, and
// [*WaitError] after too many attempts.
func (c *Clients) Authenticate(r *http.Request) (store.Client, error) {
	id, secret, named, ok := credentials(r)
	if !ok {
		return store.Client{}, ErrNotSignedIn
	}
	ctx := r.Context()
	account, err := c.store.ClientByID(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Client{}, err
	}
	known := err == nil && !account.Disabled && (named == "" || strings.EqualFold(named, account.Name))
	if known && c.recognise(account, secret) {
		return account, nil
	}
	who := strconv.FormatInt(id, 10)
	if err := c.mayTry(who, address(r)); err != nil {
		return store.Client{}, err
	}
	hash := c.decoy
	if known {
		hash = account.Secret
	}
	c.hashing <- struct{}{}
	right, err := CheckPassword(hash, secret)
	<-c.hashing
	if err != nil {
		return store.Client{}, err
	}
	if !right || !known {
		c.failures.fail(key(who, address(r)))
		return store.Client{}, errors.Join(ErrNotSignedIn, c.refuse(ctx, who))
	}
	c.failures.forget(key(who, address(r)))
	c.accounts.forget(who)
	c.remember(account, secret)
	return account, nil
}

// refuse puts a refused attempt on the audit trail.
func (c *Clients) refuse(ctx context.Context, who string) error {
	return c.store.AddAudit(ctx, store.AuditEvent{Actor: "client " + who, Act: "sign_in", Outcome: "refused"})
}

func (c *Clients) mayTry(who, addr string) error {
	wait, ok := c.addresses.allow(addr)
	if ok {
		wait, ok = c.accounts.allow(who)
	}
	if ok {
		wait, ok = c.failures.allow(key(who, addr))
	}
	if !ok {
		return &WaitError{wait}
	}
	return nil
}

// credentials reads the account, the secret and, with HTTP Basic, the name that a
// request gives. The secret names its account, so that both ways find it alike.
func credentials(r *http.Request) (id int64, secret, name string, ok bool) {
	name, whole, basic := r.BasicAuth()
	if !basic {
		var scheme string
		scheme, whole, _ = strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return 0, "", "", false
		}
	} else if name == "" {
		return 0, "", "", false
	}
	parts := strings.SplitN(whole, "_", 3)
	if len(parts) != 3 || parts[0] != clientPrefix {
		return 0, "", "", false
	}
	id, err := strconv.ParseInt(parts[1], 10, 64)
	return id, parts[2], name, err == nil
}

func (c *Clients) macOf(secret string) (mac [sha256.Size]byte) {
	h := hmac.New(sha256.New, c.key)
	h.Write([]byte(secret))
	h.Sum(mac[:0])
	return mac
}

// recognise reports whether this process verified the secret against the account's
// hash before: what was renewed since is not recognised.
func (c *Clients) recognise(account store.Client, secret string) bool {
	c.mu.Lock()
	p, there := c.verified[account.ID]
	c.mu.Unlock()
	mac := c.macOf(secret)
	return there && p.hash == account.Secret && hmac.Equal(p.mac[:], mac[:])
}

func (c *Clients) remember(account store.Client, secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verified[account.ID] = proof{account.Secret, c.macOf(secret)}
}
