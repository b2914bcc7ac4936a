package loader

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/internal/node"
	"entente/internal/programme"
	"entente/internal/series"
	"entente/internal/store"
)

// files is the programme's folder.
func files() fs.FS { return os.DirFS("../../../programmes/mx-us-2025") }

const passphrase = "correct horse"

// three are the nodes of the programme, without a network between them: what each
// may read of the others is passed on by mirror.
type three struct {
	t     *testing.T
	prog  *programme.Programme
	dirs  map[string]string
	nodes map[string]*node.Node
}

func newThree(t *testing.T) *three {
	prog, err := programme.Load(files())
	if err != nil {
		t.Fatal(err)
	}
	w := &three{t: t, prog: prog, dirs: map[string]string{}, nodes: map[string]*node.Node{}}
	for name, writer := range map[string]entente.Author{"MX": {Party: "MX"}, "US": {Party: "US"}, "portal": {Observer: "portal"}} {
		w.dirs[name] = filepath.Join(t.TempDir(), name)
		o := node.InitOptions{
			Writer: writer, Name: entente.Text{ES: name, EN: name}, Demo: true, Base: "demo." + map[string]string{"MX": "mx", "US": "us", "portal": "portal"}[name] + ".entente",
			Passphrase: passphrase, RootPassphrase: passphrase, WorkFactor: 4,
		}
		if writer.Party != "" {
			for _, a := range prog.Agencies {
				if a.Party == writer.Party {
					o.Agencies = append(o.Agencies, a.Code)
				}
			}
			o.Officers = []node.NewOfficer{
				{Name: "first", Agency: prog.Leads[writer.Party], Roles: []string{"officer"}, Passphrase: passphrase},
				{Name: "second", Agency: prog.Leads[writer.Party], Roles: []string{"officer", node.RoleReleasing}, Passphrase: passphrase},
			}
		}
		if _, err := node.Init(t.Context(), w.dirs[name], o); err != nil {
			t.Fatal(err)
		}
		w.open(name)
	}
	for _, n := range w.nodes {
		for _, other := range w.nodes {
			if n != other {
				if err := n.Pin(t.Context(), other.Genesis()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return w
}

func (w *three) open(name string) {
	n, err := node.Open(w.t.Context(), w.dirs[name], node.Options{Passphrase: passphrase, WorkFactor: 4})
	if err != nil {
		w.t.Fatal(err)
	}
	w.nodes[name] = n
}

func (w *three) close() {
	for _, n := range w.nodes {
		if err := n.Close(); err != nil {
			w.t.Error(err)
		}
	}
}

// pass mirrors, once, what each node follows of the others.
func (w *three) pass(ctx context.Context) error {
	for _, to := range w.nodes {
		for _, l := range to.Store().Logs(ctx) {
			if l.Own {
				continue
			}
			from := w.nodes[l.Writer].Store()
			var checkpoint []byte // nil while the log has grown meanwhile
			raws, err := from.Entries(ctx, l.Origin, l.Size, 1000)
			if err != nil || len(raws) == 0 {
				continue
			}
			if now, err := from.Log(ctx, l.Origin); err == nil && now.Size == l.Size+uint64(len(raws)) {
				checkpoint = now.Checkpoint
			}
			if err := to.Store().Mirror(ctx, l.Origin, l.Size, raws, checkpoint); err != nil && !errors.Is(err, store.ErrRoot) && !errors.Is(err, store.ErrGap) && !errors.Is(err, store.ErrStale) {
				return err
			}
		}
	}
	return nil
}

// load loads through all nodes at once, passing entries on meanwhile.
func (w *three) load(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var passing sync.WaitGroup
	passing.Go(func() {
		for ctx.Err() == nil {
			if err := w.pass(ctx); err != nil && ctx.Err() == nil {
				w.t.Error(err)
				return
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
	defer passing.Wait()
	defer cancel()
	var loads sync.WaitGroup
	failed := make(chan error, len(w.nodes))
	for _, n := range w.nodes {
		loads.Go(func() {
			o := Options{Node: n, Programme: w.prog, Files: files()}
			if n.Writer().Party != "" {
				o.By, o.Second = w.unlock(n, "first"), w.unlock(n, "second")
			}
			failed <- Load(ctx, o)
		})
	}
	loads.Wait()
	var err error
	for range w.nodes {
		err = errors.Join(err, <-failed)
	}
	cancel()
	passing.Wait()
	return errors.Join(err, w.pass(context.WithoutCancel(ctx)), w.pass(context.WithoutCancel(ctx)))
}

func (w *three) unlock(n *node.Node, name string) *node.Officer {
	o, err := n.UnlockOfficer(w.t.Context(), name, passphrase)
	if err != nil {
		w.t.Error(err)
	}
	return o
}

func (w *three) digest(name string, a entente.Audience) entente.Digest {
	d, err := w.nodes[name].View(a).Digest(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func TestThreeNodesLoadTheProgramme(t *testing.T) {
	w := newThree(t)
	defer func() { w.close() }()
	start := time.Now()
	if err := w.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded in %s", time.Since(start))
	public := w.digest("portal", entente.Public)
	if mx, us := w.digest("MX", entente.Public), w.digest("US", entente.Public); mx != public || us != public {
		t.Errorf("public digests: portal %s, MX %s, US %s", public, mx, us)
	}
	if mx, us := w.digest("MX", entente.Shared), w.digest("US", entente.Shared); mx != us {
		t.Errorf("shared digests: MX %s, US %s", mx, us)
	}
	// Every item that can be public is, and nothing was refused on the way.
	for i := range w.prog.Items {
		it := &w.prog.Items[i]
		thing, err := getPublic(t.Context(), w.nodes["portal"], it.Key())
		l := &load{Options: Options{Programme: w.prog}}
		if rule, _ := entente.Rule(it.Type); rule.Joint && !l.everyonesToo(&item{Item: it}) {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("the proposal %s is public: %v", it.Key(), err)
			}
			continue
		}
		if err != nil || len(thing.Versions) != 1 {
			t.Errorf("%s: %v", it.Key(), err)
		}
	}
	for _, d := range w.prog.Datasets {
		if _, err := getPublic(t.Context(), w.nodes["portal"], programme.Key{Writer: string(d.Party), Type: entente.TypeDataset, Subject: d.ID}); err != nil {
			t.Errorf("dataset %s: %v", d.ID, err)
		}
	}
	w.figures()
	// Loading again, after a restart, states nothing twice.
	w.close()
	for name := range w.nodes {
		w.open(name)
	}
	if err := w.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := w.digest("portal", entente.Public); again != public {
		t.Errorf("loading again changed the public digest: %s, then %s", public, again)
	}
}

// fetcher hands files from one node's store to another's.
type fetcher struct {
	to    *node.Node
	nodes map[string]*node.Node
}

func (f fetcher) FetchBlob(ctx context.Context, writer string, d entente.Digest, limit int64) error {
	content, size, err := f.nodes[writer].Blobs().Get(ctx, d)
	if err != nil {
		return err
	}
	defer content.Close()
	if size > limit {
		return fmt.Errorf("%d bytes, at most %d", size, limit)
	}
	_, _, err = f.to.Blobs().Put(ctx, content)
	return err
}

// figures checks that every node recomputes every figure to the digest stated, and
// that the two claims of 3 September 2025 come out as the data say.
func (w *three) figures() {
	ctx := w.t.Context()
	for name, n := range w.nodes {
		f := n.Figures()
		f.SetFetcher(fetcher{n, w.nodes})
		f.SetChecks(w.prog.Checks)
		if err := f.CheckAll(ctx); err != nil {
			w.t.Fatal(err)
		}
		series := 0
		for _, in := range w.prog.Indicators {
			s, err := f.Sheet(ctx, entente.Public, in.ID, "")
			if err != nil {
				w.t.Errorf("%s: %s: %v", name, in.ID, err)
				continue
			}
			for _, p := range s.Pedigrees {
				series++
				if p.State != store.FigureEqual || p.Computed != p.Observations.Body.Series || !p.Used {
					w.t.Errorf("%s: %s from %s: %s", name, in.ID, p.Dataset.Body.Code, p.State)
				}
			}
			if s.View == nil || len(s.View.Obs) == 0 {
				w.t.Errorf("%s: %s has no series", name, in.ID)
			}
		}
		if series < len(w.prog.Indicators) {
			w.t.Errorf("%s: %d series of %d indicators", name, series, len(w.prog.Indicators))
		}
		all, err := f.Assessments(ctx, entente.Public, "")
		if err != nil || len(all) != len(w.prog.Checks) {
			w.t.Fatalf("%s: %d assessments of %d checks: %v", name, len(all), len(w.prog.Checks), err)
		}
		w.headlines(name, all)
	}
}

// headlines: −93 % encounters holds for the southwest border in April, May, June
// and February to July 2025, not for July, and for no month nationwide.
func (w *three) headlines(name string, all map[string]series.Assessment) {
	found := false
	for _, as := range all {
		for _, p := range as.Propositions {
			if p.Claimed != "-93" || as.Outcome != series.DependsOn {
				continue
			}
			found = true
			for _, r := range as.Readings {
				southwest := r.Indicator == "us-encounters-southwest" || r.Where["geography"] == "southwest"
				month := r.A.From.String()
				if r.Kind != series.SpanMonth || r.AsStated || r.Part || r.Where["component"] == "usbp" || r.Where["component"] == "ofo" {
					continue
				}
				wants := southwest && (month == "2025-04" || month == "2025-05" || month == "2025-06")
				if r.Rounds && !southwest || southwest && month == "2025-07" && r.Rounds || wants && !r.Rounds {
					w.t.Errorf("%s: %s %v %s: %s, rounds %v", name, r.Indicator, r.Where, month, r.Figure, r.Rounds)
				}
			}
		}
	}
	if !found {
		w.t.Errorf("%s: no assessment of −93 %% that depends on the reading", name)
	}
}
