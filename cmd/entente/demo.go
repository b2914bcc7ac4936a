package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"entente/internal/taxii"
)

// demoCmd runs three nodes on this machine: Mexico, the United States and a
// public portal, each its own process with its own directory and database.
type demoCmd struct {
	Dir   string `help:"Directory of the three nodes; a later start reuses it." default:"entente-demo" type:"path"`
	Once  bool   `help:"Load, wait until all three nodes agree, print a summary and leave: exit code 0 only if the digests agree."`
	Ports int    `help:"First of six loopback ports; 0 picks free ones at the first start." default:"8440"`
	Reset bool   `help:"Delete the directory of an earlier demonstration first."`
}

// agreeWithin bounds how long the demonstration waits for equal digests.
const agreeWithin = 5 * time.Minute

// Run is the command's whole life: prepare, start, load, agree, stay up.
func (c *demoCmd) Run(g *globals) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ui := newProgressUI(g, os.Stderr)
	defer ui.close()
	if c.Reset {
		if err := removeDemo(c.Dir); err != nil {
			return err
		}
	}
	plan, err := prepareDemo(ctx, c.Dir, c.Ports, ui)
	if err != nil {
		return err
	}
	nodes, err := startDemo(ctx, plan, ui)
	if err != nil {
		return err
	}
	defer nodes.stop()
	states, shown, err := showDemo(ctx, plan, nodes, ui)
	if err != nil {
		return err
	}
	ui.close()
	summary := plan.summarise(states)
	if summary.Exchange = shown; shown != nil {
		summary.Agree = summary.Agree && shown.Same
	}
	if c.Once {
		if err := g.print(summary); err != nil {
			return err
		}
		if !summary.Agree {
			return notHolding{errors.New("the digests of the three nodes differ: see the summary above")}
		}
		return nil
	}
	welcome := demoWelcome{demoSummary: summary, Sites: plan.sites(), SignIns: plan.signIns(), TAXII: plan.originOf("us") + taxii.Discovery}
	if shown != nil {
		welcome.Program = &shown.Program
	}
	if err := g.print(welcome); err != nil {
		return err
	}
	return nodes.wait(ctx)
}

// showDemo waits until the nodes agree, has them exchange information where no
// earlier start did, and waits until they agree again. Nodes that do not agree
// exchange nothing.
func showDemo(ctx context.Context, plan *demoPlan, nodes children, ui *progressUI) ([]nodeState, *demoExchange, error) {
	states, err := nodes.agree(ctx, ui)
	if err != nil || !compareStates(states).Agree {
		return states, nil, err
	}
	done, err := plan.exchange(ctx, nodes, ui)
	if err != nil {
		return nil, nil, err
	}
	if states, err = nodes.agree(ctx, ui); err != nil {
		return nil, nil, err
	}
	shown, err := plan.shownBy(ctx, nodes, done)
	return states, shown, err
}

// removeDemo deletes a demonstration's directory, and nothing that is not one.
func removeDemo(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
		return fmt.Errorf("%s holds no demonstration (no file %s in it): it is not deleted", dir, demoMark)
	}
	return os.RemoveAll(dir)
}

// child is one node's process as the demonstration sees it.
type child struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr *tailWriter
	states chan nodeState
	shown  chan event
	loaded chan struct{}
	exited chan struct{}
	err    error // valid once exited is closed
}

// children are the running nodes, in the order of the plan.
type children []*child

// startDemo starts every node of the plan and waits until all have loaded.
func startDemo(ctx context.Context, plan *demoPlan, ui *progressUI) (children, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program's own file to start the nodes: %w", err)
	}
	var nodes children
	for _, n := range plan.Nodes {
		c, err := startChild(binary, n, ui)
		if err != nil {
			nodes.stop()
			return nil, err
		}
		nodes = append(nodes, c)
	}
	for _, c := range nodes {
		select {
		case <-c.loaded:
		case <-c.exited:
			nodes.stop()
			return nil, c.failure()
		case <-ctx.Done():
			nodes.stop()
			return nil, ctx.Err()
		}
	}
	return nodes, nil
}

func startChild(binary string, n demoNode, ui *progressUI) (*child, error) {
	c := &child{
		name: n.Name, stderr: &tailWriter{limit: 4 << 10},
		states: make(chan nodeState, 1), shown: make(chan event, 1), loaded: make(chan struct{}), exited: make(chan struct{}),
	}
	c.cmd = exec.Command(binary, "serve", "--dir", n.Dir, "--attached", "--load")
	c.cmd.Env = append(os.Environ(), passphraseEnv+"="+demoPassphrase)
	c.cmd.Stderr = c.stderr
	// A signal from the terminal goes to the demonstration alone, which stops
	// its nodes in order by closing their standard input.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the node %s: %w", n.Name, err)
	}
	go c.listen(stdout, ui)
	return c, nil
}

// listen handles the node's events until it ends.
func (c *child) listen(stdout io.Reader, ui *progressUI) {
	var once sync.Once
	readLines(stdout, func(e event) {
		switch e.Event {
		case "progress":
			ui.report(c.name, e.Stage, e.Done, e.Total)
		case "loaded":
			once.Do(func() { close(c.loaded) })
		case "failed":
			_, _ = fmt.Fprintln(c.stderr, e.Error)
		case "state":
			select {
			case c.states <- *e.State:
			default: // nobody asked, or asked twice: the newest answer is not needed
			}
		case "shown":
			select {
			case c.shown <- e:
			default: // nobody asked
			}
		}
	}, func(line string) { _, _ = fmt.Fprintln(c.stderr, line) })
	c.err = c.cmd.Wait()
	close(c.exited)
}

// failure says in one line why the node ended.
func (c *child) failure() error {
	return fmt.Errorf("the node %s stopped: %w\n%s", c.name, errOr(c.err, errors.New("without an error")), c.stderr)
}

// state asks the node for its state.
func (c *child) state(ctx context.Context) (nodeState, error) {
	if err := json.NewEncoder(c.stdin).Encode(question{Ask: "state"}); err != nil {
		return nodeState{}, fmt.Errorf("the node %s does not answer: %w", c.name, err)
	}
	select {
	case s := <-c.states:
		return s, nil
	case <-c.exited:
		return nodeState{}, c.failure()
	case <-ctx.Done():
		return nodeState{}, ctx.Err()
	}
}

// agree asks all nodes until their digests are equal and each has recomputed every
// figure from its file, or the time is over; the last states are returned in both cases.
func (cs children) agree(ctx context.Context, ui *progressUI) ([]nodeState, error) {
	deadline := time.Now().Add(agreeWithin)
	for round := 0; ; round++ {
		states, settled := make([]nodeState, 0, len(cs)), true
		for _, c := range cs {
			s, err := c.state(ctx)
			if err != nil {
				return nil, err
			}
			states, settled = append(states, s), settled && s.settled()
		}
		if compareStates(states).Agree && settled || time.Now().After(deadline) {
			return states, nil
		}
		ui.report("all", "agree", round, 0)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// wait blocks until the person stops the demonstration or a node ends by itself.
func (cs children) wait(ctx context.Context) error {
	ended := make(chan *child, len(cs))
	for _, c := range cs {
		go func() { <-c.exited; ended <- c }()
	}
	select {
	case <-ctx.Done():
		return nil
	case c := <-ended:
		return c.failure()
	}
}

// stop closes every node's standard input, on which it stops, and kills those
// that have not stopped after ten seconds.
func (cs children) stop() {
	for _, c := range cs {
		_ = c.stdin.Close()
	}
	patience := time.After(10 * time.Second)
	for _, c := range cs {
		select {
		case <-c.exited:
		case <-patience:
			_ = c.cmd.Process.Kill()
			<-c.exited
		}
	}
}

// errOr returns err, or other when there is none.
func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// tailWriter keeps the last bytes written to it.
type tailWriter struct {
	mu    sync.Mutex
	limit int
	buf   []byte
}

// Write implements io.Writer.
func (t *tailWriter) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - t.limit; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

// String returns what is kept.
func (t *tailWriter) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
