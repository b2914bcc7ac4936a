package report

import (
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/internal/series"
)

// maxReadings is how many readings of a claim a report shows of each kind: those
// that hold and those that do not. The counts are of all.
const maxReadings = 4

// claims builds each claim with what the data say of it.
func (b *builder) claims(checks map[string]*series.Check) error {
	type claim struct {
		it   *item
		code string
		c    *entente.ClaimContent
	}
	var all []claim
	for _, it := range b.rec.current[entente.TypeClaim] {
		c := it.body.(*entente.Claim)
		all = append(all, claim{it, c.Code, &c.ClaimContent})
	}
	for _, it := range b.rec.current[entente.TypeCitation] {
		if c := it.body.(*entente.Citation); c.Claim != nil {
			all = append(all, claim{it, c.Code, c.Claim})
		}
	}
	slices.SortStableFunc(all, func(x, y claim) int { return strings.Compare(x.code, y.code) })
	b.m.Claims = []Claim{}
	for _, c := range all {
		out := Claim{Entry: c.it.Ref, Positions: positionRefs(b.rec.positions[c.it.Ref])}
		if check := checks[c.code]; check != nil {
			if err := b.assess(&out, check); err != nil {
				return fmt.Errorf("claim %s: %w", c.code, err)
			}
		}
		b.m.Claims = append(b.m.Claims, out)
	}
	return nil
}

func (b *builder) assess(c *Claim, check *series.Check) error {
	as, err := series.Assess(check, b.held.lookup, "")
	if err != nil {
		return err
	}
	c.Outcome, c.Reason = as.Outcome, as.Reason
	for _, p := range as.Propositions {
		c.Holding += p.Holding
		c.Decided += p.Decided
	}
	shown := map[bool]int{}
	for i := range as.Readings {
		r := &as.Readings[i]
		if r.Part || r.Match == series.MatchIncomplete || shown[r.Match.Holds()] == maxReadings {
			continue
		}
		reading, ok, err := b.reading(check, r)
		if err != nil {
			return err
		}
		if ok {
			shown[r.Match.Holds()]++
			c.Readings = append(c.Readings, reading)
		}
	}
	return nil
}

// reading works a reading's figure out again, in a form that a bundle can check.
func (b *builder) reading(check *series.Check, r *series.Reading) (Reading, bool, error) {
	p := &check.Propositions[r.Proposition]
	out := Reading{
		Indicator: r.Indicator, Where: r.Where, Basis: r.Basis, Against: r.Against, Kind: r.Kind,
		A: r.A.String(), Unit: string(p.Unit), Match: r.Match, AsStated: r.AsStated,
	}
	q := measured{indicator: r.Indicator, where: r.Where, basis: r.Basis, window: r.A, unit: r.Unit, decimals: decimalsOf(p.Claimed)}
	if r.AsStated {
		q.asOf = check.Stated
	}
	change := r.Against != series.AgainstNothing && r.Against != series.AgainstLowest
	if change {
		q.decimals = 2
	}
	a, err := b.figs.sum(b.held, q)
	if err != nil || a == "" {
		return out, false, err
	}
	out.Figure = a
	if !r.B.IsZero() {
		out.B = r.B.String()
	}
	if !change {
		return out, true, nil
	}
	q.window = r.B
	base, err := b.figs.sum(b.held, q)
	if err != nil || base == "" {
		return out, false, err
	}
	out.Figure = b.figs.change(base, a, r.Figure, decimalsOf(p.Claimed))
	return out, out.Figure != "", nil
}

// decimalsOf is one decimal more than the figure claimed has, at most six, so that
// a reader sees to which side it rounds.
func decimalsOf(claimed string) int {
	_, frac, _ := strings.Cut(claimed, ".")
	return min(len(frac)+1, 6)
}
