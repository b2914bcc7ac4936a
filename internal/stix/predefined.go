package stix

import "entente"

// predefined is a marking definition that somebody published with a fixed id.
type predefined struct {
	id, name, created string
	tlp               entente.TLP // what it means in TLP 2.0
}

// tlp1 are the markings of TLP 1.0 that the standard itself defines (section
// 7.2.1.4), and what they are in TLP 2.0.
var tlp1 = []predefined{
	{"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "TLP:WHITE", tlp1Created, entente.TLPClear},
	{"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "TLP:GREEN", tlp1Created, entente.TLPGreen},
	{"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "TLP:AMBER", tlp1Created, entente.TLPAmber},
	{"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "TLP:RED", tlp1Created, entente.TLPRed},
}

// tlp2 are the markings of TLP 2.0 as OASIS published them with their extension
// (oasis-open/cti-stix-common-objects, extension-definition-specifications/tlp-2.0).
var tlp2 = []predefined{
	{"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "TLP:CLEAR", tlp2Created, entente.TLPClear},
	{"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "TLP:GREEN", tlp2Created, entente.TLPGreen},
	{"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "TLP:AMBER", tlp2Created, entente.TLPAmber},
	{"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "TLP:AMBER+STRICT", tlp2Created, entente.TLPAmberStrict},
	{"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "TLP:RED", tlp2Created, entente.TLPRed},
}

const (
	tlp1Created = "2017-01-20T00:00:00.000Z"
	tlp2Created = "2022-10-01T00:00:00.000Z"
)

// tlpByID finds the meaning of a predefined marking.
var tlpByID = func() map[string]entente.TLP {
	m := map[string]entente.TLP{}
	for _, p := range tlp1 {
		m[p.id] = p.tlp
	}
	for _, p := range tlp2 {
		m[p.id] = p.tlp
	}
	return m
}()

// TLPOf returns the TLP 2.0 marking that a predefined marking definition stands
// for, of TLP 2.0 or 1.0; TLP:WHITE is TLP:CLEAR.
func TLPOf(id string) (entente.TLP, bool) {
	t, ok := tlpByID[id]
	return t, ok
}

// markingDefinition checks section 7.2.1: statements state, and the predefined
// markings are as published.
func (v *validator) markingDefinition(n *node) {
	definition, ext := n.get("definition"), n.get("extensions")
	for _, key := range []string{"definition_type", "definition"} {
		if ext == nil && n.get(key) == nil {
			v.at(key)
			v.refuse(Missing, "7.2.1", "")
			v.up()
		}
	}
	switch typ := n.str("definition_type"); typ {
	case "":
	case "statement":
		if s := definition.member("statement"); s == nil || s.kind != kindString {
			v.at("definition")
			v.refuse(Needs, "7.2.1.3", "statement")
			v.up()
		}
	case "tlp":
		v.published(n, tlp1, func(p predefined) bool {
			word := map[string]string{"TLP:WHITE": "white", "TLP:GREEN": "green", "TLP:AMBER": "amber", "TLP:RED": "red"}[p.name]
			return definition != nil && definition.str("tlp") == word && len(definition.kids) == 1 && len(n.kids) == 7
		})
		return
	default:
		v.at("definition_type")
		v.warn(Deprecated, "7.2.1", typ)
		if forbiddenMarkingType(typ) {
			v.refuse(Format, "schema", "definition_type")
		}
		v.up()
	}
	if t := ext.tlp2(); t != nil {
		v.published(n, tlp2, func(p predefined) bool { return t.str("tlp_2_0") == string(p.tlp) })
	} else if _, taken := tlpByID[n.str("id")]; taken {
		v.refuse(Marking, "7.2.1.4", n.str("id"))
	}
}

// forbiddenMarkingType is the schema's reading of which other definition types
// cannot be.
func forbiddenMarkingType(s string) bool {
	return len(s) >= 9 && s[:9] == "statement" || len(s) >= 3 && s[len(s)-3:] == "tlp"
}

// member is get, where n may be nil.
func (n *node) member(key string) *node {
	if n == nil {
		return nil
	}
	return n.get(key)
}

// tlp2 returns the TLP 2.0 extension among extensions, or nil.
func (n *node) tlp2() *node { return n.member(ExtensionTLP2) }

// published checks that a marking is one of those published, to the letter.
func (v *validator) published(n *node, list []predefined, same func(predefined) bool) {
	for _, p := range list {
		if p.id == n.str("id") {
			if n.str("name") != p.name || n.str("created") != p.created || !same(p) {
				v.refuse(Marking, "7.2.1.4", p.name)
			}
			return
		}
	}
	v.at("id")
	v.refuse(Marking, "7.2.1.4", n.str("id"))
	v.up()
}
