package pouch

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/merkle"
	"entente/internal/seal"
)

const fuzzID = "00112233445566778899aabbccddeeff"

func sampleManifest(t testing.TB) ([]byte, string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(nil, "demo.mx.entente/00000000")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := Manifest{ID: fuzzID, From: "MX", To: "US", Made: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Volumes: []Volume{{Public, 10, entente.Digest{1}}, {Sealed, 20, entente.Digest{2}}}}.sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	return raw, vkey
}

func TestManifestRoundTrip(t *testing.T) {
	raw, vkey := sampleManifest(t)
	m, err := parseManifest(raw)
	if err != nil || m.From != "MX" || m.size() != 30 {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := verifyManifest(raw, []string{vkey}); err != nil {
		t.Error(err)
	}
	_, other := sampleManifest(t)
	if err := verifyManifest(raw, []string{other}); !errors.Is(err, ErrSigner) {
		t.Errorf("another key of the same name: %v", err)
	}
	if err := verifyManifest(raw, nil); !errors.Is(err, ErrSigner) {
		t.Errorf("no key: %v", err)
	}
	for name, change := range map[string]func(*Manifest){
		"a path for an ID":    func(m *Manifest) { m.ID = "../../../../etc/passwd0000000000" },
		"from nobody":         func(m *Manifest) { m.From = "" },
		"from a path":         func(m *Manifest) { m.From = "a/b" },
		"to oneself":          func(m *Manifest) { m.To = m.From },
		"to no party":         func(m *Manifest) { m.To = "portal" },
		"no time":             func(m *Manifest) { m.Made = time.Time{} },
		"no volumes":          func(m *Manifest) { m.Volumes = nil },
		"an empty volume":     func(m *Manifest) { m.Volumes[0].Size = 0 },
		"sections in a mess":  func(m *Manifest) { m.Volumes[0], m.Volumes[1] = m.Volumes[1], m.Volumes[0] },
		"sealed to nobody":    func(m *Manifest) { m.To = "" },
		"an unknown section":  func(m *Manifest) { m.Volumes[1].Section = "secret" },
		"too many volumes":    func(m *Manifest) { m.Volumes = make([]Volume, maxVolumes+1) },
		"an enormous volume":  func(m *Manifest) { m.Volumes[0].Size = maxVolume + 1 },
		"a time of elsewhere": func(m *Manifest) { m.Made = m.Made.In(time.FixedZone("x", 3600)) },
	} {
		changed, err := parseManifest(raw)
		if err != nil {
			t.Fatal(err)
		}
		change(&changed)
		if err := changed.validate(); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzManifest(f *testing.F) {
	raw, _ := sampleManifest(f)
	f.Add(raw)
	f.Add([]byte(Format + "\n{}\n\n— a b\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := parseManifest(raw)
		if err != nil {
			return
		}
		if err := m.validate(); err != nil {
			t.Errorf("parsed and not valid: %v", err)
		}
		for _, name := range []string{m.manifestFile(), m.volumeFile(1)} {
			if strings.ContainsAny(name, `/\`) || strings.Contains(name, "..") {
				t.Errorf("a file name %q", name)
			}
		}
	})
}

func FuzzMember(f *testing.F) {
	for _, name := range []string{
		headName, "log/0/checkpoint", "log/1/tile/0/x001/234.p/5", "log/0/tile/entries/000", "cosigned/3", "file/0", "file/../../etc/passwd",
		"log/00/checkpoint", "/etc/passwd", "log/0/tile/8/x001/000", "file/-1",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if m, err := parseMember(name); err == nil && m.name() != name {
			t.Errorf("%q is also %q", name, m.name())
		}
	})
}

// sampleSection is a section with one log of two entries and a file.
func sampleSection(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := newSectionWriter(&b)
	content := []byte("a file")
	h := head{Pouch: fuzzID, Kind: Public, Logs: []part{{"demo.mx.entente/public", 0, 2}},
		Cosigned: 1, Files: []file{{Digest: entente.DigestOf(content), Size: int64(len(content))}}}
	check := merkle.Checkpoint{Origin: "demo.mx.entente/public", Size: 2, Root: entente.Digest{1}}
	skey, _, err := note.GenerateKey(nil, "demo.mx.entente/00000000")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := merkle.Sign(check, signer)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := merkle.AppendBundle(nil, []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	if bundle, err = merkle.AppendBundle(bundle, []byte("two")); err != nil {
		t.Fatal(err)
	}
	tile := merkle.TileID{Level: 0, Width: 2}
	entries := merkle.TileID{Level: merkle.Entries, Width: 2}
	for _, step := range []error{
		w.head(h), w.bytes(member{kind: memberCheckpoint}, signed), w.bytes(member{kind: memberTile, tile: tile}, make([]byte, 64)),
		w.bytes(member{kind: memberTile, tile: entries}, bundle), w.bytes(member{kind: memberCosigned}, signed),
		w.bytes(member{kind: memberFile}, content), w.close(),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	return b.Bytes()
}

// whole reads a section as an import does.
func whole(t testing.TB, to *stage, raw []byte) (files int, err error) {
	to.end = 0
	l, err := load(bytes.NewReader(raw), fuzzID, Public, to)
	if err != nil {
		return 0, err
	}
	err = l.files(func(f file, r io.Reader) error {
		files++
		n, err := io.Copy(io.Discard, r)
		if err == nil && n != f.Size {
			t.Errorf("a file of %d bytes gave %d", f.Size, n)
		}
		return err
	})
	return files, err
}

func testStage(t testing.TB) *stage {
	t.Helper()
	s, err := newStage(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

// TestSections: a section as the writer makes it is read; one in which a member is
// missing, twice there, out of place or of another kind is not.
func TestSections(t *testing.T) {
	sound, to := sampleSection(t), testStage(t)
	if n, err := whole(t, to, sound); err != nil || n != 1 {
		t.Fatalf("%d files, %v", n, err)
	}
	type entry struct {
		tar.Header
		content []byte
	}
	var members []entry
	for r := tar.NewReader(bytes.NewReader(sound)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, entry{*h, b})
	}
	build := func(change func([]entry) []entry) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, m := range change(append([]entry{}, members...)) {
			m.Size = int64(len(m.content))
			if m.Typeflag != tar.TypeReg {
				m.Size = 0
			}
			if err := w.WriteHeader(&m.Header); err != nil {
				t.Fatal(err)
			}
			if m.Typeflag == tar.TypeReg {
				if _, err := w.Write(m.content); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if _, err := whole(t, to, build(func(m []entry) []entry { return m })); err != nil {
		t.Fatalf("built again: %v", err)
	}
	for i := range members {
		name := members[i].Name
		for what, change := range map[string]func([]entry) []entry{
			"missing": func(m []entry) []entry { return append(m[:i], m[i+1:]...) },
			"twice":   func(m []entry) []entry { return append(m[:i+1], append([]entry{m[i]}, m[i+1:]...)...) },
			"longer": func(m []entry) []entry {
				m[i].content = append(bytes.Clone(m[i].content), make([]byte, 70<<10)...)
				return m
			},
			"a link": func(m []entry) []entry {
				m[i].Typeflag, m[i].Linkname = tar.TypeSymlink, "/etc/passwd"
				return m
			},
			"of another name": func(m []entry) []entry { m[i].Name = "../" + name; return m },
			"of no log":       func(m []entry) []entry { m[i].Name = strings.Replace(name, "/0", "/7", 1); return m },
		} {
			if what == "of no log" && name == headName || what == "missing" && name == "log/0/tile/0/000.p/2" {
				continue // there is nothing to change; the follower asks for tiles, not the reader
			}
			if _, err := whole(t, to, build(change)); !errors.Is(err, ErrFormat) {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
	}
	for what, change := range map[string]func(*head){
		"another pouch":        func(h *head) { h.Pouch = strings.Repeat("0", 32) },
		"another kind":         func(h *head) { h.Kind = Sealed },
		"a national log":       func(h *head) { h.Logs[0].Origin = "demo.mx.entente/national" },
		"a shared log":         func(h *head) { h.Logs[0].Origin = "demo.mx.entente/shared" },
		"a log that shrinks":   func(h *head) { h.Logs[0].Since = 3 },
		"an enormous log":      func(h *head) { h.Logs[0].Size = merkle.MaxSize + 1 },
		"a log twice":          func(h *head) { h.Logs = append(h.Logs, h.Logs[0]) },
		"a file twice":         func(h *head) { h.Files = append(h.Files, h.Files[0]) },
		"an enormous file":     func(h *head) { h.Files[0].Size = maxFile + 1 },
		"a file below nothing": func(h *head) { h.Files[0].Size = -1 },
		"more cosigned":        func(h *head) { h.Cosigned = 2 },
		"fewer cosigned":       func(h *head) { h.Cosigned = 0 },
		"more entries":         func(h *head) { h.Logs[0].Size = 3 },
	} {
		raw := build(func(m []entry) []entry {
			var h head
			if err := json.Unmarshal(m[0].content, &h); err != nil {
				t.Fatal(err)
			}
			change(&h)
			b, err := json.Marshal(h)
			if err != nil {
				t.Fatal(err)
			}
			m[0].content = b
			return m
		})
		if _, err := whole(t, to, raw); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzSection(f *testing.F) {
	sound, to := sampleSection(f), testStage(f)
	f.Add(sound)
	f.Add(sound[:len(sound)/2])
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, _ = whole(t, to, raw) // must end, within bounds
	})
}

func FuzzFile(f *testing.F) {
	raw, _ := sampleManifest(f)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "00112233.pouch", Size: int64(len(raw)), Mode: 0o600, Typeflag: tar.TypeReg}); err != nil {
		f.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "x.pouch")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := read(path)
		if err != nil {
			return
		}
		if err := p.validate(); err != nil {
			t.Errorf("read and not valid: %v", err)
		}
		if err := p.check(t.Context(), func(int64) {}); err == nil && len(p.members) == 0 {
			t.Error("volumes that are nowhere were checked")
		}
	})
}

// TestCapacity: a volume never has more bytes than it was to have, and wastes few.
func TestCapacity(t *testing.T) {
	to, _, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSealing([]string{to})
	if err != nil {
		t.Fatal(err)
	}
	for _, volume := range []int64{MinVolume, MinVolume + 1, 100_000, 131_072, 1 << 20, 1<<20 + 77} {
		var n counter
		w, err := seal.Encrypt(&n, to)
		if err != nil {
			t.Fatal(err)
		}
		plain := s.capacity(volume)
		if _, err := w.Write(make([]byte, plain)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if size := int64(n); size > volume || volume-size > 64 {
			t.Errorf("a volume of %d takes %d bytes, which make %d", volume, plain, size)
		}
	}
}
