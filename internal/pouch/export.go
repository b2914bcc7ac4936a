package pouch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"entente"
	"entente/internal/blobstore"
	"entente/internal/fold"
	"entente/internal/merkle"
	"entente/internal/store"
)

// Since says from where on a pouch carries logs.
type Since string

// The beginnings of pouches.
const (
	// SinceKnown: from what the other node is known to have, because it cosigned it;
	// everything when nothing is known, as over a data diode.
	SinceKnown Since = "known"
	// SinceLast: from the end of the pouch made last for that node, on the word of who
	// carries it that it arrived.
	SinceLast Since = "last"
	// SinceNone: everything.
	SinceNone Since = "none"
)

// Request says what pouch to make.
type Request struct {
	// To is the party whose node it is for; "" for anyone, with public logs only.
	To string
	// Path is a directory, or a new file whose name ends in .pouch.
	Path  string
	Since Since // "" for SinceKnown
	// Volume is the size of volumes in bytes; 0 for [DefaultVolume].
	Volume int64
}

// Made is a pouch that was made.
type Made struct {
	ID      string `json:"id"`
	To      string `json:"to,omitempty"`
	Path    string `json:"path"`
	Logs    []part `json:"logs"`
	Files   int    `json:"files"`
	Volumes int    `json:"volumes"`
	Size    int64  `json:"size"` // of all volumes, in bytes
	// Resumed is set when an export that was broken off was completed.
	Resumed bool `json:"resumed"`
}

// plan is a pouch being made. It is kept by the node, so that what was broken off
// goes on where it was.
type plan struct {
	Manifest Manifest  `json:"manifest"` // with the volumes made
	Plain    []int64   `json:"plain"`    // bytes of a section in each volume
	Path     string    `json:"path"`
	Volume   int64     `json:"volume"`
	Since    Since     `json:"since"`
	Keys     []string  `json:"keys"` // that the sealed section is sealed to
	Sections []planned `json:"sections"`
}

// planned is a section as it is made.
type planned struct {
	Head        head     `json:"head"`
	Checkpoints [][]byte `json:"checkpoints"`
	Cosigned    [][]byte `json:"cosigned"`
}

const partialKey = "pouch/partial"

func lastKey(to string) string { return "pouch/last/" + to }

// Export makes a pouch, or completes one that was broken off.
func (n *Node) Export(ctx context.Context, r Request) (Made, error) {
	if n.Store.Restored() {
		return Made{}, ErrReadOnly
	}
	if r.To != "" && (!entente.Party(r.To).Valid() || r.To == n.Store.Own()) {
		return Made{}, fmt.Errorf("a pouch is for the node of another party, not of %q", r.To)
	}
	if r.Since == "" {
		r.Since = SinceKnown
	}
	if r.Volume == 0 {
		r.Volume = DefaultVolume
	}
	if r.Volume < MinVolume || r.Volume > maxVolume {
		return Made{}, fmt.Errorf("a volume has at least %d bytes, not %d", MinVolume, r.Volume)
	}
	path, err := filepath.Abs(r.Path)
	if err != nil {
		return Made{}, err
	}
	r.Path = path
	out, err := newMedium(r.Path)
	if err != nil {
		return Made{}, err
	}
	p, resumed, err := n.plan(ctx, r, out)
	if err != nil {
		return Made{}, err
	}
	if err := n.write(ctx, p, out); err != nil {
		return Made{}, err
	}
	made := Made{ID: p.Manifest.ID, To: r.To, Path: r.Path, Volumes: len(p.Manifest.Volumes), Size: p.Manifest.size(), Resumed: resumed}
	for _, s := range p.Sections {
		made.Logs, made.Files = append(made.Logs, s.Head.Logs...), made.Files+len(s.Head.Files)
	}
	return made, n.finish(ctx, p, out)
}

// plan takes up what was broken off, or plans anew.
func (n *Node) plan(ctx context.Context, r Request, out medium) (p *plan, resumed bool, err error) {
	var keys []string
	if r.To != "" {
		if keys, err = n.recipients(ctx, r.To); err != nil {
			return nil, false, err
		}
	}
	raw, err := n.Store.Meta(ctx, partialKey)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, false, err
	}
	if err == nil {
		p = &plan{}
		if err := json.Unmarshal(raw, p); err != nil {
			return nil, false, err
		}
		if p.Path == r.Path && p.Volume == r.Volume && p.Since == r.Since && p.Manifest.To == r.To && slices.Equal(p.Keys, keys) && p.kept(out) {
			if whole, err := n.hasAll(ctx, p); err != nil || whole {
				return p, true, err
			}
		}
		if p.Path == r.Path {
			if err := out.drop(p.names()); err != nil {
				return nil, false, err
			}
		}
	}
	if p, err = n.newPlan(ctx, r, keys); err != nil {
		return nil, false, err
	}
	if err := out.keep(nil, nil); err != nil {
		return nil, false, err
	}
	return p, false, n.save(ctx, p)
}

// hasAll reports whether all files of a plan still go along: a payload may have been
// recalled or be kept back, and the pouch is then made anew without it.
func (n *Node) hasAll(ctx context.Context, p *plan) (bool, error) {
	for _, s := range p.Sections {
		for _, f := range s.Head.Files {
			if here, err := n.hands(ctx, f, p.Manifest.To); err != nil || !here {
				return false, err
			}
		}
	}
	return true, nil
}

// names are the files of the volumes made.
func (p *plan) names() (names []string) {
	for i := range p.Manifest.Volumes {
		names = append(names, p.Manifest.volumeFile(i+1))
	}
	return names
}

// kept reports whether the volumes made are still there.
func (p *plan) kept(out medium) bool {
	var sizes []int64
	for _, v := range p.Manifest.Volumes {
		sizes = append(sizes, v.Size)
	}
	return out.keep(p.names(), sizes) == nil
}

func (n *Node) save(ctx context.Context, p *plan) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return n.Store.SetMeta(ctx, partialKey, raw)
}

func (n *Node) newPlan(ctx context.Context, r Request, keys []string) (*plan, error) {
	own := n.Store.Own()
	p := &plan{
		Manifest: Manifest{ID: newID(), From: own, To: r.To, Made: n.now()}, Path: r.Path, Volume: r.Volume, Since: r.Since, Keys: keys,
	}
	since, err := n.since(ctx, r)
	if err != nil {
		return nil, err
	}
	kinds := []Kind{Public}
	if r.To != "" {
		kinds = append(kinds, Sealed)
	}
	for _, kind := range kinds {
		s := planned{Head: head{Pouch: p.Manifest.ID, Kind: kind, Logs: []part{}, Files: []file{}}}
		if err := n.planLogs(ctx, &s, since); err != nil {
			return nil, err
		}
		if err := n.planFiles(ctx, &s, entente.Party(r.To)); err != nil {
			return nil, err
		}
		if kind == Sealed {
			if s.Cosigned, err = n.Network.Cosigned(ctx, r.To); err != nil {
				return nil, err
			}
			s.Head.Cosigned = len(s.Cosigned)
		}
		p.Sections = append(p.Sections, s)
	}
	return p, nil
}

// since is how far the other node has the own logs.
func (n *Node) since(ctx context.Context, r Request) (map[string]uint64, error) {
	switch {
	case r.Since == SinceNone || r.To == "" && r.Since == SinceKnown:
		return nil, nil
	case r.Since == SinceKnown:
		return n.Network.KnownBy(ctx, r.To)
	case r.Since != SinceLast:
		return nil, fmt.Errorf("a pouch begins at what is known, at the last, or at none, not at %q", r.Since)
	}
	raw, err := n.Store.Meta(ctx, lastKey(r.To))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	last := map[string]uint64{}
	return last, json.Unmarshal(raw, &last)
}

// planLogs takes the own log of the section's audience.
func (n *Node) planLogs(ctx context.Context, s *planned, since map[string]uint64) error {
	audience := map[Kind]entente.Audience{Public: entente.Public, Sealed: entente.Shared}[s.Head.Kind]
	for _, l := range n.Store.Logs(ctx) {
		if !l.Own || l.Audience != audience || l.Checkpoint == nil {
			continue
		}
		s.Head.Logs = append(s.Head.Logs, part{l.Origin, min(since[l.Origin], l.CheckpointSize), l.CheckpointSize})
		s.Checkpoints = append(s.Checkpoints, l.Checkpoint)
	}
	return nil
}

// planFiles takes the files that the entries of the section's logs name, and the
// payloads of earlier ones that have no answer yet: they may never have arrived.
func (n *Node) planFiles(ctx context.Context, s *planned, to entente.Party) error {
	seen := map[entente.Digest]bool{}
	add := func(f file) error {
		if seen[f.Digest] {
			return nil
		}
		here, err := n.hands(ctx, f, string(to))
		if err == nil && here {
			seen[f.Digest] = true
			s.Head.Files = append(s.Head.Files, f)
		}
		return err
	}
	for _, l := range s.Head.Logs {
		for at := l.Since; at < l.Size; {
			raws, err := n.Store.Entries(ctx, l.Origin, at, int(min(l.Size-at, 1024)))
			if err != nil {
				return err
			}
			for _, raw := range raws {
				for _, f := range named(raw, to) {
					if err := add(f); err != nil {
						return err
					}
				}
			}
			at += uint64(len(raws))
		}
	}
	if s.Head.Kind == Public {
		return nil
	}
	waiting, err := n.unanswered(ctx, to)
	if err != nil {
		return err
	}
	for _, f := range waiting {
		if err := add(f); err != nil {
			return err
		}
	}
	return nil
}

// hands reports whether a file is here and goes along to a writer's node.
func (n *Node) hands(ctx context.Context, f file, to string) (bool, error) {
	if !f.Payload {
		return n.Blobs.Has(ctx, f.Digest)
	}
	return n.Payloads != nil && n.Payloads.Has(f.Digest) && (n.Withholds == nil || !n.Withholds(ctx, to, f.Digest)), nil
}

// unanswered are the payloads of what a party was asked or handed and has not
// answered: of a release, by a receipt.
func (n *Node) unanswered(ctx context.Context, to entente.Party) ([]file, error) {
	v := n.Store.View(entente.Shared)
	q := store.Query{
		Types:  []entente.Type{entente.TypeRequest, entente.TypeRelease, entente.TypePermissionRequest},
		Writer: n.Store.Own(), Order: store.ByOrder, Limit: 1000,
	}
	var out []file
	for {
		page, err := store.List[json.RawMessage](ctx, v, q)
		if err != nil {
			return nil, err
		}
		for _, x := range page.Items {
			linked, err := v.Linked(ctx, x.Ref, fold.LinkAbout)
			if err != nil {
				return nil, err
			}
			answered := slices.ContainsFunc(linked, func(l store.Version[json.RawMessage]) bool {
				return l.Writer == string(to) && (x.Type != entente.TypeRelease || l.Type == entente.TypeReceipt)
			})
			if answered {
				continue
			}
			raw, err := v.Entry(ctx, x.Ref.Log, x.Ref.Index)
			if err != nil {
				return nil, err
			}
			out = append(out, named(raw, to)...)
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// write writes the volumes that are not there yet.
func (n *Node) write(ctx context.Context, p *plan, out medium) error {
	wrote := n.meter("pouch.write", 0)
	for _, s := range p.Sections {
		cipher := sealing{}
		var err error
		if s.Head.Kind == Sealed {
			if cipher, err = newSealing(p.Keys); err != nil {
				return err
			}
		}
		w := &volumeWriter{
			ctx: ctx, kind: s.Head.Kind, limit: cipher.capacity(p.Volume), cipher: cipher, out: out, name: p.Manifest.volumeFile, wrote: wrote,
		}
		for i, v := range p.Manifest.Volumes {
			w.number++
			if v.Section == s.Head.Kind {
				w.skip += p.Plain[i]
			}
		}
		w.done = func(v Volume, plain int64) error {
			p.Manifest.Volumes, p.Plain = append(p.Manifest.Volumes, v), append(p.Plain, plain)
			if len(p.Manifest.Volumes) > maxVolumes {
				return fmt.Errorf("the pouch has more than %d volumes: make them larger", maxVolumes)
			}
			return n.save(ctx, p)
		}
		if err := n.writeSection(ctx, newSectionWriter(w), s); err != nil {
			w.abort(err)
			return err
		}
		if err := w.close(); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) writeSection(ctx context.Context, w *sectionWriter, s planned) error {
	if err := w.head(s.Head); err != nil {
		return err
	}
	for i, l := range s.Head.Logs {
		if err := w.bytes(member{kind: memberCheckpoint, n: i}, s.Checkpoints[i]); err != nil {
			return err
		}
		if err := n.writeLog(ctx, w, i, l); err != nil {
			return err
		}
	}
	for i, c := range s.Cosigned {
		if err := w.bytes(member{kind: memberCosigned, n: i}, c); err != nil {
			return err
		}
	}
	for i, f := range s.Head.Files {
		if err := n.writeFile(ctx, w, i, f); err != nil {
			return fmt.Errorf("the file %s: %w", f.Digest, err)
		}
	}
	return w.close()
}

// writeLog writes the entries from Since on and the tiles that prove them: on each
// level those from the one on in which Since ends.
func (n *Node) writeLog(ctx context.Context, w *sectionWriter, i int, l part) error {
	if l.Since == l.Size {
		return nil
	}
	for level := 0; l.Size>>(merkle.TileHeight*level) > 0; level++ {
		count := l.Size >> (merkle.TileHeight * level)
		for at := l.Since >> (merkle.TileHeight * (level + 1)); at*merkle.TileWidth < count; at++ {
			id := merkle.TileID{Level: level, Index: at, Width: int(min(merkle.TileWidth, count-at*merkle.TileWidth))}
			data, err := n.Store.Tile(ctx, l.Origin, level, at, id.Width)
			if err == nil {
				err = w.bytes(member{kind: memberTile, n: i, tile: id}, data)
			}
			if err == nil && level == 0 {
				id.Level = merkle.Entries
				if data, err = n.Store.EntryBundle(ctx, l.Origin, at, id.Width); err == nil {
					err = w.bytes(member{kind: memberTile, n: i, tile: id}, data)
				}
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *Node) writeFile(ctx context.Context, w *sectionWriter, i int, f file) error {
	var r io.ReadCloser
	var err error
	if f.Payload {
		r, err = n.Payloads.Get(f.Digest)
	} else {
		r, _, err = blobstore.GetVerified(ctx, n.Blobs, f.Digest)
	}
	if err != nil {
		return err
	}
	defer r.Close()
	return w.put(member{kind: memberFile, n: i}, f.Size, r)
}

// finish signs the manifest: from then on the pouch is one.
func (n *Node) finish(ctx context.Context, p *plan, out medium) error {
	signer, err := n.signer(ctx)
	if err != nil {
		return err
	}
	raw, err := p.Manifest.sign(signer)
	if err != nil {
		return err
	}
	if err := out.finish(p.Manifest.manifestFile(), raw); err != nil {
		return err
	}
	last := map[string]uint64{}
	for _, s := range p.Sections {
		for _, l := range s.Head.Logs {
			last[l.Origin] = l.Size
		}
	}
	raw, err = json.Marshal(last)
	if err != nil {
		return err
	}
	return errors.Join(n.Store.SetMeta(ctx, lastKey(p.Manifest.To), raw), n.Store.SetMeta(ctx, partialKey, nil))
}
