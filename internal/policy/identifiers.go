package policy

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is a kind of personal identifier.
type Kind string

// The kinds.
const (
	CURP     Kind = "curp"      // Clave Única de Registro de Población (MX)
	RFC      Kind = "rfc"       // Registro Federal de Contribuyentes (MX)
	VoterKey Kind = "voter_key" // clave de elector (MX)
	ANumber  Kind = "a_number"  // Alien Registration Number (US)
	Passport Kind = "passport"  // MX and US
	SSN      Kind = "ssn"       // Social Security number (US)
	Phone    Kind = "phone"     // MX and US
	Email    Kind = "email"
)

// Identifier is a stretch of a text, in bytes, that looks like a personal
// identifier.
type Identifier struct {
	Kind       Kind
	Start, End int
}

// Scan finds what looks like personal identifiers. Figures, dates, codes of
// documents and web addresses do not; nor does a number that only its owner
// could tell from a figure.
func Scan(s string) []Identifier {
	var found []Identifier
	for i := strings.IndexByte(s, '@'); i >= 0; {
		if id, ok := email(s, i); ok {
			found = append(found, id)
		}
		next := strings.IndexByte(s[i+1:], '@')
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return append(found, scanNumbers(s)...)
}

// email looks at the @ at s[at]: something before it and a domain after it.
func email(s string, at int) (Identifier, bool) {
	start := at
	for start > 0 && isLocal(s[start-1]) {
		start--
	}
	end := at + 1
	for end < len(s) && (isAlnum(s[end]) || s[end] == '.' || s[end] == '-') {
		end++
	}
	domain := strings.TrimRight(s[at+1:end], ".-")
	dot := strings.LastIndexByte(domain, '.')
	ok := start < at && dot > 0 && len(domain)-dot > 2 && !hasDigit(domain[dot:])
	return Identifier{Email, start, at + 1 + len(domain)}, ok
}

// group is a run of digits.
type group struct{ start, end int }

func (g group) len() int { return g.end - g.start }

// scanNumbers looks at runs of digits and at what stands around them. Web
// addresses, which are full of numbers of documents, are searched for a CURP only.
func scanNumbers(s string) []Identifier {
	var found []Identifier
	var groups []group
	addresses := webAddresses(s)
	covered := 0
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i++
			continue
		}
		g := group{start: i}
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		g.end = i
		groups = append(groups, g)
		if g.start < covered {
			continue
		}
		inAddress := slices.ContainsFunc(addresses, func(a group) bool { return g.start >= a.start && g.end <= a.end })
		if id, ok := numbered(s, groups, inAddress); ok {
			found = append(found, id)
			covered = id.End
		}
	}
	return found
}

// webAddresses returns where addresses stand in s.
func webAddresses(s string) []group {
	var list []group
	for at := 0; ; {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			return list
		}
		start := at + i
		for start > 0 && isAlnum(s[start-1]) {
			start--
		}
		end := at + i + 3
		for end < len(s) && !strings.ContainsRune(" \"<>\\\n\t", rune(s[end])) {
			end++
		}
		list = append(list, group{start, end})
		at = end
	}
}

// numbered judges the last group by itself and by the groups before it.
func numbered(s string, groups []group, inAddress bool) (Identifier, bool) {
	last := groups[len(groups)-1]
	if last.len() >= 6 {
		if id, ok := registered(s, last, inAddress); ok {
			return id, true
		}
	}
	if inAddress {
		return Identifier{}, false
	}
	if id, ok := aNumber(s, groups); ok {
		return id, true
	}
	if id, ok := ssn(s, groups); ok {
		return id, true
	}
	return phone(s, groups)
}

// Forms of identifiers that hold a run of at least six digits. Each is matched
// against the word that the run stands in.
var (
	curpForm  = regexp.MustCompile(`^[A-Z][AEIOUX][A-Z]{2}(\d{6})[HMX](?:AS|BC|BS|CC|CL|CM|CS|CH|DF|DG|GT|GR|HG|JC|MC|MN|MS|NT|NL|OC|PL|QT|QR|SP|SL|SR|TC|TS|TL|VZ|YN|ZS|NE)[A-Z]{3}[A-Z\d]\d$`)
	voterForm = regexp.MustCompile(`^[A-Z]{6}(\d{6})\d{2}[HM]\d{3}$`)
	rfcForm   = regexp.MustCompile(`^[A-ZÑ&]{3,4}(\d{6})[A-Z\d]{2}[A\d]$`)
	mxPass    = regexp.MustCompile(`^[GN]\d{8}$`)
	anyPass   = regexp.MustCompile(`^[A-Z]{0,2}\d{7,9}$`)
)

// registered judges the word around a long run of digits.
func registered(s string, g group, inAddress bool) (Identifier, bool) {
	start, end := word(s, g)
	w := s[start:end]
	id := func(k Kind) (Identifier, bool) { return Identifier{k, start, end}, true }
	if m := curpForm.FindStringSubmatch(w); m != nil && birthday(m[1]) {
		return id(CURP)
	}
	if inAddress {
		return Identifier{}, false
	}
	if m := voterForm.FindStringSubmatch(w); m != nil && birthday(m[1]) {
		return id(VoterKey)
	}
	if m := rfcForm.FindStringSubmatch(w); m != nil && birthday(m[1]) {
		return id(RFC)
	}
	if mxPass.MatchString(w) || anyPass.MatchString(w) && says(s[:start], passportWords) {
		return id(Passport)
	}
	if g.len() == 10 && (says(s[:start], phoneWords) || prefixed(s, g)) {
		return id(Phone)
	}
	international := strings.HasSuffix(s[:g.start], "+")
	if international && (g.len() == 12 && strings.HasPrefix(w, "52") || g.len() == 11 && w[0] == '1') {
		return id(Phone)
	}
	return Identifier{}, false
}

// word returns the run of letters and digits that g stands in.
func word(s string, g group) (start, end int) {
	start, end = g.start, g.end
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:start])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '&' {
			break
		}
		start -= size
	}
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		end += size
	}
	return start, end
}

// birthday reports whether YYMMDD can be a date.
func birthday(yymmdd string) bool {
	month, _ := strconv.Atoi(yymmdd[2:4])
	day, _ := strconv.Atoi(yymmdd[4:6])
	return month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// aNumber: A and eight or nine digits, together, after a hyphen or #, or in
// groups of three.
func aNumber(s string, groups []group) (Identifier, bool) {
	last := groups[len(groups)-1]
	first, digits := last, last.len()
	if last.len() == 3 {
		run := adjacent(s, groups, " -", 3)
		if len(run) < 3 {
			return Identifier{}, false
		}
		first, digits = run[0], run[0].len()+run[1].len()+run[2].len()
	}
	if digits != 8 && digits != 9 || last.end < len(s) && isAlnum(s[last.end]) {
		return Identifier{}, false
	}
	i := first.start
	for i > 0 && i > first.start-2 && strings.IndexByte(" -#", s[i-1]) >= 0 {
		i--
	}
	if i == 0 || s[i-1] != 'A' || i > 1 && isAlnum(s[i-2]) {
		return Identifier{}, false
	}
	return Identifier{ANumber, i - 1, last.end}, true
}

// ssn: 3-2-4 with hyphens, in the ranges that are issued.
func ssn(s string, groups []group) (Identifier, bool) {
	g := adjacent(s, groups, "-", 3)
	if len(g) < 3 || g[0].len() != 3 || g[1].len() != 2 || g[2].len() != 4 || touched(s, g) {
		return Identifier{}, false
	}
	area := s[g[0].start:g[0].end]
	if area == "000" || area == "666" || area[0] == '9' || s[g[1].start:g[1].end] == "00" || s[g[2].start:g[2].end] == "0000" {
		return Identifier{}, false
	}
	return Identifier{SSN, g[0].start, g[2].end}, true
}

// phone: ten digits as 2-4-4 (MX) or 3-3-4 (MX, US), with or without +52 or +1;
// or as 2-2-2-2-2 after a word that says so.
func phone(s string, groups []group) (Identifier, bool) {
	if g := adjacent(s, groups, " -.()", 3); len(g) == 3 && g[2].len() == 4 && !touched(s, g) {
		mx := g[0].len() == 2 && g[1].len() == 4
		us := g[0].len() == 3 && g[1].len() == 3
		// Two years in a row are a span of years; and no area or exchange code begins
		// with 0, as groups of thousands may.
		years := year(s, g[1]) || mx && year(s, g[2])
		if (mx && !years || us) && s[g[0].start] != '0' && (mx || s[g[1].start] != '0') {
			return Identifier{Phone, g[0].start, g[2].end}, true
		}
	}
	if g := adjacent(s, groups, " -.", 5); len(g) == 5 && !touched(s, g) {
		pairs := !slices.ContainsFunc(g, func(p group) bool { return p.len() != 2 })
		if pairs && (says(s[:g[0].start], phoneWords) || prefixed(s, g[0])) {
			return Identifier{Phone, g[0].start, g[4].end}, true
		}
	}
	return Identifier{}, false
}

// adjacent returns the last n groups when at most two characters, all of between,
// stand between each and the next.
func adjacent(s string, groups []group, between string, n int) []group {
	if len(groups) < n {
		return nil
	}
	g := groups[len(groups)-n:]
	for i := 1; i < n; i++ {
		gap := s[g[i-1].end:g[i].start]
		if len(gap) > 2 || strings.Trim(gap, between) != "" {
			return nil
		}
	}
	return g
}

// touched reports whether letters or further digits, or a point or comma with
// digits, stand right before or after the groups.
func touched(s string, g []group) bool {
	start, end := g[0].start, g[len(g)-1].end
	if start > 0 && (isAlnum(s[start-1]) || start > 1 && strings.IndexByte(".,$", s[start-1]) >= 0) {
		return true
	}
	if end >= len(s) {
		return false
	}
	return isAlnum(s[end]) || end+1 < len(s) && strings.IndexByte(".,-/", s[end]) >= 0 && isDigit(s[end+1])
}

func year(s string, g group) bool {
	return g.len() == 4 && (strings.HasPrefix(s[g.start:], "19") || strings.HasPrefix(s[g.start:], "20"))
}

var (
	passportWords = []string{"passport", "pasaporte"}
	phoneWords    = []string{"tel", "phone", "fono", "celular", "cell", "whatsapp", "móvil", "movil"}
)

// says reports whether one of the words stands in the last 24 characters before a
// number.
func says(before string, words []string) bool {
	const reach = 24
	if len(before) > reach {
		before = before[len(before)-reach:]
	}
	before = strings.ToLower(before)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(before, w) })
}

// prefixed reports whether +1 or +52 stands before the group.
func prefixed(s string, g group) bool {
	before := strings.TrimRight(s[:g.start], " -(")
	return strings.HasSuffix(before, "+52") || strings.HasSuffix(before, "+1")
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlnum(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isLocal(c byte) bool { return isAlnum(c) || strings.IndexByte("._%+-", c) >= 0 }
func hasDigit(s string) bool {
	return strings.ContainsAny(s, "0123456789")
}

// Found is an identifier in a body.
type Found struct {
	// Path names the field, such as sources.0.title.
	Path string
	Kind Kind
	// Excerpt is the text found with all but its first two characters hidden.
	Excerpt string
}

// ScanBody finds personal identifiers in the strings of a JSON body, in the order
// of the fields. What is no JSON has none.
func ScanBody(body json.RawMessage) []Found {
	// Escapes could hide what the raw bytes do not show; there are few.
	if !bytes.Contains(body, []byte(`\u`)) && len(Scan(string(body))) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var found []Found
	if walk(dec, "", &found) != nil {
		return nil
	}
	return found
}

// walk reads one JSON value and scans its strings.
func walk(dec *json.Decoder, path string, found *[]Found) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case string:
		for _, id := range Scan(t) {
			*found = append(*found, Found{path, id.Kind, masked(t[id.Start:id.End])})
		}
	case json.Delim:
		for i := 0; dec.More(); i++ {
			name := strconv.Itoa(i)
			if t == '{' {
				key, err := dec.Token()
				if err != nil {
					return err
				}
				name, _ = key.(string)
			}
			if err := walk(dec, strings.TrimPrefix(path+"."+name, "."), found); err != nil {
				return err
			}
		}
		_, err = dec.Token()
	}
	return err
}

func masked(s string) string {
	runes := []rune(s)
	for i := 2; i < len(runes); i++ {
		if unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]) {
			runes[i] = '•'
		}
	}
	return string(runes)
}
