package policy

import (
	_ "embed" // the schema
	"errors"
	"fmt"
	"sync"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/x/exp/ast"
	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"
)

//go:embed schema.cedarschema
var schemaSource []byte

// Schema returns the Cedar schema that every set is validated against.
func Schema() []byte { return append([]byte(nil), schemaSource...) }

// validator holds policies against the schema, strictly. A fault in the schema is
// a fault of the build, which a test finds.
var validator = sync.OnceValue(func() *validate.Validator {
	var s schema.Schema
	s.SetFilename("schema.cedarschema")
	if err := s.UnmarshalCedar(schemaSource); err != nil {
		panic(err)
	}
	r, err := s.Resolve()
	if err != nil {
		panic(err)
	}
	return validate.New(r, validate.WithStrict())
})

// fits validates a policy against the schema.
func fits(p *cedar.Policy) error {
	err := validator().Policy("", (*ast.Policy)(p.AST()))
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) && len(many.Unwrap()) > 0 {
		err = many.Unwrap()[0] // the others mostly follow from it
	}
	if err != nil {
		return fmt.Errorf("it does not fit the schema: %w", err)
	}
	return nil
}
