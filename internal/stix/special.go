package stix

import (
	"regexp"
	"strings"
	"sync"
)

// customSDO and customSCO are what objects of custom types must have: the common
// properties (section 3.2).
var (
	customSDO = sync.OnceValue(func() *typeDef { return common("identity") })
	customSCO = sync.OnceValue(func() *typeDef { return common("url") })
)

// common returns the properties that a type shares with all others of its class.
func common(of string) *typeDef {
	from := table().types[of]
	d := &typeDef{class: "custom", section: "11.2", props: map[string]*property{}}
	for _, p := range from.order {
		d.add(&property{name: p.name, kind: p.kind}, from.required&p.bit != 0)
		if p.name == "extensions" {
			break
		}
	}
	for _, r := range from.rules {
		if r.verb == "order" {
			d.rules = append(d.rules, rule{verb: r.verb, names: r.names})
		}
	}
	if err := d.finish(); err != nil {
		panic(err) // the tables are embedded
	}
	return d
}

// special are the rules of types that rows cannot say.
var special map[string]func(*validator, *node)

func init() {
	special = map[string]func(*validator, *node){
		"bundle":               (*validator).bundled,
		"email-message":        (*validator).email,
		"extension-definition": (*validator).extensionDefinition,
		"external-reference":   (*validator).externalReference,
		"indicator":            (*validator).indicator,
		"malware":              (*validator).malware,
		"marking-definition":   (*validator).markingDefinition,
		"network-traffic":      (*validator).traffic,
		"observed-data":        (*validator).observed,
		"relationship":         (*validator).relationship,
	}
}

// bundled refuses a bundle where an object should be (section 8).
func (v *validator) bundled(n *node) {
	if objects := n.get("objects"); objects != nil && objects.kind == kindArray {
		v.at("objects")
		v.refuse(Forbidden, "8", "objects")
		v.up()
	}
}

// email checks section 6.6: is_multipart says which body there is.
func (v *validator) email(n *node) {
	multipart := n.get("is_multipart")
	if multipart == nil {
		return
	}
	not := "body_multipart"
	if multipart.kind == kindTrue {
		not = "body"
	}
	v.absent(n, not, "6.6")
}

func (v *validator) absent(n *node, key, section string) {
	if n.get(key) != nil {
		v.at(key)
		v.refuse(Forbidden, section, key)
		v.up()
	}
}

// extensionDefinition checks section 7.3: extension_properties belong to top-level
// extensions.
func (v *validator) extensionDefinition(n *node) {
	types := n.get("extension_types")
	if types == nil {
		return
	}
	for i := range types.kids {
		if types.kids[i].text == "toplevel-property-extension" {
			return
		}
	}
	v.absent(n, "extension_properties", "7.3")
}

var (
	cve   = regexp.MustCompile(`^CVE-[0-9]{4}-(0[0-9]{3}|[1-9][0-9]{3,})$`)
	capec = regexp.MustCompile(`^CAPEC-[0-9]+$`)
)

// externalReference checks that identifiers of CVE and CAPEC have their form and
// their source (sections 4.1, 4.19), which the schema asks for in both directions.
func (v *validator) externalReference(n *node) {
	source, id := n.str("source_name"), n.str("external_id")
	form, name := cve, "CVE-yyyy-nnnn"
	switch source {
	case "cve":
	case "capec":
		form, name = capec, "CAPEC-n"
	default:
		if cve.MatchString(id) || capec.MatchString(id) {
			v.at("source_name")
			v.refuse(Format, "schema", strings.ToLower(id[:strings.IndexByte(id, '-')]))
			v.up()
		}
		return
	}
	if !form.MatchString(id) {
		v.at("external_id")
		v.refuse(Format, "4.19", name)
		v.up()
	}
}

// indicator checks what one can of a STIX pattern without its grammar (sections
// 4.7, 9): it has an observation, and its brackets and quotes close.
func (v *validator) indicator(n *node) {
	pattern := n.get("pattern")
	if pattern == nil || pattern.kind != kindString || n.str("pattern_type") != "stix" {
		return
	}
	if why := patternFault(pattern.text); why != "" {
		v.at("pattern")
		v.refuse(BadPattern, "9", why)
		v.up()
	}
}

// patternFault returns the first part of a pattern that cannot be, or "".
func patternFault(s string) string {
	closing := map[byte]byte{')': '(', ']': '['}
	var open []byte
	quoted, observations := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '\'' {
				quoted = false
			}
		case c == '\'':
			quoted = true
		case c == '(' || c == '[':
			open = append(open, c)
		case closing[c] != 0:
			if len(open) == 0 || open[len(open)-1] != closing[c] {
				return s[i:]
			}
			open = open[:len(open)-1]
			if c == ']' {
				observations++
			}
		}
	}
	switch {
	case quoted:
		return "'"
	case len(open) > 0:
		return string(open)
	case observations == 0:
		return "[ ]"
	}
	return ""
}

// malware checks section 4.11: a family has a name.
func (v *validator) malware(n *node) {
	if family := n.get("is_family"); family != nil && family.bool() && n.get("name") == nil {
		v.at("name")
		v.refuse(Missing, "4.11", "")
		v.up()
	}
}

// traffic checks section 6.12: what is going on has no end.
func (v *validator) traffic(n *node) {
	if active := n.get("is_active"); active != nil && active.bool() {
		v.absent(n, "end", "6.12")
	}
}

// observed checks section 4.14: what was observed is there.
func (v *validator) observed(n *node) {
	refs := n.get("object_refs")
	if refs == nil || len(refs.kids) == 0 {
		return
	}
	for i := range refs.kids {
		if typ, ok := splitID(refs.kids[i].text); ok && class(typ) != "sro" {
			return
		}
	}
	v.at("object_refs")
	v.refuse(RefType, "4.14", "relationship, sighting")
	v.up()
}

// relationship warns of a relationship that appendix B does not suggest.
func (v *validator) relationship(n *node) {
	from, _ := splitID(n.str("source_ref"))
	to, _ := splitID(n.str("target_ref"))
	typ := n.str("relationship_type")
	switch {
	case from == "" || to == "" || typ == "" || typ == "related-to":
	case class(from) == "" || class(to) == "": // custom types have relationships of their own
	case from == to && (typ == "derived-from" || typ == "duplicate-of"):
	case strings.HasPrefix(table().types[from].section, "spec/") || strings.HasPrefix(table().types[to].section, "spec/"):
	case !v.t.relationships[[3]string{from, typ, to}]:
		v.warn(Relationship, "3.7", from+" "+typ+" "+to)
	}
}

// observables checks the container of section 2.13.
func (v *validator) observables(n *node) {
	v.container = n
	defer func() { v.container, v.base = nil, 0 }()
	for i := range n.kids {
		k := &n.kids[i]
		v.at(k.key)
		v.base = v.depth
		typ := k.str("type")
		switch {
		case k.kind != kindObject:
			v.refuse(WrongType, "2.13", "object")
		case class(typ) == "" && typeName(typ):
			v.members(customSCO(), k)
		case class(typ) != "sco":
			v.refuse(RefType, "2.13", typ)
		default:
			def := v.t.types[typ]
			v.members(def, k)
			if check := special[def.name]; check != nil {
				check(v, k)
			}
			if id, ok := splitID(k.str("id")); ok && id != typ {
				v.refuse(IDType, "3.2", typ)
			}
			if _, ok := splitID(k.str("id")); !ok && k.get("id") != nil {
				v.refuse(BadID, "2.9", k.str("id"))
			}
		}
		v.up()
	}
}

// contents checks section 7.1: languages, then properties of the object with their
// translations.
func (v *validator) contents(n *node) {
	for i := range n.kids {
		lang := &n.kids[i]
		v.at(lang.key)
		switch {
		case !forms["lang"].valid(lang.key) || !dictionaryKey(lang.key):
			v.refuse(Format, "7.1", "lang")
		case lang.kind != kindObject:
			v.refuse(WrongType, "7.1", "dictionary")
		case len(lang.kids) == 0:
			v.refuse(Empty, "2.3", "{}")
		}
		for j := range lang.kids {
			v.at(lang.kids[j].key)
			v.free(&lang.kids[j])
			v.up()
		}
		v.up()
	}
}

// dicts are dictionaries whose names say what their values are.
var dicts = map[string]func(*validator, *node){
	"scalar":  scalar,
	"header":  header,
	"exif":    exif,
	"sockopt": socketOption,
	"startup": startupInfo,
}

func scalar(v *validator, m *node) {
	if m.kind != kindString && (m.kind != kindNumber || strings.ContainsAny(m.text, ".eE")) {
		v.refuse(WrongType, "2.3", "string, integer")
	}
}

// header is an e-mail header that has no property of its own: text, or a list of two or more
// where the field stands more than once (the schema's reading of section 6.6).
func header(v *validator, m *node) {
	switch strings.ToLower(m.key) {
	case "date", "received_lines", "content_type", "from_ref", "sender_ref", "to_refs", "cc_refs", "bcc_refs", "subject":
		v.refuse(Forbidden, "6.6", m.key)
	}
	if m.kind == kindString {
		return
	}
	if m.kind != kindArray || len(m.kids) < 2 {
		v.refuse(WrongType, "schema", "string, list (≥ 2)")
	}
	for i := range m.kids {
		if m.kids[i].kind != kindString {
			v.refuse(WrongType, "6.6", "string")
		}
	}
}

var (
	exifName   = regexp.MustCompile(`^[A-Z][a-zA-Z0-9_-]+$`)
	socketName = regexp.MustCompile(`^(SO|ICMP|ICMP6|IP|IPV6|MCAST|TCP|IRLMP)(_[A-Z]+)+$`)
)

func exif(v *validator, m *node) {
	if !exifName.MatchString(m.key) {
		v.refuse(BadName, "6.7.5", m.key)
	}
	scalar(v, m)
}

func socketOption(v *validator, m *node) {
	if !socketName.MatchString(m.key) {
		v.refuse(BadName, "6.12.4", m.key)
	}
	if m.kind != kindNumber || strings.ContainsAny(m.text, ".eE") {
		v.refuse(WrongType, "6.12.4", "integer")
	}
}

// startupInfo is a STARTUP_INFO of Windows, by the names of its fields.
func startupInfo(v *validator, m *node) {
	switch m.key {
	case "lpDesktop", "lpTitle", "dwFillAttribute", "dwFlags", "wShowWindow", "hStdInput", "hStdOutput", "hStdError":
		if m.kind != kindString {
			v.refuse(WrongType, "6.13.2", "string")
		}
	case "cb", "dwX", "dwY", "dwXSize", "dwYSize", "dwXCountChars", "dwYCountChars", "cbReserved2":
		if m.kind != kindNumber || strings.ContainsAny(m.text, ".eE") || m.key == "cbReserved2" && m.text != "0" {
			v.refuse(WrongType, "6.13.2", "integer")
		}
	default:
		v.refuse(Forbidden, "6.13.2", m.key)
	}
}
