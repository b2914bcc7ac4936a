package exchange

import (
	"bytes"
	"testing"

	"entente"
	"entente/internal/seal"
)

// TestWhatIsPackedIsUnpacked: small files as they are, others by their digest, and
// nothing that was cut or added to.
func TestWhatIsPackedIsUnpacked(t *testing.T) {
	file := func(name string, size int64) seal.File { return seal.File{Name: name, Media: "text/plain", Size: size} }
	c := &carried{Title: "Example", Text: "an example", Content: &entente.Sealed{Size: 7}, Files: []part{
		{File: file("a.txt", 3), Inline: []byte("abc")},
		{File: file("b.txt", 70_000), Sealed: &entente.Sealed{Size: 71_000}},
		{File: file("c.txt", 0)},
		{File: file("d.bin", 2), Inline: []byte{0, 0xff}},
	}}
	packed, err := c.pack()
	if err != nil {
		t.Fatal(err)
	}
	var got carried
	if err := got.unpack(packed); err != nil {
		t.Fatal(err)
	}
	if got.Title != c.Title || got.Text != c.Text || *got.Content != *c.Content || len(got.Files) != len(c.Files) {
		t.Errorf("unpacked %+v", got)
	}
	for i, f := range got.Files {
		if want := c.Files[i]; f.File != want.File || !bytes.Equal(f.Inline, want.Inline) || (f.Sealed == nil) != (want.Sealed == nil) {
			t.Errorf("unpacked %+v, want %+v", f, want)
		}
	}
	for n := range packed {
		if err := new(carried).unpack(packed[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are taken for the whole", n, len(packed))
		}
	}
	if err := new(carried).unpack(append(packed, 0)); err == nil {
		t.Error("a byte more is not noticed")
	}
}
