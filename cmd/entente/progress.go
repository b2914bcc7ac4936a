package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progressUI shows how far long work is: a bar on a terminal, a line a stage
// elsewhere, nothing when --quiet or --json asks for silence.
type progressUI struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	silent   bool
	bar      *progressbar.ProgressBar
	counts   map[string][2]int // node+stage → done, total
	said     map[string]bool
}

func newProgressUI(g *globals, w *os.File) *progressUI {
	info, err := w.Stat()
	return &progressUI{
		w: w, silent: g.Quiet,
		terminal: err == nil && info.Mode()&os.ModeCharDevice != 0,
		counts:   map[string][2]int{}, said: map[string]bool{},
	}
}

// report says that a node has done so much of a stage; total 0 means unknown.
func (p *progressUI) report(node, stage string, done, total int) {
	if p.silent {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := node + " " + stage
	p.counts[key] = [2]int{done, total}
	if !p.terminal {
		if !p.said[key] {
			p.said[key] = true
			_, _ = fmt.Fprintf(p.w, "%s: %s\n", node, stageName(stage))
		}
		return
	}
	sum, all := 0, 0
	for _, c := range p.counts {
		sum, all = sum+c[0], all+max(c[1], c[0])
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(all, progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetWidth(30), progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	p.bar.ChangeMax(all)
	p.bar.Describe(fmt.Sprintf("%-6s %-24s", node, stageName(stage)))
	_ = p.bar.Set(sum)
}

// close removes the bar.
func (p *progressUI) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}

// stageName says in words what a stage is.
func stageName(stage string) string {
	if name, ok := stageNames[stage]; ok {
		return name
	}
	return stage
}

var stageNames = map[string]string{
	"init":       "keys and genesis",
	"founding":   "charter and policies, by both",
	"stating":    "signing its own entries",
	"publishing": "joint things, by both",
	"importing":  "importing data files",
	"agree":      "waiting for equal digests",
	"exchange":   "exchanging examples",
	"rebuild":    "rebuilding the projection",
	"import":     "reading the file",

	"pouch.write": "writing the pouch",
	"pouch.check": "checking the volumes",
	"pouch.read":  "reading the pouch",
}
