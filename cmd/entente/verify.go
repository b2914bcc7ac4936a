package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/bundle"
	"entente/internal/merkle"
	"entente/internal/report"
)

// verifyCmd checks a file offline.
type verifyCmd struct {
	File string            `arg:"" help:"report.zip, or a file of evidence (JSON)." type:"existingfile"`
	Pin  map[string]string `help:"Digest of a writer's genesis, had from elsewhere: MX=<64 hex digits>."`
	Key  []string          `help:"For evidence: public keys of the log (vkeys)." sep:"none"`
	Lang string            `help:"Language of the findings." enum:"es,en" default:"en"`
}

// Run verifies and says in words what was checked.
func (c *verifyCmd) Run(g *globals) error {
	raw, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")):
		return c.evidence(g, raw)
	case !bytes.HasPrefix(raw, []byte("PK")):
		return fmt.Errorf("%s is neither a verification bundle (zip) nor a file of evidence (JSON)", filepath.Base(c.File))
	}
	pins := map[string]entente.Digest{}
	for writer, text := range c.Pin {
		d, err := entente.ParseDigest(text)
		if err != nil {
			return fmt.Errorf("the pin of %s: %w", writer, err)
		}
		pins[writer] = d
	}
	found, err := bundle.Verify(bytes.NewReader(raw), int64(len(raw)), bundle.Options{Pins: pins, Render: report.Render})
	if errors.Is(err, bundle.ErrNotBundle) {
		return notHolding{fmt.Errorf("%s: %w", filepath.Base(c.File), err)}
	}
	if err != nil {
		return err
	}
	if err := g.print(findings{found, c.Lang}); err != nil {
		return err
	}
	if !found.OK() {
		return notHolding{fmt.Errorf("%s does not hold: see the findings above", c.File)}
	}
	return nil
}

type findings struct {
	*bundle.Findings
	lang string
}

// marks stand before findings, by outcome.
var marks = map[bundle.Outcome]string{bundle.Passed: "ok  ", bundle.Failed: "FAIL", bundle.NotChecked: "--  "}

func (f findings) writeText(w io.Writer) error {
	var b strings.Builder
	if f.Demonstration != nil {
		text, _ := f.Demonstration.In(f.lang)
		b.WriteString(text + "\n\n")
	}
	for _, l := range f.Frontier {
		fmt.Fprintf(&b, "%-34s %6d  root %s\n%-34s         genesis %s\n", l.Origin, l.Size, l.Root, "", l.Genesis)
	}
	fmt.Fprintf(&b, "%d entries, %d figures\n\n", f.Entries, f.Figures)
	for _, one := range f.List {
		text, _ := one.Text.In(f.lang)
		about := ""
		if one.About != "" {
			about = one.About + ": "
		}
		fmt.Fprintf(&b, "%s %-12s %s%s\n", marks[one.Outcome], one.Check, about, text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// evidence verifies a file of evidence with the log's public keys.
func (c *verifyCmd) evidence(g *globals, raw []byte) error {
	e, err := merkle.DecodeEvidence(raw)
	if err != nil {
		return err
	}
	if len(c.Key) == 0 {
		return errors.New("evidence is checked with the log's public keys: give them with --key (they are in the log's genesis)")
	}
	var known []note.Verifier
	for _, k := range c.Key {
		v, err := merkle.NewVerifier(k)
		if err != nil {
			return err
		}
		known = append(known, v)
	}
	verdict, err := merkle.VerifyEvidence(e, known...)
	if err != nil {
		return notHolding{err}
	}
	return g.print(judged{e.Origin, e.Kind, verdict})
}

type judged struct {
	Origin string              `json:"origin"`
	Kind   merkle.EvidenceKind `json:"kind"`
	merkle.Verdict
}

func (j judged) writeText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "evidence against %s: %s\n", j.Origin, strings.ReplaceAll(string(j.Kind), "_", " "))
	for _, f := range j.Findings {
		fmt.Fprintf(&b, "  %s\n", f.Detail)
	}
	if j.Proven {
		b.WriteString("proven: only the holder of the log's keys can have caused this\n")
	} else {
		b.WriteString("not proven: it may be an old copy\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
