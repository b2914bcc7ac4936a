package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"entente"
	"entente/internal/entry"
	"entente/internal/merkle"
	"entente/internal/store"
)

func (s *server) routeEntries() {
	s.handle(operation{
		id: "latest", method: http.MethodGet, path: "/api/v1/entries", response: s.schemaOf(List{}),
		summary: "The newest entries of all logs, whatever their status",
		params: []param{
			{name: "type", enum: s.typeNames(), repeat: true, doc: "Types of entries."},
			{name: "writer", doc: "Who wrote it."},
			{name: "status", enum: []string{"admissible", "pending", "inadmissible", "opaque"}, repeat: true, doc: "How the entry folded; any by default."},
			limitParam, cursorParam,
		},
	}, s.latest)
	s.handle(operation{
		id: "entry", method: http.MethodGet, path: "/api/v1/entries/{base}/{audience}/{index}", response: s.schemaOf(EntryAnswer{}),
		summary: "One entry: its bytes, what it says, and the proof that it is in its log", media: []string{"text/plain"},
		params: []param{{name: "format", enum: []string{"json", "note"}, doc: "note gives the entry's exact bytes alone."}},
	}, s.entry)
}

func (s *server) typeNames() []string {
	var out []string
	for _, t := range s.tables {
		out = append(out, string(t.rule.Type))
	}
	return out
}

func (s *server) latest(ctx context.Context, c *call) (*answer, error) {
	q := store.Query{Writer: c.get("writer"), After: c.get("cursor"), Limit: c.number("limit", 100), Lang: string(c.lang)}
	for _, t := range c.query["type"] {
		q.Types = append(q.Types, entente.Type(t))
	}
	q.Status = statuses(c)
	page, err := c.view.Latest(ctx, q)
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	return &answer{body: s.listOf(c, n, "entries", page)}, err
}

// EntryAnswer is one entry with its proof and what hangs on it.
type EntryAnswer struct {
	Notice
	Entry Item `json:"entry"`
	// Note is the entry's exact bytes: a C2SP signed note.
	Note       string         `json:"note"`
	Signatures []SignatureRef `json:"signatures"`
	Proof      Proof          `json:"proof"`
	Positions  []PositionItem `json:"positions"`
	Linked     []Item         `json:"linked"`
}

// SignatureRef names the key of a signature line.
type SignatureRef struct {
	Key string `json:"key"`
	ID  string `json:"id"` // 8 hexadecimal digits (C2SP signed-note)
}

// Proof shows that an entry is in its log (RFC 6962, section 2.1.1).
type Proof struct {
	Leaf  entente.Digest `json:"leaf"`
	Index uint64         `json:"index"`
	Size  uint64         `json:"size"`
	Root  entente.Digest `json:"root"`
	// Hashes are base64, from the leaf up.
	Hashes merkle.Proof `json:"hashes"`
	// Checkpoint is the signed checkpoint of that size and root; empty while an
	// entry is mirrored before the checkpoint that covers it.
	Checkpoint string `json:"checkpoint,omitempty"`
}

func (s *server) entry(ctx context.Context, c *call) (*answer, error) {
	origin := c.path("base") + "/" + c.path("audience")
	index, err := strconv.ParseUint(c.path("index"), 10, 62)
	if err != nil {
		return nil, notFound()
	}
	if s.sees(ctx, c, origin, index) {
		c.view = c.view.Whole()
	}
	raw, err := c.view.Entry(ctx, origin, index)
	if err != nil {
		return nil, err
	}
	if c.get("format") == "note" {
		return &answer{raw: raw, media: "text/plain; charset=utf-8"}, nil
	}
	v, err := store.ByRef[json.RawMessage](ctx, c.view, origin, index)
	if err != nil {
		return nil, err
	}
	out := EntryAnswer{Entry: itemOf(v), Note: string(raw), Signatures: []SignatureRef{}}
	if p, err := entry.Parse(raw); err == nil {
		for _, sig := range p.Signatures {
			out.Signatures = append(out.Signatures, SignatureRef{sig.Name, hex32(sig.Hash)})
		}
	}
	if out.Proof, err = s.proof(ctx, v.Ref); err != nil {
		return nil, err
	}
	if out.Positions, out.Linked, err = s.around(ctx, c, []entente.Ref{v.Ref}); err != nil {
		return nil, err
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

// proof proves the entry to be in the tree of the latest checkpoint that covers
// it, or in the tree held while there is none.
func (s *server) proof(ctx context.Context, ref entente.Ref) (Proof, error) {
	log, err := s.Store.Log(ctx, ref.Log)
	if err != nil {
		return Proof{}, err
	}
	out := Proof{Leaf: ref.Leaf, Index: ref.Index, Size: log.Size, Root: log.Root}
	if c, err := merkle.Peek(log.Checkpoint); err == nil && c.Size > ref.Index && c.Size <= log.Size {
		out.Size, out.Root, out.Checkpoint = c.Size, c.Root, string(log.Checkpoint)
	}
	out.Hashes, err = merkle.Inclusion(s.Store.HashReader(ref.Log), ref.Index, out.Size)
	if out.Hashes == nil {
		out.Hashes = merkle.Proof{}
	}
	return out, err
}

func hex32(n uint32) string {
	const digits = "0123456789abcdef"
	var b [8]byte
	for i := range b {
		b[i] = digits[n>>(28-4*i)&15]
	}
	return string(b[:])
}
