// Package nodes makes whole nodes for tests: keys, database, network, and entries
// signed as the rules ask, over real loopback TLS or whatever carries them.
package nodes

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold/foldtest"
	"entente/internal/keys"
	"entente/internal/network"
	"entente/internal/node"
	"entente/internal/peer"
	"entente/internal/store"
)

// Passphrase opens every key of test nodes.
const Passphrase = "correct horse battery"

// workFactor keeps scrypt cheap: nothing here is worth guarding.
const workFactor = 2

var agencies = map[entente.Party]string{entente.MX: "SRE", entente.US: "DOS", "CA": "GAC"}

// Node is a node of a test.
type Node struct {
	*node.Node
	Author  entente.Author // with the agency that states its entries
	Net     *network.Network
	Handler http.Handler // its public site: logs, mirrors, files
	// Public and Link are where it is reached.
	Public, Link string

	tb      testing.TB
	dir     string
	signers map[entente.Audience][]note.Signer
	made    int
	stop    []func()
}

// Name is the writer's code in lower case.
func (n *Node) Name() string { return strings.ToLower(n.Author.Writer()) }

// New makes the node of a writer in a directory of its own and opens it.
func New(tb testing.TB, author entente.Author) *Node {
	tb.Helper()
	n := &Node{Author: author, tb: tb, dir: filepath.Join(tb.TempDir(), "node")}
	n.init()
	n.Open(false)
	tb.Cleanup(n.Close)
	return n
}

// Made opens the node of a writer in a directory where [New] made it.
func Made(tb testing.TB, author entente.Author, dir string) *Node {
	tb.Helper()
	author.Agency = agencies[author.Party]
	n := &Node{Author: author, tb: tb, dir: dir}
	n.Open(false)
	return n
}

// init makes the node.
func (n *Node) init() {
	n.tb.Helper()
	author := n.Author
	author.Agency = agencies[author.Party]
	n.Author = author
	o := node.InitOptions{
		Writer: entente.Author{Party: author.Party, Observer: author.Observer}, Demo: true, Base: "demo." + n.Name() + ".entente",
		Name:       entente.Text{ES: "Nodo de prueba " + n.Name(), EN: "Test node " + n.Name()},
		Passphrase: Passphrase, RootPassphrase: Passphrase, WorkFactor: workFactor,
	}
	if author.Party != "" {
		o.Agencies = []string{author.Agency}
		for i := range 2 {
			o.Officers = append(o.Officers, node.NewOfficer{
				Name: fmt.Sprintf("officer-%d", i+1), Display: fmt.Sprintf("Officer %d", i+1), Agency: author.Agency,
				Roles: []string{"officer", node.RoleReleasing}, Passphrase: Passphrase,
			})
		}
	}
	_, err := node.Init(context.Background(), n.dir, o)
	n.check(err)
}

// Dir is the node's directory.
func (n *Node) Dir() string { return n.dir }

func (n *Node) check(err error) {
	n.tb.Helper()
	if err != nil {
		n.tb.Fatal(err)
	}
}

// Open opens the node; restored marks it as put back from a backup.
func (n *Node) Open(restored bool) {
	n.tb.Helper()
	var err error
	n.Node, err = node.Open(context.Background(), n.dir, node.Options{Passphrase: Passphrase, WorkFactor: workFactor, Restored: restored})
	n.check(err)
	if n.signers == nil {
		n.unlock()
	}
}

// Database is the path of the node's database.
func (n *Node) Database() string { return filepath.Join(n.dir, "node.db") }

// unlock finds what signs entries in each of the node's logs.
func (n *Node) unlock() {
	n.tb.Helper()
	var agency note.Signer
	for _, b := range n.Ring().Bindings(entente.RoleAgency) {
		s, err := n.Ring().Signer(b.Name)
		n.check(err)
		agency = s
	}
	n.signers = map[entente.Audience][]note.Signer{}
	for _, a := range entente.Audiences {
		n.signers[a] = []note.Signer{agency}
	}
	if n.Author.Party == "" {
		return
	}
	for i := range 2 {
		u, err := n.Store().User(context.Background(), fmt.Sprintf("officer-%d", i+1))
		n.check(err)
		k, err := n.Keys().UnlockOfficer(u.OfficerKey, Passphrase)
		n.check(err)
		s, err := k.Signer()
		n.check(err)
		n.signers[entente.Public] = append(n.signers[entente.Public], s)
		if i == 0 {
			n.signers[entente.Shared] = append(n.signers[entente.Shared], s)
		}
	}
}

// Root unlocks the root key.
func (n *Node) Root() *keys.Key {
	n.tb.Helper()
	k, err := n.Keys().UnlockRoot(Passphrase)
	n.check(err)
	return k
}

// Entry makes a signed entry for the node's log of an audience, beneath the gates:
// its decision names no policy that is in force.
func (n *Node) Entry(a entente.Audience, t entente.Type, subject string, body any, edit ...func(*entente.Header)) store.Draft {
	n.tb.Helper()
	n.made++
	who := entente.DigestOf([]byte(n.Author.Writer()))
	h := entente.Header{
		ID:     fmt.Sprintf("019b%02x%02x-0000-7000-8000-%012x", who[0], who[1], n.made),
		Author: n.Author, Subject: subject, Time: time.Date(2025, 9, 3, 12, 0, 0, 0, time.UTC).Add(time.Duration(n.made) * time.Second),
	}
	gate := map[entente.Audience]entente.Gate{entente.Shared: entente.GateRelease, entente.Public: entente.GatePublication}[a]
	if gate != "" && n.Author.Party != "" {
		h.Decision = &entente.Decision{Gate: gate, Policy: foldtest.Bootstrap, Policies: []string{"test"}}
	}
	var err error
	h.Body, err = entry.Body(body)
	n.check(err)
	for _, e := range edit {
		e(&h)
	}
	text, err := entry.Build(t, h)
	n.check(err)
	raw, err := entry.Sign(text, n.signers[a]...)
	n.check(err)
	return store.Draft{Origin: n.Origin(a), Raw: raw}
}

// Commitment makes a signed commitment of a party; i tells them apart.
func (n *Node) Commitment(a entente.Audience, i int) store.Draft {
	n.tb.Helper()
	return n.Entry(a, entente.TypeCommitment, fmt.Sprintf("c-%d", i), foldtest.Commitment(fmt.Sprintf("C%d", i)))
}

// Join pins the other nodes and joins this one to them; edit changes how.
func (n *Node) Join(others []*Node, edit ...func(*network.Options)) {
	n.tb.Helper()
	ctx := context.Background()
	o := network.Options{
		Store: n.Store(), Blobs: n.Blobs(), Ring: n.Ring(), Payloads: n.Payloads(), Interval: time.Hour, Logger: slog.New(slog.DiscardHandler),
	}
	for _, other := range others {
		if other == n {
			continue
		}
		n.check(n.Store().Pin(ctx, other.Genesis(), false))
		p := network.Peer{Writer: other.Author.Writer(), Public: other.Public}
		if n.Author.Party != "" && other.Author.Party != "" {
			p.Link = other.Link
		}
		o.Peers = append(o.Peers, p)
	}
	for _, e := range edit {
		e(&o)
	}
	var err error
	n.Net, err = network.New(ctx, o)
	n.check(err)
	mux := http.NewServeMux()
	mux.Handle(peer.LogPath, http.StripPrefix("/log", n.Net.PublicLogs(ctx)))
	mux.Handle(peer.MirrorPath, http.StripPrefix("/mirror", n.Net.PublicMirrors(ctx)))
	mux.HandleFunc("GET /blob/{digest}", n.blob)
	n.Handler = mux
}

func (n *Node) blob(w http.ResponseWriter, r *http.Request) {
	d, err := entente.ParseDigest(r.PathValue("digest"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	f, _, err := n.Blobs().Get(r.Context(), d)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	_, _ = io.Copy(w, f) // the caller may have gone
}

// Run runs the node and its network until it is closed.
func (n *Node) Run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	for _, run := range []func(context.Context) error{n.Net.Run, n.Node.Run} {
		go func() {
			if err := run(ctx); err != nil {
				n.tb.Errorf("%s: %v", n.Name(), err)
			}
			done <- struct{}{}
		}()
	}
	n.stop = append(n.stop, func() {
		cancel()
		<-done
		<-done
	})
}

// Close stops what runs and closes the node; it may be called again.
func (n *Node) Close() {
	n.tb.Helper()
	for i := len(n.stop) - 1; i >= 0; i-- {
		n.stop[i]()
	}
	n.stop = nil
	if n.Node != nil {
		if err := n.Node.Close(); err != nil {
			n.tb.Error(err)
		}
		n.Node = nil
	}
}

// Connect joins nodes to each other over loopback; each serves its public site,
// and the parties their links. Nothing is reached before they run.
func Connect(tb testing.TB, all ...*Node) {
	tb.Helper()
	web, link := map[*Node]net.Listener{}, map[*Node]net.Listener{}
	for _, n := range all {
		web[n], link[n] = Listen(tb), Listen(tb)
		n.Public, n.Link = "http://"+web[n].Addr().String(), "https://"+link[n].Addr().String()
	}
	for _, n := range all {
		n.Join(all)
		n.serve(web[n], link[n])
	}
}

// Listen listens on a free port of the loopback interface.
func Listen(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// Again joins a node that was closed and opened to the others, at the addresses it
// had.
func (n *Node) Again(others ...*Node) {
	n.tb.Helper()
	n.Join(others)
	listen := func(url string) net.Listener {
		_, addr, _ := strings.Cut(url, "://")
		l, err := net.Listen("tcp", addr)
		n.check(err)
		return l
	}
	n.serve(listen(n.Public), listen(n.Link))
}

func (n *Node) serve(web, link net.Listener) {
	quiet := slog.New(slog.DiscardHandler)
	open := peer.HTTPServer(n.Handler, nil, quiet)
	closed := peer.HTTPServer(n.Net.PeerHandler(), n.Net.PeerTLS(), quiet)
	ended := make(chan struct{}, 2)
	go func() { _ = open.Serve(web); ended <- struct{}{} }()
	go func() { _ = closed.ServeTLS(link, "", ""); ended <- struct{}{} }()
	n.stop = append(n.stop, func() {
		_ = open.Close()
		_ = closed.Close()
		<-ended
		<-ended
	})
}
