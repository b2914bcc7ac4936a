package form

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/internal/locale"
	"entente/internal/web/shell"
	"entente/internal/web/site"
	"entente/internal/web/things"
)

// every walks all fields of all bodies that a person may write.
func every(visit func(t entente.Type, path string, s shape)) {
	for _, r := range entente.Types {
		if r.Signers == entente.SignedByRoot {
			continue
		}
		var walk func(path string, fields []shape)
		walk = func(path string, fields []shape) {
			for _, s := range fields {
				visit(r.Type, join(path, s.name), s)
				walk(join(path, s.name), s.fields)
				if s.item != nil {
					walk(join(path, s.name), s.item.fields)
				}
			}
		}
		walk("", shapes(reflect.TypeOf(r.New()).Elem()))
	}
}

// TestEveryFieldHasItsWords looks for the label of every field and of every choice.
func TestEveryFieldHasItsWords(t *testing.T) {
	l := locale.For(locale.ES)
	missing := map[string]bool{}
	every(func(typ entente.Type, path string, s shape) {
		if id := things.LabelID(s.name, reflect.Zero(s.typ).Interface()); !l.Has(id) {
			missing[id] = true
		}
		for _, v := range s.rule.enum {
			if v == "other" {
				v = "else"
			}
			if id := "enum." + s.name + "." + v; !l.Has(id) {
				missing[id] = true
			}
		}
	})
	for id := range missing {
		t.Errorf("no message %s", id)
	}
}

// TestRulesMatchTheSchemas holds what is read off the types against the published
// schemas.
func TestRulesMatchTheSchemas(t *testing.T) {
	kinds := map[kind]int{}
	every(func(_ entente.Type, path string, s shape) {
		kinds[s.kind]++
		if s.kind == choice && s.typ != partyT && len(s.rule.enum) < 2 {
			t.Errorf("%s: a choice among %v", path, s.rule.enum)
		}
		if s.rule.pattern == nil && s.name == "value" {
			t.Errorf("%s: its pattern is not read", path)
		}
	})
	for _, k := range []kind{line, long, bilingual, choice, choices, lines, day, number, tick, yesNo, moment, reference, digest, file, raw, group, repeat} {
		if kinds[k] == 0 {
			t.Errorf("no field of kind %s", k)
		}
	}
}

func parseBody(t *testing.T, typ entente.Type, kept string, pairs ...string) map[string]any {
	t.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	raw, err := Parse(typ, values, json.RawMessage(kept), func(s string) (entente.Ref, bool) {
		return entente.Ref{Log: "x/public", Index: 7}, strings.HasPrefix(s, "x/public#7")
	})
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestParseKeepsWhatWasTyped(t *testing.T) {
	got := parseBody(t, entente.TypeMeeting, "{}", "number", "the third", "from", "soon", "title.es", " Reunión \r\n", "title.en", "")
	want := map[string]any{"number": "the third", "from": "soon", "title": map[string]any{"es": "Reunión"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := parseBody(t, entente.TypeMeeting, "{}", "number", "1,003"); got["number"] != float64(1003) {
		t.Errorf("number: %v", got["number"])
	}
}

func TestParseLists(t *testing.T) {
	got := parseBody(t, entente.TypeAction, `{"evidence":[{"name":"a"},{"name":"b"}]}`,
		"sources.0.code", "S1", "sources.1.code", "", "sources.2.code", "S3", "sources.999999.code", "far",
		"sources.2.gone", "1", "evidence.0.drop", "1", "commitments.0", "x/public#7 — words", "commitments.1", "elsewhere#1",
		"agencies", "SRE\r\n\r\n SSPC ", "areas.shown", "1")
	if n := len(got["sources"].([]any)); n != 1 {
		t.Errorf("%d sources, want 1: %v", n, got["sources"])
	}
	if e := got["evidence"].([]any); len(e) != 1 || e[0].(map[string]any)["name"] != "b" {
		t.Errorf("evidence: %v", e)
	}
	if c := got["commitments"].([]any); c[0].(map[string]any)["index"] != float64(7) || c[1] != "elsewhere#1" {
		t.Errorf("references: %v", c)
	}
	if !slices.Equal(got["agencies"].([]any), []any{"SRE", "SSPC"}) || got["areas"] != nil {
		t.Errorf("codes: %v, %v", got["agencies"], got["areas"])
	}
}

// TestParseCodesTruthsAndMoments: codes that are chosen here though their type
// leaves them free, truths that have to be stated, moments in UTC.
func TestParseCodesTruthsAndMoments(t *testing.T) {
	got := parseBody(t, entente.TypeRelease, `{"recipients":["FGR","SRE"]}`,
		"recipients.shown", "1", "recipients", "SRE", "recipients", "SSPC", "handling.evidential", "false", "handling.assessed", "true",
		"alert.acknowledge", "2025-10-01T12:30", "to", "MX")
	want := map[string]any{
		"to": "MX", "recipients": []any{"SRE", "SSPC"}, "handling": map[string]any{"evidential": false, "assessed": true},
		"alert": map[string]any{"acknowledge": "2025-10-01T12:30:00Z"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := parseBody(t, entente.TypeRelease, `{}`, "alert.acknowledge", "at noon", "handling.evidential", ""); !reflect.DeepEqual(got, map[string]any{"alert": map[string]any{"acknowledge": "at noon"}}) {
		t.Errorf("what was typed is not kept: %v", got)
	}
}

// formOf builds the form of a release.
func formOf(t *testing.T, body string, duty ...shell.Option) []Field {
	t.Helper()
	f := &site.Frame{Page: shell.Page{L: locale.For(locale.ES)}, State: &site.State{}}
	return Build(Input{
		F: f, Type: entente.TypeRelease, Body: json.RawMessage(body), Check: true,
		Refs: func(string) []shell.Option { return nil },
		Choices: func(name string) []shell.Option {
			if name == "group" || name == "collector" {
				return duty
			}
			return nil
		},
	})
}

// TestWhatIsLeftOutLacksNothing: nothing of an empty group that may be left out is
// required; once something of it is typed, the rest is.
func TestWhatIsLeftOutLacksNothing(t *testing.T) {
	for body, required := range map[string]bool{`{}`: false, `{"alert":{"group":"border-watch-us"}}`: true} {
		fields := Find(formOf(t, body), "alert", "alert.acknowledge")
		if len(fields) != 2 || fields[0].Blank == required || fields[1].required != required || (fields[1].Error != "") != required {
			t.Errorf("%s: %+v", body, fields)
		}
	}
	if f := Find(formOf(t, `{}`), "handling.tlp"); len(f) != 1 || !f[0].required || f[0].Error == "" {
		t.Errorf("an unmarked release lacks nothing: %+v", f)
	}
}

// TestNothingIsChosenForThePerson: the only thing to choose is chosen where it opens
// nothing, and nowhere else.
func TestNothingIsChosenForThePerson(t *testing.T) {
	only := shell.Option{Value: "border-watch-us"}
	fields := formOf(t, `{"alert":{"acknowledge":"2026-01-01T00:00:00Z"}}`, only)
	f := &site.Frame{Page: shell.Page{L: locale.For(locale.ES)}}
	for path, want := range map[string]string{"alert.group": "", "handling.collector": only.Value} {
		x := Find(fields, path)
		if len(x) != 1 || !x[0].required || len(x[0].Options) != 1 {
			t.Fatalf("%s: %+v", path, x)
		}
		if got := x[0].control(f).Value; got != want {
			t.Errorf("%s is %q before anybody chose", path, got)
		}
	}
}

// TestWithoutTakesFieldsOut: what is placed elsewhere is not shown again.
func TestWithoutTakesFieldsOut(t *testing.T) {
	fields := formOf(t, `{}`)
	rest := Without(fields, "alert.group", "alert.acknowledge", "handling.tlp", "to")
	if len(Find(rest, "alert")) != 0 || len(Find(rest, "handling.tlp")) != 0 || len(Find(rest, "to")) != 0 || len(Find(rest, "handling.retain")) != 1 {
		t.Errorf("%+v", rest)
	}
	if len(Find(fields, "alert.group")) != 1 || len(Find(fields, "nothing", "handling.nothing")) != 0 {
		t.Error("the form itself changed, or has what it has not")
	}
}

// FuzzParse: whatever is posted, the tree is JSON and nothing breaks.
func FuzzParse(f *testing.F) {
	f.Add("action", "sources.0.code=S1&quantities.3.value=1&op=x", `{"sources":[1,{"code":null}],"title":7}`)
	f.Add("meeting", "outcomes.-1.text.es=a&number=9e9", `[]`)
	f.Fuzz(func(t *testing.T, typ, query, kept string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		raw, err := Parse(entente.Type(typ), values, json.RawMessage(kept), func(string) (entente.Ref, bool) { return entente.Ref{}, false })
		if _, known := entente.Rule(entente.Type(typ)); err == nil && known && !json.Valid(raw) {
			t.Fatalf("%q", raw)
		}
	})
}
