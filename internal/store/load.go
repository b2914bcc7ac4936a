package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"entente"
)

// stored is a version as the database has it.
type stored struct {
	eid  int64
	v    Version[json.RawMessage]
	acts int
}

const sqlLoad = `SELECT v.eid, l.origin, v.rank, v.writer, v.type, v.subject, v.status, coalesce(v.rule, ''), coalesce(v.detail, ''),
coalesce(v.title_es, ''), coalesce(v.title_en, ''), coalesce(v.areas, ''), v.leaf, v.body, v.acts,
v.cur & ?1, (v.fork | (v.tips & ~v.cur)) & ?1, v.ret & ?1, (v.gone | (v.wd & ~v.sup)) & ?1, e.raw
FROM version v JOIN log l ON l.num = v.eid >> 40 JOIN entry e ON e.eid = v.eid
WHERE v.rank <= ?2 AND v.eid IN (SELECT value FROM json_each(?3))`

// load returns the versions with these numbers that the view sees, in their order.
func (v *View) load(ctx context.Context, r reader, eids []int64) ([]stored, error) {
	if len(eids) == 0 {
		return nil, nil
	}
	got, err := collect(ctx, r, sqlLoad+v.hides("v"), []any{v.b, v.rank, list(eids)}, scanStored)
	if err != nil {
		return nil, err
	}
	place := make(map[int64]int, len(eids))
	for i, eid := range eids {
		place[eid] = i
	}
	slices.SortFunc(got, func(a, b stored) int { return place[a.eid] - place[b.eid] })
	return got, v.entitle(ctx, r, got)
}

const sqlIndicatorTitles = `SELECT v.subject, coalesce(v.title_es, ''), coalesce(v.title_en, '') FROM version v
WHERE v.type = 'indicator' AND v.rank <= ?1 AND v.status = 0 AND v.cur & ?2 != 0 AND v.gone & ?2 = 0
AND v.subject IN (SELECT value FROM json_each(?3)) ORDER BY v.eid`

// entitle gives figures the title of their indicator: their own entries only name
// its code.
func (v *View) entitle(ctx context.Context, r reader, rows []stored) error {
	var codes []string
	for _, s := range rows {
		if s.v.Type == entente.TypeObservations {
			codes = append(codes, s.v.Title.ES)
		}
	}
	if len(codes) == 0 {
		return nil
	}
	type named struct {
		code  string
		title entente.Text
	}
	found, err := collect(ctx, r, sqlIndicatorTitles, []any{v.rank, v.b, list(codes)}, func(rows *sql.Rows) (n named, err error) {
		err = rows.Scan(&n.code, &n.title.ES, &n.title.EN)
		return n, err
	})
	for _, n := range found {
		for i := range rows {
			if rows[i].v.Type == entente.TypeObservations && rows[i].v.Title.ES == n.code {
				rows[i].v.Title = n.title
			}
		}
	}
	return err
}

func scanStored(rows *sql.Rows) (stored, error) {
	var s stored
	var rank, status int
	var areas string
	var leaf, body, raw []byte
	x := &s.v
	err := rows.Scan(&s.eid, &x.Ref.Log, &rank, &x.Writer, &x.Type, &x.Subject, &status, &x.Rule, &x.Detail,
		&x.Title.ES, &x.Title.EN, &areas, &leaf, &body, &s.acts,
		(*flag)(&x.Current), (*flag)(&x.Forked), (*flag)(&x.Superseded), (*flag)(&x.Withdrawn), &raw)
	if err != nil {
		return s, err
	}
	x.Ref.Index, x.Ref.Leaf = indexOf(s.eid), entente.Digest(leaf)
	x.Audience, x.Status, x.Areas = audienceOf(rank), statuses[status], strings.Fields(areas)
	copy(x.BodyDigest[:], body)
	if len(body) > 0 { // it could be read
		x.Header, x.Body = headerOf(raw)
	}
	if x.Body != nil && s.acts&actCorrects != 0 {
		x.Correction = correctionOf(*x.Body)
	}
	return s, nil
}

// flag scans an integer as whether it is not zero.
type flag bool

// Scan implements [sql.Scanner].
func (f *flag) Scan(value any) error {
	n, _ := value.(int64)
	*f = n != 0
	return nil
}

// headerOf decodes the second line of an entry that was parsed before.
func headerOf(raw []byte) (entente.Header, *json.RawMessage) {
	_, rest, _ := bytes.Cut(raw, []byte("\n"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	var h entente.Header
	if err := json.Unmarshal(line, &h); err != nil {
		return entente.Header{}, nil
	}
	return h, &h.Body
}

// correctionOf returns what a body says it corrects; all bodies that say so call
// it "correction".
func correctionOf(body json.RawMessage) *entente.Text {
	var b struct {
		Correction *entente.Text `json:"correction"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return nil
	}
	return b.Correction
}

// as returns a version with its body decoded; Body is nil when it is no B.
func as[B any](s stored) Version[B] {
	x := s.v
	out := Version[B]{
		Ref: x.Ref, Audience: x.Audience, Writer: x.Writer, Type: x.Type, Subject: x.Subject, Header: x.Header,
		BodyDigest: x.BodyDigest, Status: x.Status, Rule: x.Rule, Detail: x.Detail, Current: x.Current, Forked: x.Forked,
		Superseded: x.Superseded, Withdrawn: x.Withdrawn, Title: x.Title, Areas: x.Areas, Correction: x.Correction,
	}
	out.Body = bodyAs[B](x.Body)
	return out
}

func bodyAs[B any](raw *json.RawMessage) *B {
	if raw == nil {
		return nil
	}
	if same, ok := any(raw).(*B); ok {
		return same
	}
	body := new(B)
	if err := json.Unmarshal(*raw, body); err != nil {
		return nil
	}
	return body
}

func allAs[B any](rows []stored) []Version[B] {
	out := make([]Version[B], len(rows))
	for i, s := range rows {
		out[i] = as[B](s)
	}
	return out
}
