package series

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"entente"
)

// Status qualifies an observation. The empty status is a normal value.
type Status string

// The statuses (SDMX OBS_STATUS P and Q).
const (
	Provisional Status = "provisional" // the publisher says that it will rise or change
	Suppressed  Status = "suppressed"  // withheld by the publisher; there is no value
)

// Meta is what one must know to read a series rightly. It comes from the recipe.
type Meta struct {
	Unit        Unit
	Aggregation Aggregation
	// Totals gives, for a dimension, the code that stands for all others together.
	Totals map[string]string
	// RoundedTo is the multiple the publisher rounded to; 0 where it did not.
	RoundedTo int
}

// Observation is one value of an indicator for a month.
type Observation struct {
	Period Month `json:"period"`
	// Codes are aligned with the series' Dims.
	Codes  []string `json:"codes"`
	Value  Decimal  `json:"value"` // exact; meaningless where suppressed
	Status Status   `json:"status,omitempty"`
}

// Series is the observations of one indicator from one file, in canonical order:
// by period, then by codes. No two share period and codes.
type Series struct {
	Meta
	Dims []string // names of the dimensions, sorted
	Obs  []Observation
}

// compareObs orders observations canonically.
func compareObs(a, b Observation) int {
	if a.Period != b.Period {
		return int(a.Period) - int(b.Period)
	}
	return slices.Compare(a.Codes, b.Codes)
}

// Coverage returns the first and last month with an observation.
func (s *Series) Coverage() Window {
	if len(s.Obs) == 0 {
		return Window{}
	}
	return Window{s.Obs[0].Period, s.Obs[len(s.Obs)-1].Period}
}

// dim returns the position of a dimension, or -1.
func (s *Series) dim(name string) int { return slices.Index(s.Dims, name) }

// Codes returns the codes that occur in a dimension, sorted.
func (s *Series) Codes(dim string) []string {
	i := s.dim(dim)
	if i < 0 {
		return nil
	}
	seen := map[string]bool{}
	var out []string
	for _, o := range s.Obs {
		if c := o.Codes[i]; !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

// WriteCSV writes the canonical form: UTF-8, LF, a header
// period,<dimensions>,value,status and one line an observation in canonical
// order. Values are plain decimals without trailing zeros; a suppressed one is
// empty. No field ever needs quoting.
func (s *Series) WriteCSV(w io.Writer) error {
	b := bufio.NewWriterSize(w, 1<<16)
	head := append(append([]string{"period"}, s.Dims...), "value", "status")
	line := []byte(strings.Join(head, ","))
	for _, o := range s.Obs {
		if _, err := b.Write(append(line, '\n')); err != nil {
			return err
		}
		line = append(line[:0], o.Period.String()...)
		for _, c := range o.Codes {
			line = append(append(line, ','), c...)
		}
		line = append(line, ',')
		if o.Status != Suppressed {
			line = append(line, o.Value.String()...)
		}
		line = append(append(line, ','), o.Status...)
	}
	if _, err := b.Write(append(line, '\n')); err != nil {
		return err
	}
	return b.Flush()
}

// Digest returns the SHA-256 of the canonical CSV. Anyone who applies the recipe
// to the same file gets the same.
func (s *Series) Digest() entente.Digest {
	h := sha256.New()
	_ = s.WriteCSV(h) // a hash never fails to write
	var d entente.Digest
	h.Sum(d[:0])
	return d
}

// MaxObservations bounds a series read back from its canonical form.
const MaxObservations = 5_000_000

// ReadCSV reads the canonical form, and nothing else: wrong order, a duplicate,
// an unknown status or a value not in canonical form is an error that names the
// line.
func ReadCSV(r io.Reader, meta Meta) (*Series, error) {
	cr := csv.NewReader(r)
	head, err := cr.Read()
	if err != nil {
		return nil, fmt.Errorf("canonical series: header: %w", err)
	}
	n := len(head)
	if n < 3 || head[0] != "period" || head[n-2] != "value" || head[n-1] != "status" {
		return nil, errors.New("canonical series: the header is period,<dimensions>,value,status")
	}
	s := &Series{Meta: meta, Dims: slices.Clone(head[1 : n-2])}
	if !slices.IsSorted(s.Dims) || !slices.Equal(slices.Compact(slices.Clone(s.Dims)), s.Dims) {
		return nil, errors.New("canonical series: the dimensions are sorted and each there once")
	}
	for _, d := range s.Dims {
		if !nameForm.MatchString(d) {
			return nil, fmt.Errorf("canonical series: %q cannot name a dimension", d)
		}
	}
	for line := 2; ; line++ {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return nil, fmt.Errorf("canonical series: %w", err)
		}
		o, err := parseCanonical(rec)
		if err == nil && len(s.Obs) > 0 && compareObs(s.Obs[len(s.Obs)-1], o) >= 0 {
			err = errors.New("out of order or there twice")
		}
		if err == nil && len(s.Obs) >= MaxObservations {
			err = fmt.Errorf("more than %d observations", MaxObservations)
		}
		if err != nil {
			return nil, fmt.Errorf("canonical series: line %d: %w", line, err)
		}
		s.Obs = append(s.Obs, o)
	}
}

func parseCanonical(rec []string) (Observation, error) {
	n := len(rec)
	m, err := ParseMonth(rec[0])
	if err != nil {
		return Observation{}, err
	}
	o := Observation{Period: m, Codes: slices.Clone(rec[1 : n-2]), Status: Status(rec[n-1])}
	for _, c := range o.Codes {
		if !validCode(c) {
			return Observation{}, fmt.Errorf("%q cannot be a code", c)
		}
	}
	switch o.Status {
	case "", Provisional:
	case Suppressed:
		if rec[n-2] != "" {
			return Observation{}, errors.New("a suppressed observation has no value")
		}
		return o, nil
	default:
		return Observation{}, fmt.Errorf("unknown status %q", o.Status)
	}
	if o.Value, err = ParseDecimal(rec[n-2]); err != nil {
		return Observation{}, err
	}
	if o.Value.String() != rec[n-2] {
		return Observation{}, fmt.Errorf("value %q is written %q", rec[n-2], o.Value.String())
	}
	return o, nil
}
