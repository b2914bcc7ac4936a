package stix

import (
	"crypto/sha1" //nolint:gosec // UUIDv5 is SHA-1 (RFC 4122)
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// UUID is 16 bytes of a UUID (RFC 4122).
type uuid [16]byte

// scoNamespace is the namespace of deterministic identifiers (section 2.9).
var scoNamespace = mustUUID("00abedb4-aa42-466c-9c01-fed23315a9b7")

func mustUUID(s string) (u uuid) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(u) {
		panic("stix: " + s + " is no UUID")
	}
	copy(u[:], b)
	return u
}

// uuid5 returns the UUIDv5 of a name, as text.
func uuid5(namespace uuid, name []byte) string {
	h := sha1.New()
	h.Write(namespace[:])
	h.Write(name)
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// contributing are the properties from which the identifier of a cyber-observable
// object follows (section 3.4; each type's own section names them).
var contributing = map[string][]string{
	"artifact":             {"hashes", "payload_bin"},
	"autonomous-system":    {"number"},
	"directory":            {"path"},
	"domain-name":          {"value"},
	"email-addr":           {"value"},
	"email-message":        {"body", "from_ref", "subject"},
	"file":                 {"extensions", "hashes", "name", "parent_directory_ref"},
	"ipv4-addr":            {"value"},
	"ipv6-addr":            {"value"},
	"mac-addr":             {"value"},
	"mutex":                {"name"},
	"network-traffic":      {"dst_port", "dst_ref", "end", "extensions", "protocols", "src_port", "src_ref", "start"},
	"software":             {"cpe", "name", "swid", "vendor", "version"},
	"url":                  {"value"},
	"user-account":         {"account_login", "account_type", "user_id"},
	"windows-registry-key": {"key", "values"},
	"x509-certificate":     {"hashes", "serial_number"},
	"firearm":              {"make", "model", "serial_number"},
	"vessel":               {"imo_number", "mmsi"},
	"financial-account":    {"account_number", "country", "institution", "scheme"},
}

// DeterministicID returns the identifier that follows from the contents of a
// cyber-observable object (sections 2.9, 3.4), or "" when nothing in it contributes
// to one, which asks for a UUIDv4.
func DeterministicID(o *Object) string { return deterministicID(o.Type, &o.root) }

func deterministicID(typ string, n *node) string {
	name := []byte{'{'}
	for _, key := range contributing[typ] {
		k := n.get(key)
		if k == nil {
			continue
		}
		if len(name) > 1 {
			name = append(name, ',')
		}
		name = append(appendString(name, key), ':')
		if key == "hashes" {
			name = appendHash(name, k)
		} else {
			name = appendCanonical(name, k)
		}
	}
	if len(name) == 1 {
		return ""
	}
	return typ + "--" + uuid5(scoNamespace, append(name, '}'))
}

// appendHash appends the one digest that contributes: the first there is of MD5,
// SHA-1, SHA-256 and SHA-512, or else the first by name.
func appendHash(b []byte, hashes *node) []byte {
	chosen := ""
	for _, algorithm := range []string{"MD5", "SHA-1", "SHA-256", "SHA-512"} {
		if chosen == "" && hashes.get(algorithm) != nil {
			chosen = algorithm
		}
	}
	for i := range hashes.kids {
		if chosen == "" || hashes.get(chosen) == nil || chosen > hashes.kids[i].key && !fixedHash(chosen) {
			chosen = hashes.kids[i].key
		}
	}
	k := hashes.get(chosen)
	if k == nil {
		return append(b, "{}"...)
	}
	b = append(appendString(append(b, '{'), chosen), ':')
	return append(appendCanonical(b, k), '}')
}

func fixedHash(s string) bool {
	return s == "MD5" || s == "SHA-1" || s == "SHA-256" || s == "SHA-512"
}

// appendCanonical appends a value in the JSON Canonicalization Scheme (RFC 8785).
func appendCanonical(b []byte, n *node) []byte {
	switch n.kind {
	case kindNull:
		return append(b, "null"...)
	case kindFalse:
		return append(b, "false"...)
	case kindTrue:
		return append(b, "true"...)
	case kindNumber:
		return appendNumber(b, n.text)
	case kindString:
		return appendString(b, n.text)
	case kindArray:
		b = append(b, '[')
		for i := range n.kids {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(b, &n.kids[i])
		}
		return append(b, ']')
	}
	members := make([]*node, len(n.kids))
	for i := range n.kids {
		members[i] = &n.kids[i]
	}
	slices.SortFunc(members, func(x, y *node) int {
		return slices.Compare(utf16.Encode([]rune(x.key)), utf16.Encode([]rune(y.key)))
	})
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, m.key), ':')
		b = appendCanonical(b, m)
	}
	return append(b, '}')
}

// appendString escapes what RFC 8785, section 3.2.2.2, does, and nothing else.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= 0x20:
			b = append(b, c)
		default:
			if k := strings.IndexByte("\b\f\n\r\t", c); k >= 0 {
				b = append(b, '\\', "bfnrt"[k])
			} else {
				b = append(b, '\\', 'u', '0', '0', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
			}
		}
	}
	return append(b, '"')
}

// appendNumber writes a number as ECMAScript does (RFC 8785, section 3.2.2.3).
func appendNumber(b []byte, text string) []byte {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return append(b, text...) // out of range: the validator refuses it
	}
	if f == 0 {
		return append(b, '0')
	}
	if abs := max(f, -f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	return append(b, mantissa+"e"+exponent[:1]+strings.TrimLeft(exponent[1:], "0")...)
}

// deterministic warns when a UUIDv5 does not follow from the contents, or when
// a cyber-observable object has another kind of UUID though one would follow
// (sections 2.9, 3.4).
func (v *validator) deterministic(def *typeDef, n *node) {
	id := n.str("id")
	if _, ok := splitID(id); !ok {
		return
	}
	v.at("id")
	defer v.up()
	switch uuidVersion(id) {
	case '5':
		if want := deterministicID(def.name, n); want != "" && !strings.EqualFold(want, id) {
			v.warn(SCOID, "3.4", want)
		}
	case '4':
		// The standard prefers UUIDv5, and lets v4 stand.
	default:
		v.warn(IDKind, "2.9", "UUIDv5, UUIDv4")
	}
}
