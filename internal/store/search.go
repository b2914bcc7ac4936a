package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hit is a search result. Snippet is plain text with the words found between
// U+0002 and U+0003.
type Hit struct {
	Version[json.RawMessage]
	Snippet string
	// Lang is the language of the snippet.
	Lang string
}

// Hits is one page of search results, best first.
type Hits struct {
	Items []Hit
	Next  string
	Total int
}

const (
	maxWords   = 16 // of a search; the rest is ignored
	maxWord    = 64 // bytes of a word
	hitStart   = "\x02"
	hitEnd     = "\x03"
	hitContext = 24 // words of a snippet
)

// matchExpression turns what a person typed into an FTS5 expression: all words,
// each as it is, the last one as the beginning of a word. Nothing of FTS5's query
// language reaches the index.
func matchExpression(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	words = words[:min(len(words), maxWords)]
	for i, w := range words {
		for len(w) > maxWord || !utf8.ValidString(w) {
			w = strings.ToValidUTF8(w[:min(len(w), maxWord)], "")
		}
		words[i] = `"` + w + `"`
	}
	if len(words) == 0 {
		return ""
	}
	return strings.Join(words, " ") + "*"
}

// Search finds text in titles and bodies of both languages, without regard to
// case and diacritics. q restricts as in List; its Order is ignored. The pages of
// one search stay stable while no entry comes in.
func (v *View) Search(ctx context.Context, text, lang string, q Query) (hits Hits, err error) {
	match := matchExpression(text)
	if match == "" {
		return Hits{}, nil
	}
	if err := v.s.freshText(ctx); err != nil {
		return Hits{}, err
	}
	q.Search, q.Lang, q.Order, q.Desc = "", lang, "", false
	f, err := v.filter(q)
	if err != nil {
		return Hits{}, err
	}
	kind := "search " + match
	from, err := v.resume(kind, q, 1)
	if err != nil {
		return Hits{}, err
	}
	offset := 0
	if from != nil {
		n, ok := from[0].(int64)
		if !ok || n < 0 {
			return Hits{}, ErrCursor
		}
		offset = int(n)
	}
	err = v.s.snapshot(ctx, func(r reader) error {
		var eids []int64
		if eids, hits.Total, err = v.matches(ctx, r, match, f, q.limit(), offset); err != nil {
			return err
		}
		if end := offset + len(eids); end < hits.Total {
			hits.Next = v.cursor(kind, q, []any{end})
		}
		hits.Items, err = v.hits(ctx, r, match, lang, eids)
		return err
	})
	return hits, err
}

// matches returns the numbers of one page of hits, best first, and how many there
// are in all. Each audience has its own index, so that the ranking depends on
// nothing that the view does not see.
func (v *View) matches(ctx context.Context, r reader, match string, f *filter, limit, offset int) ([]int64, int, error) {
	var parts []string
	var args []any
	for rank := range v.rank + 1 {
		t := searchTable(rank)
		parts = append(parts, fmt.Sprintf("SELECT rowid AS eid, rank AS score FROM %s WHERE %s MATCH ?", t, t))
		args = append(args, match)
	}
	from := " FROM (" + strings.Join(parts, " UNION ALL ") + ") s JOIN version v ON v.eid = s.eid WHERE " + f.sql()
	args = append(args, f.args...)
	var total int
	if err := r.row(ctx, "SELECT count(*)"+from, args, &total); err != nil {
		return nil, 0, err
	}
	query := "SELECT v.eid" + from + " ORDER BY s.score, v.eid LIMIT ? OFFSET ?"
	eids, err := collect(ctx, r, query, append(slices.Clone(args), limit, offset), scanEID)
	return eids, total, err
}

// hits loads the versions of a page and their snippets.
func (v *View) hits(ctx context.Context, r reader, match, lang string, eids []int64) ([]Hit, error) {
	rows, err := v.load(ctx, r, eids)
	if err != nil {
		return nil, err
	}
	snippets := map[int64]snippet{}
	for rank := range v.rank + 1 {
		if err := v.snippets(ctx, r, searchTable(rank), match, lang, eids, snippets); err != nil {
			return nil, err
		}
	}
	out := make([]Hit, len(rows))
	for i, s := range rows {
		out[i] = Hit{as[json.RawMessage](s), snippets[s.eid].text, snippets[s.eid].lang}
	}
	return out, nil
}

type snippet struct{ text, lang string }

// snippets finds the passages with the words, in lang where they are there.
func (v *View) snippets(ctx context.Context, r reader, table, match, lang string, eids []int64, into map[int64]snippet) error {
	cut := func(column int) string {
		return fmt.Sprintf("snippet(%s, %d, char(2), char(3), '…', %d)", table, column, hitContext)
	}
	query := "SELECT rowid, " + cut(0) + ", " + cut(1) + " FROM " + table + " WHERE " + table +
		" MATCH ? AND rowid IN (SELECT value FROM json_each(?))"
	rows, err := r.query(ctx, query, match, list(eids))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var eid int64
		var es, en sql.NullString
		if err := rows.Scan(&eid, &es, &en); err != nil {
			return err
		}
		mine, other := snippet{en.String, "en"}, snippet{es.String, "es"}
		if lang == "es" {
			mine, other = other, mine
		}
		if !strings.Contains(mine.text, hitStart) && strings.Contains(other.text, hitStart) {
			mine = other
		}
		into[eid] = mine
	}
	return rows.Err()
}
