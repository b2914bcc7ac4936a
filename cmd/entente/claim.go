package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/internal/node"
	"entente/internal/series"
)

// claimCmd holds claims against the data.
type claimCmd struct {
	nodeDir
	Code string `arg:"" optional:"" help:"Code of the claim, such as CL029; all claims with a check when left out."`
	AsOf string `help:"Only what had been published by this day (YYYY-MM-DD)."`
}

type assessments []series.Assessment

func (l assessments) writeText(w io.Writer) error {
	var b strings.Builder
	for _, a := range l {
		fmt.Fprintf(&b, "%-6s %-20s %s\n", a.Claim, strings.ReplaceAll(string(a.Outcome), "_", " "), strings.ReplaceAll(string(a.Reason), "_", " "))
		if len(l) > 1 {
			continue
		}
		for i, p := range a.Propositions {
			fmt.Fprintf(&b, "\nclaimed %s %s: %d of %d readings give it\n", p.Claimed, p.Unit, p.Holding, p.Decided)
			for _, r := range a.Readings {
				if r.Proposition == i {
					writeReading(&b, r)
				}
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeReading(b *strings.Builder, r series.Reading) {
	var where []string
	for _, d := range slices.Sorted(maps.Keys(r.Where)) {
		where = append(where, d+"="+r.Where[d])
	}
	figure := "no figure"
	if r.Figure.Valid() {
		figure = r.Figure.Places(2).String()
	}
	against := ""
	if !r.B.IsZero() {
		against = " against " + r.B.String()
	}
	fmt.Fprintf(b, "  %10s  %-10s %s %s  %s%s\n", figure, r.Match, r.Indicator, strings.Join(where, " "), r.A, against)
}

// Run assesses.
func (c *claimCmd) Run(g *globals) error {
	ctx := context.Background()
	if err := checkDay(c.AsOf); err != nil {
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
		n.Figures().SetChecks(prog.Checks)
		if c.Code != "" {
			a, ok, err := n.Figures().Assess(ctx, n.Audience(), c.Code, entente.Date(c.AsOf))
			if err != nil {
				return err
			}
			if !ok {
				return fmt.Errorf("there is no check of a claim %s: entente claim without a code lists those there are", c.Code)
			}
			return g.print(assessments{a})
		}
		all, err := n.Figures().Assessments(ctx, n.Audience(), entente.Date(c.AsOf))
		if err != nil {
			return err
		}
		out := assessments{}
		for _, code := range slices.Sorted(maps.Keys(all)) {
			out = append(out, all[code])
		}
		return g.print(out)
	})
}

// checkDay refuses what is not a day; none is given by "".
func checkDay(day string) error {
	if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
		return fmt.Errorf("a day is YYYY-MM-DD, not %q", day)
	}
	return nil
}
