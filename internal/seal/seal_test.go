package seal_test

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"filippo.io/age"

	"entente"
	"entente/internal/seal"
)

// key makes a sealing key.
func key(t testing.TB) (recipient, identity string) {
	t.Helper()
	recipient, identity, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return recipient, identity
}

// of is a manifest of contents by name, in that order, with their sources.
func of(contents ...string) (seal.Manifest, []seal.Source) {
	m := seal.Manifest{Format: seal.Format, Title: "Ejemplo", Salt: seal.NewSalt()}
	var files []seal.Source
	for i := 0; i < len(contents); i += 2 {
		m.Files = append(m.Files, seal.File{Name: contents[i], Media: "text/plain", Size: int64(len(contents[i+1])),
			Digest: entente.DigestOf([]byte(contents[i+1]))})
		files = append(files, source(contents[i+1]))
	}
	return m, files
}

func source(content string) seal.Source {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }
}

func sealed(t testing.TB, to []string, m seal.Manifest, files ...seal.Source) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := seal.Seal(&b, to, m, files...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// readAll opens a payload and reads all of it.
func readAll(b []byte, with ...string) (seal.Manifest, map[string]string, error) {
	p, err := seal.Open(bytes.NewReader(b), with...)
	if err != nil {
		return seal.Manifest{}, nil, err
	}
	got := map[string]string{}
	for {
		f, r, err := p.Next()
		if errors.Is(err, io.EOF) {
			return p.Manifest(), got, nil
		}
		if err != nil {
			return p.Manifest(), got, err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return p.Manifest(), got, err
		}
		got[f.Name] = string(content)
	}
}

func TestEveryRecipientOpensWhatWasSealed(t *testing.T) {
	r1, i1 := key(t)
	r2, i2 := key(t)
	_, stranger := key(t)
	big := make([]byte, 3<<20+17)
	if _, err := rand.Read(big); err != nil {
		t.Fatal(err)
	}
	want := []string{"informe.txt", "hola\n", "vacío.txt", "", "日本 notas.bin", string(big)}
	m, files := of(want...)
	m.Text = "¿Qué muestra el manifiesto de embarque?\n\tEjemplo."
	b := sealed(t, []string{r1, r2}, m, files...)
	for _, id := range []string{i1, i2} {
		got, contents, err := readAll(b, stranger, id)
		if err != nil {
			t.Fatal(err)
		}
		if got.Title != m.Title || got.Text != m.Text || got.Salt != m.Salt || got.Item() != m.Item() || len(contents) != 3 {
			t.Errorf("got %+v", got)
		}
		for i := 0; i < len(want); i += 2 {
			if contents[want[i]] != want[i+1] {
				t.Errorf("%s has %d bytes, want %d", want[i], len(contents[want[i]]), len(want[i+1]))
			}
		}
	}
	if _, _, err := readAll(b, stranger); !errors.Is(err, seal.ErrNotAddressed) {
		t.Errorf("a stranger: %v", err)
	}
	if again := sealed(t, []string{r1, r2}, m, files...); bytes.Equal(again, b) {
		t.Error("the same was sealed twice under one file key")
	}
}

// TestAnyAgeAndAnyTarOpenIt reads a payload with nothing of this package.
func TestAnyAgeAndAnyTarOpenIt(t *testing.T) {
	r, i := key(t)
	m, files := of("a.txt", "first", strings.Repeat("long-", 40)+"b.json", "{}")
	id, err := age.ParseHybridIdentity(i)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := age.Decrypt(bytes.NewReader(sealed(t, []string{r}, m, files...)), id)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for tr := tar.NewReader(plain); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Mode != 0o600 || h.ModTime.Unix() != 0 || h.Typeflag != tar.TypeReg {
			t.Errorf("%s: %+v", h.Name, h)
		}
		names = append(names, h.Name)
	}
	if len(names) != 3 || names[0] != "entente.json" || names[1] != "a.txt" || names[2] != m.Files[1].Name {
		t.Errorf("members %q", names)
	}
}

func TestWhatIsSealedIsWhatItsManifestSays(t *testing.T) {
	r, i := key(t)
	broken := errors.New("the disk broke")
	cases := map[string]struct {
		content seal.Source
		want    error
	}{
		"shorter":     {source("hol"), seal.ErrContent},
		"longer":      {source("hola hola"), seal.ErrContent},
		"unreadable":  {func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(broken)), nil }, broken},
		"cannot open": {func() (io.ReadCloser, error) { return nil, broken }, broken},
	}
	for name, c := range cases {
		m, _ := of("a.txt", "hola")
		var b bytes.Buffer
		if err := seal.Seal(&b, []string{r}, m, c.content); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := readAll(b.Bytes(), i); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s: what was written opens: %v", name, err)
		}
	}
	m, _ := of("a.txt", "hola")
	var other bytes.Buffer
	if err := seal.Seal(&other, []string{r}, m, source("halo")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readAll(other.Bytes(), i); !errors.Is(err, seal.ErrContent) {
		t.Errorf("content with another digest opens: %v", err)
	}
	if err := seal.Seal(io.Discard, []string{r}, m); !errors.Is(err, seal.ErrContent) {
		t.Errorf("no source: %v", err)
	}
	full := errors.New("the disk is full")
	big := strings.Repeat("x", 1<<20)
	m, files := of("a.txt", big)
	if err := seal.Seal(&failing{left: 1 << 19, err: full}, []string{r}, m, files...); !errors.Is(err, full) {
		t.Errorf("a full disk: %v", err)
	}
}

// failing takes some bytes and then fails.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, f.err
	}
	return len(b), nil
}

func TestRecipientsAreNamedAndPostQuantum(t *testing.T) {
	r, _ := key(t)
	classic, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	m, files := of("a.txt", "hola")
	many := make([]string, seal.MaxRecipients+1)
	for i := range many {
		many[i] = r
	}
	for name, to := range map[string][]string{
		"none": {}, "classic": {classic.Recipient().String()}, "mixed": {r, classic.Recipient().String()},
		"twice": {r, r}, "too many": many, "damaged": {r[:len(r)-1] + "q"}, "upper case": {strings.ToUpper(r)},
	} {
		if err := seal.Seal(io.Discard, to, m, files...); !errors.Is(err, seal.ErrRecipient) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := sealed(t, []string{r}, m, files...)
	_, i := key(t)
	for name, with := range map[string][]string{"none": {}, "damaged": {i[:len(i)-1]}, "classic": {classic.String()}} {
		_, err := seal.Open(bytes.NewReader(b), with...)
		if !errors.Is(err, seal.ErrIdentity) {
			t.Errorf("%s: %v", name, err)
		} else if len(with) > 0 && strings.Contains(err.Error(), with[0][20:]) {
			t.Errorf("%s: the error quotes the identity", name)
		}
	}
}

func TestAlteredAndTruncatedPayloadsAreDamaged(t *testing.T) {
	r, i := key(t)
	m, files := of("a.txt", strings.Repeat("contenido ", 20000), "b.txt", "fin")
	b := sealed(t, []string{r}, m, files...)
	for at := 0; at < len(b); at += 997 {
		if _, _, err := readAll(b[:at], i); !errors.Is(err, seal.ErrDamaged) {
			t.Fatalf("cut at %d: %v", at, err)
		}
		flipped := bytes.Clone(b)
		flipped[at] ^= 4
		if _, _, err := readAll(flipped, i); !errors.Is(err, seal.ErrDamaged) && !errors.Is(err, seal.ErrNotAddressed) {
			t.Fatalf("a bit at %d: %v", at, err)
		}
	}
	if _, _, err := readAll(append(bytes.Clone(b), 0), i); !errors.Is(err, seal.ErrDamaged) {
		t.Errorf("with more behind it: %v", err)
	}
	broken := errors.New("the disk broke")
	p, err := seal.Open(io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(broken)), i)
	if err == nil {
		err = p.Check()
	}
	if !errors.Is(err, broken) || errors.Is(err, seal.ErrDamaged) {
		t.Errorf("a failing disk: %v", err)
	}
}

func TestSplitAndJoined(t *testing.T) {
	r, i := key(t)
	m, files := of("a.txt", "hola")
	b := sealed(t, []string{r}, m, files...)
	for name, src := range map[string]io.Reader{"at once": bytes.NewReader(b), "byte by byte": iotest.OneByteReader(bytes.NewReader(b))} {
		header, body, err := seal.Split(src)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rest, err := io.ReadAll(body)
		if err != nil || !bytes.Equal(append(header, rest...), b) {
			t.Errorf("%s: %d bytes of %d: %v", name, len(header)+len(rest), len(b), err)
		}
		if _, _, err := readAll(rest, i); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s: the body opens without its header: %v", name, err)
		}
	}
	for name, bad := range map[string]string{
		"nothing": "", "no age file": "PK\x03\x04", "half": string(b[:100]),
		"endless": "age-encryption.org/v1\n" + strings.Repeat("-> X25519 A\nA\n", 10000),
		"no mac":  "age-encryption.org/v1\n-> X25519 A\nA\n--- \n",
	} {
		if _, _, err := seal.Split(strings.NewReader(bad)); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestItemIsTheSaltedDigestOfThePlaintext(t *testing.T) {
	m, _ := of("a.txt", "uno", "b.txt", "dos")
	one, two := entente.DigestOf([]byte("uno")), entente.DigestOf([]byte("dos"))
	if want := entente.DigestOf(bytes.Join([][]byte{m.Salt[:], one[:], two[:]}, nil)); m.Item() != want {
		t.Errorf("files: %s, want %s", m.Item(), want)
	}
	question := seal.Manifest{Format: seal.Format, Text: "uno", Salt: m.Salt}
	if want := entente.DigestOf(bytes.Join([][]byte{m.Salt[:], one[:]}, nil)); question.Item() != want {
		t.Errorf("text: %s, want %s", question.Item(), want)
	}
	r, i := key(t)
	got, contents, err := readAll(sealed(t, []string{r}, question), i)
	if err != nil || got.Item() != question.Item() || len(contents) != 0 {
		t.Errorf("%+v, %v, %v", got, contents, err)
	}
}
