package entry

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// shape is the part of a compiled schema that this package's schemas are made of
// (spec/schemas): it says of almost every sound value at once that it is one,
// without the record of its way that the validator keeps for its findings. What
// it does not accept, the validator decides, and explains.
//
// A shape accepts nothing that its schema refuses; that is held by a fuzz test.
type shape struct {
	kind string // the schema's one type; "" for any value
	ref  *shape // the schema holds what it refers to as well

	words              map[string]bool // nil: any
	pattern            jsonschema.Regexp
	minRunes, maxRunes int // -1: no bound

	low, high *int64

	required []string
	fields   map[string]*shape
	rest     *shape // of the fields beside those; nil: any
	closed   bool   // no field beside those
	fewest   int

	items              *shape
	minItems, maxItems int // -1: no bound
}

// shapeOf returns the shape of a schema, or an error when the schema uses what a
// shape does not know. known holds the shapes of schemas under way: references
// may be circular.
func shapeOf(s *jsonschema.Schema, known map[*jsonschema.Schema]*shape) (sh *shape, err error) {
	if done := known[s]; done != nil {
		return done, nil
	}
	if word := foreign(s); word != "" {
		return nil, fmt.Errorf("%s: %s is beyond a shape", s.Location, word)
	}
	sh = &shape{
		minRunes: orNone(s.MinLength), maxRunes: orNone(s.MaxLength), minItems: orNone(s.MinItems), maxItems: orNone(s.MaxItems),
		pattern: s.Pattern, required: s.Required, fewest: max(0, orNone(s.MinProperties)),
	}
	known[s] = sh
	if s.Types != nil {
		sh.kind = s.Types.String()
		if kinds := s.Types.ToStrings(); len(kinds) == 1 {
			sh.kind = kinds[0]
		}
	}
	if s.Enum != nil {
		sh.words = map[string]bool{}
		for _, v := range s.Enum.Values {
			sh.words[v.(string)] = true
		}
	}
	if sh.low, err = bound(s.Minimum); err != nil {
		return nil, err
	}
	if sh.high, err = bound(s.Maximum); err != nil {
		return nil, err
	}
	return sh, sh.within(s, known)
}

// within adds the shapes of the schemas inside a schema.
func (sh *shape) within(s *jsonschema.Schema, known map[*jsonschema.Schema]*shape) (err error) {
	if s.Ref != nil {
		if sh.ref, err = shapeOf(s.Ref, known); err != nil {
			return err
		}
	}
	if s.Items2020 != nil {
		if sh.items, err = shapeOf(s.Items2020, known); err != nil {
			return err
		}
	}
	switch rest := s.AdditionalProperties.(type) {
	case bool:
		sh.closed = !rest
	case *jsonschema.Schema:
		if sh.rest, err = shapeOf(rest, known); err != nil {
			return err
		}
	}
	sh.fields = make(map[string]*shape, len(s.Properties))
	for name, field := range s.Properties {
		if sh.fields[name], err = shapeOf(field, known); err != nil {
			return err
		}
	}
	return nil
}

// foreign names something that the schema uses and a shape does not know, "" when
// there is nothing.
func foreign(s *jsonschema.Schema) string {
	for word, used := range map[string]bool{
		"a boolean schema": s.Bool != nil, "const": s.Const != nil, "not": s.Not != nil, "allOf": len(s.AllOf) > 0,
		"anyOf": len(s.AnyOf) > 0, "oneOf": len(s.OneOf) > 0, "if": s.If != nil, "format": s.Format != nil,
		"$recursiveRef": s.RecursiveRef != nil, "$dynamicRef": s.DynamicRef != nil, "maxProperties": s.MaxProperties != nil,
		"propertyNames": s.PropertyNames != nil, "patternProperties": len(s.PatternProperties) > 0,
		"dependencies": len(s.Dependencies) > 0, "dependentRequired": len(s.DependentRequired) > 0,
		"dependentSchemas": len(s.DependentSchemas) > 0, "unevaluatedProperties": s.UnevaluatedProperties != nil,
		"uniqueItems": s.UniqueItems, "contains": s.Contains != nil, "items of an older draft": s.Items != nil,
		"additionalItems": s.AdditionalItems != nil, "prefixItems": len(s.PrefixItems) > 0,
		"unevaluatedItems": s.UnevaluatedItems != nil, "contentEncoding": s.ContentEncoding != nil,
		"contentMediaType": s.ContentMediaType != nil, "exclusiveMaximum": s.ExclusiveMaximum != nil,
		"exclusiveMinimum": s.ExclusiveMinimum != nil, "multipleOf": s.MultipleOf != nil, "an extension": len(s.Extensions) > 0,
		"several types": s.Types != nil && len(s.Types.ToStrings()) != 1,
	} {
		if used {
			return word
		}
	}
	if s.Enum != nil {
		for _, v := range s.Enum.Values {
			if _, ok := v.(string); !ok {
				return "enum of other values than strings"
			}
		}
	}
	return ""
}

func orNone(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

func bound(r *big.Rat) (*int64, error) {
	if r == nil {
		return nil, nil
	}
	if !r.IsInt() || !r.Num().IsInt64() {
		return nil, fmt.Errorf("the bound %s is no int64", r)
	}
	n := r.Num().Int64()
	return &n, nil
}

// accepts reports that v keeps the schema; false means that the validator has to
// be asked.
func (sh *shape) accepts(v any) bool {
	if sh.ref != nil && !sh.ref.accepts(v) {
		return false
	}
	switch v := v.(type) {
	case string:
		return sh.is("string") && sh.acceptsText(v)
	case map[string]any:
		return sh.is("object") && sh.words == nil && sh.acceptsObject(v)
	case []any:
		return sh.is("array") && sh.words == nil && sh.acceptsArray(v)
	case bool:
		return sh.is("boolean") && sh.words == nil
	case json.Number:
		return sh.is("integer") && sh.words == nil && sh.acceptsInteger(v)
	}
	return false
}

func (sh *shape) is(kind string) bool { return sh.kind == kind || sh.kind == "" }

func (sh *shape) acceptsText(s string) bool {
	if sh.words != nil && !sh.words[s] {
		return false
	}
	if sh.minRunes > 0 || sh.maxRunes >= 0 {
		n := utf8.RuneCountInString(s)
		if n < sh.minRunes || sh.maxRunes >= 0 && n > sh.maxRunes {
			return false
		}
	}
	return sh.pattern == nil || sh.pattern.MatchString(s)
}

func (sh *shape) acceptsObject(object map[string]any) bool {
	if len(object) < sh.fewest {
		return false
	}
	for _, name := range sh.required {
		if _, ok := object[name]; !ok {
			return false
		}
	}
	for name, v := range object {
		field := sh.fields[name]
		if field == nil {
			if sh.closed {
				return false
			}
			field = sh.rest
		}
		if field != nil && !field.accepts(v) {
			return false
		}
	}
	return true
}

func (sh *shape) acceptsArray(list []any) bool {
	if len(list) < sh.minItems || sh.maxItems >= 0 && len(list) > sh.maxItems {
		return false
	}
	if sh.items == nil {
		return true
	}
	for _, v := range list {
		if !sh.items.accepts(v) {
			return false
		}
	}
	return true
}

// acceptsInteger accepts integers of up to 18 digits, written without a point.
func (sh *shape) acceptsInteger(n json.Number) bool {
	if len(n) > 18 || strings.Contains(string(n), ".") {
		return false
	}
	i, err := strconv.ParseInt(string(n), 10, 64)
	return err == nil && (sh.low == nil || i >= *sh.low) && (sh.high == nil || i <= *sh.high)
}
