package e2e

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// state is what a node knows, as it prints it.
type state struct {
	Writer string `json:"writer"`
	Logs   []struct {
		Origin string `json:"origin"`
		Size   uint64 `json:"size"`
	} `json:"logs"`
	Projections map[string]struct {
		Digest string `json:"digest"`
	} `json:"projections"`
}

func (s state) size(origin string) uint64 {
	for _, l := range s.Logs {
		if l.Origin == origin {
			return l.Size
		}
	}
	return 0
}

// process is one node's process, which the test may kill.
type process struct {
	*testing.T
	dir    string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	states chan state
	loaded chan struct{}
	exited chan struct{}
	said   strings.Builder
}

// serve starts a node's process; load makes it state the programme first.
func serve(t *testing.T, dir string, load bool) *process {
	t.Helper()
	args := []string{"serve", "--attached", "--dir", dir}
	if load {
		args = append(args, "--load")
	}
	p := &process{T: t, dir: dir, cmd: command(args...), states: make(chan state, 1), loaded: make(chan struct{}), exited: make(chan struct{})}
	p.cmd.Stderr = &p.said
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go p.listen(out, ready)
	t.Cleanup(p.kill)
	select {
	case <-ready:
	case <-p.exited:
		t.Fatalf("%s did not start: %s", dir, p.said.String())
	}
	return p
}

func (p *process) listen(out io.Reader, ready chan struct{}) {
	var isReady, isLoaded sync.Once
	lines(out, func(line []byte) {
		var e struct {
			Event string
			Error string
			State state
		}
		if json.Unmarshal(line, &e) != nil {
			return
		}
		switch e.Event {
		case "ready":
			isReady.Do(func() { close(ready) })
		case "loaded":
			isLoaded.Do(func() { close(p.loaded) })
		case "state":
			p.states <- e.State
		}
	})
	_ = p.cmd.Wait()
	close(p.exited)
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// state asks the process.
func (p *process) state() state {
	p.Helper()
	if _, err := io.WriteString(p.stdin, `{"ask":"state"}`+"\n"); err != nil {
		p.Fatalf("%s does not answer: %v", p.dir, err)
	}
	select {
	case s := <-p.states:
		return s
	case <-p.exited:
		p.Fatalf("%s stopped: %s", p.dir, p.said.String())
	case <-time.After(time.Minute):
		p.Fatalf("%s does not answer", p.dir)
	}
	return state{}
}

func (p *process) waitLoaded() {
	p.Helper()
	select {
	case <-p.loaded:
	case <-p.exited:
		p.Fatalf("%s stopped: %s", p.dir, p.said.String())
	case <-time.After(3 * time.Minute):
		p.Fatalf("%s does not finish loading: %s", p.dir, p.said.String())
	}
}

// agree waits for equal digests of what the processes share.
func agree(t *testing.T, ps ...*process) {
	t.Helper()
	eventually(t, "equal digests", func() bool {
		var states []state
		for _, p := range ps {
			states = append(states, p.state())
		}
		for _, s := range states {
			if s.Projections["public"] != states[0].Projections["public"] {
				return false
			}
			if other, ok := s.Projections["shared"]; ok && other != states[1].Projections["shared"] {
				return false
			}
		}
		return true
	})
}

// unloaded makes the three nodes of a demonstration and nothing in them: a first
// start that is killed as soon as it has made them.
func unloaded(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo")
	cmd := command("demo", "--once", "--quiet", "--ports", "0", "--dir", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the nodes are made", func() bool {
		_, err := os.Stat(filepath.Join(dir, "DEMO"))
		return err == nil
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	stopped(t, dir)
	return dir
}

// stopped waits until the nodes of a demonstration that was killed have stopped, as
// they do when they see that their standard input is closed.
func stopped(t *testing.T, dir string) {
	t.Helper()
	eventually(t, "the ports are free again", func() bool {
		for _, name := range []string{"portal", "mx", "us"} {
			c := configOf(t, filepath.Join(dir, name))
			for _, address := range []string{c.Web, c.Link} {
				if address == "" {
					continue
				}
				if conn, err := net.Dial("tcp", address); err == nil {
					_ = conn.Close()
					return false
				}
			}
		}
		return true
	})
}

// TestSurvival is one story: parties are killed while they load, and agree all the
// same; a backup taken meanwhile comes back to the same digest; a counterpart that
// forks its log is caught with proof, and what was held is served on.
func TestSurvival(t *testing.T) {
	dir := unloaded(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))

	portal, us, mx := serve(t, at("portal"), true), serve(t, at("us"), true), serve(t, at("mx"), true)
	copied := filepath.Join(t.TempDir(), "backup")
	for i := range 4 {
		time.Sleep(time.Duration(100+r.IntN(1200)) * time.Millisecond)
		if i == 2 {
			us.kill()
			us = serve(t, at("us"), true)
			entente(t, "backup", "--dir", at("mx"), copied) // while it loads
			continue
		}
		mx.kill()
		mx = serve(t, at("mx"), true)
	}
	for _, p := range []*process{portal, us, mx} {
		p.waitLoaded()
	}
	agree(t, portal, us, mx)
	loaded := mx.state()
	if loaded.size("demo.mx.entente/public") < 100 {
		t.Fatalf("the programme is not loaded: %+v", loaded.Logs)
	}

	story := t // the processes live as long as the story, not as one of its parts
	t.Run("a backup taken under load comes back to the same digest", func(t *testing.T) {
		mx.kill()
		back := filepath.Join(t.TempDir(), "restored")
		entente(t, "restore", copied, back)
		restored := serve(t, back, false)
		eventually(t, "the restored node has its logs back", func() bool {
			s := restored.state()
			for audience, p := range loaded.Projections {
				if s.Projections[audience] != p {
					return false
				}
			}
			return true
		})
		agree(t, portal, us, restored)
		restored.kill()
		mx = serve(story, at("mx"), false)
	})

	t.Run("a fork is caught and proven", func(t *testing.T) { fork(t, dir, us, mx) })
}

// fork puts an old backup of the United States in the place of its node, with the
// operator's wrong word that nothing was appended since, and lets it append.
func fork(t *testing.T, dir string, us, mx *process) {
	old, forked := filepath.Join(t.TempDir(), "old"), filepath.Join(t.TempDir(), "forked")
	at := func(name string) string { return filepath.Join(dir, name) }
	const log = "demo.us.entente/public"
	entente(t, "backup", "--dir", at("us"), old)
	publish(t, at("us"), "kept", 1900)
	kept := uint64(0)
	eventually(t, "Mexico has what the United States appended", func() bool {
		kept = mx.state().size(log)
		return kept > 0 && kept == us.state().size(log) && kept == size(t, at("us"), log)
	})
	us.kill()
	entente(t, "restore", "--attest-no-tail", old, forked)
	publish(t, forked, "other", 1800)
	publish(t, forked, "another", 1700)
	serve(t, forked, false)

	var found []struct{ Name, Origin, Kind string }
	eventually(t, "Mexico keeps evidence", func() bool {
		if err := json.Unmarshal(entente(t, "log", "evidence", "--json", "--dir", at("mx")), &found); err != nil {
			t.Fatal(err)
		}
		return len(found) > 0
	})
	if found[0].Origin != log {
		t.Errorf("evidence against %s", found[0].Origin)
	}
	file := filepath.Join(t.TempDir(), "evidence.json")
	if err := os.WriteFile(file, entente(t, "log", "evidence", "--dir", at("mx"), found[0].Name), 0o600); err != nil {
		t.Fatal(err)
	}
	verdict := string(entente(t, "verify", file, "--key", vkey(t, at("us"), log)))
	if !strings.Contains(verdict, "evidence against "+log) || !strings.Contains(verdict, "\nproven:") {
		t.Errorf("the verdict is\n%s", verdict)
	}
	// Somebody else's key proves nothing.
	if out, err := command("verify", file, "--key", vkey(t, at("mx"), "demo.mx.entente/public")).CombinedOutput(); err == nil && strings.Contains(string(out), "\nproven:") {
		t.Errorf("proven with another's key:\n%s", out)
	}

	// Mexico goes on with what it had.
	if s := mx.state(); s.size(log) != kept {
		t.Errorf("Mexico holds %d entries of the log, and held %d", s.size(log), kept)
	}
	web := "http://" + configOf(t, at("mx")).Web
	if status, _ := get(t, http.DefaultClient, web+"/log/demo.mx.entente/public/checkpoint"); status != http.StatusOK {
		t.Errorf("Mexico's log: status %d", status)
	}
	before := mx.state().size("demo.mx.entente/public")
	eventually(t, "Mexico's own log grows on", func() bool {
		if before == mx.state().size("demo.mx.entente/public") {
			entente(t, "entry", "add", "--dir", at("mx"), "--agency", "SRE", "--by", "mx-officer", "--second", "mx-releasing",
				"notice", "after-the-fork", noticeFile(t))
		}
		return size(t, at("mx"), "demo.mx.entente/public") > before
	})
	entente(t, "rebuild", "--quiet", "--dir", at("mx"))
}

func size(t *testing.T, dir, origin string) uint64 {
	t.Helper()
	var s state
	if err := json.Unmarshal(entente(t, "state", "--json", "--dir", dir), &s); err != nil {
		t.Fatal(err)
	}
	return s.size(origin)
}

// publish imports some lines of a published file as a data file of its own.
func publish(t *testing.T, dir, code string, n int) {
	t.Helper()
	raw, err := os.ReadFile("../../programmes/mx-us-2025/data/sbo-encounters-fy22-fy25-aug.csv")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), code+".csv")
	if err := os.WriteFile(file, []byte(strings.Join(strings.SplitAfter(string(raw), "\n")[:n], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	entente(t, "import", "--quiet", "--commit", "--dir", dir, "--agency", "CBP", "--by", "us-officer", "--second", "us-releasing",
		"--publisher", "CBP", "--released", "2025-09-20", "--code", code, file)
}

func noticeFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "notice.json")
	body := `{"code":"NX2","title":{"es":"Aviso de prueba","en":"Test notice"},"text":{"es":"Sigue en servicio.","en":"Still in service."}}`
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestDemoRecovers: a first start that is killed, at whatever moment, is finished
// by the next one, and one after that changes nothing.
func TestDemoRecovers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	for _, after := range []time.Duration{100 * time.Millisecond, 3 * time.Second} {
		cmd := command("demo", "--once", "--quiet", "--ports", "0", "--dir", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after)
		_ = cmd.Process.Kill() // its nodes stop by themselves when their standard input closes
		_ = cmd.Wait()
	}
	for _, after := range []time.Duration{0, 200 * time.Millisecond} {
		killInExchange(t, dir, after)
	}
	first := string(entente(t, "demo", "--once", "--quiet", "--ports", "0", "--dir", dir))
	if !strings.Contains(first, "the three nodes agree") {
		t.Errorf("no agreement:\n%s", first)
	}
	if !strings.Contains(first, "requests: answered 1; releases: deleted 1, received 3; permissions: granted 1") {
		t.Errorf("the exchange was not shown once, and whole:\n%s", first)
	}
	if second := string(entente(t, "demo", "--once", "--quiet", "--ports", "0", "--dir", dir)); second != first {
		t.Errorf("a second start changed something:\n%s\n%s", first, second)
	}
}

// killInExchange kills a start a while after its nodes began to exchange examples; one
// that was done sooner is let end.
func killInExchange(t *testing.T, dir string, after time.Duration) {
	t.Helper()
	cmd := command("demo", "--once", "--ports", "0", "--dir", dir)
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines(said, func(line []byte) {
		if strings.Contains(string(line), "exchanging examples") {
			time.Sleep(after)
			_ = cmd.Process.Kill()
		}
	})
	_ = cmd.Wait()
	stopped(t, dir)
}
