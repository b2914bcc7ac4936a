package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-webauthn/webauthn/webauthn"

	"entente"
	"entente/internal/node"
	"entente/internal/store"
)

// Errors that callers act on; compare with [errors.Is].
var (
	// ErrNotSignedIn: the request carries no valid session or token.
	ErrNotSignedIn = errors.New("not signed in")
	// ErrCredentials: no such account, or not its password. Which of the two is not told.
	ErrCredentials = errors.New("the name or the password is not right")
	// ErrLocked: the person's officer key is not unlocked.
	ErrLocked = errors.New("the officer key is not unlocked")
	// ErrForm: a name, role, agency or label is not of the form asked for.
	ErrForm = errors.New("not of the form asked for")
)

// WaitError says that there were too many attempts, and how long to wait.
type WaitError struct{ Wait time.Duration }

// Error names the time to wait.
func (e *WaitError) Error() string {
	return fmt.Sprintf("too many attempts: wait %s", e.Wait.Round(time.Second))
}

// Node is what sign-in needs of the node.
type Node interface {
	Store() *store.Store
	Writer() entente.Author
	UnlockOfficer(ctx context.Context, name, passphrase string) (*node.Officer, error)
	ChangeOfficerPassphrase(ctx context.Context, name, old, fresh string) error
}

// Options say how people sign in at one node.
type Options struct {
	Node Node
	// Origin is the desk's own address ("https://desk.example.gob.mx"): the origin
	// that passkeys are bound to. Without one, or with an IP address, which WebAuthn
	// does not allow, there are no passkeys. Over https, cookies are Secure.
	Origin string
	// Cost of new password hashes; zero for [DefaultCost].
	Cost HashCost
	// Idle ends a session that is not used, Lifetime every session; zero for 30
	// minutes and 12 hours.
	Idle, Lifetime time.Duration
	Clock          func() time.Time // nil means time.Now
}

// Auth signs people in at one node. Its methods are safe for concurrent use.
type Auth struct {
	o         Options
	store     *store.Store
	sessions  *scs.SessionManager
	passkeys  *webauthn.WebAuthn // nil where there are none
	addresses *limiter
	accounts  *limiter
	failures  *backoff
	hashing   chan struct{} // bounds how many hashes are computed at once: each takes much memory
	decoy     string        // a hash that no password has
	unlocked  keyring
	tokens    sync.Mutex // one change of a person's tokens at a time
}

// New prepares sign-in.
func New(o Options) (*Auth, error) {
	if o.Cost == (HashCost{}) {
		o.Cost = DefaultCost
	}
	if o.Idle == 0 {
		o.Idle = 30 * time.Minute
	}
	if o.Lifetime == 0 {
		o.Lifetime = 12 * time.Hour
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	a := &Auth{
		o: o, store: o.Node.Store(),
		addresses: newLimiter(3*time.Second, 30, o.Clock), accounts: newLimiter(10*time.Second, 30, o.Clock),
		failures: newBackoff(o.Clock), hashing: make(chan struct{}, 2),
	}
	a.unlocked.idle, a.unlocked.held = o.Idle, map[string]*heldKey{}
	var err error
	if a.decoy, err = HashPassword(random(24), o.Cost); err != nil {
		return nil, err
	}
	a.sessions = scs.New()
	a.sessions.Store = a.store.Sessions()
	a.sessions.Lifetime = o.Lifetime
	a.sessions.Cookie.Name = "session-" + strings.ToLower(o.Node.Writer().Writer())
	a.sessions.Cookie.HttpOnly, a.sessions.Cookie.SameSite = true, http.SameSiteLaxMode
	a.sessions.Cookie.Persist = false
	a.sessions.Cookie.Secure = strings.HasPrefix(o.Origin, "https://")
	a.passkeys, err = relyingParty(o.Origin, o.Node.Writer().Writer())
	return a, err
}

// Person is who makes a request.
type Person struct {
	User  store.User
	Roles []Role
	// Via says how: "password", "passkey" or "token".
	Via string
	key *heldKey
}

// May reports whether the person may do the act.
func (p *Person) May(act Act) bool { return p != nil && May(p.Roles, act) }

// Officer returns the person's unlocked key, nil while it is locked.
func (p *Person) Officer() *node.Officer {
	if p == nil || p.key == nil {
		return nil
	}
	return p.key.officer
}

// HasKey reports whether the person has an officer key at all.
func (p *Person) HasKey() bool { return p != nil && p.User.OfficerKey != "" }

type contextKey int

const personKey contextKey = 0

// From returns who makes the request, nil for nobody.
func From(ctx context.Context) *Person {
	p, _ := ctx.Value(personKey).(*Person)
	return p
}

// What a session holds.
const (
	sessionUser  = "user"  // id
	sessionStamp = "stamp" // of the user's password: a change ends all other sessions
	sessionVia   = "via"
	sessionSeen  = "seen" // when it was last used
	sessionKey   = "key"  // names the unlocked officer key in memory
	sessionWeb   = "webauthn"
)

// Wrap loads the session of every request to next, so that [From] knows who asks.
func (a *Auth) Wrap(next http.Handler) http.Handler {
	return a.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := a.person(r.Context())
		if err != nil && !errors.Is(err, ErrNotSignedIn) {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), personKey, p)))
	}))
}

// person returns who the session in the context belongs to.
func (a *Auth) person(ctx context.Context) (*Person, error) {
	id := a.sessions.GetInt64(ctx, sessionUser)
	if id == 0 {
		return nil, ErrNotSignedIn
	}
	u, err := a.store.UserByID(ctx, id)
	now := a.o.Clock()
	idle := now.Sub(time.Unix(a.sessions.GetInt64(ctx, sessionSeen), 0))
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, err
	case err != nil, u.Disabled, a.sessions.GetString(ctx, sessionStamp) != stamp(u), idle > a.o.Idle:
		a.unlocked.drop(a.sessions.GetString(ctx, sessionKey))
		return nil, errors.Join(ErrNotSignedIn, a.sessions.Destroy(ctx))
	}
	if idle > time.Minute { // not at every request: each is a write
		a.sessions.Put(ctx, sessionSeen, now.Unix())
	}
	p := newPerson(u, a.sessions.GetString(ctx, sessionVia))
	p.key = a.unlocked.use(a.sessions.GetString(ctx, sessionKey))
	return p, nil
}

func newPerson(u store.User, via string) *Person {
	p := &Person{User: u, Via: via}
	for _, r := range u.Roles {
		p.Roles = append(p.Roles, Role(r))
	}
	return p
}

// stamp changes when the user's password does.
func stamp(u store.User) string {
	return entente.DigestOf([]byte(u.Password)).String()[:16]
}

// Identify returns who makes a request, by bearer token or session cookie, for
// handlers outside of [Auth.Wrap]; [ErrNotSignedIn] for nobody.
func (a *Auth) Identify(r *http.Request) (*Person, error) {
	if p := From(r.Context()); p != nil {
		return p, nil
	}
	if h := r.Header.Get("Authorization"); h != "" {
		return a.bearer(r.Context(), h)
	}
	cookie, err := r.Cookie(a.sessions.Cookie.Name)
	if err != nil {
		return nil, ErrNotSignedIn
	}
	ctx, err := a.sessions.Load(r.Context(), cookie.Value)
	if err != nil {
		return nil, err
	}
	return a.person(ctx)
}

// Flash keeps a message for the next page of the session.
func (a *Auth) Flash(ctx context.Context, message string) { a.sessions.Put(ctx, "flash", message) }

// Flashed returns the message kept, once.
func (a *Auth) Flashed(ctx context.Context) string { return a.sessions.PopString(ctx, "flash") }

// address is the host part of the peer's address. A proxy's own limits are its own
// matter: headers that anyone may set are not read.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}
