package store

import (
	"context"
	"database/sql"
	"maps"
	"strings"
)

// An object that refers to one which is on the node and which the agency may not
// see does not exist for the agency either, and so on through those that refer to
// it. What is found is remembered in the view.

// judgement is how it stands with the identifiers that some objects lead to.
type judgement struct {
	v    *ObjectView
	bad  map[string]bool // outcome; false as long as nothing speaks against it
	left map[string]int  // rows that may still be seen, by identifier
	refs []judged
	back map[string][]int // refs by the identifier they refer to
}

// judged is a row that the agency may see unless a reference of it is bad.
type judged struct {
	id     string
	refs   string
	hidden bool
}

// judge returns which of the identifiers that rows refer to are bad.
func (v *ObjectView) judge(ctx context.Context, r reader, rows []StoredObject) (map[string]bool, error) {
	bad, open := v.known(rows)
	j := judgement{v: v, bad: map[string]bool{}, left: map[string]int{}, back: map[string][]int{}}
	for len(open) > 0 {
		id := open[len(open)-1]
		open = open[:len(open)-1]
		if _, done := j.bad[id]; done {
			continue
		}
		next, err := j.explore(ctx, r, id)
		if err != nil {
			return nil, err
		}
		open = append(open, next...)
	}
	j.settle()
	v.remember(j.bad)
	for id, is := range j.bad {
		if is {
			bad[id] = true
		}
	}
	return bad, nil
}

// known returns the references of rows that are known to be bad, and those that
// nothing is known of yet.
func (v *ObjectView) known(rows []StoredObject) (bad map[string]bool, open []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	bad = map[string]bool{}
	for _, o := range rows {
		if o.refs == "" {
			continue
		}
		for ref := range strings.SplitSeq(o.refs, " ") {
			is, known := v.bad[ref]
			if !known {
				open = append(open, ref)
			} else if is {
				bad[ref] = true
			}
		}
	}
	return bad, open
}

// remember adds what was found to what the view knows.
func (v *ObjectView) remember(found map[string]bool) {
	if len(found) == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.bad)+len(found) > maxMemo {
		clear(v.bad)
	}
	maps.Copy(v.bad, found)
}

// hidden reports whether one of the references is bad.
func hidden(refs string, bad map[string]bool) bool {
	if refs == "" || len(bad) == 0 {
		return false
	}
	for ref := range strings.SplitSeq(refs, " ") {
		if bad[ref] {
			return true
		}
	}
	return false
}

// explore reads the rows with an identifier and returns what they lead to in turn.
func (j *judgement) explore(ctx context.Context, r reader, id string) (next []string, err error) {
	rows, err := collect(ctx, r, sqlObjectRefs, []any{id}, func(rows *sql.Rows) (o StoredObject, err error) {
		return o, rows.Scan(&o.num, &o.refs)
	})
	if err != nil {
		return nil, err
	}
	j.v.mu.Lock()
	defer j.v.mu.Unlock()
	seen := 0
	for _, o := range rows {
		if j.v.spanOf(o.num) == nil {
			continue
		}
		seen++
		next = append(next, j.note(id, o.refs)...)
	}
	j.bad[id] = len(rows) > 0 && seen == 0
	j.left[id] = seen
	return next, nil
}

// note takes down the references of a row that may be seen for itself. What the
// view knows already is taken over.
func (j *judgement) note(id, refs string) (next []string) {
	if refs == "" {
		return nil
	}
	n := len(j.refs)
	j.refs = append(j.refs, judged{id: id, refs: refs})
	for ref := range strings.SplitSeq(refs, " ") {
		j.back[ref] = append(j.back[ref], n)
		if bad, known := j.v.bad[ref]; known {
			j.bad[ref] = bad
		} else {
			next = append(next, ref)
		}
	}
	return next
}

// settle carries what is bad to whatever refers to it, until nothing changes.
func (j *judgement) settle() {
	var queue []string
	for id, bad := range j.bad {
		if bad {
			queue = append(queue, id)
		}
	}
	for len(queue) > 0 {
		id := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, n := range j.back[id] {
			row := &j.refs[n]
			if row.hidden {
				continue
			}
			row.hidden = true
			if j.left[row.id]--; j.left[row.id] == 0 && !j.bad[row.id] {
				j.bad[row.id] = true
				queue = append(queue, row.id)
			}
		}
	}
}
