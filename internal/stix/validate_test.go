package stix

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

type object = map[string]any

// TestRules has a case for every rule that refuses or warns: a sample of a type,
// one edit, and the finding.
func TestRules(t *testing.T) {
	identity2 := "identity--b9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"
	cases := []struct {
		typ      string
		edits    object
		code     Code
		path     string
		severity Severity
	}{
		// Section 2: data types.
		{"artifact payload_bin", object{"payload_bin": "VGVzdA="}, Format, "payload_bin", SeverityError},
		{"campaign", object{"revoked": "true"}, WrongType, "revoked", SeverityError},
		{"campaign", object{"x_hidden_hex": "abc"}, Format, "x_hidden_hex", SeverityError},
		{"campaign", object{"x_hidden_bin": 1}, WrongType, "x_hidden_bin", SeverityError},
		{"file", object{"magic_number_hex": "FFD8"}, Format, "magic_number_hex", SeverityWarning},
		{"file", object{"hashes": object{}}, Empty, "hashes", SeverityError},
		{"file", object{"hashes": object{"MD5": "zz"}}, Format, "hashes.MD5", SeverityError},
		{"file", object{"hashes": object{"x_foo_hash": "aa"}}, NotInVocab, "hashes.x_foo_hash", SeverityWarning},
		{"file", object{"hashes": object{"a!": "aa"}}, BadName, "hashes.a!", SeverityError},
		{"file", object{"hashes": object{"SHA-1": 1}}, WrongType, "hashes.SHA-1", SeverityError},
		{"process", object{"environment_variables": object{"a b": "c"}}, BadName, "environment_variables.a b", SeverityError},
		{"campaign", object{"external_references": []any{object{"source_name": "x"}}}, AnyOf, "external_references.[0]", SeverityError},
		{"campaign", object{"external_references": []any{object{"source_name": "x", "url": "no url"}}}, Format, "external_references.[0].url", SeverityError},
		{"campaign", object{"external_references": []any{object{"source_name": "x", "url": "https://example.com", "hashes": object{"x_foo": "b"}}}}, NotInEnum, "external_references.[0].hashes.x_foo", SeverityError},
		{"campaign", object{"external_references": []any{object{"source_name": "cve", "external_id": "2020"}}}, Format, "external_references.[0].external_id", SeverityError},
		{"campaign", object{"external_references": []any{object{"source_name": "x", "external_id": "CAPEC-1"}}}, Format, "external_references.[0].source_name", SeverityError},
		{"attack-pattern", object{"kill_chain_phases": []any{object{"phase_name": "x"}}}, Missing, "kill_chain_phases.[0].kill_chain_name", SeverityError},
		{"campaign", object{"aliases": []any{}}, Empty, "aliases", SeverityError},
		{"campaign", object{"aliases": []any{1}}, WrongType, "aliases.[0]", SeverityError},
		{"campaign", object{"confidence": 101}, Range, "confidence", SeverityError},
		{"campaign", object{"confidence": 50.5}, WrongType, "confidence", SeverityError},
		{"autonomous-system", object{"number": 9007199254740993}, Range, "number", SeverityError},
		{"campaign", object{"first_seen": "2025-02-30T00:00:00Z"}, BadTime, "first_seen", SeverityError},
		{"campaign", object{"first_seen": "2025-02-03T00:00:00+00:00"}, BadTime, "first_seen", SeverityError},
		{"campaign", object{"first_seen": "2025-02-03T00:00:00.Z"}, BadTime, "first_seen", SeverityError},
		// Section 2.9: identifiers.
		{"campaign", object{"id": "campaign--1"}, BadID, "id", SeverityError},
		{"campaign", object{"id": "campaign--a9a8f1c2-0d3b-7e6f-8a7c-5b4d3e2f1a09"}, BadID, "id", SeverityError},
		{"campaign", object{"id": "campaign--a9a8f1c2-0d3b-4e6f-0a7c-5b4d3e2f1a09"}, BadID, "id", SeverityError},
		{"campaign", object{"id": "tool--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}, IDType, "id", SeverityError},
		{"campaign", object{"id": "campaign--a9a8f1c2-0d3b-1e6f-8a7c-5b4d3e2f1a09"}, IDKind, "id", SeverityWarning},
		{"campaign", object{"id": "campaign--A9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}, IDKind, "id", SeverityWarning},
		{"url", object{"id": "url--a9a8f1c2-0d3b-1e6f-8a7c-5b4d3e2f1a09"}, IDKind, "id", SeverityWarning},
		{"url", object{"id": "url--a9a8f1c2-0d3b-5e6f-8a7c-5b4d3e2f1a09"}, SCOID, "id", SeverityWarning},
		{"campaign", object{"created_by_ref": "x"}, BadID, "created_by_ref", SeverityError},
		{"campaign", object{"created_by_ref": sampleID("tool")}, RefType, "created_by_ref", SeverityError},
		// Section 3: names, common properties, versions.
		{"campaign", object{"Bad": "x"}, BadName, "Bad", SeverityError},
		{"campaign", object{"xy": "x"}, BadName, "xy", SeverityError},
		{"campaign", object{"unheard_of": "x"}, Unknown, "unheard_of", SeverityWarning},
		{"campaign", object{"x_null": nullValue{}}, Empty, "x_null", SeverityError},
		{"campaign", object{"severity": "x"}, Reserved, "severity", SeverityError},
		{"campaign", object{"phone_number": "x"}, Reserved, "phone_number", SeverityError},
		{"campaign", object{"spec_version": nil}, Missing, "spec_version", SeverityError},
		{"campaign", object{"spec_version": "2.0"}, SpecVersion, "spec_version", SeverityError},
		{"campaign", object{"created": "2025-01-01T00:00:00Z"}, Precision, "created", SeverityError},
		{"campaign", object{"modified": "2024-01-01T00:00:00.000Z"}, TimeOrder, "modified", SeverityError},
		{"campaign", object{"defanged": true}, Forbidden, "defanged", SeverityError},
		{"url", object{"created": "2025-01-01T00:00:00.000Z"}, Forbidden, "created", SeverityWarning},
		{"campaign", object{"lang": "spanish!"}, Format, "lang", SeverityError},
		{"campaign", object{"object_marking_refs": []any{identity2}}, RefType, "object_marking_refs.[0]", SeverityError},
		{"file", object{"name": nil}, Needs, "name_enc", SeverityError},
		// Section 4: domain objects.
		{"campaign", object{"last_seen": "2001-01-01T00:00:00Z"}, TimeOrder, "last_seen", SeverityError},
		{"campaign", object{"name": nil}, Missing, "name", SeverityError},
		{"grouping", object{"context": "x"}, NotInVocab, "context", SeverityWarning},
		{"grouping", object{"object_refs": []any{"bundle--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}}, RefType, "object_refs.[0]", SeverityError},
		{"indicator", object{"pattern": "[file:name = 'a'", "pattern_type": "stix"}, BadPattern, "pattern", SeverityError},
		{"indicator", object{"pattern": "file:name = 'a'", "pattern_type": "stix"}, BadPattern, "pattern", SeverityError},
		{"indicator", object{"pattern": "[file:name = 'a]", "pattern_type": "stix"}, BadPattern, "pattern", SeverityError},
		{"indicator", object{"pattern": "[(a])", "pattern_type": "stix"}, BadPattern, "pattern", SeverityError},
		{"indicator", object{"valid_until": "2001-01-01T00:00:00Z"}, TimeOrder, "valid_until", SeverityError},
		{"location", object{"longitude": nil}, Together, "", SeverityError},
		{"location", object{"longitude": nil, "latitude": nil}, Needs, "precision", SeverityError},
		{"location", object{"longitude": nil, "latitude": nil, "precision": nil, "region": nil, "country": nil}, AnyOf, "", SeverityError},
		{"location", object{"latitude": 91}, Range, "latitude", SeverityError},
		{"location", object{"country": "Mexico"}, Format, "country", SeverityWarning},
		{"malware", object{"name": nil}, Missing, "name", SeverityError},
		{"malware", object{"sample_refs": []any{sampleID("url")}}, RefType, "sample_refs.[0]", SeverityError},
		{"malware-analysis", object{"result": nil, "analysis_sco_refs": nil}, AnyOf, "", SeverityError},
		{"malware-analysis", object{"analysis_sco_refs": []any{sampleID("tool")}}, RefType, "analysis_sco_refs.[0]", SeverityError},
		{"observed-data", object{"number_observed": 0}, Range, "number_observed", SeverityError},
		{"observed-data", object{"object_refs": nil}, OneOf, "", SeverityError},
		{"observed-data", object{"object_refs": []any{sampleID("campaign")}}, RefType, "object_refs.[0]", SeverityError},
		{"observed-data", object{"object_refs": []any{sampleID("sighting")}}, RefType, "object_refs", SeverityError},
		{"observed-data", object{"last_observed": "2001-01-01T00:00:00Z"}, TimeOrder, "last_observed", SeverityError},
		{"observed-data objects", object{}, Deprecated, "", SeverityWarning},
		{"observed-data objects", object{"objects": object{"0": object{"type": "tool", "id": sampleID("tool")}}}, RefType, "objects.0", SeverityError},
		{"observed-data objects", object{"objects": object{"0": object{"type": "file", "id": sampleID("file"), "name": "x", "parent_directory_ref": "7"}}}, BadID, "objects.0.parent_directory_ref", SeverityError},
		{"observed-data objects", object{"objects": object{"0": object{"type": "mutex", "id": sampleID("file"), "name": "x"}}}, IDType, "objects.0", SeverityError},
		{"observed-data objects", object{"objects": object{"0": "x"}}, WrongType, "objects.0", SeverityError},
		{"observed-data objects", object{"objects": object{"0": object{"type": "mutex", "id": sampleID("mutex"), "name": "x", "action": "x"}}}, Reserved, "objects.0.action", SeverityError},
		{"opinion", object{"opinion": "yes"}, NotInEnum, "opinion", SeverityError},
		{"report", object{"report_types": []any{"x"}}, NotInVocab, "report_types.[0]", SeverityWarning},
		// Section 5: relationships.
		{"relationship", object{"source_ref": sampleID("sighting")}, RefType, "source_ref", SeverityError},
		{"relationship", object{"target_ref": sampleID("marking-definition")}, RefType, "target_ref", SeverityError},
		{"relationship", object{"relationship_type": "Uses It"}, Format, "relationship_type", SeverityError},
		{"relationship", object{"relationship_type": "uses", "source_ref": sampleID("tool"), "target_ref": sampleID("campaign")}, Relationship, "", SeverityWarning},
		{"relationship", object{"stop_time": "2001-01-01T00:00:00Z"}, TimeOrder, "stop_time", SeverityError},
		{"sighting", object{"sighting_of_ref": sampleID("file")}, RefType, "sighting_of_ref", SeverityError},
		{"sighting", object{"where_sighted_refs": []any{sampleID("tool")}}, RefType, "where_sighted_refs.[0]", SeverityError},
		{"sighting", object{"count": -1}, Range, "count", SeverityError},
		// Section 6: observables.
		{"artifact", object{"payload_bin": "VGVzdA=="}, OneOf, "", SeverityError},
		{"artifact", object{"hashes": nil}, Needs, "url", SeverityError},
		{"artifact", object{"encryption_algorithm": nil}, Needs, "decryption_key", SeverityError},
		{"domain-name", object{"value": "-example..com"}, Format, "value", SeverityError},
		{"email-addr", object{"value": "Jane <jane@example.com>"}, Format, "value", SeverityError},
		{"email-message", object{"body": "x"}, Forbidden, "body", SeverityError},
		{"email-message", object{"is_multipart": false}, Forbidden, "body_multipart", SeverityError},
		{"email-message", object{"body_multipart": []any{object{"content_type": "x"}}}, OneOf, "body_multipart.[0]", SeverityError},
		{"email-message", object{"additional_header_fields": object{"subject": "x"}}, Forbidden, "additional_header_fields.subject", SeverityError},
		{"email-message", object{"additional_header_fields": object{"X-A": []any{"x"}}}, WrongType, "additional_header_fields.X-A", SeverityError},
		{"file", object{"size": -1}, Range, "size", SeverityError},
		{"file", object{"hashes": nil, "name": nil, "name_enc": nil}, AnyOf, "", SeverityError},
		{"file ntfs-ext", object{"extensions": object{"ntfs-ext": object{"alternate_data_streams": []any{object{"size": 1}}}}}, Missing, "extensions.ntfs-ext.alternate_data_streams.[0].name", SeverityError},
		{"file", object{"extensions": object{"windows-pebinary-ext": object{"pe_type": "dll", "time_date_stamp": "2025-01-01T00:00:00.1Z"}}}, Precision, "extensions.windows-pebinary-ext.time_date_stamp", SeverityError},
		{"file", object{"extensions": object{"windows-pebinary-ext": object{"pe_type": "dll", "optional_header": object{"magic": "x"}}}}, Forbidden, "extensions.windows-pebinary-ext.optional_header.magic", SeverityError},
		{"file", object{"extensions": object{"raster-image-ext": object{"exif_tags": object{"lower": 1}}}}, BadName, "extensions.raster-image-ext.exif_tags.lower", SeverityError},
		{"ipv4-addr", object{"value": "300.1.1.1"}, Format, "value", SeverityError},
		{"ipv6-addr", object{"value": "1.2.3.4"}, Format, "value", SeverityError},
		{"mac-addr", object{"value": "D2:FB:49:24:37:18"}, Format, "value", SeverityError},
		{"network-traffic", object{"is_active": true}, Forbidden, "end", SeverityError},
		{"network-traffic", object{"src_port": 65536}, Range, "src_port", SeverityError},
		{"network-traffic", object{"src_ref": nil, "dst_ref": nil}, AnyOf, "", SeverityError},
		{"network-traffic", object{"ipfix": object{"x": []any{1}}}, WrongType, "ipfix.x", SeverityError},
		{"network-traffic", object{"extensions": object{"socket-ext": object{"address_family": "AF_INET", "options": object{"X": 1}}}}, BadName, "extensions.socket-ext.options.X", SeverityError},
		{"process", object{"extensions": object{"windows-process-ext": object{"startup_info": object{"cb": "x"}}}}, WrongType, "extensions.windows-process-ext.startup_info.cb", SeverityError},
		{"process", object{"extensions": object{"windows-process-ext": object{"startup_info": object{"other": "x"}}}}, Forbidden, "extensions.windows-process-ext.startup_info.other", SeverityError},
		{"software", object{"cpe": "cpe:/a:x"}, Format, "cpe", SeverityError},
		{"windows-registry-key", object{"key": `HKLM\System`}, Format, "key", SeverityError},
		{"x509-certificate", object{"validity_not_after": "2001-01-01T00:00:00Z"}, TimeOrder, "validity_not_after", SeverityError},
		// Section 7: meta objects.
		{"language-content", object{"contents": object{"de": object{}}}, Empty, "contents.de", SeverityError},
		{"language-content", object{"contents": object{"no_lang": object{"name": "x"}}}, Format, "contents.no_lang", SeverityError},
		{"language-content", object{"contents": object{"de": "x"}}, WrongType, "contents.de", SeverityError},
		{"language-content", object{"lang": "de"}, Forbidden, "lang", SeverityError},
		{"language-content", object{"object_ref": sampleID("language-content")}, RefType, "object_ref", SeverityError},
		{"marking-definition", object{"modified": "2025-01-01T00:00:00.000Z"}, Forbidden, "modified", SeverityError},
		{"marking-definition", object{"definition": object{"x": "y"}}, Needs, "definition", SeverityError},
		{"marking-definition", object{"definition": nil, "definition_type": nil, "extensions": nil}, Missing, "definition", SeverityError},
		{"marking-definition", object{"definition_type": "house-rule"}, Deprecated, "definition_type", SeverityWarning},
		{"marking-definition", object{"definition_type": "tlp", "definition": object{"tlp": "red"}}, Marking, "id", SeverityError},
		{"marking-definition", object{"object_marking_refs": []any{"marking-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"}}, RefType, "object_marking_refs.[0]", SeverityError},
		{"marking-definition", object{"id": tlp2[4].id}, Marking, "", SeverityError},
		{"campaign", object{"granular_markings": []any{object{"selectors": []any{"nothing"}, "marking_ref": sampleID("marking-definition")}}}, Selector, "granular_markings.[0].selectors.[0]", SeverityError},
		{"campaign", object{"granular_markings": []any{object{"selectors": []any{"aliases.[9]"}, "marking_ref": sampleID("marking-definition")}}}, Selector, "granular_markings.[0].selectors.[0]", SeverityError},
		{"campaign", object{"granular_markings": []any{object{"selectors": []any{"name"}}}}, OneOf, "granular_markings.[0]", SeverityError},
		{"campaign", object{"granular_markings": []any{object{"selectors": []any{"name"}, "lang": "es"}}}, Missing, "granular_markings.[0].marking_ref", SeverityError},
		{"extension-definition", object{"created_by_ref": nil}, Missing, "created_by_ref", SeverityError},
		{"extension-definition", object{"extension_types": []any{"new-sdo"}}, Forbidden, "extension_properties", SeverityError},
		{"extension-definition", object{"extension_types": []any{"new"}}, NotInEnum, "extension_types.[0]", SeverityError},
		{"extension-definition", object{"version": "one"}, Format, "version", SeverityWarning},
		{"campaign", object{"extensions": object{"archive-ext": object{"x": "y"}}}, Extension, "extensions.archive-ext", SeverityError},
		{"campaign", object{"extensions": object{"mine": object{"x": "y"}}}, Extension, "extensions.mine", SeverityError},
		{"campaign", object{"extensions": object{"my-own-ext": object{"abc": "y"}}}, Deprecated, "extensions.my-own-ext", SeverityWarning},
		{"campaign", object{"extensions": object{"extension-definition--1": object{"extension_type": "new-sdo"}}}, BadID, "extensions.extension-definition--1", SeverityError},
		{"campaign", object{"extensions": object{ExtensionFirearm: object{"extension_type": "new-sco"}}}, Extension, "extensions." + ExtensionFirearm, SeverityError},
		{"campaign", object{"extensions": object{sampleID("extension-definition"): object{"rank": 1}}}, NotInEnum, "extensions." + sampleID("extension-definition") + ".extension_type", SeverityError},
		{"campaign", object{"extensions": object{}}, Empty, "extensions", SeverityError},
		{"campaign", object{"extensions": object{"my-own-ext": object{}}}, Empty, "extensions.my-own-ext", SeverityError},
		{"campaign", object{"extensions": object{"my-own-ext": "x"}}, WrongType, "extensions.my-own-ext", SeverityError},
		// Section 11, and ours.
		{"campaign", object{"type": "x-thing", "id": sampleID("x-thing")}, Deprecated, "type", SeverityWarning},
		{"campaign", object{"type": "Thing"}, BadName, "type", SeverityError},
		{"campaign", object{"type": "action"}, Reserved, "type", SeverityError},
		{"campaign", object{"type": "x-thing", "id": sampleID("x-thing"), "modified": nil}, Missing, "modified", SeverityError},
		{"firearm", object{"extensions": nil}, Needs, "extensions", SeverityError},
		{"firearm", object{"firearm_type": "cannon"}, NotInVocab, "firearm_type", SeverityWarning},
		{"vessel", object{"mmsi": "12"}, Format, "mmsi", SeverityError},
		{"financial-account", object{"account_number": nil, "institution": nil}, AnyOf, "", SeverityError},
	}
	samples := allSamples(t)
	seen := map[Code]bool{}
	for _, c := range cases {
		if samples[c.typ] == nil {
			t.Fatalf("no sample %q", c.typ)
		}
		o := edited(t, encode(t, samples[c.typ]), c.edits)
		if got := Validate(o); !has(got, c.code, c.path, c.severity) {
			t.Errorf("%s %v: want %s %s at %q, got %s", c.typ, c.edits, c.severity, c.code, c.path, listing(got))
		}
		seen[c.code] = true
	}
	elsewhere := map[Code]bool{Repeated: true, Unmarked: true, Contradicts: true, NoHandling: true, TwoHandlings: true}
	for code := range messages {
		if !seen[code] && !elsewhere[code] {
			t.Errorf("no case for %s", code)
		}
	}
}

// nullValue encodes as null, which nil means to leave out.
type nullValue struct{}

func (nullValue) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

func TestWhatIsWellIsAccepted(t *testing.T) {
	samples := allSamples(t)
	for _, c := range []struct {
		typ   string
		edits object
	}{
		{"campaign", object{"first_seen": "2016-12-31T23:59:60Z", "last_seen": nil}},
		{"campaign", object{"first_seen": "2025-01-01T00:00:00.1234567890123Z", "last_seen": "2025-01-01T00:00:00.12345678901231Z"}},
		{"campaign", object{"first_seen": "2025-01-01T00:00:00.1Z", "last_seen": "2025-01-01T00:00:00.100Z"}},
		{"campaign", object{"x_mx_custom": object{"deep": []any{1, "two"}}}},
		{"campaign", object{"toxicity": 8, "extensions": object{sampleID("extension-definition"): object{"extension_type": "toplevel-property-extension"}}}},
		{"indicator", object{"pattern": `([file:name = 'it\'s ]'] AND [a:b = 1]) WITHIN 3 SECONDS`, "pattern_type": "stix"}},
		{"indicator", object{"pattern": "rule x { condition: true }", "pattern_type": "yara"}},
		{"location", object{"latitude": nil, "longitude": nil, "precision": nil, "country": nil, "region": "northern-america"}},
		{"malware", object{"is_family": false, "name": nil}},
		{"relationship", object{"relationship_type": "duplicate-of", "source_ref": sampleID("tool"), "target_ref": sampleID("tool")}},
		{"relationship", object{"relationship_type": "consists-of", "source_ref": sampleID("infrastructure"), "target_ref": sampleID("process")}},
		{"relationship", object{"relationship_type": "owns", "source_ref": sampleID("identity"), "target_ref": sampleID("vessel")}},
		{"sighting", object{"sighting_of_ref": "x-seizure--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}},
		{"file", object{"id": "file--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}},
		{"domain-name", object{"value": "españa.example", "id": "domain-name--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}},
		{"campaign", object{"granular_markings": []any{object{"selectors": []any{"external_references.[0].source_name", "aliases"}, "marking_ref": tlp2[0].id}}}},
	} {
		o := edited(t, encode(t, samples[c.typ]), c.edits)
		for _, f := range Validate(o) {
			if f.Code != NotInVocab {
				t.Errorf("%s %v: %s", c.typ, c.edits, f)
			}
		}
	}
}

func TestPredefinedMarkings(t *testing.T) {
	words := []string{"white", "green", "amber", "red"}
	for i, p := range tlp1 {
		m := object{"type": "marking-definition", "spec_version": "2.1", "id": p.id, "created": p.created, "definition_type": "tlp", "name": p.name, "definition": object{"tlp": words[i]}}
		if f := Validate(parse(t, encode(t, m))); len(f) > 0 {
			t.Errorf("%s: %s", p.name, listing(f))
		}
		m["created"] = "2025-01-20T00:00:00.000Z"
		if f := Validate(parse(t, encode(t, m))); !has(f, Marking, "", SeverityError) {
			t.Errorf("%s of another time: %s", p.name, listing(f))
		}
	}
	for _, p := range tlp2 {
		o, err := tlpMarking(p.tlp)
		if err != nil {
			t.Fatal(err)
		}
		if f := Validate(o); len(f) > 0 {
			t.Errorf("%s: %s", p.name, listing(f))
		}
		if got, ok := TLPOf(o.ID); !ok || got != p.tlp {
			t.Errorf("%s means %s", p.name, got)
		}
		wrong := edited(t, o.Raw(), object{"extensions": object{ExtensionTLP2: object{"extension_type": "property-extension", "tlp_2_0": "purple"}}})
		if f := Validate(wrong); !has(f, NotInEnum, "extensions."+ExtensionTLP2+".tlp_2_0", SeverityError) {
			t.Errorf("purple: %s", listing(f))
		}
	}
}

func TestBundles(t *testing.T) {
	one := examples(t)[0].Raw()
	for _, c := range []struct {
		doc  string
		code Code
		path string
	}{
		{`{"type":"bundle","id":"x"}`, BadID, "id"},
		{`{"type":"bundle","id":"tool--0f4e7a1c-52c3-4b8e-9d2a-6e1b7c9a3f05"}`, IDType, "id"},
		{`{"type":"bundle"}`, Missing, "id"},
		{`{"type":"bundel","id":"` + bundleID + `"}`, WrongType, "type"},
		{`{"type":"bundle","id":"` + bundleID + `","objects":[]}`, Empty, "objects"},
		{`{"type":"bundle","id":"` + bundleID + `","objects":[{"type":"bundle","id":"` + bundleID + `","objects":[{}]}]}`, Forbidden, "objects"},
	} {
		b, err := ParseBundle(strings.NewReader(c.doc), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if f := ValidateBundle(b); !has(f, c.code, c.path, SeverityError) {
			t.Errorf("%s: want %s at %s, got %s", c.doc, c.code, c.path, listing(f))
		}
	}
	b, err := ParseBundle(strings.NewReader(`{"type":"bundle","id":"`+bundleID+`","objects":[`+one+`,`+one+`]}`), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if f := ValidateBundle(b); !has(f, Repeated, "", SeverityWarning) || Refused(f) {
		t.Errorf("twice: %s", listing(f))
	}
}

// TestCodesHaveMessages holds the codes against both catalogues.
func TestCodesHaveMessages(t *testing.T) {
	for _, lang := range []string{"es", "en"} {
		b, err := os.ReadFile(filepath.Join("..", "locale", "messages", lang, "stix.toml"))
		if err != nil {
			t.Fatal(err)
		}
		for code := range messages {
			if !regexp.MustCompile(`(?m)^` + string(code) + ` = "`).Match(b) {
				t.Errorf("%s has no message stix.%s", lang, code)
			}
		}
		for _, code := range []ErrorCode{CodeJSON, CodeUTF8, CodeDuplicate, CodeDepth, CodeSize, CodeCount, CodeShape} {
			if !regexp.MustCompile(`(?s)\[stix.error\].*\n` + string(code) + ` = "`).Match(b) {
				t.Errorf("%s has no message stix.error.%s", lang, code)
			}
		}
	}
}

func TestFindingsSayWhatAndWhere(t *testing.T) {
	o := edited(t, encode(t, allSamples(t)["campaign"]), object{"aliases": []any{}})
	got := Validate(o)
	want := "error: " + o.ID + " aliases: must not be []; leave the property out instead (STIX 2.1, 2.12)"
	if len(got) != 1 || got[0].String() != want {
		t.Errorf("got %s", listing(got))
	}
}

func TestReferences(t *testing.T) {
	o := parse(t, `{"type":"x-a","created_by_ref":"a","object_refs":["b","c"],"extensions":{"e":{"deep":[{"some_ref":"d"}]}},
		"object_marking_refs":["m"],"granular_markings":[{"marking_ref":"g","selectors":["id"]}],"not_ref_":"x","other_ref":1}`)
	var got []string
	for _, r := range o.Refs() {
		got = append(got, r.Path+"="+r.ID)
	}
	want := "created_by_ref=a object_refs.[0]=b object_refs.[1]=c extensions.e.deep.[0].some_ref=d object_marking_refs.[0]=m granular_markings.[0].marking_ref=g"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got %s", s)
	}
	if s := strings.Join(o.Targets(), ""); s != "abcdmg" {
		t.Errorf("targets %s", s)
	}
	if m := o.Markings(); len(m) != 2 || m[0].ID != "m" || m[1].ID != "g" {
		t.Errorf("markings %v", m)
	}
	if e := o.Extensions(); len(e) != 1 || e[0] != "e" {
		t.Errorf("extensions %v", e)
	}
}
