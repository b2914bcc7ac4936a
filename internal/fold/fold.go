package fold

import (
	"errors"
	"fmt"

	"entente"
	"entente/internal/entry"
)

// foldAll folds in and then, again, the entries that waited for it. Nothing waits
// for those in turn: a reference resolves by existence, and they existed before.
func foldAll(s State, in Input) ([]Folded, error) {
	first, err := foldEntry(s, in, false)
	if err != nil {
		return nil, err
	}
	waiting, err := s.Waiting(in.Origin, in.Index)
	if err != nil {
		return nil, fmt.Errorf("entries waiting for %s: %w", first.Ref, err)
	}
	all := []Folded{first}
	now := withEntry{State: s, entry: seenOf(&first)}
	for _, w := range waiting {
		again, err := foldEntry(now, w, true)
		if err != nil {
			return nil, err
		}
		all = append(all, again)
	}
	return all, nil
}

// withEntry is a state in which one more entry has been folded.
type withEntry struct {
	State
	entry Seen
}

func (s withEntry) Seen(origin string, index uint64) (Seen, bool, error) {
	if origin == s.entry.Ref.Log && index == s.entry.Ref.Index {
		return s.entry, true, nil
	}
	return s.State.Seen(origin, index)
}

func seenOf(f *Folded) Seen {
	return Seen{Ref: f.Ref, Audience: f.Audience, Writer: f.Writer, Type: f.Type, Subject: f.Header.Subject}
}

// folding is one entry on its way through the rules.
type folding struct {
	state State
	in    Input
	// again is true for an entry that was pending: what depends on its place in its
	// log (id, keys, signatures) was judged when it was first folded, and held.
	again    bool
	log      LogInfo
	prepared *Prepared
	parsed   *entry.Parsed
	rule     entente.TypeRule
	body     any
	out      Folded
}

func foldEntry(s State, in Input, again bool) (Folded, error) {
	log, ok := s.Log(in.Origin)
	if !ok {
		return Folded{}, fmt.Errorf("log %q is not pinned", in.Origin)
	}
	f := &folding{state: s, in: in, again: again, log: log}
	f.out = Folded{
		Ref:      entente.Ref{Log: in.Origin, Index: in.Index, Leaf: in.Leaf},
		Audience: log.Audience, Writer: log.Writer, Status: Admissible,
	}
	rows, why, err := f.judge()
	if err != nil {
		return Folded{}, fmt.Errorf("fold %s: %w", f.out.Ref, err)
	}
	if why != nil {
		f.out.Status, f.out.Rule, f.out.Detail = Inadmissible, why.rule, why.detail
		return f.out, nil
	}
	if rows != nil {
		rows.fill(&f.out)
	}
	return f.out, nil
}

// judge holds the entry against the rules, step by step (spec/fold.md, "Steps"),
// up to the first it breaks. It returns no rows for an opaque entry.
func (f *folding) judge() (*rowSet, *broken, error) {
	if why := f.parse(); why != nil {
		return nil, why, nil
	}
	if why, err := f.uniqueID(); why != nil || err != nil {
		return nil, why, err
	}
	if why := f.author(); why != nil {
		return nil, why, nil
	}
	if why := f.genesis(); why != nil {
		return nil, why, nil
	}
	if _, known := entente.Rule(f.parsed.Type); !known {
		f.out.Status = Opaque
		return nil, nil, nil
	}
	if why := f.typeRule(); why != nil {
		return nil, why, nil
	}
	if why := f.decode(); why != nil {
		return nil, why, nil
	}
	if why := f.decision(); why != nil {
		return nil, why, nil
	}
	active, err := f.activeKeys()
	if err != nil {
		return nil, nil, err
	}
	if why := f.signatures(active); why != nil {
		return nil, why, nil
	}
	rows := f.rows(active)
	if rows.first != nil {
		return nil, rows.first, nil
	}
	why, err := f.references(rows)
	return rows, why, err
}

func (f *folding) parse() *broken {
	if f.prepared = f.in.Prepared; f.prepared == nil {
		f.prepared = parsedOnly(f.in.Raw)
	}
	if err := f.prepared.err; err != nil {
		return breaks(RuleMalformed, "%s", err)
	}
	p := f.prepared.parsed
	f.parsed = p
	f.out.Header, f.out.Type, f.out.Body = p.Header, p.Type, p.Header.Body
	f.out.BodyDigest = f.prepared.digest
	return nil
}

func (f *folding) uniqueID() (*broken, error) {
	if f.again {
		return nil, nil
	}
	id := f.parsed.Header.ID
	used, err := f.state.HasID(f.in.Origin, id, f.in.Index)
	if err != nil || !used {
		return nil, err
	}
	return breaks(RuleDuplicateID, "id %s stands earlier in %s", id, f.in.Origin), nil
}

// author: who states it is the writer of the log.
func (f *folding) author() *broken {
	a := f.parsed.Header.Author
	switch {
	case (a.Party == "") == (a.Observer == ""):
		return breaks(RuleAuthor, "the author is either a party or an observer")
	case a.Writer() != f.log.Writer:
		return breaks(RuleAuthor, "stated by %s in a log of %s", a.Writer(), f.log.Writer)
	case a.Observer != "" && a.Agency != "":
		return breaks(RuleAuthor, "an observer has no agencies")
	}
	return nil
}

// genesis: index 0 holds the pinned bytes and nothing else is a genesis.
func (f *folding) genesis() *broken {
	isGenesis := f.parsed.Type == entente.TypeGenesis
	switch {
	case f.in.Index > 0 && isGenesis:
		return breaks(RuleGenesis, "a genesis at index %d", f.in.Index)
	case f.in.Index > 0:
		return nil
	case !isGenesis:
		return breaks(RuleGenesis, "index 0 is a %s entry", f.parsed.Type)
	}
	if got := entente.DigestOf(f.in.Raw); got != f.log.Genesis {
		return breaks(RuleGenesis, "the genesis has digest %s, pinned is %s", got, f.log.Genesis)
	}
	return nil
}

// typeRule holds the entry against the row of its type.
func (f *folding) typeRule() *broken {
	f.rule, _ = entente.Rule(f.parsed.Type)
	a := f.parsed.Header.Author
	if a.Observer != "" && !f.rule.Observer {
		return breaks(RuleWriter, "observer %s wrote a %s entry", a.Observer, f.rule.Type)
	}
	if err := f.rule.Allows(a, f.log.Audience); err != nil {
		return breaks(RuleAudience, "%s", err)
	}
	if a.Party != "" && a.Agency == "" && f.rule.Signers.Agency() {
		return breaks(RuleAuthor, "a party's entry names the agency that states it")
	}
	return nil
}

func (f *folding) decode() *broken {
	body, err := f.prepared.decode()
	if err != nil {
		var e *entry.Error
		if errors.As(err, &e) {
			return breaks(RuleSchema, "%s", e.Detail)
		}
		return breaks(RuleSchema, "%s", err)
	}
	f.body = body
	return nil
}

// decision: what stands in a log wider than national went through its gate.
func (f *folding) decision() *broken {
	d := f.parsed.Header.Decision
	want := map[entente.Audience]entente.Gate{
		entente.Shared: entente.GateRelease, entente.Public: entente.GatePublication,
	}[f.log.Audience]
	byRoot := f.rule.Signers == entente.SignedByRoot
	switch {
	case d == nil && (byRoot || want == "" || f.parsed.Header.Author.Observer != ""):
		return nil
	case d == nil:
		return breaks(RuleDecision, "no %s decision", want)
	case byRoot || want == "":
		return breaks(RuleDecision, "a decision where nothing left an audience")
	case d.Gate != want:
		return breaks(RuleDecision, "decision of the gate %s in a %s log", d.Gate, f.log.Audience)
	case d.Inner != nil && want != entente.GatePublication:
		return breaks(RuleDecision, "only a publication links to an inner entry")
	}
	return nil
}
