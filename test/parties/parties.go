// Package parties makes the nodes of two parties whose programme is founded, with
// officers of several agencies and the exchange of information between them over
// real loopback TLS.
package parties

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/network"
	"entente/internal/node"
	"entente/internal/payload"
	"entente/internal/peer"
	"entente/internal/programme"
	"entente/internal/store"
	"entente/programmes"
)

// Passphrase opens every key of test nodes.
const Passphrase = "correct horse battery"

// workFactor keeps scrypt cheap: nothing here is worth guarding.
const workFactor = 2

// Clock tells the time of both nodes: the machine's, moved by what a test says.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

// Move moves the time.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// World is the nodes of Mexico and the United States.
type World struct {
	MX, US *Party
	Clock  *Clock
	tb     testing.TB
}

// Party is a party's node with its officers by sign-in name: "<agency>-first" drafts,
// "<agency>-second" releases.
type Party struct {
	*node.Node
	Exchange *exchange.Exchange
	Net      *network.Network
	// Officers are unlocked.
	Officers map[string]*node.Officer
	// Fail, when set before Open, is asked at each step of the exchange.
	Fail func(step string) error
	// Cut, when set, stands between the exchange and the network: what it returns is
	// the fetch's error.
	Cut func(s entente.Sealed) error
	// Replace, when set, fetches instead of the network; what it wrote is committed.
	Replace func(s entente.Sealed, into *payload.Incoming) error

	w    *World
	dir  string
	link string
	stop []func()
}

// staff are the agencies of each party's officers.
var staff = map[entente.Party][]string{
	entente.MX: {"SSPC", "SRE", "FGR", "GN"},
	entente.US: {"CBP", "DOS", "HSI", "FBI"},
}

// agencies have keys.
var agencies = map[entente.Party][]string{
	entente.MX: {"SRE", "SSPC", "FGR", "GN", "ANAM", "SEDENA"},
	entente.US: {"DOS", "DHS", "CBP", "HSI", "ATF", "FBI"},
}

// made are the nodes that worlds copy: each process makes them once.
var made struct {
	once sync.Once
	dir  string
	err  error
}

// New returns two founded nodes that follow each other, and whose exchanges run.
func New(tb testing.TB) *World {
	tb.Helper()
	w := Quiet(tb)
	w.MX.Run()
	w.US.Run()
	return w
}

// Quiet is New with nothing running: a test calls [Party.Sync] and the exchange's
// Once itself.
func Quiet(tb testing.TB) *World {
	tb.Helper()
	made.once.Do(func() { made.dir, made.err = prepare() })
	if made.err != nil {
		tb.Fatal(made.err)
	}
	dir := tb.TempDir()
	if err := os.CopyFS(dir, os.DirFS(made.dir)); err != nil {
		tb.Fatal(err)
	}
	w := &World{tb: tb, Clock: &Clock{}}
	w.MX, w.US = &Party{w: w, dir: filepath.Join(dir, "mx")}, &Party{w: w, dir: filepath.Join(dir, "us")}
	for _, p := range w.Both() {
		p.Open(false)
		tb.Cleanup(p.Close)
	}
	w.connect()
	return w
}

// Clean removes what was made for all worlds; for TestMain.
func Clean() {
	if made.dir != "" {
		_ = os.RemoveAll(made.dir)
	}
}

// Both are both parties.
func (w *World) Both() []*Party { return []*Party{w.MX, w.US} }

func (w *World) check(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

// Other is the other party.
func (p *Party) Other() *Party {
	if p == p.w.MX {
		return p.w.US
	}
	return p.w.MX
}

// Clock is that of the world.
func (p *Party) Clock() *Clock { return p.w.Clock }

// Dir is the node's directory.
func (p *Party) Dir() string { return p.dir }

// Open opens the node and its exchange; nothing runs.
func (p *Party) Open(restored bool) {
	p.w.tb.Helper()
	ctx := context.Background()
	n, err := node.Open(ctx, p.dir, node.Options{Passphrase: Passphrase, WorkFactor: workFactor, Clock: p.w.Clock.Now, Restored: restored})
	p.w.check(err)
	p.Node = n
	p.w.check(p.reopen())
	if p.Officers == nil {
		p.Officers = map[string]*node.Officer{}
		for _, agency := range staff[n.Writer().Party] {
			for _, role := range []string{"first", "second"} {
				name := strings.ToLower(agency) + "-" + role
				p.Officers[name], err = n.UnlockOfficer(ctx, name, Passphrase)
				p.w.check(err)
			}
		}
	}
}

// reopen makes the exchange of the open node.
func (p *Party) reopen() (err error) {
	p.Exchange, err = exchange.New(exchange.Options{
		Node: p.Node, Clock: p.w.Clock.Now, Fetch: fetcher{p}, Log: slog.New(slog.NewTextHandler(p.w.tb.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		Fail: func(step string) error {
			if p.Fail == nil {
				return nil
			}
			return p.Fail(step)
		},
	})
	return err
}

// First is the officer of an agency who drafts, Second the one who releases.
func (p *Party) First(agency string) *node.Officer {
	return p.Officers[strings.ToLower(agency)+"-first"]
}

// Second is the releasing officer of an agency.
func (p *Party) Second(agency string) *node.Officer {
	return p.Officers[strings.ToLower(agency)+"-second"]
}

// User is a user of the desk.
func (p *Party) User(name string) store.User {
	p.w.tb.Helper()
	u, err := p.Store().User(context.Background(), name)
	p.w.check(err)
	return u
}

// Reader is the drafting officer of an agency as one who opens content.
func (p *Party) Reader(agency string) exchange.Reader {
	p.w.tb.Helper()
	return p.Exchange.ReaderOf(p.User(strings.ToLower(agency) + "-first"))
}

// prepare makes both nodes and founds the programme between them.
func prepare() (dir string, err error) {
	dir, err = os.MkdirTemp("", "entente-parties-*")
	if err != nil {
		return "", err
	}
	files, err := fs.Sub(programmes.Files, "mx-us-2025")
	if err != nil {
		return dir, err
	}
	p, err := programme.Load(files)
	if err != nil {
		return dir, err
	}
	ctx := context.Background()
	open := map[entente.Party]*node.Node{}
	for party, list := range agencies {
		name := strings.ToLower(string(party))
		o := node.InitOptions{
			Writer: entente.Author{Party: party}, Demo: true, Base: "demo." + name + ".entente",
			Name:     entente.Text{ES: "Nodo de prueba " + name, EN: "Test node " + name},
			Agencies: list, Passphrase: Passphrase, RootPassphrase: Passphrase, WorkFactor: workFactor,
		}
		for _, a := range staff[party] {
			o.Officers = append(o.Officers,
				node.NewOfficer{Name: strings.ToLower(a) + "-first", Display: a + " first", Agency: a, Roles: []string{"officer"}, Passphrase: Passphrase},
				node.NewOfficer{Name: strings.ToLower(a) + "-second", Display: a + " second", Agency: a, Roles: []string{"officer", node.RoleReleasing}, Passphrase: Passphrase})
		}
		at := filepath.Join(dir, name)
		if _, err := node.Init(ctx, at, o); err != nil {
			return dir, err
		}
		n, err := node.Open(ctx, at, node.Options{Passphrase: Passphrase, WorkFactor: workFactor})
		if err != nil {
			return dir, err
		}
		defer n.Close()
		open[party] = n
	}
	return dir, found(ctx, p, open)
}

// found makes charter, policy and terms joint, and states the routes.
func found(ctx context.Context, p *programme.Programme, open map[entente.Party]*node.Node) error {
	mx, us := open[entente.MX], open[entente.US]
	if err := mx.Pin(ctx, us.Genesis()); err != nil {
		return err
	}
	if err := us.Pin(ctx, mx.Genesis()); err != nil {
		return err
	}
	charter := p.Charter
	charter.Genesis = []entente.GenesisPin{
		{Party: entente.MX, Digest: entente.DigestOf(mx.Genesis())}, {Party: entente.US, Digest: entente.DigestOf(us.Genesis())},
	}
	lead := func(n *node.Node, agency string) (node.Intent, error) {
		in := node.Intent{Agency: agency}
		var err error
		if in.By, err = n.UnlockOfficer(ctx, strings.ToLower(agency)+"-first", Passphrase); err != nil {
			return in, err
		}
		in.Second, err = n.UnlockOfficer(ctx, strings.ToLower(agency)+"-second", Passphrase)
		return in, err
	}
	ours, err := lead(mx, "SRE")
	if err != nil {
		return err
	}
	theirs, err := lead(us, "DOS")
	if err != nil {
		return err
	}
	joint := []programme.Item{{Type: entente.TypeCharter, Subject: p.Code}, {Type: entente.TypePolicy, Subject: p.Code}}
	bodies := []any{&charter, &p.Policy}
	for i := range p.Items {
		if it := &p.Items[i]; it.Type == entente.TypeExchangeTerms && it.Author.Party == entente.MX {
			body, err := it.Bind(func(programme.Key) (entente.Ref, entente.Digest, bool) { return entente.Ref{}, entente.Digest{}, true })
			if err != nil {
				return err
			}
			joint, bodies = append(joint, *it), append(bodies, body)
		}
	}
	for i, it := range joint {
		in := ours
		in.Type, in.Subject, in.Audience, in.Body = it.Type, it.Subject, entente.Shared, bodies[i]
		if err := Pass(ctx, us.Store(), mx.Store()); err != nil {
			return err
		}
		half, err := mx.Propose(ctx, in)
		if err != nil {
			return fmt.Errorf("%s: %w", it.Type, err)
		}
		if err := Pass(ctx, mx.Store(), us.Store()); err != nil {
			return err
		}
		if _, err := us.Accept(ctx, half.Ref, theirs); err != nil {
			return fmt.Errorf("%s: %w", it.Type, err)
		}
	}
	if err := Pass(ctx, us.Store(), mx.Store()); err != nil {
		return err
	}
	for i := range p.Items {
		it := &p.Items[i]
		if it.Type != entente.TypeRoute {
			continue
		}
		body, err := it.Bind(func(programme.Key) (entente.Ref, entente.Digest, bool) { return entente.Ref{}, entente.Digest{}, true })
		if err != nil {
			return err
		}
		n, in := mx, ours
		if it.Author.Party == entente.US {
			n, in = us, theirs
		}
		in.Type, in.Subject, in.Audience, in.Body = it.Type, it.Subject, entente.Shared, body
		if _, err := n.Append(ctx, in); err != nil {
			return fmt.Errorf("%s of %s: %w", it.Type, it.Author.Party, err)
		}
	}
	if err := Pass(ctx, mx.Store(), us.Store()); err != nil {
		return err
	}
	return Pass(ctx, us.Store(), mx.Store())
}

// Pass mirrors the logs of one store that another follows, without a network.
func Pass(ctx context.Context, from, to *store.Store) error {
	for _, l := range to.Logs(ctx) {
		if l.Writer != from.Own() {
			continue
		}
		theirs, err := from.Log(ctx, l.Origin)
		if err != nil {
			return err
		}
		for at := l.Size; at < theirs.Size; {
			raws, err := from.Entries(ctx, l.Origin, at, 1000)
			if err != nil {
				return err
			}
			var checkpoint []byte
			if at+uint64(len(raws)) == theirs.Size {
				checkpoint = theirs.Checkpoint
			}
			if err := to.Mirror(ctx, l.Origin, at, raws, checkpoint); err != nil {
				return err
			}
			at += uint64(len(raws))
		}
	}
	return nil
}

// connect joins both nodes over loopback TLS.
func (w *World) connect() {
	w.tb.Helper()
	links := map[*Party]net.Listener{}
	for _, p := range w.Both() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		w.check(err)
		links[p], p.link = l, "https://"+l.Addr().String()
	}
	for _, p := range w.Both() {
		p.join()
		p.serve(links[p])
	}
}

func (p *Party) join() {
	p.w.tb.Helper()
	other := p.Other()
	var err error
	p.Net, err = network.New(context.Background(), network.Options{
		Store: p.Store(), Blobs: p.Blobs(), Ring: p.Ring(), Payloads: p.Payloads(), Withholds: p.Exchange.Withholds, Interval: time.Hour, Logger: slog.New(slog.DiscardHandler),
		Peers: []network.Peer{{Writer: string(other.partyCode()), Link: other.link}},
	})
	p.w.check(err)
}

func (p *Party) partyCode() entente.Party {
	if p == p.w.MX {
		return entente.MX
	}
	return entente.US
}

func (p *Party) serve(l net.Listener) {
	s := peer.HTTPServer(p.Net.PeerHandler(), p.Net.PeerTLS(), slog.New(slog.DiscardHandler))
	ended := make(chan struct{})
	go func() { _ = s.ServeTLS(l, "", ""); close(ended) }()
	p.stop = append(p.stop, func() { _ = s.Close(); <-ended })
}

// Run runs network, node and exchange until the party is closed.
func (p *Party) Run() {
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	for name, run := range map[string]func(context.Context) error{"network": p.Net.Run, "node": p.Node.Run, "exchange": p.Exchange.Run} {
		wait.Go(func() {
			if err := run(ctx); err != nil {
				p.w.tb.Errorf("%s of %s: %v", name, p.partyCode(), err)
			}
		})
	}
	p.stop = append(p.stop, func() { cancel(); wait.Wait() })
}

// Sync has the party follow what the other has appended, now.
func (p *Party) Sync() {
	p.w.tb.Helper()
	for origin := range p.Net.Status() {
		p.w.check(p.Net.Round(context.Background(), origin))
	}
}

// Close stops what runs and closes the node; it may be called again.
func (p *Party) Close() {
	for i := len(p.stop) - 1; i >= 0; i-- {
		p.stop[i]()
	}
	p.stop = nil
	if p.Node != nil {
		if err := p.Node.Close(); err != nil {
			p.w.tb.Error(err)
		}
		p.Node = nil
	}
}

// Again closes the party and opens it at the same address, as after a crash between
// two steps.
func (p *Party) Again(restored bool) {
	p.w.tb.Helper()
	p.Close()
	p.Open(restored)
	p.join()
	_, addr, _ := strings.Cut(p.link, "://")
	l, err := net.Listen("tcp", addr)
	p.w.check(err)
	p.serve(l)
}

// Restore replaces the closed party's directory by a backup and opens it at the same
// address: read-only, until it has recovered the tails of its logs.
func (p *Party) Restore(backup string) {
	p.w.tb.Helper()
	p.w.check(os.RemoveAll(p.dir))
	p.w.check(node.Restore(backup, p.dir))
	p.Again(true)
}

// fetcher is the network as the exchange reaches it.
type fetcher struct{ p *Party }

// FetchPayload implements [exchange.Fetcher].
func (f fetcher) FetchPayload(ctx context.Context, party string, s entente.Sealed, into *payload.Incoming) error {
	if f.p.Cut != nil {
		if err := f.p.Cut(s); err != nil {
			return err
		}
	}
	if f.p.Replace != nil {
		if err := f.p.Replace(s, into); err != nil {
			return err
		}
		return into.Commit()
	}
	return f.p.Net.FetchPayload(ctx, party, s, into)
}
