package stix

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhatIsNoJSONIsRefused(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	for _, c := range []struct {
		doc  string
		code ErrorCode
	}{
		{``, CodeJSON},
		{`{`, CodeJSON},
		{`{"a":1,}`, CodeJSON},
		{`{"a":1}{`, CodeJSON},
		{`{"a" 1}`, CodeJSON},
		{`{a:1}`, CodeJSON},
		{`{"a":01}`, CodeJSON},
		{`{"a":1.}`, CodeJSON},
		{`{"a":1e}`, CodeJSON},
		{`{"a":-}`, CodeJSON},
		{`{"a":tru}`, CodeJSON},
		{`{"a":[1,]}`, CodeJSON},
		{`{"a":[1}`, CodeJSON},
		{"{\"a\":\"\x01\"}", CodeJSON},
		{`{"a":"\x"}`, CodeJSON},
		{`{"a":"\u12"}`, CodeJSON},
		{`{"a":"\u12`, CodeJSON},
		{`{"a":"\ud800"}`, CodeUTF8},
		{`{"a":"\ud800\u0041"}`, CodeUTF8},
		{`{"a":"\udc00"}`, CodeUTF8},
		{"{\"a\":\"\xff\"}", CodeUTF8},
		{`{"a":1,"a":2}`, CodeDuplicate},
		{`{"a":1,"\u0061":2}`, CodeDuplicate},
		{`{"x":{"b":{"a":1,"a":1}}}`, CodeDuplicate},
		{`{` + manyKeys(40) + `,"k7":1}`, CodeDuplicate},
		{deep, CodeDepth},
		{`[]`, CodeShape},
		{`"indicator"`, CodeShape},
	} {
		_, err := Parse([]byte(c.doc))
		var e *Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%.60s: %v, want %s", c.doc, err, c.code)
		}
	}
}

func manyKeys(n int) string {
	var keys []string
	for i := range n {
		keys = append(keys, `"k`+string(rune('0'+i/10))+string(rune('0'+i%10))+`":1`)
	}
	return strings.ReplaceAll(strings.Join(keys, ","), `"k07"`, `"k7"`)
}

func TestStringsAreDecoded(t *testing.T) {
	o := parse(t, ` { "type" : "a\"\\\/\b\f\n\r\tz\u00e9\ud83d\ude00ñ" , "n":[-1.5e+3,0,{"x":null}] } `)
	if want := "a\"\\/\b\f\n\r\tzé😀ñ"; o.Type != want {
		t.Errorf("%q, want %q", o.Type, want)
	}
	if o.Raw()[0] != '{' || o.Raw()[len(o.Raw())-1] != '}' {
		t.Errorf("raw is %q", o.Raw())
	}
}

// FuzzParse holds the parser against encoding/json: what we accept is JSON and means
// the same there; what is JSON is refused only for what we say.
func FuzzParse(f *testing.F) {
	for _, name := range exampleNames {
		f.Add(exampleText(f, name))
	}
	for _, m := range allSamples(f) {
		f.Add([]byte(encode(f, m)))
	}
	f.Add([]byte(`{"a":"\ud83d\ude00","b":[1,2.5e-7,true,null],"type":"x"}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Add([]byte("{\"a\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := Parse(b)
		if err == nil {
			var m map[string]any
			if err := json.Unmarshal(b, &m); err != nil {
				t.Fatalf("accepted, but %v: %q", err, b)
			}
			if typ, _ := m["type"].(string); typ != o.Type {
				t.Fatalf("type %q, want %q", o.Type, typ)
			}
			again, err := Parse([]byte(o.Raw()))
			if err != nil || again.Raw() != o.Raw() || len(again.Refs()) != len(o.Targets()) {
				t.Fatalf("not the same again: %v", err)
			}
			Validate(o)
			DeterministicID(o)
			HandlingFrom([]*Object{o})
			return
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("an error of another type: %v", err)
		}
		if e.Code == CodeJSON && json.Valid(b) && utf8.Valid(b) {
			t.Fatalf("refused as %v, but encoding/json accepts %q", err, b)
		}
	})
}
