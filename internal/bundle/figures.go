package bundle

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"entente"
)

// Basis says how a figure follows from the entries it names.
type Basis string

// The bases. A figure that follows in no such way has no place in a report.
const (
	// Stated: the figure is the string or number at a place in one entry's body.
	Stated Basis = "stated"
	// Counted: the figure is how many entries it names.
	Counted Basis = "counted"
	// Summed: the figure is the sum of observations of series whose digests are in
	// the observations entries that its windows name.
	Summed Basis = "summed"
	// Changed: the figure is the change in per cent from one figure to another:
	// (second − first) ÷ first × 100, worked out from their exact values.
	Changed Basis = "changed"
)

// Figure is one figure of a report's model and what it rests on.
type Figure struct {
	// ID names the figure within the model.
	ID string `json:"id"`
	// Value is a plain decimal: digits, at most one point, a hyphen for minus.
	Value string `json:"value"`
	Unit  string `json:"unit,omitempty"`
	Basis Basis  `json:"basis"`
	// Entries are the entries that a stated or counted figure rests on; a counted
	// one may name none and be 0.
	Entries []entente.Ref `json:"entries,omitempty"`
	// At is where a stated figure stands: a JSON pointer (RFC 6901) into the body.
	At string `json:"at,omitempty"`
	// Windows select the observations of a summed figure.
	Windows []Window `json:"windows,omitempty"`
	// Times is what a sum is multiplied by to convert its unit: a plain decimal, or
	// one divided by another ("1/0.45359237"); 1 where empty.
	Times string `json:"times,omitempty"`
	// Per is what a sum is divided by, the days or months of a mean; 1 where 0.
	Per int `json:"per,omitempty"`
	// Of are the IDs of the two figures of a change: from, to.
	Of []string `json:"of,omitempty"`
	// Decimals is how many decimals a change, or a sum with Times or Per, is
	// rounded to, half away from zero: 0 to 6.
	Decimals int `json:"decimals,omitempty"`
}

// Window selects observations of one canonical series (internal/series): those
// from month From to month To, both included, whose dimensions have the codes.
type Window struct {
	// Entry reports the series.
	Entry  entente.Ref       `json:"entry"`
	Series entente.Digest    `json:"series"`
	Where  map[string]string `json:"where,omitempty"`
	From   string            `json:"from"` // YYYY-MM
	To     string            `json:"to"`   // YYYY-MM
}

// model is what a bundle reads of a report's model: its figures and, wherever
// they stand, its references to entries.
type model struct {
	Figures []Figure `json:"figures"`
	// Release is what a bundle of an exchange proves.
	Release *entente.Ref `json:"release"`
	refs    []entente.Ref
}

// readModel finds the figures and references of a model.
func readModel(raw []byte) (*model, error) {
	m := &model{}
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var whole any
	if err := d.Decode(&whole); err != nil {
		return nil, err
	}
	for _, f := range m.Figures {
		m.refs = append(m.refs, f.Entries...)
		for _, w := range f.Windows {
			m.refs = append(m.refs, w.Entry)
		}
	}
	err := m.collect(whole)
	return m, err
}

// collect gathers every object of exactly the form of a reference.
func (m *model) collect(v any) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := m.collect(item); err != nil {
				return err
			}
		}
	case map[string]any:
		if ref, ok, err := asRef(v); ok || err != nil {
			m.refs = append(m.refs, ref)
			return err
		}
		for _, item := range v {
			if err := m.collect(item); err != nil {
				return err
			}
		}
	}
	return nil
}

func asRef(v map[string]any) (entente.Ref, bool, error) {
	log, ok1 := v["log"].(string)
	index, ok2 := v["index"].(json.Number)
	leaf, ok3 := v["leaf"].(string)
	if !ok1 || !ok2 || !ok3 || len(v) != 3 {
		return entente.Ref{}, false, nil
	}
	n, err := strconv.ParseUint(index.String(), 10, 64)
	if err != nil {
		return entente.Ref{}, true, fmt.Errorf("%s is no index", index)
	}
	d, err := entente.ParseDigest(leaf)
	return entente.Ref{Log: log, Index: n, Leaf: d}, true, err
}

// evidence is what figures are checked against.
type evidence struct {
	body   func(entente.Ref) ([]byte, bool) // of an included entry
	series map[entente.Digest][]byte
	values map[string]*big.Rat // exact values of the figures checked so far, by ID
	// months are the sums of a series by month, for the dimensions asked for so far.
	months map[string]monthly
}

// monthly is a series added up by month, with its dimensions fixed or added up.
type monthly struct {
	sums map[string]*big.Rat // nil where an observation has no value
	// covered are the months of the series, whatever the dimensions.
	first, last string
}

// check reports why f does not follow from what it names. The figures a change
// is made of stand before it.
func (e *evidence) check(f Figure) error {
	value, err := parseDecimal(f.Value)
	if err != nil {
		return err
	}
	if _, twice := e.values[f.ID]; twice || f.ID == "" {
		return fmt.Errorf("the ID %q is there twice", f.ID)
	}
	for _, ref := range f.Entries {
		if _, ok := e.body(ref); !ok {
			return fmt.Errorf("it rests on %s, which is not in the bundle", ref)
		}
	}
	exact, err := e.exact(f)
	if err != nil {
		return err
	}
	want := exact
	if f.Basis == Changed || f.Times != "" || f.Per != 0 {
		want = round(exact, f.Decimals)
	}
	if want.Cmp(value) != 0 {
		return fmt.Errorf("it says %s where its entries give %s", f.Value, showRat(want))
	}
	e.values[f.ID] = exact
	return nil
}

// exact works a figure out, before any rounding.
func (e *evidence) exact(f Figure) (*big.Rat, error) {
	if f.Decimals < 0 || f.Decimals > 6 || f.Per < 0 {
		return nil, errors.New("a figure has 0 to 6 decimals and is divided by a positive number")
	}
	switch f.Basis {
	case Stated:
		return e.stated(f)
	case Counted:
		return new(big.Rat).SetInt64(int64(len(distinctRefs(f.Entries)))), nil
	case Summed:
		return e.summed(f)
	case Changed:
		return e.changed(f)
	}
	return nil, fmt.Errorf("unknown basis %q", f.Basis)
}

func distinctRefs(refs []entente.Ref) map[entente.Ref]bool {
	set := make(map[entente.Ref]bool, len(refs))
	for _, r := range refs {
		set[r] = true
	}
	return set
}

func (e *evidence) stated(f Figure) (*big.Rat, error) {
	if len(f.Entries) != 1 {
		return nil, errors.New("a stated figure names one entry")
	}
	body, _ := e.body(f.Entries[0])
	v, err := pointed(body, f.At)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return parseDecimal(v)
	case json.Number:
		return parseDecimal(v.String())
	}
	return nil, fmt.Errorf("there is no figure at %s of %s", f.At, f.Entries[0])
}

func (e *evidence) summed(f Figure) (*big.Rat, error) {
	total := new(big.Rat)
	for _, w := range f.Windows {
		body, ok := e.body(w.Entry)
		if !ok {
			return nil, fmt.Errorf("it rests on %s, which is not in the bundle", w.Entry)
		}
		var obs entente.Observations
		if err := json.Unmarshal(body, &obs); err != nil || obs.Series != w.Series {
			return nil, fmt.Errorf("%s does not report the series %s", w.Entry, w.Series)
		}
		part, err := e.sum(w)
		if err != nil {
			return nil, err
		}
		total.Add(total, part)
	}
	if len(f.Windows) == 0 {
		return nil, errors.New("a sum names the windows that it adds")
	}
	if f.Times != "" {
		factor, err := parseFactor(f.Times)
		if err != nil {
			return nil, err
		}
		total.Mul(total, factor)
	}
	if f.Per > 0 {
		total.Quo(total, new(big.Rat).SetInt64(int64(f.Per)))
	}
	return total, nil
}

func (e *evidence) changed(f Figure) (*big.Rat, error) {
	if len(f.Of) != 2 {
		return nil, errors.New("a change is made of two figures")
	}
	from, ok1 := e.values[f.Of[0]]
	to, ok2 := e.values[f.Of[1]]
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("a change needs the figures %q before it", f.Of)
	}
	if from.Sign() == 0 {
		return nil, errors.New("a change from zero has no percentage")
	}
	r := new(big.Rat).Sub(to, from)
	return r.Quo(r, from).Mul(r, big.NewRat(100, 1)), nil
}

// round rounds half away from zero.
func round(r *big.Rat, decimals int) *big.Rat {
	rounded, _ := new(big.Rat).SetString(r.FloatString(decimals)) // FloatString rounds half away from zero
	return rounded
}

// sum adds the observations that w selects. A code without an observation in a
// month that the series covers adds nothing. It fails when the window reaches
// outside the series, and at an observation without a value.
func (e *evidence) sum(w Window) (*big.Rat, error) {
	raw, ok := e.series[w.Series]
	if !ok {
		return nil, fmt.Errorf("the series %s is not in the bundle", w.Series)
	}
	key := fmt.Sprint(w.Series, w.Where) // maps print in the order of their keys
	m, ok := e.months[key]
	if !ok {
		var err error
		if m, err = byMonth(raw, w.Where); err != nil {
			return nil, err
		}
		if e.months == nil {
			e.months = map[string]monthly{}
		}
		e.months[key] = m
	}
	if w.From > w.To || w.From < m.first || w.To > m.last {
		return nil, fmt.Errorf("the series has observations from %s to %s, not from %s to %s", m.first, m.last, w.From, w.To)
	}
	total := new(big.Rat)
	for month, sum := range m.sums {
		switch {
		case month < w.From || month > w.To:
		case sum == nil:
			return nil, fmt.Errorf("an observation of %s has no value", month)
		default:
			total.Add(total, sum)
		}
	}
	return total, nil
}

// byMonth reads a series in canonical form and adds up what has the codes.
func byMonth(series []byte, codes map[string]string) (monthly, error) {
	m := monthly{sums: map[string]*big.Rat{}}
	cr := csv.NewReader(bytes.NewReader(series))
	cr.ReuseRecord = true
	head, err := cr.Read()
	if err != nil || len(head) < 3 || head[0] != "period" || head[len(head)-2] != "value" {
		return m, errors.New("the series is not in canonical form")
	}
	value := len(head) - 2
	where := make([]string, value) // the code asked for, by column; any where empty
	for dim, code := range codes {
		i := slices.Index(head[:value], dim)
		if i < 1 {
			return m, fmt.Errorf("the series has no dimension %q", dim)
		}
		where[i] = code
	}
	for {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		month := strings.Clone(rec[0])
		if m.first == "" || month < m.first {
			m.first = month
		}
		m.last = max(m.last, month)
		if selected(rec, where) {
			m.add(month, rec[value])
		}
	}
}

// add adds one value; a month that has one without value has none.
func (m *monthly) add(month, text string) {
	sum, had := m.sums[month]
	v, err := parseDecimal(text)
	switch {
	case err != nil:
		m.sums[month] = nil
	case !had:
		m.sums[month] = v
	case sum != nil:
		sum.Add(sum, v)
	}
}

func selected(rec, where []string) bool {
	for i, code := range where {
		if code != "" && rec[i] != code {
			return false
		}
	}
	return true
}

// parseDecimal reads a plain decimal; big.Rat alone would take fractions,
// exponents and other bases.
func parseDecimal(s string) (*big.Rat, error) {
	digits := strings.TrimPrefix(s, "-")
	whole, frac, point := strings.Cut(digits, ".")
	if whole == "" || point && frac == "" || len(s) > 60 || strings.Trim(whole+frac, "0123456789") != "" {
		return nil, fmt.Errorf("%s is no plain decimal", printable(s))
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, fmt.Errorf("%s is no plain decimal", printable(s))
	}
	return r, nil
}

func parseFactor(s string) (*big.Rat, error) {
	over, under, divided := strings.Cut(s, "/")
	factor, err := parseDecimal(over)
	if err != nil || !divided {
		return factor, err
	}
	by, err := parseDecimal(under)
	if err != nil || by.Sign() == 0 {
		return nil, fmt.Errorf("%s is no factor", printable(s))
	}
	return factor.Quo(factor, by), nil
}

// showRat writes a number whose denominator divides a power of ten exactly.
func showRat(r *big.Rat) string {
	s := r.FloatString(20)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// pointed returns what a JSON pointer (RFC 6901) points to.
func pointed(body json.RawMessage, pointer string) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return nil, fmt.Errorf("%s is no place in a body", printable(pointer))
	}
	for _, token := range strings.Split(rest, "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch at := v.(type) {
		case map[string]any:
			v, ok = at[token]
		case []any:
			var i int
			i, err := strconv.Atoi(token)
			ok = err == nil && i >= 0 && i < len(at) && strconv.Itoa(i) == token
			if ok {
				v = at[i]
			}
		default:
			ok = false
		}
		if !ok {
			return nil, fmt.Errorf("the body has nothing at %s", printable(pointer))
		}
	}
	return v, nil
}
