package stix

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const bundleID = "bundle--0f4e7a1c-52c3-4b8e-9d2a-6e1b7c9a3f05"

func TestBundlesSurviveUnchanged(t *testing.T) {
	objects := examples(t)
	var out bytes.Buffer
	if err := WriteBundle(&out, bundleID, objects); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]io.Reader{
		"whole":       bytes.NewReader(out.Bytes()),
		"byte a time": iotest.OneByteReader(bytes.NewReader(out.Bytes())),
		"data + EOF":  iotest.DataErrReader(bytes.NewReader(out.Bytes())),
	} {
		b, err := ParseBundle(r, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if b.ID != bundleID || len(b.Objects) != len(objects) {
			t.Fatalf("%s: %s with %d objects", name, b.ID, len(b.Objects))
		}
		for i, o := range b.Objects {
			if o.Raw() != objects[i].Raw() {
				t.Errorf("%s: object %d changed:\n%s\n%s", name, i, o.Raw(), objects[i].Raw())
			}
		}
	}
}

func TestAnEmptyBundleHasNoObjects(t *testing.T) {
	var out bytes.Buffer
	if err := WriteBundle(&out, bundleID, nil); err != nil {
		t.Fatal(err)
	}
	b, err := ParseBundle(&out, Limits{})
	if err != nil || len(b.Objects) != 0 {
		t.Fatal(b, err)
	}
	if f := ValidateBundle(b); len(f) > 0 {
		t.Error(listing(f))
	}
}

func TestEnvelopesMayStandAround(t *testing.T) {
	doc := ` {"more":true, "objects" : [ {"type":"a"} , {"type":"b","x":"]}\"\\"} ] ,"next":"abc","z":{"y":[1,2]}} `
	d := NewDecoder(iotest.OneByteReader(strings.NewReader(doc)), Limits{})
	var types string
	for {
		o, err := d.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		types += o.Type
	}
	if types != "ab" || d.Envelope().Text("next") != "abc" || d.Envelope().Raw() != `{"more":true,"next":"abc","z":{"y":[1,2]}}` {
		t.Errorf("%s %s", types, d.Envelope().Raw())
	}
	if _, err := d.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestDecoderRefuses(t *testing.T) {
	big := `{"type":"x","a":"` + strings.Repeat("a", 300) + `"}`
	for _, c := range []struct {
		doc  string
		code ErrorCode
	}{
		{``, CodeJSON},
		{`[]`, CodeJSON},
		{`{"type":"bundle"`, CodeJSON},
		{`{"type":"bundle",}`, CodeJSON},
		{`{"type":"bundle"} x`, CodeJSON},
		{`{"type":"bundle"}}`, CodeJSON},
		{`{"type":"bundle" "id":"x"}`, CodeJSON},
		{`{"type":}`, CodeJSON},
		{`{"type":"bundle","objects":[{"type":"a"},]}`, CodeShape},
		{`{"type":"bundle","objects":[{"type":"a"}`, CodeJSON},
		{`{"type":"bundle","objects":[{"type":"a"} {"type":"b"}]}`, CodeJSON},
		{`{"type":"bundle","objects":[{"type":"a"]}`, CodeJSON},
		{`{"type":"bundle","objects":{"type":"a"}}`, CodeShape},
		{`{"type":"bundle","objects":[1]}`, CodeShape},
		{`{"type":"bundle","objects":[{"a":1,"a":1}]}`, CodeDuplicate},
		{`{"type":"bundle","objects":[{"a":1}],"objects":[]}`, CodeDuplicate},
		{`{"type":"bundle","type":"bundle"}`, CodeDuplicate},
		{"{\"type\":\"bundle\",\"objects\":[{\"a\":\"\xff\"}]}", CodeUTF8},
		{`{"objects":[{},{},{},{},{}]}`, CodeCount},
		{`{"objects":[` + big + `]}`, CodeSize},
		{`{"x":` + big + `}`, CodeSize},
		{`{"objects":[{},{}],"x":"` + strings.Repeat(" ", 2000) + `"}`, CodeSize},
		{`{"objects":[{"a":[[[[[[[[1]]]]]]]]}]}`, CodeDepth},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.doc), iotest.OneByteReader(strings.NewReader(c.doc))} {
			_, err := ParseBundle(r, Limits{Object: 256, Objects: 4, Total: 1024, Depth: 5})
			var e *Error
			if !errors.As(err, &e) || e.Code != c.code {
				t.Errorf("%.70s: %v, want %s", c.doc, err, c.code)
			}
		}
	}
}

func TestReadersErrorsComeThrough(t *testing.T) {
	broken := errors.New("broken")
	_, err := ParseBundle(io.MultiReader(strings.NewReader(`{"type":"bundle","objects":[`), iotest.ErrReader(broken)), Limits{})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestAnErrorSaysWhere(t *testing.T) {
	doc := `{"type":"bundle","objects":[{"type":"a"},{"type":x}]}`
	_, err := ParseBundle(strings.NewReader(doc), Limits{})
	var e *Error
	if !errors.As(err, &e) || doc[e.Offset] != 'x' {
		t.Error(err)
	}
}

// FuzzDecoder reads in pieces of every size what it reads whole, and accepts
// nothing that encoding/json does not.
func FuzzDecoder(f *testing.F) {
	var whole bytes.Buffer
	if err := WriteBundle(&whole, bundleID, examples(f)[:3]); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add([]byte(`{"more":false,"objects":[{"type":"a","x":"\\\""}],"next":1e5}`))
	f.Add([]byte(`{"objects":[],"a":[{}]}`))
	f.Add([]byte(`{"a":"\`))
	lim := Limits{Object: 1 << 16, Objects: 100, Total: 1 << 20, Depth: 20}
	f.Fuzz(func(t *testing.T, doc []byte) {
		b, err := ParseBundle(bytes.NewReader(doc), lim)
		c, err2 := ParseBundle(iotest.OneByteReader(bytes.NewReader(doc)), lim)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("whole: %v; in pieces: %v", err, err2)
		}
		if err != nil {
			return
		}
		if !json.Valid(doc) {
			t.Fatalf("accepted %q", doc)
		}
		if b.Envelope.Raw() != c.Envelope.Raw() || len(b.Objects) != len(c.Objects) {
			t.Fatal("in pieces another bundle")
		}
		ValidateBundle(b)
	})
}

func ExampleDecoder() {
	d := NewDecoder(strings.NewReader(`{"type":"bundle","id":"bundle--0f4e7a1c-52c3-4b8e-9d2a-6e1b7c9a3f05",
		"objects":[{"type":"mutex","id":"mutex--f93fe911-e545-5239-b9b0-597840d0c871","name":"__CLEANSWEEP__"}]}`), Limits{})
	for {
		o, err := d.Next()
		if err != nil {
			break
		}
		fmt.Println(o.Type, o.Text("name"), len(Validate(o)))
	}
	fmt.Println(d.Envelope().Type)
	// Output:
	// mutex __CLEANSWEEP__ 0
	// bundle
}
