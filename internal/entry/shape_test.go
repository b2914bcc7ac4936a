package entry

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// FuzzShape: a shape accepts nothing that its schema refuses, and what the schema
// keeps it accepts, but for numbers that it leaves to the validator.
func FuzzShape(f *testing.F) {
	for _, raw := range vectorEntries(f) {
		p, err := Parse(raw)
		if err == nil {
			f.Add(string(p.Type), []byte(p.Header.Body))
			f.Add("header", slices.Clone(p.text[strings.Index(string(p.text), "\n")+1:len(p.text)-1]))
		}
	}
	f.Add("observation", []byte(`{"value":"-1.5"}`))
	f.Add("checkpoint", []byte(`[1.0,{}]`))
	f.Fuzz(func(t *testing.T, name string, line []byte) {
		s, ok := schemas()[name]
		if !ok {
			return
		}
		v, _, err := tree(line)
		if err != nil {
			return
		}
		fast, full := s.shape.accepts(v), s.full.Validate(v) == nil
		if fast && !full {
			t.Fatalf("the shape of %s accepts %s, the schema does not", name, line)
		}
		if full && !fast && !odd(v) {
			t.Fatalf("the shape of %s does not accept %s, the schema does", name, line)
		}
	})
}

// odd reports whether a value holds a number that a shape leaves to the validator.
func odd(v any) bool {
	switch v := v.(type) {
	case json.Number:
		return len(v) > 18 || strings.Contains(string(v), ".")
	case []any:
		return slices.ContainsFunc(v, odd)
	case map[string]any:
		for _, w := range v {
			if odd(w) {
				return true
			}
		}
	}
	return v == nil
}

// vectorEntries are the entries of the test vectors that are text.
func vectorEntries(tb testing.TB) [][]byte {
	tb.Helper()
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		tb.Fatal(err)
	}
	var vectors []entryVector
	if err := json.Unmarshal(b, &vectors); err != nil {
		tb.Fatal(err)
	}
	var raws [][]byte
	for _, v := range vectors {
		raws = append(raws, []byte(v.Entry))
	}
	return raws
}

// TestShapeKnowsItsBounds: a schema that says more than a shape knows has none.
func TestShapeKnowsItsBounds(t *testing.T) {
	for _, doc := range []string{
		`{"oneOf":[{"type":"string"},{"type":"integer"}]}`, `{"type":["string","null"]}`, `{"type":"array","uniqueItems":true}`,
		`{"enum":["a",1]}`, `{"type":"object","additionalProperties":{"const":1}}`,
		`{"type":"object","properties":{"a":{"type":"integer","exclusiveMinimum":0}}}`, `{"type":"array","items":{"const":"a"}}`,
		`{"type":"integer","minimum":0.5}`, `{"not":{"type":"string"}}`, `{"type":"object","maxProperties":1}`, `true`,
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource("x.json", v); err != nil {
			t.Fatal(err)
		}
		full, err := c.Compile("x.json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := shapeOf(full, map[*jsonschema.Schema]*shape{}); err == nil {
			t.Errorf("%s has a shape", doc)
		}
	}
}

// TestValidKeyName: the form in words, character by character.
func TestValidKeyName(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9./_-]{2,127}$`)
	names := []string{"", "ab", "abc", ".bc", "mx.example/log-1_a", strings.Repeat("a", 128), strings.Repeat("a", 129), "ab\n", "añb"}
	for c := range 256 {
		names = append(names, "ab"+string([]byte{byte(c)}), string([]byte{byte(c)})+"bc")
	}
	for _, s := range names {
		if got, want := ValidKeyName(s), form.MatchString(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

// TestSchemasAreClosed: no body has an object with fields that its schema does not
// know beside others that it knows; decoding relies on it. What has only unknown
// ones (a recipe) is kept as it is.
func TestSchemasAreClosed(t *testing.T) {
	seen := map[*shape]bool{}
	var closed func(path string, sh *shape)
	closed = func(path string, sh *shape) {
		if sh == nil || seen[sh] {
			return
		}
		seen[sh] = true
		if sh.kind == "object" && len(sh.fields) > 0 && !sh.closed || sh.kind == "" && sh.ref == nil {
			t.Errorf("%s admits what the schema does not know", path)
		}
		for name, field := range sh.fields {
			closed(path+"."+name, field)
		}
		closed(path+".*", sh.rest)
		closed(path+"[]", sh.items)
		closed(path, sh.ref)
	}
	for name, s := range schemas() {
		if name != "header" { // its body is held against the schema of its type
			closed(name, s.shape)
		}
	}
}
