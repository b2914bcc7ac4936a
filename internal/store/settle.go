package store

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"entente"
	"entente/internal/fold"
)

// What is current depends on the projection: a version retired by an entry of the
// shared log still stands in the public one. So every mark of a version is a mask
// with one bit for each projection, and one row serves all three. Marks are set by
// links, only ever added to, and settled from what is set: their order does not
// matter.

// mask has a bit for every projection that sees an entry of this rank.
func mask(rank int) int { return 7 &^ (1<<rank - 1) }

// bit is the bit of the projection of a rank.
func bit(rank int) int { return 1 << rank }

// thing names a thing of one writer.
type thing struct {
	typ     entente.Type
	writer  string
	subject string
}

// linkKinds are the codes of kinds of links in the database: their place here.
var linkKinds = []fold.LinkKind{fold.LinkSupersedes, fold.LinkWithdraws, fold.LinkPublished, fold.LinkOn, fold.LinkAbout}

// marks are what links did to a version: masks, see the table version.
type marks struct{ sup, ret, wd int }

const (
	sqlPutLink = "INSERT OR IGNORE INTO link (dst, kind, src) VALUES (?,?,?)"
	sqlMark    = `UPDATE version SET sup = sup | ?1, ret = ret | ?2, wd = wd | ?3, tips = tips & ~?2, live = (tips & ~?2) != 0,
cur = cur & ~?2, fork = fork & ~?2, gone = gone & ~?2 WHERE eid = ?4`
)

// putLinks writes the links of an admissible entry, marks what they do to their
// targets and returns the things that are to be settled.
func (w *writer) putLinks(eid int64, rank int, links []fold.Link) ([]thing, error) {
	var touched []thing
	for _, l := range links {
		log := w.logs[l.To.Log]
		if log == nil {
			return nil, fmt.Errorf("a link to %s, which is not held", l.To)
		}
		dst := eidOf(log.num, l.To.Index)
		if _, err := w.exec(sqlPutLink, dst, slices.Index(linkKinds, l.Kind), eid); err != nil {
			return nil, err
		}
		var m marks
		switch l.Kind {
		case fold.LinkSupersedes:
			m.sup, m.ret = mask(rank), mask(rank)
		case fold.LinkPublished:
			m.ret = mask(rank)
		case fold.LinkWithdraws:
			m.wd = mask(rank)
		default:
			continue
		}
		if _, err := w.exec(sqlMark, m.sup, m.ret, m.wd, dst); err != nil {
			return nil, err
		}
		target, ok, err := w.Seen(l.To.Log, l.To.Index)
		if err != nil || !ok {
			return nil, fmt.Errorf("the target %s of a link is not held: %w", l.To, cmp.Or(err, ErrNotFound))
		}
		if t := (thing{target.Type, target.Writer, target.Subject}); !slices.Contains(touched, t) {
			touched = append(touched, t)
		}
	}
	return touched, nil
}

// stand is a version of a thing that counts for what is current.
type stand struct {
	eid              int64
	rank             int
	tips, sup, wd    int
	cur, fork, gone  int
	next, torn, away int // cur, fork and gone as they should be
}

const (
	standColumns = "eid, rank, tips, sup, wd, cur, fork, gone"
	sqlStanding  = "SELECT " + standColumns + " FROM version WHERE subject = ?1 AND live = 1 AND +type = ?2 AND writer = ?3" +
		" UNION ALL SELECT " + standColumns + " FROM version WHERE subject = ?1 AND wd != 0 AND live = 0 AND status = 0 AND +type = ?2" +
		" AND writer = ?3"
	// sqlHeard asks less: most things are new.
	sqlHeard  = "SELECT eid FROM version WHERE subject = ? LIMIT 1"
	sqlSettle = "UPDATE version SET cur = ?, fork = ?, gone = ? WHERE eid = ?"
)

// standing returns the tips of a thing and the versions that a withdrawal names.
func (w *writer) standing(t thing) ([]stand, error) {
	var eid int64
	if err := w.row(sqlHeard, []any{t.subject}, &eid); errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	rows, err := w.query(sqlStanding, t.subject, string(t.typ), t.writer)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []stand
	for rows.Next() {
		var s stand
		if err := rows.Scan(&s.eid, &s.rank, &s.tips, &s.sup, &s.wd, &s.cur, &s.fork, &s.gone); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// nothingStands makes sure that no version of a thing counts for what is current;
// [ErrStands] when one does. The next version written is that of the thing, and need
// not ask again.
func (w *writer) nothingStands(t thing) error {
	stands, err := w.standing(t)
	switch {
	case err != nil:
		return err
	case len(stands) > 0:
		return ErrStands
	}
	w.fresh = t
	return nil
}

// alone reports whether nothing stands of a thing beside the version that is being
// written.
func (w *writer) alone(t thing) (bool, error) {
	if t == w.fresh {
		return true, nil
	}
	stands, err := w.standing(t)
	return len(stands) == 0, err
}

// settle works out what is current, forked and withdrawn of a thing in each
// projection, and writes what changed.
func (w *writer) settle(t thing) error {
	stands, err := w.standing(t)
	if err != nil {
		return err
	}
	for rank := range len(entente.Audiences) {
		settleIn(stands, bit(rank))
	}
	for _, s := range stands {
		if s.cur == s.next && s.fork == s.torn && s.gone == s.away {
			continue
		}
		if _, err := w.exec(sqlSettle, s.next, s.torn, s.away, s.eid); err != nil {
			return err
		}
	}
	return nil
}

// settleIn settles a thing in one projection. The version to show is the tip with
// the highest index in the narrowest log: between a version of an inner log and
// one of a wider log, the inner one is what its writer knows beyond the other. A
// withdrawal counts as long as no version supersedes the one it names.
func settleIn(stands []stand, b int) {
	var current *stand
	tips, withdrawn := 0, false
	for i := range stands {
		s := &stands[i]
		withdrawn = withdrawn || s.wd&^s.sup&b != 0
		if s.tips&b == 0 {
			continue
		}
		tips++
		if current == nil || cmp.Or(cmp.Compare(s.rank, current.rank), cmp.Compare(s.eid, current.eid)) > 0 {
			current = s
		}
	}
	if current == nil {
		return
	}
	current.next |= b
	if tips > 1 {
		current.torn |= b
	}
	if withdrawn {
		current.away |= b
	}
}
