//go:build interop

// Package interop holds what Entente serves against the software of others.
package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/internal/auth"
	"entente/internal/store"
	"entente/internal/taxii"
)

// client is the stock TAXII client that the server is read with.
const client = "taxii2-client==2.3.0"

// python returns the interpreter of an environment that has the client, in .bin; it is
// made when it is not there.
func python(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../.bin/taxii2-client")
	check(t, err)
	bin := filepath.Join(dir, "bin", "python")
	if exec.Command(bin, "-c", "import taxii2client").Run() == nil {
		return bin
	}
	for _, args := range [][]string{{"python3", "-m", "venv", dir}, {bin, "-m", "pip", "install", "--quiet", client}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s\nThe test needs Python 3 with venv, and a package index with %s.", strings.Join(args, " "), err, out, client)
		}
	}
	return bin
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world answers for the exchange: everything is visible, uses are counted.
type world struct{ uses int }

func (*world) VisibleReleases(context.Context, store.Client) (uint64, func(entente.Ref) bool, error) {
	return 1, func(entente.Ref) bool { return true }, nil
}

func (*world) ObjectKey(context.Context, entente.Ref) (store.ObjectKey, error) {
	return store.ObjectKey{1}, nil
}

func (w *world) RecordUse(context.Context, store.Client, []entente.Ref) error {
	w.uses++
	return nil
}

func (*world) SubmissionKey(context.Context, store.Client, string) (store.ObjectKey, error) {
	return store.ObjectKey{2}, nil
}

func (*world) Submitted(store.Client, string) {}

// example is an invented identity.
func example(n int) (id string, raw string) {
	id = fmt.Sprintf("identity--%08d-0000-4000-8000-000000000000", n)
	return id, fmt.Sprintf(`{"type":"identity","spec_version":"2.1","id":%q,"created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"Example %d"}`, id, n)
}

// seen is what taxii_client.py prints.
type seen struct {
	Title, Root, One, Status, Again string
	Pages, Filtered                 int
	Paged, Manifest, Versions       []string
	Refused                         []string
	Successes, Failures             int
}

// TestAStockTAXIIClientPagesLosslessly reads the server over HTTPS with a client of
// others: it gets every object once, and its submission is taken.
func TestAStockTAXIIClientPagesLosslessly(t *testing.T) {
	bin := python(t)
	ctx := t.Context()
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(t.TempDir(), "node.db")})
	check(t, err)
	defer s.Close()
	clients, err := auth.NewClients(s, auth.HashCost{Time: 1, Memory: 64, Threads: 1}, nil)
	check(t, err)
	_, secret, err := clients.Add(ctx, auth.NewClient{Name: "stock", Agency: "FGR", Purpose: "prevention"}, "test")
	check(t, err)
	w := &world{}
	server, err := taxii.New(ctx, taxii.Options{
		Store: s, Accounts: clients, Releases: w, Uses: w, Drafts: w, Title: entente.Text{ES: "Mesa de prueba", EN: "Test desk"},
		Areas: func(context.Context) ([]taxii.Area, error) {
			return []taxii.Area{{Code: "A1", Name: entente.Text{ES: "Armas de fuego", EN: "Firearms"}}}, nil
		},
	})
	check(t, err)
	want := fill(t, s)

	web := httptest.NewTLSServer(server)
	defer web.Close()
	dir := t.TempDir()
	ca, objects := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "objects.json")
	check(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600))
	_, good := example(900)
	check(t, os.WriteFile(objects, []byte(`{"objects":[`+good+`,{"type":"identity","spec_version":"2.1","id":"identity--nothing"}]}`), 0o600))

	cmd := exec.Command(bin, "taxii_client.py", web.URL+taxii.Discovery, ca, "stock", secret, objects)
	cmd.Env = append(os.Environ(), "REQUESTS_CA_BUNDLE="+ca) // which goes before what the client is told
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, fault.String())
	}
	var got seen
	check(t, json.Unmarshal(out.Bytes(), &got))
	if !slices.Equal(got.Paged, want) || got.Pages != (len(want)+6)/7 {
		t.Errorf("%d pages with %v, want %v", got.Pages, got.Paged, want)
	}
	if !slices.Equal(got.Manifest, want) {
		t.Errorf("manifest %v", got.Manifest)
	}
	if got.One != want[0] || len(got.Versions) != 1 || got.Filtered != len(want) || got.Title == "" || got.Root == "" {
		t.Errorf("read %+v", got)
	}
	if got.Status != "complete" || got.Again != "complete" || got.Successes != 1 || got.Failures != 1 {
		t.Errorf("submitted %+v", got)
	}
	if strings.Join(got.Refused, ", ") != "delete AccessError, filter 400, unknown 404" {
		t.Errorf("refused %v", got.Refused)
	}
	if w.uses == 0 {
		t.Error("no use was recorded")
	}
}

// fill adds releases of invented objects and returns the identifiers in order.
func fill(t *testing.T, s *store.Store) (ids []string) {
	t.Helper()
	for n := range 10 {
		var batch []store.Object
		for k := range 5 {
			id, raw := example(10*n + k + 1)
			ids = append(ids, id)
			batch = append(batch, store.Object{ID: id, Type: "identity", Spec: "2.1", Version: "2026-01-01T00:00:00.000Z", Raw: []byte(raw)})
		}
		check(t, s.AddObjects(t.Context(), store.ObjectKey{1}, store.ObjectBatch{
			Release: entente.Ref{Log: "us.example/shared", Index: uint64(n)}, Areas: []string{"A1"}, Agencies: []string{"FGR"}, Objects: batch,
		}))
	}
	return ids
}
