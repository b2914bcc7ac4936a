package stix

import (
	"fmt"
	"strconv"
	"strings"
)

// Object is one STIX object, or a bundle or TAXII envelope without its objects. It
// does not change.
type Object struct {
	// Type, ID and SpecVersion are as stated, or empty where they are not strings
	// or not there, which the validator reports.
	Type, ID, SpecVersion string
	// Created and Modified are as stated, to the last digit. Cyber-observable objects
	// have neither; marking definitions have no Modified.
	Created, Modified Timestamp
	Revoked           bool
	raw               string
	root              node
}

// Raw returns the exact JSON of the object.
func (o *Object) Raw() string { return o.raw }

// MarshalJSON returns the exact JSON of the object.
func (o *Object) MarshalJSON() ([]byte, error) { return []byte(o.raw), nil }

// Version returns what tells versions of an object apart: modified, or created
// where an object type has no modified, or empty for one that has neither (TAXII
// 2.1, section 3.4.1 calls for the time of adding then).
func (o *Object) Version() Timestamp {
	if o.Modified != "" {
		return o.Modified
	}
	return o.Created
}

// Text returns the string property with this name, or "".
func (o *Object) Text(property string) string { return o.root.str(property) }

// CreatedBy returns the identity that created the object, or "".
func (o *Object) CreatedBy() string { return o.root.str("created_by_ref") }

// Ref is a reference from an object to another.
type Ref struct {
	Path string // as in object_refs.[2]
	ID   string
}

// Refs returns every reference of the object in document order: the strings of
// each property, at any depth and in extensions, whose name ends in _ref or _refs
// (section 3.1).
func (o *Object) Refs() []Ref {
	var refs []Ref
	walkRefs(&o.root, "", func(path, id string) { refs = append(refs, Ref{path, id}) })
	return refs
}

// Targets returns what Refs does without the paths, for callers in a hurry.
func (o *Object) Targets() []string {
	var ids []string
	targets(&o.root, &ids)
	return ids
}

func targets(n *node, ids *[]string) {
	for i := range n.kids {
		k := &n.kids[i]
		one, many := refName(k.key)
		switch {
		case one && k.kind == kindString:
			*ids = append(*ids, k.text)
		case many && k.kind == kindArray:
			for j := range k.kids {
				if k.kids[j].kind == kindString {
					*ids = append(*ids, k.kids[j].text)
				}
			}
		}
		if k.kind >= kindArray {
			targets(k, ids)
		}
	}
}

// refName says whether a property of this name holds one reference, or a list.
func refName(key string) (one, many bool) {
	return strings.HasSuffix(key, "_ref"), strings.HasSuffix(key, "_refs")
}

func walkRefs(n *node, path string, found func(path, id string)) {
	for i := range n.kids {
		k := &n.kids[i]
		at := join(path, k.key, i)
		one, many := refName(k.key)
		if one && k.kind == kindString {
			found(at, k.text)
		}
		for j := range k.kids {
			if many && k.kind == kindArray && k.kids[j].kind == kindString {
				found(join(at, "", j), k.kids[j].text)
			}
		}
		if k.kind >= kindArray {
			walkRefs(k, at, found)
		}
	}
}

// join extends a path by a member or, where it has no name, by an item.
func join(path, key string, i int) string {
	if key == "" {
		key = "[" + strconv.Itoa(i) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// Markings returns the marking definitions that apply to the object or to parts
// of it: object_marking_refs, then granular_markings (sections 7.2.2, 7.2.3).
func (o *Object) Markings() []Ref {
	var refs []Ref
	for _, r := range o.Refs() {
		if strings.HasPrefix(r.Path, "object_marking_refs.") {
			refs = append(refs, r)
		}
	}
	for _, r := range o.Refs() {
		if strings.HasPrefix(r.Path, "granular_markings.") && strings.HasSuffix(r.Path, ".marking_ref") {
			refs = append(refs, r)
		}
	}
	return refs
}

// Extensions returns the keys of the object's extensions in document order: ids of
// extension definitions, and names of the standard's own such as archive-ext.
func (o *Object) Extensions() []string {
	var keys []string
	if ext := o.root.get("extensions"); ext != nil {
		for i := range ext.kids {
			keys = append(keys, ext.kids[i].key)
		}
	}
	return keys
}

// Limits bound what is read.
type Limits struct {
	Object  int   // bytes of one object
	Objects int   // objects of a bundle
	Total   int64 // bytes of a bundle
	Depth   int   // nesting
}

// DefaultLimits are generous for what agencies exchange: a larger content travels
// as a file, not in a bundle.
var DefaultLimits = Limits{Object: 16 << 20, Objects: 1_000_000, Total: 1_100_000_000, Depth: 32}

// Parse reads one object, within DefaultLimits. The error is an [*Error].
func Parse(b []byte) (*Object, error) {
	var p parser
	return p.object(string(b), DefaultLimits)
}

func (p *parser) object(doc string, lim Limits) (*Object, error) {
	if len(doc) > lim.Object {
		return nil, &Error{CodeSize, int64(lim.Object), fmt.Sprintf("the object is larger than %d bytes", lim.Object)}
	}
	root, err := p.parse(doc, lim.Depth)
	if err != nil {
		return nil, err
	}
	if root.kind != kindObject {
		return nil, &Error{CodeShape, int64(root.start), "a STIX object is a JSON object"}
	}
	o := &Object{raw: doc[root.start:root.end], root: root}
	for i := range root.kids {
		switch k := &root.kids[i]; {
		case k.kind == kindTrue && k.key == "revoked":
			o.Revoked = true
		case k.kind != kindString:
		case k.key == "type":
			o.Type = k.text
		case k.key == "id":
			o.ID = k.text
		case k.key == "spec_version":
			o.SpecVersion = k.text
		case k.key == "created":
			o.Created = Timestamp(k.text)
		case k.key == "modified":
			o.Modified = Timestamp(k.text)
		}
	}
	return o, nil
}
