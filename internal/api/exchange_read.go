package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"entente"
	"entente/internal/exchange"
)

func (s *server) routeExchangeReads() {
	kinds := []string{string(entente.AskData), string(entente.AskCheck), string(entente.AskTransfer), string(entente.AskTrace)}
	get := func(id, path, summary string, response any, params []param, do func(context.Context, *call) (*answer, error), media ...string) {
		s.exchangeRoute(operation{
			id: id, method: http.MethodGet, path: path, summary: summary, act: mayLook, params: params, response: s.schemaOf(response), media: media,
		}, do)
	}
	get("exchange-terms", "terms", "The terms of exchange in force, and each party's route", TermsAnswer{}, nil, s.exchangeTerms)
	get("exchange-requests", "requests", "Requests that the caller may see, newest first", RequestsAnswer{},
		listOfParams(exchange.RequestStates, param{name: "kind", enum: kinds, doc: "What is asked for."}), s.exchangeRequests)
	get("exchange-request", "requests/{writer}/{index}", "A request with its answers. "+writerIndexDoc, RequestAnswer{}, nil, s.exchangeRequest)
	get("exchange-releases", "releases", "Releases that the caller may see, newest first", ReleasesAnswer{},
		listOfParams(exchange.ReleaseStates, param{name: "alert", enum: []string{"yes"}, doc: "Only alerts."}), s.exchangeReleases)
	get("exchange-release", "releases/{writer}/{index}", "A release with what became of it. "+writerIndexDoc, ReleaseAnswer{}, nil, s.exchangeRelease)
	get("exchange-permissions", "permissions", "Permission requests that the caller may see, newest first", PermissionsAnswer{},
		listOfParams(exchange.PermissionStates, param{name: "kind", enum: []string{"collection", "onward", "use"}, doc: "What is asked for."}), s.exchangePermissions)
	get("exchange-permission", "permissions/{writer}/{index}", "A permission request with its answer. "+writerIndexDoc, PermissionAnswer{}, nil, s.exchangePermission)
	get("exchange-clocks", "clocks", "What is due, from whom and by when; the next comes first", ClocksAnswer{}, nil, s.exchangeClocks)
	get("exchange-pauses", "pauses", "Pauses of all parties that stand", PausesAnswer{}, nil, s.exchangePauses)
	span := []param{
		{name: "from", doc: "The first day, 2026-01-31; a year ago by default."}, {name: "to", doc: "The last day; today by default."}, formatParam,
	}
	get("exchange-meters", "meters", "Reciprocity by area and direction: asked, answered, refused, late, median time", MetersAnswer{}, span, s.exchangeMeters, "text/csv")
	s.exchangeRoute(operation{
		id: "exchange-counts", method: http.MethodGet, path: "counts", act: mayLook, media: []string{"text/csv"},
		summary: "How many requests, refusals and releases this party stated, by month and area, as the file of a dataset; where the terms allow it",
		params:  []param{{name: "from", doc: "The first month, 2026-01. Required."}, {name: "to", doc: "The last month. Required."}},
	}, s.exchangeCounts)
	s.exchangeRoute(operation{
		id: "exchange-uses", method: http.MethodGet, path: "uses", act: mayAudit, response: s.schemaOf(UsesAnswer{}), media: []string{"text/csv"},
		summary: "Audit of reads: every opening of a payload at this node, newest first",
		params: []param{
			{name: "agency", doc: "Agency that used it."}, {name: "purpose", doc: "Code of a purpose."},
			{name: "mode", enum: []string{"read", "export", "taxii"}, doc: "How it was used."},
			{name: "limit", least: 1, most: 500, doc: "Items a page, 100 by default."}, cursorParam, formatParam,
		},
	}, s.exchangeUses)
}

// TermsAnswer is what both agreed on, and each party's own way out.
type TermsAnswer struct {
	Notice
	// Terms is nil while none are in force: nothing is exchanged then.
	Terms  *entente.ExchangeTerms           `json:"terms"`
	Routes map[entente.Party]*entente.Route `json:"routes"`
}

// Plain is the answer without the notice of a node.
func (a TermsAnswer) Plain() any {
	return struct {
		Terms  *entente.ExchangeTerms           `json:"terms"`
		Routes map[entente.Party]*entente.Route `json:"routes"`
	}{a.Terms, a.Routes}
}

func (s *server) exchangeTerms(ctx context.Context, _ *call) (*answer, error) {
	terms, err := s.Exchange.Terms(ctx)
	if err != nil {
		return nil, err
	}
	routes, err := s.Exchange.Routes(ctx)
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	return &answer{body: TermsAnswer{n, terms, routes}}, err
}

func (s *server) exchangeRequests(ctx context.Context, c *call) (*answer, error) {
	page, err := s.Exchange.Requests(ctx, c.who.viewer(), c.filter(), s.now())
	if err != nil {
		return nil, err
	}
	out := RequestsAnswer{Items: []RequestItem{}, Next: page.Next, NextURL: c.nextURL(page.Next)}
	for _, r := range page.Items {
		out.Items = append(out.Items, RequestOf(r))
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

func (s *server) exchangeRequest(ctx context.Context, c *call) (*answer, error) {
	ref, err := s.ref(ctx, c)
	if err != nil {
		return nil, err
	}
	r, err := s.Exchange.Request(ctx, c.who.viewer(), ref, s.now())
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	return &answer{body: RequestAnswer{n, RequestOf(r)}}, err
}

func (s *server) exchangeReleases(ctx context.Context, c *call) (*answer, error) {
	asOf := s.now()
	page, err := s.Exchange.Releases(ctx, c.who.viewer(), c.filter(), asOf)
	if err != nil {
		return nil, err
	}
	out := ReleasesAnswer{Items: []ReleaseItem{}, Next: page.Next, NextURL: c.nextURL(page.Next)}
	for _, r := range page.Items {
		out.Items = append(out.Items, ReleaseOf(r, s.Exchange.Holds(r), asOf))
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

func (s *server) exchangeRelease(ctx context.Context, c *call) (*answer, error) {
	ref, err := s.ref(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.releaseAnswer(ctx, c, ref)
}

func (s *server) releaseAnswer(ctx context.Context, c *call, ref entente.Ref) (*answer, error) {
	asOf := s.now()
	r, err := s.Exchange.Release(ctx, c.who.viewer(), ref, asOf)
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	return &answer{body: ReleaseAnswer{n, ReleaseOf(r, s.Exchange.Holds(r), asOf)}}, err
}

func (s *server) exchangePermissions(ctx context.Context, c *call) (*answer, error) {
	page, err := s.Exchange.Permissions(ctx, c.who.viewer(), c.filter(), s.now())
	if err != nil {
		return nil, err
	}
	out := PermissionsAnswer{Items: []PermissionItem{}, Next: page.Next, NextURL: c.nextURL(page.Next)}
	for _, p := range page.Items {
		out.Items = append(out.Items, PermissionOf(p))
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

func (s *server) exchangePermission(ctx context.Context, c *call) (*answer, error) {
	ref, err := s.ref(ctx, c)
	if err != nil {
		return nil, err
	}
	p, err := s.Exchange.Permission(ctx, c.who.viewer(), ref, s.now())
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	return &answer{body: PermissionAnswer{n, PermissionOf(p)}}, err
}

// ClocksAnswer lists clocks.
type ClocksAnswer struct {
	Notice
	Clocks []ClockItem `json:"clocks"`
}

func (s *server) exchangeClocks(ctx context.Context, c *call) (*answer, error) {
	list, err := s.Exchange.AllClocks(ctx, c.who.viewer(), s.now())
	if err != nil {
		return nil, err
	}
	out := ClocksAnswer{Clocks: []ClockItem{}}
	for i := range list {
		out.Clocks = append(out.Clocks, ClockOf(&list[i]))
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

// PauseItem is a pause that stands.
type PauseItem struct {
	SaidItem
	Self string `json:"self"`
}

// PausesAnswer lists pauses.
type PausesAnswer struct {
	Notice
	Pauses []PauseItem `json:"pauses"`
}

func (s *server) exchangePauses(ctx context.Context, _ *call) (*answer, error) {
	list, err := s.Exchange.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	out := PausesAnswer{Pauses: []PauseItem{}}
	for i := range list {
		out.Pauses = append(out.Pauses, PauseItem{*saidItem(&list[i]), exchangeURL("pauses", list[i].Party, list[i].Ref)})
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

// MeterItem is how it goes in one area and direction.
type MeterItem struct {
	Area      string             `json:"area"`
	Direction exchange.Direction `json:"direction"`
	Asked     int                `json:"asked"`
	Answered  int                `json:"answered"`
	Refused   int                `json:"refused"`
	Withdrawn int                `json:"withdrawn"`
	Waiting   int                `json:"waiting"`
	Late      int                `json:"late"`
	// MedianSeconds is the median time to the first answer; 0 where nothing was
	// answered.
	MedianSeconds int64 `json:"median_seconds"`
	Released      int   `json:"released"`
	Spontaneous   int   `json:"spontaneous"`
}

// MeterOf is a meter as the interface tells it.
func MeterOf(m exchange.Meter) MeterItem {
	return MeterItem{
		m.Area, m.Direction, m.Asked, m.Answered, m.Refused, m.Withdrawn, m.Waiting, m.Late, int64(m.Median / time.Second), m.Released, m.Spontaneous,
	}
}

// MetersAnswer measures reciprocity over a span of days, both included.
type MetersAnswer struct {
	Notice
	From   entente.Date `json:"from"`
	To     entente.Date `json:"to"`
	Meters []MeterItem  `json:"meters"`
}

var meterColumns = []string{"area", "direction", "asked", "answered", "refused", "withdrawn", "waiting", "late", "median_seconds", "released", "spontaneous"}

func (m *MeterItem) row() []string {
	row := []string{guarded(m.Area), string(m.Direction)}
	for _, n := range []int{m.Asked, m.Answered, m.Refused, m.Withdrawn, m.Waiting, m.Late, int(m.MedianSeconds), m.Released, m.Spontaneous} {
		row = append(row, strconv.Itoa(n))
	}
	return row
}

func (s *server) exchangeMeters(ctx context.Context, c *call) (*answer, error) {
	from, to, p := c.span(s.now())
	if p != nil {
		return nil, p
	}
	list, err := s.Exchange.Meters(ctx, from, to.AddDate(0, 0, 1), s.now())
	if err != nil {
		return nil, err
	}
	out := MetersAnswer{From: entente.Date(from.Format(time.DateOnly)), To: entente.Date(to.Format(time.DateOnly)), Meters: []MeterItem{}}
	for _, m := range list {
		out.Meters = append(out.Meters, MeterOf(m))
	}
	if c.wantsCSV() {
		rows := [][]string{meterColumns}
		for i := range out.Meters {
			rows = append(rows, out.Meters[i].row())
		}
		return csvAnswer("meters.csv", rows)
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

// span reads the days that from and to name: the year up to today by default.
func (c *call) span(now time.Time) (from, to time.Time, p *Problem) {
	to = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	from = to.AddDate(-1, 0, 0)
	for name, at := range map[string]*time.Time{"from": &from, "to": &to} {
		if v := c.get(name); v != "" {
			day, err := time.Parse(time.DateOnly, v)
			if err != nil {
				return from, to, faulty(Fault{In: "query", Name: name, Code: "date"})
			}
			*at = day
		}
	}
	return from, to, nil
}

func csvAnswer(name string, rows [][]string) (*answer, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true // RFC 4180
	err := w.WriteAll(rows)
	a := &answer{raw: b.Bytes(), media: csvMedia, header: http.Header{}}
	a.header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	return a, err
}

func (s *server) exchangeCounts(ctx context.Context, c *call) (*answer, error) {
	for _, name := range []string{"from", "to"} {
		if _, err := time.Parse("2006-01", c.get(name)); err != nil {
			return nil, faulty(Fault{In: "query", Name: name, Code: "month"})
		}
	}
	if c.get("from") > c.get("to") {
		return nil, faulty(Fault{In: "query", Name: "from", Code: "against", args: []any{"Other", "to"}})
	}
	terms, err := s.Exchange.Terms(ctx)
	if err != nil {
		return nil, err
	}
	if terms == nil || !terms.Counts {
		return nil, problem(http.StatusConflict, "nocounts")
	}
	var b bytes.Buffer
	err = s.Exchange.WriteCounts(ctx, &b, c.get("from"), c.get("to"))
	a := &answer{raw: b.Bytes(), media: csvMedia, header: http.Header{}}
	a.header.Set("Content-Disposition", `attachment; filename="exchange-counts.csv"`)
	return a, err
}

// UseItem is one opening of payloads. Who opened is an opaque digest.
type UseItem struct {
	Entry    string         `json:"entry"`
	URL      string         `json:"url"`
	Time     time.Time      `json:"time"`
	Agency   string         `json:"agency"`
	Purpose  string         `json:"purpose"`
	Mode     string         `json:"mode"`
	By       entente.Digest `json:"by"`
	Releases []string       `json:"releases"`
}

// UsesAnswer is a page of the audit of reads.
type UsesAnswer struct {
	Notice
	Items   []UseItem `json:"items"`
	Next    string    `json:"next,omitempty"`
	NextURL string    `json:"next_url,omitempty"`
}

// UseOf is a use as the interface tells it.
func UseOf(u *exchange.Said[entente.Use]) UseItem {
	out := UseItem{u.Ref.String(), entryURL(u.Ref), u.Time, u.Body.Agency, u.Body.Purpose, u.Body.Mode, u.Body.By, []string{}}
	for _, r := range u.Body.Releases {
		out.Releases = append(out.Releases, r.String())
	}
	return out
}

func (s *server) exchangeUses(ctx context.Context, c *call) (*answer, error) {
	page, err := s.Exchange.Reads(ctx, c.who.viewer(), exchange.UseQuery{
		Agency: c.get("agency"), Purpose: c.get("purpose"), Mode: c.get("mode"), After: c.get("cursor"), Limit: c.number("limit", 100),
	})
	if err != nil {
		return nil, err
	}
	out := UsesAnswer{Items: []UseItem{}, Next: page.Next, NextURL: c.nextURL(page.Next)}
	for i := range page.Items {
		out.Items = append(out.Items, UseOf(&page.Items[i]))
	}
	if c.wantsCSV() {
		return usesCSV(out)
	}
	out.Notice, err = s.notice(ctx)
	return &answer{body: out}, err
}

func usesCSV(page UsesAnswer) (*answer, error) {
	rows := [][]string{{"entry", "time", "agency", "purpose", "mode", "by", "release"}}
	for _, u := range page.Items {
		for _, r := range u.Releases {
			rows = append(rows, []string{u.Entry, u.Time.Format(time.RFC3339), guarded(u.Agency), guarded(u.Purpose), u.Mode, u.By.String(), r})
		}
	}
	a, err := csvAnswer("uses.csv", rows)
	if page.NextURL != "" {
		a.header.Set("Link", "<"+page.NextURL+`>; rel="next"`)
	}
	return a, err
}
