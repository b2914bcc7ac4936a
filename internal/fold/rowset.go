package fold

import (
	"slices"
	"strings"
	"unicode/utf8"

	"entente"
)

// rowSet gathers what one entry puts into the projection: a function of the entry
// alone, and the rules of the body's meaning that it breaks.
type rowSet struct {
	findings
	writer string
	party  entente.Party // "" for an observer
	origin string
	digest entente.Digest // of the body
	active map[string]ActiveKey

	title      entente.Text
	es, en     []string // lines to search
	areas      []string
	correction *entente.Text
	joint      *JointHalf
	rows       []Row
	refs       []reference
	links      []Link
	unresolved []Link
	keys       []KeyChange
}

// rows folds the body by its type.
func (f *folding) rows(active map[string]ActiveKey) *rowSet {
	r := &rowSet{
		writer: f.log.Writer, party: f.parsed.Header.Author.Party, origin: f.in.Origin,
		digest: f.out.BodyDigest, active: active,
	}
	r.words(f.parsed.Header.Subject)
	switch b := f.body.(type) {
	case *entente.Genesis:
		r.foldGenesis(b, f.parsed.Header.Author, f.log.Audience)
	case *entente.Key:
		r.foldKey(b)
	case *entente.Charter:
		r.foldCharter(b)
	case *entente.Policy:
		r.foldPolicy(b)
	case *entente.Agency:
		r.foldAgency(b)
	case *entente.Consent:
		r.foldConsent(b)
	case *entente.Publication:
		r.foldPublication(b)
	case *entente.Commitment:
		r.foldCommitment(b)
	case *entente.JointCommitment:
		r.foldJointCommitment(b)
	case *entente.Milestone:
		r.foldMilestone(b)
	case *entente.Progress:
		r.foldProgress(b)
	case *entente.Pairing:
		r.foldPairing(b)
	case *entente.Account:
		r.foldAccount(b)
	case *entente.Action:
		r.foldAction(b)
	case *entente.Meeting:
		r.foldMeeting(b)
	case *entente.Notice:
		r.foldNotice(b)
	case *entente.Indicator:
		r.foldIndicator(b)
	case *entente.Target:
		r.foldTarget(b)
	case *entente.Link:
		r.foldLink(b)
	case *entente.Dataset:
		r.foldDataset(b)
	case *entente.Observations:
		r.foldObservations(b)
	case *entente.Statement:
		r.foldStatement(b)
	case *entente.Claim:
		r.foldClaim(b)
	case *entente.Citation:
		r.foldCitation(b)
	case *entente.Question:
		r.foldQuestion(b)
	case *entente.Answer:
		r.foldAnswer(b)
	case *entente.Position:
		r.foldPosition(b)
	case *entente.Withdrawal:
		r.foldWithdrawal(b)
	default:
		r.exchange(b)
	}
	return r
}

// SearchText returns [Folded.Search] of an entry of a log: a function of the entry
// alone, for one that folded as admissible or pending.
func SearchText(log LogInfo, p *Prepared) entente.Text {
	if p.err != nil {
		return entente.Text{}
	}
	body, err := p.decode()
	if err != nil {
		return entente.Text{}
	}
	f := &folding{in: Input{Origin: log.Origin}, log: log, prepared: p, parsed: p.parsed, body: body}
	return f.rows(nil).search()
}

// search is the text to index, one line for each text.
func (r *rowSet) search() entente.Text {
	return entente.Text{ES: strings.Join(r.es, "\n"), EN: strings.Join(r.en, "\n")}
}

// fill puts the set into the folded entry.
func (r *rowSet) fill(f *Folded) {
	f.Title, f.Search, f.Areas, f.Correction = r.title, r.search(), union(r.areas), r.correction
	f.Joint, f.Keys, f.Rows, f.Links, f.Unresolved = r.joint, r.keys, r.rows, r.links, r.unresolved
	if len(r.unresolved) > 0 {
		f.Status = Pending
	}
}

// add adds a row of a typed table; the values follow its columns.
func (r *rowSet) add(table string, values ...any) {
	r.rows = append(r.rows, Row{table, values})
}

// refer adds a reference to one entry that must be of one of the types.
func (r *rowSet) refer(field string, kind LinkKind, to entente.Ref, whose owner, types ...entente.Type) {
	r.refs = append(r.refs, reference{field: field, link: Link{kind, to}, owner: whose, types: types})
}

// named sets the title and indexes it.
func (r *rowSet) named(title entente.Text) {
	r.title = label(title)
	r.text(title)
}

// text indexes texts, each side in its language.
func (r *rowSet) text(texts ...entente.Text) {
	for _, t := range texts {
		if t.ES != "" {
			r.es = append(r.es, t.ES)
		}
		if t.EN != "" {
			r.en = append(r.en, t.EN)
		}
	}
}

// maybe indexes texts that may be absent.
func (r *rowSet) maybe(texts ...*entente.Text) {
	for _, t := range texts {
		if t != nil {
			r.text(*t)
		}
	}
}

// words indexes words that are of no language, such as codes.
func (r *rowSet) words(words ...string) {
	for _, w := range words {
		r.text(entente.Text{ES: w, EN: w})
	}
}

// corrects notes a correction and indexes it.
func (r *rowSet) corrects(c *entente.Text) {
	r.correction = c
	r.maybe(c)
}

// sources adds the documents that the entry relies on.
func (r *rowSet) sources(list ...entente.Source) {
	for _, s := range list {
		r.date("sources", s.Date)
		r.url(s.URL)
		r.words(s.Code, s.Publisher, s.Title)
		r.add("source", s.Code, s.Publisher, s.Title, string(s.Date), s.URL, s.Language, s.Kind)
	}
}

// file adds a file kept beside the log.
func (r *rowSet) file(b entente.Blob) {
	r.words(b.Name)
	r.add("file", b.Digest.String(), b.Size, b.Name, b.Media)
}

// date: the calendar has it.
func (r *rowSet) date(field string, d entente.Date) {
	if !d.Valid() {
		r.fail(RuleDate, "%s: no date %q", field, d)
	}
}

// span: both dates exist and the end is not before the beginning, as far as both
// are stated.
func (r *rowSet) span(field string, from, to entente.Date) {
	r.date(field, from)
	r.date(field, to)
	n := min(len(from), len(to))
	if to != "" && from[:n] > to[:n] {
		r.fail(RuleDate, "%s: %s ends before %s", field, to, from)
	}
}

// url: only web addresses, so that a page may link to them.
func (r *rowSet) url(s string) {
	if s != "" && !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
		r.fail(RuleURL, "%.80q", s)
	}
}

// half notes the joint part of the body and judges its list of parties.
func (r *rowSet) half(j entente.Joint) {
	seen := map[entente.Party]bool{}
	for _, p := range j.Required {
		if seen[p] {
			r.fail(RuleJoint, "%s is required twice", p)
		}
		seen[p] = true
	}
	if !seen[r.party] {
		r.fail(RuleJoint, "the author %s is not among the required parties", r.party)
	}
	r.joint = &JointHalf{Body: r.digest, Required: j.Required}
	if j.Follows != nil {
		r.joint.Follows = *j.Follows
	}
}

// label shortens a text for lists to at most 160 characters a language, at a word.
func label(t entente.Text) entente.Text {
	return entente.Text{ES: shorten(t.ES), EN: shorten(t.EN)}
}

func shorten(s string) string {
	const most = 160
	s, _, _ = strings.Cut(s, "\n")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	cut := string([]rune(s)[:most-1])
	if i := strings.LastIndexByte(cut, ' '); i > most/2 {
		cut = cut[:i]
	}
	return cut + "…"
}

// firstOf returns the first text that has content.
func firstOf(texts ...entente.Text) entente.Text {
	for _, t := range texts {
		if !t.IsZero() {
			return t
		}
	}
	return entente.Text{}
}

// optional returns the text, or none.
func optional(t *entente.Text) entente.Text {
	if t == nil {
		return entente.Text{}
	}
	return *t
}

// hexOrEmpty returns the digits of a digest that may be absent.
func hexOrEmpty(d *entente.Digest) string {
	if d == nil {
		return ""
	}
	return d.String()
}

// index is an index of an entry as a column holds it.
func index(r entente.Ref) int64 { return int64(r.Index) }

// union returns what the lists hold, each once, in their order.
func union(lists ...[]string) []string {
	var out []string
	for _, list := range lists {
		for _, s := range list {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}
