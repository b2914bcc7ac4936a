package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/internal/exchange"
	"entente/internal/taxii"
)

// demoRecord names the file of a demonstration that says what it exchanged. It is
// written once all of that is done: a start that finds it exchanges nothing.
const demoRecord = "exchange.json"

// exchanged is what the demonstration exchanged.
type exchanged struct {
	Request   entente.Ref `json:"request"`
	Answer    entente.Ref `json:"answer"`
	Asked     entente.Ref `json:"permission_request"`
	Consented entente.Ref `json:"consented"`
	Recalled  entente.Ref `json:"recalled"`
	Objects   entente.Ref `json:"objects"`
	// Refused is a draft, and Gate the rules that keep it one.
	Refused string   `json:"refused_draft"`
	Gate    []string `json:"gate"`
	// Program is the account that read the objects, and Read how many it got on its
	// first page. The demonstration has no secrets.
	Program demoProgram `json:"program"`
	Read    int         `json:"objects_read"`
}

// demoProgram is the account of a program.
type demoProgram struct {
	Name    string `json:"name"`
	Agency  string `json:"agency"`
	Purpose string `json:"purpose"`
	Secret  string `json:"secret"`
}

// named returns the node of that name.
func (cs children) named(name string) *child {
	return cs[slices.IndexFunc(cs, func(c *child) bool { return c.name == name })]
}

// ordered has a node do a step of the demonstration of the exchange.
func (c *child) ordered(ctx context.Context, step string, about *entente.Ref) (shown, error) {
	if err := json.NewEncoder(c.stdin).Encode(question{Ask: "show", Step: step, About: about}); err != nil {
		return shown{}, fmt.Errorf("the node %s does not answer: %w", c.name, err)
	}
	select {
	case e := <-c.shown:
		if e.Shown == nil {
			return shown{}, fmt.Errorf("the node %s cannot show the exchange: %s", c.name, e.Error)
		}
		return *e.Shown, nil
	case <-c.exited:
		return shown{}, c.failure()
	case <-ctx.Done():
		return shown{}, ctx.Err()
	}
}

// exchange shows the exchange of information between the nodes, unless an earlier
// start did, and returns what was exchanged.
func (p *demoPlan) exchange(ctx context.Context, nodes children, ui *progressUI) (*exchanged, error) {
	file := filepath.Join(p.Dir, demoRecord)
	raw, err := os.ReadFile(file)
	if err == nil {
		var was exchanged
		if err := json.Unmarshal(raw, &was); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return &was, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	x := &script{ctx: ctx, mx: nodes.named("mx"), us: nodes.named("us"), ui: ui}
	done := x.all(p)
	if x.err != nil {
		return nil, x.err
	}
	return done, writeRecord(file, done)
}

// writeRecord writes the file whole or not at all.
func writeRecord(file string, done *exchanged) error {
	raw, err := json.MarshalIndent(done, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// script goes through the steps until one fails.
type script struct {
	ctx    context.Context
	mx, us *child
	ui     *progressUI
	done   int
	err    error
}

// scriptSteps is how many there are.
const scriptSteps = 12

func (x *script) step(c *child, name string, about ...entente.Ref) shown {
	if x.err != nil {
		return shown{}
	}
	x.ui.report(c.name, "exchange", x.done, scriptSteps)
	var on *entente.Ref
	if len(about) > 0 {
		on = &about[0]
	}
	var out shown
	out, x.err = c.ordered(x.ctx, name, on)
	x.done++
	return out
}

// ref is a step whose result is an entry.
func (x *script) ref(c *child, name string, about ...entente.Ref) entente.Ref {
	out := x.step(c, name, about...)
	if x.err == nil && out.Ref == nil {
		x.err = fmt.Errorf("the node %s named no entry for %s", c.name, name)
	}
	if x.err != nil {
		return entente.Ref{}
	}
	return *out.Ref
}

// all goes through what issue and principles ask for: a request that is answered, a
// release that the gate refuses, one with consent, a recall, and a program that reads.
func (x *script) all(p *demoPlan) *exchanged {
	d := &exchanged{}
	d.Request = x.ref(x.us, "ask")
	d.Answer = x.ref(x.mx, "answer", d.Request)
	x.ref(x.us, "use", d.Answer)
	refused := x.step(x.us, "refused")
	d.Refused, d.Gate = refused.Draft, refused.Gate
	d.Asked = x.ref(x.us, "ask-consent")
	consent := x.ref(x.mx, "consent", d.Asked)
	d.Consented = x.ref(x.us, "release-consented", consent)
	d.Recalled = x.ref(x.mx, "release-recalled")
	x.ref(x.mx, "recall", d.Recalled)
	d.Objects = x.ref(x.mx, "release-objects")
	d.Program = demoProgram{Name: exampleProgram, Agency: exampleAgency, Purpose: examplePurpose, Secret: x.step(x.us, "program").Secret}
	if x.err == nil {
		x.ui.report("us", "exchange", x.done, scriptSteps)
		d.Read, x.err = readPage(x.ctx, p.originOf("us"), d.Program)
	}
	return d
}

// originOf is the address of a node's site.
func (p *demoPlan) originOf(name string) string {
	for _, n := range p.Nodes {
		if n.Name == name {
			return n.Config.origin()
		}
	}
	return ""
}

// readPage reads the first page of the objects of the examples' area as any TAXII
// client does (TAXII 2.1, sections 4.1, 5.1 and 5.4), and returns how many it holds.
func readPage(ctx context.Context, origin string, account demoProgram) (int, error) {
	var discovery struct {
		Default string `json:"default"`
	}
	if err := taxiiGet(ctx, origin+taxii.Discovery, account, &discovery); err != nil {
		return 0, err
	}
	root := discovery.Default
	if strings.HasPrefix(root, "/") {
		root = origin + root
	}
	var list struct {
		Collections []struct {
			ID, Alias string
			CanRead   bool `json:"can_read"`
		} `json:"collections"`
	}
	if err := taxiiGet(ctx, root+"collections/", account, &list); err != nil {
		return 0, err
	}
	for _, c := range list.Collections {
		if !c.CanRead || !strings.HasSuffix(c.Alias, "-"+exampleArea) {
			continue
		}
		var page struct {
			Objects []json.RawMessage `json:"objects"`
		}
		if err := taxiiGet(ctx, root+"collections/"+c.ID+"/objects/", account, &page); err != nil {
			return 0, err
		}
		if len(page.Objects) == 0 {
			return 0, fmt.Errorf("the program %s reads no object of the release", account.Name)
		}
		return len(page.Objects), nil
	}
	return 0, fmt.Errorf("the program %s sees no collection of %s to read", account.Name, exampleArea)
}

func taxiiGet(ctx context.Context, url string, account demoProgram, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(account.Name, account.Secret)
	req.Header.Set("Accept", "application/taxii+json;version=2.1")
	client := http.Client{Timeout: 30 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers the program %s with %s", url, account.Name, resp.Status)
	}
	return json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(into)
}

// demoExchange is what the summary says of the exchange.
type demoExchange struct {
	exampleStates
	Gate []string   `json:"gate"`
	Read int        `json:"objects_read"`
	See  []demoLink `json:"see"`
	// Same: both desks show the same states.
	Same    bool        `json:"same"`
	Program demoProgram `json:"-"`
}

// demoLink is a page to look at.
type demoLink struct {
	What string `json:"what"`
	URL  string `json:"url"`
}

// shownBy asks both parties' nodes how it stands with the exchange.
func (p *demoPlan) shownBy(ctx context.Context, nodes children, done *exchanged) (*demoExchange, error) {
	out := &demoExchange{Gate: done.Gate, Read: done.Read, Program: done.Program, See: p.links(done)}
	mx, err := nodes.named("mx").ordered(ctx, "states", nil)
	if err != nil {
		return nil, err
	}
	us, err := nodes.named("us").ordered(ctx, "states", nil)
	if err != nil {
		return nil, err
	}
	if mx.States == nil || us.States == nil {
		return nil, errors.New("a node does not say how it stands with the exchange")
	}
	out.exampleStates, out.Same = *us.States, reflect.DeepEqual(mx.States, us.States)
	return out, nil
}

// links are the pages to look at, at the desk of who has more to see there.
func (p *demoPlan) links(d *exchanged) []demoLink {
	mx, us := p.originOf("mx")+"/es/desk/exchange/", p.originOf("us")+"/en/desk/exchange/"
	page := func(kind, writer string, ref entente.Ref) string {
		return fmt.Sprintf("%s/%s/%d", kind, writer, ref.Index)
	}
	return []demoLink{
		{"request, answered", us + page("requests", "US", d.Request)},
		{"answer, with its proof", us + page("releases", "MX", d.Answer)},
		{"draft that the gate refuses", us + "drafts/" + d.Refused},
		{"consent asked and given", mx + page("permissions", "US", d.Asked)},
		{"released with consent", mx + page("releases", "US", d.Consented)},
		{"recalled and shredded", mx + page("releases", "MX", d.Recalled)},
		{"STIX objects", us + page("releases", "MX", d.Objects)},
		{"what is due, in and out", us[:len(us)-1]},
	}
}

func (d *demoExchange) writeText(b *strings.Builder) {
	fmt.Fprintf(b, "exchange: requests: %s; releases: %s; permissions: %s\n", byState(d.Requests), byState(d.Releases), byState(d.Permissions))
	fmt.Fprintf(b, "one draft stays a draft: the gate refuses it by %s\n", strings.Join(d.Gate, ", "))
	fmt.Fprintf(b, "a TAXII client read %d objects as %s for %s\n", d.Read, d.Program.Agency, d.Program.Purpose)
	if !d.Same {
		b.WriteString("THE DESKS DO NOT SHOW THE SAME STATES\n")
	}
	for _, l := range d.See {
		fmt.Fprintf(b, "  %-28s %s\n", l.What, l.URL)
	}
}

// byState prints counts in the order of the states' names.
func byState(counts map[exchange.State]int) string {
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", s, counts[s]))
	}
	return strings.Join(parts, ", ")
}
