package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/internal/api"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
)

// exchangeNouns are the commands of the exchange of information, one a noun.
type exchangeNouns struct {
	Request    requestCmd    `cmd:"" help:"Ask another party for information, and answer what it asks."`
	Release    releaseCmd    `cmd:"" help:"Hand information over, and use what was handed over."`
	Permission permissionCmd `cmd:"" help:"Ask for what only another party can permit, and answer."`
	Recall     recallCmd     `cmd:"" help:"Have a release of this party shredded everywhere; it cannot be taken back."`
	Hold       holdCmd       `cmd:"" help:"Place and lift legal holds."`
	Misuse     misuseCmd     `cmd:"" help:"Report misuse, and say what came of a report."`
	Pause      pauseCmd      `cmd:"" help:"Suspend what this party lets out, and resume."`
	Alert      alertCmd      `cmd:"" help:"Take alerts up and close them."`
	Exchange   exchangeCmd   `cmd:"" help:"The exchange: terms, clocks, meters, counts, audit of reads, drafts."`
}

// exchangeCmd shows and carries on what no one noun of the exchange has for itself.
type exchangeCmd struct {
	Terms   exchangeTermsCmd   `cmd:"" help:"Show the terms of exchange in force, and each party's route."`
	Clocks  exchangeClocksCmd  `cmd:"" help:"List what is due, from whom and by when."`
	Meters  exchangeMetersCmd  `cmd:"" help:"Measure reciprocity by area and direction."`
	Counts  exchangeCountsCmd  `cmd:"" help:"Write public counts by month and area as CSV, and publish them where the terms allow."`
	Uses    exchangeUsesCmd    `cmd:"" help:"Audit of reads: list who opened what for which purpose, by opaque digests."`
	Settle  exchangeSettleCmd  `cmd:"" help:"Take in what has arrived and shred what is due, as a serving node does by itself."`
	Drafts  exchangeDraftsCmd  `cmd:"" help:"List the drafts of an agency, and its acts that wait for a second officer."`
	Draft   exchangeDraftCmd   `cmd:"" help:"Show a draft with what it will carry, as the second officer reads it before signing."`
	Revise  exchangeReviseCmd  `cmd:"" help:"Change a draft that is open or was returned, and say what stands in its way."`
	Gate    exchangeGateCmd    `cmd:"" help:"Say what stands in the way of a draft."`
	Submit  exchangeSubmitCmd  `cmd:"" help:"Seal and sign a draft, and be the second officer at once where one is named."`
	Approve exchangeApproveCmd `cmd:"" help:"Be the second officer of what waits: a draft, or any other act of the exchange."`
	Return  exchangeReturnCmd  `cmd:"" help:"Send what waits back to its author with a note."`
	Discard exchangeDiscardCmd `cmd:"" help:"Give a draft up; what it would have carried is shredded."`
}

// exchanging is a party's node with its exchange, opened for one act.
type exchanging struct {
	*exchange.Exchange
	node *node.Node
	g    *globals
}

// exchangeDir opens them.
type exchangeDir struct{ nodeDir }

func (d exchangeDir) with(g *globals, act func(context.Context, *exchanging) error) error {
	ctx := context.Background()
	return d.nodeDir.with(ctx, func(n *node.Node) error {
		x, err := exchange.New(exchange.Options{Node: n})
		if err != nil {
			return err
		}
		return inWords(act(ctx, &exchanging{x, n, g}))
	})
}

// thing is the name of something of the exchange on the command line.
type thing struct {
	Name string `arg:"" help:"Its name: the party and the index in its shared log, such as US#12, or origin#index."`
}

func (t thing) ref(ctx context.Context, x *exchanging) (entente.Ref, error) {
	return refOf(ctx, x.node, t.Name)
}

func refOf(ctx context.Context, n *node.Node, name string) (entente.Ref, error) {
	writer, index, ok := strings.Cut(name, "#")
	i, err := strconv.ParseUint(index, 10, 62)
	if !ok || err != nil {
		return entente.Ref{}, fmt.Errorf("%q names nothing: write the party and the index in its shared log, such as US#12", name)
	}
	for _, l := range n.Store().Logs(ctx) {
		if l.Audience == entente.Shared && (l.Writer == writer || l.Origin == writer) {
			v, err := store.ByRef[json.RawMessage](ctx, n.View(entente.National), l.Origin, i)
			if err != nil {
				return entente.Ref{}, fmt.Errorf("%s: %w", name, err)
			}
			return v.Ref, nil
		}
	}
	return entente.Ref{}, fmt.Errorf("%s: %w", name, store.ErrNotFound)
}

// stating says who states an act.
type stating struct {
	By     string `help:"Sign-in name of the officer who states it; passphrase from ENTENTE_BY_PASSPHRASE or the terminal." required:""`
	Second string `help:"Sign-in name of the releasing officer who signs at once; without one it waits, where one is due."`
	ID     string `help:"UUIDv7 of the entry: the same again gives the first result again."`
}

func (s stating) by(ctx context.Context, n *node.Node) (exchange.By, error) {
	by, second, err := signing{By: s.By, Second: s.Second}.officers(ctx, n)
	return exchange.By{Officer: by, Second: second, ID: s.ID}, err
}

// acted is what became of an act.
type acted struct {
	Ref      string          `json:"ref,omitempty"`
	Leaf     *entente.Digest `json:"leaf,omitempty"`
	Existing bool            `json:"existing,omitempty"`
	Draft    string          `json:"draft,omitempty"`
	Waiting  bool            `json:"waiting,omitempty"`
}

func (a acted) writeText(w io.Writer) error {
	if a.Ref == "" {
		_, err := fmt.Fprintf(w, "draft %s waits for a releasing officer: entente exchange approve %s\n", a.Draft, a.Draft)
		return err
	}
	return stated{Ref: a.Ref, Leaf: *a.Leaf, Existing: a.Existing}.writeText(w)
}

func actedOf(draft string, a *node.Appended) acted {
	if a == nil {
		return acted{Draft: draft, Waiting: true}
	}
	return acted{Ref: a.Ref.String(), Leaf: &a.Ref.Leaf, Existing: a.Existing, Draft: draft}
}

// act carries out an act on the thing that is named, and prints what became of it.
func act(g *globals, d exchangeDir, s stating, t thing, do func(context.Context, *exchanging, exchange.By, entente.Ref) (exchange.Done, error)) error {
	return d.with(g, func(ctx context.Context, x *exchanging) error {
		ref, err := t.ref(ctx, x)
		if err != nil {
			return err
		}
		by, err := s.by(ctx, x.node)
		if err != nil {
			return err
		}
		done, err := do(ctx, x, by, ref)
		if err != nil {
			return err
		}
		return g.print(actedOf(done.Draft, done.Entry))
	})
}

// listing are the flags of lists.
type listing struct {
	Direction string   `help:"in (to this party) or out." enum:",in,out" default:""`
	Area      string   `help:"Code of an area."`
	State     []string `help:"State; may be given several times."`
	Agency    string   `help:"An agency that states it, is addressed or is copied."`
	Late      bool     `help:"Only what is overdue, or was."`
	Text      string   `help:"Part of the subject."`
	Limit     int      `help:"How many at most." default:"100"`
}

func (l listing) filter() exchange.Filter {
	f := exchange.Filter{Direction: exchange.Direction(l.Direction), Area: l.Area, Agency: l.Agency, Late: l.Late, Text: l.Text, Limit: l.Limit}
	for _, s := range l.State {
		f.States = append(f.States, exchange.State(s))
	}
	return f
}

// brief is one line about a thing.
func brief(w io.Writer, s *api.SideItem, kind string) error {
	due := ""
	for _, c := range s.Clocks {
		due += fmt.Sprintf("  %s by %s", c.Kind, c.Due.UTC().Format("2006-01-02 15:04Z"))
		if c.Overdue {
			due += " (overdue)"
		}
	}
	_, err := fmt.Fprintf(w, "%-8s %-3s %-10s %-14s %-12s %s → %s  %s%s\n", fmt.Sprintf("%s#%d", s.From, s.Ref.Index), s.Direction, s.State, kind,
		strings.Join(s.Areas, ","), s.Agency, strings.Join(s.Agencies, ","), s.Subject, due)
	return err
}

// asJSON is shown as JSON, in text too: what has many parts is easiest to read so.
type asJSON struct{ v any }

func (a asJSON) MarshalJSON() ([]byte, error) { return json.Marshal(a.v) }

func (a asJSON) writeText(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(a.v)
}

type exchangeTermsCmd struct{ exchangeDir }

// Run shows the terms.
func (c *exchangeTermsCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		terms, err := x.Terms(ctx)
		if err != nil {
			return err
		}
		routes, err := x.Routes(ctx)
		if err != nil {
			return err
		}
		return g.print(asJSON{api.TermsAnswer{Terms: terms, Routes: routes}.Plain()})
	})
}

type exchangeClocksCmd struct{ exchangeDir }

type clockLines []api.ClockItem

func (l clockLines) writeText(w io.Writer) error {
	for _, c := range l {
		over := ""
		if c.Overdue {
			over = "  overdue"
		}
		if _, err := fmt.Fprintf(w, "%s  %-9s %-3s %-24s %s%s\n", c.Due.UTC().Format("2006-01-02 15:04Z"), c.Kind, c.Owner, c.Entry, strings.Join(c.Agencies, ","), over); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the clocks.
func (c *exchangeClocksCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		list, err := x.AllClocks(ctx, exchange.Node, time.Now())
		if err != nil {
			return err
		}
		out := clockLines{}
		for i := range list {
			out = append(out, api.ClockOf(&list[i]))
		}
		return g.print(out)
	})
}

type exchangeMetersCmd struct {
	exchangeDir
	From string `help:"First day (YYYY-MM-DD); a year ago when left out."`
	To   string `help:"Last day; today when left out."`
}

type meterLines []api.MeterItem

func (l meterLines) writeText(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%-12s %-3s %6s %9s %8s %8s %6s %10s %9s %12s\n", "area", "", "asked", "answered", "refused", "waiting", "late", "median", "released", "spontaneous"); err != nil {
		return err
	}
	for _, m := range l {
		median := "-"
		if m.MedianSeconds > 0 {
			median = (time.Duration(m.MedianSeconds) * time.Second).String()
		}
		if _, err := fmt.Fprintf(w, "%-12s %-3s %6d %9d %8d %8d %6d %10s %9d %12d\n", m.Area, m.Direction, m.Asked, m.Answered, m.Refused, m.Waiting, m.Late, median, m.Released, m.Spontaneous); err != nil {
			return err
		}
	}
	return nil
}

// Run measures.
func (c *exchangeMetersCmd) Run(g *globals) error {
	for _, day := range []string{c.From, c.To} {
		if err := checkDay(day); err != nil {
			return err
		}
	}
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		now := time.Now().UTC()
		to := now.Truncate(24 * time.Hour)
		if c.To != "" {
			to, _ = time.Parse(time.DateOnly, c.To) // checked above
		}
		from := to.AddDate(-1, 0, 0)
		if c.From != "" {
			from, _ = time.Parse(time.DateOnly, c.From)
		}
		list, err := x.Meters(ctx, from, to.AddDate(0, 0, 1), now)
		if err != nil {
			return err
		}
		out := meterLines{}
		for _, m := range list {
			out = append(out, api.MeterOf(m))
		}
		return g.print(out)
	})
}

// countsFamily is the family of recipes that read the file of counts.
const countsFamily = "exchange-counts"

type exchangeCountsCmd struct {
	exchangeDir
	From    string `help:"First month (YYYY-MM)." required:""`
	To      string `help:"Last month." required:""`
	Out     string `help:"File to write; standard output when left out." placeholder:"FILE"`
	Publish bool   `help:"Publish the file as a dataset, with the observations of each indicator whose recipe (family exchange-counts) reads it."`
	Code    string `help:"Code of the dataset; exchange-counts-<last month> when left out."`
	Agency  string `help:"Agency that states it."`
	By      string `help:"Sign-in name of the officer who states it."`
	Second  string `help:"Sign-in name of the releasing officer."`
}

// Run writes the counts, and publishes them when asked.
func (c *exchangeCountsCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		var b bytes.Buffer
		if err := x.WriteCounts(ctx, &b, c.From, c.To); err != nil {
			return err
		}
		if c.Publish {
			return c.publish(ctx, x, b.Bytes())
		}
		if c.Out != "" {
			return os.WriteFile(c.Out, b.Bytes(), 0o644)
		}
		_, err := g.out.Write(b.Bytes())
		return err
	})
}

func (c *exchangeCountsCmd) publish(ctx context.Context, x *exchanging, file []byte) error {
	if c.Agency == "" {
		return errors.New("say which agency states the counts with --agency")
	}
	by, second, err := signing{By: c.By, Second: c.Second}.officers(ctx, x.node)
	if err != nil {
		return err
	}
	if by == nil || second == nil {
		return errors.New("publication needs two officers: name them with --by and --second")
	}
	code := c.Code
	if code == "" {
		code = countsFamily + "-" + c.To
	}
	done, err := x.node.Figures().Import(ctx, code+".csv", bytes.NewReader(file), node.ImportRequest{
		Dataset: entente.Dataset{
			Code: code, Publisher: c.Agency, Released: entente.Date(time.Now().UTC().Format(time.DateOnly)),
			Title:      entente.Text{ES: "Solicitudes, negativas y remisiones por mes y área", EN: "Requests, refusals and releases by month and area"},
			Licence:    entente.Text{ES: "Dominio público", EN: "Public domain"},
			Provenance: entente.Text{ES: "Contadas por el nodo en su propia bitácora compartida.", EN: "Counted by the node in its own shared log."},
		},
		Family: countsFamily, Audience: entente.Public, Agency: c.Agency, By: by, Second: second,
	})
	if err != nil {
		return err
	}
	out := newImportResult(done.Preview)
	out.Appended = append(out.Appended, done.Dataset.Ref.String())
	for _, o := range done.Observations {
		out.Appended = append(out.Appended, o.Ref.String())
	}
	return x.g.print(out)
}

type exchangeUsesCmd struct {
	exchangeDir
	Agency  string `help:"Agency that used it."`
	Purpose string `help:"Code of a purpose."`
	Mode    string `help:"read, export or taxii." enum:",read,export,taxii" default:""`
	Limit   int    `help:"How many at most." default:"100"`
}

type useLines []api.UseItem

func (l useLines) writeText(w io.Writer) error {
	for _, u := range l {
		if _, err := fmt.Fprintf(w, "%s  %-8s %-28s %-6s %.16s  %s\n", u.Time.UTC().Format("2006-01-02 15:04Z"), u.Agency, u.Purpose, u.Mode, u.By, strings.Join(u.Releases, ",")); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the uses.
func (c *exchangeUsesCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		page, err := x.Reads(ctx, exchange.Node, exchange.UseQuery{Agency: c.Agency, Purpose: c.Purpose, Mode: c.Mode, Limit: c.Limit})
		if err != nil {
			return err
		}
		out := useLines{}
		for i := range page.Items {
			out = append(out, api.UseOf(&page.Items[i]))
		}
		return g.print(out)
	})
}

type exchangeSettleCmd struct{ exchangeDir }

// settledNow is what the node stated by itself.
type settledNow struct {
	Stated []string `json:"stated"`
}

func (s settledNow) writeText(w io.Writer) error {
	if len(s.Stated) == 0 {
		_, err := fmt.Fprintln(w, "nothing was due")
		return err
	}
	for _, name := range s.Stated {
		if _, err := fmt.Fprintf(w, "stated %s\n", name); err != nil {
			return err
		}
	}
	return nil
}

// maxRounds bounds the rounds of one command.
const maxRounds = 1000

// Run does what is due, without a network: what has to be fetched waits for the
// serving node, or for a pouch.
func (c *exchangeSettleCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		origin := x.node.Origin(entente.Shared)
		before, err := x.node.Store().Log(ctx, origin)
		if err != nil {
			return err
		}
		for range maxRounds {
			wait, err := x.Once(ctx)
			if err != nil {
				return err
			}
			if wait > 0 {
				break
			}
		}
		after, err := x.node.Store().Log(ctx, origin)
		if err != nil {
			return err
		}
		out := settledNow{Stated: []string{}}
		for i := before.Size; i < after.Size; i++ {
			out.Stated = append(out.Stated, fmt.Sprintf("%s#%d", origin, i))
		}
		return g.print(out)
	})
}
