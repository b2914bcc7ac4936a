package policy

import (
	"strings"
	"sync"
	"time"

	"github.com/cedar-policy/cedar-go"

	"entente"
)

// Act is what is decided on: into which log something goes, or what is done with
// information that another party released.
type Act string

// The acts.
const (
	Append  Act = "append"  // into the national log
	Release Act = "release" // national → shared
	Publish Act = "publish" // → public
	Receive Act = "receive" // take in what another party released
	Open    Act = "open"    // a person or a client opens what a release carries
	Pass    Act = "pass"    // pass a release on within the own party
)

// Acts are all acts.
var Acts = []Act{Append, Release, Publish, Receive, Open, Pass}

// ActFor returns the act that takes an entry into a log of audience a.
func ActFor(a entente.Audience) Act {
	switch a {
	case entente.Public:
		return Publish
	case entente.Shared:
		return Release
	}
	return Append
}

// Request is what a decision is asked for: everything a policy can read. The
// comments give the names that policies use; what is said to be optional is absent
// when it is not set, and policies ask for it with "has".
type Request struct {
	Act Act // action == Action::"append", "release", "publish", "receive", "open", "pass"

	Author entente.Author // principal.party, principal.observer, principal.agency
	Roles  []string       // principal.roles: of the officer who states it

	Type         entente.Type    // resource.type
	Writer       string          // resource.author: whose log it goes to
	Sources      int             // resource.sources: how many it names
	Verbatim     bool            // resource.verbatim
	OwnTerritory bool            // resource.own_territory: all states named are the author's
	Of           string          // resource.of, optional: whom an account is of, whose entry a position is on
	Required     []entente.Party // resource.required, optional: the parties that a joint body requires
	NotBefore    time.Time       // resource.not_before, optional: the first moment at which it may be published

	Now         time.Time       // context.now
	Charter     bool            // context.charter: one is in force
	Officers    int             // context.officers: different persons who sign
	Asked       int             // context.asked: how many the gate asks for
	Second      bool            // context.second: a releasing officer who is not the drafter signs
	Consents    []entente.Party // context.consented: whose consent to publish these bytes stands
	Identifiers []string        // context.identifiers: kinds of personal identifiers found

	Exchange *Exchange // context.exchange and resource.handling, optional: where information is exchanged
}

const (
	principalType = cedar.EntityType("Officer")
	resourceType  = cedar.EntityType("Entry")
	actionType    = cedar.EntityType("Action")
)

// entities are the two entities of a request; actions have no attributes.
type entities struct {
	principal, resource cedar.Entity
}

// Get implements cedar's EntityGetter.
func (e *entities) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	switch uid {
	case e.principal.UID:
		return e.principal, true
	case e.resource.UID:
		return e.resource, true
	}
	return cedar.Entity{}, false
}

// cedar puts the request into Cedar's terms.
func (r *Request) cedar(principal cedar.Entity) (*entities, cedar.Request) {
	e := &entities{principal, cedar.Entity{
		UID:        cedar.NewEntityUID(resourceType, cedar.String(r.Type)),
		Attributes: r.resource(),
	}}
	context := cedar.RecordMap{
		"now":         cedar.NewDatetime(r.Now),
		"charter":     cedar.Boolean(r.Charter),
		"officers":    cedar.Long(r.Officers),
		"asked":       cedar.Long(r.Asked),
		"second":      cedar.Boolean(r.Second),
		"consented":   set(r.Consents),
		"identifiers": set(r.Identifiers),
	}
	if r.Exchange != nil {
		context["exchange"] = r.Exchange.cedar()
	}
	return e, cedar.Request{
		Principal: principal.UID,
		Action:    cedar.NewEntityUID(actionType, cedar.String(r.Act)),
		Resource:  e.resource.UID,
		Context:   cedar.NewRecord(context),
	}
}

// principals keeps the entities of those who ask, who are few.
type principals struct{ m sync.Map }

type principalKey struct {
	author entente.Author
	roles  string
}

func (p *principals) of(r *Request) cedar.Entity {
	key := principalKey{r.Author, strings.Join(r.Roles, " ")}
	if e, ok := p.m.Load(key); ok {
		return e.(cedar.Entity)
	}
	e := cedar.Entity{
		UID: cedar.NewEntityUID(principalType, cedar.String(r.Author.Writer())),
		Attributes: cedar.NewRecord(cedar.RecordMap{
			"party":    cedar.String(r.Author.Party),
			"observer": cedar.String(r.Author.Observer),
			"agency":   cedar.String(r.Author.Agency),
			"roles":    set(r.Roles),
		}),
	}
	p.m.Store(key, e)
	return e
}

// resource has at most eight attributes in use, as the context has: Go's maps are
// much cheaper up to that size.
func (r *Request) resource() cedar.Record {
	attributes := cedar.RecordMap{
		"type":          cedar.String(r.Type),
		"author":        cedar.String(r.Writer),
		"sources":       cedar.Long(r.Sources),
		"verbatim":      cedar.Boolean(r.Verbatim),
		"own_territory": cedar.Boolean(r.OwnTerritory),
	}
	if r.Of != "" {
		attributes["of"] = cedar.String(r.Of)
	}
	if len(r.Required) > 0 {
		attributes["required"] = set(r.Required)
	}
	if !r.NotBefore.IsZero() {
		attributes["not_before"] = cedar.NewDatetime(r.NotBefore)
	}
	if r.Exchange != nil && r.Exchange.Handling != nil {
		attributes["handling"] = r.Exchange.Handling.cedar()
	}
	return cedar.NewRecord(attributes)
}

func set[S ~string](list []S) cedar.Set {
	if len(list) == 0 {
		return cedar.Set{}
	}
	values := make([]cedar.Value, len(list))
	for i, s := range list {
		values[i] = cedar.String(s)
	}
	return cedar.NewSet(values...)
}
