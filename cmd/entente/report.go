package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"entente"
	"entente/internal/node"
	"entente/internal/programme"
	"entente/internal/report"
	"entente/internal/series"
	"entente/internal/store"
)

// reportCmd makes the progress report.
type reportCmd struct {
	nodeDir
	To   string `arg:"" help:"File to write: .html, .pdf or .zip (the verification bundle)." type:"path"`
	Lang string `help:"Language of the page." enum:"es,en" default:"es"`
	AsOf string `help:"Frontier of this day (YYYY-MM-DD); the newest by default."`
}

type reported struct {
	File     string `json:"file"`
	Bytes    int    `json:"bytes"`
	Frontier string `json:"frontier"`
}

func (r reported) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: %d bytes, as of frontier %s\n", r.File, r.Bytes, r.Frontier)
	return err
}

// Run makes the report and writes it.
func (c *reportCmd) Run(g *globals) error {
	ctx := context.Background()
	if err := c.check(); err != nil {
		return err
	}
	return c.with(ctx, func(n *node.Node) error {
		cfg, err := readConfig(c.Dir)
		if err != nil {
			return err
		}
		prog, err := loadProgramme(cfg.Programme)
		if err != nil {
			return err
		}
		r := newReporter(n, prog)
		made, err := c.make(ctx, r)
		if err != nil {
			return err
		}
		raw, err := c.file(ctx, r, made)
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.To, raw, 0o644); err != nil {
			return err
		}
		return g.print(reported{File: c.To, Bytes: len(raw), Frontier: made.Frontier.Digest().String()})
	})
}

// check refuses what cannot be made before it takes a minute to make it.
func (c *reportCmd) check() error {
	switch filepath.Ext(c.To) {
	case ".html", ".pdf", ".zip":
		return checkDay(c.AsOf)
	}
	return fmt.Errorf("the file's ending says what to make: .html, .pdf or .zip, not %s", filepath.Base(c.To))
}

func (c *reportCmd) make(ctx context.Context, r *report.Reporter) (*report.Made, error) {
	var at store.Frontier
	if c.AsOf != "" {
		day, err := time.Parse(time.DateOnly, c.AsOf)
		if err != nil {
			return nil, err
		}
		if at, err = r.FrontierOn(ctx, day); err != nil {
			return nil, err
		}
	}
	return r.Make(ctx, at)
}

func (c *reportCmd) file(ctx context.Context, r *report.Reporter, made *report.Made) ([]byte, error) {
	switch filepath.Ext(c.To) {
	case ".zip":
		return r.Bundle(ctx, made)
	case ".pdf":
		return r.PDF(ctx, made, c.Lang)
	}
	return made.HTML[c.Lang], nil
}

// newReporter makes the reporter of a node.
func newReporter(n *node.Node, prog *programme.Programme) *report.Reporter {
	headlines := map[string]series.Where{}
	for _, in := range prog.Indicators {
		headlines[in.ID] = in.Headline
	}
	names := map[string]map[string]entente.Text{}
	for _, list := range prog.Codelists {
		names[list.Dim] = list.Codes
	}
	return report.New(report.Options{
		Store: n.Store(), Checks: prog.Checks, Headlines: headlines, Names: names, Check: n.Figures().Check, Demo: n.Demo(),
	})
}
