package node

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/store"
)

const (
	passphrase = "correct horse"
	workFactor = 4 // scrypt's, for tests only
)

// clock is a clock that tests set; it moves by a millisecond each time it is read.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// world is three nodes without a network between them: entries pass when a test
// says so.
type world struct {
	t      testing.TB
	clock  *clock
	mx, us *party
	portal *Node
}

// party is a party's node with two officers; first drafts, second releases.
type party struct {
	*Node
	dir           string
	first, second *Officer
}

// newWorld copies nodes that were made once for all tests of the process.
func newWorld(t testing.TB) *world {
	w := &world{t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
	made.once.Do(func() { made.dir, made.err = w.make() })
	if made.err != nil {
		t.Fatal(made.err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(made.dir)); err != nil {
		t.Fatal(err)
	}
	w.mx, w.us = w.party(filepath.Join(dir, "mx")), w.party(filepath.Join(dir, "us"))
	w.portal = w.open(filepath.Join(dir, "portal"), Options{})
	for _, n := range w.nodes() {
		for _, other := range w.nodes() {
			if n != other {
				if err := n.Pin(t.Context(), other.Genesis()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	w.sync()
	return w
}

// made are the nodes that tests copy.
var made struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := os.RemoveAll(made.dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// make makes the three nodes, each in a folder of a new directory.
func (w *world) make() (string, error) {
	dir, err := os.MkdirTemp("", "entente-node-test-*")
	if err != nil {
		return "", err
	}
	for _, o := range []InitOptions{
		{Writer: entente.Author{Party: entente.MX}, Agencies: []string{"SRE", "SSPC"}},
		{Writer: entente.Author{Party: entente.US}, Agencies: []string{"DOS", "CBP"}},
		{Writer: entente.Author{Observer: "portal"}},
	} {
		name := strings.ToLower(o.Writer.Writer())
		o.Base, o.Name = "demo."+name+".entente", both(name)
		o.Demo, o.Passphrase, o.RootPassphrase, o.WorkFactor, o.Clock = true, passphrase, passphrase, workFactor, w.clock.Now
		if o.Writer.Party != "" {
			o.Officers = []NewOfficer{
				{Name: "first", Agency: o.Agencies[0], Roles: []string{"officer"}, Passphrase: passphrase},
				{Name: "second", Agency: o.Agencies[0], Roles: []string{"officer", RoleReleasing}, Passphrase: passphrase},
			}
		}
		if _, err := Init(w.t.Context(), filepath.Join(dir, name), o); err != nil {
			return dir, err
		}
	}
	return dir, nil
}

func (w *world) nodes() []*Node { return []*Node{w.mx.Node, w.us.Node, w.portal} }

func (w *world) open(dir string, o Options) *Node {
	o.Passphrase, o.WorkFactor, o.Clock = passphrase, workFactor, w.clock.Now
	n, err := Open(w.t.Context(), dir, o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := n.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return n
}

func (w *world) party(dir string) *party {
	pt := &party{Node: w.open(dir, Options{}), dir: dir}
	pt.first, pt.second = w.unlock(pt.Node, "first"), w.unlock(pt.Node, "second")
	return pt
}

func (w *world) unlock(n *Node, name string) *Officer {
	o, err := n.UnlockOfficer(w.t.Context(), name, passphrase)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// sync passes what each node may read of the others' logs.
func (w *world) sync() {
	for _, n := range w.nodes() {
		for _, from := range w.nodes() {
			if n != from {
				pass(w.t, from.store, n.store)
			}
		}
	}
}

// pass mirrors the logs of one store that another follows.
func pass(t testing.TB, from, to *store.Store) {
	ctx := context.Background()
	for _, l := range to.Logs(ctx) {
		if l.Writer != from.Own() {
			continue
		}
		for l.Size < must(from.Log(ctx, l.Origin)).Size {
			raws, err := from.Entries(ctx, l.Origin, l.Size, 1000)
			if err != nil {
				t.Fatal(err)
			}
			var checkpoint []byte
			if l.Size+uint64(len(raws)) == must(from.Log(ctx, l.Origin)).Size {
				checkpoint = must(from.Checkpoint(ctx, l.Origin))
			}
			if err := to.Mirror(ctx, l.Origin, l.Size, raws, checkpoint); err != nil {
				t.Fatal(err)
			}
			l.Size += uint64(len(raws))
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// found makes charter and policy joint between the parties.
func (w *world) found() *world {
	for _, s := range []struct {
		t    entente.Type
		body any
	}{{entente.TypeCharter, w.charter()}, {entente.TypePolicy, w.policy()}} {
		half := w.mx.propose(w.t, s.t, "x-2026", s.body)
		w.sync()
		w.us.accept(w.t, half)
		w.sync()
	}
	return w
}

func (p *party) propose(t testing.TB, typ entente.Type, subject string, body any) entente.Ref {
	t.Helper()
	a, err := p.Propose(t.Context(), Intent{
		Type: typ, Subject: subject, Agency: p.first.Agency(), Audience: entente.Shared, Body: body, By: p.first, Second: p.second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.Ref
}

func (p *party) accept(t testing.TB, half entente.Ref) entente.Ref {
	t.Helper()
	a, err := p.Accept(t.Context(), half, Intent{Agency: p.first.Agency(), By: p.first, Second: p.second})
	if err != nil {
		t.Fatal(err)
	}
	return a.Ref
}

func both(text string) entente.Text { return entente.Text{ES: text, EN: text} }

func joint() entente.Joint { return entente.Joint{Required: []entente.Party{entente.MX, entente.US}} }

func (w *world) charter() *entente.Charter {
	words := []entente.PartyText{
		{Party: entente.MX, Text: both("a"), Wording: entente.Summary}, {Party: entente.US, Text: both("b"), Wording: entente.Summary},
	}
	return &entente.Charter{
		Joint: joint(), Code: "x-2026", Title: both("Programme"), Announced: "2026-01-01", Nature: words, Disclaimer: words,
		Genesis: []entente.GenesisPin{
			{Party: entente.MX, Digest: entente.DigestOf(w.mx.Genesis())}, {Party: entente.US, Digest: entente.DigestOf(w.us.Genesis())},
		},
		Principles: []entente.Principle{{Code: "P1", Name: both("Reciprocity")}},
		Areas:      []entente.Area{{Code: "A01", Name: both("Area")}, {Code: "A02", Name: both("Another area")}},
		Gates:      []entente.GateRule{{Gate: entente.GatePublication, Officers: 2}, {Gate: entente.GateRelease, Officers: 1}},
	}
}

func commitment(code string) *entente.Commitment {
	return &entente.Commitment{
		Code: code, Areas: []string{"A01"}, Title: both("Commitment " + code), Wording: entente.Summary,
		Sources: []entente.Source{{Code: "S1", Publisher: "p", Title: "t", Kind: "official"}},
	}
}

// intent is a commitment on its way into a log, signed by both officers.
func (p *party) intent(a entente.Audience, subject string) Intent {
	return Intent{
		Type: entente.TypeCommitment, Subject: subject, Agency: p.first.Agency(), Audience: a, Body: commitment(subject),
		By: p.first, Second: p.second,
	}
}

func (p *party) append(t testing.TB, in Intent) entente.Ref {
	t.Helper()
	a, err := p.Append(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return a.Ref
}

// header reads an entry's header from its log.
func (w *world) header(n *Node, ref entente.Ref) entente.Header {
	w.t.Helper()
	raw, err := n.store.Entry(w.t.Context(), ref.Log, ref.Index)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := entry.Parse(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Header
}

// sizes are the sizes of a node's own logs, widest first.
func (w *world) sizes(n *Node) []uint64 {
	var list []uint64
	for _, origin := range n.origins() {
		list = append(list, must(n.store.Log(w.t.Context(), origin)).Size)
	}
	return list
}

// refuses checks that act is refused with a code, in both languages, and that no
// log of the node grew.
func (w *world) refuses(n *Node, code string, act func() error) *Refusal {
	w.t.Helper()
	before := w.sizes(n)
	err := act()
	var r *Refusal
	if !errors.As(err, &r) {
		w.t.Fatalf("not refused: %v", err)
	}
	if r.Code != code {
		w.t.Fatalf("refused by %s, want %s: %v", r.Code, code, err)
	}
	if r.Rule.ES == "" || r.Rule.EN == "" || r.Mend.ES == "" || r.Mend.EN == "" {
		w.t.Errorf("%s lacks a text: %+v", code, r)
	}
	if after := w.sizes(n); !slices.Equal(before, after) {
		w.t.Errorf("refused, and yet the logs grew: %v, then %v", before, after)
	}
	return r
}

// copyNode copies a node's directory with another database.
func copyNode(t *testing.T, from, to, database string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(filepath.Join(to, databaseFile) + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, databaseFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
}
