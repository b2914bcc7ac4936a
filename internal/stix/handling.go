package stix

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/spec"
)

// namespace is that of identifiers which follow from contents, beside those of
// cyber-observable objects: markings and agencies.
var namespace = mustUUID("41a8c7a0-54c1-4f1f-9f5c-2c3b8e0d7a61")

// Author is the identity that our extension definitions were created by.
const Author = "identity--8789b1c4-6812-403e-b7b5-7595919f4e8b"

// published is when our extension definitions were.
const publishedAt = "2025-09-04T00:00:00.000Z"

// definition is an extension definition of ours.
type definition struct{ id, name, description, file, kind string }

var definitions = []definition{
	{ExtensionHandling, "Entente handling", "The conditions that a release travels under, on a marking definition.", "handling", "property-extension"},
	{ExtensionFirearm, "Firearm", "A firearm, as a cyber-observable object.", "firearm", "new-sco"},
	{ExtensionVessel, "Vessel", "A vessel, as a cyber-observable object.", "vessel", "new-sco"},
	{ExtensionFinancialAccount, "Financial account", "An account at a financial institution, as a cyber-observable object.", "financial-account", "new-sco"},
}

// Definitions returns the extension definitions of spec/stix, after the identity
// that created them: what a receiver who does not know them asks for.
func Definitions() []*Object {
	objects := []*Object{author()}
	for _, d := range definitions {
		objects = append(objects, d.object())
	}
	return objects
}

func author() *Object {
	return must(fmt.Sprintf(`{"type":"identity","spec_version":"2.1","id":"%s","created":"%s","modified":"%s",`+
		`"name":"Entente","description":"The authors of Entente, the software; no agency and no person.","identity_class":"system"}`,
		Author, publishedAt, publishedAt))
}

func (d definition) object() *Object {
	schema, err := spec.STIX.ReadFile("stix/" + d.file + ".json")
	if err != nil {
		panic(err) // it is embedded
	}
	return must(fmt.Sprintf(`{"type":"extension-definition","spec_version":"2.1","id":"%s","created_by_ref":"%s","created":"%s","modified":"%s",`+
		`"name":"%s","description":"%s","schema":"The JSON Schema spec/stix/%s.json of Entente, SHA-256 %s.","version":"1.0.0","extension_types":["%s"]}`,
		d.id, Author, publishedAt, publishedAt, d.name, d.description, d.file, entente.DigestOf(schema), d.kind))
}

// must parses what this package wrote.
func must(doc string) *Object {
	o, err := Parse([]byte(doc))
	if err != nil {
		panic(err)
	}
	return o
}

// AgencyIdentity returns an identity for an agency of a party. Its identifier follows
// from both codes, so that every bundle names the agency alike.
func AgencyIdentity(party entente.Party, agency, name string, at time.Time) *Object {
	t := TimestampOf(at)
	b := fmt.Appendf(nil, `{"type":"identity","spec_version":"2.1","id":"%s","created":"%s","modified":"%s","name":`, AgencyID(party, agency), t, t)
	b = append(appendString(b, name), `,"identity_class":"organization","sectors":["government-national"]}`...)
	return must(string(b))
}

// AgencyID returns the identifier of AgencyIdentity.
func AgencyID(party entente.Party, agency string) string {
	return "identity--" + uuid5(namespace, []byte("agency "+string(party)+" "+agency))
}

// MarkingsFor returns the marking definitions that a bundle released under h
// carries, and what they need: OASIS's TLP 2.0 marking, a statement of the
// purposes, and the handling itself; then the definition of its extension and that
// one's author. Creator is the identity of the releasing agency, at the time of
// release. The error says what in h or creator cannot be marked.
func MarkingsFor(h entente.Handling, creator string, at time.Time) ([]*Object, error) {
	if typ, ok := splitID(creator); !ok || typ != "identity" {
		return nil, fmt.Errorf("the creator of markings is an identity, not %q", creator)
	}
	tlp, err := tlpMarking(h.TLP)
	if err != nil {
		return nil, err
	}
	created := string(TimestampOf(at))
	objects := []*Object{tlp, statementMarking(h, creator, created), handlingMarking(h, creator, created), definitions[0].object(), author()}
	for _, f := range Validate(objects[2]) {
		if f.Severity == SeverityError {
			return nil, fmt.Errorf("this handling cannot be marked: %s: %s", f.Path, f.Message())
		}
	}
	return objects, nil
}

// tlpMarking returns a marking of TLP 2.0 as published.
func tlpMarking(t entente.TLP) (*Object, error) {
	for _, p := range tlp2 {
		if p.tlp == t {
			return must(fmt.Sprintf(`{"type":"marking-definition","spec_version":"2.1","id":"%s","created":"%s","name":"%s",`+
				`"extensions":{"%s":{"extension_type":"property-extension","tlp_2_0":"%s"}}}`, p.id, p.created, p.name, ExtensionTLP2, p.tlp)), nil
		}
	}
	return nil, fmt.Errorf("%q is no marking of TLP 2.0", t)
}

// statementPrefix is how our statements begin.
const statementPrefix = "Entente: "

// statementOf says the purposes in both languages, by their codes.
func statementOf(h entente.Handling) string {
	purposes := strings.Join(sorted(h.Purposes), ", ")
	return statementPrefix + "solo para los fines " + purposes + "; ningún otro uso sin permiso de la autoridad de origen. / " +
		"Only for the purposes " + purposes + "; no other use without the originator's permission."
}

func statementMarking(h entente.Handling, creator, created string) *Object {
	return markingObject(creator, created, `"definition_type":"statement","definition":{"statement":`+quote(statementOf(h))+`}`)
}

func handlingMarking(h entente.Handling, creator, created string) *Object {
	members := `"extension_type":"property-extension"`
	for _, f := range fieldsOf(h) {
		members += `,"` + f.name + `":` + f.json
	}
	return markingObject(creator, created, `"name":"Entente handling","extensions":{"`+ExtensionHandling+`":{`+members+`}}`)
}

// markingObject returns a marking definition whose identifier follows from its contents.
func markingObject(creator, created, members string) *Object {
	members = `"created_by_ref":"` + creator + `","created":"` + created + `",` + members
	id := uuid5(namespace, []byte("marking "+members))
	return must(`{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--` + id + `",` + members + `}`)
}

func quote(s string) string { return string(appendString(nil, s)) }

// field is a field of a handling as its extension has it.
type field struct{ name, json string }

// fieldsOf returns the fields of h in the order of the schema, lists in
// alphabetical order; what is empty and optional is left out.
func fieldsOf(h entente.Handling) []field {
	fields := []field{
		{"territory", quote(h.Territory)},
		{"collector", quote(h.Collector)},
		{"collected_from", quote(string(h.From))},
		{"collected_to", quote(string(h.To))},
		{"basis", quote(h.Basis)},
		{"source_grade", quote(h.Source)},
		{"information_grade", quote(h.Information)},
		{"classification", quote(string(h.Classification))},
		{"tlp", quote(string(h.TLP))},
		{"purposes", list(h.Purposes)},
		{"consented", list(h.Consented)},
		{"evidential", strconv.FormatBool(h.Evidential)},
		{"onward", quote(string(h.Onward))},
		{"onward_to", list(h.OnwardTo)},
		{"retain", quote(string(h.Retain))},
		{"assessed", strconv.FormatBool(h.Assessed)},
		{"risks", list(h.Risks)},
	}
	return slices.DeleteFunc(fields, func(f field) bool {
		return f.json == "[]" && (f.name == "consented" || f.name == "onward_to" || f.name == "risks")
	})
}

func sorted(values []string) []string { return slices.Compact(slices.Sorted(slices.Values(values))) }

func list(values []string) string {
	var quoted []string
	for _, v := range sorted(values) {
		quoted = append(quoted, quote(v))
	}
	return "[" + strings.Join(quoted, ",") + "]"
}

// handlingOf reads a handling from its extension.
func handlingOf(ext *node) entente.Handling {
	texts := func(key string) []string {
		var all []string
		if l := ext.get(key); l != nil {
			for i := range l.kids {
				all = append(all, l.kids[i].text)
			}
		}
		return all
	}
	truth := func(key string) bool {
		b := ext.get(key)
		return b != nil && b.bool()
	}
	return entente.Handling{
		Territory:      ext.str("territory"),
		Collector:      ext.str("collector"),
		From:           entente.Date(ext.str("collected_from")),
		To:             entente.Date(ext.str("collected_to")),
		Basis:          ext.str("basis"),
		Source:         ext.str("source_grade"),
		Information:    ext.str("information_grade"),
		Classification: entente.Classification(ext.str("classification")),
		TLP:            entente.TLP(ext.str("tlp")),
		Purposes:       texts("purposes"),
		Consented:      texts("consented"),
		Evidential:     truth("evidential"),
		Onward:         entente.OnwardRule(ext.str("onward")),
		OnwardTo:       texts("onward_to"),
		Retain:         entente.Date(ext.str("retain")),
		Assessed:       truth("assessed"),
		Risks:          texts("risks"),
	}
}
