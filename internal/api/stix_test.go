package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"entente"
	"entente/internal/stix"
	"entente/internal/store"
)

// TestOurExtensionsArePublished: whoever was sent a bundle finds the definitions of
// what is ours in it, and the very schemas that these name by digest.
func TestOurExtensionsArePublished(t *testing.T) {
	h := New(Deps{Store: &store.Store{}, Audience: entente.Public})
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/stix/"+path, nil))
		return w
	}
	w := get("extensions.json")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/stix+json;version=2.1" {
		t.Fatalf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	b, err := stix.ParseBundle(w.Body, stix.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if findings := stix.ValidateBundle(b); len(findings) > 0 {
		t.Errorf("the bundle breaks rules: %v", findings)
	}
	n := 0
	for _, o := range b.Objects {
		if o.Type != "extension-definition" {
			continue
		}
		n++
		_, rest, _ := strings.Cut(o.Text("schema"), "spec/stix/")
		file, _, _ := strings.Cut(rest, " ")
		schema := get(file)
		if schema.Code != http.StatusOK || !strings.Contains(o.Text("schema"), entente.DigestOf(schema.Body.Bytes()).String()) {
			t.Errorf("%s: %s is %d, and not what %q names", o.ID, file, schema.Code, o.Text("schema"))
		}
	}
	if n != 4 {
		t.Errorf("%d definitions", n)
	}
	for _, none := range []string{"nothing.json", "handling", "..%2Fembed.go", "."} {
		if w := get(none); w.Code == http.StatusOK {
			t.Errorf("%s: %s", none, w.Body)
		}
	}
}
