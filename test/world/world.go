// Package world builds small logs for tests: two parties and an observer with
// keys, genesis, and whatever entries a test states. Keys come from a fixed seed,
// so that the same calls give the same bytes on every run.
package world

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/entry"
	"entente/internal/merkle"
)

// World is a set of logs.
type World struct {
	TB      testing.TB
	MX, US  *Writer
	Portal  *Writer
	Logs    []*Log
	policy  entente.Digest
	entries int
}

// Writer is a party or an observer with its keys.
type Writer struct {
	Author     entente.Author
	Base       string
	GenesisRaw []byte
	Genesis    entente.Genesis

	root, log, mldsa *Key
	agencies         map[string]*Key
	officers         []*Key
}

// Log is one log: its raw entries and its tree.
type Log struct {
	Origin   string
	Writer   *Writer
	Audience entente.Audience
	Raws     [][]byte
	stored   []tlog.Hash
}

// Epoch is the time stated in the first entry.
var Epoch = time.Date(2025, 9, 3, 12, 0, 0, 0, time.UTC)

// New returns a demonstration world in which every log holds its genesis.
// policy is the digest that decisions name.
func New(tb testing.TB, policy entente.Digest) *World {
	w := &World{TB: tb, policy: policy}
	w.MX = w.writer(entente.Author{Party: entente.MX}, "demo.mx.entente", entente.Text{ES: "México", EN: "Mexico"}, "SRE", "SSPC")
	w.US = w.writer(entente.Author{Party: entente.US}, "demo.us.entente", entente.Text{ES: "Estados Unidos", EN: "United States"}, "DOS", "DHS")
	w.Portal = w.writer(entente.Author{Observer: "portal"}, "demo.portal.entente", entente.Text{ES: "Portal", EN: "Portal"}, "")
	return w
}

func (w *World) writer(author entente.Author, base string, name entente.Text, agencies ...string) *Writer {
	p := &Writer{Author: author, Base: base, agencies: map[string]*Key{}}
	p.root = newKey(base, "root", entente.KeyBinding{Role: "root"})
	p.log = newKey(base, "log", entente.KeyBinding{Role: entente.RoleLog})
	p.mldsa = newKey(base, "mldsa", entente.KeyBinding{Role: entente.RoleMLDSA})
	keys := []entente.KeyBinding{p.log.Binding, p.mldsa.Binding}
	for _, a := range agencies {
		p.agencies[a] = newKey(base, "agency "+a, entente.KeyBinding{Role: entente.RoleAgency, Agency: a})
		keys = append(keys, p.agencies[a].Binding)
	}
	g := entente.Genesis{Writer: author, Name: name, Demo: true, Root: p.root.Binding.Public}
	g.Origins.Public = base + "/public"
	audiences := []entente.Audience{entente.Public}
	if author.Party != "" {
		g.Origins.National, g.Origins.Shared = base+"/national", base+"/shared"
		audiences = entente.Audiences
		for i := range 2 {
			person := entente.DigestOf(fmt.Appendf(nil, "%s person %d", base, i))
			o := newKey(base, fmt.Sprint("officer ", i), entente.KeyBinding{Role: entente.RoleOfficer, Person: &person})
			p.officers = append(p.officers, o)
			keys = append(keys, o.Binding)
		}
	}
	g.Keys = keys
	p.Genesis = g
	p.GenesisRaw = w.sign(entente.TypeGenesis, w.header(author, "genesis", g), p.root.Signer)
	for _, a := range audiences {
		l := &Log{Origin: g.Origins.Of(a), Writer: p, Audience: a}
		w.Logs = append(w.Logs, l)
		l.Append(p.GenesisRaw)
	}
	slices.SortFunc(w.Logs, func(a, b *Log) int {
		if a.Origin < b.Origin {
			return -1
		}
		return 1
	})
	return p
}

// Log returns the log of a writer with an audience.
func (w *World) Log(p *Writer, a entente.Audience) *Log {
	w.TB.Helper()
	for _, l := range w.Logs {
		if l.Writer == p && l.Audience == a {
			return l
		}
	}
	w.TB.Fatalf("%s has no %s log", p.Base, a)
	return nil
}

func (w *World) header(author entente.Author, subject string, body any) entente.Header {
	w.TB.Helper()
	raw, err := entry.Body(body)
	if err != nil {
		w.TB.Fatal(err)
	}
	w.entries++
	at := Epoch.Add(time.Duration(w.entries) * time.Minute)
	ms := at.UnixMilli()
	return entente.Header{
		ID:     fmt.Sprintf("%08x-%04x-7000-8000-%012x", ms>>16, ms&0xffff, w.entries),
		Author: author, Time: at, Subject: subject, Body: raw,
	}
}

func (w *World) sign(t entente.Type, h entente.Header, signers ...note.Signer) []byte {
	w.TB.Helper()
	text, err := entry.Build(t, h)
	if err != nil {
		w.TB.Fatalf("%s %s: %v", t, h.Subject, err)
	}
	raw, err := entry.Sign(text, signers...)
	if err != nil {
		w.TB.Fatal(err)
	}
	return raw
}

// Option changes the header of an entry before it is signed.
type Option func(*entente.Header)

// Supersedes names the versions replaced.
func Supersedes(refs ...entente.Ref) Option {
	return func(h *entente.Header) { h.Supersedes = refs }
}

// Make returns a signed entry as the writer's agency states it, with the
// signatures its log asks for.
func (w *World) Make(p *Writer, a entente.Audience, agency string, t entente.Type, subject string, body any, opts ...Option) []byte {
	w.TB.Helper()
	author := p.Author
	author.Agency = agency
	h := w.header(author, subject, body)
	signers := []note.Signer{}
	if k, ok := p.agencies[agency]; ok {
		signers = append(signers, k.Signer)
	}
	if p.Author.Party != "" && a != entente.National {
		gate, n := entente.GateRelease, 1
		if a == entente.Public {
			gate, n = entente.GatePublication, 2
		}
		h.Decision = &entente.Decision{Gate: gate, Policy: w.policy, Policies: []string{"test"}}
		for _, o := range p.officers[:n] {
			signers = append(signers, o.Signer)
		}
	}
	for _, o := range opts {
		o(&h)
	}
	if t == entente.TypeKey {
		h.Author, h.Decision, signers = p.Author, nil, []note.Signer{p.root.Signer}
	}
	return w.sign(t, h, signers...)
}

// Add appends a signed entry to a log and returns its name.
func (w *World) Add(p *Writer, a entente.Audience, agency string, t entente.Type, subject string, body any, opts ...Option) entente.Ref {
	w.TB.Helper()
	return w.Log(p, a).Append(w.Make(p, a, agency, t, subject, body, opts...))
}

// Joint appends both parties' halves of a joint body to their logs.
func (w *World) Joint(a entente.Audience, t entente.Type, subject string, body any, opts ...Option) (mx, us entente.Ref) {
	w.TB.Helper()
	return w.Add(w.MX, a, "SRE", t, subject, body, opts...), w.Add(w.US, a, "DOS", t, subject, body, opts...)
}

// Append adds raw bytes as they are.
func (l *Log) Append(raw []byte) entente.Ref {
	index := uint64(len(l.Raws))
	hashes, err := tlog.StoredHashes(int64(index), raw, l)
	if err != nil {
		panic(err) // the reader is in memory
	}
	l.stored = append(l.stored, hashes...)
	l.Raws = append(l.Raws, raw)
	return entente.Ref{Log: l.Origin, Index: index, Leaf: entry.LeafHash(raw)}
}

// ReadHashes implements [tlog.HashReader].
func (l *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = l.stored[at]
	}
	return out, nil
}

// Head returns the unsigned checkpoint of the first size entries.
func (l *Log) Head(size uint64) merkle.Checkpoint {
	root, err := tlog.TreeHash(int64(size), l)
	if err != nil {
		panic(err) // the reader is in memory
	}
	return merkle.Checkpoint{Origin: l.Origin, Size: size, Root: entente.Digest(root)}
}

// Checkpoint returns the checkpoint of the whole log, signed by its writer with
// both of its keys and cosigned by others.
func (l *Log) Checkpoint(cosigners ...*Writer) ([]byte, error) {
	signers := []note.Signer{l.Writer.log.Signer, l.Writer.mldsa.Signer}
	for _, other := range cosigners {
		c, err := merkle.NewCosigner(other.log.Private)
		if err != nil {
			return nil, err
		}
		signers = append(signers, c)
	}
	return merkle.Sign(l.Head(uint64(len(l.Raws))), signers...)
}

// LogSigner returns the signer of a writer's checkpoints.
func (p *Writer) LogSigner() note.Signer { return p.log.Signer }

// Agency returns the key of an agency.
func (p *Writer) Agency(code string) *Key { return p.agencies[code] }
