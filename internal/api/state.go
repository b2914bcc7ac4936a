package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

func (s *server) routeState() {
	s.handle(operation{
		id: "frontier", method: http.MethodGet, path: "/api/v1/frontier", response: s.schemaOf(FrontierAnswer{}),
		summary: "How far each log is known",
	}, s.frontier)
	s.handle(operation{
		id: "state", method: http.MethodGet, path: "/api/v1/state", response: s.schemaOf(StateAnswer{}),
		summary: "The state digest at the frontier: equal at every node that knows the same",
	}, s.state)
	s.handle(operation{
		id: "logs", method: http.MethodGet, path: "/api/v1/logs", response: s.schemaOf(LogsAnswer{}),
		summary: "The logs with their signed checkpoints and where their tiles are",
	}, s.logs)
	s.handle(operation{
		id: "tables", method: http.MethodGet, path: "/api/v1/tables", response: s.schemaOf(TablesAnswer{}),
		summary: "The tables, with how many entries each has",
	}, s.listTables)
}

// HeadAt is how far one log is known.
type HeadAt struct {
	Origin string         `json:"origin"`
	Size   uint64         `json:"size"`
	Root   entente.Digest `json:"root"`
}

// FrontierAnswer is the frontier of the view; Notice.Frontier is its digest.
type FrontierAnswer struct {
	Notice
	Logs []HeadAt `json:"logs"` // by origin
}

func headsOf(f store.Frontier) []HeadAt {
	out := []HeadAt{}
	for _, origin := range slices.Sorted(maps.Keys(f)) {
		out = append(out, HeadAt{origin, f[origin].Size, f[origin].Root})
	}
	return out
}

func (s *server) frontier(ctx context.Context, _ *call) (*answer, error) {
	n, err := s.notice(ctx)
	if err != nil {
		return nil, err
	}
	f, err := s.view.Frontier(ctx)
	return &answer{body: FrontierAnswer{n, headsOf(f)}}, err
}

// StateAnswer is the state digest.
type StateAnswer struct {
	Notice
	Audience entente.Audience `json:"audience"`
	// Fold names the fold's version, which the digest covers.
	Fold   string         `json:"fold"`
	Digest entente.Digest `json:"digest"`
	Logs   []HeadAt       `json:"logs"`
}

// state gives frontier and digest of one moment: it reads the frontier again and
// starts over when entries arrived in between.
func (s *server) state(ctx context.Context, _ *call) (*answer, error) {
	for range 5 {
		n, err := s.notice(ctx)
		if err != nil {
			return nil, err
		}
		d, err := s.view.Digest(ctx)
		if err != nil {
			return nil, err
		}
		f, err := s.view.Frontier(ctx)
		if err != nil {
			return nil, err
		}
		if f.Digest() == n.Frontier {
			return &answer{body: StateAnswer{n, s.Audience, fold.Version, d, headsOf(f)}}, nil
		}
	}
	p := problem(http.StatusServiceUnavailable, "busy")
	p.retry = 1
	return nil, p
}

// LogItem is one log.
type LogItem struct {
	Origin   string           `json:"origin"`
	Writer   string           `json:"writer"`
	Audience entente.Audience `json:"audience"`
	Size     uint64           `json:"size"`
	Root     entente.Digest   `json:"root"`
	Genesis  entente.Digest   `json:"genesis"`
	// Checkpoint is the latest signed checkpoint with all its signatures.
	Checkpoint string `json:"checkpoint,omitempty"`
	// CheckpointSize is its size: less than Size while entries are mirrored ahead.
	CheckpointSize uint64   `json:"checkpoint_size"`
	Signers        []string `json:"signers"`
	// Tiles is where the log is served as C2SP tlog-tiles, where it is.
	Tiles string `json:"tiles,omitempty"`
}

// LogsAnswer lists the logs of the view.
type LogsAnswer struct {
	Notice
	Logs []LogItem `json:"logs"`
}

func (s *server) logs(ctx context.Context, _ *call) (*answer, error) {
	n, err := s.notice(ctx)
	out := LogsAnswer{Notice: n, Logs: []LogItem{}}
	for _, l := range s.Store.Logs(ctx) {
		if l.Audience.Rank() > s.Audience.Rank() {
			continue
		}
		item := LogItem{
			Origin: l.Origin, Writer: l.Writer, Audience: l.Audience, Size: l.Size, Root: l.Root, Genesis: l.Genesis,
			Checkpoint: string(l.Checkpoint), CheckpointSize: l.CheckpointSize, Signers: signersOf(l.Checkpoint),
		}
		if s.Logs != nil && l.Audience == entente.Public {
			item.Tiles = "/mirror/" + l.Origin + "/"
			if l.Own {
				item.Tiles = "/log/" + l.Origin + "/"
			}
		}
		out.Logs = append(out.Logs, item)
	}
	return &answer{body: out}, err
}

// signersOf names the keys of a checkpoint's signature lines.
func signersOf(checkpoint []byte) []string {
	names := []string{}
	for _, line := range strings.Split(string(checkpoint), "\n") {
		if rest, ok := strings.CutPrefix(line, "\u2014 "); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	return names
}

// TableItem is one table and how many entries it has.
type TableItem struct {
	Table   string       `json:"table"`
	Type    entente.Type `json:"type"`
	About   string       `json:"about"`
	Joint   bool         `json:"joint,omitempty"`
	URL     string       `json:"url"`
	CSV     string       `json:"csv"`
	Current int          `json:"current"`
	Entries int          `json:"entries"`
}

// TablesAnswer lists the tables.
type TablesAnswer struct {
	Notice
	Tables []TableItem `json:"tables"`
}

func (s *server) listTables(ctx context.Context, c *call) (*answer, error) {
	n, err := s.notice(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := c.view.Counts(ctx)
	if err != nil {
		return nil, err
	}
	out := TablesAnswer{Notice: n, Tables: []TableItem{}}
	for _, t := range s.tables {
		if !c.view.Shows(t.rule.Type) {
			continue
		}
		item := TableItem{Table: t.name, Type: t.rule.Type, About: t.rule.About, Joint: t.rule.Joint, URL: "/api/v1/" + t.name, CSV: "/api/v1/" + t.name + "?format=csv"}
		for _, c := range counts {
			if c.Type == t.rule.Type && c.Status == fold.Admissible {
				item.Current, item.Entries = c.Current, c.Entries
			}
		}
		out.Tables = append(out.Tables, item)
	}
	return &answer{body: out}, nil
}
