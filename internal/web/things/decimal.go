package things

import (
	"strings"

	"entente/internal/web/site"
)

// Decimal writes a decimal number given as text ("-1234567.50") with thousands
// separators and a true minus sign, digit for digit: nothing is rounded and
// nothing passes through a float. What is no number is returned as it is.
func Decimal(_ *site.Frame, s string) string {
	digits, frac, hasFrac := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if digits == "" || strings.Trim(digits, "0123456789") != "" || strings.Trim(frac, "0123456789") != "" {
		return s
	}
	var b strings.Builder
	if strings.HasPrefix(s, "-") {
		b.WriteString("−")
	}
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if hasFrac {
		b.WriteString("." + frac)
	}
	return b.String()
}
