// Package e2e tests the whole: the binary as it is built, three processes, a real
// browser, from outside.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// binary is the command, built once for all tests.
var binary string

// demoPassword is what a demonstration prints for its people.
const demoPassword = "entente-demo-2025"

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "entente-e2e-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "entente")
	if out, err := exec.Command("go", "build", "-o", binary, "entente/cmd/entente").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the command: %v\n%s", err, out)
		return 1
	}
	defer stopShared()
	return m.Run()
}

// command prepares the command with the passphrases of a demonstration.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "ENTENTE_BY_PASSPHRASE="+demoPassword, "ENTENTE_SECOND_PASSPHRASE="+demoPassword)
	return cmd
}

// entente runs the command and fails the test when it does.
func entente(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, said bytes.Buffer
	cmd := command(args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("entente %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), said.String())
	}
	return out.Bytes()
}

// config is where a node of a demonstration listens.
type config struct {
	Web  string `yaml:"web"`
	Link string `yaml:"link"`
}

func configOf(t *testing.T, dir string) config {
	t.Helper()
	var c config
	raw, err := os.ReadFile(filepath.Join(dir, "entente.yaml"))
	if err == nil {
		err = yaml.Unmarshal(raw, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// demo is a running demonstration.
type demo struct {
	dir            string
	portal, mx, us string // addresses without the last slash
	cmd            *exec.Cmd
}

// shared is the demonstration that the tests of pages and access look at; nothing
// but the desk's test adds to it.
var shared struct {
	once sync.Once
	demo *demo
	err  error
}

// running returns the shared demonstration, started by whoever asks first.
func running(t *testing.T) *demo {
	t.Helper()
	shared.once.Do(func() { shared.demo, shared.err = start() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.demo
}

func start() (*demo, error) {
	dir, err := os.MkdirTemp("", "entente-e2e-demo-*")
	if err != nil {
		return nil, err
	}
	return startIn(dir)
}

// startIn starts a demonstration in a directory and returns once it is loaded.
func startIn(dir string) (*demo, error) {
	d := &demo{dir: dir, cmd: command("demo", "--json", "--quiet", "--ports", "0", "--dir", dir)}
	var said bytes.Buffer
	d.cmd.Stderr = &said
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	var welcome struct {
		Agree bool `json:"agree"`
		Sites []struct {
			Name string `json:"name"`
			URL  string `json:"url"`
		} `json:"sites"`
		SignIns []struct {
			Name     string `json:"name"`
			Password string `json:"password"`
		} `json:"sign_ins"`
		Exchange struct {
			Same bool `json:"same"`
			Read int  `json:"objects_read"`
			See  []struct {
				URL string `json:"url"`
			} `json:"see"`
		} `json:"exchange"`
	}
	if err := json.NewDecoder(out).Decode(&welcome); err != nil {
		_ = d.cmd.Process.Kill()
		return nil, fmt.Errorf("the demonstration did not start: %w\n%s", err, said.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if !welcome.Agree || len(welcome.Sites) != 3 || len(welcome.SignIns) != 8 ||
		!welcome.Exchange.Same || welcome.Exchange.Read == 0 || len(welcome.Exchange.See) == 0 {
		return d, fmt.Errorf("the demonstration says %+v", welcome)
	}
	d.portal, d.mx, d.us = strings.TrimSuffix(welcome.Sites[0].URL, "/"), strings.TrimSuffix(welcome.Sites[1].URL, "/"), strings.TrimSuffix(welcome.Sites[2].URL, "/")
	return d, nil
}

// stopShared stops the shared demonstration as Ctrl-C does, and removes it.
func stopShared() {
	if d := shared.demo; d != nil {
		d.stop()
		_ = os.RemoveAll(d.dir)
	}
}

// stop stops a demonstration as Ctrl-C does.
func (d *demo) stop() {
	_ = d.cmd.Process.Signal(syscall.SIGINT)
	_ = d.cmd.Wait()
}

// get fetches an address and returns status and body.
func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// eventually tries until ok, for up to a minute.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("after a minute still not: %s", what)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// lines hands every line of r to handle until it ends.
func lines(r io.Reader, handle func([]byte)) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 4<<20)
	for s.Scan() {
		handle(s.Bytes())
	}
}
