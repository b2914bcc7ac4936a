package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/follow"
	"entente/internal/node"
	"entente/internal/pouch"
)

// pouchCmd carries logs and payloads on a disk.
type pouchCmd struct {
	Export pouchExportCmd `cmd:"" help:"Write what another node lacks to a disk; what is shared is sealed to that node."`
	Import pouchImportCmd `cmd:"" help:"Take the pouches on a disk; what is wrong with one is told before anything changes."`
	Show   pouchShowCmd   `cmd:"" help:"Say what the pouches on a disk are, without opening them."`
}

// byteSize is a number of bytes as a person writes it: 700MB, 4.7GB.
type byteSize int64

// UnmarshalText reads it.
func (s *byteSize) UnmarshalText(text []byte) error {
	number, unit := strings.TrimSpace(string(text)), int64(1)
	for suffix, n := range map[string]int64{"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12} {
		if rest, ok := strings.CutSuffix(strings.ToUpper(number), suffix); ok {
			number, unit = strings.TrimSpace(rest), n
			break
		}
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || !(f > 0) || f*float64(unit) > 1e15 {
		return fmt.Errorf("%q is no size such as 700MB or 4.7GB", text)
	}
	*s = byteSize(f * float64(unit))
	return nil
}

// carrier is a node opened to make or take pouches; it reaches no network.
type carrier struct {
	running
	pouch *pouch.Node
	ui    *progressUI
}

// carry opens the node for one act. It may serve meanwhile.
func carry(g *globals, dir string, act func(context.Context, *carrier) error) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	cfg, err := readConfig(dir)
	if err != nil {
		return err
	}
	c := &carrier{running: running{dir: dir, config: cfg, logger: slog.New(slog.DiscardHandler)}, ui: newProgressUI(g, os.Stderr)}
	defer c.ui.close()
	if c.programme, err = loadProgramme(cfg.Programme); err != nil {
		return err
	}
	if c.node, err = openNode(ctx, dir, node.Options{}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.node.Close()) }()
	if err := c.join(ctx); err != nil {
		return err
	}
	if c.node.Writer().Party != "" {
		// Without a network: what a pouch does not carry is left to the node that serves.
		if c.exchange, err = exchange.New(exchange.Options{Node: c.node}); err != nil {
			return err
		}
	}
	c.pouch = &pouch.Node{
		Store: c.node.Store(), Blobs: c.node.Blobs(), Payloads: c.node.Payloads(), Keys: c.node.Ring(), Network: c.network, Dir: dir,
		Withholds: func(ctx context.Context, writer string, d entente.Digest) bool {
			return c.exchange != nil && c.exchange.Withholds(ctx, writer, d)
		},
		Progress: func(stage string, done, total int64) {
			c.ui.report(c.node.Writer().Writer(), stage, int(done), int(total))
		},
	}
	return act(ctx, c)
}

type pouchExportCmd struct {
	Dir    string   `help:"The node's directory." default:"." type:"existingdir"`
	Path   string   `arg:"" help:"A directory, or a new file whose name ends in .pouch." type:"path"`
	To     string   `help:"The party whose node it is for." xor:"to" required:""`
	Public bool     `help:"For anyone: public logs and files only, in the clear." xor:"to" required:""`
	Since  string   `help:"Where it begins: known (at what that node is known to have), last (at the end of the pouch before), none (everything)." enum:"known,last,none" default:"known"`
	Volume byteSize `help:"Size of the volumes it is cut into, such as 700MB or 4.7GB." name:"volume-size"`
}

type madePouch struct{ pouch.Made }

func (m madePouch) writeText(w io.Writer) error {
	for _, l := range m.Logs {
		if _, err := fmt.Fprintf(w, "%-36s %8d - %d\n", l.Origin, l.Since, l.Size); err != nil {
			return err
		}
	}
	verb := "made"
	if m.Resumed {
		verb = "completed"
	}
	_, err := fmt.Fprintf(w, "%s pouch %s: %d files, %d bytes in %d volumes, in %s\n", verb, m.ID[:8], m.Files, m.Size, m.Volumes, m.Path)
	return err
}

// Run makes the pouch.
func (c *pouchExportCmd) Run(g *globals) error {
	return carry(g, c.Dir, func(ctx context.Context, r *carrier) error {
		made, err := r.pouch.Export(ctx, pouch.Request{To: c.To, Path: c.Path, Since: pouch.Since(c.Since), Volume: int64(c.Volume)})
		if errors.Is(err, context.Canceled) {
			return errors.New("broken off: the same command completes it")
		}
		if err != nil {
			return err
		}
		return g.print(madePouch{made})
	})
}

type pouchImportCmd struct {
	Dir   string   `help:"The node's directory." default:"." type:"existingdir"`
	Paths []string `arg:"" help:"Disks, directories or files that the pouches and their volumes are on." type:"path"`
}

type takenPouches []pouch.Taken

func (l takenPouches) writeText(w io.Writer) error {
	for _, t := range l {
		if _, err := fmt.Fprintf(w, "took pouch %s of %s, made %s\n", t.ID[:8], t.From, t.Made.Format(time.RFC3339)); err != nil {
			return err
		}
		for _, m := range t.Logs {
			if _, err := fmt.Fprintf(w, "%-36s %8d -> %d\n", m.Origin, m.Before, m.After); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "%d files arrived, %d were here, %d were shredded here and stay so; %d checkpoints came back cosigned\n",
			t.Files, t.Held, t.Shredded, t.Cosigned)
		if err != nil {
			return err
		}
	}
	return nil
}

// Run takes the pouches that are for this node, in the order in which they were made.
func (c *pouchImportCmd) Run(g *globals) error {
	found, err := pouch.Find(c.Paths...)
	if err != nil {
		return err
	}
	return carry(g, c.Dir, func(ctx context.Context, r *carrier) error {
		own := r.node.Writer().Writer()
		var mine []*pouch.Pouch
		for _, p := range found {
			if p.From != own && (p.To == "" || p.To == own) {
				mine = append(mine, p)
			}
		}
		if len(mine) == 0 {
			p := found[0]
			return fmt.Errorf("no pouch here is for the node of %s: pouch %s is from %s, for %s", own, p.ID[:8], p.From, forWhom(p.To))
		}
		taken := takenPouches{}
		for _, p := range mine {
			t, err := r.pouch.Import(ctx, p)
			switch {
			case errors.Is(err, context.Canceled):
				return errors.New("broken off: the same command goes on")
			case errors.Is(err, follow.ErrContradicted):
				return notHolding{fmt.Errorf("pouch %s: %w: entente log evidence shows the proof", p.ID[:8], err)}
			case err != nil:
				return fmt.Errorf("pouch %s: %w", p.ID[:8], err)
			}
			taken = append(taken, t)
		}
		if err := r.takeIn(ctx); err != nil {
			return fmt.Errorf("what arrived is here and not taken in yet: %w", err)
		}
		return g.print(taken)
	})
}

// takeIn has the node's gate decide on what arrived, so that the receipts go back with
// the next pouch. A restored node appends nothing, and does it when it serves again.
func (c *carrier) takeIn(ctx context.Context) error {
	if c.exchange == nil || c.node.Store().Restored() {
		return nil
	}
	_, err := c.exchange.Once(ctx)
	return err
}

func forWhom(party string) string {
	if party == "" {
		return "anyone"
	}
	return party
}

type pouchShowCmd struct {
	Paths []string `arg:"" help:"Disks, directories or files that the pouches are on." type:"path"`
}

type shownPouch struct {
	ID      string         `json:"id"`
	From    string         `json:"from"`
	To      string         `json:"to,omitempty"`
	Made    time.Time      `json:"made"`
	Volumes []pouch.Volume `json:"volumes"`
}

type shownPouches []shownPouch

func (l shownPouches) writeText(w io.Writer) error {
	for _, p := range l {
		var size int64
		for _, v := range p.Volumes {
			size += v.Size
		}
		_, err := fmt.Fprintf(w, "%s  %s -> %-7s %s  %d bytes in %d volumes (as it says of itself: nothing was checked)\n",
			p.ID[:8], p.From, forWhom(p.To), p.Made.Format(time.RFC3339), size, len(p.Volumes))
		if err != nil {
			return err
		}
	}
	return nil
}

// Run reads the manifests.
func (c *pouchShowCmd) Run(g *globals) error {
	found, err := pouch.Find(c.Paths...)
	if err != nil {
		return err
	}
	var out shownPouches
	for _, p := range found {
		out = append(out, shownPouch{p.ID, p.From, p.To, p.Made, p.Volumes})
	}
	return g.print(out)
}
