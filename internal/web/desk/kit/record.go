package kit

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"entente"
	"entente/internal/auth"
	"entente/internal/store"
	"entente/internal/web/shell"
	"entente/internal/web/things"
)

// Answerable are the types on which the other side takes a position.
var Answerable = []entente.Type{
	entente.TypeCommitment, entente.TypeMilestone, entente.TypeProgress, entente.TypeAccount, entente.TypeAction, entente.TypeLink,
	entente.TypeDataset, entente.TypeObservations, entente.TypeStatement, entente.TypeClaim, entente.TypeCitation,
	entente.TypeQuestion, entente.TypeAnswer, entente.TypeMeeting, entente.TypeNotice,
}

// Resolve finds the entry named "origin#index" (and perhaps " — words") in a view.
func Resolve(ctx context.Context, v *store.View, named string) (entente.Ref, bool) {
	named, _, _ = strings.Cut(named, " — ")
	origin, index, ok := strings.Cut(strings.TrimSpace(named), "#")
	n, err := strconv.ParseUint(index, 10, 63)
	if !ok || err != nil {
		return entente.Ref{}, false
	}
	found, err := store.ByRef[entente.Text](ctx, v, origin, n)
	if err != nil {
		return entente.Ref{}, false
	}
	return found.Ref, true
}

// Choices are the options of a list of codes.
func Choices(ctx context.Context, a *Ask, field string) []shell.Option {
	var out []shell.Option
	switch field {
	case "areas":
		return Areas(a)
	case "indicators":
		joints, err := store.Joints[entente.Indicator](ctx, a.View, entente.TypeIndicator, store.Query{})
		if err != nil {
			return nil
		}
		for _, j := range joints {
			if j.InForce != nil && j.InForce.Body != nil {
				out = append(out, shell.Option{Value: j.Subject, Text: a.Say(j.InForce.Body.Title)})
			}
		}
	case "states":
		for _, code := range a.L.States(string(a.Kit.Party())) {
			out = append(out, shell.Option{Value: code, Text: a.L.State(code)})
		}
	}
	return out
}

// Forbidden is the error of an act that the person's role does not permit.
type Forbidden struct{ Act auth.Act }

// Error names the act.
func (f *Forbidden) Error() string { return "the role does not permit " + string(f.Act) }

// Need returns [*Forbidden] unless the person may act.
func (a *Ask) Need(act auth.Act) error {
	if a.Me.May(act) {
		return nil
	}
	return &Forbidden{act}
}

// ItemTitle is the title of an item, or its subject.
func (a *Ask) ItemTitle(it things.Item) string {
	if s := a.Say(it.Title); s != "" {
		return s
	}
	return it.Subject
}

// Areas are the areas of the charter as options.
func Areas(a *Ask) []shell.Option {
	if a.State.Charter == nil {
		return nil
	}
	var out []shell.Option
	for _, ar := range a.State.Charter.Areas {
		out = append(out, shell.Option{Value: ar.Code, Text: a.Say(ar.Name)})
	}
	return out
}

// Draft makes a draft of the signed-in person with a typed body.
func Draft(ctx context.Context, a *Ask, t entente.Type, subject string, audience entente.Audience, body any) (store.WorkDraft, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return store.WorkDraft{}, err
	}
	return a.Kit.Node.SaveDraft(ctx, store.WorkDraft{
		Type: t, Subject: subject, Audience: audience, Body: raw, Author: a.Me.User.ID, Agency: a.Me.User.Agency,
	})
}
