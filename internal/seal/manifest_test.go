package seal

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"entente"
)

func sound() Manifest {
	return Manifest{Format: Format, Title: "Título", Text: "texto", Salt: entente.DigestOf([]byte("salt")),
		Files: []File{{Name: "a.txt", Media: "text/plain", Size: 4, Digest: entente.DigestOf([]byte("hola"))}}}
}

func TestManifestsKeepTheirBounds(t *testing.T) {
	if err := sound().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, breaks := range map[string]func(*Manifest){
		"format":           func(m *Manifest) { m.Format = "entente-payload/2" },
		"no salt":          func(m *Manifest) { m.Salt = entente.Digest{} },
		"nothing in it":    func(m *Manifest) { m.Text, m.Files = "", nil },
		"long title":       func(m *Manifest) { m.Title = strings.Repeat("x", MaxTitle+1) },
		"title of lines":   func(m *Manifest) { m.Title = "a\nb" },
		"long text":        func(m *Manifest) { m.Text = strings.Repeat("x", MaxText+1) },
		"control in text":  func(m *Manifest) { m.Text = "a\x1b[2J" },
		"text turned":      func(m *Manifest) { m.Text = "a\u202eb" },
		"not UTF-8":        func(m *Manifest) { m.Text = "a\xff" },
		"too many":         func(m *Manifest) { m.Files = make([]File, MaxFiles+1) },
		"twice":            func(m *Manifest) { m.Files = append(m.Files, File{"A.TXT", "text/plain", 0, entente.Digest{}}) },
		"media":            func(m *Manifest) { m.Files[0].Media = "Text/Plain" },
		"no media":         func(m *Manifest) { m.Files[0].Media = "" },
		"long media":       func(m *Manifest) { m.Files[0].Media = "text/" + strings.Repeat("x", 127) },
		"negative":         func(m *Manifest) { m.Files[0].Size = -1 },
		"too large":        func(m *Manifest) { m.Files[0].Size = MaxContent + 1 },
		"overflowing sums": func(m *Manifest) { m.Files = append(m.Files, File{"b", "a/b", 1<<63 - 1, entente.Digest{}}) },
	} {
		m := sound()
		breaks(&m)
		if err := m.Validate(); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{
		"", ".", "..", "a/b", `a\b`, "../a", "a\x00b", "a\nb", "-rf", ".bashrc", "a.", "a ", " a", "~root", "c:a", "a*", "a?",
		"entente.json", "Entente.JSON", "gpj\u202e.exe", "a\u200db", strings.Repeat("x", MaxName+1), "a\xff",
	} {
		if ValidName(name) == nil {
			t.Errorf("%q is a valid name", name)
		}
	}
	for _, name := range []string{"a", "informe ñandú 2025.pdf", "x.tar.gz", "日本.txt", "(1)", strings.Repeat("x", MaxName)} {
		if err := ValidName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestTheLargestManifestFits(t *testing.T) {
	m := sound()
	m.Title, m.Text, m.Files = strings.Repeat(" ", MaxTitle), strings.Repeat("\n", MaxText), nil
	for i := range MaxFiles {
		name := strings.Repeat("n", MaxName-4) + string(rune('a'+i/100)) + string(rune('a'+i/10%10)) + string(rune('a'+i%10))
		m.Files = append(m.Files, File{Name: name, Media: "a/" + strings.Repeat("b", maxMedia-2), Size: MaxContent / MaxFiles})
	}
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	raw, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > maxManifest {
		t.Errorf("%d bytes", len(raw))
	}
	if _, err := decodeManifest(raw); err != nil {
		t.Error(err)
	}
}

func TestPlainTextIsTaken(t *testing.T) {
	got := PlainText("uno\r\ndos\rtres\x00\u202e\ufeff \xffñ\t👩\u200d🚀")
	if got != "uno\ndos\ntres ñ\t👩\u200d🚀" {
		t.Errorf("%q", got)
	}
	m := sound()
	if m.Text = got; m.Validate() != nil {
		t.Error(m.Validate())
	}
}

func TestManifestsHaveOneForm(t *testing.T) {
	raw, err := sound().encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeManifest(raw); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"spaces":     strings.Replace(string(raw), ":", ": ", 1),
		"twice":      strings.Replace(string(raw), `"title":`, `"title":"x","title":`, 1),
		"unknown":    strings.Replace(string(raw), `"title":`, `"author":"x","title":`, 1),
		"case":       strings.Replace(string(raw), `"title":`, `"Title":`, 1),
		"no newline": strings.TrimSpace(string(raw)),
		"trailing":   string(raw) + "{}",
		"null":       "null\n",
		"not JSON":   "hola",
	} {
		if _, err := decodeManifest([]byte(bad)); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// archived is the plaintext of a payload.
func archived(t testing.TB, m Manifest, files ...Source) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := archive(&b, m, files); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hola() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("hola")), nil }

// read reads a plaintext archive to its end.
func read(plain []byte) (Manifest, error) {
	var p Payload
	if err := p.begin(bytes.NewReader(plain)); err != nil {
		return p.manifest, err
	}
	return p.manifest, p.Check()
}

func TestArchivesHoldWhatTheManifestSays(t *testing.T) {
	plain := archived(t, sound(), hola)
	if _, err := read(plain); err != nil {
		t.Fatal(err)
	}
	raw, err := sound().encode()
	if err != nil {
		t.Fatal(err)
	}
	file := func(change func(*tar.Header)) *tar.Header {
		h := member("a.txt", 4)
		change(h)
		return h
	}
	for name, headers := range map[string][]*tar.Header{
		"missing":    {},
		"one more":   {member("a.txt", 4), member("b.txt", 4)},
		"other name": {member("b.txt", 4)},
		"other size": {file(func(h *tar.Header) { h.Size = 3 })},
		"a link":     {file(func(h *tar.Header) { h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "/etc/passwd", 0 })},
		"a folder":   {file(func(h *tar.Header) { h.Typeflag, h.Size = tar.TypeDir, 0 })},
		"executable": {file(func(h *tar.Header) { h.Mode = 0o4755 })},
		"owned":      {file(func(h *tar.Header) { h.Uname = "root" })},
		"attributes": {file(func(h *tar.Header) { h.PAXRecords = map[string]string{"SCHILY.xattr.security.x": "1"} })},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for i, h := range append([]*tar.Header{member(manifestName, int64(len(raw)))}, headers...) {
			content := []byte("hola")[:min(h.Size, 4)]
			if i == 0 {
				content = raw
			}
			if err := w.WriteHeader(h); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := w.Write(content); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := read(b.Bytes()); !errors.Is(err, ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := bytes.Replace(plain, []byte("hola"), []byte("halo"), 1)
	if _, err := read(other); !errors.Is(err, ErrContent) {
		t.Errorf("another content: %v", err)
	}
	if _, err := read(append(bytes.Clone(plain), 1)); !errors.Is(err, ErrContent) {
		t.Errorf("more behind the archive: %v", err)
	}
	first := archived(t, sound(), hola)[512:]
	if _, err := read(first); err == nil {
		t.Error("an archive without a manifest was read")
	}
}

// FuzzArchive: what a hostile sender seals is refused, or is what its manifest
// says.
func FuzzArchive(f *testing.F) {
	f.Add(archived(f, sound(), hola))
	f.Add(archived(f, Manifest{Format: Format, Text: "x", Salt: entente.Digest{1}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, plain []byte) {
		var p Payload
		if p.begin(bytes.NewReader(plain)) != nil {
			return
		}
		if err := p.manifest.Validate(); err != nil {
			t.Fatal(err)
		}
		var files []Source
		for {
			_, r, err := p.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return
			}
			content, err := io.ReadAll(r)
			if err != nil {
				return
			}
			files = append(files, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil })
		}
		if m, err := read(archived(t, p.manifest, files...)); err != nil || m.Item() != p.manifest.Item() {
			t.Errorf("archived again it reads as %+v, %v", m, err)
		}
	})
}

// FuzzSplit: a header is cut off only where the age library sees its end.
func FuzzSplit(f *testing.F) {
	r, i, err := Generate()
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if err := Seal(&b, []string{r}, sound(), hola); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(ageIntro + "--- "))
	f.Fuzz(func(t *testing.T, in []byte) {
		header, body, err := Split(bytes.NewReader(in))
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		rest, err := io.ReadAll(body)
		if err != nil || !bytes.Equal(append(header, rest...), in) {
			t.Errorf("%d and %d bytes of %d, %v", len(header), len(rest), len(in), err)
		}
		if p, err := Open(bytes.NewReader(in), i); err == nil {
			_ = p.Check() // must end, whatever it says
		}
	})
}
