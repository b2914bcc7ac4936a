package store

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// comparePeople orders text as a Spanish or English reader expects it: without
// regard to case and accents, ñ between n and o, runs of digits by their value;
// what is equal so far is ordered by its bytes.
func comparePeople(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if digit(x[0]) && digit(y[0]) {
			var m, n string
			m, x = number(x)
			n, y = number(y)
			if c := cmp.Or(cmp.Compare(len(m), len(n)), cmp.Compare(m, n)); c != 0 {
				return c
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(x)
		s, tize := utf8.DecodeRuneInString(y)
		if c := cmp.Compare(weight(r), weight(s)); c != 0 {
			return c
		}
		x, y = x[size:], y[tize:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(a, b))
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// number splits off the digits that s begins with, leading zeros dropped.
func number(s string) (digits, rest string) {
	i := 0
	for i < len(s) && digit(s[i]) {
		i++
	}
	return strings.TrimLeft(s[:i], "0"), s[i:]
}

// weight is twice the letter that r sorts as, plus one for ñ.
func weight(r rune) rune {
	switch {
	case r >= 'A' && r <= 'Z':
		return 2 * (r + 'a' - 'A')
	case r < utf8.RuneSelf:
		return 2 * r
	}
	if r == 'ñ' || r == 'Ñ' {
		return 2*'n' + 1
	}
	for base, letters := range [...]string{"áàâäãÁÀÂÄÃ", "éèêëÉÈÊË", "íìîïÍÌÎÏ", "óòôöõÓÒÔÖÕ", "úùûüÚÙÛÜ", "çÇ"} {
		if strings.ContainsRune(letters, r) {
			return 2 * rune("aeiouc"[base])
		}
	}
	return 2 * r
}
