package exchange

import (
	"context"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/internal/auth"
	core "entente/internal/exchange"
	"entente/internal/store"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
	"entente/internal/web/things"
)

// Mount registers the pages; a desk without an exchange has none.
func Mount(k *kit.Kit) {
	if k.Exchange == nil {
		return
	}
	k.Page("/desk/exchange", auth.Read, list)
	k.Page("/desk/exchange/meters", auth.Read, meters)
	k.Raw("GET /desk/exchange/meters.csv", auth.Read, metersCSV)
	k.Page("/desk/exchange/requests/{writer}/{index}", auth.Read, request)
	k.Page("/desk/exchange/releases/{writer}/{index}", auth.Read, release)
	k.Page("/desk/exchange/permissions/{writer}/{index}", auth.Read, permission)
	k.Page("/desk/exchange/reads", auth.Read, reads)
	k.Raw("GET /desk/exchange/reads.csv", auth.Read, readsCSV)
	k.Raw("GET /desk/exchange/releases/{writer}/{index}/proof.zip", auth.Read, proofFile)
	mountCompose(k)
	mountActs(k)
	mountOpen(k)
	mountKeys(k)
}

// me is the person as the exchange sees who looks.
func me(a *kit.Ask) core.Viewer { return core.ViewerOf(a.Me.User) }

// named finds the entry that the address names: the index in a writer's shared log.
func named(ctx context.Context, a *kit.Ask) (entente.Ref, error) {
	index, err := strconv.ParseUint(a.R.PathValue("index"), 10, 63)
	if err != nil {
		return entente.Ref{}, store.ErrNotFound
	}
	for _, l := range a.Kit.Node.Store().Logs(ctx) {
		if l.Writer == a.R.PathValue("writer") && l.Audience == entente.Shared {
			return entente.Ref{Log: l.Origin, Index: index}, nil
		}
	}
	return entente.Ref{}, store.ErrNotFound
}

// href is the address of the page of a thing; kind is requests, releases or
// permissions.
func href(a *kit.Ask, kind string, s *core.Side) string {
	return a.Href("/desk/exchange/" + kind + "/" + string(s.From) + "/" + strconv.FormatUint(s.Ref.Index, 10))
}

// refHref is the address of the page of a release that another thing names.
func refHref(ctx context.Context, a *kit.Ask, kind string, ref entente.Ref) string {
	l, err := a.Kit.Node.Store().Log(ctx, ref.Log)
	if err != nil {
		return a.EntryHref(ref)
	}
	return a.Href("/desk/exchange/" + kind + "/" + l.Writer + "/" + strconv.FormatUint(ref.Index, 10))
}

// enum is a code in words.
func enum(a *kit.Ask, field, code string) string { return things.EnumText(a.Frame, field, code) }

// state is a state in words.
func state(a *kit.Ask, s core.State) string { return a.T("exchange.state." + string(s)) }

// tone is how a state looks.
func tone(s core.State) shell.Tone {
	switch s {
	case core.Answered, core.Received, core.Granted:
		return shell.Agree
	case core.Late, core.Rejected, core.Frozen, core.Recalled, core.Refused, core.Denied:
		return shell.Differ
	case core.Waiting, core.Sent, core.Asked:
		return shell.Pending
	case core.Held:
		return shell.Accent
	}
	return shell.Neutral
}

// clockText says how long a clock has left, or by how much it is over.
func clockText(a *kit.Ask, due time.Time) string {
	now := a.Kit.Now()
	if now.Before(due) {
		return a.T("exchange.clock.left", "Time", a.L.Elapsed(due.Sub(now)))
	}
	return a.T("exchange.clock.over", "Time", a.L.Elapsed(now.Sub(due)))
}

// dueTone marks what is over.
func dueTone(a *kit.Ask, due time.Time) shell.Tone {
	if a.Kit.Now().Before(due) {
		return shell.Pending
	}
	return shell.Differ
}

// terms are the items of an agreed list in words.
func terms(a *kit.Ask, codes []string) string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = a.Term(c)
	}
	return strings.Join(out, "; ")
}

func areas(a *kit.Ask, codes []string) string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = a.Area(c)
	}
	return strings.Join(out, "; ")
}

// strip is the handling of a release as a row of labels.
func strip(a *kit.Ask, h *entente.Handling) []shell.KV {
	onward := enum(a, "onward", string(h.Onward))
	if len(h.OnwardTo) > 0 {
		onward = strings.Join(h.OnwardTo, ", ")
	}
	evidence := a.T("exchange.strip.noevidence")
	if h.Evidential {
		evidence = a.T("exchange.strip.evidence")
	}
	return []shell.KV{
		{Key: a.T("exchange.strip.marking"), Text: enum(a, "tlp", string(h.TLP))},
		{Key: a.T("exchange.strip.purposes"), Text: terms(a, h.Purposes)},
		{Key: a.T("exchange.strip.onward"), Text: onward},
		{Key: a.T("exchange.strip.retain"), Text: a.L.DateISOShort(string(h.Retain))},
		{Key: a.T("exchange.strip.evidential"), Text: evidence},
		{Key: a.T("exchange.strip.grade"), Text: h.Source + h.Information},
		{Key: a.T("exchange.strip.collected"), Text: a.L.Party(h.Territory) + ", " + h.Collector},
	}
}

// crumb leads back to the lists.
func crumb(a *kit.Ask) shell.Link {
	return shell.Link{Text: a.T("desk.nav.exchange"), Href: a.Href("/desk/exchange")}
}

// who names who stated an entry: an agency, never a person.
func who(a *kit.Ask, party entente.Party, agency string) string {
	return agency + " (" + a.L.Party(string(party)) + ")"
}

// resolve finds the entry named "origin#index" among all that the node holds: the
// pages' own view leaves entries of the exchange out. Whether the person may see it
// is for what is done with it to judge.
func resolve(ctx context.Context, a *kit.Ask, named string) (entente.Ref, bool) {
	return kit.Resolve(ctx, a.Kit.Node.View(entente.National), named)
}
