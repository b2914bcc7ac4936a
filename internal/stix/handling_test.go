package stix

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"entente"
	"entente/spec"
)

const creator = "identity--5b4f3b0e-2f0e-4b9e-8a57-0d6a1c3e9f10"

func markedExamples(t testing.TB) []*Object {
	t.Helper()
	marked, findings, err := Mark(examples(t), handling(), creator, releaseTime)
	if err != nil || len(findings) > 0 {
		t.Fatal(err, listing(findings))
	}
	return marked
}

func TestHandlingGoesThereAndBack(t *testing.T) {
	full := handling()
	full.TLP, full.Consented, full.Onward, full.OnwardTo = entente.TLPRed, []string{"investigation"}, entente.OnwardNamed, []string{"DEA", "HSI"}
	full.Evidential, full.Risks, full.From = true, []string{"danger_to_source"}, "2025"
	for _, h := range []entente.Handling{handling(), full} {
		markings, err := MarkingsFor(h, creator, releaseTime)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range markings {
			if f := Validate(o); len(f) > 0 {
				t.Errorf("%s: %s", o.Raw(), listing(f))
			}
		}
		got, findings := HandlingFrom(markings)
		if len(findings) > 0 {
			t.Error(listing(findings))
		}
		if !reflect.DeepEqual(got, h) {
			t.Errorf("got %+v\nwant %+v", got, h)
		}
		again, err := MarkingsFor(h, creator, releaseTime)
		if err != nil || again[2].ID != markings[2].ID || again[1].ID != markings[1].ID {
			t.Errorf("the same handling has other markings: %v", err)
		}
	}
}

// TestEveryFieldOfHandlingIsMarked changes each field in turn: none may be lost.
func TestEveryFieldOfHandlingIsMarked(t *testing.T) {
	base, err := MarkingsFor(handling(), creator, releaseTime)
	if err != nil {
		t.Fatal(err)
	}
	typ := reflect.TypeFor[entente.Handling]()
	for i := range typ.NumField() {
		h := handling()
		switch f := reflect.ValueOf(&h).Elem().Field(i); f.Kind() {
		case reflect.String:
			f.SetString(f.String() + "x")
		case reflect.Bool:
			f.SetBool(!f.Bool())
		case reflect.Slice:
			f.Set(reflect.ValueOf([]string{"other"}))
		default:
			t.Fatalf("%s is a %s", typ.Field(i).Name, f.Kind())
		}
		if len(Contradictions(base, h)) == 0 {
			t.Errorf("another %s contradicts nothing", typ.Field(i).Name)
		}
	}
}

func TestWhatCannotBeMarkedIsRefused(t *testing.T) {
	for name, change := range map[string]func(*entente.Handling){
		"no marking":   func(h *entente.Handling) { h.TLP = "" },
		"no purposes":  func(h *entente.Handling) { h.Purposes = nil },
		"no territory": func(h *entente.Handling) { h.Territory = "" },
		"no retention": func(h *entente.Handling) { h.Retain = "" },
		"bad grade":    func(h *entente.Handling) { h.Source = "Z" },
	} {
		h := handling()
		change(&h)
		if _, err := MarkingsFor(h, creator, releaseTime); err == nil {
			t.Errorf("%s is marked", name)
		}
	}
	if _, err := MarkingsFor(handling(), "tool--5b4f3b0e-2f0e-4b9e-8a57-0d6a1c3e9f10", releaseTime); err == nil {
		t.Error("a tool marks")
	}
}

func TestMarkedBundlesAreInStep(t *testing.T) {
	marked := markedExamples(t)
	if f := InStep(marked, handling()); len(f) > 0 {
		t.Error(listing(f))
	}
	for _, o := range marked {
		if f := Validate(o); len(f) > 0 {
			t.Errorf("%s: %s", o.ID, listing(f))
		}
	}
	again, findings, err := Mark(marked, handling(), creator, releaseTime.Add(time.Hour))
	if err != nil || len(findings) > 0 || len(again) != len(marked) {
		t.Fatal(err, listing(findings))
	}
	for i := range again {
		if again[i] != marked[i] {
			t.Errorf("%s was marked again", again[i].ID)
		}
	}
}

// TestMarkingIsANewVersionAndNothingElse: only modified and object_marking_refs
// change (sections 3.6, 7.2.2).
func TestMarkingIsANewVersionAndNothingElse(t *testing.T) {
	marked := markedExamples(t)
	for i, o := range examples(t) {
		m := marked[i]
		if m.ID != o.ID || m.Created != o.Created {
			t.Fatalf("%s became %s", o.ID, m.ID)
		}
		if o.Modified != "" && m.Modified.Compare(o.Modified) <= 0 {
			t.Errorf("%s: modified %s is not after %s", o.ID, m.Modified, o.Modified)
		}
		var was, is map[string]any
		if json.Unmarshal([]byte(o.Raw()), &was) != nil || json.Unmarshal([]byte(m.Raw()), &is) != nil {
			t.Fatal("no JSON")
		}
		delete(is, "object_marking_refs")
		delete(was, "modified")
		delete(is, "modified")
		if !reflect.DeepEqual(was, is) {
			t.Errorf("%s changed:\n%s\n%s", o.ID, o.Raw(), m.Raw())
		}
	}
	late := edited(t, examples(t)[0].Raw(), object{"modified": "2030-01-01T00:00:00.000900Z", "object_marking_refs": []any{tlp1[2].id}})
	h := handling()
	h.TLP = entente.TLPAmber
	out, findings, err := Mark([]*Object{late}, h, creator, releaseTime)
	if err != nil || len(findings) > 0 {
		t.Fatal(err, listing(findings))
	}
	if out[0].Modified != "2030-01-01T00:00:00.001Z" || len(out[0].Markings()) != 4 {
		t.Errorf("%s", out[0].Raw())
	}
}

func TestContradictionsAreRefused(t *testing.T) {
	o := examples(t)[2]
	red, err := tlpMarking(entente.TLPRed)
	if err != nil {
		t.Fatal(err)
	}
	other := handling()
	other.Purposes, other.Retain = []string{"prosecution"}, "2031-01-01"
	markings, err := MarkingsFor(other, creator, releaseTime)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		objects []*Object
		detail  string
	}{
		"TLP 2.0 on an object":   {[]*Object{edited(t, o.Raw(), object{"object_marking_refs": []any{red.ID}})}, "tlp: red ≠ amber+strict"},
		"TLP 1.0 on an object":   {[]*Object{edited(t, o.Raw(), object{"object_marking_refs": []any{tlp1[0].id}})}, "tlp: clear ≠ amber+strict"},
		"TLP on a part":          {[]*Object{edited(t, o.Raw(), object{"granular_markings": []any{object{"selectors": []any{"name"}, "marking_ref": red.ID}}})}, "tlp: red ≠ amber+strict"},
		"a handling's purposes":  {[]*Object{o, markings[2]}, `purposes: ["prosecution"] ≠ ["investigation","prosecution"]`},
		"a handling's retention": {[]*Object{o, markings[2]}, `retain: "2031-01-01" ≠ "2026-10-05"`},
		"a statement's purposes": {[]*Object{o, markings[1]}, "statement: " + statementOf(other)},
	} {
		_, findings, err := Mark(c.objects, handling(), creator, releaseTime)
		found := false
		for _, f := range findings {
			found = found || f.Code == Contradicts && f.Detail == c.detail
		}
		if err != nil || !found || !Refused(findings) {
			t.Errorf("%s: %v, %s", name, err, listing(findings))
		}
	}
}

func TestWhatIsOutOfStepIsRefused(t *testing.T) {
	marked := markedExamples(t)
	without := func(id string) []*Object {
		var left []*Object
		for _, o := range marked {
			if o.ID != id {
				left = append(left, o)
			}
		}
		return left
	}
	handlingID, statementID := "", ""
	for _, o := range marked {
		if o.handlingExtension() != nil {
			handlingID = o.ID
		}
		if o.statement() != "" {
			statementID = o.ID
		}
	}
	other := handling()
	other.Retain = "2031-01-01"
	second, err := MarkingsFor(other, creator, releaseTime)
	if err != nil {
		t.Fatal(err)
	}
	bad := edited(t, second[2].Raw(), object{"extensions": object{ExtensionHandling: object{"extension_type": "property-extension", "tlp": "red"}}})
	for name, c := range map[string]struct {
		objects []*Object
		code    Code
	}{
		"nothing marked":        {examples(t), NoHandling},
		"no handling":           {without(handlingID), NoHandling},
		"no statement":          {without(statementID), Unmarked},
		"an unmarked object":    {append([]*Object{examples(t)[0]}, marked...), Unmarked},
		"two handlings":         {append([]*Object{second[2]}, marked...), TwoHandlings},
		"an unreadable marking": {[]*Object{bad}, Missing},
		"another handling":      {append([]*Object{second[2]}, without(handlingID)...), Contradicts},
	} {
		found := InStep(c.objects, handling())
		ok := false
		for _, f := range found {
			ok = ok || f.Code == c.code
		}
		if !ok || !Refused(found) {
			t.Errorf("%s: want %s, got %s", name, c.code, listing(found))
		}
	}
	h, _ := HandlingFrom([]*Object{edited(t, examples(t)[0].Raw(), object{"object_marking_refs": []any{tlp1[3].id}})})
	if h.TLP != entente.TLPRed {
		t.Errorf("what other markings say is %+v", h)
	}
}

func TestDefinitionsAreValidAndNameTheirSchemas(t *testing.T) {
	for _, o := range Definitions() {
		if f := Validate(o); len(f) > 0 {
			t.Errorf("%s: %s", o.ID, listing(f))
		}
	}
	for _, d := range definitions {
		b, err := spec.STIX.ReadFile("stix/" + d.file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(d.object().Text("schema"), entente.DigestOf(b).String()) || !bytes.Contains(b, []byte(d.id)) {
			t.Errorf("%s and its schema do not name each other", d.name)
		}
	}
}

// TestOurTypesAreInStepWithTheirSchemas holds the rows of types.txt against spec/stix: the same names,
// required alike; and what the table refuses of values, the schema does too.
func TestOurTypesAreInStepWithTheirSchemas(t *testing.T) {
	for file, def := range map[string]*typeDef{
		"handling": table().parts["entente-handling"], "firearm": table().types["firearm"],
		"vessel": table().types["vessel"], "financial-account": table().types["financial-account"],
	} {
		b, err := spec.STIX.ReadFile("stix/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var schema struct {
			Properties map[string]any
			Required   []string
		}
		if err := json.Unmarshal(b, &schema); err != nil {
			t.Fatal(err)
		}
		for name := range schema.Properties {
			if def.props[name] == nil {
				t.Errorf("%s: the schema has %s, the table has not", file, name)
			}
		}
		shared := table().types["url"].props
		for _, p := range def.order {
			if schema.Properties[p.name] == nil && (file == "handling" || shared[p.name] == nil) {
				t.Errorf("%s: the table has %s, the schema has not", file, p.name)
			}
			if file == "handling" && (def.required&p.bit != 0) != contains(schema.Required, p.name) {
				t.Errorf("%s: %s is required in one only", file, p.name)
			}
		}
		compiled := compileSchema(t, file, b)
		base := parse(t, encode(t, schemaSample(t, file, def)))
		for _, p := range def.order {
			for _, v := range []any{"", "x", 1, -1, true, []any{}, []any{"?"}, object{}, "2025-13", "MX"} {
				o := edited(t, base.Raw(), object{p.name: v})
				if schema.Properties[p.name] == nil {
					continue
				}
				ours := refusesPart(def, o)
				doc, err := jsonschema.UnmarshalJSON(strings.NewReader(o.Raw()))
				if err != nil {
					t.Fatal(err)
				}
				if theirs := compiled.Validate(doc) != nil; theirs && !ours {
					t.Errorf("%s: %s = %v is refused by the schema only", file, p.name, v)
				}
			}
		}
	}
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

func compileSchema(t *testing.T, name string, b []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func schemaSample(t *testing.T, file string, def *typeDef) map[string]any {
	if file != "handling" {
		return sample(t, file)
	}
	m := samplePart(def)
	m["extension_type"] = "property-extension"
	return m
}

// refusesPart validates a document by one row of the table.
func refusesPart(def *typeDef, o *Object) bool {
	if def.class == "sco" {
		return Refused(Validate(o))
	}
	marking := `{"type":"marking-definition","spec_version":"2.1","id":"` + sampleID("marking-definition") +
		`","created":"2025-01-01T00:00:00.000Z","extensions":{"` + ExtensionHandling + `":` + o.Raw() + `}}`
	m, err := Parse([]byte(marking))
	return err != nil || Refused(Validate(m))
}

func TestAgenciesHaveOneIdentity(t *testing.T) {
	a := AgencyIdentity(entente.MX, "FGR", `Fiscalía "General"`, releaseTime)
	if a.ID != AgencyID(entente.MX, "FGR") || a.ID == AgencyID(entente.US, "FGR") || a.Text("name") != `Fiscalía "General"` {
		t.Error(a.Raw())
	}
	if f := Validate(a); len(f) > 0 {
		t.Error(listing(f))
	}
}

// TestDocumentation keeps docs/stix.md in step with the examples: after a line
// <!-- example: name --> the block is the file.
func TestDocumentation(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "stix.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	marking, err := MarkingsFor(handling(), creator, releaseTime)
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(marking[2].Raw()), "", "  "); err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{"handling": pretty.String() + "\n"}
	for _, name := range exampleNames {
		blocks[name] = string(exampleText(t, name))
	}
	for name, text := range blocks {
		head := "<!-- example: " + name + " -->\n```json\n"
		before, rest, ok := strings.Cut(doc, head)
		_, after, ends := strings.Cut(rest, "```\n")
		if !ok || !ends {
			t.Fatalf("docs/stix.md does not show the example %s", name)
		}
		doc = before + head + text + "```\n" + after
	}
	if doc != string(b) {
		if !*update {
			t.Fatal("docs/stix.md shows other examples than testdata/examples: go test ./internal/stix -update, and read the difference")
		}
		if err := os.WriteFile(path, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExamplesAreValidAndSaySo(t *testing.T) {
	for i, o := range examples(t) {
		if f := Validate(o); len(f) > 0 {
			t.Errorf("%s: %s", exampleNames[i], listing(f))
		}
		if text := o.Raw(); o.Type != "observed-data" && !strings.Contains(text, "invented") {
			t.Errorf("%s does not say that it is invented", exampleNames[i])
		}
	}
	files, err := os.ReadDir(filepath.Join("testdata", "examples"))
	if err != nil || len(files) != len(exampleNames) {
		t.Errorf("%d files, %d names: %v", len(files), len(exampleNames), err)
	}
}
