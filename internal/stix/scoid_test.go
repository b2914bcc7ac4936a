package stix

import "testing"

// TestIdentifiersFollowFromContents holds against identifiers that other
// implementations derive, the first of which is in the OASIS text (section 2.9).
func TestIdentifiersFollowFromContents(t *testing.T) {
	for want, doc := range map[string]string{
		"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4":   `{"type":"ipv4-addr","value":"198.51.100.3"}`,
		"ipv6-addr--6469e3a9-b053-5e34-a025-9396ae051d26":   `{"type":"ipv6-addr","value":"2001:db8::1"}`,
		"domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7": `{"type":"domain-name","value":"example.com"}`,
		"process--": `{"type":"process","pid":1}`,
	} {
		got := DeterministicID(parse(t, doc))
		if want == "process--" {
			want = ""
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", doc, got, want)
		}
	}
}

func TestOneHashContributes(t *testing.T) {
	id := func(hashes string) string { return DeterministicID(parse(t, `{"type":"file","hashes":`+hashes+`}`)) }
	md5 := id(`{"MD5":"a"}`)
	for _, same := range []string{`{"SHA-256":"b","MD5":"a"}`, `{"MD5":"a","SSDEEP":"x","SHA-1":"c"}`} {
		if id(same) != md5 {
			t.Errorf("%s: the first of MD5, SHA-1, SHA-256, SHA-512 contributes", same)
		}
	}
	if id(`{"TLSH":"b","SSDEEP":"a"}`) != id(`{"SSDEEP":"a","TLSH":"c"}`) {
		t.Error("without those, the first by name contributes")
	}
}

func TestCanonicalJSON(t *testing.T) {
	// The examples of RFC 8785, sections 3.2.2 and 3.2.3, in part.
	for doc, want := range map[string]string{
		`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001,-0,1e21,1e-7]}`: `{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21,1e-7]}`,
		`{"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"}`:                                 `{"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`:                "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}",
		`[56,{"d":true,"10":null,"1":[]}]`:                                                           `[56,{"1":[],"10":null,"d":true}]`,
	} {
		var p parser
		n, err := p.parse(doc, 9)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendCanonical(nil, &n)); got != want {
			t.Errorf("%s\n got %s\nwant %s", doc, got, want)
		}
	}
}
