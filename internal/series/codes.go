package series

import (
	"strings"
	"unicode"
)

// A code list that recipes may name turns what files print into the codes that
// series carry. Each follows a public standard, so that an outsider applies the
// same one.
const (
	// USStates maps a two-letter postal code to its ISO 3166-2 code, US-XX:
	// the fifty states, the district and the five territories.
	USStates = "us_states"
	// MXStates maps INEGI's number of a Mexican state (Marco Geoestadístico,
	// cve_ent 01 to 32, with or without the leading zero) to its ISO 3166-2 code.
	MXStates = "mx_states"
	// Slug turns a name into lower-case ASCII letters and digits joined by
	// hyphens: "EL PASO FIELD OFFICE" is el-paso-field-office.
	Slug = "slug"
)

const usPostal = "AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY AS GU MP PR VI"

// mxByINEGI lists ISO 3166-2:MX codes in the order of INEGI's numbers 1 to 32.
const mxByINEGI = "AGU BCN BCS CAM COA COL CHP CHH CMX DUR GUA GRO HID JAL MEX MIC MOR NAY NLE OAX PUE QUE ROO SLP SIN SON TAB TAM TLA VER YUC ZAC"

var codeLists = map[string]func(string) (string, bool){
	USStates: lookupIn(usStates()),
	MXStates: lookupIn(mxStates()),
	Slug:     slug,
}

func lookupIn(m map[string]string) func(string) (string, bool) {
	return func(s string) (string, bool) {
		code, ok := m[fold(s)]
		return code, ok
	}
}

func usStates() map[string]string {
	m := map[string]string{}
	for _, p := range strings.Fields(usPostal) {
		m[fold(p)] = "US-" + p
	}
	return m
}

func mxStates() map[string]string {
	m := map[string]string{}
	for i, s := range strings.Fields(mxByINEGI) {
		n := i + 1
		two := string([]byte{byte('0' + n/10), byte('0' + n%10)})
		m[two] = "MX-" + s
		m[strings.TrimPrefix(two, "0")] = "MX-" + s
	}
	return m
}

// slug writes a name as lower-case ASCII words joined by hyphens; accents on
// Spanish letters are dropped. False where nothing is left.
func slug(s string) (string, bool) {
	var b strings.Builder
	gap := false
	for _, r := range s {
		r = unaccent(unicode.ToLower(r))
		if r < 'a' || r > 'z' {
			if r < '0' || r > '9' {
				gap = b.Len() > 0
				continue
			}
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String(), b.Len() > 0 && b.Len() <= maxCode
}

func unaccent(r rune) rune {
	switch r {
	case 'á':
		return 'a'
	case 'é':
		return 'e'
	case 'í':
		return 'i'
	case 'ó':
		return 'o'
	case 'ú', 'ü':
		return 'u'
	case 'ñ':
		return 'n'
	}
	return r
}

// maxCode bounds a code's length in bytes.
const maxCode = 64

// validCode reports whether s can be a code of a dimension: 1 to 64 of letters,
// digits, hyphen, underscore and dot. Such a code never needs quoting in CSV.
func validCode(s string) bool {
	if s == "" || len(s) > maxCode {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

// fold is the form in which headers and cells are compared: outer space and a
// byte order mark dropped, inner white space (line breaks too) as one space,
// lower case.
func fold(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.TrimPrefix(s, "\ufeff")), " "))
}

// months holds the names of months in English and Spanish, folded.
var months = monthNames()

func monthNames() map[string]int {
	lists := []string{
		"january february march april may june july august september october november december",
		"jan feb mar apr may jun jul aug sep oct nov dec",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"ene feb mar abr may jun jul ago sep oct nov dic",
	}
	m := map[string]int{"sept": 9, "setiembre": 9}
	for _, l := range lists {
		for i, name := range strings.Fields(l) {
			m[name] = i + 1
		}
	}
	return m
}

// SameLabel reports whether two headers, labels or sheet names are the same but
// for case and white space.
func SameLabel(a, b string) bool { return fold(a) == fold(b) }
