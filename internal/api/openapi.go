package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"entente/spec"
)

const schemaPrefix = "#/components/schemas/"

// serveDocument serves the OpenAPI 3.1 document: /api/openapi.json.
func (s *server) serveDocument(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, operation{}, func(_ context.Context, _ *call) (*answer, error) {
		b, err := s.openapi()
		return &answer{raw: b, media: "application/vnd.oai.openapi+json;version=3.1"}, err
	})
}

// document is the OpenAPI document with the published JSON Schemas of bodies in
// it: OpenAPI 3.1 takes them as they are.
func (s *server) document() ([]byte, error) {
	raw, err := json.Marshal(s.api.OpenAPI())
	if err != nil {
		return nil, err
	}
	var doc struct {
		OpenAPI    string          `json:"openapi"`
		Info       json.RawMessage `json:"info"`
		Servers    json.RawMessage `json:"servers,omitempty"`
		Paths      json.RawMessage `json:"paths"`
		Components map[string]any  `json:"components"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	schemas, ok := doc.Components["schemas"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("openapi: no schemas")
	}
	// The library's own form of errors is not used.
	delete(schemas, "ErrorModel")
	delete(schemas, "ErrorDetail")
	for _, t := range s.tables {
		if err := addBody(schemas, string(t.rule.Type)); err != nil {
			return nil, err
		}
	}
	out, err := json.MarshalIndent(doc, "", " ")
	return append(out, '\n'), err
}

// addBody adds the published schema of a type as body.<type>. Its definitions
// become components of their own: def.<name>, or def.<type>.<name> where another
// type has a different one of that name.
func addBody(schemas map[string]any, typ string) error {
	raw, err := spec.Schemas.ReadFile("schemas/" + typ + ".json")
	if err != nil {
		return err
	}
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		return fmt.Errorf("%s.json: %w", typ, err)
	}
	defs, _ := body["$defs"].(map[string]any)
	for _, member := range []string{"$schema", "$id", "$defs"} {
		delete(body, member)
	}
	// A definition is shared when everything it refers to is; with names that is
	// the case when both, references renamed alike, are equal.
	shared := func(name string) string { return "def." + name }
	own := func(name string) string { return "def." + typ + "." + name }
	name := shared
	for _, d := range slices.Sorted(maps.Keys(defs)) {
		if had, ok := schemas[shared(d)]; ok && !reflect.DeepEqual(had, renamed(defs[d], shared)) {
			name = own
		}
	}
	for d, schema := range defs {
		schemas[name(d)] = renamed(schema, name)
	}
	schemas["body."+typ] = renamed(body, name)
	return nil
}

// renamed returns a schema with its references to definitions renamed.
func renamed(v any, name func(string) string) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = renamed(v[i], name)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			if ref, ok := value.(string); ok && key == "$ref" {
				if def, ok := strings.CutPrefix(ref, "#/$defs/"); ok {
					value = schemaPrefix + name(def)
				}
			}
			out[key] = renamed(value, name)
		}
		return out
	}
	return v
}
