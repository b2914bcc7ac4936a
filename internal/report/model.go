package report

import (
	"entente"
	"entente/internal/bundle"
	"entente/internal/series"
	"entente/internal/store"
)

// Format names this form of model.
const Format = "entente-report/1"

// Model is what a report is made of. It is kept in the bundle as model.json.
type Model struct {
	Format string `json:"format"`
	Demo   bool   `json:"demo"`
	// Frontier is where each log stands, by origin; Digest identifies it.
	Frontier []LogAt        `json:"frontier"`
	Digest   entente.Digest `json:"digest"`
	// AsOf is the entry with the latest stated time under the frontier.
	AsOf *entente.Ref `json:"as_of"`
	// Charter is one party's half of the charter in force; nil without one.
	Charter      *entente.Ref    `json:"charter"`
	Parties      []entente.Party `json:"parties"`
	Counts       []Count         `json:"counts"`  // undertakings by completion
	Stances      []Count         `json:"stances"` // positions by stance
	Undertakings []Undertaking   `json:"undertakings"`
	Areas        []Area          `json:"areas"`
	Indicators   []Indicator     `json:"indicators"`
	Claims       []Claim         `json:"claims"`
	Meetings     []Meeting       `json:"meetings"`
	Notices      []entente.Ref   `json:"notices"`
	Questions    []Question      `json:"questions"`
	Corrections  []Correction    `json:"corrections"`
	// Names are the names of the data codes that the report shows, by dimension: the
	// only words that do not come from an entry.
	Names map[string]map[string]entente.Text `json:"names,omitempty"`
	// Figures are all figures that the report works out or takes from an entry, in
	// the order in which they follow from each other.
	Figures []bundle.Figure `json:"figures"`
}

// LogAt is one log at the frontier.
type LogAt struct {
	Origin string         `json:"origin"`
	Size   uint64         `json:"size"`
	Root   entente.Digest `json:"root"`
}

// Count is a number of entries of one kind; Figure is its ID.
type Count struct {
	Kind   string `json:"kind"`
	Figure string `json:"figure"`
}

// NoReport is the completion of an undertaking whose owner has published no mark.
const NoReport = "no_report"

// Undertaking is a commitment, a joint commitment, or an account or citation of
// one that no party's own word covers.
type Undertaking struct {
	Entry  entente.Ref     `json:"entry"`
	Owners []entente.Party `json:"owners"`
	// Own is false for accounts and citations.
	Own        bool   `json:"own"`
	Completion string `json:"completion"`
	// Halves are the parties' own commitments under a joint one.
	Halves     []entente.Ref `json:"halves,omitempty"`
	Marks      []entente.Ref `json:"marks,omitempty"`
	Positions  []entente.Ref `json:"positions,omitempty"`
	Milestones []entente.Ref `json:"milestones,omitempty"`
	Actions    []entente.Ref `json:"actions,omitempty"`
	Accounts   []entente.Ref `json:"accounts,omitempty"`
	Indicators []string      `json:"indicators,omitempty"`
	Gaps       []Gap         `json:"gaps,omitempty"`
}

// Gap is something missing on an undertaking.
type Gap string

// The gaps, in the order in which they are listed.
const (
	GapOwnWord   Gap = "own_word"
	GapDue       Gap = "due"
	GapMark      Gap = "mark"
	GapStep      Gap = "milestone"
	GapAction    Gap = "action"
	GapIndicator Gap = "indicator"
	GapPosition  Gap = "position"
)

// Area is one area of the charter.
type Area struct {
	Code string `json:"code"`
	// Undertakings are indexes into Model.Undertakings; Described are those whose
	// description stands here, each in the first of its areas.
	Undertakings []int         `json:"undertakings"`
	Described    []int         `json:"described"`
	Pairs        []Pair        `json:"pairs"`
	Actions      []entente.Ref `json:"actions"`
	Indicators   []string      `json:"indicators"`
}

// Pair is two undertakings that answer each other.
type Pair struct {
	Entry entente.Ref `json:"entry"`
	// Origin says who says so: joint, proposed or reading.
	Origin string     `json:"origin"`
	Sides  []PairSide `json:"sides"`
}

// PairSide is one half of a pair.
type PairSide struct {
	Party entente.Party `json:"party"`
	// Undertaking is an index into Model.Undertakings, -1 when nothing stands for it.
	Undertaking int `json:"undertaking"`
}

// Indicator is an indicator in force with its headline figures.
type Indicator struct {
	Subject string      `json:"subject"`
	Entry   entente.Ref `json:"entry"`
	// Targets are the targets in force; none means "no agreed target".
	Targets []entente.Ref `json:"targets,omitempty"`
	// Where fixes the dimensions of the headline.
	Where series.Where `json:"where,omitempty"`
	// Vintages are the releases that the figures come from, oldest first.
	Vintages []Vintage `json:"vintages,omitempty"`
	// Points are the months of the chart, the latest last.
	Points []Point `json:"points,omitempty"`
	// Latest, YearBefore and Change are figures of the latest month; empty where
	// there is none.
	Latest     string `json:"latest,omitempty"`
	YearBefore string `json:"year_before,omitempty"`
	Change     string `json:"change,omitempty"`
}

// Vintage is one release of an indicator's figures.
type Vintage struct {
	Observations entente.Ref `json:"observations"`
	Dataset      entente.Ref `json:"dataset"`
	// State says whether this node recomputed the series to the digest stated.
	State     store.FigureState `json:"state"`
	Positions []entente.Ref     `json:"positions,omitempty"`
}

// Point is one month of a chart; Figure is empty where there is no value.
type Point struct {
	Month  string `json:"month"`
	Figure string `json:"figure,omitempty"`
}

// Claim is a claim with what the data say of it.
type Claim struct {
	Entry     entente.Ref   `json:"entry"`
	Positions []entente.Ref `json:"positions,omitempty"`
	// Outcome is empty where no check is defined.
	Outcome  series.Outcome `json:"outcome,omitempty"`
	Reason   series.Reason  `json:"reason,omitempty"`
	Holding  int            `json:"holding"`
	Decided  int            `json:"decided"`
	Readings []Reading      `json:"readings,omitempty"` // not all: see Decided
}

// Reading is one way of taking a claim.
type Reading struct {
	Indicator string          `json:"indicator"`
	Where     series.Where    `json:"where,omitempty"`
	Basis     series.Basis    `json:"basis"`
	Against   series.Against  `json:"against,omitempty"`
	Kind      series.SpanKind `json:"kind"`
	A         string          `json:"a"`
	B         string          `json:"b,omitempty"`
	Figure    string          `json:"figure"`
	Unit      string          `json:"unit"`
	Match     series.Match    `json:"match"`
	AsStated  bool            `json:"as_stated,omitempty"`
}

// Meeting is one meeting with each writer's record of it.
type Meeting struct {
	Code    string        `json:"code"`
	Records []entente.Ref `json:"records"`
}

// Question is an open question with its answers.
type Question struct {
	Entry   entente.Ref   `json:"entry"`
	Answers []entente.Ref `json:"answers,omitempty"`
}

// Correction is an entry that superseded, corrected or withdrew others.
type Correction struct {
	Entry entente.Ref      `json:"entry"`
	Kind  store.ChangeKind `json:"kind"`
	Of    []entente.Ref    `json:"of"`
}
