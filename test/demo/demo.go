// Package demo fills three nodes in one process with a programme and its data,
// as the demonstration does with three processes: every entry authored by its
// proper writer through the use cases, joint things by halves, consents and
// publication, figures imported from their files.
package demo

import (
	"context"
	"encoding/json"
	"io/fs"
	"path"
	"path/filepath"
	"testing"

	"entente"
	"entente/internal/merkle"
	"entente/internal/node"
	"entente/internal/programme"
	"entente/internal/store"
	"entente/programmes"
)

const (
	passphrase = "correct horse"
	workFactor = 4 // scrypt's, for tests only
)

// World is three nodes without a network between them.
type World struct {
	MX, US    *Party
	Portal    *node.Node
	Programme *programme.Programme

	tb   testing.TB
	done map[programme.Key]programme.Target
}

// Party is a party's node with two officers; First drafts, Second releases.
type Party struct {
	*node.Node
	First, Second *node.Officer
}

// New returns the three nodes with the whole programme in their public logs, all
// figures recomputed at the portal, and every checkpoint cosigned by the other
// party.
func New(tb testing.TB) *World {
	tb.Helper()
	files, err := fs.Sub(programmes.Files, "mx-us-2025")
	if err != nil {
		tb.Fatal(err)
	}
	p, err := programme.Load(files)
	if err != nil {
		tb.Fatal(err)
	}
	w := &World{tb: tb, Programme: p, done: map[programme.Key]programme.Target{}}
	w.MX, w.US = w.party(entente.MX, "mx", "México", "Mexico"), w.party(entente.US, "us", "Estados Unidos", "United States")
	w.Portal = w.node("portal", node.InitOptions{
		Writer: entente.Author{Observer: programme.Observer}, Name: entente.Text{ES: "Portal público", EN: "Public portal"}, Base: "demo.portal.entente",
	})
	w.pin()
	w.load()
	w.importAll(files)
	w.sync()
	w.cosign()
	w.Portal.Figures().SetChecks(p.Checks)
	if err := w.Portal.Figures().CheckAll(w.ctx()); err != nil {
		tb.Fatal(err)
	}
	return w
}

func (w *World) ctx() context.Context { return context.Background() }

func (w *World) check(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

func (w *World) node(name string, o node.InitOptions) *node.Node {
	o.Demo, o.Passphrase, o.RootPassphrase, o.WorkFactor = true, passphrase, passphrase, workFactor
	dir := filepath.Join(w.tb.TempDir(), name)
	_, err := node.Init(w.ctx(), dir, o)
	w.check(err)
	n, err := node.Open(w.ctx(), dir, node.Options{Passphrase: passphrase, WorkFactor: workFactor})
	w.check(err)
	w.tb.Cleanup(func() { w.check(n.Close()) })
	return n
}

func (w *World) party(p entente.Party, name, es, en string) *Party {
	lead := w.Programme.Leads[p]
	o := node.InitOptions{
		Writer: entente.Author{Party: p}, Name: entente.Text{ES: es, EN: en}, Base: "demo." + name + ".entente",
		Officers: []node.NewOfficer{
			{Name: "first", Display: "First", Agency: lead, Roles: []string{"officer"}, Passphrase: passphrase},
			{Name: "second", Display: "Second", Agency: lead, Roles: []string{"officer", node.RoleReleasing}, Passphrase: passphrase},
		},
	}
	for _, a := range w.Programme.Agencies {
		if a.Party == p {
			o.Agencies = append(o.Agencies, a.Code)
		}
	}
	out := &Party{Node: w.node(name, o)}
	var err error
	out.First, err = out.UnlockOfficer(w.ctx(), "first", passphrase)
	w.check(err)
	out.Second, err = out.UnlockOfficer(w.ctx(), "second", passphrase)
	w.check(err)
	return out
}

func (w *World) nodes() []*node.Node { return []*node.Node{w.MX.Node, w.US.Node, w.Portal} }

func (w *World) pin() {
	for _, n := range w.nodes() {
		for _, other := range w.nodes() {
			if n != other {
				w.check(n.Pin(w.ctx(), other.Genesis()))
			}
		}
		w.done[programme.Key{Writer: n.Writer().Writer(), Type: entente.TypeGenesis}] = programme.Target{
			Ref: entente.Ref{Log: n.Origin(entente.Public), Leaf: merkle.LeafHash(n.Genesis())}, Digest: entente.DigestOf(n.Genesis()),
		}
	}
	w.sync()
}

// sync passes what each node may read of the others' logs.
func (w *World) sync() {
	for _, to := range w.nodes() {
		for _, from := range w.nodes() {
			if to != from {
				w.pass(from.Store(), to.Store())
			}
		}
	}
}

func (w *World) pass(from, to *store.Store) {
	w.tb.Helper()
	for _, l := range to.Logs(w.ctx()) {
		if l.Writer != from.Own() {
			continue
		}
		theirs, err := from.Log(w.ctx(), l.Origin)
		w.check(err)
		for at := l.Size; at < theirs.Size; {
			raws, err := from.Entries(w.ctx(), l.Origin, at, 1000)
			w.check(err)
			var checkpoint []byte
			if at+uint64(len(raws)) == theirs.Size {
				checkpoint = theirs.Checkpoint
			}
			w.check(to.Mirror(w.ctx(), l.Origin, at, raws, checkpoint))
			at += uint64(len(raws))
		}
	}
}

func (w *World) of(p entente.Party) *Party {
	if p == entente.US {
		return w.US
	}
	return w.MX
}

// load appends every item of the programme. Joint things that follow each other in
// the files are completed together, since the founding ones need each other.
func (w *World) load() {
	var together []*programme.Item
	queued := map[programme.Key]bool{}
	last := ""
	for i := range w.Programme.Items {
		it := &w.Programme.Items[i]
		if rule, _ := entente.Rule(it.Type); rule.Joint && !w.oneHalf(it) {
			if key := (programme.Key{Type: it.Type, Subject: it.Subject}); !queued[key] {
				queued[key] = true
				together = append(together, it)
			}
			continue
		}
		w.joint(together)
		together = nil
		if it.Author.Writer() != last {
			w.sync()
			last = it.Author.Writer()
		}
		w.one(it)
	}
	w.joint(together)
	w.sync()
}

func (w *World) bind(it *programme.Item) any {
	w.tb.Helper()
	body, err := it.Bind(func(k programme.Key) (entente.Ref, entente.Digest, bool) {
		t, ok := w.done[k]
		return t.Ref, t.Digest, ok
	})
	w.check(err)
	return body
}

// oneHalf reports whether only one party states a joint body in the programme: a
// proposal.
func (w *World) oneHalf(it *programme.Item) bool {
	for _, p := range w.Programme.Parties {
		if _, ok := w.Programme.Find(programme.Key{Writer: string(p), Type: it.Type, Subject: it.Subject}); !ok {
			return true
		}
	}
	return false
}

func (w *World) one(it *programme.Item) {
	w.tb.Helper()
	n, by, second := w.Portal, (*node.Officer)(nil), (*node.Officer)(nil)
	if it.Author.Party != "" {
		p := w.of(it.Author.Party)
		n, by, second = p.Node, p.First, p.Second
	}
	in := node.Intent{
		Type: it.Type, Subject: it.Subject, Agency: it.Author.Agency, Audience: entente.Public, Body: w.bind(it), By: by, Second: second,
	}
	if rule, _ := entente.Rule(it.Type); rule.Joint {
		in.Audience = entente.Shared // a proposal: nothing joint is public before both consent
	}
	a, err := n.Append(w.ctx(), in)
	w.item(it, err)
	w.done[it.Key()] = programme.Target{Ref: a.Ref}
}

// item fails the test with the item's place in the files.
func (w *World) item(it *programme.Item, err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatalf("%s:%d: %s: %v", it.File, it.Line, it.Key(), err)
	}
}

// joint completes joint bodies between the parties and publishes them.
func (w *World) joint(items []*programme.Item) {
	w.tb.Helper()
	if len(items) == 0 {
		return
	}
	lead := func(p entente.Party) node.Intent {
		at := w.of(p)
		return node.Intent{Agency: w.Programme.Leads[p], By: at.First, Second: at.Second}
	}
	w.sync()
	halves := make([]entente.Ref, len(items))
	digests := make([]entente.Digest, len(items))
	for i, it := range items {
		in := lead(entente.MX)
		in.Type, in.Subject, in.Audience, in.Body = it.Type, it.Subject, entente.Shared, w.bind(it)
		a, err := w.MX.Propose(w.ctx(), in)
		w.item(it, err)
		v, err := store.ByRef[json.RawMessage](w.ctx(), w.MX.View(entente.Shared), a.Ref.Log, a.Ref.Index)
		w.item(it, err)
		halves[i], digests[i] = a.Ref, v.BodyDigest
	}
	w.sync()
	for i, it := range items {
		_, err := w.US.Accept(w.ctx(), halves[i], lead(entente.US))
		w.item(it, err)
	}
	w.sync()
	for i, it := range items {
		for _, p := range w.Programme.Parties {
			_, err := w.of(p).Consent(w.ctx(), it.Type, it.Subject, digests[i], lead(p))
			w.item(it, err)
		}
	}
	w.sync()
	for i, it := range items {
		for _, p := range w.Programme.Parties {
			a, err := w.of(p).PublishJoint(w.ctx(), it.Type, it.Subject, digests[i], w.of(p).First, w.of(p).Second)
			w.item(it, err)
			w.done[programme.Key{Writer: string(p), Type: it.Type, Subject: it.Subject}] = programme.Target{Ref: a.Ref, Digest: digests[i]}
		}
	}
	w.sync()
}

// importAll imports every dataset at the node of its party, and brings the files
// to the portal.
func (w *World) importAll(files fs.FS) {
	w.tb.Helper()
	for _, d := range w.Programme.Datasets {
		raw, err := files.Open(path.Clean(d.File))
		w.check(err)
		p := w.of(d.Party)
		body := entente.Dataset{
			Code: d.ID, Title: d.Title, Publisher: d.Publisher, Released: d.Released, Licence: d.Licence, URL: d.URL, Provenance: d.Provenance,
		}
		done, err := p.Figures().Import(w.ctx(), path.Base(d.File), raw, node.ImportRequest{
			Dataset: body, Family: d.Family, Audience: entente.Public, Agency: d.Publisher, By: p.First, Second: p.Second,
		})
		if err != nil {
			w.tb.Fatalf("%s: %v", d.File, err)
		}
		w.check(raw.Close())
		content, _, err := p.Blobs().Get(w.ctx(), done.Preview.File.Digest)
		w.check(err)
		_, _, err = w.Portal.Blobs().Put(w.ctx(), content)
		w.check(err)
		w.check(content.Close())
	}
}

// cosign completes the checkpoints of the parties' public logs at the portal: the
// ML-DSA signature of the log and the cosignature of the other party.
func (w *World) cosign() {
	for _, log := range []*Party{w.MX, w.US} {
		other := w.US
		if log == w.US {
			other = w.MX
		}
		origin := log.Origin(entente.Public)
		raw, err := w.Portal.Store().Checkpoint(w.ctx(), origin)
		w.check(err)
		cosigner, err := merkle.NewCosigner(w.secret(other, entente.RoleLog))
		w.check(err)
		sealer, err := merkle.NewMLDSASigner(w.secret(log, entente.RoleMLDSA), nil)
		w.check(err)
		signed, err := merkle.AddSignatures(raw, sealer, cosigner)
		w.check(err)
		w.check(w.Portal.Store().SetCheckpoint(w.ctx(), origin, signed))
	}
}

// secret is the private part of a node's key with a role.
func (w *World) secret(p *Party, role entente.KeyRole) string {
	key, err := p.Ring().Key(p.Ring().Bindings(role)[0].Name)
	w.check(err)
	secret, err := key.Private()
	w.check(err)
	return secret
}
