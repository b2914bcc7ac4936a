package form

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"entente"
)

// Resolver finds the exact entry that a person named: "origin#index", perhaps
// followed by " — " and words.
type Resolver func(typed string) (entente.Ref, bool)

// Parse reads a posted form into the tree of a body of t's type. kept is the tree
// as it was: what a form does not show (files, hidden fields) stays.
func Parse(t entente.Type, values url.Values, kept json.RawMessage, resolve Resolver) (json.RawMessage, error) {
	r, ok := entente.Rule(t)
	if !ok {
		return kept, nil
	}
	p := parser{values: values, resolve: resolve}
	was, _ := tree(kept).(map[string]any)
	body := p.object(shapes(reflect.TypeOf(r.New()).Elem()), "", was)
	if body == nil {
		body = map[string]any{}
	}
	return json.Marshal(body)
}

// tree decodes JSON with its numbers as they stand.
func tree(body json.RawMessage) any {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

type parser struct {
	values  url.Values
	resolve Resolver
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// object returns nil for an object of which nothing was filled in.
func (p *parser) object(fields []shape, path string, was map[string]any) map[string]any {
	var out map[string]any
	for _, s := range fields {
		v := p.value(s, join(path, s.name), was[s.name])
		if v == nil {
			continue
		}
		if out == nil {
			out = map[string]any{}
		}
		out[s.name] = v
	}
	return out
}

// value returns nil for what was left empty.
func (p *parser) value(s shape, path string, was any) any {
	switch s.kind {
	case bilingual:
		return p.text(path)
	case group:
		old, _ := was.(map[string]any)
		if o := p.object(s.fields, path, old); o != nil {
			return o
		}
		return nil
	case repeat:
		return p.list(s, path, was)
	case choices:
		if !p.values.Has(path + ".shown") {
			return was
		}
		return inOrder(was, strs(p.values[path]))
	case lines:
		if p.values.Has(path + ".shown") { // codes to choose from
			return inOrder(was, strs(p.values[path]))
		}
		return strs(strings.Split(p.values.Get(path), "\n"))
	case file:
		if p.values.Get(path+".drop") != "" {
			return nil
		}
		return was
	case tick:
		if p.values.Get(path) != "" {
			return true
		}
		return nil
	}
	if !p.values.Has(path) {
		return was
	}
	typed := strings.TrimSpace(strings.ReplaceAll(p.values.Get(path), "\r\n", "\n"))
	if old, ok := was.(string); ok && strings.TrimSpace(old) == typed && typed != "" {
		return old // a form does not change the space around a text
	}
	return p.leaf(s, typed)
}

// inOrder keeps the order in which codes stood before those newly chosen.
func inOrder(was, chosen any) any {
	old, _ := was.([]any)
	now, _ := chosen.([]any)
	var out []any
	for _, list := range [][]any{old, now} {
		for _, v := range list {
			if slices.Contains(now, v) && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func (p *parser) leaf(s shape, typed string) any {
	if typed == "" {
		return nil
	}
	switch s.kind {
	case yesNo:
		if truth, err := strconv.ParseBool(typed); err == nil {
			return truth
		}
	case moment:
		if t, err := time.Parse(typedMoment, typed); err == nil {
			return t.UTC().Format(time.RFC3339)
		}
	case number:
		plain := strings.ReplaceAll(typed, ",", "")
		if _, err := strconv.ParseInt(plain, 10, 64); err == nil {
			return json.Number(plain)
		}
	case reference:
		if ref, ok := p.resolve(typed); ok {
			return ref
		}
	case raw:
		if v := tree(json.RawMessage(typed)); v != nil {
			return v
		}
	}
	return typed
}

// text keeps line breaks inside and drops the space around.
func (p *parser) text(path string) any {
	out := map[string]any{}
	for _, l := range []string{"es", "en"} {
		v := strings.ReplaceAll(p.values.Get(path+"."+l), "\r\n", "\n")
		if v = strings.TrimSpace(v); v != "" {
			out[l] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// maxItems bounds a posted list, whatever its schema says.
const maxItems = 256

// list reads the items posted; those left empty drop out.
func (p *parser) list(s shape, path string, was any) any {
	old, _ := was.([]any)
	var out []any
	for i := range p.count(path, len(old), s.item.kind == file) {
		var prev any
		if i < len(old) {
			prev = old[i]
		}
		item := path + "." + strconv.Itoa(i)
		if p.values.Get(item+".gone") != "" {
			continue
		}
		if v := p.value(*s.item, item, prev); v != nil {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// count is one more than the highest index posted under a path.
func (p *parser) count(path string, had int, files bool) int {
	n := 0
	if files {
		n = had
	}
	for name := range p.values {
		rest, ok := strings.CutPrefix(name, path+".")
		if !ok {
			continue
		}
		index, _, _ := strings.Cut(rest, ".")
		if i, err := strconv.Atoi(index); err == nil && i >= 0 && i < maxItems {
			n = max(n, i+1)
		}
	}
	return n
}

func strs(in []string) any {
	var out []any
	for _, s := range in {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// Attach puts a file into the tree at a path: into a list at its end, or in place.
func Attach(t entente.Type, body json.RawMessage, path string, b entente.Blob) (json.RawMessage, error) {
	r, _ := entente.Rule(t)
	root, _ := tree(body).(map[string]any)
	if root == nil {
		root = map[string]any{}
	}
	for _, s := range shapes(reflect.TypeOf(r.New()).Elem()) {
		if s.name != path {
			continue
		}
		switch {
		case s.kind == file:
			root[path] = b
		case s.kind == repeat && s.item.kind == file:
			list, _ := root[path].([]any)
			root[path] = append(list, b)
		}
	}
	return json.Marshal(root)
}
