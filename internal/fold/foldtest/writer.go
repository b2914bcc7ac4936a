// Package foldtest makes logs for tests and test vectors: writers with keys from
// fixed seeds, and entries that come out the same, byte for byte, in every run.
//
// Its functions panic when they are used wrongly; nothing but tests and the
// generator of spec/vectors may import it.
package foldtest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
)

// Key is a key with its public binding.
type Key struct {
	Signer  entry.Signer
	Binding entente.KeyBinding
}

// Writer is a party or an observer with its logs.
type Writer struct {
	Author   entente.Author // of its entries; Agency is "SRE" or "DOS" for the parties
	Genesis  []byte
	Body     entente.Genesis
	Root     Key
	Agency   Key
	Officers [2]Key // of different persons; none for an observer
	Logs     []fold.LogInfo
	ids      int
}

// Bootstrap stands for the policy set that decided.
var Bootstrap = entente.DigestOf([]byte("bootstrap policy of the tests"))

var agencies = map[entente.Party]string{entente.MX: "SRE", entente.US: "DOS"}

// NewParty returns a party of a demonstration.
func NewParty(p entente.Party) *Writer {
	agency := agencies[p]
	if agency == "" {
		agency = "GOV"
	}
	return newWriter(entente.Author{Party: p, Agency: agency})
}

// NewObserver returns an observer of a demonstration.
func NewObserver(name string) *Writer { return newWriter(entente.Author{Observer: name}) }

func newWriter(author entente.Author) *Writer {
	w := &Writer{Author: author}
	base := "demo." + strings.ToLower(author.Writer()) + ".entente"
	w.Body = entente.Genesis{
		Writer:  entente.Author{Party: author.Party, Observer: author.Observer},
		Name:    entente.Text{ES: "Escritor de prueba " + author.Writer(), EN: "Test writer " + author.Writer()},
		Demo:    true,
		Origins: entente.Origins{Public: base + "/public"},
	}
	w.Root = w.NewKey("root", "")
	w.Agency = w.NewKey("agency", entente.RoleAgency)
	bindings := []entente.KeyBinding{w.NewKey("log", entente.RoleLog).Binding, w.Agency.Binding}
	if author.Party != "" {
		w.Body.Origins.Shared, w.Body.Origins.National = base+"/shared", base+"/national"
		for i := range w.Officers {
			w.Officers[i] = w.NewKey(fmt.Sprintf("officer %d", i+1), entente.RoleOfficer)
			bindings = append(bindings, w.Officers[i].Binding)
		}
	}
	w.Body.Root, w.Body.Keys = w.Root.Binding.Public, bindings
	h := w.Header(entente.National, "genesis")
	h.Author.Agency = ""
	w.Genesis = w.Sign(Text(entente.TypeGenesis, h, w.Body), w.Root)
	_, logs, err := fold.Pinned(w.Genesis)
	check(err)
	w.Logs = logs
	return w
}

// NewKey returns a key of the writer; seed is any words. An officer's key binds
// the person called like the seed.
func (w *Writer) NewKey(seed string, role entente.KeyRole) Key {
	sum := sha256.Sum256([]byte("entente test key: " + w.Author.Writer() + ": " + seed))
	name := fmt.Sprintf("demo.%s.entente/%x", strings.ToLower(w.Author.Writer()), sum[:4])
	signer, vkey, err := entry.NewSigner(name, sum[:])
	check(err)
	k := Key{signer, entente.KeyBinding{Name: name, Role: role, Public: vkey}}
	switch role {
	case entente.RoleAgency:
		k.Binding.Agency = w.Author.Agency
	case entente.RoleOfficer:
		person := entente.DigestOf([]byte("salt" + seed))
		k.Binding.Person = &person
	}
	return k
}

// Header returns a header with the next id, a fixed time, and the decision that a
// log of audience a asks of a party.
func (w *Writer) Header(a entente.Audience, subject string) entente.Header {
	w.ids++
	sum := sha256.Sum256([]byte(w.Author.Writer()))
	h := entente.Header{
		ID:      fmt.Sprintf("0199%04x-0000-7000-8000-%012x", sum[:2], w.ids),
		Author:  w.Author,
		Time:    time.Date(2025, 9, 3, 12, 0, 0, 0, time.UTC).Add(time.Duration(w.ids) * time.Second),
		Subject: subject,
	}
	gate := map[entente.Audience]entente.Gate{entente.Shared: entente.GateRelease, entente.Public: entente.GatePublication}[a]
	if gate != "" && w.Author.Party != "" {
		h.Decision = &entente.Decision{Gate: gate, Policy: Bootstrap, Policies: []string{"test"}}
	}
	return h
}

// Text returns the text of an entry.
func Text(t entente.Type, h entente.Header, body any) string {
	raw, ok := body.(json.RawMessage)
	if !ok {
		var err error
		raw, err = entry.Body(body)
		check(err)
	}
	h.Body = raw
	text, err := entry.Build(t, h)
	check(err)
	return text
}

// Sign returns the entry of a text, signed by the keys in their order.
func (w *Writer) Sign(text string, keys ...Key) []byte {
	signers := make([]entry.Signer, len(keys))
	for i, k := range keys {
		signers[i] = k.Signer
	}
	raw, err := entry.Sign(text, signers...)
	check(err)
	return raw
}

// Signers returns the keys that an entry in a log of audience a asks for.
func (w *Writer) Signers(a entente.Audience) []Key {
	keys := []Key{w.Agency}
	if w.Author.Party != "" && a != entente.National {
		keys = append(keys, w.Officers[0])
	}
	if w.Author.Party != "" && a == entente.Public {
		keys = append(keys, w.Officers[1])
	}
	return keys
}

// Entry returns an entry as it should be; edit changes the header before it is
// signed. A key entry is signed by the root key and carries no decision.
func (w *Writer) Entry(a entente.Audience, t entente.Type, subject string, body any, edit ...func(*entente.Header)) []byte {
	h := w.Header(a, subject)
	keys := w.Signers(a)
	switch rule, _ := entente.Rule(t); rule.Signers {
	case entente.SignedByRoot:
		h.Decision, h.Author.Agency, keys = nil, "", []Key{w.Root}
	case entente.SignedByNode:
		keys = []Key{w.Agency}
	case entente.SignedByTwo:
		keys = append([]Key{w.Agency}, w.Officers[:2]...)
	}
	for _, e := range edit {
		e(&h)
	}
	return w.Sign(Text(t, h, body), keys...)
}

// Origin returns the writer's log of audience a.
func (w *Writer) Origin(a entente.Audience) string { return w.Body.Origins.Of(a) }

// Logs are logs in the making: the entries of each, in order.
type Logs struct {
	Raw map[string][][]byte // by origin
	// Order names the log of each entry in the order in which they were added: one in
	// which every writer has seen what it refers to.
	Order []string
	Info  []fold.LogInfo
}

// NewLogs returns logs that hold the writers' genesis entries.
func NewLogs(writers ...*Writer) *Logs {
	l := &Logs{Raw: map[string][][]byte{}}
	for _, w := range writers {
		for _, log := range w.Logs {
			l.Add(log.Origin, w.Genesis)
		}
		l.Info = append(l.Info, w.Logs...)
	}
	return l
}

// Add appends an entry to a log and returns its reference.
func (l *Logs) Add(origin string, raw []byte) entente.Ref {
	l.Raw[origin] = append(l.Raw[origin], raw)
	l.Order = append(l.Order, origin)
	return entente.Ref{Log: origin, Index: uint64(len(l.Raw[origin]) - 1), Leaf: entry.LeafHash(raw)}
}

// State appends an entry of w, made by [Writer.Entry], and returns its reference.
func (l *Logs) State(w *Writer, a entente.Audience, t entente.Type, subject string, body any, edit ...func(*entente.Header)) entente.Ref {
	return l.Add(w.Origin(a), w.Entry(a, t, subject, body, edit...))
}

// Fold folds all logs, one after the other, into a new projection.
func (l *Logs) Fold() *fold.Memory {
	m := fold.NewMemory(l.Info...)
	for _, info := range l.Info {
		for _, raw := range l.Raw[info.Origin] {
			_, err := m.Append(info.Origin, raw)
			check(err)
		}
	}
	return m
}

// Supersedes is an edit for [Writer.Entry].
func Supersedes(refs ...entente.Ref) func(*entente.Header) {
	return func(h *entente.Header) { h.Supersedes = refs }
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
