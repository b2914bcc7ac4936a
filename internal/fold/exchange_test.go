package fold_test

import (
	"testing"

	"entente"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// shared states an entry of Mexico in its shared log.
func shared(t entente.Type, body func(*scene) any) raws {
	return func(s *scene) (string, []byte) {
		return s.mx.Origin(entente.Shared), s.mx.Entry(entente.Shared, t, "e1", body(s))
	}
}

func release(change func(*entente.Release)) raws {
	return shared(entente.TypeRelease, func(*scene) any {
		r := foldtest.Release(entente.US)
		change(r)
		return r
	})
}

func exchangeCases() []ruleCase {
	request := func(change func(*entente.Request)) raws {
		return shared(entente.TypeRequest, func(*scene) any {
			r := foldtest.Request(entente.US)
			change(r)
			return r
		})
	}
	terms := func(change func(*entente.ExchangeTerms)) raws {
		return shared(entente.TypeExchangeTerms, func(*scene) any {
			b := foldtest.Terms()
			change(b)
			return b
		})
	}
	route := func(change func(*entente.Route)) raws {
		return shared(entente.TypeRoute, func(*scene) any {
			b := foldtest.Route()
			change(b)
			return b
		})
	}
	theirs := func(t entente.Type, body func(entente.Ref) any) raws {
		return shared(t, func(s *scene) any {
			return body(s.logs.State(s.us, entente.Shared, entente.TypeRelease, "r1", foldtest.Release(entente.MX)))
		})
	}
	item := entente.DigestOf([]byte("item"))
	return []ruleCase{
		{"request to oneself", fold.RuleExchange, request(func(r *entente.Request) { r.To = entente.MX })},
		{"request to one agency twice", fold.RuleExchange, request(func(r *entente.Request) { r.Agencies = []string{"CBP", "CBP"} })},
		{"release to oneself", fold.RuleExchange, release(func(r *entente.Release) { r.To = entente.MX })},
		{"release with no day of retention", fold.RuleExchange, release(func(r *entente.Release) { r.Handling.Retain = "2026-10" })},
		{"release onward to nobody", fold.RuleExchange, release(func(r *entente.Release) { r.Handling.OnwardTo = nil })},
		{"release that names onward agencies in vain", fold.RuleExchange, release(func(r *entente.Release) { r.Handling.Onward = entente.OnwardAsk })},
		{"release that consents to what it does not permit", fold.RuleExchange, release(func(r *entente.Release) { r.Handling.Consented = []string{"sanctions"} })},
		{"release of an item without consent", fold.RuleExchange, release(func(r *entente.Release) { r.Item = &item })},
		{"release collected before it began", fold.RuleDate, release(func(r *entente.Release) { r.Handling.To = "2025-08" })},
		{"release to nobody", fold.RuleSchema, release(func(r *entente.Release) { r.Recipients = nil })},
		{"release without a marking", fold.RuleSchema, release(func(r *entente.Release) { r.Handling.TLP = "" })},
		{"release without a purpose", fold.RuleSchema, release(func(r *entente.Release) { r.Handling.Purposes = nil })},
		{"release in answer to what is no request", fold.RuleReferenceType, shared(entente.TypeRelease, func(s *scene) any {
			r := foldtest.Release(entente.US)
			r.Request = &s.theirs
			return r
		})},
		{"terms that list a purpose twice", fold.RuleExchange, terms(func(b *entente.ExchangeTerms) { b.Purposes = append(b.Purposes, b.Purposes[0]) })},
		{"terms with an emergency nobody reviews", fold.RuleExchange, terms(func(b *entente.ExchangeTerms) { b.ReviewHours = 0 })},
		{"route without an authority", fold.RuleExchange, route(func(b *entente.Route) { b.Authority = entente.Text{} })},
		{"route with a group twice", fold.RuleExchange, route(func(b *entente.Route) { b.Duty = append(b.Duty, b.Duty[0]) })},
		{"receipt of one's own release", fold.RuleReferenceOwner, shared(entente.TypeReceipt, func(s *scene) any {
			own := s.logs.State(s.mx, entente.Shared, entente.TypeRelease, "r1", foldtest.Release(entente.US))
			return &entente.Receipt{Release: own, Verdict: "received", Policy: foldtest.Bootstrap, Policies: []string{"x"}}
		})},
		{"receipt with a reason", fold.RuleExchange, theirs(entente.TypeReceipt, func(to entente.Ref) any {
			return &entente.Receipt{Release: to, Verdict: "received", Reason: "digest", Policy: foldtest.Bootstrap, Policies: []string{"x"}}
		})},
		{"recall of another's release", fold.RuleReferenceOwner, theirs(entente.TypeRecall, func(to entente.Ref) any {
			return &entente.Recall{Release: to, Reason: "legal"}
		})},
		{"collection asked without an item", fold.RuleExchange, shared(entente.TypePermissionRequest, func(*scene) any {
			return &entente.PermissionRequest{Of: entente.US, Kind: "collection", Purpose: "investigation"}
		})},
		{"onward asked for nobody", fold.RuleExchange, theirs(entente.TypePermissionRequest, func(to entente.Ref) any {
			return &entente.PermissionRequest{Of: entente.US, Kind: "onward", Release: &to, Purpose: "investigation"}
		})},
		{"pause of no area", fold.RuleExchange, shared(entente.TypePause, func(*scene) any { return &entente.Pause{Scope: "area"} })},
		{"use of one release twice", fold.RuleExchange, func(s *scene) (string, []byte) {
			to := s.logs.State(s.us, entente.Shared, entente.TypeRelease, "r1", foldtest.Release(entente.MX))
			return s.mx.Origin(entente.National), s.mx.Entry(entente.National, entente.TypeUse, "u1", &entente.Use{
				Releases: []entente.Ref{to, to}, Agency: "SRE", Purpose: "investigation", Mode: "read"})
		}},
		{"use in a log the other side reads", fold.RuleAudience, theirs(entente.TypeUse, func(to entente.Ref) any {
			return &entente.Use{Releases: []entente.Ref{to}, Agency: "SRE", Purpose: "investigation", Mode: "read"}
		})},
		{"key exported by one officer", fold.RuleOfficers, func(s *scene) (string, []byte) {
			text := foldtest.Text(entente.TypeKeyExport, s.mx.Header(entente.Shared, "k1"), &entente.KeyExport{
				Key: "demo.mx.entente/00000000", Agency: "SRE", Reason: entente.Text{EN: "x"}})
			return s.mx.Origin(entente.Shared), s.mx.Sign(text, s.mx.Agency, s.mx.Officers[0])
		}},
	}
}

// A node states by itself what it received and what it shredded: no officer signs.
// Everything else that leaves asks for one.
func TestWhatANodeStatesByItself(t *testing.T) {
	for _, rule := range entente.Types {
		p := foldtest.NewProgramme()
		ref := p.Refs[rule.Type]
		if a, _ := entente.OriginAudience(ref.Log); a != entente.Shared || rule.Signers == entente.SignedByRoot {
			continue
		}
		w := p.MX
		if ref.Log == p.US.Origin(entente.Shared) {
			w = p.US
		}
		text := foldtest.Text(rule.Type, w.Header(entente.Shared, "alone"), p.Bodies[rule.Type])
		at := p.Logs.Add(w.Origin(entente.Shared), w.Sign(text, w.Agency))
		f, _ := p.Logs.Fold().Entry(at.Log, at.Index)
		if alone := f.Status == fold.Admissible; alone != (rule.Signers == entente.SignedByNode) {
			t.Errorf("%s without an officer is %s (%s %s)", rule.Type, f.Status, f.Rule, f.Detail)
		}
	}
}
