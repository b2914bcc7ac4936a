package site

import (
	"strconv"
	"strings"

	"entente"
	"entente/internal/store"
)

// paths are the first part of the address of the things of a type.
var paths = map[entente.Type]string{
	entente.TypeAgency: "/agencies", entente.TypeCommitment: "/commitments", entente.TypeJointCommitment: "/commitments/joint",
	entente.TypeMilestone: "/milestones", entente.TypeProgress: "/progress", entente.TypePairing: "/pairs",
	entente.TypeAccount: "/accounts", entente.TypeAction: "/actions", entente.TypeIndicator: "/indicators",
	entente.TypeTarget: "/targets", entente.TypeLink: "/links", entente.TypeDataset: "/datasets",
	entente.TypeObservations: "/observations", entente.TypeStatement: "/statements", entente.TypeClaim: "/claims",
	entente.TypeCitation: "/citations", entente.TypeQuestion: "/questions", entente.TypeAnswer: "/answers",
	entente.TypeMeeting: "/meetings", entente.TypeNotice: "/notices", entente.TypePosition: "/positions",
	entente.TypeCharter: "/charter", entente.TypePolicy: "/policies",
	entente.TypeExchangeTerms: "/terms-of-exchange", entente.TypeRoute: "/routes",
}

// ThingPath is the address, without language, of the page of a thing, or "" for
// types that have none of their own.
func ThingPath(t entente.Type, writer, subject string) string {
	base, ok := paths[t]
	if !ok {
		return ""
	}
	if t == entente.TypeCharter {
		return base
	}
	if rule, _ := entente.Rule(t); rule.Joint {
		return base + "/" + subject
	}
	return base + "/" + writer + "/" + subject
}

// EntryPath is the address, without language, of an entry's own page: its pedigree.
func EntryPath(ref entente.Ref) string {
	return "/entries/" + ref.Log + "/" + strconv.FormatUint(ref.Index, 10)
}

// ParseEntryPath reads what follows "/entries/".
func ParseEntryPath(rest string) (origin string, index uint64, err error) {
	cut := strings.LastIndexByte(rest, '/')
	if cut <= 0 {
		return "", 0, store.ErrNotFound
	}
	index, err = strconv.ParseUint(rest[cut+1:], 10, 63)
	if err != nil {
		return "", 0, store.ErrNotFound
	}
	return rest[:cut], index, nil
}

// ThingHref is [ThingPath] in the page's language; the entry's own page for types
// without one.
func (f *Frame) ThingHref(t entente.Type, writer, subject string, ref entente.Ref) string {
	if p := ThingPath(t, writer, subject); p != "" {
		return f.Href(p)
	}
	return f.Href(EntryPath(ref))
}

// EntryHref is [EntryPath] in the page's language.
func (f *Frame) EntryHref(ref entente.Ref) string { return f.Href(EntryPath(ref)) }

// Say is a bilingual text in the page's language, or in the one it has.
func (f *Frame) Say(t entente.Text) string {
	s, _ := t.In(string(f.Lang()))
	return s
}

// Writer names who wrote an entry: a party, or an observer by its name.
func (f *Frame) Writer(code string) string {
	if entente.Party(code).Valid() {
		return f.L.Party(code)
	}
	return f.T("site.observer", "Name", code)
}

// Area names an area of the charter by code; the code itself when there is none.
func (f *Frame) Area(code string) string {
	if f.State.Charter != nil {
		for _, a := range f.State.Charter.Areas {
			if a.Code == code {
				return f.Say(a.Name)
			}
		}
	}
	return code
}

// Term names an item of the agreed lists of the exchange (a purpose, a lawful
// basis, a reason) by code; the code itself when there is none.
func (f *Frame) Term(code string) string {
	if f.State.Terms == nil {
		return code
	}
	for _, p := range f.State.Terms.Purposes {
		if p.Code == code {
			return f.Say(p.Name)
		}
	}
	for _, list := range [][]entente.Term{f.State.Terms.Bases, f.State.Terms.Reasons} {
		for _, t := range list {
			if t.Code == code {
				return f.Say(t.Name)
			}
		}
	}
	return code
}
