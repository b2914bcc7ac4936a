package programme

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

// withheld are the SHA-256 of words, and of pairs of words, that no file of a
// programme may hold: names and aliases of suspects, fugitives and victims in the
// record. They are hashed so that the list does not name them itself. Words are
// lower case, without accents; two are joined by a space.
var withheld = map[string]bool{
	"01cb5c9a4afa48fb74a0eca872b6085c00916eca09a7f35b23163d434da48280": true,
	"0d6f02c09e7e838005e11d6e28923b4c3872b28d4d4d5c4fa0920427b83c2f50": true,
	"1197019aed67eaf89c3c3ade7788071680c6f267f7084b3e810dcfdb20abfb62": true,
	"2ad0015941445556cf9365abf39182a8a9b57219af85c5f570072768fc7750a8": true,
	"2b71f054bdff5a78beab77f37fa83fd803d951a9d08bfa0920c9b40334453cb9": true,
	"43625bdb17028a387cc60396f1c6e176514bed061a7e8c1f674b08795229d947": true,
	"8bcd48d514ea4fcca0313ed02cbfdc4bf3bee8498120b583926f99ada5ea22db": true,
	"954d1b7a104dfa85555fe2b66241ac9b70520bcd2b32c9c59ac6a9705cc3cc55": true,
	"9e25aa5102e4187c85d40fbdbf21a9e62e702fe4e50a628b798cc7cf746611a2": true,
	"a8e024a1b666824accbebbc0c2cd89e71bc2a75c2440eda500678889b3047b2e": true,
	"afd1a8fffb87f7a091c924e0b851f41be19d55450cf7946a5f03cc02221b6481": true,
	"cb5a068d96717487d2bfcd3cefe8a573e251d5232126847131dbbef13d722436": true,
	"dbc3a69cfb11f56d41a4d87378814f61012d61368299608fbe620e2fb4973cf9": true,
	"e0e3a2b6471d044a53a7757994b51dd33c6b3ec90e1aca21cebc8e2ae79d6d9b": true,
}

// names returns the withheld words that a text holds, by their place in it.
func names(text string) []int {
	words := strings.FieldsFunc(plain(text), func(r rune) bool { return !unicode.IsLetter(r) })
	var found []int
	for i, w := range words {
		if isWithheld(w) || i > 0 && isWithheld(words[i-1]+" "+w) {
			found = append(found, i)
		}
	}
	return found
}

func isWithheld(s string) bool {
	sum := sha256.Sum256([]byte(s))
	return withheld[hex.EncodeToString(sum[:])]
}

var accents = strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ú", "u", "ü", "u", "ñ", "n")

// plain lowers a text and drops the accents of Spanish.
func plain(s string) string { return accents.Replace(strings.ToLower(s)) }

// scanNames returns a complaint for every withheld word in the text files of a
// programme, names of files included. The published data are kept as published.
func scanNames(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	var complaints []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "data/") {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		for n, line := range strings.Split(path.Base(name)+"\n"+string(b), "\n") {
			if len(names(line)) > 0 {
				complaints = append(complaints, Problem{name, n, "holds a name that no file may hold"}.Error())
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return complaints
}

func TestNoFileHoldsAWithheldName(t *testing.T) {
	for _, c := range scanNames(t, realFiles(t)) {
		t.Error(c)
	}
}

func TestTheScanFindsWithheldNames(t *testing.T) {
	files := fstest.MapFS{
		"a.yaml":   {Data: []byte("x: fine\ny: \"the Contról-Word case\"\n")},
		"b.csv":    {Data: []byte("https://example.org/control-word/1\n")},
		"c.md":     {Data: []byte("control of words\n")},
		"data/d.c": {Data: []byte("control word\n")},
	}
	got := strings.Join(scanNames(t, files), "\n")
	want := "a.yaml:2: holds a name that no file may hold\nb.csv:1: holds a name that no file may hold"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
