package policy

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cedar-policy/cedar-go"
	"pgregory.net/rapid"

	"entente"
)

// exchangeRequests are requests of the exchange that the programme's policies
// allow, with no fact in them that they could do without.
func exchangeRequests() map[string]Request {
	handling := &Handling{
		Collected: Collected{Territory: "MX", Own: true, Collector: true, Described: true}, TLP: entente.TLPAmber,
		Classification: entente.Unclassified, Purposes: []string{"criminal_investigation"}, Onward: entente.OnwardNamed,
		Retain: day.AddDate(1, 0, 0), Assessed: true,
	}
	route := Route{Known: true, Copied: true, Authorised: true, Ceiling: entente.Unclassified}
	terms := Terms{Known: true, Purposes: true, Permissible: true, Consented: true}
	based := terms
	based.Basis, based.Areas = true, true
	asked := terms
	asked.Consented = false
	onRequest := based
	onRequest.Consented = false
	used := Grant{Addressed: true, Permitted: true}
	passed := used
	passed.Agencies, passed.Named = true, true
	concerned := Standing{Concerned: true}
	timely := Standing{Concerned: true, Timely: true}

	// Where an act leaves a fact of the handling aside, it is not there.
	opened := *handling
	opened.Collected, opened.TLP, opened.Classification, opened.Onward, opened.Assessed, opened.Purposes =
		Collected{}, "", "", "", false, []string{"criminal_investigation"}
	passedOn := opened
	passedOn.Onward = entente.OnwardNamed

	request := func(act Act, t entente.Type, x Exchange) Request {
		return Request{
			Act: act, Author: entente.Author{Party: "MX", Agency: "SRE"}, Type: t, Writer: "MX", OwnTerritory: true,
			Now: day, Charter: true, Officers: 2, Asked: 1, Second: true, Exchange: &x,
		}
	}
	const purpose = "criminal_investigation"
	return map[string]Request{
		"release": request(Release, entente.TypeRelease, Exchange{
			Recipients: 1, Route: route, Terms: based, Standing: timely, Grant: Grant{Agencies: true}, Handling: handling}),
		"receive": request(Receive, entente.TypeRelease, Exchange{
			Recipients: 1, Route: route, Terms: based, Standing: concerned, Grant: Grant{Agencies: true}, Handling: handling}),
		"request": request(Release, entente.TypeRequest, Exchange{
			Purpose: purpose, Recipients: 1, Route: Route{Known: true, Copied: true, Authorised: true}, Terms: onRequest, Standing: timely,
			Grant: Grant{Agencies: true}}),
		"refusal":            request(Release, entente.TypeRefusal, Exchange{Terms: Terms{Reason: true}, Standing: concerned}),
		"permission request": request(Release, entente.TypePermissionRequest, Exchange{Purpose: purpose, Terms: asked, Standing: concerned, Grant: Grant{Agencies: true}}),
		"open":               request(Open, entente.TypeRelease, Exchange{Purpose: purpose, Terms: terms, Standing: concerned, Grant: used, Handling: &opened}),
		"pass":               request(Pass, entente.TypeRelease, Exchange{Purpose: purpose, Terms: terms, Standing: concerned, Grant: passed, Handling: &passedOn}),
		"onward":             request(Release, entente.TypeOnward, Exchange{Purpose: purpose, Terms: terms, Standing: concerned, Grant: passed, Handling: &passedOn}),
		"pause":              request(Release, entente.TypePause, Exchange{Terms: Terms{Areas: true}, Standing: concerned, Grant: Grant{Agencies: true}}),
		"misuse":             request(Release, entente.TypeMisuse, Exchange{Standing: timely}),
		"review":             request(Release, entente.TypeReview, Exchange{Standing: Standing{Concerned: true, Independent: true}}),
	}
}

// copied returns a request whose facts can be changed without changing the other's.
func copied(r Request) Request {
	x := *r.Exchange
	if x.Handling != nil {
		h := *x.Handling
		x.Handling = &h
	}
	r.Exchange = &x
	return r
}

// stated lists the facts that are stated, by their paths.
func stated(v reflect.Value, path string) []string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		return append([]string{path}, stated(v.Elem(), path)...)
	}
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeOf(day) {
		if v.IsZero() {
			return nil
		}
		return []string{path}
	}
	var list []string
	for i := range v.NumField() {
		list = append(list, stated(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."))...)
	}
	return list
}

// without takes the fact at a path away.
func without(v reflect.Value, path string) {
	name, rest, more := strings.Cut(path, ".")
	f := v.FieldByName(name)
	if f.Kind() == reflect.Pointer && more {
		if f.IsNil() {
			return // taken away as a whole
		}
		f = f.Elem()
	}
	if more {
		without(f, rest)
		return
	}
	f.SetZero()
}

// An act of the exchange of which any required fact is missing, or several, is
// refused: nothing defaults to open.
func TestAMissingFactRefuses(t *testing.T) {
	s := programmeSet(t)
	for name, r := range exchangeRequests() {
		if d := s.Decide(r); !d.Allow {
			t.Fatalf("%s: refused by %v", name, d.Policies)
		}
		facts := stated(reflect.ValueOf(r.Exchange).Elem(), "")
		if len(facts) < 2 {
			t.Fatalf("%s: %v", name, facts)
		}
		for _, fact := range facts {
			less := copied(r)
			without(reflect.ValueOf(less.Exchange).Elem(), fact)
			if d := s.Decide(less); d.Allow || len(d.Errors) > 0 {
				t.Errorf("%s without %s: allowed %v by %v %v", name, fact, d.Allow, d.Policies, d.Errors)
			}
		}
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				less := copied(r)
				gone := rapid.SliceOfNDistinct(rapid.SampledFrom(facts), 1, len(facts), rapid.ID).Draw(t, "gone")
				for _, fact := range gone {
					without(reflect.ValueOf(less.Exchange).Elem(), fact)
				}
				if d := s.Decide(less); d.Allow {
					t.Fatalf("without %v: allowed by %v", gone, d.Policies)
				}
			})
		})
	}
}

// Whatever the facts are, deciding on them does not err, and what stands against a
// release keeps it in.
func TestNoFactsErrOrOutweigh(t *testing.T) {
	s := programmeSet(t)
	requests := exchangeRequests()
	names := slices.Sorted(maps.Keys(requests))
	against := map[string]func(*Exchange){
		"paused":    func(x *Exchange) { x.Standing.Paused = true },
		"recalled":  func(x *Exchange) { x.Standing.Recalled = true },
		"shredded":  func(x *Exchange) { x.Standing.Shredded = true },
		"emergency": func(x *Exchange) { x.Standing.Emergency = true },
		"transfer":  func(x *Exchange) { x.Standing.Transfer = true },
	}
	rapid.Check(t, func(t *rapid.T) {
		r := copied(requests[rapid.SampledFrom(names).Draw(t, "request")])
		r.Act = rapid.SampledFrom(Acts).Draw(t, "act")
		r.Type = rapid.SampledFrom(entente.Types).Draw(t, "type").Type
		for _, set := range []reflect.Value{
			reflect.ValueOf(&r.Exchange.Terms).Elem(), reflect.ValueOf(&r.Exchange.Standing).Elem(), reflect.ValueOf(&r.Exchange.Grant).Elem(),
		} {
			for i := range set.NumField() {
				set.Field(i).SetBool(rapid.Bool().Draw(t, set.Type().Field(i).Name))
			}
		}
		if d := s.Decide(r); len(d.Errors) > 0 {
			t.Fatalf("%v", d.Errors)
		}
		release := copied(requests["release"])
		how := rapid.SampledFrom(slices.Sorted(maps.Keys(against))).Draw(t, "against")
		against[how](release.Exchange)
		if d := s.Decide(release); d.Allow {
			t.Fatalf("released though %s: %v", how, d.Policies)
		}
	})
}

// A set from before there was an exchange lets nothing of it through.
func TestASetThatKnowsNoExchangePermitsNone(t *testing.T) {
	s, err := Load(`@id("all") permit (principal, action, resource);`, nil, entente.Digest{})
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range exchangeRequests() {
		if d := s.Decide(r); d.Allow || !slices.Equal(d.Policies, []string{NoPermit}) {
			t.Errorf("%s: allowed %v by %v", name, d.Allow, d.Policies)
		}
	}
	if d := s.Decide(publication()); !d.Allow {
		t.Errorf("a publication: %v", d.Policies)
	}
}

// What policies are given is what the schema says: every request, with all of its
// parts or none, validates against it.
func TestRequestsFitTheSchema(t *testing.T) {
	requests := exchangeRequests()
	for _, act := range Acts {
		for _, row := range entente.Types {
			for _, full := range []bool{false, true} {
				r := rehearsal(act, row, day, full)
				if full {
					r.Exchange = exampleExchange(day)
				}
				requests[string(act)+" of "+string(row.Type)] = r
			}
		}
	}
	for name, r := range requests {
		e, request := r.cedar((&principals{}).of(&r))
		if err := validator().Request(request); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, one := range []cedar.Entity{e.principal, e.resource} {
			if err := validator().Entity(one); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
