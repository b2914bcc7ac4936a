package stix

import (
	"strings"
	"time"

	"entente"
)

// handlingExtension returns the handling that a marking definition holds, or nil.
func (o *Object) handlingExtension() *node {
	if o.Type != "marking-definition" {
		return nil
	}
	if ext := o.root.get("extensions"); ext != nil {
		return ext.get(ExtensionHandling)
	}
	return nil
}

// HandlingFrom returns the handling that the objects of a bundle are marked with.
// Without a handling marking it is what other markings say (the TLP marking that
// all marked objects share), with a finding [NoHandling]. Findings of
// [SeverityError] mean that the handling is not to be relied on.
func HandlingFrom(objects []*Object) (entente.Handling, []Finding) {
	var found *Object
	var findings []Finding
	for _, o := range objects {
		switch {
		case o.handlingExtension() == nil:
		case found == nil:
			found = o
			findings = append(findings, errorsOf(Validate(o))...)
		case o.ID != found.ID || o.raw != found.raw:
			findings = append(findings, marked(o, TwoHandlings, found.ID))
		}
	}
	if found != nil {
		return handlingOf(found.handlingExtension()), findings
	}
	findings = append(findings, Finding{Code: NoHandling, Severity: SeverityError, Section: "spec/stix/handling.json"})
	tlp, more := commonTLP(objects)
	return entente.Handling{TLP: tlp}, append(findings, more...)
}

// commonTLP returns the one TLP marking that there is on objects.
func commonTLP(objects []*Object) (entente.TLP, []Finding) {
	var tlp entente.TLP
	var findings []Finding
	for _, o := range objects {
		for _, m := range o.Markings() {
			t, ok := TLPOf(m.ID)
			if !ok || t == tlp {
				continue
			}
			if tlp == "" {
				tlp = t
				continue
			}
			f := marked(o, Contradicts, "tlp: "+string(t)+" ≠ "+string(tlp))
			f.Path = m.Path
			findings = append(findings, f)
		}
	}
	return tlp, findings
}

func errorsOf(findings []Finding) []Finding {
	var errs []Finding
	for _, f := range findings {
		if f.Severity == SeverityError {
			errs = append(errs, f)
		}
	}
	return errs
}

// marked is a finding of a marking on an object.
func marked(o *Object, code Code, detail string) Finding {
	return Finding{Object: o.ID, Code: code, Severity: SeverityError, Section: "spec/stix/handling.json", Detail: detail}
}

// exempt objects need no marking: they are markings, or ours and public.
func exempt(o *Object) bool {
	return o.Type == "marking-definition" || o.Type == "extension-definition" || o.ID == Author
}

// Contradictions returns where markings of objects say something else than the
// handling of their release: a handling marking with another field, a TLP marking,
// on an object or a part of it, of another colour (TLP 1.0 counted by its meaning), or
// one of our statements about other purposes. What is not marked contradicts
// nothing.
func Contradictions(objects []*Object, h entente.Handling) []Finding {
	var findings []Finding
	statement := statementOf(h)
	for _, o := range objects {
		if ext := o.handlingExtension(); ext != nil {
			findings = append(findings, differences(o, h, handlingOf(ext))...)
		}
		if s := o.statement(); strings.HasPrefix(s, statementPrefix) && s != statement {
			findings = append(findings, marked(o, Contradicts, "statement: "+s))
		}
		for _, m := range o.Markings() {
			if t, ok := TLPOf(m.ID); ok && t != h.TLP {
				f := marked(o, Contradicts, "tlp: "+string(t)+" ≠ "+string(h.TLP))
				f.Path = m.Path
				findings = append(findings, f)
			}
		}
	}
	return findings
}

// statement returns what a statement marking states, or "".
func (o *Object) statement() string {
	if o.Type != "marking-definition" {
		return ""
	}
	if d := o.root.get("definition"); d != nil {
		return d.str("statement")
	}
	return ""
}

// differences compares two handlings field by field; lists are sets.
func differences(o *Object, want, got entente.Handling) []Finding {
	var findings []Finding
	had := map[string]string{}
	for _, f := range fieldsOf(got) {
		had[f.name] = f.json
	}
	for _, f := range fieldsOf(want) {
		if had[f.name] != f.json {
			findings = append(findings, differs(o, f.name, had[f.name], f.json))
		}
		delete(had, f.name)
	}
	for _, f := range fieldsOf(got) { // what is left, in order
		if _, left := had[f.name]; left {
			findings = append(findings, differs(o, f.name, f.json, ""))
		}
	}
	return findings
}

func differs(o *Object, name, got, want string) Finding {
	f := marked(o, Contradicts, name+": "+dash(got)+" ≠ "+dash(want))
	f.Path = "extensions." + ExtensionHandling + "." + name
	return f
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// InStep holds the markings of a released bundle against the handling of its
// release: nothing contradicts it, there is one handling marking, and every object
// carries the TLP marking, the handling marking and the statement. A receiver asks
// this of what arrives; a sender, of what leaves.
func InStep(objects []*Object, h entente.Handling) []Finding {
	_, findings := HandlingFrom(objects)
	findings = append(findings, Contradictions(objects, h)...)
	handling, statement := "", ""
	for _, o := range objects {
		switch {
		case o.handlingExtension() != nil:
			handling = o.ID
		case o.statement() == statementOf(h):
			statement = o.ID
		}
	}
	tlp := ""
	for _, p := range tlp2 {
		if p.tlp == h.TLP {
			tlp = p.id
		}
	}
	for _, o := range objects {
		if exempt(o) {
			continue
		}
		for _, id := range []string{tlp, handling, statement} {
			if !o.markedWith(id) {
				findings = append(findings, marked(o, Unmarked, dash(id)))
			}
		}
	}
	return findings
}

func (o *Object) markedWith(id string) bool {
	if refs := o.root.get("object_marking_refs"); refs != nil {
		for i := range refs.kids {
			if refs.kids[i].text == id {
				return true
			}
		}
	}
	return false
}

// Mark returns the objects marked for a release under h: markings are added to
// object_marking_refs and the marking definitions to the end. A marked object is a
// new version of it (sections 3.6, 7.2.2): its modified becomes at, or the next
// millisecond where it is later; every other byte stays. Objects already in step are
// returned as they are. When markings contradict h, the findings say so and
// nothing is marked.
func Mark(objects []*Object, h entente.Handling, creator string, at time.Time) ([]*Object, []Finding, error) {
	if findings := Contradictions(objects, h); len(findings) > 0 {
		return nil, findings, nil
	}
	if len(InStep(objects, h)) == 0 {
		return objects, nil, nil
	}
	markings, err := MarkingsFor(h, creator, at)
	if err != nil {
		return nil, nil, err
	}
	// A marking that says the same is used again rather than said twice.
	there := map[string]bool{}
	for _, o := range objects {
		there[o.ID] = true
		if o.handlingExtension() != nil {
			markings[2] = o
		}
		if o.statement() == statementOf(h) {
			markings[1] = o
		}
	}
	var out []*Object
	for _, o := range objects {
		if !exempt(o) {
			if o, err = o.withMarkings(markings[:3], at); err != nil {
				return nil, nil, err
			}
		}
		out = append(out, o)
	}
	for _, m := range markings {
		if !there[m.ID] {
			out = append(out, m)
		}
	}
	return out, nil, nil
}

// withMarkings returns a version of the object with more markings.
func (o *Object) withMarkings(markings []*Object, at time.Time) (*Object, error) {
	marked := o
	for _, m := range markings {
		var err error
		if marked, err = marked.withMarking(m.ID); err != nil {
			return nil, err
		}
	}
	if marked == o || !o.Modified.Valid() {
		return marked, nil
	}
	if was := o.Modified.Time(); !at.After(was) {
		at = was.Add(time.Millisecond).Truncate(time.Millisecond)
	}
	n := marked.root.get("modified")
	return marked.replaced(n.start, n.end, quote(string(TimestampOf(at))))
}

// withMarking returns the object with one more marking.
func (o *Object) withMarking(id string) (*Object, error) {
	if o.markedWith(id) {
		return o, nil
	}
	at, insert := o.root.end-1, `,"object_marking_refs":["`+id+`"]`
	if len(o.root.kids) == 0 {
		insert = insert[1:]
	}
	if refs := o.root.get("object_marking_refs"); refs != nil && refs.kind == kindArray {
		at, insert = refs.end-1, `,"`+id+`"`
		if len(refs.kids) == 0 {
			insert = insert[1:]
		}
	}
	return o.replaced(at, at, insert)
}

// replaced returns the object with a part of its text replaced.
func (o *Object) replaced(begin, end int32, by string) (*Object, error) {
	return Parse([]byte(o.raw[:begin-o.root.start] + by + o.raw[end-o.root.start:]))
}
