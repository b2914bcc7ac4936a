package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/internal/store"
)

// field is one column of a CSV table that comes from the body.
type field struct {
	name  string // path of JSON names joined by underscores
	index []int  // as reflect.Value.FieldByIndex takes it
	text  string // "es" or "en" for one language of a [entente.Text]
}

var textType = reflect.TypeFor[entente.Text]()

// fieldsOf flattens a body's type into columns: a bilingual text is two, a plain
// value or list one, a nested object its own columns, and what repeats is JSON in
// one cell.
func fieldsOf(t reflect.Type, prefix string, index []int) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		at := append(append([]int{}, index...), i)
		kind := f.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		switch {
		case f.Anonymous && kind.Kind() == reflect.Struct && name == "":
			out = append(out, fieldsOf(kind, prefix, at)...)
		case kind == textType:
			out = append(out, field{prefix + name + "_es", at, "es"}, field{prefix + name + "_en", at, "en"})
		case kind == reflect.TypeFor[entente.ClaimContent]():
			out = append(out, fieldsOf(kind, prefix+name+"_", at)...)
		default:
			out = append(out, field{prefix + name, at, ""})
		}
	}
	return out
}

// cell returns the field of a body as text.
func (f field) cell(body reflect.Value) string {
	v := body
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return ""
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	return f.plain(v)
}

func (f field) plain(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case entente.Text:
		if f.text == "es" {
			return x.ES
		}
		return x.EN
	case entente.Ref:
		return x.String()
	case entente.Digest:
		return x.String()
	case []entente.Ref:
		return joined(x, entente.Ref.String)
	case []string:
		return strings.Join(x, ";")
	case []entente.Party:
		return joined(x, func(p entente.Party) string { return string(p) })
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Slice, reflect.Map:
		if v.Len() == 0 {
			return ""
		}
	}
	b, err := encode(v.Interface())
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func joined[T any](items []T, text func(T) string) string {
	parts := make([]string, 0, len(items))
	for _, i := range items {
		parts = append(parts, text(i))
	}
	return strings.Join(parts, ";")
}

// fixedColumns are the columns that every table begins with.
var fixedColumns = []string{
	"entry", "leaf", "id", "writer", "agency", "subject", "audience", "time", "status", "rule", "current", "superseded", "forked", "withdrawn",
	"areas", "supersedes", "title_es", "title_en", "correction_note_es", "correction_note_en",
}

func (t *table) csvHeader() []string {
	head := append([]string{}, fixedColumns...)
	for _, f := range t.fields {
		head = append(head, "body_"+f.name)
	}
	return append(head, "notice")
}

func (t *table) csvRow(v *store.Version[json.RawMessage], notice string) []string {
	row := []string{
		v.Ref.String(), v.Ref.Leaf.String(), v.Header.ID, v.Writer, v.Header.Author.Agency, v.Subject, string(v.Audience),
		v.Header.Time.UTC().Format(time.RFC3339), string(v.Status), v.Rule,
		strconv.FormatBool(v.Current), strconv.FormatBool(v.Superseded), strconv.FormatBool(v.Forked), strconv.FormatBool(v.Withdrawn),
		strings.Join(v.Areas, ";"), joined(v.Header.Supersedes, entente.Ref.String), v.Title.ES, v.Title.EN,
	}
	correction := entente.Text{}
	if v.Correction != nil {
		correction = *v.Correction
	}
	row = append(row, correction.ES, correction.EN)
	body := reflect.ValueOf(t.rule.New())
	readable := v.Body != nil && json.Unmarshal(*v.Body, body.Interface()) == nil
	for _, f := range t.fields {
		if readable {
			row = append(row, f.cell(body.Elem()))
		} else {
			row = append(row, "")
		}
	}
	row = append(row, notice)
	for i := range row {
		row[i] = guarded(row[i])
	}
	return row
}

var plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

const csvMedia = "text/csv; charset=utf-8; header=present"

// guarded keeps a spreadsheet from taking a text for a formula: what begins like
// one, and is no number, gets an apostrophe before it.
func guarded(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) || plainNumber.MatchString(cell) {
		return cell
	}
	return "'" + cell
}

// listCSV gives a page as CSV where a limit or cursor asks for one, else the
// whole table.
func (s *server) listCSV(ctx context.Context, c *call, t *table, q store.Query) (*answer, error) {
	n, err := s.notice(ctx)
	if err != nil {
		return nil, err
	}
	paged := c.get("limit") != "" || c.get("cursor") != ""
	if !paged {
		q.Limit = 1000
	}
	page, err := store.List[json.RawMessage](ctx, c.view, q)
	if err != nil {
		return nil, err
	}
	a := &answer{media: csvMedia, header: http.Header{}}
	a.header.Set("Content-Disposition", `attachment; filename="`+t.name+`.csv"`)
	if next := c.nextURL(page.Next); paged && next != "" {
		a.header.Set("Link", "<"+next+`>; rel="next"`)
	}
	if paged || page.Next == "" {
		var b strings.Builder
		err := t.writeCSV(&b, page.Items, n.line(c.lang), true)
		a.raw = []byte(b.String())
		return a, err
	}
	a.stream = func(w http.ResponseWriter) error {
		for first := true; ; first = false {
			if err := t.writeCSV(w, page.Items, n.line(c.lang), first); err != nil || page.Next == "" {
				return err
			}
			q.After = page.Next
			if page, err = store.List[json.RawMessage](ctx, c.view, q); err != nil {
				return err
			}
		}
	}
	return a, nil
}

func (t *table) writeCSV(w io.Writer, items []store.Version[json.RawMessage], notice string, head bool) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true // RFC 4180
	if head {
		_ = out.Write(t.csvHeader()) // its error stays until Flush
	}
	for i := range items {
		_ = out.Write(t.csvRow(&items[i], notice))
	}
	out.Flush()
	return out.Error()
}
