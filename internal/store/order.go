package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"entente"
	"entente/internal/fold"
)

// order is how a list is sorted: by the terms, in the order in which they stand.
type order struct{ terms []term }

type term struct {
	sql  string
	desc bool
}

func (o order) sql() string {
	parts := make([]string, len(o.terms))
	for i, t := range o.terms {
		parts[i] = t.sql
		if t.desc {
			parts[i] += " DESC"
		}
	}
	return strings.Join(parts, ", ")
}

// columns are the terms as columns of a SELECT.
func (o order) columns() string {
	parts := make([]string, len(o.terms))
	for i, t := range o.terms {
		parts[i] = strings.TrimSuffix(t.sql, collatePeople)
	}
	return strings.Join(parts, ", ")
}

// after restricts to what comes after a row with these values of the terms.
func (o order) after(f *filter, values []any) {
	var ways []string
	var args, before []any
	equal := ""
	for i, t := range o.terms {
		op := " > ?"
		if t.desc {
			op = " < ?"
		}
		ways = append(ways, "("+equal+t.sql+op+")")
		args = append(append(args, before...), values[i])
		equal += t.sql + " = ? AND "
		before = append(before, values[i])
	}
	f.add("("+strings.Join(ways, " OR ")+")", args...)
}

const collatePeople = " COLLATE people"

// order returns how q sorts: its own key, then the entry's number, which is the
// same at every node (see logNumber).
func (q Query) order() (order, error) {
	place := []term{{"v.eid", q.Desc}}
	switch q.Order {
	case "", ByTime:
		return order{append([]term{{"v.time", q.Desc}}, place...)}, nil
	case ByOrder:
		return order{append([]term{{"(SELECT origin FROM log WHERE num = v.eid >> 40)", q.Desc}}, place...)}, nil
	case ByTitle:
		mine, other := "v.title_en", "v.title_es"
		if q.Lang == "es" {
			mine, other = other, mine
		}
		return order{append([]term{{"coalesce(" + mine + ", " + other + ", '')" + collatePeople, q.Desc}}, place...)}, nil
	}
	t, c, err := resolve(q.types(), q.Order)
	if err != nil {
		return order{}, err
	}
	if t.Many {
		return order{}, fmt.Errorf("%w: %s has several rows an entry: nothing to sort by", ErrQuery, t.Name)
	}
	value := "(SELECT " + quote(c.Name) + " FROM " + typedTable(t.Name) + " WHERE eid = v.eid)"
	blank := "(coalesce(" + value + ", '') = '')" // what is not stated comes last, either way
	key := "coalesce(" + value + ", 0)"
	if c.Kind == fold.ColText {
		key = "coalesce(" + value + ", '')" + collatePeople
	}
	return order{append([]term{{blank, false}, {key, q.Desc}}, place...)}, nil
}

// cursor is where a page ended: opaque to callers, bound to its query.
type cursor struct {
	Query  string `json:"q"`
	Values []any  `json:"v"`
}

// identity names what a cursor belongs to: the query without its page, and without
// the language where nothing is sorted by it, so that a reader who changes the
// language stays on the page.
func (v *View) identity(kind string, q Query) string {
	q.After, q.Limit = "", 0
	if q.Order != ByTitle {
		q.Lang = ""
	}
	b, err := json.Marshal(struct {
		Kind string
		Rank int
		Query
		Changes bool
	}{kind, v.rank, q, q.changes})
	if err != nil {
		return kind
	}
	d := entente.DigestOf(b)
	return base64.RawURLEncoding.EncodeToString(d[:9])
}

func (v *View) cursor(kind string, q Query, values []any) string {
	b, err := json.Marshal(cursor{v.identity(kind, q), values})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// resume returns the values where q's page before ended; none for a first page.
func (v *View) resume(kind string, q Query, want int) ([]any, error) {
	if q.After == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(q.After)
	if err != nil || len(b) > 4096 {
		return nil, ErrCursor
	}
	var c cursor
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&c); err != nil || c.Query != v.identity(kind, q) || len(c.Values) != want {
		return nil, ErrCursor
	}
	for i, value := range c.Values {
		if c.Values[i], err = scalar(value); err != nil {
			return nil, err
		}
	}
	return c.Values, nil
}

func scalar(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		if f, err := v.Float64(); err == nil {
			return f, nil
		}
	}
	return nil, ErrCursor
}
