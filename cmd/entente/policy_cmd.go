package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"entente"
	"entente/internal/exchange"
	"entente/internal/locale"
	"entente/internal/node"
	"entente/internal/policy"
	"entente/internal/programme"
	"entente/internal/store"
)

// policyCmd is for those who write policies and those who are refused by them.
type policyCmd struct {
	Test    policyTestCmd    `cmd:"" help:"Run the cases beside a programme's policies: what each refuses, and what goes through beside it."`
	Explain policyExplainCmd `cmd:"" help:"Say what the gate says of a draft, by which policies, and what would make it possible."`
	Schema  policySchemaCmd  `cmd:"" help:"Print the Cedar schema that policies are validated against."`
}

type policyTestCmd struct {
	Programme string `help:"Directory of a programme's files; the built-in one when left out." type:"existingdir"`
}

// tried is what the cases of a set gave.
type tried struct {
	Digest   entente.Digest `json:"cedar_sha256"`
	Policies int            `json:"policies"`
	Cases    int            `json:"cases"`
	Failed   []failedCase   `json:"failed"`
	// Untried are the policies without a case that they alone refuse, or without one
	// beside it that is allowed.
	Untried []string `json:"untried"`
}

type failedCase struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Policy string `json:"policy"`
	Case   string `json:"case"`
	Says   string `json:"says"`
}

func (t tried) writeText(w io.Writer) error {
	var b strings.Builder
	for _, f := range t.Failed {
		fmt.Fprintf(&b, "%s:%d: %s: %s: %s\n", f.File, f.Line, f.Policy, f.Case, f.Says)
	}
	for _, p := range t.Untried {
		fmt.Fprintf(&b, "%s: no case that it alone refuses, or none beside it that is allowed\n", p)
	}
	fmt.Fprintf(&b, "%d policies, %d cases, %d failed, %d policies untried\n", t.Policies, t.Cases, len(t.Failed), len(t.Untried))
	_, err := io.WriteString(w, b.String())
	return err
}

// Run tries every case.
func (c *policyTestCmd) Run(g *globals) error {
	files, err := programmeFiles(c.Programme)
	if err != nil {
		return err
	}
	p, err := programme.LoadPolicies(files)
	if err != nil {
		return err
	}
	t := tried{Digest: entente.DigestOf([]byte(p.Cedar)), Policies: len(p.Set.Names()), Cases: len(p.Cases), Failed: []failedCase{}}
	var cases []policy.Case
	for _, one := range p.Cases {
		cases = append(cases, one.Case)
		if err := p.Set.Try(one.Case); err != nil {
			t.Failed = append(t.Failed, failedCase{one.File, one.Line, one.Policy, one.Name, err.Error()})
		}
	}
	t.Untried = append([]string{}, p.Set.Untried(cases)...)
	if err := g.print(t); err != nil {
		return err
	}
	if len(t.Failed)+len(t.Untried) > 0 {
		return notHolding{errors.New("the policies do not do what their cases say")}
	}
	return nil
}

type policySchemaCmd struct{}

// Run prints the schema.
func (c *policySchemaCmd) Run(g *globals) error {
	_, err := g.out.Write(policy.Schema())
	return err
}

type policyExplainCmd struct {
	nodeDir
	Draft string `arg:"" help:"Id of the draft, as the desk shows it."`
	Lang  string `help:"Language of the words." enum:"es,en" default:"en"`
}

// Run explains. A draft that the gate would not let through as it is drafted is no
// failure: that is what was asked.
func (c *policyExplainCmd) Run(g *globals) error {
	ctx := context.Background()
	return c.with(ctx, func(n *node.Node) error {
		x, err := explainDraft(ctx, n, c.Draft)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no draft %s on this node", c.Draft)
		}
		if err != nil {
			return inWords(err)
		}
		return g.print(explained{x, c.Lang})
	})
}

// explainDraft asks the exchange where it is the exchange that completes the draft:
// with the points of contact, and the content that is sealed when it is submitted.
func explainDraft(ctx context.Context, n *node.Node, id string) (*node.Explanation, error) {
	d, err := n.Store().Draft(ctx, id)
	if err != nil || !exchange.Composed(d.Type) {
		return n.ExplainDraft(ctx, id)
	}
	x, err := exchange.New(exchange.Options{Node: n})
	if err != nil {
		return nil, err
	}
	return x.Explain(ctx, id)
}

// explained prints an explanation in a language.
type explained struct {
	*node.Explanation
	lang string
}

// explainWords are the words around the policies' own.
var explainWords = map[string]map[string]string{
	"en": {
		"draft": "draft %s: %s %s, for the %s log\npolicies in force: %s\n", "stops": "Stops it", "later": "To come", "clear": "\nNothing stands in the way.\n",
		"mend": "What would make it possible", "policy": "Policy", "detail": "Found",
		"possible": "\nOnce that is settled it goes through, permitted by:\n", "never": "\nAs it is, it does not go through, whoever signs.\n", "now": "\nPermitted by:\n",
	},
	"es": {
		"draft": "borrador %s: %s %s, para la bitácora %s\npolíticas en vigor: %s\n", "stops": "Lo impide", "later": "Por venir", "clear": "\nNada lo impide.\n",
		"mend": "Qué lo haría posible", "policy": "Política", "detail": "Se halló",
		"possible": "\nUna vez resuelto eso, pasa; lo permite:\n", "never": "\nTal como está no pasa, firme quien firme.\n", "now": "\nLo permite:\n",
	},
}

var audienceWords = map[string]map[entente.Audience]string{
	"en": {entente.National: "national", entente.Shared: "shared", entente.Public: "public"},
	"es": {entente.National: "nacional", entente.Shared: "compartida", entente.Public: "pública"},
}

func (x explained) writeText(w io.Writer) error {
	words := explainWords[x.lang]
	var b strings.Builder
	fmt.Fprintf(&b, words["draft"], x.Draft, typeName(x.lang, x.Type), x.Subject, audienceWords[x.lang][x.Audience], x.Policies)
	for _, r := range x.Reasons {
		rule, mend := r.In(x.lang)
		mark := words["stops"]
		if !r.Blocking {
			mark = words["later"]
		}
		fmt.Fprintf(&b, "\n%s: %s\n%s: %s\n", mark, rule, words["mend"], mend)
		if r.Detail != "" {
			fmt.Fprintf(&b, "%s: %s\n", words["detail"], r.Detail)
		}
		if r.Policy != nil {
			fmt.Fprintf(&b, "%s %s:\n%s", words["policy"], r.Policy.Name, indented(r.Policy.Cedar))
		}
	}
	switch {
	case !x.Possible:
		b.WriteString(words["never"])
	case len(x.Reasons) == 0:
		b.WriteString(words["clear"] + words["now"])
	default:
		b.WriteString(words["possible"])
	}
	for _, p := range x.PermittedBy {
		fmt.Fprintf(&b, "%s %s:\n%s", words["policy"], p.Name, indented(p.Cedar))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// typeName is a type of entry as sentences of a language have it.
func typeName(lang string, t entente.Type) string {
	name := locale.For(locale.Lang(lang)).T("type." + string(t))
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

func indented(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}

// explainedReason is a reason as programs read it.
type explainedReason struct {
	Code     string       `json:"code"`
	Blocking bool         `json:"blocking"`
	Rule     entente.Text `json:"rule"`
	Mend     entente.Text `json:"mend"`
	Detail   string       `json:"detail,omitempty"`
	Field    string       `json:"field,omitempty"`
	Policy   string       `json:"policy,omitempty"`
	Cedar    string       `json:"cedar,omitempty"`
}

// MarshalJSON gives both languages.
func (x explained) MarshalJSON() ([]byte, error) {
	type permit struct {
		Policy string `json:"policy"`
		Cedar  string `json:"cedar"`
	}
	out := struct {
		Draft       string            `json:"draft"`
		Type        entente.Type      `json:"type"`
		Subject     string            `json:"subject"`
		Audience    entente.Audience  `json:"audience"`
		Policies    entente.Digest    `json:"policies"`
		Possible    bool              `json:"possible"`
		Reasons     []explainedReason `json:"reasons"`
		PermittedBy []permit          `json:"permitted_by"`
	}{x.Draft, x.Type, x.Subject, x.Audience, x.Policies, x.Possible, []explainedReason{}, []permit{}}
	for _, r := range x.Reasons {
		e := explainedReason{Code: r.Code, Blocking: r.Blocking, Rule: r.Rule, Mend: r.Mend, Detail: r.Detail, Field: r.Field}
		if r.Policy != nil {
			e.Policy, e.Cedar = r.Policy.Name, r.Policy.Cedar
		}
		out.Reasons = append(out.Reasons, e)
	}
	for _, p := range x.PermittedBy {
		out.PermittedBy = append(out.PermittedBy, permit{p.Name, p.Cedar})
	}
	return json.Marshal(out)
}
