package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"entente/internal/entry"
	"entente/internal/node"
	"entente/internal/store"
)

// logCmd shows and exports logs.
type logCmd struct {
	Show   logShowCmd   `cmd:"" help:"Show entries: origin, or origin#index."`
	Export logExportCmd `cmd:"" help:"Write a log as plain C2SP tlog-tiles files."`
	List   logListCmd   `cmd:"" help:"List the logs this node holds."`

	Evidence logEvidenceCmd `cmd:"" help:"List the proof this node keeps of logs that contradicted themselves, or print one file of it."`
}

type logListCmd struct{ nodeDir }

type logList []logState

func (l logList) writeText(w io.Writer) error {
	for _, s := range l {
		if _, err := fmt.Fprintf(w, "%-36s %-9s %8d  %s\n", s.Origin, s.Audience, s.Size, s.Root); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the logs.
func (c *logListCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		out := logList{}
		for _, l := range n.Store().Logs(ctx) {
			out = append(out, logState{Origin: l.Origin, Audience: l.Audience, Own: l.Own, Size: l.Size, Root: l.Root})
		}
		return g.print(out)
	})
}

// logShowCmd prints entries as they were signed.
type logShowCmd struct {
	nodeDir
	Name string `arg:"" help:"Origin of a log, or the name of an entry: origin#index."`
	From uint64 `help:"First index to show."`
	N    int    `help:"How many entries to show." default:"20" short:"n"`
}

type shownEntry struct {
	Name string `json:"name"`
	Leaf string `json:"leaf"`
	Note string `json:"note"`
}

type shownEntries []shownEntry

func (l shownEntries) writeText(w io.Writer) error {
	for _, e := range l {
		if _, err := fmt.Fprintf(w, "%s  %s\n%s\n", e.Name, e.Leaf, e.Note); err != nil {
			return err
		}
	}
	return nil
}

// Run prints the entries.
func (c *logShowCmd) Run(g *globals) error {
	ctx := context.Background()
	origin, from, n, err := c.which()
	if err != nil {
		return err
	}
	return c.with(ctx, func(nd *node.Node) error {
		l, err := heldLog(ctx, nd, origin)
		if err != nil {
			return err
		}
		raws, err := nd.Store().Entries(ctx, origin, from, n)
		if err != nil {
			return err
		}
		if len(raws) == 0 {
			return fmt.Errorf("%s has no entry %d: it holds %d, and the first is 0", origin, from, l.Size)
		}
		var out shownEntries
		for i, raw := range raws {
			out = append(out, shownEntry{
				Name: fmt.Sprintf("%s#%d", origin, from+uint64(i)), Leaf: entry.LeafHash(raw).String(), Note: string(raw),
			})
		}
		return g.print(out)
	})
}

func (c *logShowCmd) which() (origin string, from uint64, n int, err error) {
	origin, index, one := strings.Cut(c.Name, "#")
	if !one {
		return origin, c.From, c.N, nil
	}
	from, err = strconv.ParseUint(index, 10, 63)
	if err != nil {
		return "", 0, 0, errors.New("an entry is named origin#index, such as demo.mx.entente/public#12")
	}
	return origin, from, 1, nil
}

// logExportCmd writes a log as plain files.
type logExportCmd struct {
	nodeDir
	Origin string `arg:"" help:"Origin of the log."`
	To     string `arg:"" help:"Directory to write to." type:"path"`
}

type exported struct {
	Origin string `json:"origin"`
	To     string `json:"to"`
	Size   uint64 `json:"size"`
}

func (e exported) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: %d entries in %s\n", e.Origin, e.Size, e.To)
	return err
}

// Run exports the log. A national log leaves its node only by its owner's hand:
// this command.
func (c *logExportCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		l, err := heldLog(ctx, n, c.Origin)
		if err != nil {
			return err
		}
		if err := n.Store().ExportLog(ctx, c.Origin, c.To); err != nil {
			return err
		}
		return g.print(exported{Origin: c.Origin, To: c.To, Size: l.Size})
	})
}

// heldLog is how far the node holds a log.
func heldLog(ctx context.Context, n *node.Node, origin string) (store.LogState, error) {
	l, err := n.Store().Log(ctx, origin)
	if errors.Is(err, store.ErrNotFound) {
		return l, fmt.Errorf("this node holds no log %s: entente log list names those it holds", origin)
	}
	return l, err
}

// logEvidenceCmd shows evidence, which entente verify checks.
type logEvidenceCmd struct {
	nodeDir
	Name string `arg:"" optional:"" help:"Name of a file of evidence: it is printed as it is kept."`
}

type evidenceLine struct {
	Name   string    `json:"name"`
	Origin string    `json:"origin"`
	Kind   string    `json:"kind"`
	Found  time.Time `json:"found"`
}

type evidenceLines []evidenceLine

func (l evidenceLines) writeText(w io.Writer) error {
	if len(l) == 0 {
		_, err := fmt.Fprintln(w, "no log contradicted itself")
		return err
	}
	for _, e := range l {
		if _, err := fmt.Fprintf(w, "%s  %-36s %-20s %s\n", e.Found.UTC().Format(time.RFC3339), e.Origin, strings.ReplaceAll(e.Kind, "_", " "), e.Name); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the evidence, or prints one file.
func (c *logEvidenceCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		kept, err := n.Store().Evidence(ctx)
		if err != nil {
			return err
		}
		lines := evidenceLines{}
		for _, e := range kept {
			if c.Name != "" && e.Name == c.Name {
				_, err := g.out.Write(e.File)
				return err
			}
			lines = append(lines, evidenceLine{e.Name, e.Origin, e.Kind, e.Found})
		}
		if c.Name != "" {
			return fmt.Errorf("this node keeps no evidence %s: entente log evidence lists what it keeps", c.Name)
		}
		return g.print(lines)
	})
}
