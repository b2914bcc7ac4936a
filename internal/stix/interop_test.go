//go:build interop

package stix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"entente/spec"
)

// conformance is the folder of data that others wrote: ENTENTE_CONFORMANCE, or
// conformance beside the repository in shared. These tests are asked for by name, so
// that a folder which is not there fails them.
func conformance(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ENTENTE_CONFORMANCE")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	dir = filepath.Join(dir, "stix-2.1")
	if _, err := os.Stat(filepath.Join(dir, "schemas")); err != nil {
		t.Fatalf("OASIS's schemas are not in %s: set ENTENTE_CONFORMANCE to the folder that holds stix-2.1/schemas and stix-2.1/examples (%v)", dir, err)
	}
	return dir
}

// oasis are OASIS's schemas by type.
type oasis struct {
	byType map[string]*jsonschema.Schema
	docs   map[string]map[string]any // the schemas themselves
	core   *jsonschema.Schema
	sco    *jsonschema.Schema
	bundle *jsonschema.Schema
}

func loadOASIS(t *testing.T) *oasis {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	ids := map[string]string{}
	docs := map[string]map[string]any{}
	dir := filepath.Join(conformance(t), "schemas")
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			return err
		}
		m := doc.(map[string]any)
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		ids[name], docs[name] = m["$id"].(string), m
		return c.AddResource(ids[name], doc)
	})
	if err != nil {
		t.Fatal(err)
	}
	o := &oasis{byType: map[string]*jsonschema.Schema{}, docs: docs}
	for name, id := range ids {
		s, err := c.Compile(id)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		o.byType[name] = s
	}
	o.core, o.sco, o.bundle = o.byType["core"], o.byType["cyber-observable-core"], o.byType["bundle"]
	return o
}

// verdict is what OASIS's schemas say of an object: that of its type, or for a
// custom type those of all objects, of the class that we take it for.
func (o *oasis) verdict(t *testing.T, doc string) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(doc))
	if err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("no object")
	}
	typ, _ := m["type"].(string)
	switch class(typ) {
	case "":
		core, sco := o.core.Validate(v), o.sco.Validate(v)
		if core == nil || sco == nil {
			return nil
		}
		return core
	case "sco":
		if s := o.byType[typ]; s != nil {
			return s.Validate(v)
		}
		return o.sco.Validate(v)
	}
	if s := o.byType[typ]; s != nil {
		return s.Validate(v)
	}
	return fmt.Errorf("no schema for %s", typ)
}

// TestInteropNames holds our table against the schemas: every property that a schema
// names is in the row of its type, and the other way round.
func TestInteropNames(t *testing.T) {
	o := loadOASIS(t)
	// What a schema says elsewhere than under properties.
	elsewhere := map[string]string{
		"email-message":      "is_multipart body body_multipart",
		"malware":            "is_family",
		"marking-definition": "definition definition_type",
		"network-traffic":    "is_active",
	}
	checked := 0
	for typ, def := range table().types {
		doc := o.docs[typ]
		if doc == nil || typ == "bundle" {
			continue
		}
		checked++
		theirs := map[string]bool{}
		properties(doc, theirs)
		for name := range theirs {
			if def.props[name] == nil {
				t.Errorf("%s: the schema has %s, the table has not", typ, name)
			}
		}
		for name := range def.props {
			if !theirs[name] && !common21[name] && !slices.Contains(strings.Fields(elsewhere[typ]), name) {
				t.Errorf("%s: the table has %s, the schema has not", typ, name)
			}
		}
	}
	if checked < 40 {
		t.Errorf("only %d types compared", checked)
	}
}

// common21 are the common properties, which schemas have in files of their own.
var common21 = map[string]bool{
	"type": true, "spec_version": true, "id": true, "created_by_ref": true, "created": true, "modified": true, "revoked": true,
	"labels": true, "confidence": true, "lang": true, "external_references": true, "object_marking_refs": true,
	"granular_markings": true, "extensions": true, "defanged": true,
}

// properties collects the names of properties of a schema's own level.
func properties(schema map[string]any, names map[string]bool) {
	if p, ok := schema["properties"].(map[string]any); ok {
		for name := range p {
			names[name] = true
		}
	}
	if all, ok := schema["allOf"].([]any); ok {
		for _, s := range all {
			properties(s.(map[string]any), names)
		}
	}
}

// emitted is everything that this package writes.
func emitted(t *testing.T) []*Object {
	t.Helper()
	objects := slices.Concat(Definitions(), examples(t))
	objects = append(objects, AgencyIdentity("MX", "FGR", "Example", releaseTime))
	for i, p := range tlp2 {
		h := handling()
		h.TLP = p.tlp
		if i > 0 { // one release whole, and the markings of the others
			markings, err := MarkingsFor(h, AgencyID("MX", "FGR"), releaseTime)
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, markings...)
			continue
		}
		h.Consented, h.OnwardTo, h.Risks = []string{"investigation"}, []string{"SSPC"}, nil
		marked, findings, err := Mark(examples(t), h, AgencyID("MX", "FGR"), releaseTime)
		if err != nil || len(findings) > 0 {
			t.Fatal(err, listing(findings))
		}
		objects = append(objects, marked...)
	}
	return objects
}

func TestInteropWhatWeEmitSatisfiesTheSchemas(t *testing.T) {
	o := loadOASIS(t)
	own := ownSchemas(t)
	for _, e := range emitted(t) {
		if err := o.verdict(t, e.Raw()); err != nil {
			t.Errorf("%v\n%s", err, e.Raw())
		}
		v, _ := jsonschema.UnmarshalJSON(strings.NewReader(e.Raw()))
		if s := own[e.Type]; s != nil {
			if err := s.Validate(v); err != nil {
				t.Errorf("%v\n%s", err, e.Raw())
			}
		}
		if ext := e.handlingExtension(); ext != nil {
			h := v.(map[string]any)["extensions"].(map[string]any)[ExtensionHandling]
			if err := own["handling"].Validate(h); err != nil {
				t.Errorf("%v\n%s", err, e.Raw())
			}
		}
	}
}

// TestInteropBundles: the schema of the bundle accepts ours. Of the types that came
// with 2.1 it accepts none, which docs/stix.md says; should that change, bundles
// are to be held against it whole.
func TestInteropBundles(t *testing.T) {
	o := loadOASIS(t)
	for i, e := range examples(t) {
		var b bytes.Buffer
		if err := WriteBundle(&b, bundleID, []*Object{e}); err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		late := e.Type == "location" || e.Type == "incident"
		if err := o.bundle.Validate(v); (err != nil) != late {
			t.Errorf("%s: %v", exampleNames[i], err)
		}
	}
}

func ownSchemas(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	files, err := spec.STIX.ReadDir("stix")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*jsonschema.Schema{}
	for _, f := range files {
		b, err := spec.STIX.ReadFile("stix/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource(f.Name(), doc); err != nil {
			t.Fatal(err)
		}
		s, err := c.Compile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(f.Name(), ".json")] = s
	}
	return all
}

// oasisExamples are the bundles and objects among OASIS's examples.
func oasisExamples(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	dir := filepath.Join(conformance(t), "examples")
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		b, err := os.ReadFile(path)
		all[filepath.Base(path)] = b
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatal("no examples: ", err)
	}
	return all
}

func TestInteropExamplesSurvive(t *testing.T) {
	for name, doc := range oasisExamples(t) {
		objects, out := importExport(t, name, doc)
		var want, got any
		if err := unmarshal(doc, &want); err != nil {
			t.Fatal(err)
		}
		if err := unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s came out with another meaning", name)
		}
		for _, o := range objects {
			for _, f := range Validate(o) {
				if f.Severity == SeverityError {
					t.Errorf("%s: %s", name, f)
				}
			}
		}
	}
}

func unmarshal(doc []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	return d.Decode(v)
}

// importExport reads a bundle or an object and writes it again.
func importExport(t *testing.T, name string, doc []byte) ([]*Object, []byte) {
	t.Helper()
	o, err := Parse(doc)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if o.Type != "bundle" {
		return []*Object{o}, []byte(o.Raw())
	}
	b, err := ParseBundle(bytes.NewReader(doc), Limits{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if f := ValidateBundle(b); Refused(f) {
		t.Errorf("%s: %s", name, listing(f))
	}
	var out bytes.Buffer
	if err := WriteBundle(&out, b.ID, b.Objects); err != nil {
		t.Fatal(err)
	}
	return b.Objects, out.Bytes()
}

// TestInteropWhatTheyRejectWeReject changes objects that are valid, one value at
// a time, and compares verdicts.
func TestInteropWhatTheyRejectWeReject(t *testing.T) {
	o := loadOASIS(t)
	docs := map[string]string{}
	for name, m := range allSamples(t) {
		docs[name] = encode(t, m)
	}
	for name, doc := range oasisExamples(t) {
		objects, _ := importExport(t, name, doc)
		seen := map[string]int{}
		for _, e := range objects {
			if seen[e.Type]++; seen[e.Type] == 1 {
				docs[name+" "+e.Type] = e.Raw()
			}
		}
	}
	for _, e := range emitted(t) {
		docs["emitted "+e.ID] = e.Raw()
	}
	docs["custom sdo"] = `{"type":"x-example","spec_version":"2.1","id":"x-example--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09","created":"2025-01-01T00:00:00.000Z","modified":"2025-01-01T00:00:00.000Z","name":"Example"}`
	docs["custom sco"] = `{"type":"my-sco","id":"my-sco--a9a8f1c2-0d3b-4e6f-8a7c-5b4d3e2f1a09","extensions":{"extension-definition--d83fce45-ef58-4c6c-a3f4-1fbc32e98c6e":{"extension_type":"new-sco"}},"name":"Example"}`
	tried, rejected, stricter := 0, 0, 0
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		if err := o.verdict(t, docs[name]); err != nil {
			t.Errorf("%s is to be valid: %v\n%s", name, err, docs[name])
			continue
		}
		if f := Validate(parse(t, docs[name])); Refused(f) {
			t.Errorf("%s is to be valid: %s", name, listing(f))
			continue
		}
		shown := 0
		for what, doc := range mutations(t, docs[name]) {
			tried++
			err := o.verdict(t, doc)
			object, parseErr := Parse([]byte(doc))
			refused := parseErr != nil || Refused(Validate(object))
			switch {
			case err != nil && !refused:
				if shown++; shown < 8 {
					t.Errorf("%s, %s: the schema rejects, we do not: %v\n%.300s", name, what, err, doc)
				}
			case err != nil:
				rejected++
			case refused:
				stricter++
			}
		}
	}
	t.Logf("%d changes: %d rejected by both, %d by us alone", tried, rejected, stricter)
	if rejected < 10_000 {
		t.Errorf("only %d changes were rejected: the test tests nothing", rejected)
	}
}
