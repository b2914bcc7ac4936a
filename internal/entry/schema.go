package entry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"entente"
	"entente/spec"
)

// schemas are the compiled JSON Schemas of spec/schemas by name: one for each
// type, and "header". They are embedded, so that a schema that does not compile
// is a fault of the build.
var schemas = sync.OnceValue(func() map[string]schema {
	compiled, err := compile()
	if err != nil {
		panic(err)
	}
	return compiled
})

// schema is a compiled schema and the shape that spares asking it.
type schema struct {
	full  *jsonschema.Schema
	shape *shape
}

func compile() (map[string]schema, error) {
	files, err := spec.Schemas.ReadDir("schemas")
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	var names []string
	for _, f := range files {
		b, err := spec.Schemas.ReadFile("schemas/" + f.Name())
		if err != nil {
			return nil, err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		if err := c.AddResource(f.Name(), doc); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		names = append(names, f.Name())
	}
	compiled, known := map[string]schema{}, map[*jsonschema.Schema]*shape{}
	for _, name := range names {
		full, err := c.Compile(name)
		if err != nil {
			return nil, err
		}
		sh, err := shapeOf(full, known)
		if err != nil {
			return nil, err
		}
		compiled[strings.TrimSuffix(name, ".json")] = schema{full, sh}
	}
	return compiled, nil
}

// validate holds v against the schema with this name.
func validate(name string, code Code, v any) error {
	s, ok := schemas()[name]
	if !ok {
		return &Error{CodeType, fmt.Sprintf("no schema for %q", name)}
	}
	if s.shape.accepts(v) {
		return nil
	}
	err := s.full.Validate(v)
	var broken *jsonschema.ValidationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &broken):
		return &Error{code, explain(broken)}
	default:
		return &Error{code, err.Error()}
	}
}

// explain returns the findings of the validator in a fixed order, without its
// first line, which only names the schema.
func explain(broken *jsonschema.ValidationError) string {
	lines := strings.Split(broken.Error(), "\n")[1:]
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimSpace(l), "- ")
	}
	slices.Sort(lines)
	const enough = 600
	out := strings.Join(lines, "; ")
	if len(out) > enough {
		out = strings.ToValidUTF8(out[:enough], "") + "…"
	}
	return out
}

// Decode decodes the body into a new value of its type (entente.TypeRule.New),
// after holding it against the type's schema. An unknown type is [CodeType], a
// body that does not keep the schema [CodeBody].
func (p *Parsed) Decode() (any, error) { return decode(p.Type, p.Header.Body, p.body) }

// DecodeBody decodes the raw body of an entry of type t in the same way.
func DecodeBody(t entente.Type, raw []byte) (any, error) {
	v, _, err := tree(raw)
	if err != nil {
		return nil, err
	}
	return decode(t, raw, v)
}

func decode(t entente.Type, raw []byte, v any) (any, error) {
	rule, ok := entente.Rule(t)
	if !ok {
		return nil, &Error{CodeType, fmt.Sprintf("no type %q in this version", t)}
	}
	if err := validate(string(t), CodeBody, v); err != nil {
		return nil, err
	}
	body := rule.New()
	if err := json.Unmarshal(raw, body); err != nil { // unknown fields were refused by the schema
		return nil, &Error{CodeBody, err.Error()}
	}
	return body, nil
}
