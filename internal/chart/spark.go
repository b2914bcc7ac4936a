package chart

const sparkWidth, sparkHeight = 120.0, 28.0

// path is the line of the sparkline and the place of its last value.
func (s Spark) path() (string, *dot) {
	lo, hi, ok := extent(s.Values)
	if !ok {
		return "", nil
	}
	if lo == hi {
		lo, hi = lo-1, hi+1
	}
	values := scale{min: lo, max: hi, from: sparkHeight - 4, to: 4}
	x := func(i int) float64 {
		if len(s.Values) < 2 {
			return sparkWidth / 2
		}
		return 3 + float64(i)/float64(len(s.Values)-1)*(sparkWidth-7)
	}
	for i := len(s.Values) - 1; i >= 0; i-- {
		if v := at(s.Values, i); v != nil {
			return path(s.Values, len(s.Values), x, values), &dot{x: x(i), y: values.px(*v)}
		}
	}
	return "", nil
}
