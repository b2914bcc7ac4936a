package stix

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// sample returns an object of a type with every property that can stand beside the
// others, made from the table.
func sample(t testing.TB, typ string) map[string]any {
	t.Helper()
	def := table().types[typ]
	if def == nil {
		t.Fatalf("no type %s", typ)
	}
	m := samplePart(def)
	m["type"], m["spec_version"], m["id"] = typ, "2.1", sampleID(typ)
	if typ == "marking-definition" { // which may not mark itself
		m["id"] = "marking-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"
	}
	if m["granular_markings"] != nil {
		m["granular_markings"] = []any{map[string]any{"marking_ref": sampleID("marking-definition"), "selectors": []any{"id", "type"}}}
	}
	for name, k := range known {
		if k.on == typ && k.kind == "new-sco" {
			m["extensions"] = map[string]any{name: map[string]any{"extension_type": "new-sco"}}
		}
	}
	switch typ {
	case "bundle":
		delete(m, "objects")
		delete(m, "spec_version")
	case "email-message":
		m["is_multipart"] = true
		delete(m, "body")
	case "network-traffic":
		m["is_active"] = false
	case "marking-definition":
		m["definition_type"], m["definition"] = "statement", map[string]any{"statement": "Example"}
	case "extension-definition":
		m["extension_types"] = []any{"toplevel-property-extension"}
		delete(m, "extensions")
	}
	return m
}

// samplePart fills the properties of a row, and keeps its rules.
func samplePart(def *typeDef) map[string]any {
	m := map[string]any{}
	for i, p := range def.order {
		if v := sampleValue(p.kind, p.name, i); v != nil {
			m[p.name] = v
		}
	}
	for _, r := range def.rules {
		if r.verb == "one" {
			for _, name := range r.names[:1] {
				delete(m, name)
			}
		}
		if r.verb == "deprecated" {
			for _, name := range r.names {
				delete(m, name)
			}
		}
	}
	if def.name == "artifact" {
		delete(m, "payload_bin")
	}
	return m
}

func sampleID(typ string) string {
	version := "4"
	if class(typ) == "sco" {
		version = "5"
	}
	return typ + "--a9a8f1c2-0d3b-" + version + "e6f-8a7c-5b4d3e2f1a09"
}

var sampleForms = map[string]string{
	"agency": "FGR", "bin": "VGVzdA==", "charset": "windows-1252", "code": "investigation", "country": "MX",
	"cpe": `cpe:2.3:a:microsoft:word:2000:*:*:*:*:*:*:*`, "currency": "MXN", "date": "2025-10-05", "domain": "example.com", "email": "jane@example.com",
	"hex": "ffd8", "imo": "9074729", "ipv4": "198.51.100.0/24", "ipv6": "2001:db8::1", "lang": "es-MX", "language": "eng",
	"mac": "d2:fb:49:24:37:18", "mime": "application/zip", "mmsi": "000000001", "property": "my_property",
	"registry-key": `HKEY_LOCAL_MACHINE\System\Foo`, "relationship": "related-to", "semver": "1.2.1", "territory": "MX", "url": "https://example.com/a?b=c#d",
}

// sampleValue returns a value of a kind, or nil where nothing may stand.
func sampleValue(k *valueKind, name string, i int) any {
	switch k.op {
	case opString:
		return "Example " + name
	case opBool:
		return true
	case opInt:
		return json.Number("1")
	case opFloat:
		return json.Number("1.5")
	case opTime:
		if k.decimals < 0 {
			return fmt.Sprintf("2025-01-%02dT00:00:00Z", 1+i%28)
		}
		return fmt.Sprintf("2025-%02d-%02dT00:00:00.%03dZ", 1+i/28, 1+i%28, i)
	case opList:
		return []any{sampleValue(k.elem, name, i)}
	case opRef:
		return sampleID(sampleRef(k.refs[0]))
	case opEnum, opVocab:
		var values []string
		for v := range k.values {
			values = append(values, v)
		}
		return slices.Min(values)
	case opDict:
		return sampleDict(k, name)
	case opPart:
		return samplePart(k.part)
	case opForm:
		return sampleForms[k.form.name]
	case opHashes:
		return map[string]any{"SHA-256": strings.Repeat("a1", 32), "MD5": strings.Repeat("b2", 16)}
	case opContents:
		return map[string]any{"es-MX": map[string]any{"name": "Ejemplo"}}
	case opObject:
		return map[string]any{"statement": "Example"}
	case opExtensions:
		return map[string]any{"extension-definition--d83fce45-ef58-4c6c-a3f4-1fbc32e98c6e": map[string]any{"extension_type": "property-extension", "rank": json.Number("5")}}
	case opNonEmpty:
		return []any{map[string]any{}}
	case opObservables:
		return map[string]any{"0": map[string]any{"type": "mutex", "id": sampleID("mutex"), "name": "example"}}
	}
	return nil
}

func sampleRef(r string) string {
	if strings.HasPrefix(r, "@") {
		return map[string]string{"@thing": "campaign", "@sdo": "campaign", "@sco": "file", "@observed": "file", "@any": "campaign", "@content": "campaign"}[r]
	}
	return r
}

func sampleDict(k *valueKind, name string) any {
	switch name {
	case "exif_tags":
		return map[string]any{"XResolution": json.Number("4928"), "Make": "Example"}
	case "options":
		return map[string]any{"SO_KEEPALIVE": json.Number("1")}
	case "startup_info":
		return map[string]any{"cb": json.Number("1"), "lpTitle": "Example"}
	case "additional_header_fields":
		return map[string]any{"Reply-To": []any{"a@example.com", "b@example.com"}, "X-Mailer": "Example"}
	case "ipfix":
		return map[string]any{"minimumIpTotalLength": json.Number("32"), "note": "Example"}
	}
	return map[string]any{"Key": sampleValue(k.elem, name, 1)}
}

// allSamples are a sample of every type, and of every type with each of the
// standard's own extensions.
func allSamples(t testing.TB) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	for typ := range table().types {
		if typ != "bundle" {
			all[typ] = sample(t, typ)
		}
	}
	for name, part := range table().parts {
		if part.class == "ext" {
			m := sample(t, part.on)
			m["extensions"] = map[string]any{name: samplePart(part)}
			all[part.on+" "+name] = m
		}
	}
	m := sample(t, "observed-data")
	delete(m, "object_refs")
	m["objects"] = map[string]any{
		"0": map[string]any{"type": "mutex", "id": sampleID("mutex"), "name": "example"},
		"1": map[string]any{"type": "file", "id": sampleID("file"), "name": "example", "parent_directory_ref": "2"},
		"2": map[string]any{"type": "directory", "id": sampleID("directory"), "path": "/example"},
	}
	all["observed-data objects"] = m
	m = sample(t, "artifact")
	delete(m, "url")
	m["payload_bin"] = "VGVzdA=="
	all["artifact payload_bin"] = m
	return all
}

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestEveryPropertyOfEveryTypeIsAccepted also holds the table against itself: its
// rules contradict no object that has everything.
func TestEveryPropertyOfEveryTypeIsAccepted(t *testing.T) {
	for name, m := range allSamples(t) {
		o := parse(t, encode(t, m))
		for _, f := range Validate(o) {
			if f.Severity == SeverityError {
				t.Errorf("%s: %s\n%s", name, f, o.Raw())
			}
		}
	}
}
