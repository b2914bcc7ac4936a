package exchange_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/node"
	"entente/test/parties"
)

// changeTerms brings changed terms of exchange into force: both parties state them.
func changeTerms(t *testing.T, w *parties.World, change func(*entente.ExchangeTerms)) {
	t.Helper()
	held, err := w.MX.Exchange.Terms(t.Context())
	check(t, err)
	terms := *held
	change(&terms)
	terms.Follows = nil
	half, err := w.MX.Propose(t.Context(), node.Intent{
		Type: entente.TypeExchangeTerms, Subject: terms.Code, Agency: "SRE", Audience: entente.Shared, Body: &terms,
		By: w.MX.First("SRE"), Second: w.MX.Second("SRE"),
	})
	check(t, err)
	check(t, parties.Pass(t.Context(), w.MX.Store(), w.US.Store()))
	_, err = w.US.Accept(t.Context(), half.Ref, node.Intent{Agency: "DOS", By: w.US.First("DOS"), Second: w.US.Second("DOS")})
	check(t, err)
	check(t, parties.Pass(t.Context(), w.US.Store(), w.MX.Store()))
}

// How much was exchanged is told where both parties agreed that it may be, and
// reports of misuse are counted where they agreed on that too.
func TestCountsAreToldOnlyWhereTheTermsAllowIt(t *testing.T) {
	w := parties.Quiet(t)
	month := time.Now().UTC().Format("2006-01")
	counts := func() (string, error) {
		var b bytes.Buffer
		err := w.MX.Exchange.WriteCounts(t.Context(), &b, month, month)
		return b.String(), err
	}
	if got, err := counts(); err != nil || !strings.Contains(got, "misuse_reports") {
		t.Fatalf("as the terms are: %q, %v", got, err)
	}
	changeTerms(t, w, func(b *entente.ExchangeTerms) { b.Misuse = false })
	if got, err := counts(); err != nil || strings.Contains(got, "misuse") {
		t.Errorf("without reports of misuse: %q, %v", got, err)
	}
	changeTerms(t, w, func(b *entente.ExchangeTerms) { b.Counts = false })
	if got, err := counts(); !errors.Is(err, exchange.ErrNotCounted) || got != "" {
		t.Errorf("where nothing is counted: %q, %v", got, err)
	}
}
