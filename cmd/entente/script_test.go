package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"entente"
	"entente/internal/outbox"
)

// scriptsDemo is the demonstration that scripts copy: loaded once, when the first
// script needs it.
var scriptsDemo struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	// The nodes of a demonstration are started as this test binary.
	testscript.Main(cleaning{m}, map[string]func(){"entente": main})
}

// cleaning removes the shared demonstration after the tests.
type cleaning struct{ *testing.M }

// Run implements [testscript.TestingM].
func (c cleaning) Run() int {
	defer func() {
		if scriptsDemo.dir != "" {
			_ = os.RemoveAll(scriptsDemo.dir)
		}
	}()
	return c.M.Run()
}

// TestScripts runs the command as a person types it. Beside testscript's own
// commands, scripts have:
//
//	exits N command args...      run and want the exit code N
//	oneline FILE                 FILE (stderr, stdout) has exactly one line
//	copy-demo DIR                a copy of a loaded demonstration
//	digest VAR FILE              SHA-256 of a file into a variable
//	capture VAR FILE REGEXP      the first group of the first match into a variable
//	flip FILE OFFSET             change one byte; a negative offset counts from the end
//	cut FILE SIZE                cut a file short
//	free-port VAR                a free port on the loopback interface
//	receiver VAR FILE            the URL of a receiver of webhooks, which keeps the last in FILE
//	draft VAR DIR USER TYPE AUDIENCE BODY  a draft as the desk saves it
//	copy-policies DIR            the files of the built-in programme, without its data
//	workbook FILE CELL           an XLSX workbook with one sheet of one cell
//	raced                        from here on the command has the race detector, if the tests have it
//
// One command is one goroutine for most of its life, and starting it with the race
// detector takes many times as long: scripts run it without, except where nodes
// serve (the demonstration).
func TestScripts(t *testing.T) {
	data, err := filepath.Abs("../../programmes/mx-us-2025/data")
	if err != nil {
		t.Fatal(err)
	}
	quick := quickCommand(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("DATA", data)
			e.Setenv("MONTH", time.Now().UTC().Format("2006-01"))
			e.Setenv(workFactorEnv, "9") // nothing here is worth guarding
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("RACED_PATH", e.Getenv("PATH"))
			e.Setenv("PATH", quick+string(filepath.ListSeparator)+e.Getenv("PATH"))
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "chromium" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
				if _, err := exec.LookPath(name); err == nil {
					return true, nil
				}
			}
			return false, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "oneline": oneLine, "copy-demo": copyDemo, "digest": digestOf, "capture": capture,
			"flip": flip, "cut": cutShort, "free-port": freePort, "workbook": workbook, "draft": saveDraft, "copy-policies": copyPolicies,
			"receiver": receiver, "raced": raced,
		},
	})
}

// quickCommand is the folder of the command without the race detector; a folder
// that lacks it when the tests have no race detector either.
func quickCommand(t *testing.T) string {
	dir := t.TempDir()
	if !raceDetector {
		return dir
	}
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "entente"), ".").CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	return dir
}

func raced(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 0, "raced")
	ts.Setenv("PATH", ts.Getenv("RACED_PATH"))
}

func args(ts *testscript.TestScript, neg bool, got []string, least int, usage string) {
	if neg || len(got) < least {
		ts.Fatalf("usage: %s", usage)
	}
}

func exits(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 2, "exits N command args...")
	want, err := strconv.Atoi(a[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(a[1], a[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d\n%s%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

func oneLine(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 1, "oneline FILE")
	if text := ts.ReadFile(a[0]); strings.Count(text, "\n") != 1 {
		ts.Fatalf("%s is not one line:\n%s", a[0], text)
	}
}

func copyDemo(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 1, "copy-demo DIR")
	d := &scriptsDemo
	d.once.Do(func() {
		if d.dir, d.err = os.MkdirTemp("", "entente-demo-*"); d.err != nil {
			return
		}
		out, err := exec.Command("entente", "demo", "--once", "--quiet", "--ports", "0", "--dir", d.dir).CombinedOutput()
		if err != nil {
			d.err = fmt.Errorf("loading the demonstration: %w\n%s", err, out)
		}
	})
	ts.Check(d.err)
	ts.Check(os.CopyFS(ts.MkAbs(a[0]), os.DirFS(d.dir)))
	// A copy of a copy is as private as the first.
	ts.Check(filepath.WalkDir(ts.MkAbs(a[0]), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	}))
}

func digestOf(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 2, "digest VAR FILE")
	ts.Setenv(a[0], entente.DigestOf([]byte(ts.ReadFile(a[1]))).String())
}

func capture(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 3, "capture VAR FILE REGEXP")
	re, err := regexp.Compile("(?m)" + a[2])
	ts.Check(err)
	found := re.FindStringSubmatch(ts.ReadFile(a[1]))
	if len(found) < 2 {
		ts.Fatalf("%s does not match %s:\n%s", a[1], a[2], ts.ReadFile(a[1]))
	}
	ts.Setenv(a[0], found[1])
}

func flip(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 2, "flip FILE OFFSET")
	at, err := strconv.Atoi(a[1])
	ts.Check(err)
	raw := []byte(ts.ReadFile(a[0]))
	if at < 0 {
		at += len(raw)
	}
	raw[at] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(a[0]), raw, 0o600))
}

func cutShort(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 2, "cut FILE SIZE")
	size, err := strconv.ParseInt(a[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(a[0]), size))
}

func freePort(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 1, "free-port VAR")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	ts.Setenv(a[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

func receiver(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 2, "receiver VAR FILE")
	file := ts.MkAbs(a[1])
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		for _, name := range []string{outbox.HeaderID, outbox.HeaderTimestamp, outbox.HeaderSignature} {
			body = append(body, "\n"+name+": "+r.Header.Get(name)...)
		}
		if err == nil {
			err = os.WriteFile(file, body, 0o600)
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	ts.Defer(site.Close)
	ts.Setenv(a[0], site.URL)
}

func workbook(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 2, "workbook FILE CELL")
	const doc, rel = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`, `http://schemas.openxmlformats.org/package/2006/relationships`
	const main = `http://schemas.openxmlformats.org/spreadsheetml/2006/main`
	var raw bytes.Buffer
	z := zip.NewWriter(&raw)
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="` + rel + `"><Relationship Id="r1" Type="` + doc + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="` + main + `" xmlns:r="` + doc + `"><sheets><sheet name="Notes" sheetId="1" r:id="r1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + rel + `"><Relationship Id="r1" Type="` + doc + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", `<worksheet xmlns="` + main + `"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>` + a[1] + `</t></is></c></row></sheetData></worksheet>`},
	} {
		w, err := z.Create(part[0])
		ts.Check(err)
		_, err = io.WriteString(w, part[1])
		ts.Check(err)
	}
	ts.Check(z.Close())
	ts.Check(os.WriteFile(ts.MkAbs(a[0]), raw.Bytes(), 0o600))
}

// TestDemoAvoidsTakenPorts: ports that are in use are left to who uses them.
func TestDemoAvoidsTakenPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	addresses, err := freeAddresses(taken, 5)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{l.Addr().String(): true}
	for _, a := range addresses {
		if seen[a] {
			t.Errorf("%s is given twice, or taken", a)
		}
		seen[a] = true
		free, err := net.Listen("tcp", a)
		if err != nil {
			t.Errorf("%s is not free: %v", a, err)
			continue
		}
		_ = free.Close()
	}
}

// TestDemoDeletesOnlyItsOwn: --reset never deletes what is not a demonstration.
func TestDemoDeletesOnlyItsOwn(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, extra := range [][]string{nil, {"--reset"}} {
		var said strings.Builder
		if code := run(append([]string{"demo", "--once", "--dir", dir}, extra...), io.Discard, &said); code != 1 {
			t.Errorf("exit code %d", code)
		}
		if !strings.Contains(said.String(), "no demonstration") || strings.Count(said.String(), "\n") != 1 {
			t.Errorf("said %q", said.String())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "thesis.txt")); err != nil {
		t.Error("the file is gone")
	}
}
