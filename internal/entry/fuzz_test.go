package entry

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"testing"

	"entente"
)

// FuzzParse: no bytes make Parse panic or answer with an untyped error, and what
// it accepts is what would be built from it.
func FuzzParse(f *testing.F) {
	raw, keys := testEntry(f, 2)
	f.Add(raw)
	f.Add([]byte("entente/v1 x\n{}\n\n— a AAAA\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Parse(raw)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		if !bytes.HasPrefix(raw, p.Text()) || len(p.Signatures) == 0 {
			t.Fatalf("the signed text is not the beginning of the entry")
		}
		if !json.Valid(p.Header.Body) || !bytes.Contains(p.Text(), p.Header.Body) {
			t.Fatalf("the body is not the bytes of the entry: %s", p.Header.Body)
		}
		if _, err := p.Verify(lookup(keys)); err == nil && !bytes.Equal(p.Text(), raw[:len(p.Text())]) {
			t.Fatal("verified other bytes")
		}
		text, err := Build(p.Type, p.Header)
		if err != nil {
			t.Fatalf("cannot build what was parsed: %v", err)
		}
		again, err := Parse([]byte(text + "\n" + "— abc AAAAAAAA\n"))
		if err != nil || !bytes.Equal(again.Header.Body, p.Header.Body) {
			t.Fatalf("built another entry: %v", err)
		}
	})
}

// FuzzDecodeBody: a body decodes alike from its bytes and from an entry, and what
// decodes encodes to a body that decodes to the same.
func FuzzDecodeBody(f *testing.F) {
	f.Add(string(entente.TypeQuestion), []byte(`{"code":"Q1","text":{"es":"¿?"}}`))
	f.Add(string(entente.TypeWithdrawal), []byte(`{"of":{"log":"a/public","index":1,"leaf":"`+zeros+`"},"reason":{"es":"x"}}`))
	f.Add(string(entente.TypeConsent), []byte(`{"type":"charter","subject":"c","body":"`+zeros+`"}`))
	f.Fuzz(func(t *testing.T, typ string, raw []byte) {
		body, err := DecodeBody(entente.Type(typ), raw)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("untyped error %v", err)
			}
			return
		}
		once, err := Body(body)
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeBody(entente.Type(typ), once)
		if err != nil {
			t.Fatalf("%s decodes and its encoding %s does not: %v", raw, once, err)
		}
		if twice, err := Body(again); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s and %s: %v", once, twice, err)
		}
	})
}

// FuzzTree holds the strict reader against encoding/json: what it accepts the
// library accepts too, with the same value, and what it refuses though the library
// accepts is refused for a reason that this package adds.
func FuzzTree(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5,"x\u00e9\ud83d\ude00\n",true,null],"body":{"b":{}}}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Add([]byte(`[01,1.,.1,1e5]`))
	f.Fuzz(func(t *testing.T, line []byte) {
		got, body, err := tree(line)
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("untyped error %v", err)
		}
		if err == nil {
			dec := json.NewDecoder(bytes.NewReader(line))
			dec.UseNumber()
			var want any
			if err := dec.Decode(&want); err != nil || dec.More() {
				t.Fatalf("accepts what encoding/json does not: %v", err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%#v, encoding/json reads %#v", got, want)
			}
			if m, ok := want.(map[string]any); ok && m["body"] != nil && !json.Valid(line[body.begin:body.end]) {
				t.Fatalf("the body is %q", line[body.begin:body.end])
			}
			return
		}
		if json.Valid(line) && e.Code == CodeJSON && !beyond(line) {
			t.Fatalf("%v, which is JSON within the bounds", err)
		}
	})
}

// beyond reports whether valid JSON may be refused for its numbers or its depth.
func beyond(line []byte) bool {
	return bytes.ContainsAny(line, "eE") || bytes.Count(line, []byte("["))+bytes.Count(line, []byte("{")) > maxDepth || len(line) > maxNumber && longDigits.Match(line)
}

var longDigits = regexp.MustCompile(`[0-9.-]{25}`)
