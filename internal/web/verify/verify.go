// Package verify makes the page on which anyone checks what this site shows: the
// logs and who signed their latest checkpoints, the digest of the state, one entry
// by name or by its text, a whole verification bundle, and how to do all of it
// without this site.
//
// Invariants: a signature is named only after it was verified with a key that the
// logs themselves carry; a file handed in is read, checked and forgotten.
package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"entente"
	"entente/internal/bundle"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/merkle"
	"entente/internal/report"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/site"

	"github.com/a-h/templ"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxUpload bounds a bundle handed in, in bytes.
const MaxUpload = 64_000_000

// Mount registers the page; live registers what is made for every request.
func Mount(live func(pattern string, build site.Build), s *store.Store) {
	p := &pages{s: s, busy: make(chan struct{}, 1)}
	live("GET /verify", p.page)
	live("POST /verify", p.posted)
}

type pages struct {
	s    *store.Store
	busy chan struct{} // one bundle at a time

	mu     sync.Mutex
	at     entente.Digest // frontier of digest
	digest entente.Digest
}

// log is a log with its latest checkpoint and the signatures found good on it.
type log struct {
	store.LogState
	signatures []signature
	// vkey is the key of the Ed25519 signature, as stock tools read it.
	vkey string
	// bad is set when the checkpoint carries a false signature in a known name.
	bad string
}

// signature is one verified signature line.
type signature struct {
	key    string
	kind   string // ed25519, mldsa, cosignature
	writer string // who holds the key
	time   time.Time
}

type model struct {
	logs    []log
	digest  entente.Digest
	entry   string
	text    string // the signed text of an entry, as handed in
	checked *checkedEntry
	bundle  *checkedBundle
	problem string
}

func (p *pages) page(ctx context.Context, f *site.Frame) (templ.Component, error) {
	m, err := p.model(ctx, f)
	if err != nil {
		return nil, err
	}
	if name := strings.TrimSpace(f.R.URL.Query().Get("entry")); name != "" {
		m.entry = name
		if m.checked, err = p.byName(ctx, f, name); err != nil {
			return nil, err
		}
	}
	return verifyPage(f, m), nil
}

func (p *pages) model(ctx context.Context, f *site.Frame) (*model, error) {
	f.Title, f.Lead, f.Active = f.T("verify.title"), f.T("verify.lead"), "verify"
	f.Crumbs = []shell.Link{{Text: f.T("nav.home"), Href: f.Href("/")}}
	m := &model{}
	var err error
	if m.digest, err = p.stateDigest(ctx, f); err != nil {
		return nil, err
	}
	m.logs, err = p.logs(ctx, f)
	return m, err
}

// stateDigest is the digest of the view's state, worked out once a frontier.
func (p *pages) stateDigest(ctx context.Context, f *site.Frame) (entente.Digest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == f.State.Digest {
		return p.digest, nil
	}
	frontier, digest, err := f.View.State(ctx)
	if err != nil {
		return entente.Digest{}, err
	}
	p.at, p.digest = frontier.Digest(), digest
	return digest, nil
}

// logs reads the logs of the view and verifies their checkpoints.
func (p *pages) logs(ctx context.Context, f *site.Frame) ([]log, error) {
	all := p.s.Logs(ctx)
	type known struct {
		verifier note.Verifier
		sig      signature
		vkey     string
	}
	var cosigners []known
	for _, l := range all {
		held, err := p.s.Keys(ctx, l.Origin)
		if err != nil {
			return nil, err
		}
		for _, k := range held {
			if k.Binding.Role == entente.RoleLog {
				if v, err := merkle.NewCosignatureVerifier(k.Binding.Public); err == nil {
					cosigners = append(cosigners, known{v, signature{k.Binding.Name, "cosignature", l.Writer, time.Time{}}, k.Binding.Public})
				}
			}
		}
	}
	var out []log
	for _, l := range all {
		if l.Audience.Rank() > f.View.Audience().Rank() {
			continue
		}
		keys := slices.Clone(cosigners)
		held, err := p.s.Keys(ctx, l.Origin)
		if err != nil {
			return nil, err
		}
		for _, k := range held {
			kind := map[entente.KeyRole]string{entente.RoleLog: "ed25519", entente.RoleMLDSA: "mldsa"}[k.Binding.Role]
			if kind == "" {
				continue
			}
			if v, err := merkle.NewVerifier(k.Binding.Public); err == nil {
				keys = append(keys, known{v, signature{k.Binding.Name, kind, l.Writer, time.Time{}}, k.Binding.Public})
			}
		}
		one := log{LogState: l}
		if len(l.Checkpoint) > 0 {
			var verifiers []note.Verifier
			seen := map[string]bool{}
			for _, k := range keys {
				id := fmt.Sprintf("%s %08x", k.verifier.Name(), k.verifier.KeyHash())
				if !seen[id] {
					seen[id] = true
					verifiers = append(verifiers, k.verifier)
				}
			}
			_, sigs, err := merkle.Open(l.Checkpoint, l.Origin, verifiers...)
			if err != nil {
				one.bad = err.Error()
			}
			for _, s := range sigs {
				i := slices.IndexFunc(keys, func(k known) bool { return k.verifier.Name() == s.Name && k.verifier.KeyHash() == s.Hash })
				sig := keys[i].sig
				if sig.kind == "ed25519" {
					one.vkey = keys[i].vkey
				}
				if t, ok := merkle.SignatureTime(s); ok && t.Unix() > 0 {
					sig.time = t
				}
				one.signatures = append(one.signatures, sig)
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// checkedEntry says what was found of an entry that a reader asks about.
type checkedEntry struct {
	ref     entente.Ref
	found   bool
	proven  bool // the inclusion proof leads to the root of this page's frontier
	size    uint64
	version *store.Version[json.RawMessage]
	// problem says why the text is no entry, in English as the rule says it.
	problem string
	leaf    entente.Digest
}

// byName looks an entry up by origin#index.
func (p *pages) byName(ctx context.Context, f *site.Frame, name string) (*checkedEntry, error) {
	origin, at, ok := strings.Cut(name, "#")
	if !ok {
		return &checkedEntry{}, nil
	}
	ref, index, err := site.ParseEntryPath(origin + "/" + at)
	if err != nil {
		return &checkedEntry{}, nil //nolint:nilerr // what cannot be a name names nothing
	}
	v, err := store.ByRef[json.RawMessage](ctx, f.View, ref, index)
	if errors.Is(err, store.ErrNotFound) {
		return &checkedEntry{}, nil
	}
	if err != nil {
		return nil, err
	}
	return p.prove(f, &checkedEntry{ref: v.Ref, found: true, version: v, leaf: v.Ref.Leaf})
}

// byText looks the exact bytes of an entry up: its leaf hash is what the log holds.
func (p *pages) byText(ctx context.Context, f *site.Frame, raw []byte) (*checkedEntry, error) {
	parsed, err := entry.Parse(raw)
	if err != nil {
		return &checkedEntry{problem: err.Error()}, nil //nolint:nilerr // the page says it
	}
	out := &checkedEntry{leaf: entry.LeafHash(raw)}
	q := store.Query{
		Type: parsed.Type, Writer: parsed.Header.Author.Writer(), Subject: parsed.Header.Subject, Versions: true, Withdrawn: true, Limit: 1000,
		Order: store.ByOrder, Status: []fold.Status{fold.Admissible, fold.Pending, fold.Inadmissible, fold.Opaque},
	}
	page, err := store.List[json.RawMessage](ctx, f.View, q)
	if err != nil {
		return nil, err
	}
	for i := range page.Items {
		if page.Items[i].Ref.Leaf == out.leaf {
			out.ref, out.found, out.version = page.Items[i].Ref, true, &page.Items[i]
			return p.prove(f, out)
		}
	}
	return out, nil
}

// prove verifies the inclusion proof against the tree of the page's frontier.
func (p *pages) prove(f *site.Frame, c *checkedEntry) (*checkedEntry, error) {
	head, ok := f.State.Frontier[c.ref.Log]
	if !ok || c.ref.Index >= head.Size {
		return c, nil
	}
	proof, err := tlog.ProveRecord(int64(head.Size), int64(c.ref.Index), p.s.HashReader(c.ref.Log))
	if err != nil {
		return nil, err
	}
	c.size = head.Size
	c.proven = tlog.CheckRecord(proof, int64(head.Size), tlog.Hash(head.Root), int64(c.ref.Index), tlog.Hash(c.leaf)) == nil
	return c, nil
}

// checkedBundle is what verifying a bundle found.
type checkedBundle struct {
	*bundle.Findings
	name string
	size int64
}

// posted answers the forms: an entry's text, or a bundle.
func (p *pages) posted(ctx context.Context, f *site.Frame) (templ.Component, error) {
	m, err := p.model(ctx, f)
	if err != nil {
		return nil, err
	}
	f.R.Body = http.MaxBytesReader(nil, f.R.Body, MaxUpload)
	err = f.R.ParseMultipartForm(1 << 20)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		m.problem = f.T("verify.bundle.large", "Size", f.L.Bytes(MaxUpload))
	case err != nil:
		m.problem = f.T("verify.bundle.unread")
	case f.R.MultipartForm.File["bundle"] != nil:
		err = p.bundle(f, m)
	default:
		text := strings.ReplaceAll(f.R.FormValue("note"), "\r\n", "\n")
		// What a form sends has lost a final newline when it was pasted.
		text = strings.TrimRight(text, "\n") + "\n"
		m.text = text
		m.checked, err = p.byText(ctx, f, []byte(text))
	}
	if f.R.MultipartForm != nil {
		defer func() { _ = f.R.MultipartForm.RemoveAll() }()
	}
	if err != nil && m.problem == "" {
		return nil, err
	}
	return verifyPage(f, m), nil
}

// bundle verifies a bundle handed in, pinned to the genesis entries this node knows.
func (p *pages) bundle(f *site.Frame, m *model) error {
	file, header, err := f.R.FormFile("bundle")
	if err != nil {
		m.problem = f.T("verify.bundle.unread")
		return nil
	}
	defer func() { _ = file.Close() }()
	select {
	case p.busy <- struct{}{}:
		defer func() { <-p.busy }()
	case <-f.R.Context().Done():
		return f.R.Context().Err()
	}
	pins := map[string]entente.Digest{}
	for _, l := range p.s.Logs(f.R.Context()) {
		pins[l.Writer] = l.Genesis
	}
	found, err := bundle.Verify(file, header.Size, bundle.Options{Pins: pins, Render: report.Render})
	if errors.Is(err, bundle.ErrNotBundle) {
		m.problem = f.T("verify.bundle.not", "Name", header.Filename)
		return nil
	}
	if err != nil {
		return err
	}
	m.bundle = &checkedBundle{found, header.Filename, header.Size}
	return nil
}
