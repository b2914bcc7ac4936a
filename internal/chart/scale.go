package chart

import "math"

// scale maps values to pixels, with ticks at round numbers.
type scale struct {
	min, max float64 // of the axis
	step     float64
	from, to float64 // pixels of min and max
}

// newScale covers lo..hi with about n round steps (1, 2, 2.5 or 5 times a power of ten).
func newScale(lo, hi float64, n int, from, to float64) scale {
	if lo == hi {
		hi = lo + 1
	}
	step := roundStep((hi - lo) / float64(n))
	return scale{
		min: math.Floor(lo/step+1e-9) * step, max: math.Ceil(hi/step-1e-9) * step,
		step: step, from: from, to: to,
	}
}

func roundStep(raw float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if raw <= m*p*(1+1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// px is the pixel of a value.
func (s scale) px(v float64) float64 {
	return s.from + (v-s.min)/(s.max-s.min)*(s.to-s.from)
}

// ticks are the round values of the axis, from min to max.
func (s scale) ticks() []float64 {
	var out []float64
	for i := 0; ; i++ {
		v := s.min + float64(i)*s.step
		if v > s.max+s.step/2 {
			return out
		}
		if math.Abs(v) < s.step/1e6 {
			v = 0
		}
		out = append(out, v)
	}
}

// decimals is how many decimals the ticks need.
func (s scale) decimals() int {
	for d := range 6 {
		if p := math.Pow10(d); math.Abs(math.Round(s.step*p)-s.step*p) < 1e-6 {
			return d
		}
	}
	return 6
}

// extent is the least and greatest of the values; ok is false when there is none.
func extent(lists ...[]*float64) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, list := range lists {
		for _, v := range list {
			if finite(v) != nil {
				lo, hi, ok = math.Min(lo, *v), math.Max(hi, *v), true
			}
		}
	}
	return lo, hi, ok
}
