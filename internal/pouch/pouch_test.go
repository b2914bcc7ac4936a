package pouch_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/fold/foldtest"
	"entente/internal/payload"
	"entente/internal/pouch"
	"entente/internal/seal"
	"entente/internal/store"
	"entente/test/nodes"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outpost is a node that no network reaches.
type outpost struct {
	*nodes.Node
	t     *testing.T
	pouch *pouch.Node
	dir   string // of its payloads
}

// outposts makes the nodes of both parties; each has the other's genesis.
func outposts(t *testing.T) (mx, us *outpost) {
	t.Helper()
	list := []*outpost{}
	for _, party := range []entente.Party{entente.MX, entente.US} {
		list = append(list, &outpost{Node: nodes.New(t, entente.Author{Party: party}), t: t})
	}
	for _, o := range list {
		o.Join([]*nodes.Node{list[0].Node, list[1].Node})
		o.dir = t.TempDir()
		payloads, err := payload.Open(o.dir)
		check(t, err)
		o.pouch = &pouch.Node{
			Store: o.Store(), Blobs: o.Blobs(), Payloads: payloads, Keys: o.Ring(), Network: o.Net, Dir: t.TempDir(),
		}
	}
	return list[0], list[1]
}

// state appends to one of the node's logs.
func (o *outpost) state(a entente.Audience, typ entente.Type, subject string, body any) entente.Ref {
	o.t.Helper()
	d := o.Entry(a, typ, subject, body)
	if typ == entente.TypeReceipt { // the node states it by itself: no officer signs
		d = o.Entry(entente.National, typ, subject, body, func(h *entente.Header) {
			h.Decision = &entente.Decision{Gate: entente.GateRelease, Policy: foldtest.Bootstrap, Policies: []string{"test"}}
		})
		d.Origin = o.Origin(a)
	}
	got, err := o.Store().Append(o.t.Context(), d)
	check(o.t, err)
	return got[0].Ref
}

// sealed seals content to the other node's keys and keeps it.
func (o *outpost) sealed(to *outpost, content string) entente.Sealed {
	o.t.Helper()
	var keys []string
	for _, b := range to.Ring().Bindings(entente.RoleSeal) {
		keys = append(keys, b.Public)
	}
	w, err := o.pouch.Payloads.Create(o.t.Context())
	check(o.t, err)
	m := seal.Manifest{Format: seal.Format, Title: "Ejemplo inventado / Invented example", Text: content, Salt: seal.NewSalt()}
	check(o.t, seal.Seal(w, keys, m))
	s, err := w.Commit()
	check(o.t, err)
	return s
}

// release hands content over to the other node.
func (o *outpost) release(to *outpost, subject, content string) (entente.Ref, entente.Sealed) {
	o.t.Helper()
	s := o.sealed(to, content)
	r := foldtest.Release(to.Author.Party)
	r.Content, r.Handling.Territory = s, string(o.Author.Party)
	return o.state(entente.Shared, entente.TypeRelease, subject, r), s
}

func (o *outpost) export(path string, edit ...func(*pouch.Request)) pouch.Made {
	o.t.Helper()
	made, err := o.try(path, edit...)
	check(o.t, err)
	return made
}

func (o *outpost) try(path string, edit ...func(*pouch.Request)) (pouch.Made, error) {
	r := pouch.Request{To: "US", Path: path}
	if o.Author.Party == entente.US {
		r.To = "MX"
	}
	for _, e := range edit {
		e(&r)
	}
	return o.pouch.Export(o.t.Context(), r)
}

// take imports all pouches at a path that are from the other node.
func (o *outpost) take(paths ...string) []pouch.Taken {
	o.t.Helper()
	taken, err := o.tryTake(paths...)
	check(o.t, err)
	return taken
}

func (o *outpost) tryTake(paths ...string) (out []pouch.Taken, err error) {
	list, err := pouch.Find(paths...)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.From == o.Author.Writer() {
			continue
		}
		taken, err := o.pouch.Import(o.t.Context(), p)
		if err != nil {
			return out, err
		}
		out = append(out, taken)
	}
	return out, nil
}

func (o *outpost) held(origin string) uint64 {
	o.t.Helper()
	l, err := o.Store().Log(o.t.Context(), origin)
	check(o.t, err)
	return l.Size
}

func (o *outpost) digest(a entente.Audience) entente.Digest {
	o.t.Helper()
	d, err := o.View(a).Digest(o.t.Context())
	check(o.t, err)
	return d
}

// text opens a payload with the node's own keys.
func (o *outpost) text(s entente.Sealed) string {
	o.t.Helper()
	r, err := o.pouch.Payloads.Get(s.Digest)
	check(o.t, err)
	defer r.Close()
	var names []string
	for _, b := range o.Ring().Bindings(entente.RoleSeal) {
		names = append(names, b.Name)
	}
	with, err := o.Ring().Unseal(names...)
	check(o.t, err)
	p, err := seal.Open(r, with...)
	check(o.t, err)
	check(o.t, p.Check())
	return p.Manifest().Text
}

// TestAnExchangeByPouches: two nodes that no network joins complete an exchange, from
// release to receipt, and hold the same state at its end.
func TestAnExchangeByPouches(t *testing.T) {
	for _, form := range []string{"directory", "file"} {
		t.Run(form, func(t *testing.T) {
			mx, us := outposts(t)
			disk := t.TempDir()
			path := func(name string) string {
				if form == "file" {
					return filepath.Join(disk, name+".pouch")
				}
				return filepath.Join(disk, name)
			}
			mx.state(entente.Public, entente.TypeCommitment, "c-1", foldtest.Commitment("C1"))
			release, content := mx.release(us, "rl-1", "Un embarque que no existe.")

			first := mx.export(path("1"))
			if first.Files != 1 || len(first.Logs) != 2 || first.Resumed {
				t.Errorf("made %+v", first)
			}
			got := us.take(path("1"))
			if len(got) != 1 || got[0].Files != 1 || us.held(mx.Origin(entente.Shared)) != mx.held(mx.Origin(entente.Shared)) {
				t.Fatalf("took %+v", got)
			}
			if text := us.text(content); text != "Un embarque que no existe." {
				t.Errorf("it says %q", text)
			}
			receipt := &entente.Receipt{Release: release, Verdict: "received", Digest: content.Digest, Policy: foldtest.Bootstrap, Policies: []string{"test"}}
			us.state(entente.Shared, entente.TypeReceipt, "rc-1", receipt)

			us.export(path("2"))
			back := mx.take(path("2"))
			if len(back) != 1 || back[0].Cosigned != 2 {
				t.Fatalf("took %+v", back)
			}
			for _, a := range []entente.Audience{entente.Public, entente.Shared} {
				if mx.digest(a) != us.digest(a) {
					t.Errorf("the %s digests differ", a)
				}
			}
			known, err := mx.Net.KnownBy(t.Context(), "US")
			check(t, err)
			if known[mx.Origin(entente.Shared)] != mx.held(mx.Origin(entente.Shared)) {
				t.Errorf("known %v", known)
			}
			// What was cosigned is not sent again.
			mx.state(entente.Shared, entente.TypeCommitment, "c-2", foldtest.Commitment("C2"))
			third := mx.export(path("3"))
			if third.Files != 0 || third.Size >= first.Size {
				t.Errorf("made %+v, after %+v", third, first)
			}
			us.take(path("3"))
			if mx.digest(entente.Shared) != us.digest(entente.Shared) {
				t.Error("the shared digests differ after an incremental pouch")
			}
			again := us.take(path("1"), path("3")) // once more, and old: nothing happens
			if len(again) != 2 || again[0].Files != 0 || again[0].Held != 1 || again[1].Logs[1].Before != again[1].Logs[1].After {
				t.Errorf("took again %+v", again)
			}
		})
	}
}

// TestAPouchIsTakenWhileTheNodeFetches: the node that serves is at the same payload,
// over a network that is breaking down.
func TestAPouchIsTakenWhileTheNodeFetches(t *testing.T) {
	mx, us := outposts(t)
	_, content := mx.release(us, "rl-1", "Ejemplo")
	dir := t.TempDir()
	mx.export(dir)
	serving, err := payload.Open(us.dir)
	check(t, err)
	fetching, err := serving.Resume(content.Digest, content.Size)
	check(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := us.tryTake(dir)
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("it does not wait: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	check(t, fetching.Close())
	check(t, <-ended)
	if us.text(content) != "Ejemplo" {
		t.Error("it did not arrive")
	}
}

// TestDiode: one way only, nothing ever comes back; everything is sent every time,
// or what is new on the word of the carrier.
func TestDiode(t *testing.T) {
	mx, us := outposts(t)
	disk := t.TempDir()
	for i := range 3 {
		_, content := mx.release(us, "rl-"+string(rune('1'+i)), "Ejemplo")
		made := mx.export(filepath.Join(disk, "all"))
		if made.Files != i+1 {
			t.Errorf("round %d: %d files", i, made.Files)
		}
		us.take(filepath.Join(disk, "all"))
		if us.text(content) != "Ejemplo" || us.held(mx.Origin(entente.Shared)) != mx.held(mx.Origin(entente.Shared)) {
			t.Errorf("round %d did not arrive", i)
		}
		check(t, os.RemoveAll(filepath.Join(disk, "all")))
	}
	mx.state(entente.Shared, entente.TypeCommitment, "c-1", foldtest.Commitment("C1"))
	made := mx.export(filepath.Join(disk, "last"), func(r *pouch.Request) { r.Since = pouch.SinceLast })
	if made.Logs[1].Since != made.Logs[1].Size-1 {
		t.Errorf("made %+v", made)
	}
	us.take(filepath.Join(disk, "last"))
	if us.held(mx.Origin(entente.Shared)) != mx.held(mx.Origin(entente.Shared)) {
		t.Error("it did not arrive")
	}
}

// TestLongLogs: logs of many tiles, carried whole and in parts.
func TestLongLogs(t *testing.T) {
	mx, us := outposts(t)
	disk := t.TempDir()
	n := 0
	grow := func(by int) {
		var drafts []store.Draft
		for range by {
			n++
			drafts = append(drafts, mx.Commitment(entente.Shared, n))
		}
		_, err := mx.Store().Append(t.Context(), drafts...)
		check(t, err)
	}
	for i, by := range []int{3, 1, 300, 260, 0, 2} {
		grow(by)
		dir := filepath.Join(disk, string(rune('a'+i)))
		since := pouch.SinceLast
		if i == 0 {
			since = pouch.SinceNone
		}
		mx.export(dir, func(r *pouch.Request) { r.Since, r.Volume = since, pouch.MinVolume })
		us.take(dir)
		if us.held(mx.Origin(entente.Shared)) != mx.held(mx.Origin(entente.Shared)) {
			t.Fatalf("part %d did not arrive", i)
		}
	}
	theirs, err := us.Store().Log(t.Context(), mx.Origin(entente.Shared))
	check(t, err)
	ours, err := mx.Store().Log(t.Context(), mx.Origin(entente.Shared))
	check(t, err)
	if theirs.Root != ours.Root {
		t.Error("the roots differ")
	}
}

// TestNothingSharedInTheClear: neither the names nor the entries of what is shared
// are in what a finder of the disk can read, nor is the size of the shared log.
func TestNothingSharedInTheClear(t *testing.T) {
	mx, us := outposts(t)
	mx.state(entente.Public, entente.TypeCommitment, "visible-subject", foldtest.Commitment("C1"))
	mx.state(entente.Shared, entente.TypeCommitment, "hidden-subject", foldtest.Commitment("C2"))
	mx.state(entente.National, entente.TypeCommitment, "inner-subject", foldtest.Commitment("C3"))
	dir := t.TempDir()
	mx.export(dir)
	var all []byte
	files, err := filepath.Glob(dir + "/*")
	check(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		check(t, err)
		all = append(all, b...)
	}
	if !bytes.Contains(all, []byte("visible-subject")) || !bytes.Contains(all, []byte(mx.Origin(entente.Public))) {
		t.Error("the public log is not in the clear")
	}
	// That there is a shared log is in the public genesis; a checkpoint of it is not.
	for _, never := range []string{"hidden-subject", "inner-subject", mx.Origin(entente.Shared) + "\n", mx.Origin(entente.National) + "\n"} {
		if bytes.Contains(all, []byte(never)) {
			t.Errorf("it says %q in the clear", never)
		}
	}
	us.take(dir)
	if us.held(mx.Origin(entente.Shared)) == 0 {
		t.Error("it did not arrive")
	}
}

// TestPublicPouch: anyone takes what is public; nothing is sealed and nobody is told.
func TestPublicPouch(t *testing.T) {
	mx, us := outposts(t)
	blob := []byte("month,count\n2025-09,1\n")
	d, size, err := mx.Blobs().Put(t.Context(), bytes.NewReader(blob))
	check(t, err)
	mx.state(entente.Public, entente.TypeAction, "a-1", &entente.Action{
		Code: "A-1", Kind: "other", Areas: []string{"arms"}, Title: entente.Text{ES: "Acción", EN: "Action"}, From: "2025-09-01", Wording: entente.Summary,
		Evidence: []entente.Blob{{Digest: d, Size: size, Name: "a.csv", Media: "text/csv"}}})
	dir := t.TempDir()
	made := mx.export(dir, func(r *pouch.Request) { r.To = "" })
	if len(made.Logs) != 1 || made.Files != 1 {
		t.Errorf("made %+v", made)
	}
	us.take(dir)
	r, _, err := us.Blobs().Get(t.Context(), d)
	check(t, err)
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, blob) {
		t.Errorf("the file is %q, %v", got, err)
	}
	if us.held(mx.Origin(entente.Shared)) != 0 {
		t.Error("a shared log came along")
	}
}

// TestRefusedPouches: whatever is wrong is one message, and changes nothing.
func TestRefusedPouches(t *testing.T) {
	mx, us := outposts(t)
	mx.release(us, "rl-1", strings.Repeat("Ejemplo. ", 5000))
	mx.release(us, "rl-2", strings.Repeat("Otro ejemplo. ", 4000))
	whole := t.TempDir()
	made := mx.export(whole, func(r *pouch.Request) { r.Volume = pouch.MinVolume })
	if made.Volumes < 3 {
		t.Fatalf("%d volumes", made.Volumes)
	}
	late := t.TempDir()
	mx.state(entente.Shared, entente.TypeCommitment, "c-1", foldtest.Commitment("C1"))
	mx.export(late, func(r *pouch.Request) { r.Since = pouch.SinceLast })

	volume := func(dir string, n int) string {
		return filepath.Join(dir, made.ID[:8]+"-0000"+string(rune('0'+n))+".vol")
	}
	manifest := func(dir string) string { return filepath.Join(dir, made.ID[:8]+".pouch") }
	edit := func(path string, change func([]byte) []byte) {
		b, err := os.ReadFile(path)
		check(t, err)
		check(t, os.WriteFile(path, change(b), 0o600))
	}
	for _, c := range []struct {
		name  string
		spoil func(dir string)
		want  error
	}{
		{"a volume missing", func(d string) { check(t, os.Remove(volume(d, 2))) }, pouch.ErrMissing},
		{"the last volume missing", func(d string) { check(t, os.Remove(volume(d, made.Volumes))) }, pouch.ErrMissing},
		{"a volume cut short", func(d string) { edit(volume(d, 2), func(b []byte) []byte { return b[:len(b)-1] }) }, pouch.ErrAltered},
		{"an empty volume", func(d string) { edit(volume(d, 1), func([]byte) []byte { return nil }) }, pouch.ErrAltered},
		{"a volume altered", func(d string) { edit(volume(d, 2), func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) }, pouch.ErrAltered},
		{"a volume lengthened", func(d string) { edit(volume(d, 1), func(b []byte) []byte { return append(b, 0) }) }, pouch.ErrAltered},
		{"volumes swapped", func(d string) {
			a, b := volume(d, 2), volume(d, 3)
			check(t, os.Rename(a, a+".x"))
			check(t, os.Rename(b, a))
			check(t, os.Rename(a+".x", b))
		}, pouch.ErrAltered},
		{"the manifest altered", func(d string) {
			edit(manifest(d), func(b []byte) []byte { return bytes.Replace(b, []byte(`"made":"20`), []byte(`"made":"21`), 1) })
		}, pouch.ErrSigner},
		{"the manifest cut short", func(d string) { edit(manifest(d), func(b []byte) []byte { return b[:len(b)/2] }) }, pouch.ErrFormat},
		{"the sender renamed", func(d string) {
			edit(manifest(d), func(b []byte) []byte { return bytes.Replace(b, []byte(`"from":"MX"`), []byte(`"from":"CA"`), 1) })
		}, nil},
		{"for somebody else", func(d string) {
			edit(manifest(d), func(b []byte) []byte { return bytes.Replace(b, []byte(`"to":"US"`), []byte(`"to":"CA"`), 1) })
		}, pouch.ErrRecipient},
	} {
		dir := filepath.Join(t.TempDir(), "copy")
		check(t, os.CopyFS(dir, os.DirFS(whole)))
		c.spoil(dir)
		before := us.digest(entente.Shared)
		_, err := us.tryTake(dir)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if us.digest(entente.Shared) != before || us.held(mx.Origin(entente.Public)) != 0 || us.held(mx.Origin(entente.Shared)) != 0 {
			t.Fatalf("%s: something changed", c.name)
		}
	}
	if _, err := us.tryTake(late); !errors.Is(err, pouch.ErrGap) {
		t.Errorf("the later one first: %v", err)
	}
	own, err := pouch.Find(whole)
	check(t, err)
	if _, err := mx.pouch.Import(t.Context(), own[0]); !errors.Is(err, pouch.ErrRecipient) {
		t.Errorf("one's own: %v", err)
	}
	if _, err := pouch.Find(t.TempDir()); err == nil {
		t.Error("a pouch was found in an empty directory")
	}
	us.take(whole, late)
	if us.held(mx.Origin(entente.Shared)) != mx.held(mx.Origin(entente.Shared)) {
		t.Error("the whole pouches do not arrive")
	}
}

// TestVolumesApart: volumes may lie in several places.
func TestVolumesApart(t *testing.T) {
	mx, us := outposts(t)
	mx.release(us, "rl-1", strings.Repeat("Ejemplo. ", 5000))
	whole, apart := t.TempDir(), t.TempDir()
	made := mx.export(whole, func(r *pouch.Request) { r.Volume = pouch.MinVolume })
	files, err := filepath.Glob(whole + "/*.vol")
	check(t, err)
	for _, f := range files {
		info, err := os.Stat(f)
		check(t, err)
		if info.Size() > pouch.MinVolume {
			t.Errorf("%s has %d bytes", f, info.Size())
		}
	}
	last := files[len(files)-1]
	check(t, os.Rename(last, filepath.Join(apart, filepath.Base(last))))
	if _, err := us.tryTake(whole); !errors.Is(err, pouch.ErrMissing) || !strings.Contains(err.Error(), filepath.Base(last)) {
		t.Errorf("without it: %v", err)
	}
	if got := us.take(whole, apart); len(got) != 1 || got[0].Files != 1 || made.Volumes != len(files) {
		t.Errorf("took %+v", got)
	}
}

// TestShreddedStaysShredded: a pouch brings nothing back that was shredded, and
// carries nothing that was.
func TestShreddedStaysShredded(t *testing.T) {
	mx, us := outposts(t)
	disk := t.TempDir()
	_, gone := mx.release(us, "rl-1", "Ejemplo uno")
	_, stays := mx.release(us, "rl-2", "Ejemplo dos")
	mx.export(filepath.Join(disk, "1"))
	_, _, err := us.pouch.Payloads.Shred(gone.Digest, "recall")
	check(t, err)
	got := us.take(filepath.Join(disk, "1"))
	if got[0].Shredded != 1 || got[0].Files != 1 || us.pouch.Payloads.Has(gone.Digest) || !us.pouch.Payloads.Has(stays.Digest) {
		t.Errorf("took %+v", got)
	}
	_, _, err = mx.pouch.Payloads.Shred(gone.Digest, "recall")
	check(t, err)
	if made := mx.export(filepath.Join(disk, "2")); made.Files != 1 {
		t.Errorf("made %+v", made)
	}
}

// TestUnansweredPayloadsComeAgain: a payload that may not have arrived is sent until
// there is a receipt, whatever the log's frontier says.
func TestUnansweredPayloadsComeAgain(t *testing.T) {
	mx, us := outposts(t)
	disk := t.TempDir()
	release, content := mx.release(us, "rl-1", "Ejemplo")
	mx.export(filepath.Join(disk, "1"))
	us.take(filepath.Join(disk, "1"))
	us.export(filepath.Join(disk, "2"))
	mx.take(filepath.Join(disk, "2"))
	if made := mx.export(filepath.Join(disk, "3")); made.Files != 1 || made.Logs[1].Since != made.Logs[1].Size {
		t.Errorf("made %+v", made)
	}
	if got := us.take(filepath.Join(disk, "3")); got[0].Held != 1 {
		t.Errorf("took %+v", got)
	}
	us.state(entente.Shared, entente.TypeReceipt, "rc-1", &entente.Receipt{
		Release: release, Verdict: "received", Digest: content.Digest, Policy: foldtest.Bootstrap, Policies: []string{"test"}})
	us.export(filepath.Join(disk, "4"))
	mx.take(filepath.Join(disk, "4"))
	if made := mx.export(filepath.Join(disk, "5")); made.Files != 0 {
		t.Errorf("made %+v", made)
	}
}

// TestRotatedLogKey: a pouch signed by a log key that only the log in it introduces.
func TestRotatedLogKey(t *testing.T) {
	mx, us := outposts(t)
	disk := t.TempDir()
	mx.export(filepath.Join(disk, "1"))
	us.take(filepath.Join(disk, "1"))
	root := mx.Root()
	defer root.Close()
	keys := mx.Ring().Bindings(entente.RoleLog)
	_, err := mx.RotateKey(t.Context(), keys[0].Name, root)
	check(t, err)
	mx.state(entente.Shared, entente.TypeCommitment, "c-1", foldtest.Commitment("C1"))
	mx.export(filepath.Join(disk, "2"), func(r *pouch.Request) { r.Since = pouch.SinceLast })
	us.take(filepath.Join(disk, "2"))
	if mx.held(mx.Origin(entente.Shared)) != us.held(mx.Origin(entente.Shared)) {
		t.Error("it did not arrive")
	}
	if names := slices.Collect(func(yield func(string) bool) {
		for _, b := range mx.Ring().Bindings(entente.RoleLog) {
			if !yield(b.Name) {
				return
			}
		}
	}); slices.Contains(names, keys[0].Name) && len(names) == 1 {
		t.Error("the key was not rotated")
	}
}
