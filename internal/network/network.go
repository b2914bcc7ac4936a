package network

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"entente"
	"entente/internal/blobstore"
	"entente/internal/entry"
	"entente/internal/follow"
	"entente/internal/keys"
	"entente/internal/merkle"
	"entente/internal/payload"
	"entente/internal/peer"
	"entente/internal/store"
)

// Peer is another node and where it is reached.
type Peer struct {
	// Writer is the party or observer whose node it is; its genesis is pinned.
	Writer string `json:"writer"`
	// Public is the base URL of its public site: public logs and files.
	Public string `json:"public"`
	// Link is the https URL of its peer listener; "" between nodes that exchange
	// public logs only.
	Link string `json:"link,omitempty"`
}

// Options join one node to others.
type Options struct {
	Store *store.Store
	Blobs blobstore.Store
	Ring  *keys.Ring
	Peers []Peer
	// Payloads are the sealed payloads that are handed to the parties they are to or
	// from; nil hands over none.
	Payloads *payload.Store
	// Withholds, when set, says what is kept back from a writer's node for now
	// although it is to or from it, such as under a pause.
	Withholds func(ctx context.Context, writer string, d entente.Digest) bool
	// Interval is the time between polls of a log; 0 is five seconds.
	Interval time.Duration
	Logger   *slog.Logger
	// Transport makes what carries requests to a peer: over mutual TLS when c is
	// set, else to its public site. Nil means HTTP over TCP; simulations set it.
	Transport func(p Peer, c *tls.Config) http.RoundTripper
}

// Network is one node's connection to the others.
type Network struct {
	o         Options
	keeper    *keeper
	links     map[string]*peer.Link
	followers map[string]*follow.Follower // by origin
	// crossed follow the mirrors that others keep of public logs: a writer that shows
	// each reader another log is proven to by what they were shown.
	crossed []*follow.Follower
	writers map[string]Peer
	// By writer: clients of the peers' public sites, and of their links.
	public, private map[string]*http.Client
}

// New prepares the followers and links; nothing is reached before [Network.Run].
// Every peer's genesis must be pinned in the store.
func New(ctx context.Context, o Options) (*Network, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Network{
		o: o, links: map[string]*peer.Link{}, followers: map[string]*follow.Follower{}, writers: map[string]Peer{},
		public: map[string]*http.Client{}, private: map[string]*http.Client{},
	}
	n.keeper = &keeper{s: o.Store, cosigners: n.cosigners, accuse: n.accuse}
	for _, p := range o.Peers {
		if err := n.addPeer(p); err != nil {
			return nil, fmt.Errorf("the node of %s: %w", p.Writer, err)
		}
	}
	for _, l := range o.Store.Logs(ctx) {
		if l.Own || l.Audience == entente.National {
			continue
		}
		f, err := n.follower(l)
		if err != nil {
			return nil, err
		}
		if f == nil {
			continue
		}
		n.followers[l.Origin] = f
		if l.Audience == entente.Public {
			if err := n.cross(l); err != nil {
				return nil, err
			}
		}
	}
	o.Store.OnCommit(n.hint)
	return n, nil
}

func (n *Network) addPeer(p Peer) (err error) {
	n.writers[p.Writer] = p
	n.public[p.Writer] = n.client(p, nil)
	if p.Link == "" {
		return nil
	}
	n.private[p.Writer] = n.client(p, peer.ClientTLS(n.identity, n.lookup, p.Writer))
	n.links[p.Writer], err = peer.NewLink(p.Link, n.private[p.Writer], n.o.Logger)
	return err
}

func (n *Network) client(p Peer, c *tls.Config) *http.Client {
	client := &http.Client{}
	if n.o.Transport != nil {
		client.Transport = n.o.Transport(p, c)
	} else {
		client = peer.HTTPClient(c)
	}
	if c != nil {
		client.Transport = repinned{client.Transport, c.VerifyConnection}
	}
	return client
}

// repinned asks the pins again at every answer: a connection does not outlive the
// key it was opened under.
type repinned struct {
	http.RoundTripper
	verify func(tls.ConnectionState) error
}

// RoundTrip implements [http.RoundTripper].
func (t repinned) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.TLS == nil {
		err = peer.ErrStranger
	} else {
		err = t.verify(*res.TLS)
	}
	if err == nil {
		return res, nil
	}
	res.Body.Close()
	if idle, ok := t.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
	return nil, err
}

// follower makes the follower of one log: over the link where there is one, else
// from the public site.
func (n *Network) follower(l store.LogState) (*follow.Follower, error) {
	p, ok := n.writers[l.Writer]
	if !ok {
		return nil, nil
	}
	source, err := n.source(p, l)
	if err != nil || source == nil {
		return nil, err
	}
	return follow.New(follow.Options{
		Origin: l.Origin, Source: source, Keeper: n.keeper, Interval: n.o.Interval, Logger: n.o.Logger,
		OnCurrent: func(ctx context.Context, origin string, checkpoint []byte) {
			n.cosign(ctx, l.Writer, origin, checkpoint)
		},
	}), nil
}

// cross follows a public log at the mirrors of the others, seldom: they may lag
// without fault, and what they hold beyond the log's own server is verified like
// anything else.
func (n *Network) cross(l store.LogState) error {
	for _, writer := range slices.Sorted(maps.Keys(n.writers)) {
		base := strings.TrimSuffix(n.writers[writer].Public, "/")
		if writer == l.Writer || base == "" {
			continue
		}
		source, err := follow.NewHTTPSource(base+peer.MirrorPath+l.Origin, n.public[writer])
		if err != nil {
			return err
		}
		n.crossed = append(n.crossed, follow.New(follow.Options{
			Origin: l.Origin, Source: source, Keeper: n.keeper, Interval: crossings * cmp.Or(n.o.Interval, 5*time.Second), MayLag: true, Logger: n.o.Logger,
		}))
	}
	return nil
}

// crossings is how many polls of a log there are to one of a mirror of it.
const crossings = 6

// source is where a log is read from. A public log is had from the public site when
// the link fails, as it does while a peer's new TLS key is not yet known here.
func (n *Network) source(p Peer, l store.LogState) (follow.Source, error) {
	var ways either
	if link := n.links[p.Writer]; link != nil {
		s, err := follow.NewHTTPSource(link.LogURL(l.Origin), n.private[p.Writer])
		if err != nil {
			return nil, err
		}
		ways = append(ways, s)
	}
	if l.Audience == entente.Public && p.Public != "" {
		s, err := follow.NewHTTPSource(strings.TrimSuffix(p.Public, "/")+peer.LogPath+l.Origin, n.public[p.Writer])
		if err != nil {
			return nil, err
		}
		ways = append(ways, s)
	}
	switch len(ways) {
	case 0:
		return nil, nil
	case 1:
		return ways[0], nil
	}
	return ways, nil
}

// Run follows and tells until ctx ends.
func (n *Network) Run(ctx context.Context) error {
	if err := n.accuseAgain(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, f := range n.followers {
		g.Go(func() error { return f.Run(ctx) })
	}
	for _, f := range n.crossed {
		g.Go(func() error { return f.Run(ctx) })
	}
	for _, l := range n.links {
		g.Go(func() error { return l.Run(ctx) })
	}
	g.Go(func() error { return n.observe(ctx) })
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// hint tells the peers that own logs have grown; it runs on the store's writer
// and must not block.
func (n *Network) hint(grown store.Committed) {
	for origin, size := range grown {
		l, err := n.o.Store.Log(context.Background(), origin)
		if err != nil || !l.Own || l.Audience == entente.National {
			continue
		}
		for _, link := range n.links {
			link.Hint(origin, size)
		}
	}
}

// accuse hands evidence to the peers, the accused one included: both desks say so.
func (n *Network) accuse(e merkle.Evidence) {
	for writer, link := range n.links {
		if err := link.Accuse(e); err != nil {
			n.o.Logger.Warn("evidence not handed over", "peer", writer, "error", err)
		}
	}
}

// accuseAgain hands over what evidence is held: it may have been found just before
// the node stopped. Peers that have it already keep it once.
func (n *Network) accuseAgain(ctx context.Context) error {
	files, err := n.o.Store.Evidence(ctx)
	if err != nil {
		return err
	}
	for _, f := range files {
		e, err := merkle.DecodeEvidence(f.File)
		if err != nil {
			return fmt.Errorf("evidence %s: %w", f.Name, err)
		}
		n.accuse(e)
	}
	return nil
}

// Round follows one log to the end of its latest checkpoint, now.
func (n *Network) Round(ctx context.Context, origin string) error {
	f := n.followers[origin]
	if f == nil {
		return fmt.Errorf("the log %s is not followed here: %w", origin, store.ErrNotFound)
	}
	return f.Once(ctx)
}

// Wake asks all followers for a round at once.
func (n *Network) Wake() {
	for _, f := range n.followers {
		f.Wake()
	}
}

// Status says how it stands with every followed log, by origin.
func (n *Network) Status() map[string]follow.Status {
	out := map[string]follow.Status{}
	for origin, f := range n.followers {
		out[origin] = f.Status()
	}
	return out
}

// observe keeps what is known of the contact with each peer, for the desk.
func (n *Network) observe(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	last := map[string]string{}
	for {
		for writer := range n.writers {
			state, changed := n.peerState(ctx, writer, last)
			if !changed {
				continue
			}
			if err := n.o.Store.SetPeer(ctx, state); err != nil && ctx.Err() == nil {
				n.o.Logger.WarnContext(ctx, "peer state not kept", "peer", writer, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// peerState sums up the followers of one writer's logs.
func (n *Network) peerState(ctx context.Context, writer string, last map[string]string) (store.PeerState, bool) {
	out := store.PeerState{Peer: writer, Seen: store.Frontier{}, Cosigned: n.cosignedBy(ctx, writer)}
	for origin, f := range n.followers {
		l, err := n.o.Store.Log(ctx, origin)
		if err != nil || l.Writer != writer {
			continue
		}
		st := f.Status()
		out.Seen[origin] = store.TreeHead{Size: l.Size, Root: l.Root}
		if st.LastContact.After(out.Contact) {
			out.Contact = st.LastContact
		}
		if st.LastError != "" {
			out.Error = st.LastError
		}
	}
	out.Tried = out.Contact
	mark, err := json.Marshal([]any{out.Seen, out.Error, out.Contact.Truncate(15 * time.Second), out.Cosigned})
	if err != nil || last[writer] == string(mark) {
		return out, false
	}
	last[writer] = string(mark)
	return out, true
}

// cosignedBy reads off the own checkpoints which of them the writer cosigned.
func (n *Network) cosignedBy(ctx context.Context, writer string) map[string]uint64 {
	out := map[string]uint64{}
	var verifiers []note.Verifier
	for _, vkey := range n.logKeys(ctx, writer) {
		if v, err := merkle.NewCosignatureVerifier(vkey); err == nil {
			verifiers = append(verifiers, v)
		}
	}
	for _, l := range n.o.Store.Logs(ctx) {
		if !l.Own || l.Checkpoint == nil || len(verifiers) == 0 {
			continue
		}
		if c, sigs, err := merkle.Open(l.Checkpoint, l.Origin, verifiers...); err == nil && len(sigs) > 0 {
			out[l.Origin] = c.Size
		}
	}
	return out
}

// FetchBlob stores a public file from a writer's node, by digest. Nothing is kept
// of a file that has another digest or more than limit bytes. It implements
// node.BlobFetcher.
func (n *Network) FetchBlob(ctx context.Context, writer string, d entente.Digest, limit int64) error {
	p, ok := n.writers[writer]
	if !ok {
		return fmt.Errorf("no address is known of the node of %s", writer)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(p.Public, "/")+"/blob/"+d.String(), nil)
	if err != nil {
		return err
	}
	res, err := n.public[writer].Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the node of %s answered %s for the file %s", writer, res.Status, d)
	}
	_, _, err = n.o.Blobs.Put(ctx, &expected{r: res.Body, sum: sha256.New(), want: d, left: limit})
	if err != nil {
		return fmt.Errorf("the file %s from the node of %s: %w", d, writer, err)
	}
	return nil
}

// expected reads a file of a known digest; instead of the end of another one, or
// of one that is too large, it gives an error.
type expected struct {
	r    io.Reader
	sum  hash.Hash
	want entente.Digest
	left int64
}

// Read implements [io.Reader].
func (e *expected) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	e.left -= int64(n)
	if e.left < 0 {
		return 0, errors.New("it is larger than was agreed")
	}
	e.sum.Write(b[:n])
	if errors.Is(err, io.EOF) {
		if got := entente.Digest(e.sum.Sum(nil)); got != e.want {
			return 0, fmt.Errorf("what was sent has the digest %s", got)
		}
	}
	return n, err
}

// genesisBody reads a genesis entry.
func genesisBody(raw []byte) (*entente.Genesis, error) {
	parsed, err := entry.Parse(raw)
	if err != nil {
		return nil, err
	}
	body, err := entry.DecodeBody(parsed.Type, parsed.Header.Body)
	if err != nil {
		return nil, err
	}
	g, ok := body.(*entente.Genesis)
	if !ok {
		return nil, fmt.Errorf("a %s entry is no genesis", parsed.Type)
	}
	return g, nil
}

// identity is this node's TLS certificate.
func (n *Network) identity() (*tls.Certificate, error) {
	key, err := n.own(entente.RoleTLS)
	if err != nil {
		return nil, err
	}
	cert, err := key.TLS()
	return &cert, err
}
