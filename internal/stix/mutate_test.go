//go:build interop

package stix

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// replacements are what takes the place of every value.
var replacements = []any{
	nil, true, false, json.Number("0"), json.Number("-1"), json.Number("1.5"), json.Number("99999999999"), "", "x", "Not An Enum",
	[]any{}, []any{"x"}, []any{nil}, []any{json.Number("1")}, []any{[]any{}}, map[string]any{}, map[string]any{"x": "y"}, map[string]any{"a_key": []any{}},
	"2025-01-01", "2025-01-01T00:00:00", "2025-01-01T00:00:00Z", "2025-13-01T00:00:00.000Z", "2025-01-01T25:00:00.000Z", "2025-01-01T00:00:00.000+01:00",
	"identity--1", "identity--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09", "indicator--a9a8f1c2-0d3b-9e6f-8a7c-5b4d3e2f1a09",
	"relationship--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09", "bundle--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09",
	"marking-definition--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09", "language-content--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09",
	"file--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09", "Bad Type--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09", "2.0", "2.2", "not a url", "http://exa mple.com", "zz", "abc", "éé",
	"CVE-2020-1", "CVE-2020-12345", "CAPEC-1", "cve", "capec", "statement", "tlp", "HKLM\\x", "en", "english", "1.2.3.4/33", "::ffff:1.2.3.4", "00:11", "::1", "300.1.1.1",
	"user@", "user@example.com", "Jane <jane@example.com>", "-example.com", "a..b", "[", "en_US",
}

// additions are members that are added to every object.
var additions = map[string]any{
	"Bad": "x", "ab": "x", "x_ok": "x", "x_null": nil, "x_empty": []any{}, "severity": "x", "action": "x", "username": "x", "phone_numbers": "x",
	"x_bad_hex": "zz", "x_bad_bin": "z", "bad-name": "x", "_bad": "x", "url": "not a url", "hashes": map[string]any{"MD5": "x"}, "precision": json.Number("1"),
	"object_marking_refs": []any{}, "body_multipart": []any{}, "end": "2025-01-01T00:00:00.000Z", "decryption_key": "x",
	"extensions": map[string]any{"bad": map[string]any{}}, "payload_bin": "VGVzdA==", "objects": map[string]any{}, "lang": json.Number("1"),
}

// mutations returns variants of a document, each with one change, by what changed.
func mutations(t *testing.T, doc string) map[string]string {
	t.Helper()
	var root any
	if err := unmarshal([]byte(doc), &root); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	keep := func(what string) { all[what] = encode(t, root) }
	var walk func(v any, path string)
	walk = func(v any, path string) {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				at, was := path+"."+key, v[key]
				delete(v, key)
				keep(at + " removed")
				v[strings.ToUpper(key)+"_"] = was
				keep(at + " renamed")
				delete(v, strings.ToUpper(key)+"_")
				for _, r := range replacements {
					v[key] = r
					keep(at + " = " + encode(t, r))
				}
				v[key] = was
				walk(was, at)
			}
			for _, key := range slices.Sorted(maps.Keys(additions)) {
				if _, there := v[key]; !there {
					v[key] = additions[key]
					keep(path + " + " + key)
					delete(v, key)
				}
			}
		case []any:
			for i := range v {
				was := v[i]
				for _, r := range replacements {
					v[i] = r
					keep(path + "[" + strconv.Itoa(i) + "] = " + encode(t, r))
				}
				v[i] = was
				walk(was, path+"["+strconv.Itoa(i)+"]")
			}
		}
	}
	walk(root, "")
	return all
}
