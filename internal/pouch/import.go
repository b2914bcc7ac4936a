package pouch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"entente"
	"entente/internal/payload"
	"entente/internal/store"
)

// Taken is what an import did.
type Taken struct {
	ID   string    `json:"id"`
	From string    `json:"from"`
	Made time.Time `json:"made"`
	Logs []Moved   `json:"logs"`
	// Files are those that arrived, Held those that were here already, Shredded
	// payloads that were shredded here and do not come back.
	Files    int `json:"files"`
	Held     int `json:"held"`
	Shredded int `json:"shredded"`
	// Cosigned counts the checkpoints of own logs that came back cosigned.
	Cosigned int `json:"cosigned"`
}

// Moved is how far a log went.
type Moved struct {
	Origin string `json:"origin"`
	Before uint64 `json:"before"`
	After  uint64 `json:"after"`
}

// opened is a pouch whose volumes are whole and whose sender is known.
type opened struct {
	*Pouch
	stage    *stage
	sections []*loaded
	bytes    []*sectionBytes
}

func (o *opened) close() {
	for _, b := range o.bytes {
		b.close()
	}
	_ = o.stage.close() // it has no name and goes with the process at the latest
}

// Import takes a pouch. Whatever is wrong with it is found before anything changes,
// but for logs that contradict themselves, of which the proof is kept. After a
// failure of the machine it can be run again.
func (n *Node) Import(ctx context.Context, p *Pouch) (Taken, error) {
	t := Taken{ID: p.ID, From: p.From, Made: p.Made, Logs: []Moved{}}
	if p.To != "" && p.To != n.Store.Own() {
		return t, fmt.Errorf("%w: it is for %s, this is the node of %s", ErrRecipient, p.To, n.Store.Own())
	}
	if p.From == n.Store.Own() {
		return t, fmt.Errorf("%w: this node made it, for %s", ErrRecipient, who(p.To))
	}
	if err := p.check(ctx, n.meter("pouch.check", p.size())); err != nil {
		return t, err
	}
	o, err := n.open(ctx, p)
	if err != nil {
		return t, err
	}
	defer o.close()
	if err := n.fits(ctx, o); err != nil {
		return t, err
	}
	return t, n.take(ctx, o, &t)
}

func who(party string) string {
	if party == "" {
		return "anyone"
	}
	return party
}

// open reads the logs of a pouch aside and finds out who made it. The sealed section
// is opened only when that is known.
func (n *Node) open(ctx context.Context, p *Pouch) (o *opened, err error) {
	known, err := n.logKeys(ctx, p.From)
	if err != nil {
		return nil, err
	}
	o = &opened{Pouch: p}
	if o.stage, err = newStage(n.Dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	if err := n.load(o, Public, nil); err != nil {
		return o, err
	}
	more, err := n.introduced(ctx, p.From, o.sections[0].logs)
	if err != nil {
		return o, err
	}
	if err := verifyManifest(p.raw, slices.Concat(known, more)); err != nil {
		return o, fmt.Errorf("%w: %s", err, p.From)
	}
	if p.To == "" {
		return o, nil
	}
	with, err := n.identities()
	if err != nil {
		return o, err
	}
	return o, n.load(o, Sealed, with)
}

func (n *Node) load(o *opened, kind Kind, with []string) error {
	b := &sectionBytes{p: o.Pouch, kind: kind, with: with}
	o.bytes = append(o.bytes, b)
	l, err := load(b, o.ID, kind, o.stage)
	if err == nil {
		o.sections = append(o.sections, l)
	}
	return err
}

// fits holds the pouch against what the node has: its logs are the sender's, none
// begins after what is held, and every file is named by an entry.
func (n *Node) fits(ctx context.Context, o *opened) error {
	names := map[file]bool{}
	for _, s := range o.sections {
		for _, l := range s.logs {
			held, err := n.Store.Log(ctx, l.part.Origin)
			if errors.Is(err, store.ErrNotFound) || err == nil && (held.Own || held.Writer != o.From) {
				return fmt.Errorf("%w (%s is no log of %s)", ErrFormat, l.part.Origin, o.From)
			}
			if err != nil {
				return err
			}
			if held.Size < l.part.Since {
				return fmt.Errorf("%w (%s: it begins at entry %d, and %d are held)", ErrGap, l.part.Origin, l.part.Since, held.Size)
			}
			err = l.entries(func(raw []byte) error {
				for _, f := range named(raw, entente.Party(n.Store.Own())) {
					names[f] = true
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	for _, s := range o.sections {
		for _, f := range s.head.Files {
			if f.Payload && (s.head.Kind != Sealed || n.Payloads == nil) {
				return fmt.Errorf("%w (%s)", ErrUnnamed, f.Digest)
			}
			if names[f] {
				continue
			}
			if known, err := n.knows(ctx, o.From, f); err != nil || !known {
				return errors.Join(err, fmt.Errorf("%w (%s)", ErrUnnamed, f.Digest))
			}
		}
	}
	return nil
}

// sealing types carry payloads, filing ones files.
var (
	sealingTypes = []entente.Type{
		entente.TypeRequest, entente.TypeRefusal, entente.TypeRelease, entente.TypePermissionRequest, entente.TypeMisuse,
	}
	filingTypes = []entente.Type{entente.TypeDataset, entente.TypeAction}
)

// knows reports whether an entry of the sender that is mirrored already names a file.
func (n *Node) knows(ctx context.Context, from string, f file) (bool, error) {
	q := store.Query{Writer: from, Versions: true, Withdrawn: true, Limit: 1, Types: filingTypes,
		Where: []store.Cond{{Column: "file.digest", Op: store.Eq, Value: f.Digest.String()}, {Column: "file.size", Op: store.Eq, Value: f.Size}}}
	if f.Payload {
		q.Types = sealingTypes
		q.Where = []store.Cond{{Column: "payload.digest", Op: store.Eq, Value: f.Digest.String()}, {Column: "payload.size", Op: store.Eq, Value: f.Size}}
	}
	page, err := store.List[struct{}](ctx, n.Store.View(entente.Shared), q)
	return page.Total > 0, err
}

// take keeps what the pouch carries: files first, so that who cosigned a log has had
// the files of its entries; then logs, from the widest audience; then cosignatures.
func (n *Node) take(ctx context.Context, o *opened, t *Taken) error {
	read := n.meter("pouch.read", o.size())
	for _, s := range o.sections {
		err := s.files(func(f file, r io.Reader) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return n.takeFile(ctx, f, metered{r, read}, t)
		})
		if err != nil {
			return err
		}
	}
	for _, s := range o.sections {
		for _, l := range s.logs {
			if err := n.takeLog(ctx, l, t); err != nil {
				return err
			}
		}
	}
	for _, s := range o.sections {
		for _, c := range s.cosigned {
			if err := n.Network.TakeCosigned(ctx, o.From, c); err != nil {
				return fmt.Errorf("a checkpoint that came back cosigned: %w", err)
			}
			t.Cosigned++
		}
	}
	return nil
}

// metered is a reader whose bytes are counted.
type metered struct {
	r    io.Reader
	read func(int64)
}

// Read implements [io.Reader].
func (m metered) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	m.read(int64(n))
	return n, err
}

func (n *Node) takeLog(ctx context.Context, l *source, t *Taken) error {
	before, err := n.Store.Log(ctx, l.part.Origin)
	if err != nil {
		return err
	}
	if err := n.Network.FollowFrom(ctx, l.part.Origin, l); err != nil {
		return fmt.Errorf("%s: %w", l.part.Origin, err)
	}
	after, err := n.Store.Log(ctx, l.part.Origin)
	if err == nil {
		t.Logs = append(t.Logs, Moved{l.part.Origin, before.Size, after.Size})
	}
	return err
}

// takeFile keeps one file under its digest, unless it is here already.
func (n *Node) takeFile(ctx context.Context, f file, r io.Reader, t *Taken) error {
	if f.Payload {
		return n.takePayload(ctx, f, r, t)
	}
	if here, err := n.Blobs.Has(ctx, f.Digest); err != nil || here {
		t.Held++
		return errors.Join(err, discard(r))
	}
	// The volumes were whole: a file of another digest is the sender's doing.
	_, _, err := n.Blobs.Put(ctx, &expected{r, sha256.New(), f.Digest, fmt.Errorf("%w (the file %s is another one)", ErrFormat, f.Digest)})
	if err == nil {
		t.Files++
	}
	return err
}

// resume begins to take a payload. One that the node fetches over the network at this
// moment is waited for: it ends there one way or the other.
func (n *Node) resume(ctx context.Context, f file) (*payload.Incoming, error) {
	for {
		in, err := n.Payloads.Resume(f.Digest, f.Size)
		if !errors.Is(err, payload.ErrBusy) {
			return in, err
		}
		select {
		case <-time.After(busyFor):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// busyFor is how long to wait before asking for a payload again.
const busyFor = 50 * time.Millisecond

// takePayload keeps a payload, from where an earlier import of it ended. What was
// shredded here stays so.
func (n *Node) takePayload(ctx context.Context, f file, r io.Reader, t *Taken) (err error) {
	in, err := n.resume(ctx, f)
	switch {
	case errors.Is(err, payload.ErrShredded):
		t.Shredded++
		return discard(r)
	case errors.Is(err, payload.ErrHeld):
		t.Held++
		return discard(r)
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if _, err := io.CopyN(io.Discard, r, in.Offset()); err != nil {
		return err
	}
	if _, err := io.Copy(in, r); err != nil {
		return err
	}
	err = in.Commit()
	if errors.Is(err, payload.ErrShredded) {
		t.Shredded++
		return nil
	}
	if err == nil {
		t.Files++
	}
	return err
}
