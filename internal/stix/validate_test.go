package stix

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

type any1 = map[string]any

// TestRules has a case for every rule that refuses or warns: a sample of a type,
// one edit, and the finding.
func TestRules(t *testing.T) {
	identity2 := "identity--b9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"
	cases := []struct {
		typ      string
		edits    any1
		code     Code
		path     string
		severity Severity
	}{
		// Section 2: data types.
		{"artifact payload_bin", any1{"payload_bin": "VGVzdA="}, Format, "payload_bin", SeverityError},
		{"campaign", any1{"revoked": "true"}, WrongType, "revoked", SeverityError},
		{"campaign", any1{"x_hidden_hex": "abc"}, Format, "x_hidden_hex", SeverityError},
		{"campaign", any1{"x_hidden_bin": 1}, WrongType, "x_hidden_bin", SeverityError},
		{"file", any1{"magic_number_hex": "FFD8"}, Format, "magic_number_hex", SeverityWarning},
		{"file", any1{"hashes": any1{}}, Empty, "hashes", SeverityError},
		{"file", any1{"hashes": any1{"MD5": "zz"}}, Format, "hashes.MD5", SeverityError},
		{"file", any1{"hashes": any1{"x_foo_hash": "aa"}}, NotInVocab, "hashes.x_foo_hash", SeverityWarning},
		{"file", any1{"hashes": any1{"a!": "aa"}}, BadName, "hashes.a!", SeverityError},
		{"file", any1{"hashes": any1{"SHA-1": 1}}, WrongType, "hashes.SHA-1", SeverityError},
		{"process", any1{"environment_variables": any1{"a b": "c"}}, BadName, "environment_variables.a b", SeverityError},
		{"campaign", any1{"external_references": []any{any1{"source_name": "x"}}}, AnyOf, "external_references.[0]", SeverityError},
		{"campaign", any1{"external_references": []any{any1{"source_name": "x", "url": "no url"}}}, Format, "external_references.[0].url", SeverityError},
		{"campaign", any1{"external_references": []any{any1{"source_name": "x", "url": "https://example.com", "hashes": any1{"x_foo": "b"}}}}, NotInEnum, "external_references.[0].hashes.x_foo", SeverityError},
		{"campaign", any1{"external_references": []any{any1{"source_name": "cve", "external_id": "2020"}}}, Format, "external_references.[0].external_id", SeverityError},
		{"campaign", any1{"external_references": []any{any1{"source_name": "x", "external_id": "CAPEC-1"}}}, Format, "external_references.[0].source_name", SeverityError},
		{"attack-pattern", any1{"kill_chain_phases": []any{any1{"phase_name": "x"}}}, Missing, "kill_chain_phases.[0].kill_chain_name", SeverityError},
		{"campaign", any1{"aliases": []any{}}, Empty, "aliases", SeverityError},
		{"campaign", any1{"aliases": []any{1}}, WrongType, "aliases.[0]", SeverityError},
		{"campaign", any1{"confidence": 101}, Range, "confidence", SeverityError},
		{"campaign", any1{"confidence": 50.5}, WrongType, "confidence", SeverityError},
		{"autonomous-system", any1{"number": 9007199254740993}, Range, "number", SeverityError},
		{"campaign", any1{"first_seen": "2025-02-30T00:00:00Z"}, BadTime, "first_seen", SeverityError},
		{"campaign", any1{"first_seen": "2025-02-03T00:00:00+00:00"}, BadTime, "first_seen", SeverityError},
		{"campaign", any1{"first_seen": "2025-02-03T00:00:00.Z"}, BadTime, "first_seen", SeverityError},
		// Section 2.9: identifiers.
		{"campaign", any1{"id": "campaign--1"}, BadID, "id", SeverityError},
		{"campaign", any1{"id": "campaign--a9a8f1c2-0d3b-7e6f-8a7c-5b4d3e2f1a09"}, BadID, "id", SeverityError},
		{"campaign", any1{"id": "campaign--a9a8f1c2-0d3b-4e6f-0a7c-5b4d3e2f1a09"}, BadID, "id", SeverityError},
		{"campaign", any1{"id": "tool--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}, IDType, "id", SeverityError},
		{"campaign", any1{"id": "campaign--a9a8f1c2-0d3b-1e6f-8a7c-5b4d3e2f1a09"}, IDKind, "id", SeverityWarning},
		{"campaign", any1{"id": "campaign--A9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}, IDKind, "id", SeverityWarning},
		{"url", any1{"id": "url--a9a8f1c2-0d3b-1e6f-8a7c-5b4d3e2f1a09"}, IDKind, "id", SeverityWarning},
		{"url", any1{"id": "url--a9a8f1c2-0d3b-5e6f-8a7c-5b4d3e2f1a09"}, SCOID, "id", SeverityWarning},
		{"campaign", any1{"created_by_ref": "x"}, BadID, "created_by_ref", SeverityError},
		{"campaign", any1{"created_by_ref": sampleID("tool")}, RefType, "created_by_ref", SeverityError},
		// Section 3: names, common properties, versions.
		{"campaign", any1{"Bad": "x"}, BadName, "Bad", SeverityError},
		{"campaign", any1{"xy": "x"}, BadName, "xy", SeverityError},
		{"campaign", any1{"unheard_of": "x"}, Unknown, "unheard_of", SeverityWarning},
		{"campaign", any1{"x_null": nullValue{}}, Empty, "x_null", SeverityError},
		{"campaign", any1{"severity": "x"}, Reserved, "severity", SeverityError},
		{"campaign", any1{"phone_number": "x"}, Reserved, "phone_number", SeverityError},
		{"campaign", any1{"spec_version": nil}, Missing, "spec_version", SeverityError},
		{"campaign", any1{"spec_version": "2.0"}, SpecVersion, "spec_version", SeverityError},
		{"campaign", any1{"created": "2025-01-01T00:00:00Z"}, Precision, "created", SeverityError},
		{"campaign", any1{"modified": "2024-01-01T00:00:00.000Z"}, TimeOrder, "modified", SeverityError},
		{"campaign", any1{"defanged": true}, Forbidden, "defanged", SeverityError},
		{"url", any1{"created": "2025-01-01T00:00:00.000Z"}, Forbidden, "created", SeverityWarning},
		{"campaign", any1{"lang": "spanish!"}, Format, "lang", SeverityError},
		{"campaign", any1{"object_marking_refs": []any{identity2}}, RefType, "object_marking_refs.[0]", SeverityError},
		{"file", any1{"name": nil}, Needs, "name_enc", SeverityError},
		// Section 4: domain objects.
		{"campaign", any1{"last_seen": "2001-01-01T00:00:00Z"}, TimeOrder, "last_seen", SeverityError},
		{"campaign", any1{"name": nil}, Missing, "name", SeverityError},
		{"grouping", any1{"context": "x"}, NotInVocab, "context", SeverityWarning},
		{"grouping", any1{"object_refs": []any{"bundle--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}}, RefType, "object_refs.[0]", SeverityError},
		{"indicator", any1{"pattern": "[file:name = 'a'", "pattern_type": "stix"}, BadPattern, "pattern", SeverityError},
		{"indicator", any1{"pattern": "file:name = 'a'", "pattern_type": "stix"}, BadPattern, "pattern", SeverityError},
		{"indicator", any1{"pattern": "[file:name = 'a]", "pattern_type": "stix"}, BadPattern, "pattern", SeverityError},
		{"indicator", any1{"pattern": "[(a])", "pattern_type": "stix"}, BadPattern, "pattern", SeverityError},
		{"indicator", any1{"valid_until": "2001-01-01T00:00:00Z"}, TimeOrder, "valid_until", SeverityError},
		{"location", any1{"longitude": nil}, Together, "", SeverityError},
		{"location", any1{"longitude": nil, "latitude": nil}, Needs, "precision", SeverityError},
		{"location", any1{"longitude": nil, "latitude": nil, "precision": nil, "region": nil, "country": nil}, AnyOf, "", SeverityError},
		{"location", any1{"latitude": 91}, Range, "latitude", SeverityError},
		{"location", any1{"country": "Mexico"}, Format, "country", SeverityWarning},
		{"malware", any1{"name": nil}, Missing, "name", SeverityError},
		{"malware", any1{"sample_refs": []any{sampleID("url")}}, RefType, "sample_refs.[0]", SeverityError},
		{"malware-analysis", any1{"result": nil, "analysis_sco_refs": nil}, AnyOf, "", SeverityError},
		{"malware-analysis", any1{"analysis_sco_refs": []any{sampleID("tool")}}, RefType, "analysis_sco_refs.[0]", SeverityError},
		{"observed-data", any1{"number_observed": 0}, Range, "number_observed", SeverityError},
		{"observed-data", any1{"object_refs": nil}, OneOf, "", SeverityError},
		{"observed-data", any1{"object_refs": []any{sampleID("campaign")}}, RefType, "object_refs.[0]", SeverityError},
		{"observed-data", any1{"object_refs": []any{sampleID("sighting")}}, RefType, "object_refs", SeverityError},
		{"observed-data", any1{"last_observed": "2001-01-01T00:00:00Z"}, TimeOrder, "last_observed", SeverityError},
		{"observed-data objects", any1{}, Deprecated, "", SeverityWarning},
		{"observed-data objects", any1{"objects": any1{"0": any1{"type": "tool", "id": sampleID("tool")}}}, RefType, "objects.0", SeverityError},
		{"observed-data objects", any1{"objects": any1{"0": any1{"type": "file", "id": sampleID("file"), "name": "x", "parent_directory_ref": "7"}}}, BadID, "objects.0.parent_directory_ref", SeverityError},
		{"observed-data objects", any1{"objects": any1{"0": any1{"type": "mutex", "id": sampleID("file"), "name": "x"}}}, IDType, "objects.0", SeverityError},
		{"observed-data objects", any1{"objects": any1{"0": "x"}}, WrongType, "objects.0", SeverityError},
		{"observed-data objects", any1{"objects": any1{"0": any1{"type": "mutex", "id": sampleID("mutex"), "name": "x", "action": "x"}}}, Reserved, "objects.0.action", SeverityError},
		{"opinion", any1{"opinion": "yes"}, NotInEnum, "opinion", SeverityError},
		{"report", any1{"report_types": []any{"x"}}, NotInVocab, "report_types.[0]", SeverityWarning},
		// Section 5: relationships.
		{"relationship", any1{"source_ref": sampleID("sighting")}, RefType, "source_ref", SeverityError},
		{"relationship", any1{"target_ref": sampleID("marking-definition")}, RefType, "target_ref", SeverityError},
		{"relationship", any1{"relationship_type": "Uses It"}, Format, "relationship_type", SeverityError},
		{"relationship", any1{"relationship_type": "uses", "source_ref": sampleID("tool"), "target_ref": sampleID("campaign")}, Relationship, "", SeverityWarning},
		{"relationship", any1{"stop_time": "2001-01-01T00:00:00Z"}, TimeOrder, "stop_time", SeverityError},
		{"sighting", any1{"sighting_of_ref": sampleID("file")}, RefType, "sighting_of_ref", SeverityError},
		{"sighting", any1{"where_sighted_refs": []any{sampleID("tool")}}, RefType, "where_sighted_refs.[0]", SeverityError},
		{"sighting", any1{"count": -1}, Range, "count", SeverityError},
		// Section 6: observables.
		{"artifact", any1{"payload_bin": "VGVzdA=="}, OneOf, "", SeverityError},
		{"artifact", any1{"hashes": nil}, Needs, "url", SeverityError},
		{"artifact", any1{"encryption_algorithm": nil}, Needs, "decryption_key", SeverityError},
		{"domain-name", any1{"value": "-example..com"}, Format, "value", SeverityError},
		{"email-addr", any1{"value": "Jane <jane@example.com>"}, Format, "value", SeverityError},
		{"email-message", any1{"body": "x"}, Forbidden, "body", SeverityError},
		{"email-message", any1{"is_multipart": false}, Forbidden, "body_multipart", SeverityError},
		{"email-message", any1{"body_multipart": []any{any1{"content_type": "x"}}}, OneOf, "body_multipart.[0]", SeverityError},
		{"email-message", any1{"additional_header_fields": any1{"subject": "x"}}, Forbidden, "additional_header_fields.subject", SeverityError},
		{"email-message", any1{"additional_header_fields": any1{"X-A": []any{"x"}}}, WrongType, "additional_header_fields.X-A", SeverityError},
		{"file", any1{"size": -1}, Range, "size", SeverityError},
		{"file", any1{"hashes": nil, "name": nil, "name_enc": nil}, AnyOf, "", SeverityError},
		{"file ntfs-ext", any1{"extensions": any1{"ntfs-ext": any1{"alternate_data_streams": []any{any1{"size": 1}}}}}, Missing, "extensions.ntfs-ext.alternate_data_streams.[0].name", SeverityError},
		{"file", any1{"extensions": any1{"windows-pebinary-ext": any1{"pe_type": "dll", "time_date_stamp": "2025-01-01T00:00:00.1Z"}}}, Precision, "extensions.windows-pebinary-ext.time_date_stamp", SeverityError},
		{"file", any1{"extensions": any1{"windows-pebinary-ext": any1{"pe_type": "dll", "optional_header": any1{"magic": "x"}}}}, Forbidden, "extensions.windows-pebinary-ext.optional_header.magic", SeverityError},
		{"file", any1{"extensions": any1{"raster-image-ext": any1{"exif_tags": any1{"lower": 1}}}}, BadName, "extensions.raster-image-ext.exif_tags.lower", SeverityError},
		{"ipv4-addr", any1{"value": "300.1.1.1"}, Format, "value", SeverityError},
		{"ipv6-addr", any1{"value": "1.2.3.4"}, Format, "value", SeverityError},
		{"mac-addr", any1{"value": "D2:FB:49:24:37:18"}, Format, "value", SeverityError},
		{"network-traffic", any1{"is_active": true}, Forbidden, "end", SeverityError},
		{"network-traffic", any1{"src_port": 65536}, Range, "src_port", SeverityError},
		{"network-traffic", any1{"src_ref": nil, "dst_ref": nil}, AnyOf, "", SeverityError},
		{"network-traffic", any1{"ipfix": any1{"x": []any{1}}}, WrongType, "ipfix.x", SeverityError},
		{"network-traffic", any1{"extensions": any1{"socket-ext": any1{"address_family": "AF_INET", "options": any1{"X": 1}}}}, BadName, "extensions.socket-ext.options.X", SeverityError},
		{"process", any1{"extensions": any1{"windows-process-ext": any1{"startup_info": any1{"cb": "x"}}}}, WrongType, "extensions.windows-process-ext.startup_info.cb", SeverityError},
		{"process", any1{"extensions": any1{"windows-process-ext": any1{"startup_info": any1{"other": "x"}}}}, Forbidden, "extensions.windows-process-ext.startup_info.other", SeverityError},
		{"software", any1{"cpe": "cpe:/a:x"}, Format, "cpe", SeverityError},
		{"windows-registry-key", any1{"key": `HKLM\System`}, Format, "key", SeverityError},
		{"x509-certificate", any1{"validity_not_after": "2001-01-01T00:00:00Z"}, TimeOrder, "validity_not_after", SeverityError},
		// Section 7: meta objects.
		{"language-content", any1{"contents": any1{"de": any1{}}}, Empty, "contents.de", SeverityError},
		{"language-content", any1{"contents": any1{"no_lang": any1{"name": "x"}}}, Format, "contents.no_lang", SeverityError},
		{"language-content", any1{"contents": any1{"de": "x"}}, WrongType, "contents.de", SeverityError},
		{"language-content", any1{"lang": "de"}, Forbidden, "lang", SeverityError},
		{"language-content", any1{"object_ref": sampleID("language-content")}, RefType, "object_ref", SeverityError},
		{"marking-definition", any1{"modified": "2025-01-01T00:00:00.000Z"}, Forbidden, "modified", SeverityError},
		{"marking-definition", any1{"definition": any1{"x": "y"}}, Needs, "definition", SeverityError},
		{"marking-definition", any1{"definition": nil, "definition_type": nil, "extensions": nil}, Missing, "definition", SeverityError},
		{"marking-definition", any1{"definition_type": "house-rule"}, Deprecated, "definition_type", SeverityWarning},
		{"marking-definition", any1{"definition_type": "tlp", "definition": any1{"tlp": "red"}}, Marking, "id", SeverityError},
		{"marking-definition", any1{"object_marking_refs": []any{"marking-definition--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061"}}, RefType, "object_marking_refs.[0]", SeverityError},
		{"marking-definition", any1{"id": tlp2[4].id}, Marking, "", SeverityError},
		{"campaign", any1{"granular_markings": []any{any1{"selectors": []any{"nothing"}, "marking_ref": sampleID("marking-definition")}}}, Selector, "granular_markings.[0].selectors.[0]", SeverityError},
		{"campaign", any1{"granular_markings": []any{any1{"selectors": []any{"aliases.[9]"}, "marking_ref": sampleID("marking-definition")}}}, Selector, "granular_markings.[0].selectors.[0]", SeverityError},
		{"campaign", any1{"granular_markings": []any{any1{"selectors": []any{"name"}}}}, OneOf, "granular_markings.[0]", SeverityError},
		{"campaign", any1{"granular_markings": []any{any1{"selectors": []any{"name"}, "lang": "es"}}}, Missing, "granular_markings.[0].marking_ref", SeverityError},
		{"extension-definition", any1{"created_by_ref": nil}, Missing, "created_by_ref", SeverityError},
		{"extension-definition", any1{"extension_types": []any{"new-sdo"}}, Forbidden, "extension_properties", SeverityError},
		{"extension-definition", any1{"extension_types": []any{"new"}}, NotInEnum, "extension_types.[0]", SeverityError},
		{"extension-definition", any1{"version": "one"}, Format, "version", SeverityWarning},
		{"campaign", any1{"extensions": any1{"archive-ext": any1{"x": "y"}}}, Extension, "extensions.archive-ext", SeverityError},
		{"campaign", any1{"extensions": any1{"mine": any1{"x": "y"}}}, Extension, "extensions.mine", SeverityError},
		{"campaign", any1{"extensions": any1{"my-own-ext": any1{"abc": "y"}}}, Deprecated, "extensions.my-own-ext", SeverityWarning},
		{"campaign", any1{"extensions": any1{"extension-definition--1": any1{"extension_type": "new-sdo"}}}, BadID, "extensions.extension-definition--1", SeverityError},
		{"campaign", any1{"extensions": any1{ExtensionFirearm: any1{"extension_type": "new-sco"}}}, Extension, "extensions." + ExtensionFirearm, SeverityError},
		{"campaign", any1{"extensions": any1{sampleID("extension-definition"): any1{"rank": 1}}}, NotInEnum, "extensions." + sampleID("extension-definition") + ".extension_type", SeverityError},
		{"campaign", any1{"extensions": any1{}}, Empty, "extensions", SeverityError},
		{"campaign", any1{"extensions": any1{"my-own-ext": any1{}}}, Empty, "extensions.my-own-ext", SeverityError},
		{"campaign", any1{"extensions": any1{"my-own-ext": "x"}}, WrongType, "extensions.my-own-ext", SeverityError},
		// Section 11, and ours.
		{"campaign", any1{"type": "x-thing", "id": sampleID("x-thing")}, Deprecated, "type", SeverityWarning},
		{"campaign", any1{"type": "Thing"}, BadName, "type", SeverityError},
		{"campaign", any1{"type": "action"}, Reserved, "type", SeverityError},
		{"campaign", any1{"type": "x-thing", "id": sampleID("x-thing"), "modified": nil}, Missing, "modified", SeverityError},
		{"firearm", any1{"extensions": nil}, Needs, "extensions", SeverityError},
		{"firearm", any1{"firearm_type": "cannon"}, NotInVocab, "firearm_type", SeverityWarning},
		{"vessel", any1{"mmsi": "12"}, Format, "mmsi", SeverityError},
		{"financial-account", any1{"account_number": nil, "institution": nil}, AnyOf, "", SeverityError},
	}
	samples := allSamples(t)
	seen := map[Code]bool{}
	for _, c := range cases {
		if samples[c.typ] == nil {
			t.Fatalf("no sample %q", c.typ)
		}
		o := edited(t, encode(t, samples[c.typ]), c.edits)
		if got := Validate(o); !has(got, c.code, c.path, c.severity) {
			t.Errorf("%s %v: want %s %s at %q, got %s", c.typ, c.edits, c.severity, c.code, c.path, lines2(got))
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
		edits any1
	}{
		{"campaign", any1{"first_seen": "2016-12-31T23:59:60Z", "last_seen": nil}},
		{"campaign", any1{"first_seen": "2025-01-01T00:00:00.1234567890123Z", "last_seen": "2025-01-01T00:00:00.12345678901231Z"}},
		{"campaign", any1{"first_seen": "2025-01-01T00:00:00.1Z", "last_seen": "2025-01-01T00:00:00.100Z"}},
		{"campaign", any1{"x_mx_custom": any1{"deep": []any{1, "two"}}}},
		{"campaign", any1{"toxicity": 8, "extensions": any1{sampleID("extension-definition"): any1{"extension_type": "toplevel-property-extension"}}}},
		{"indicator", any1{"pattern": `([file:name = 'it\'s ]'] AND [a:b = 1]) WITHIN 3 SECONDS`, "pattern_type": "stix"}},
		{"indicator", any1{"pattern": "rule x { condition: true }", "pattern_type": "yara"}},
		{"location", any1{"latitude": nil, "longitude": nil, "precision": nil, "country": nil, "region": "northern-america"}},
		{"malware", any1{"is_family": false, "name": nil}},
		{"relationship", any1{"relationship_type": "duplicate-of", "source_ref": sampleID("tool"), "target_ref": sampleID("tool")}},
		{"relationship", any1{"relationship_type": "consists-of", "source_ref": sampleID("infrastructure"), "target_ref": sampleID("process")}},
		{"relationship", any1{"relationship_type": "owns", "source_ref": sampleID("identity"), "target_ref": sampleID("vessel")}},
		{"sighting", any1{"sighting_of_ref": "x-seizure--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}},
		{"file", any1{"id": "file--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}},
		{"domain-name", any1{"value": "españa.example", "id": "domain-name--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09"}},
		{"campaign", any1{"granular_markings": []any{any1{"selectors": []any{"external_references.[0].source_name", "aliases"}, "marking_ref": tlp2[0].id}}}},
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
		m := any1{"type": "marking-definition", "spec_version": "2.1", "id": p.id, "created": p.created, "definition_type": "tlp", "name": p.name, "definition": any1{"tlp": words[i]}}
		if f := Validate(parse(t, encode(t, m))); len(f) > 0 {
			t.Errorf("%s: %s", p.name, lines2(f))
		}
		m["created"] = "2025-01-20T00:00:00.000Z"
		if f := Validate(parse(t, encode(t, m))); !has(f, Marking, "", SeverityError) {
			t.Errorf("%s of another time: %s", p.name, lines2(f))
		}
	}
	for _, p := range tlp2 {
		o, err := tlpMarking(p.tlp)
		if err != nil {
			t.Fatal(err)
		}
		if f := Validate(o); len(f) > 0 {
			t.Errorf("%s: %s", p.name, lines2(f))
		}
		if got, ok := TLPOf(o.ID); !ok || got != p.tlp {
			t.Errorf("%s means %s", p.name, got)
		}
		wrong := edited(t, o.Raw(), any1{"extensions": any1{ExtensionTLP2: any1{"extension_type": "property-extension", "tlp_2_0": "purple"}}})
		if f := Validate(wrong); !has(f, NotInEnum, "extensions."+ExtensionTLP2+".tlp_2_0", SeverityError) {
			t.Errorf("purple: %s", lines2(f))
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
			t.Errorf("%s: want %s at %s, got %s", c.doc, c.code, c.path, lines2(f))
		}
	}
	b, err := ParseBundle(strings.NewReader(`{"type":"bundle","id":"`+bundleID+`","objects":[`+one+`,`+one+`]}`), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if f := ValidateBundle(b); !has(f, Repeated, "", SeverityWarning) || Refused(f) {
		t.Errorf("twice: %s", lines2(f))
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
	o := edited(t, encode(t, allSamples(t)["campaign"]), any1{"aliases": []any{}})
	got := Validate(o)
	want := "error: " + o.ID + " aliases: must not be []; leave the property out instead (STIX 2.1, 2.12)"
	if len(got) != 1 || got[0].String() != want {
		t.Errorf("got %s", lines2(got))
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
