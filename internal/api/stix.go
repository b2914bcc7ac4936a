package api

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"entente/internal/stix"
	"entente/spec"
)

// extensionsBundle names the STIX bundle of our extension definitions.
const extensionsBundle = "bundle--0d6e9f0a-6a55-4d0c-9a1c-2f0f4c3a7b18"

// serveSTIX publishes our extensions of STIX 2.1 (docs/stix.md): extensions.json is a
// bundle of their definitions, and each other file is the JSON Schema that one of
// them names by digest.
func (s *server) serveSTIX(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, operation{}, func(_ context.Context, c *call) (*answer, error) {
		file := c.path("file")
		if file == "extensions.json" {
			var b bytes.Buffer
			err := stix.WriteBundle(&b, extensionsBundle, stix.Definitions())
			return &answer{raw: b.Bytes(), media: "application/stix+json;version=2.1"}, err
		}
		if !strings.HasSuffix(file, ".json") {
			return nil, notFound()
		}
		schema, err := spec.STIX.ReadFile("stix/" + file)
		if err != nil {
			return nil, notFound() // of embedded files, none is unreadable
		}
		return &answer{raw: schema, media: "application/schema+json"}, nil
	})
}
