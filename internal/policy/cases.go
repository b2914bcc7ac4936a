package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"entente"
)

// Case is a request whose outcome is known: what a policy is there to refuse, and
// its neighbour that goes through.
type Case struct {
	// Policy is the policy that it is a case of, Name says what it shows.
	Policy, Name string
	Request      Request
	// Allow is whether it is allowed, By the names of all policies that then decide.
	Allow bool
	By    []string
}

// Try runs a case. The error says in English what came out instead.
func (s *Set) Try(c Case) error {
	d := s.Decide(c.Request)
	if d.Allow == c.Allow && slices.Equal(d.Policies, c.By) && len(d.Errors) == 0 {
		return nil
	}
	word := map[bool]string{true: "allowed by", false: "refused by"}
	err := fmt.Errorf("%s %s, and not %s %s", word[d.Allow], strings.Join(d.Policies, ", "), word[c.Allow], strings.Join(c.By, ", "))
	if len(d.Errors) > 0 {
		err = fmt.Errorf("%w: %s", err, strings.Join(d.Errors, "; "))
	}
	return err
}

// Untried returns the policies of the set that have no case refused on their
// account alone, or no case that is allowed beside it. A permission's own refusal
// is that nothing else permits.
func (s *Set) Untried(cases []Case) []string {
	var list []string
	for _, name := range s.Names() {
		refuses := []string{name}
		if !s.Forbids(name) {
			refuses = []string{NoPermit}
		}
		denied := slices.ContainsFunc(cases, func(c Case) bool {
			return c.Policy == name && !c.Allow && slices.Equal(c.By, refuses)
		})
		allowed := slices.ContainsFunc(cases, func(c Case) bool { return c.Policy == name && c.Allow })
		if !denied || !allowed {
			list = append(list, name)
		}
	}
	return list
}

// facts is a request in the words of the schema, as the files of cases state it.
type facts struct {
	Action    Act `json:"action"`
	Principal struct {
		Party    entente.Party `json:"party"`
		Observer string        `json:"observer"`
		Agency   string        `json:"agency"`
		Roles    []string      `json:"roles"`
	} `json:"principal"`
	Resource struct {
		Type         entente.Type    `json:"type"`
		Author       string          `json:"author"`
		Sources      int             `json:"sources"`
		Verbatim     bool            `json:"verbatim"`
		OwnTerritory bool            `json:"own_territory"`
		Of           string          `json:"of"`
		Required     []entente.Party `json:"required"`
		NotBefore    time.Time       `json:"not_before"`
		Handling     *struct {
			Collected Collected `json:"collected"`
			Care      struct {
				Assessed   bool     `json:"assessed"`
				Evidential bool     `json:"evidential"`
				Risks      []string `json:"risks"`
			} `json:"care"`
			TLP       entente.TLP        `json:"tlp"`
			Level     int                `json:"level"`
			Purposes  []string           `json:"purposes"`
			Consented []string           `json:"consented"`
			Onward    entente.OnwardRule `json:"onward"`
			Retain    time.Time          `json:"retain"`
		} `json:"handling"`
	} `json:"resource"`
	Context struct {
		Now         time.Time       `json:"now"`
		Charter     bool            `json:"charter"`
		Officers    int             `json:"officers"`
		Asked       int             `json:"asked"`
		Second      bool            `json:"second"`
		Consented   []entente.Party `json:"consented"`
		Identifiers []string        `json:"identifiers"`
		Exchange    *struct {
			To         entente.Party `json:"to"`
			Kind       string        `json:"kind"`
			Purpose    string        `json:"purpose"`
			Recipients int           `json:"recipients"`
			Route      struct {
				Known      bool `json:"known"`
				Copied     bool `json:"copied"`
				Authorised bool `json:"authorised"`
				Ceiling    int  `json:"ceiling"`
			} `json:"route"`
			Terms    Terms    `json:"terms"`
			Standing Standing `json:"standing"`
			Grant    Grant    `json:"grant"`
		} `json:"exchange"`
	} `json:"context"`
}

var levels = []entente.Classification{entente.Unclassified, entente.Restricted, entente.Confidential, entente.Secret}

func classification(level int) entente.Classification {
	if level < 0 || level >= len(levels) {
		return ""
	}
	return levels[level]
}

// RequestOf reads a request from JSON in the words of the schema: action,
// principal, resource, context. What the schema does not have is an error.
func RequestOf(raw []byte) (Request, error) {
	var f facts
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return Request{}, err
	}
	r := Request{
		Act:    f.Action,
		Author: entente.Author{Party: f.Principal.Party, Observer: f.Principal.Observer, Agency: f.Principal.Agency},
		Roles:  f.Principal.Roles,
		Type:   f.Resource.Type, Writer: f.Resource.Author, Sources: f.Resource.Sources, Verbatim: f.Resource.Verbatim,
		OwnTerritory: f.Resource.OwnTerritory, Of: f.Resource.Of, Required: f.Resource.Required, NotBefore: f.Resource.NotBefore,
		Now: f.Context.Now, Charter: f.Context.Charter, Officers: f.Context.Officers, Asked: f.Context.Asked, Second: f.Context.Second,
		Consents: f.Context.Consented, Identifiers: f.Context.Identifiers, Exchange: f.exchange(),
	}
	if !slices.Contains(Acts, r.Act) {
		return r, fmt.Errorf("action: %q is none of %v", r.Act, Acts)
	}
	if _, ok := entente.Rule(r.Type); !ok {
		return r, fmt.Errorf("resource.type: %q is no type of entries", r.Type)
	}
	if f.Resource.Handling != nil && r.Exchange == nil {
		return r, fmt.Errorf("resource.handling comes with context.exchange")
	}
	return r, nil
}

func (f *facts) exchange() *Exchange {
	x := f.Context.Exchange
	if x == nil {
		return nil
	}
	out := &Exchange{
		To: x.To, Kind: x.Kind, Purpose: x.Purpose, Recipients: x.Recipients, Terms: x.Terms, Standing: x.Standing, Grant: x.Grant,
		Route: Route{x.Route.Known, x.Route.Copied, x.Route.Authorised, classification(x.Route.Ceiling)},
	}
	if h := f.Resource.Handling; h != nil {
		out.Handling = &Handling{
			Collected: h.Collected, TLP: h.TLP, Classification: classification(h.Level), Purposes: h.Purposes, Consented: h.Consented,
			Onward: h.Onward, Retain: h.Retain, Assessed: h.Care.Assessed, Evidential: h.Care.Evidential, Risks: h.Care.Risks,
		}
	}
	return out
}
