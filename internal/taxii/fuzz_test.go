package taxii

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzQuery: any query is read or is a 400, and what is read again from its own form
// is the same.
func FuzzQuery(f *testing.F) {
	for _, raw := range []string{
		"", "limit=10", "added_after=2016-02-01T00:00:01.000001Z", "match[type]=incident,report&match[version]=first,2018-03-02T01:01:01.123Z,last",
		"match%5Bid%5D=indicator--3600ad1b-fff1-4c98-bcc9-4de3bc2e2ffb", "match[spec_version]=2.0,2.1", "next=abc", "match[version]=all&limit=1", "match[=x", "a;b=%zz",
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, fields := range [][]string{matchAll, matchObject, matchVersion} {
			q, err := parseQuery(raw, fields)
			var bad *fault
			if err != nil && (!errors.As(err, &bad) || bad.status != http.StatusBadRequest) {
				t.Fatalf("%q: %v", raw, err)
			}
			if err != nil {
				continue
			}
			if len(fields) < len(matchAll) && (q.ids != nil || q.types != nil) {
				t.Fatalf("%q: filters that the endpoint does not have: %+v", raw, q)
			}
			form := url.Values{}
			for name, list := range map[string][]string{"match[id]": q.ids, "match[type]": q.types, "match[spec_version]": q.specs} {
				if len(list) > 0 {
					form.Set(name, strings.Join(list, ","))
				}
			}
			if q.exact != "" {
				form.Set("match[version]", q.exact)
			}
			again, err := parseQuery(form.Encode(), fields)
			if err != nil {
				t.Fatalf("%q in its own form %q: %v", raw, form.Encode(), err)
			}
			if again.added = q.added; again.text() != q.text() {
				t.Fatalf("%q reads as %q, and its form as %q", raw, q.text(), again.text())
			}
		}
	})
}

// FuzzCursor: no text is a cursor but those that were given, for what they were given.
func FuzzCursor(f *testing.F) {
	c := cursors{[]byte("an invented key of thirty-two b.")}
	given := &query{types: []string{"report"}}
	f.Add(c.text(1, 2, "received-A1", given), int64(1))
	f.Add("", int64(0))
	f.Add("AAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAA", int64(-5))
	f.Fuzz(func(t *testing.T, text string, position int64) {
		if at, err := c.position(text, 2, "received-A1", given); err == nil && c.text(at, 2, "received-A1", given) != text {
			t.Fatalf("%q is taken for position %d", text, at)
		}
		own := c.text(position, 2, "received-A1", given)
		if at, err := c.position(own, 2, "received-A1", given); err != nil || at != position {
			t.Fatalf("%q: %d, %v, want %d", own, at, err, position)
		}
		for _, x := range []struct {
			client int64
			alias  string
			q      *query
		}{{3, "received-A1", given}, {2, "received-A2", given}, {2, "received-A1", &query{}}} {
			if _, err := c.position(own, x.client, x.alias, x.q); err == nil {
				t.Fatalf("%q is taken for another query", own)
			}
		}
	})
}
