package today

import (
	"context"
	"strings"

	"entente"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
)

// linkLine is how it stands with one log, in words.
type linkLine struct {
	name   string
	tone   shell.Tone
	state  string
	detail string
	fault  string // of the last round, in English
}

// links tells how it stands with every log followed, and which own logs the others
// have cosigned.
func (m *model) links(ctx context.Context, a *kit.Ask) error {
	var status []kit.LogStatus
	if a.Kit.Status != nil {
		status = a.Kit.Status()
	}
	for _, s := range status {
		m.link = append(m.link, followed(ctx, a, s))
	}
	peers, err := a.Kit.Node.Store().Peers(ctx)
	if err != nil {
		return err
	}
	for _, l := range a.Kit.Node.Store().Logs(ctx) {
		if !l.Own || l.Audience == entente.National {
			continue
		}
		for _, p := range peers {
			if !entente.Party(p.Peer).Valid() {
				continue
			}
			line := linkLine{name: a.T("desk.link.own", "Log", a.T("enum.audience."+string(l.Audience))), tone: shell.Agree}
			size := p.Cosigned[l.Origin]
			args := []any{"Party", a.L.Party(p.Peer), "Size", int64(size), "All", int64(l.Size)}
			switch {
			case size == 0:
				line.tone, line.state = shell.Pending, a.T("desk.link.notcosigned", args...)
			case size < l.Size:
				line.tone, line.state = shell.Pending, a.T("desk.link.partcosigned", args...)
			default:
				line.state = a.T("desk.link.cosigned", args...)
			}
			m.link = append(m.link, line)
		}
	}
	evidence, err := a.Kit.Node.Store().Evidence(ctx)
	if err != nil {
		return err
	}
	for _, e := range evidence {
		m.odd = append(m.odd, a.T("desk.odd."+oddKind(e.Kind), "Log", e.Origin))
	}
	return nil
}

// oddKind is the part of a message's id for a kind of evidence.
func oddKind(kind string) string {
	switch {
	case strings.Contains(kind, "fork"):
		return "fork"
	case strings.Contains(kind, "roll"):
		return "rollback"
	}
	return "contradiction"
}

func followed(ctx context.Context, a *kit.Ask, s kit.LogStatus) linkLine {
	line := linkLine{name: s.Origin, fault: s.LastError, tone: shell.Neutral}
	if l, err := a.Kit.Node.Store().Log(ctx, s.Origin); err == nil {
		line.name = a.T("desk.link.theirs", "Writer", a.Writer(l.Writer), "Log", a.T("enum.audience."+string(l.Audience)))
	}
	args := []any{"Size", int64(s.Size), "Signed", int64(s.Signed)}
	switch s.Phase {
	case "current":
		line.tone, line.state = shell.Agree, a.T("desk.link.current", args...)
	case "behind":
		line.tone, line.state = shell.Pending, a.T("desk.link.behind", args...)
	case "failing":
		line.tone, line.state = shell.Differ, a.T("desk.link.failing", args...)
	case "rolled_back":
		line.tone, line.state = shell.Odd, a.T("desk.link.rolledback", args...)
	case "contradicted":
		line.tone, line.state = shell.Odd, a.T("desk.link.contradicted", args...)
	default:
		line.tone, line.state = shell.Pending, a.T("desk.link.waiting", args...)
	}
	if s.LastContact.IsZero() {
		line.detail = a.T("desk.link.never")
	} else {
		line.detail = a.T("desk.link.contact", "Ago", a.L.Ago(s.LastContact, a.Kit.Now()))
	}
	return line
}
