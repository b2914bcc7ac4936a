package fold

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"sync"

	"entente"
)

// Line is what the state digest of a view covers of one entry that the view sees.
// Tip and Withdrawn depend on the view: only links of admissible entries that the
// view sees have an effect.
type Line struct {
	Log    string         `json:"log"`
	Index  uint64         `json:"index"`
	Leaf   entente.Digest `json:"leaf"`
	Status Status         `json:"status"`
	Rule   string         `json:"rule,omitempty"`
	// Content is [Folded.Content] of the entry.
	Content entente.Digest `json:"content"`
	// Tip is true for an admissible version that no admissible entry in view
	// retires (see [LinkKind.Retires]); false for every other entry.
	Tip bool `json:"tip"`
	// Withdrawn is true for an admissible version that an admissible withdrawal in
	// view names.
	Withdrawn bool `json:"withdrawn"`
}

// JointLine is what the state digest covers of one joint thing of which the view
// sees at least one half.
type JointLine struct {
	Type    entente.Type   `json:"joint"`
	Subject string         `json:"subject"`
	InForce entente.Digest `json:"in_force"`
	Flagged bool           `json:"flagged"`
}

// Digester computes the state digest of a view: SHA-256 over a first line naming
// the fold's [Version], one line of compact JSON for each entry in the order of
// (origin, index), and one for each joint thing in the order of (type, subject).
// Every line ends with a line feed. Strings compare by their bytes.
type Digester struct {
	h         hash.Hash
	log       string
	index     uint64
	entries   int
	typ       entente.Type
	subject   string
	joint     int
	canonical canonicalWriter
}

// NewDigester returns a digester that has seen nothing but the fold's version.
func NewDigester() *Digester {
	d := &Digester{h: sha256.New()}
	d.canonical = newCanonicalWriter(d.h)
	_, _ = io.WriteString(d.h, Version+"\n") // a hash never fails
	return d
}

// Add adds the line of the next entry. It refuses lines out of order and lines
// after the first joint line.
func (d *Digester) Add(l Line) error {
	if d.joint > 0 {
		return fmt.Errorf("state digest: entry %s#%d after a joint thing", l.Log, l.Index)
	}
	if d.entries > 0 && (l.Log < d.log || l.Log == d.log && l.Index <= d.index) {
		return fmt.Errorf("state digest: %s#%d after %s#%d", l.Log, l.Index, d.log, d.index)
	}
	d.log, d.index, d.entries = l.Log, l.Index, d.entries+1
	return d.canonical.write(l)
}

// AddJoint adds the line of the next joint thing, after all entries.
func (d *Digester) AddJoint(l JointLine) error {
	if d.joint > 0 && (l.Type < d.typ || l.Type == d.typ && l.Subject <= d.subject) {
		return fmt.Errorf("state digest: joint %s/%s after %s/%s", l.Type, l.Subject, d.typ, d.subject)
	}
	d.typ, d.subject, d.joint = l.Type, l.Subject, d.joint+1
	return d.canonical.write(l)
}

// Sum returns the digest of what was added so far.
func (d *Digester) Sum() entente.Digest {
	var sum entente.Digest
	d.h.Sum(sum[:0])
	return sum
}

// content is the canonical form of what an entry put into the projection.
type content struct {
	Writer     string         `json:"writer"`
	Type       entente.Type   `json:"type"`
	Subject    string         `json:"subject"`
	Body       entente.Digest `json:"body"`
	Title      entente.Text   `json:"title"`
	Search     entente.Text   `json:"search"`
	Areas      []string       `json:"areas"`
	Correction *entente.Text  `json:"correction,omitempty"`
	Links      []contentLink  `json:"links"`
	Unresolved []contentLink  `json:"unresolved"`
	Rows       [][]any        `json:"rows"` // table name, then the row's values
}

type contentLink struct {
	Kind LinkKind    `json:"kind"`
	To   entente.Ref `json:"to"`
}

// Content is the digest of everything the entry put into the projection beside
// its place, leaf, status and rule: the store keeps it in the version row, so that
// a state digest needs no typed table. SHA-256 of one line of compact JSON.
func (f *Folded) Content() (entente.Digest, error) {
	c := content{
		Writer: f.Writer, Type: f.Type, Subject: f.Header.Subject, Body: f.BodyDigest,
		Title: f.Title, Search: f.Search, Areas: f.Areas, Correction: f.Correction,
		Links: contentLinks(f.Links), Unresolved: contentLinks(f.Unresolved),
	}
	for _, r := range f.Rows {
		row := append(make([]any, 0, 1+len(r.Values)), r.Table)
		c.Rows = append(c.Rows, append(row, r.Values...))
	}
	w := contents.Get().(*canonicalWriter)
	defer contents.Put(w)
	if err := w.encode(c); err != nil {
		return entente.Digest{}, fmt.Errorf("content of %s: %w", f.Ref, err)
	}
	return sha256.Sum256(w.buf.Bytes()), nil
}

// contents holds writers for [Folded.Content]: every entry needs one for a moment.
var contents = sync.Pool{New: func() any { w := newCanonicalWriter(nil); return &w }}

func contentLinks(links []Link) []contentLink {
	var out []contentLink
	for _, l := range links {
		out = append(out, contentLink(l))
	}
	return out
}

// Retires reports whether an admissible link of kind k takes its target out of
// the tips: a successor does, and so does publication, since the public copy then
// stands in the inner version's place.
func (k LinkKind) Retires() bool { return k == LinkSupersedes || k == LinkPublished }

// canonicalWriter writes values as lines of compact JSON: struct fields in order,
// no HTML escapes, numbers as encoding/json writes them.
type canonicalWriter struct {
	out io.Writer
	buf *bytes.Buffer
	enc *json.Encoder
}

func newCanonicalWriter(out io.Writer) canonicalWriter {
	buf := new(bytes.Buffer)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return canonicalWriter{out: out, buf: buf, enc: enc}
}

// write encodes v and ends it with a line feed, as json.Encoder does.
func (w canonicalWriter) write(v any) error {
	if err := w.encode(v); err != nil {
		return err
	}
	_, err := w.out.Write(w.buf.Bytes())
	return err
}

// encode leaves the line of v in the buffer.
func (w canonicalWriter) encode(v any) error {
	w.buf.Reset()
	return w.enc.Encode(v)
}
