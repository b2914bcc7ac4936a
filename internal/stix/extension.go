package stix

import (
	"strconv"
	"strings"
)

// The extension definitions that this node knows. TLP 2.0 is OASIS's; the others
// are published in spec/stix.
const (
	ExtensionTLP2             = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
	ExtensionHandling         = "extension-definition--5c778f3b-8b51-4067-a72c-4b1660668ce4"
	ExtensionFirearm          = "extension-definition--d8bbc17d-0dfa-4bc2-83c4-c245467d5acb"
	ExtensionVessel           = "extension-definition--0980d0b7-2eba-400d-9415-9b85572f7b42"
	ExtensionFinancialAccount = "extension-definition--7b3d2cb4-02db-4399-a9eb-7796860094ca"
)

// known are extensions whose contents are checked: the kind of extension, the
// type of object it stands on, and the part of types.txt, if it has properties.
var known = map[string]struct{ kind, on, part string }{
	ExtensionTLP2:             {"property-extension", "marking-definition", "tlp-2.0"},
	ExtensionHandling:         {"property-extension", "marking-definition", "entente-handling"},
	ExtensionFirearm:          {"new-sco", "firearm", ""},
	ExtensionVessel:           {"new-sco", "vessel", ""},
	ExtensionFinancialAccount: {"new-sco", "financial-account", ""},
}

// declared checks that an object of one of our types carries its extension.
func (v *validator) declared(def *typeDef, n *node) {
	for id, k := range known {
		if k.on != def.name || k.kind != "new-sco" {
			continue
		}
		ext := n.get("extensions")
		if ext == nil || ext.get(id) == nil {
			v.at("extensions")
			v.refuse(Needs, def.section, id)
			v.up()
		}
	}
}

// extensions checks the extensions of an object (sections 3.2, 7.3, 11.3). Only the
// name of an extension says what it is.
func (v *validator) extensions(n *node) {
	for i := range n.kids {
		k := &n.kids[i]
		v.at(k.key)
		switch {
		case k.kind != kindObject:
			v.refuse(WrongType, "7.3", "object")
		case len(k.kids) == 0:
			v.refuse(Empty, "7.3", "{}")
		case strings.HasPrefix(k.key, "extension-definition--"):
			v.extension(k)
		case v.t.parts[k.key] != nil && v.t.parts[k.key].on == v.object.Type:
			v.members(v.t.parts[k.key], k)
		case !strings.HasSuffix(k.key, "-ext") || !typeName(k.key) || v.t.parts[k.key] != nil || v.object.Type == "marking-definition":
			v.refuse(Extension, "7.3", k.key)
		default:
			v.warn(Deprecated, "11.3", k.key)
			v.names(k)
		}
		v.up()
	}
}

// extension checks an extension by definition.
func (v *validator) extension(n *node) {
	if typ, ok := splitID(n.key); !ok || typ != "extension-definition" {
		v.refuse(BadID, "2.9", n.key)
	}
	kind := n.str("extension_type")
	v.at("extension_type")
	if !v.t.vocab["extension-type"][kind] {
		v.refuse(NotInEnum, "7.3", kind)
	}
	k, ours := known[n.key]
	if ours && kind != k.kind {
		v.refuse(NotInEnum, "7.3", kind)
	}
	v.up()
	switch {
	case ours && v.object.Type != k.on:
		v.refuse(Extension, "7.3", n.key)
	case ours && k.part != "":
		v.members(v.t.parts[k.part], n)
	default:
		v.names(n)
	}
}

// names checks the names and values of an extension of which nothing more is known.
func (v *validator) names(n *node) {
	for i := range n.kids {
		k := &n.kids[i]
		v.at(k.key)
		if !propertyName(k.key) {
			v.refuse(BadName, "3.1", k.key)
		}
		v.free(k)
		v.up()
	}
}

// selectors checks that what granular markings select is there (section 7.2.3).
func (v *validator) selectors(markings *node) {
	v.at("granular_markings")
	defer v.up()
	for i := range markings.kids {
		list := markings.kids[i].get("selectors")
		if list == nil || list.kind != kindArray {
			continue
		}
		v.step("", i)
		v.at("selectors")
		for j := range list.kids {
			s := &list.kids[j]
			v.step("", j)
			if s.kind == kindString && !selects(&v.object.root, s.text) {
				v.refuse(Selector, "7.2.3.1", s.text)
			}
			v.up()
		}
		v.up()
		v.up()
	}
}

// selects reports whether a selector selects something in n.
func selects(n *node, selector string) bool {
	for i, part := range splitSelector(selector) {
		if i == 0 && len(part) < 3 && part != "id" {
			return false
		}
		index, isItem := strings.CutPrefix(part, "[")
		if !isItem {
			if !selectorName(part) {
				return false
			}
			if n = n.get(part); n == nil {
				return false
			}
			continue
		}
		at, err := strconv.ParseUint(strings.TrimSuffix(index, "]"), 10, 31)
		if err != nil || !strings.HasSuffix(index, "]") || n.kind != kindArray || int(at) >= len(n.kids) {
			return false
		}
		n = &n.kids[at]
	}
	return true
}

func splitSelector(s string) []string { return strings.Split(s, ".") }

// selectorName is the form that the schema gives to names in selectors.
func selectorName(s string) bool {
	return s != "" && len(s) <= 250 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}
