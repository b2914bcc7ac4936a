package stix

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Validate holds an object against the standard and returns what it breaks, in
// document order, or nothing. See [Refused].
func Validate(o *Object) []Finding {
	v := validator{t: table(), object: o}
	v.top(&o.root)
	return v.findings
}

// ValidateBundle validates a bundle (section 8) and every object in it.
func ValidateBundle(b *Bundle) []Finding {
	v := validator{t: table(), object: b.Envelope}
	if b.Envelope.Type != "bundle" {
		v.at("type")
		v.find(WrongType, SeverityError, "8", "bundle")
		v.up()
	}
	v.members(v.t.types["bundle"], &b.Envelope.root)
	v.identifier(&b.Envelope.root)
	findings := v.findings
	type version struct{ id, at string }
	seen := make(map[version]bool, len(b.Objects))
	for _, o := range b.Objects {
		findings = append(findings, Validate(o)...)
		key := version{o.ID, string(o.Version())}
		if seen[key] && o.ID != "" {
			findings = append(findings, Finding{o.ID, "", Repeated, SeverityWarning, "8", ""})
		}
		seen[key] = true
	}
	return findings
}

// validator walks one object.
type validator struct {
	t        *tables
	object   *Object
	findings []Finding
	path     [40]step
	depth    int
	// container is the observable container that is being walked (section 2.13).
	container *node
	base      int // the depth of the object that is being walked: not 0 in a container
}

// step is one step of a path: a name, or an item where the name is empty.
type step struct {
	key string
	i   int
}

func (v *validator) at(key string) { v.step(key, 0) }

func (v *validator) step(key string, i int) {
	if v.depth < len(v.path) {
		v.path[v.depth] = step{key, i}
	}
	v.depth++
}

func (v *validator) up() { v.depth-- }

func (v *validator) find(code Code, severity Severity, section, detail string) {
	path := ""
	for _, s := range v.path[:min(v.depth, len(v.path))] {
		path = join(path, s.key, s.i)
	}
	id := v.object.ID
	if id == "" {
		id = v.object.Type
	}
	v.findings = append(v.findings, Finding{id, path, code, severity, section, detail})
}

func (v *validator) refuse(code Code, section, detail string) {
	v.find(code, SeverityError, section, detail)
}

func (v *validator) warn(code Code, section, detail string) {
	v.find(code, SeverityWarning, section, detail)
}

// top validates a whole object.
func (v *validator) top(n *node) {
	def := v.t.types[v.object.Type]
	if def == nil {
		def = v.custom(n)
	}
	v.members(def, n)
	v.identifier(n)
	v.specVersion(n)
	if check := special[def.name]; check != nil {
		check(v, n)
	}
	if strings.HasPrefix(def.section, "spec/stix/") {
		v.declared(def, n)
	}
	if def.class == "sco" {
		v.deterministic(def, n)
	}
	if m := n.get("granular_markings"); m != nil {
		v.selectors(m)
	}
}

// custom chooses the properties that an object of an unknown type must have
// (sections 7.3, 11.2): those of cyber-observable objects when an extension says
// new-sco, or when nothing says more and it states no created.
func (v *validator) custom(n *node) *typeDef {
	declared := ""
	if ext := n.get("extensions"); ext != nil {
		for i := range ext.kids {
			if t := ext.kids[i].str("extension_type"); strings.HasPrefix(t, "new-") {
				declared = t
			}
		}
	}
	v.at("type")
	defer v.up()
	if !typeName(v.object.Type) {
		v.refuse(BadName, "3.2", v.object.Type)
	}
	if v.object.Type == "action" {
		v.refuse(Reserved, "3.8", v.object.Type)
	}
	if declared == "" {
		v.warn(Deprecated, "11.2", v.object.Type)
	}
	if declared == "new-sco" || declared == "" && n.get("created") == nil {
		return customSCO()
	}
	return customSDO()
}

// members validates the members of an object against its row and its rules.
func (v *validator) members(def *typeDef, n *node) {
	var seen uint64
	for i := range n.kids {
		k := &n.kids[i]
		v.at(k.key)
		if p := def.props[k.key]; p != nil {
			seen |= p.bit
			v.value(def, p.kind, k)
		} else {
			v.unknown(def, k)
		}
		v.up()
	}
	if missing := def.required &^ seen; missing != 0 {
		for _, p := range def.order {
			if missing&p.bit != 0 {
				v.at(p.name)
				v.refuse(Missing, def.section, "")
				v.up()
			}
		}
	}
	for i := range def.rules {
		v.rule(def, &def.rules[i], seen, n)
	}
}

func (v *validator) rule(def *typeDef, r *rule, seen uint64, n *node) {
	here := bits.OnesCount64(seen & r.mask)
	switch r.verb {
	case "any":
		if here == 0 {
			v.refuse(AnyOf, def.section, strings.Join(r.names, ", "))
		}
	case "one":
		if here != 1 {
			v.refuse(OneOf, def.section, strings.Join(r.names, ", "))
		}
	case "both":
		if here != 0 && here != len(r.names) {
			v.refuse(Together, def.section, strings.Join(r.names, ", "))
		}
	case "needs":
		if seen&def.props[r.names[0]].bit != 0 && here != len(r.names) {
			v.at(r.names[0])
			v.refuse(Needs, def.section, strings.Join(r.names[1:], ", "))
			v.up()
		}
	case "order", "before":
		if here == 2 {
			v.ordered(def, r, Timestamp(n.str(r.names[0])), Timestamp(n.str(r.names[1])))
		}
	case "deprecated":
		if here > 0 {
			v.warn(Deprecated, def.section, strings.Join(r.names, ", "))
		}
	}
}

func (v *validator) ordered(def *typeDef, r *rule, a, b Timestamp) {
	if !a.Valid() || !b.Valid() {
		return // found already
	}
	c, sign := a.Compare(b), " ≤ "
	if r.verb == "before" {
		sign = " < "
		c++
	}
	if c > 0 {
		v.at(r.names[1])
		v.refuse(TimeOrder, def.section, r.names[0]+sign+r.names[1])
		v.up()
	}
}

// unknown judges a property that the type's row has not (sections 3.1, 3.8, 11.1).
func (v *validator) unknown(def *typeDef, n *node) {
	if def.closed {
		v.refuse(Forbidden, def.section, n.key)
		return
	}
	top := v.depth == v.base+1
	if top {
		switch n.key {
		case "severity", "action", "username", "phone_number", "phone_numbers":
			v.refuse(Reserved, "3.8", n.key)
			return
		}
	}
	if !propertyName(n.key) {
		v.refuse(BadName, "3.1", n.key)
	} else if top && !strings.HasPrefix(n.key, "x_") && !v.topLevelExtended() {
		v.warn(Unknown, "11.1", n.key)
	}
	v.free(n)
}

// free judges a value of which nothing is known but its name.
func (v *validator) free(n *node) {
	switch {
	case n.kind == kindNull:
		v.refuse(Empty, "3.1", "null")
	case n.kind == kindArray && len(n.kids) == 0:
		v.refuse(Empty, "2.12", "[]")
	case strings.HasSuffix(n.key, "_bin"):
		v.named(n, forms["bin"])
	case strings.HasSuffix(n.key, "_hex"):
		v.named(n, forms["hex"])
	}
}

// named judges a value whose name says its form (sections 2.1, 2.8).
func (v *validator) named(n *node, f *form) {
	if n.kind != kindString {
		v.refuse(WrongType, f.section, "string")
	} else if !f.valid(n.text) {
		v.refuse(Format, f.section, f.name)
	}
}

func (v *validator) topLevelExtended() bool {
	if ext := v.object.root.get("extensions"); ext != nil {
		for i := range ext.kids {
			if ext.kids[i].str("extension_type") == "toplevel-property-extension" {
				return true
			}
		}
	}
	return false
}

// expected are the JSON types of kinds that have one.
var expected = map[op]struct {
	kind kind
	name string
}{
	opString: {kindString, "string"}, opFloat: {kindNumber, "float"}, opInt: {kindNumber, "integer"},
	opTime: {kindString, "timestamp"}, opList: {kindArray, "list"}, opRef: {kindString, "identifier"},
	opEnum: {kindString, "string"}, opVocab: {kindString, "string"}, opDict: {kindObject, "dictionary"},
	opPart: {kindObject, "object"}, opForm: {kindString, "string"}, opHashes: {kindObject, "hashes"},
	opExtensions: {kindObject, "dictionary"}, opObservables: {kindObject, "dictionary"},
	opContents: {kindObject, "dictionary"}, opObject: {kindObject, "object"}, opNonEmpty: {kindArray, "list"},
}

// fits reports whether n has the JSON type of k, and is not empty.
func (v *validator) fits(k *valueKind, n *node) bool {
	switch {
	case k.op == opAbsent:
		v.find(Forbidden, severity(!k.closed), "3.2", n.key)
		return false
	case k.op == opBool:
		if n.kind != kindTrue && n.kind != kindFalse {
			v.refuse(WrongType, "2.2", "boolean")
			return false
		}
		return true
	}
	want := wants[k.op]
	switch {
	case n.kind != want.kind:
		v.refuse(WrongType, "2", want.name)
	case n.kind == kindArray && len(n.kids) == 0:
		v.refuse(Empty, "2.12", "[]")
	case n.kind == kindObject && len(n.kids) == 0:
		v.refuse(Empty, "2.3", "{}")
	default:
		return true
	}
	return false
}

// wants is expected as an array: this is asked for every value.
var wants = func() (a [opAbsent + 1]struct {
	kind kind
	name string
}) {
	for o, w := range expected {
		a[o] = w
	}
	return a
}()

// value validates one value of a known kind.
func (v *validator) value(def *typeDef, k *valueKind, n *node) {
	if !v.fits(k, n) {
		return
	}
	switch k.op {
	case opInt, opFloat:
		v.number(k, n)
	case opTime:
		v.timestamp(k, n)
	case opList:
		for i := range n.kids {
			v.step("", i)
			v.value(def, k.elem, &n.kids[i])
			v.up()
		}
	case opRef:
		v.reference(def, k, n)
	case opEnum:
		if !k.values[n.text] {
			v.refuse(NotInEnum, def.section, n.text)
		}
	case opVocab:
		if !k.values[n.text] {
			v.warn(NotInVocab, def.section, n.text)
		}
	case opForm:
		if !k.form.valid(n.text) {
			v.find(Format, severity(k.form.should), k.form.section, k.form.name)
		} else if k.form.name == "hex" && strings.ToLower(n.text) != n.text {
			v.warn(Format, k.form.section, "hex (a–f)")
		}
	case opPart:
		v.members(k.part, n)
		if check := special[k.part.name]; check != nil {
			check(v, n)
		}
	case opDict:
		v.dictionary(def, k, n)
	case opHashes:
		v.hashes(k, n)
	case opExtensions:
		v.extensions(n)
	case opObservables:
		v.observables(n)
	case opContents:
		v.contents(n)
	case opObject:
		for i := range n.kids {
			v.at(n.kids[i].key)
			v.free(&n.kids[i])
			v.up()
		}
	}
}

func severity(should bool) Severity {
	if should {
		return SeverityWarning
	}
	return SeverityError
}

// number checks sections 2.6 and 2.10.
func (v *validator) number(k *valueKind, n *node) {
	if k.op == opInt && strings.ContainsAny(n.text, ".eE") {
		v.refuse(WrongType, "2.10", "integer")
		return
	}
	f, err := strconv.ParseFloat(n.text, 64)
	if err != nil || f < k.min || f > k.max {
		v.refuse(Range, "2.10", bounds(k))
	}
}

func bounds(k *valueKind) string {
	return fmt.Sprintf("%s … %s", strconv.FormatFloat(k.min, 'f', -1, 64), strconv.FormatFloat(k.max, 'f', -1, 64))
}

// timestamp checks section 2.16, and the precision of section 3.2.
func (v *validator) timestamp(k *valueKind, n *node) {
	t := Timestamp(n.text)
	switch {
	case !t.Valid():
		v.refuse(BadTime, "2.16", n.text)
	case k.decimals > 0 && t.Decimals() < k.decimals:
		v.refuse(Precision, "3.2", "2025-03-01T12:00:00.000Z")
	case k.decimals < 0 && t.Decimals() > 0:
		v.refuse(Precision, "6.7.6", "2025-03-01T12:00:00Z")
	}
}

// reference checks sections 2.9 and 3.3, and that no marking marks itself (3.2).
func (v *validator) reference(def *typeDef, k *valueKind, n *node) {
	if v.container != nil && v.container.get(n.text) != nil {
		return // a key of the container that holds the object: section 2.13
	}
	typ, ok := splitID(n.text)
	if !ok {
		v.refuse(BadID, "2.9", n.text)
	} else if !k.allows(typ) {
		v.refuse(RefType, def.section, typ)
	} else if typ == "marking-definition" && n.text == v.object.ID {
		v.refuse(RefType, "3.2", n.text)
	}
}

// splitID returns the type of an identifier, or false when it is none: a type name,
// two hyphens, and an RFC 4122 UUID of version 1 to 5 (section 2.9).
func splitID(id string) (string, bool) {
	const uuid = 36
	at := len(id) - uuid
	if at < 5 || id[at-1] != '-' || id[at-2] != '-' || !typeName(id[:at-2]) {
		return "", false
	}
	for i := range uuid {
		c := id[at+i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return "", false
			}
		case 14:
			if c < '1' || c > '5' {
				return "", false
			}
		case 19:
			if c != '8' && c != '9' && c|0x20 != 'a' && c|0x20 != 'b' {
				return "", false
			}
		default:
			if !isHex(c) {
				return "", false
			}
		}
	}
	return id[:at-2], true
}

// uuidVersion returns the version digit of a valid identifier.
func uuidVersion(id string) byte { return id[len(id)-22] }

// identifier checks the object's own id (sections 2.9, 3.2).
func (v *validator) identifier(n *node) {
	id := n.get("id")
	if id == nil || id.kind != kindString {
		return
	}
	v.at("id")
	defer v.up()
	typ, ok := splitID(id.text)
	switch {
	case !ok:
		v.refuse(BadID, "2.9", id.text)
		return
	case typ != v.object.Type:
		v.refuse(IDType, "3.2", v.object.Type)
	case uuidVersion(id.text) != '4' && uuidVersion(id.text) != '5' && class(typ) != "sco":
		v.warn(IDKind, "2.9", "UUIDv4")
	}
	if uuid := id.text[len(id.text)-36:]; strings.ToLower(uuid) != uuid {
		v.warn(IDKind, "2.9", strings.ToLower(uuid))
	}
}

// specVersion checks section 3.2: 2.1, required but on cyber-observable objects.
func (v *validator) specVersion(n *node) {
	if s := n.get("spec_version"); s != nil && s.kind == kindString && s.text != "2.1" {
		v.at("spec_version")
		v.refuse(SpecVersion, "3.2", s.text)
		v.up()
	}
}

// dictionary checks section 2.3.
func (v *validator) dictionary(def *typeDef, k *valueKind, n *node) {
	for i := range n.kids {
		m := &n.kids[i]
		v.at(m.key)
		switch {
		case !dictionaryKey(m.key):
			v.refuse(BadName, "2.3", m.key)
		case k.dict != nil:
			k.dict(v, m)
		default:
			v.value(def, k.elem, m)
		}
		v.up()
	}
}

// hashes checks section 2.7: known algorithms have digests of their form. In
// external references the vocabulary is closed (section 2.5).
func (v *validator) hashes(k *valueKind, n *node) {
	for i := range n.kids {
		m := &n.kids[i]
		v.at(m.key)
		switch known := v.t.vocab["hash-algorithm"][m.key]; {
		case !dictionaryKey(m.key) || len(m.key) < 3:
			v.refuse(BadName, "2.7", m.key)
		case m.kind != kindString:
			v.refuse(WrongType, "2.7", "string")
		case !known && k.closed:
			v.refuse(NotInEnum, "2.5", m.key)
		case !known:
			v.warn(NotInVocab, "2.7", m.key)
		case !hashForm(m.key, m.text):
			v.refuse(Format, "2.7", m.key)
		}
		v.up()
	}
}
