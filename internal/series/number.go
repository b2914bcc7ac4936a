package series

import (
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"
)

// Decimal is an exact decimal number. The alias spares other rooms the import.
type Decimal = decimal.Decimal

// Exact is an exact rational number: a level, a mean or a percentage before any
// rounding. The zero value is "no figure", which is not the number zero.
type Exact struct{ rat *big.Rat }

// ExactOf returns d as an Exact.
func ExactOf(d Decimal) Exact { return Exact{d.Rat()} }

// Valid reports whether there is a figure at all.
func (e Exact) Valid() bool { return e.rat != nil }

// Sign returns -1, 0 or +1; 0 too where there is no figure.
func (e Exact) Sign() int {
	if e.rat == nil {
		return 0
	}
	return e.rat.Sign()
}

// Cmp compares two figures. Both must be valid.
func (e Exact) Cmp(o Exact) int { return e.rat.Cmp(o.rat) }

// Places returns the figure rounded once, half away from zero, to n decimals.
func (e Exact) Places(n int32) Decimal {
	return e.Round(decimal.New(1, -n))
}

// Round returns the multiple of step (> 0) nearest to the exact figure; a figure
// half way between two goes to the one further from zero, as statistical offices
// round. It is applied to the exact value only: −92.484 to the unit is −92, and
// the −92.5 that one decimal shows is not rounded again to −93.
func (e Exact) Round(step Decimal) Decimal {
	if e.rat == nil {
		return Decimal{}
	}
	q := new(big.Rat).Quo(e.rat, step.Rat())
	num, den := new(big.Int).Abs(q.Num()), q.Denom()
	// floor(|q| + 1/2) = (2·num + den) div 2·den
	n := new(big.Int).Lsh(num, 1)
	n.Add(n, den).Quo(n, new(big.Int).Lsh(den, 1))
	if q.Sign() < 0 {
		n.Neg(n)
	}
	return decimal.NewFromBigInt(n, 0).Mul(step)
}

// exactPlaces is how many decimals the text form of a figure keeps.
const exactPlaces = 6

// String returns the figure to six decimals, without trailing zeros; empty where
// there is none.
func (e Exact) String() string {
	if e.rat == nil {
		return ""
	}
	return e.Places(exactPlaces).String()
}

// MarshalText implements encoding.TextMarshaler. Matching is done before, on the
// exact figure; the text is for showing.
func (e Exact) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText parses a decimal, or nothing for no figure.
func (e *Exact) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*e = Exact{}
		return nil
	}
	d, err := ParseDecimal(string(b))
	if err == nil {
		*e = ExactOf(d)
	}
	return err
}

// percentChange returns (a/b − 1) × 100; no figure where b is zero.
func percentChange(a, b Exact) Exact {
	if a.rat == nil || b.rat == nil || b.rat.Sign() == 0 {
		return Exact{}
	}
	r := new(big.Rat).Quo(a.rat, b.rat)
	r.Sub(r, big.NewRat(1, 1))
	return Exact{r.Mul(r, big.NewRat(100, 1))}
}

// over returns e divided by a positive whole number.
func (e Exact) over(n int) Exact {
	if e.rat == nil || n == 0 {
		return Exact{}
	}
	return Exact{new(big.Rat).Quo(e.rat, new(big.Rat).SetInt64(int64(n)))}
}

// Bounds of a number in a file: hostile exponents and endless digits are refused
// before any arithmetic.
const (
	maxNumberLen = 48
	maxExponent  = 18
)

var errNumber = errors.New("not a number")

// ParseDecimal parses a plain decimal: sign, digits, point, and an exponent of at
// most 18 either way, as spreadsheets store. At most 48 characters.
func ParseDecimal(s string) (Decimal, error) {
	if len(s) == 0 || len(s) > maxNumberLen {
		return Decimal{}, errNumber
	}
	i := 0
	if s[0] == '-' || s[0] == '+' {
		i++
	}
	digit, point := false, false
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digit = true
		case c == '.' && !point:
			point = true
		case (c == 'e' || c == 'E') && digit:
			return parseExponent(s, i)
		default:
			return Decimal{}, errNumber
		}
	}
	if !digit {
		return Decimal{}, errNumber
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return Decimal{}, errNumber
	}
	return d, nil
}

func parseExponent(s string, at int) (Decimal, error) {
	mantissa, err := ParseDecimal(s[:at])
	if err != nil {
		return Decimal{}, err
	}
	e := strings.TrimPrefix(s[at+1:], "+")
	negative := strings.HasPrefix(e, "-")
	n, err := digits(strings.TrimPrefix(e, "-"))
	if err != nil || n > maxExponent {
		return Decimal{}, errNumber
	}
	if negative {
		n = -n
	}
	return mantissa.Shift(int32(n)), nil
}

// Unit is what a value counts or weighs: a code such as encounters, events, kg.
type Unit string

// Units of mass, the only ones converted, and percent.
const (
	Kilogram Unit = "kg"
	Pound    Unit = "lb"
	Gram     Unit = "g"
	Tonne    Unit = "t"
	Percent  Unit = "percent"
)

// inKilograms holds the exact mass of each unit. The international pound is
// 0.45359237 kg by definition (1959 agreement; NIST Handbook 44, appendix C).
var inKilograms = map[Unit]Decimal{
	Kilogram: decimal.New(1, 0),
	Pound:    decimal.New(45359237, -8),
	Gram:     decimal.New(1, -3),
	Tonne:    decimal.New(1, 3),
}

// Factor returns the exact factor that turns an amount in one unit into the
// other. Unlike units convert only to themselves.
func Factor(from, to Unit) (Exact, error) {
	if from == to {
		return Exact{big.NewRat(1, 1)}, nil
	}
	f, okF := inKilograms[from]
	t, okT := inKilograms[to]
	if !okF || !okT {
		return Exact{}, fmt.Errorf("no conversion from %q to %q: only kg, lb, g and t convert into each other", from, to)
	}
	return Exact{new(big.Rat).Quo(f.Rat(), t.Rat())}, nil
}

// Convert returns v, an amount in one unit, exactly in the other.
func Convert(v Exact, from, to Unit) (Exact, error) {
	f, err := Factor(from, to)
	if err != nil || v.rat == nil {
		return Exact{}, err
	}
	return Exact{new(big.Rat).Mul(v.rat, f.rat)}, nil
}
