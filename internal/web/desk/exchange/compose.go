package exchange

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/auth"
	core "entente/internal/exchange"
	"entente/internal/store"
	"entente/internal/web/desk/form"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

// mountCompose registers the pages on which something sealed is written.
func mountCompose(k *kit.Kit) {
	k.Form("/desk/exchange", auth.Draft, list, begin)
	k.Page("/desk/exchange/drafts/{id}", auth.Draft, edit)
	k.Posted("/desk/exchange/drafts/{id}", auth.Draft, readDraft, edit, save)
	k.Raw("POST /desk/exchange/drafts/{id}/autosave", auth.Draft, autosave)
	k.Raw("GET /desk/exchange/drafts/{id}/files/{name}", auth.Read, draftFile)
	k.Page("/desk/exchange/drafts/{id}/review", auth.Read, review)
	k.Form("/desk/exchange/drafts/{id}/review", auth.Read, review, decide)
}

func draftHref(a *kit.Ask, id string) string { return a.Href("/desk/exchange/drafts/" + id) }

// begin starts a draft: of the type posted, about the request, release or draft that
// it answers.
func begin(ctx context.Context, a *kit.Ask) (string, error) {
	t := entente.Type(a.Post("type"))
	body, err := firstBody(ctx, a, t)
	if err != nil {
		return "", err
	}
	d, err := a.Kit.Exchange.Begin(ctx, a.Me.User, t, a.Post("id"), body)
	if err != nil {
		return "", err
	}
	return draftHref(a, d.ID), nil
}

// firstBody is what a draft begins with: whom it goes to and what it is about.
// Nothing else is chosen for the person.
func firstBody(ctx context.Context, a *kit.Ask, t entente.Type) (map[string]any, error) {
	body := map[string]any{}
	about, ok := resolve(ctx, a, a.Post("about"))
	switch t {
	case entente.TypeRequest, entente.TypeRelease:
		if to := others(a); len(to) == 1 {
			body["to"] = to[0]
		}
		if t != entente.TypeRelease || !ok {
			return body, nil
		}
		r, err := a.Kit.Exchange.Request(ctx, me(a), about, a.Kit.Now())
		if err != nil {
			return nil, err
		}
		body["request"], body["areas"], body["to"] = r.Ref, r.Areas, r.From
		return body, nil
	case entente.TypeRefusal:
		body["request"] = about
	case entente.TypeMisuse:
		body["release"] = about
	}
	if !ok {
		return nil, store.ErrNotFound
	}
	return body, nil
}

// others are the parties of the programme but this one.
func others(a *kit.Ask) []entente.Party {
	all := []entente.Party{entente.MX, entente.US}
	if a.State.Charter != nil {
		all = a.State.Charter.Required
	}
	return slices.DeleteFunc(slices.Clone(all), func(p entente.Party) bool { return p == a.Kit.Party() })
}

type editModel struct {
	d       *core.Draft
	fields  []form.Field
	parts   arranged
	verdict verdict
	files   []fileLine
	facts   []shell.KV // what follows from the route
	ask     bool       // it may rest on a permission that can be asked for
}

// sealedFields are what a form does not show: what follows from the content and
// from the routes, and what the draft was begun about.
var sealedFields = []string{"content", "question", "note", "description", "copied", "item", "emergency", "request", "release"}

func edit(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	d, err := a.Kit.Exchange.Draft(ctx, me(a), a.R.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if d.State != store.DraftOpen && d.State != store.DraftReturned {
		return review(ctx, a)
	}
	a.Saw("draft", d.ID)
	a.Head(a.T("exchange.compose."+string(d.Type)), a.T("exchange.compose.lead"), "exchange", crumb(a))
	m := editModel{d: d, files: filesOf(a, d), ask: d.Type == entente.TypeRelease}
	in := formOf(ctx, a, d)
	in.More = a.R.URL.Query().Get("more")
	if a.Typed != nil {
		if in.Body, err = form.Parse(d.Type, a.Typed, d.Body, resolver(ctx, a)); err != nil {
			return nil, err
		}
	}
	if m.verdict, err = gate(ctx, a, d); err != nil {
		return nil, err
	}
	in.Errors = map[string]string{}
	if a.R.URL.Query().Get("check") != "" {
		in.Check = true
		for _, r := range m.verdict.blocking {
			if r.Field != "" {
				in.Errors[r.Field] = r.Rule + " " + r.Mend
			}
		}
	}
	m.fields = form.Build(in)
	var own *entente.Route
	if own, m.facts, err = routeFacts(ctx, a); err != nil {
		return nil, err
	}
	m.parts = arrange(a, d.Type, m.fields, own != nil && slices.Contains(own.Authorisation, string(d.Type)))
	return editPage(a, m), nil
}

// formOf is the form of a draft as it is saved.
func formOf(ctx context.Context, a *kit.Ask, d *core.Draft) form.Input {
	in := form.Input{
		F: a.Frame, Type: d.Type, Body: d.Body, Hide: map[string]bool{},
		Refs:    func(field string) []shell.Option { return granted(ctx, a, field) },
		Choices: func(field string) []shell.Option { return agreed(ctx, a, d.Type, field) },
	}
	for _, f := range sealedFields {
		in.Hide[f] = true
	}
	if len(others(a)) == 1 {
		in.Hide["to"], in.Hide["of"] = true, true
	}
	return in
}

// routeFacts is the way out that this party's route prescribes; nil without a route.
func routeFacts(ctx context.Context, a *kit.Ask) (*entente.Route, []shell.KV, error) {
	routes, err := a.Kit.Exchange.Routes(ctx)
	own := routes[a.Kit.Party()]
	if err != nil || own == nil {
		return nil, nil, err
	}
	var needed []string
	for _, act := range own.Authorisation {
		needed = append(needed, enum(a, "authorisation", act))
	}
	return own, []shell.KV{
		{Key: a.T("field.contacts"), Text: strings.Join(own.Contacts, ", ")},
		{Key: a.T("field.ceiling"), Text: enum(a, "ceiling", string(own.Ceiling))},
		{Key: a.T("field.authorisation"), Text: a.L.List(needed...), Hint: a.Say(own.Authority)},
	}, nil
}

func resolver(ctx context.Context, a *kit.Ask) form.Resolver {
	return func(typed string) (entente.Ref, bool) { return resolve(ctx, a, typed) }
}

// granted are the permissions that stand and a release may rest on.
func granted(ctx context.Context, a *kit.Ask, field string) []shell.Option {
	if field != "consent" {
		return nil
	}
	page, err := a.Kit.Exchange.Permissions(ctx, me(a), core.Filter{Direction: core.Out, Kind: "collection", States: []core.State{core.Granted}, Limit: 200}, a.Kit.Now())
	if err != nil {
		return nil // the picker still takes an entry by name
	}
	var out []shell.Option
	for _, p := range page.Items {
		out = append(out, shell.Option{Value: p.Answer.Ref.String() + " — " + p.Subject})
	}
	return out
}

// agreed are the choices that the terms, the routes and the record leave for a field.
func agreed(ctx context.Context, a *kit.Ask, t entente.Type, field string) []shell.Option {
	switch field {
	case "purpose", "purposes", "consented":
		return purposes(a, field)
	case "basis":
		return listed(a, func(b *entente.ExchangeTerms) []entente.Term { return b.Bases })
	case "reason":
		return listed(a, func(b *entente.ExchangeTerms) []entente.Term { return b.Reasons })
	case "collector":
		return agencies(ctx, a, a.Kit.Party())
	case "recipients", "agencies", "onward_to":
		var out []shell.Option
		for _, p := range others(a) {
			out = append(out, agencies(ctx, a, p)...)
		}
		return out
	case "group":
		return dutyGroups(ctx, a)
	}
	return kit.Choices(ctx, a, field)
}

func purposes(a *kit.Ask, field string) []shell.Option {
	if a.State.Terms == nil {
		return nil
	}
	var out []shell.Option
	for _, p := range a.State.Terms.Purposes {
		if p.Rule != entente.PurposeNever && (field != "consented" || p.Rule == entente.PurposeConsent) {
			out = append(out, shell.Option{Value: p.Code, Text: a.Say(p.Name), Hint: enum(a, "rule", string(p.Rule))})
		}
	}
	return out
}

func listed(a *kit.Ask, of func(*entente.ExchangeTerms) []entente.Term) []shell.Option {
	if a.State.Terms == nil {
		return nil
	}
	var out []shell.Option
	for _, t := range of(a.State.Terms) {
		out = append(out, shell.Option{Value: t.Code, Text: a.Say(t.Name)})
	}
	return out
}

// agencies are those of a party, by code.
func agencies(ctx context.Context, a *kit.Ask, p entente.Party) []shell.Option {
	page, err := store.List[entente.Agency](ctx, a.View, store.Query{Type: entente.TypeAgency, Writer: string(p), Limit: 200})
	if err != nil {
		return nil
	}
	var out []shell.Option
	for _, v := range page.Items {
		if v.Body != nil && !slices.ContainsFunc(out, func(o shell.Option) bool { return o.Value == v.Body.Code }) {
			out = append(out, shell.Option{Value: v.Body.Code, Text: v.Body.Code, Hint: a.Say(v.Body.Name)})
		}
	}
	if len(out) == 0 && p == a.Kit.Party() { // not on record yet: those that have keys
		out = keyed(ctx, a)
	}
	slices.SortFunc(out, func(x, y shell.Option) int { return cmp.Compare(x.Value, y.Value) })
	return out
}

// keyed are the own agencies that have a key at this node.
func keyed(ctx context.Context, a *kit.Ask) []shell.Option {
	states, err := a.Kit.Node.KeyStates(ctx)
	if err != nil {
		return nil
	}
	var out []shell.Option
	for _, k := range states {
		if k.Role == entente.RoleAgency && !slices.ContainsFunc(out, func(o shell.Option) bool { return o.Value == k.Agency }) {
			out = append(out, shell.Option{Value: k.Agency, Text: k.Agency})
		}
	}
	return out
}

func dutyGroups(ctx context.Context, a *kit.Ask) []shell.Option {
	routes, err := a.Kit.Exchange.Routes(ctx)
	if err != nil {
		return nil
	}
	var out []shell.Option
	for _, p := range others(a) {
		if routes[p] == nil {
			continue
		}
		for _, g := range routes[p].Duty {
			out = append(out, shell.Option{Value: g.Code, Text: a.Say(g.Name), Hint: a.T("exchange.duty.hint", "Minutes", a.L.Int(int64(g.Minutes)))})
		}
	}
	return out
}

// save keeps what was typed, and carries out the button pressed.
func save(ctx context.Context, a *kit.Ask) (string, error) {
	id := a.R.PathValue("id")
	op, arg, _ := strings.Cut(a.Post("op"), ":")
	if op == "drop" {
		a.R.PostForm.Set(arg+".gone", "1")
	}
	if _, err := keep(ctx, a, id); err != nil {
		return "", err
	}
	at := "/desk/exchange/drafts/" + id
	switch op {
	case "attach":
		return a.Href(at) + "#f-upload", nil
	case "detach":
		return a.Href(at) + "#f-upload", a.Kit.Exchange.Detach(ctx, me(a), id, arg)
	case "more":
		return a.Href(at, "more", arg) + "#f-" + arg, nil
	case "drop":
		list, _, _ := strings.Cut(arg, ".")
		return a.Href(at) + "#f-" + list, nil
	case "ask":
		return ask(ctx, a, id)
	case "review":
		return a.Href(at + "/review"), nil
	}
	a.Tell(ctx, "desk.edit.saved")
	return a.Href(at, "check", "1"), nil
}

// ask begins the request for the permission to release what was collected in the
// other's territory.
func ask(ctx context.Context, a *kit.Ask, release string) (string, error) {
	of := others(a)
	if len(of) == 0 {
		return "", store.ErrNotFound
	}
	d, err := a.Kit.Exchange.Draft(ctx, me(a), release)
	if err != nil {
		return "", err
	}
	var body entente.Release
	_ = json.Unmarshal(d.Body, &body) // a half-typed body names no purpose yet
	purpose := ""
	if len(body.Handling.Purposes) > 0 {
		purpose = body.Handling.Purposes[0]
	}
	asked, err := a.Kit.Exchange.AskCollection(ctx, a.Me.User, release, "", of[0], purpose, d.Title, a.T("exchange.ask.text"))
	if err != nil {
		return "", err
	}
	return draftHref(a, asked.ID), nil
}

// keep saves the form into the draft.
func keep(ctx context.Context, a *kit.Ask, id string) (*core.Draft, error) {
	x := a.Kit.Exchange
	d, err := x.Draft(ctx, me(a), id)
	if err != nil {
		return nil, err
	}
	if n, err := strconv.Atoi(a.Post("revision")); err == nil && n != d.Revision {
		return nil, store.ErrConflict
	}
	body, err := form.Parse(d.Type, a.R.PostForm, d.Body, resolver(ctx, a))
	if err != nil {
		return nil, err
	}
	if a.R.PostForm.Has("content.text") {
		if err := x.SetText(ctx, me(a), id, a.Post("content.title"), a.R.PostForm.Get("content.text")); err != nil {
			return nil, err
		}
	}
	return x.SaveBody(ctx, me(a), id, d.Revision, body)
}

// autosave saves as the person types, and answers with the line that says so and
// with what the gate says now.
func autosave(ctx context.Context, a *kit.Ask) error {
	a.R.Body = http.MaxBytesReader(a.W, a.R.Body, maxTyped)
	if err := a.R.ParseForm(); err != nil {
		return err
	}
	id := a.R.PathValue("id")
	said := a.T("desk.edit.autosaved", "At", a.Kit.Now().UTC().Format("15:04:05"))
	d, err := keep(ctx, a, id)
	if errors.Is(err, core.ErrNotFound) {
		return err
	}
	if err != nil {
		said = a.T("desk.edit.notsaved")
		if d, err = a.Kit.Exchange.Draft(ctx, me(a), id); err != nil {
			return err
		}
	}
	v, err := gate(ctx, a, d)
	if err != nil {
		return err
	}
	shell.Render(a.W, a.R, http.StatusOK, answer(a, said, d.Revision, v))
	return nil
}
