package stix

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"entente"
)

// form is a form that strings must have.
type form struct {
	name    string
	section string
	valid   func(string) bool
	// should makes a breach a warning.
	should bool
}

// forms are the forms of types.txt by name. Where the section is "schema", OASIS's
// JSON Schema is narrower than the text (docs/stix.md).
var forms = func() map[string]*form {
	m := map[string]*form{}
	for _, f := range []form{
		{"agency", "spec/stix/handling.json", matches(`^[A-Z][A-Z0-9-]{1,15}$`), false},
		{"bin", "2.1", base64, false},
		{"charset", "schema", matches(`^[a-zA-Z0-9/.+_:-]{2,250}$`), false},
		{"code", "spec/stix/handling.json", matches(`^[a-z][a-z0-9_]{1,39}$`), false},
		{"country", "4.10", matches(`^[A-Z]{2}$`), true},
		{"cpe", "6.14", matches(cpe), false},
		{"currency", "spec/stix/financial-account.json", matches(`^[A-Z]{3}$`), false},
		{"date", "spec/stix/handling.json", func(s string) bool { return s != "" && entente.Date(s).Valid() }, false},
		{"domain", "6.4", domain, false},
		{"email", "6.5", email, false},
		{"hex", "2.8", hexadecimal, false},
		{"imo", "spec/stix/vessel.json", matches(`^[0-9]{7}$`), false},
		{"ipv4", "6.8", ipv4, false},
		{"ipv6", "6.9", ipv6, false},
		{"lang", "3.2", matches(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`), false},
		{"language", "schema", matches(`^[a-z]{3}$`), false},
		{"mac", "6.10", matches(`^([0-9a-f]{2}:){5}[0-9a-f]{2}$`), false},
		{"mime", "6.1", matches(`^(application|audio|font|image|message|model|multipart|text|video)/[a-zA-Z0-9.+_-]+$`), false},
		{"mmsi", "spec/stix/vessel.json", matches(`^[0-9]{9}$`), false},
		{"property", "7.3", propertyName, false},
		{"registry-key", "6.17", registryKey, false},
		{"relationship", "5.1", lowerHyphen, false},
		{"semver", "7.3", matches(`^(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}([-+][0-9A-Za-z.+-]+)?$`), true},
		{"territory", "spec/stix", matches(`^[A-Z]{2}$`), false},
		{"url", "2.5", absoluteURL, false},
	} {
		m[f.name] = &f
	}
	return m
}()

func matches(pattern string) func(string) bool { return regexp.MustCompile(pattern).MatchString }

const (
	cpePart = `:(\*|-|[?*]*([a-zA-Z0-9._-]|\\[\\*?!"#$%&'()+,/:;<=>@\[\]^` + "`" + `{|}~])+[?*]*)`
	cpe     = `^cpe:2\.3:[aho*-](` + cpePart + `){5}:([a-zA-Z]{2,3}(-([a-zA-Z]{2}|[0-9]{3}))?|[*-])(` + cpePart + `){4}$`
)

// propertyName is the form of section 3.1: 3 to 250 of a-z, 0-9 and underscore, with
// a letter first; id is the one shorter name.
func propertyName(s string) bool {
	if len(s) < 3 && s != "id" || len(s) > 250 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// dictionaryKey is the form of section 2.3.
func dictionaryKey(s string) bool {
	for i := range len(s) {
		if c := s[i]; !letterOrDigit(c) && c != '_' && c != '-' {
			return false
		}
	}
	return len(s) <= 250
}

func letterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// typeName is the form of section 3.2 for types, known ones and custom ones.
func typeName(s string) bool {
	return len(s) >= 3 && len(s) <= 250 && s[0] >= 'a' && s[0] <= 'z' && lowerHyphen(s) &&
		!strings.Contains(s, "--") && s[len(s)-1] != '-'
}

func lowerHyphen(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != ""
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }

func allHex(s string) bool {
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return true
}

// hexadecimal lets upper case stand, as the schema and the examples of the text do;
// the validator warns.
func hexadecimal(s string) bool { return s != "" && len(s)%2 == 0 && allHex(s) }

func base64(s string) bool {
	body := strings.TrimRight(s, "=")
	if s == "" || len(s)%4 != 0 || len(s)-len(body) > 2 {
		return false
	}
	for i := range len(body) {
		if c := body[i]; !letterOrDigit(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// absoluteURL is RFC 3986 with a scheme.
func absoluteURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() || u.Opaque == "" && u.Host == "" && u.Path == "" {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return false
		}
	}
	return true
}

// domain is RFC 1034, with labels of RFC 5890 as they are read or as they travel.
func domain(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; c < utf8.RuneSelf && !letterOrDigit(c) && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// email is an addr-spec of RFC 5322 without a display name.
func email(s string) bool {
	a, err := mail.ParseAddress(s)
	at := strings.LastIndexByte(s, '@')
	return err == nil && a.Name == "" && a.Address == s && at <= 64 && !strings.Contains(s[at+1:], "_") && domain(s[at+1:])
}

func ipv4(s string) bool {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return err == nil && p.Addr().Is4()
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

// ipv6 leaves out what OASIS's schema does: the last 32 bits in dotted decimals.
func ipv6(s string) bool {
	if strings.ContainsAny(s, ".%") {
		return false
	}
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return err == nil && p.Addr().Is6()
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6()
}

// registryKey refuses abbreviated hives (section 6.17) wherever the schema does.
func registryKey(s string) bool {
	for _, hive := range []string{"HKLM", "HKCC", "HKCR", "HKCU", "HKU"} {
		if strings.Contains(s, hive) || strings.Contains(s, strings.ToLower(hive)) {
			return false
		}
	}
	return true
}

// hashForm is what a digest by one algorithm looks like (section 2.7).
func hashForm(algorithm, s string) bool {
	switch algorithm {
	case "MD5":
		return len(s) == 32 && allHex(s)
	case "SHA-1":
		return len(s) == 40 && allHex(s)
	case "SHA-256", "SHA3-256":
		return len(s) == 64 && allHex(s)
	case "SHA-512", "SHA3-512":
		return len(s) == 128 && allHex(s)
	case "SSDEEP":
		return ssdeep(s)
	case "TLSH":
		return tlsh(s)
	}
	return true
}

var (
	ssdeep = matches(`^[a-zA-Z0-9/+:.]{1,128}$`)
	tlsh   = matches(`^[a-zA-Z0-9]{70}$`)
)
