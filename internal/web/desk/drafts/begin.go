package drafts

import (
	"context"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

// made elsewhere: files and series by import, publications and consents by their
// own buttons. What passes between the parties in an exchange begins at the pages
// of the exchange.
var elsewhere = map[entente.Type]bool{
	entente.TypeDataset: true, entente.TypeObservations: true, entente.TypePublication: true, entente.TypeConsent: true,
	entente.TypeWithdrawal: true, entente.TypePosition: true,
}

// groups order the types as people think of them.
var groups = []struct {
	key   string
	types []entente.Type
}{
	{"own", []entente.Type{entente.TypeCommitment, entente.TypeMilestone, entente.TypeProgress, entente.TypeAction, entente.TypeLink}},
	{"said", []entente.Type{entente.TypeStatement, entente.TypeClaim, entente.TypeMeeting, entente.TypeNotice, entente.TypeQuestion, entente.TypeAnswer}},
	{"others", []entente.Type{entente.TypeAccount, entente.TypeCitation}},
	{"joint", []entente.Type{entente.TypeJointCommitment, entente.TypePairing, entente.TypeTarget, entente.TypeIndicator, entente.TypeCharter, entente.TypePolicy, entente.TypeExchangeTerms}},
	{"house", []entente.Type{entente.TypeAgency, entente.TypeRoute}},
}

func choose(_ context.Context, a *kit.Ask) (templ.Component, error) {
	a.Head(a.T("desk.new.title"), a.T("desk.new.lead"), "drafts", shell.Link{Text: a.T("desk.drafts.title"), Href: a.Href("/desk/drafts")})
	return choosePage(a), nil
}

// begin makes a draft: an empty one of a type, or one that starts from an entry
// (of: a new version; withdraw; publish).
func begin(ctx context.Context, a *kit.Ask) (string, error) {
	var d store.WorkDraft
	var err error
	switch {
	case a.Post("publish") != "":
		v, err := version(ctx, a, a.Post("publish"))
		if err != nil {
			return "", err
		}
		d, err = a.Kit.Node.DraftPublication(ctx, v.Ref, a.Me.User)
		if err != nil {
			return "", err
		}
		return a.Href("/desk/drafts/" + d.ID + "/review"), nil
	case a.Post("of") != "":
		d, err = successor(ctx, a)
	case a.Post("withdraw") != "":
		d, err = withdrawal(ctx, a)
	default:
		d, err = empty(ctx, a)
	}
	if err != nil {
		return "", err
	}
	d.Author, d.Agency = a.Me.User.ID, a.Me.User.Agency
	if d, err = a.Kit.Node.SaveDraft(ctx, d); err != nil {
		return "", err
	}
	return a.Href("/desk/drafts/" + d.ID), nil
}

// version reads the entry that a form names.
func version(ctx context.Context, a *kit.Ask, named string) (*store.Version[json.RawMessage], error) {
	ref, ok := kit.Resolve(ctx, a.View, named)
	if !ok {
		return nil, store.ErrNotFound
	}
	return store.ByRef[json.RawMessage](ctx, a.View, ref.Log, ref.Index)
}

func empty(ctx context.Context, a *kit.Ask) (store.WorkDraft, error) {
	d := store.WorkDraft{Type: entente.Type(a.Post("type")), Audience: entente.Audience(a.Post("audience"))}
	r, ok := entente.Rule(d.Type)
	if !ok || d.Type.Exchange() || elsewhere[d.Type] && d.Type != entente.TypePosition {
		return d, &kit.Refuse{Code: "desk.refused.type"}
	}
	if !d.Audience.Valid() || r.Allows(a.Kit.Node.Writer(), d.Audience) != nil {
		d.Audience = r.Audiences[0]
	}
	body := map[string]any{}
	if r.Joint {
		d.Audience = entente.Shared
		body["required"] = parties(a)
	}
	for _, name := range []string{"commitment", "question", "dataset", "statement"} {
		if ref, ok := kit.Resolve(ctx, a.View, a.Post(name)); ok {
			body[name] = ref
		}
	}
	if meeting := a.Post("code"); meeting != "" {
		body["code"] = meeting
	}
	var err error
	d.Body, err = json.Marshal(body)
	return d, err
}

func parties(a *kit.Ask) []entente.Party {
	if a.State.Charter != nil {
		return a.State.Charter.Required
	}
	return []entente.Party{entente.MX, entente.US}
}

// successor starts a new version of a thing from the one that stands.
func successor(ctx context.Context, a *kit.Ask) (store.WorkDraft, error) {
	v, err := version(ctx, a, a.Post("of"))
	if err != nil {
		return store.WorkDraft{}, err
	}
	r, _ := entente.Rule(v.Type)
	if v.Type.Exchange() {
		return store.WorkDraft{}, &kit.Refuse{Code: "desk.refused.type"}
	}
	if !r.Joint && !a.Kit.Own(v.Writer) {
		return store.WorkDraft{}, &kit.Refuse{Code: "desk.refused.notown"}
	}
	d := store.WorkDraft{Type: v.Type, Subject: v.Subject, Audience: v.Audience, Body: v.Header.Body}
	var body map[string]any
	if err := json.Unmarshal(v.Header.Body, &body); err != nil {
		return d, err
	}
	delete(body, "correction") // it spoke of the version before
	if r.Joint {
		d.Audience = entente.Shared
		parts, err := a.Kit.Node.JointStates(ctx, entente.Shared, v.Type, v.Subject)
		if err != nil {
			return d, err
		}
		for _, p := range parts {
			if p.InForce {
				body["follows"] = p.Body.String()
			}
		}
	}
	if d.Body, err = json.Marshal(body); err != nil {
		return d, err
	}
	d.Meta, err = json.Marshal(node.DraftMeta{Desk: desk{Of: v.Ref.String()}.json()})
	return d, err
}

// withdrawal starts the withdrawal of an own thing.
func withdrawal(ctx context.Context, a *kit.Ask) (store.WorkDraft, error) {
	v, err := version(ctx, a, a.Post("withdraw"))
	if err != nil {
		return store.WorkDraft{}, err
	}
	if v.Type.Exchange() {
		return store.WorkDraft{}, &kit.Refuse{Code: "desk.refused.type"}
	}
	if !a.Kit.Own(v.Writer) {
		return store.WorkDraft{}, &kit.Refuse{Code: "desk.refused.notown"}
	}
	body, err := json.Marshal(map[string]any{"of": v.Ref})
	return store.WorkDraft{Type: entente.TypeWithdrawal, Subject: v.Subject, Audience: v.Audience, Body: body}, err
}

// desk is what the pages keep with a draft.
type desk struct {
	// Of is the version that a successor starts from.
	Of string `json:"of,omitempty"`
}

func (d desk) json() json.RawMessage {
	raw, _ := json.Marshal(d) // strings always encode
	return raw
}

func deskOf(m node.DraftMeta) (d desk) {
	_ = json.Unmarshal(m.Desk, &d) // nothing kept reads as nothing
	return d
}

// subjectFor names a thing that its author has not named: by its code, or by its
// type and the day.
func subjectFor(d *draft, today entente.Date) string {
	var b struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(d.Body, &b) // a half-typed body may have none
	s := slug(b.Code)
	if s == "" {
		s = slug(string(d.Type)) + "-" + string(today) + "-" + d.ID[len(d.ID)-4:]
	}
	return s
}

func slug(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	out := strings.Trim(b.String(), "-._")
	return out[:min(len(out), 96)]
}

// hasField reports whether the bodies of a type have a field.
func hasField(t entente.Type, name string) bool {
	r, ok := entente.Rule(t)
	if !ok {
		return false
	}
	_, ok = reflect.TypeOf(r.New()).Elem().FieldByName(name)
	return ok
}

func itoa(n int) string { return strconv.Itoa(n) }
