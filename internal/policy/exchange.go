package policy

import (
	"slices"
	"sync"
	"time"

	"github.com/cedar-policy/cedar-go"

	"entente"
)

// Exchange is what a decision goes by beside the entry itself, when information is
// exchanged between the parties: by an entry of the exchange, or by receiving,
// opening or passing on what one carries. It holds facts, judged by nobody yet; the
// node gathers them. The zero value of a field is the one that opens nothing: what
// was not looked up refuses. "The author" is the party that states the entry or,
// where a release is received, opened or passed on, the one that released it.
type Exchange struct {
	// To is the party that it is for (context.exchange.to).
	To entente.Party
	// Kind is that of a request or of a permission asked for (context.exchange.kind).
	Kind string
	// Purpose is the one purpose asked for, where one is: by a request, a permission
	// asked for, an opening or a passing on (context.exchange.purpose).
	Purpose string
	// Recipients counts the agencies that it is addressed to (context.exchange.recipients).
	Recipients int

	Route    Route     // context.exchange.route
	Terms    Terms     // context.exchange.terms
	Standing Standing  // context.exchange.standing
	Grant    Grant     // context.exchange.grant
	Handling *Handling // resource.handling, optional: of a release, or of the one that it is about

	// Names, which may be nil, returns what texts of refusals have places for.
	// Policies do not read it.
	Names func() map[string]entente.Text
}

// Route is how what leaves keeps to the author's own way out.
type Route struct {
	Known      bool // the route of the author is in force
	Copied     bool // its points of contact, and those of the party it is for, are copied
	Authorised bool // the national authorisation is stated, or none is needed
	Ceiling    entente.Classification
}

// Terms is how it stands with the terms of exchange.
type Terms struct {
	Known       bool // terms of exchange are in force
	Purposes    bool // every purpose named, and there is at least one, is of the terms
	Permissible bool // and none of them is ruled out for ever
	Consented   bool // those that ask for the originator's consent have it
	Areas       bool // every area named, and there is at least one, is of the charter
	Basis       bool // the lawful basis is one of the terms
	Reason      bool // so is the reason given, or none is due
	Emergency   bool // one releasing officer may release alone
}

// Standing is how the thing stands that the act is about.
type Standing struct {
	Concerned   bool // it is the author's to state: it answers what was put to the author
	Timely      bool // the moment until which something is asked for is still to come, or there is none
	Independent bool // who signs did not sign what is reviewed
	Paused      bool // either side has paused what it lets out in this scope
	Recalled    bool
	Held        bool // by a legal hold of the deciding party
	Frozen      bool // by a report of misuse without an outcome
	Shredded    bool
	Emergency   bool // it is marked as released by one officer alone
	Transfer    bool // it is about the transfer of a case
	Assured     bool // and states the assurance against the death penalty
	Granted     bool // a permission says yes
}

// Grant is what was permitted to whom.
type Grant struct {
	Agencies  bool // every agency that it names is one that its party has stated
	Addressed bool // who opens or passes on is addressed, copied, or had it passed on
	Permitted bool // the purpose is among those permitted, or was permitted later
	Named     bool // every agency passed on to is named in the handling
	Passing   bool // a permission to pass on to those agencies stands
	Consent   bool // consent to what was collected outside the author's territory is cited
	Owner     bool // and given by the territory's owner (or the recipient, where it is no party's)
	Item      bool // to this very item, and still standing
}

// Handling is what policies read of [entente.Handling].
type Handling struct {
	Collected      Collected // .collected
	TLP            entente.TLP
	Classification entente.Classification // .level, 0 to 4
	Purposes       []string
	Consented      []string
	Onward         entente.OnwardRule
	// Retain is the first moment after the last day it may be kept.
	Retain time.Time
	// Assessed, Evidential and Risks are .care.
	Assessed, Evidential bool
	Risks                []string
}

// Collected is where and by whom information was collected.
type Collected struct {
	Territory string // ISO 3166-1 alpha-2
	Own       bool   // the author's own territory
	Collector bool   // the collecting agency is one of the author's
	Described bool   // period and grading are stated
}

// HandlingOf says what policies read of a release's handling, as stated by a party;
// collector says whether the collecting agency is one of that party's.
func HandlingOf(h *entente.Handling, author entente.Party, collector bool) *Handling {
	out := &Handling{
		Collected: Collected{
			Territory: h.Territory, Own: h.Territory == string(author), Collector: collector,
			Described: h.From != "" && h.To != "" && slices.Contains(sources, h.Source) && slices.Contains(informations, h.Information),
		},
		TLP: h.TLP, Classification: h.Classification, Purposes: h.Purposes, Consented: h.Consented, Onward: h.Onward,
		Assessed: h.Assessed, Evidential: h.Evidential, Risks: h.Risks,
	}
	if day, err := time.Parse(time.DateOnly, string(h.Retain)); err == nil {
		out.Retain = day.AddDate(0, 0, 1)
	}
	return out
}

// The 4×4 grading.
var (
	sources      = []string{"A", "B", "C", "X"}
	informations = []string{"1", "2", "3", "4"}
)

// cedar puts the facts into Cedar's terms. Records of nothing but bounded values
// are made once.
func (x *Exchange) cedar() cedar.Record {
	return cedar.NewRecord(cedar.RecordMap{
		"to":         cedar.String(x.To),
		"kind":       cedar.String(x.Kind),
		"purpose":    cedar.String(x.Purpose),
		"recipients": cedar.Long(x.Recipients),
		"route":      kept(x.Route, Route.record),
		"terms":      kept(x.Terms, Terms.record),
		"standing":   kept(x.Standing, Standing.record),
		"grant":      kept(x.Grant, Grant.record),
	})
}

func (h *Handling) cedar() cedar.Record {
	return cedar.NewRecord(cedar.RecordMap{
		"collected": kept(h.Collected, Collected.record),
		"care":      h.care(),
		"tlp":       cedar.String(h.TLP),
		"level":     cedar.Long(h.Classification.Level()),
		"purposes":  set(h.Purposes),
		"consented": set(h.Consented),
		"onward":    cedar.String(h.Onward),
		"retain":    cedar.NewDatetime(h.Retain),
	})
}

// care is the same for most releases: those with a risk are not let out.
func (h *Handling) care() cedar.Value {
	if len(h.Risks) == 0 {
		return kept(unrisky{h.Assessed, h.Evidential}, unrisky.record)
	}
	return careRecord(h.Assessed, h.Evidential, set(h.Risks))
}

type unrisky struct{ assessed, evidential bool }

func (u unrisky) record() cedar.Record { return careRecord(u.assessed, u.evidential, cedar.Set{}) }

func careRecord(assessed, evidential bool, risks cedar.Set) cedar.Record {
	return cedar.NewRecord(cedar.RecordMap{
		"assessed": cedar.Boolean(assessed), "evidential": cedar.Boolean(evidential), "risks": risks,
	})
}

func (r Route) record() cedar.Record {
	ceiling := -1 // nothing may leave under a ceiling that is none
	if level := r.Ceiling.Level(); level <= entente.Secret.Level() {
		ceiling = level
	}
	return cedar.NewRecord(cedar.RecordMap{
		"known": cedar.Boolean(r.Known), "copied": cedar.Boolean(r.Copied), "authorised": cedar.Boolean(r.Authorised),
		"ceiling": cedar.Long(ceiling),
	})
}

func (t Terms) record() cedar.Record {
	return cedar.NewRecord(cedar.RecordMap{
		"known": cedar.Boolean(t.Known), "purposes": cedar.Boolean(t.Purposes), "permissible": cedar.Boolean(t.Permissible),
		"consented": cedar.Boolean(t.Consented), "areas": cedar.Boolean(t.Areas), "basis": cedar.Boolean(t.Basis), "reason": cedar.Boolean(t.Reason),
		"emergency": cedar.Boolean(t.Emergency),
	})
}

func (s Standing) record() cedar.Record {
	return cedar.NewRecord(cedar.RecordMap{
		"concerned": cedar.Boolean(s.Concerned), "timely": cedar.Boolean(s.Timely), "independent": cedar.Boolean(s.Independent), "paused": cedar.Boolean(s.Paused),
		"recalled": cedar.Boolean(s.Recalled), "held": cedar.Boolean(s.Held), "frozen": cedar.Boolean(s.Frozen),
		"shredded": cedar.Boolean(s.Shredded), "emergency": cedar.Boolean(s.Emergency), "transfer": cedar.Boolean(s.Transfer),
		"assured": cedar.Boolean(s.Assured), "granted": cedar.Boolean(s.Granted),
	})
}

func (g Grant) record() cedar.Record {
	return cedar.NewRecord(cedar.RecordMap{
		"agencies": cedar.Boolean(g.Agencies), "addressed": cedar.Boolean(g.Addressed), "permitted": cedar.Boolean(g.Permitted),
		"named": cedar.Boolean(g.Named), "passing": cedar.Boolean(g.Passing), "consent": cedar.Boolean(g.Consent),
		"owner": cedar.Boolean(g.Owner), "item": cedar.Boolean(g.Item),
	})
}

func (c Collected) record() cedar.Record {
	return cedar.NewRecord(cedar.RecordMap{
		"territory": cedar.String(c.Territory), "own": cedar.Boolean(c.Own), "collector": cedar.Boolean(c.Collector),
		"described": cedar.Boolean(c.Described),
	})
}

// records are the records made so far, as Cedar values, by the facts they hold.
// Their number is bounded: truths, levels and codes of two letters.
var records sync.Map

// kept returns the record of facts, made when they are first asked for.
func kept[F comparable](facts F, record func(F) cedar.Record) cedar.Value {
	if r, ok := records.Load(facts); ok {
		return r.(cedar.Value)
	}
	var r cedar.Value = record(facts)
	if c, ok := any(facts).(Collected); ok && len(c.Territory) != len("MX") {
		return r // no code: nothing to keep
	}
	records.Store(facts, r)
	return r
}
