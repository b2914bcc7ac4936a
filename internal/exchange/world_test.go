package exchange_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/internal/store"
	"entente/test/parties"
)

func TestMain(m *testing.M) {
	code := m.Run()
	parties.Clean()
	os.Exit(code)
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// until waits for what other goroutines bring about.
func until(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("never: %s", what)
		}
	}
}

// refused checks that an act was refused with a code, in both languages.
func refused(tb testing.TB, code string, err error) {
	tb.Helper()
	var r *node.Refusal
	if !errors.As(err, &r) {
		tb.Fatalf("not refused by %s: %v", code, err)
	}
	if r.Code != code {
		tb.Fatalf("refused by %s, want %s: %v", r.Code, code, err)
	}
	for _, text := range []entente.Text{r.Rule, r.Mend} {
		if text.ES == "" || text.EN == "" {
			tb.Errorf("%s lacks a text", code)
		}
	}
}

var (
	later  = func() time.Time { return time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second) }
	office = &entente.Authorisation{Reference: "EXAMPLE-1", Authority: "Example office", Date: "2026-01-01"}
)

// request is an example request to the other party.
func request(to entente.Party, agencies ...string) entente.Request {
	return entente.Request{
		To: to, Agencies: agencies, Areas: []string{"A01"}, Kind: entente.AskData, Purpose: "criminal_investigation", Basis: "own_law",
		Urgency: "routine", Due: later(), Authorisation: office,
	}
}

// handling is that of information collected by an agency in its own territory.
func handling(p entente.Party, collector string) entente.Handling {
	return entente.Handling{
		Territory: string(p), Collector: collector, From: "2026-01-01", To: "2026-01-02", Basis: "own_law", Source: "B", Information: "2",
		Classification: entente.Unclassified, TLP: entente.TLPAmber, Purposes: []string{"criminal_investigation"}, Onward: entente.OnwardAsk,
		Retain: entente.Date(time.Now().AddDate(0, 3, 0).UTC().Format(time.DateOnly)), Assessed: true,
	}
}

// release is an example release by SSPC of Mexico to an agency of the United States.
func release(recipients ...string) entente.Release {
	return entente.Release{
		To: entente.US, Recipients: recipients, Areas: []string{"A01"}, Form: "files", Handling: handling(entente.MX, "SSPC"), Authorisation: office,
	}
}

// draft begins a draft of an agency with a text and files ("name", "content", …).
func draft(tb testing.TB, p *parties.Party, agency string, t entente.Type, body any, text string, files ...string) *exchange.Draft {
	tb.Helper()
	ctx := context.Background()
	u := p.User(strings.ToLower(agency) + "-first")
	d, err := p.Exchange.Begin(ctx, u, t, "", body)
	check(tb, err)
	v := exchange.ViewerOf(u)
	if text != "" {
		check(tb, p.Exchange.SetText(ctx, v, d.ID, "Example", text))
	}
	for i := 0; i < len(files); i += 2 {
		_, err := p.Exchange.Attach(ctx, v, d.ID, files[i], "text/plain", strings.NewReader(files[i+1]))
		check(tb, err)
	}
	d, err = p.Exchange.Draft(ctx, v, d.ID)
	check(tb, err)
	return d
}

// sent submits a draft and has the second officer of the agency approve it.
func sent(tb testing.TB, p *parties.Party, agency string, d *exchange.Draft) entente.Ref {
	tb.Helper()
	done, err := p.Exchange.Submit(context.Background(), d.ID, p.First(agency))
	check(tb, err)
	if done != nil {
		return done.Ref
	}
	a, err := p.Exchange.Approve(context.Background(), d.ID, p.Second(agency))
	check(tb, err)
	return a.Ref
}

// state is a release as a party sees it; nil while it does not.
func state(tb testing.TB, p *parties.Party, ref entente.Ref) *exchange.ReleaseState {
	tb.Helper()
	r, err := p.Exchange.Release(context.Background(), exchange.Node, ref, now(p))
	if errors.Is(err, exchange.ErrNotFound) {
		return nil
	}
	check(tb, err)
	return r
}

func now(p *parties.Party) time.Time { return p.Clock().Now().UTC() }

// agree waits until both desks show a release in a state.
func agree(tb testing.TB, w *parties.World, ref entente.Ref, want exchange.State) {
	tb.Helper()
	for _, p := range w.Both() {
		until(tb, string(want)+" at "+p.Writer().Writer(), func() bool { r := state(tb, p, ref); return r != nil && r.State == want })
	}
}

// sameDigests waits until the shared projections are equal.
func sameDigests(tb testing.TB, w *parties.World) {
	tb.Helper()
	until(tb, "equal shared digests", func() bool {
		mx, err := w.MX.View(entente.Shared).Digest(context.Background())
		check(tb, err)
		us, err := w.US.View(entente.Shared).Digest(context.Background())
		check(tb, err)
		return mx == us
	})
}

// read opens a release and returns text and files.
func read(tb testing.TB, p *parties.Party, agency string, ref entente.Ref, purpose string) (string, map[string]string) {
	tb.Helper()
	o, err := p.Exchange.Open(context.Background(), p.Reader(agency), ref, purpose)
	check(tb, err)
	return contents(tb, o)
}

func contents(tb testing.TB, o *exchange.Opened) (string, map[string]string) {
	tb.Helper()
	defer o.Close()
	files := map[string]string{}
	for {
		f, r, err := o.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		check(tb, err)
		b, err := io.ReadAll(r)
		check(tb, err)
		files[f.Name] = string(b)
	}
	return o.Manifest().Text, files
}

func by(o *node.Officer, second ...*node.Officer) exchange.By {
	b := exchange.By{Officer: o}
	if len(second) > 0 {
		b.Second = second[0]
	}
	return b
}

// done is the entry of an act that must be appended.
func done(tb testing.TB, d exchange.Done, err error) entente.Ref {
	tb.Helper()
	check(tb, err)
	if d.Entry == nil {
		tb.Fatal("it waits for a second officer")
	}
	return d.Entry.Ref
}

// arrived waits until a party holds an admissible entry.
func arrived(tb testing.TB, p *parties.Party, ref entente.Ref) {
	tb.Helper()
	until(tb, ref.String()+" arrives", func() bool {
		_, err := p.View(entente.Shared).Entry(context.Background(), ref.Log, ref.Index)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			tb.Fatal(err)
		}
		return err == nil
	})
}
