package store

import (
	"fmt"
	"strings"
	"testing"

	"entente"
	"entente/internal/fold"
)

// TestPointQueriesUseTheirIndexes: what is asked for each entry, and for the page
// of one thing, must not look at more rows when the logs grow.
func TestPointQueriesUseTheirIndexes(t *testing.T) {
	s := open(t)
	v := s.View(entente.National)
	linked := func(cond string) string { return fmt.Sprintf(sqlLinked, cond) }
	for name, c := range map[string]struct {
		query string
		args  []any
		want  []string // of the plan's steps
	}{
		"standing": {sqlStanding, []any{"c1", "commitment", "MX"}, []string{"version_subject (subject=? AND live=?)", "version_subject (subject=? AND live=?)"}},
		"heard":    {sqlHeard, []any{"c1"}, []string{"version_subject (subject=?)"}},
		"thing":    {sqlThing, []any{"c1", "commitment", "MX", 2}, []string{"version_subject (subject=?)"}},
		"seen":     {sqlSeen, []any{1}, []string{"PRIMARY KEY"}},
		"mark":     {sqlMark, []any{1, 1, 1, 1}, []string{"PRIMARY KEY"}},
		"id":       {sqlFindID, []any{1, "x"}, []string{"PRIMARY KEY (log=? AND id=?)"}},
		"waiting":  {sqlWaiting, []any{"x", 1}, []string{"p USING PRIMARY KEY (origin=? AND idx=?)", "p USING INTEGER PRIMARY KEY", "r USING INTEGER PRIMARY KEY", "v USING INTEGER PRIMARY KEY"}},
		"tips":     {sqlTips, []any{"c", 1, 1, "a", "b"}, []string{"version_subject (subject=? AND live=?)"}},
		"load":     {sqlLoad, []any{1, 2, "[1]"}, []string{"v USING INTEGER PRIMARY KEY", "p USING INTEGER PRIMARY KEY", "r USING INTEGER PRIMARY KEY"}},
		"linked": {linked("v.cur & ?1 != 0"), []any{1, 2, "[1]", "[1]"}, []string{
			"k USING PRIMARY KEY (dst=? AND kind=?)", "v USING INTEGER PRIMARY KEY"}},
		"halves": {sqlHalvesOf, []any{2, "charter", "c"}, []string{
			"h USING INDEX joint_half_thing (type=? AND subject=?)", "x USING INTEGER PRIMARY KEY", "l USING INTEGER PRIMARY KEY"}},
	} {
		t.Run(name, func(t *testing.T) { checkPlan(t, s, c.query, c.args, c.want) })
	}
	t.Run("list of a subject", func(t *testing.T) {
		q := Query{Type: entente.TypeCommitment, Subject: "c1"}
		f, err := v.filter(q)
		check(t, err)
		o, err := q.order()
		check(t, err)
		checkPlan(t, s, "SELECT "+o.columns()+fromVersions+f.sql()+" ORDER BY "+o.sql()+" LIMIT 10", f.args,
			[]string{"v USING INDEX version_subject (subject=?)"})
	})
	t.Run("latest", func(t *testing.T) {
		q := Query{Versions: true, Withdrawn: true, Desc: true, Status: statuses}
		f, err := v.filter(q)
		check(t, err)
		o, err := q.order()
		check(t, err)
		checkPlan(t, s, "SELECT "+o.columns()+fromVersions+f.sql()+" ORDER BY "+o.sql()+" LIMIT 10", f.args,
			[]string{"SCAN v USING INDEX version_time"})
	})
	for _, x := range []struct{ typ, column string }{{"observations", "indicator"}, {"charter", "code"}, {"dataset", "file.digest"}} {
		f := &filter{}
		check(t, filterColumns(f, []entente.Type{entente.Type(x.typ)}, []Cond{{x.column, Eq, "x"}}))
		checkPlan(t, s, "SELECT v.eid"+fromVersions+f.sql(), f.args, []string{"INDEX x_"})
	}
	if !fold.LinkSupersedes.Retires() {
		t.Error("a successor retires nothing")
	}
}

// checkPlan fails unless the plan has a step with each text, and no full scan
// beside those that are asked for.
func checkPlan(t *testing.T, s *Store, query string, args []any, want []string) {
	t.Helper()
	rows, err := s.rdb.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	check(t, err)
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		check(t, rows.Scan(&id, &parent, &unused, &detail))
		plan = append(plan, detail)
	}
	check(t, rows.Err())
	steps := strings.Join(plan, "\n")
	for _, w := range want {
		if !strings.Contains(steps, w) {
			t.Errorf("no step %q in the plan:\n%s", w, steps)
		}
		steps = strings.Replace(steps, w, "", 1)
	}
	for _, step := range plan {
		if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "json_each") && !strings.Contains(strings.Join(want, "\n"), step) {
			t.Errorf("a full scan: %s", step)
		}
	}
}
