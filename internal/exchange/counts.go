package exchange

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"entente"
	"entente/internal/store"
)

// Meter is how it goes in one area and direction: who asked whom, and what came of
// it. An answer counts where its request does.
type Meter struct {
	Area      string
	Direction Direction // of the requests
	Asked     int
	Answered  int
	Refused   int
	Withdrawn int
	Waiting   int // Late ones that wait still among them
	Late      int // waits too long, or was answered too late
	// Median is the time to the first answer, over what was answered or refused; 0
	// when nothing was.
	Median time.Duration
	// Released counts releases of the other way round: in answer, and Spontaneous
	// ones. They are the answering side's.
	Released, Spontaneous int
}

// Meters measure reciprocity over the requests and releases stated in a span of
// time, from included and to excluded, as of a moment: a line for each area and
// direction in which there was something. What names several areas counts in each.
func (x *Exchange) Meters(ctx context.Context, from, to, asOf time.Time) ([]Meter, error) {
	table := meters{}
	requests, err := every[entente.Request](ctx, x, store.Query{Type: entente.TypeRequest, Withdrawn: true})
	if err != nil {
		return nil, err
	}
	within := func(t time.Time) bool { return !t.Before(from) && t.Before(to) }
	requests = slices.DeleteFunc(requests, func(v store.Version[entente.Request]) bool { return !within(v.Header.Time) })
	asked, err := x.requests(ctx, requests, asOf)
	if err != nil {
		return nil, err
	}
	for _, r := range asked {
		if x.ours(&r.Side) {
			table.request(r)
		}
	}
	releases, err := every[entente.Release](ctx, x, store.Query{Type: entente.TypeRelease})
	if err != nil {
		return nil, err
	}
	for i := range releases {
		v := &releases[i]
		s := sideOf(x, v, v.Body.To, nil, nil)
		if within(v.Header.Time) && x.ours(&s) {
			table.release(&s, v.Body.Request != nil)
		}
	}
	return table.sorted(), nil
}

type meterKey struct {
	area      string
	direction Direction
}

type meter struct {
	Meter
	took []time.Duration
}

type meters map[meterKey]*meter

func (m meters) of(area string, d Direction) *meter {
	k := meterKey{area, d}
	if m[k] == nil {
		m[k] = &meter{Meter: Meter{Area: area, Direction: d}}
	}
	return m[k]
}

func (m meters) request(r *RequestState) {
	for _, area := range r.Areas {
		l := m.of(area, r.Direction)
		l.Asked++
		switch r.State {
		case Answered:
			l.Answered++
		case Refused:
			l.Refused++
		case Withdrawn:
			l.Withdrawn++
		case Waiting, Late:
			l.Waiting++
		}
		if r.Late {
			l.Late++
		}
		if !r.AnsweredAt.IsZero() && r.State != Withdrawn {
			l.took = append(l.took, max(0, r.AnsweredAt.Sub(r.Time)))
		}
	}
}

func (m meters) release(s *Side, answers bool) {
	d := map[Direction]Direction{In: Out, Out: In}[s.Direction]
	for _, area := range s.Areas {
		l := m.of(area, d)
		if answers {
			l.Released++
		} else {
			l.Spontaneous++
		}
	}
}

func (m meters) sorted() []Meter {
	var out []Meter
	for _, l := range m {
		l.Median = median(l.took)
		out = append(out, l.Meter)
	}
	slices.SortFunc(out, func(a, b Meter) int {
		return cmp.Or(cmp.Compare(a.Area, b.Area), cmp.Compare(a.Direction, b.Direction))
	})
	return out
}

func median(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	mid := took[len(took)/2]
	if len(took)%2 == 0 {
		mid = (mid + took[len(took)/2-1]) / 2
	}
	return mid
}

// ErrNotCounted says that the terms of exchange do not let a party publish counts.
var ErrNotCounted = fmt.Errorf("the terms of exchange in force do not allow counts to be published: agree on terms with counts first")

// CountsHeader is the header line of [Exchange.WriteCounts].
var CountsHeader = []string{"month", "area", "requests", "refusals", "releases"}

// WriteCounts writes how many requests, refusals and releases this party stated, by
// month and area, as a CSV of the months from one to another ("2026-01"), both
// included: the file of a dataset that is published as any other. Months and areas
// without any are written with zeros, for each area that occurs, so that a series
// has no gaps. Where the terms count misuse, a last column has the reports that
// this party stated. What names several areas counts in each.
func (x *Exchange) WriteCounts(ctx context.Context, w io.Writer, from, to string) error {
	terms, err := x.Terms(ctx)
	if err != nil {
		return err
	}
	if terms == nil || !terms.Counts {
		return ErrNotCounted
	}
	months, err := monthsOf(from, to)
	if err != nil {
		return err
	}
	table := map[countKey]*[4]int{}
	areas := map[string]bool{}
	count := func(column int, t time.Time, in []string) {
		month := t.UTC().Format("2006-01")
		if !slices.Contains(months, month) {
			return
		}
		for _, a := range in {
			areas[a] = true
			k := countKey{month, a}
			if table[k] == nil {
				table[k] = &[4]int{}
			}
			table[k][column]++
		}
	}
	if err := x.countAll(ctx, terms.Misuse, count); err != nil {
		return err
	}
	return writeCounts(w, months, areas, table, terms.Misuse)
}

type countKey struct{ month, area string }

// countAll counts what this party stated.
func (x *Exchange) countAll(ctx context.Context, misuse bool, count func(column int, t time.Time, areas []string)) error {
	of := func(t entente.Type) store.Query {
		return store.Query{Type: t, Writer: string(x.own), Withdrawn: true}
	}
	requests, err := every[entente.Request](ctx, x, of(entente.TypeRequest))
	if err != nil {
		return err
	}
	for i := range requests {
		count(0, requests[i].Header.Time, requests[i].Areas)
	}
	refusals, err := every[entente.Denial](ctx, x, of(entente.TypeRefusal))
	if err != nil {
		return err
	}
	for i := range refusals {
		if v, err := byRef[entente.Request](ctx, x, entente.TypeRequest, refusals[i].Body.Request); err == nil {
			count(1, refusals[i].Header.Time, v.Areas)
		}
	}
	releases, err := every[entente.Release](ctx, x, of(entente.TypeRelease))
	if err != nil {
		return err
	}
	for i := range releases {
		count(2, releases[i].Header.Time, releases[i].Areas)
	}
	if !misuse {
		return nil
	}
	reports, err := every[entente.Misuse](ctx, x, of(entente.TypeMisuse))
	if err != nil {
		return err
	}
	for i := range reports {
		if v, err := byRef[entente.Release](ctx, x, entente.TypeRelease, reports[i].Body.Release); err == nil {
			count(3, reports[i].Header.Time, v.Areas)
		}
	}
	return nil
}

// maxMonths bounds a file of counts.
const maxMonths = 1200

func monthsOf(from, to string) ([]string, error) {
	first, err := time.Parse("2006-01", from)
	if err != nil {
		return nil, fmt.Errorf("the first month is written as 2026-01, not %q", from)
	}
	last, err := time.Parse("2006-01", to)
	if err != nil {
		return nil, fmt.Errorf("the last month is written as 2026-01, not %q", to)
	}
	var months []string
	for m := first; !m.After(last) && len(months) < maxMonths; m = m.AddDate(0, 1, 0) {
		months = append(months, m.Format("2006-01"))
	}
	if len(months) == 0 {
		return nil, fmt.Errorf("the months from %s to %s are none: the first comes before the last", from, to)
	}
	return months, nil
}

func writeCounts(w io.Writer, months []string, areas map[string]bool, table map[countKey]*[4]int, misuse bool) error {
	header := slices.Clone(CountsHeader)
	if misuse {
		header = append(header, "misuse_reports")
	}
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	if err := out.Write(header); err != nil {
		return err
	}
	var sorted []string
	for a := range areas {
		sorted = append(sorted, a)
	}
	slices.Sort(sorted)
	for _, m := range months {
		for _, a := range sorted {
			n := [4]int{}
			if at := table[countKey{m, a}]; at != nil {
				n = *at
			}
			line := []string{m, a}
			for _, v := range n[:len(header)-2] {
				line = append(line, strconv.Itoa(v))
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
