//go:build interop

package exchange_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"entente"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/test/parties"
)

// command builds the age command in a module of its own: it needs more than we do.
func command(t *testing.T, dir string) string {
	t.Helper()
	for _, args := range [][]string{{"mod", "init", "example"}, {"get", "filippo.io/age/cmd/age@v1.3.2"}, {"build", "-o", "age", "filippo.io/age/cmd/age"}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	return filepath.Join(dir, "age")
}

// The age command, which we did not write, opens what was released with an agency's
// key that two officers took out for the purpose; a tar reader finds the files.
func TestTheAgeCommandOpensAReleaseWithAnExportedKey(t *testing.T) {
	w := parties.New(t)
	d := draft(t, w.MX, "SSPC", entente.TypeRelease, release("CBP"), "EXAMPLE text", "example.txt", "EXAMPLE content")
	ref := sent(t, w.MX, "SSPC", d)
	agree(t, w, ref, exchange.Received)

	dir := t.TempDir()
	age := command(t, dir)
	var name string
	for _, b := range w.US.Ring().Bindings(entente.RoleSeal) {
		if b.Agency == "CBP" {
			name = b.Name
		}
	}
	key, at, err := w.US.ExportSealKey(t.Context(), node.KeyExport{
		Key: name, Reason: entente.Text{EN: "Example"}, By: w.US.First("CBP"), Second: w.US.Second("CBP"),
	})
	check(t, err)
	if a, _ := entente.OriginAudience(at.Ref.Log); a != entente.Shared {
		t.Errorf("the export stands in %s", at.Ref)
	}
	check(t, os.WriteFile(filepath.Join(dir, "key"), []byte(key), 0o600))
	r, err := w.US.Exchange.Release(t.Context(), exchange.Node, ref, now(w.US))
	check(t, err)
	sealed, err := w.US.Payloads().Get(r.Body.Content.Digest)
	check(t, err)
	defer sealed.Close()
	cmd := exec.Command(age, "-d", "-i", filepath.Join(dir, "key"))
	cmd.Stdin = sealed
	var errs strings.Builder
	cmd.Stderr = &errs
	plain, err := cmd.Output()
	if err != nil {
		t.Fatalf("age: %v\n%s", err, errs.String())
	}
	files := map[string]string{}
	for archive := tar.NewReader(bytes.NewReader(plain)); ; {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		check(t, err)
		content, err := io.ReadAll(archive)
		check(t, err)
		files[h.Name] = string(content)
	}
	if files["example.txt"] != "EXAMPLE content" || !strings.Contains(files["entente.json"], "EXAMPLE text") {
		t.Errorf("the archive holds %v", files)
	}
}
