package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// table is one type of entry as a table of the interface.
type table struct {
	name    string // in the path, plural
	rule    entente.TypeRule
	columns []column
	params  []param
	fields  []field // columns of the CSV that come from the body
}

// column is a typed column that a list can be filtered and ordered by.
type column struct {
	param   string // its name here
	stored  string // as the store names it: table.column
	kind    fold.ColumnKind
	ordered bool // takes .min and .max
}

// names are the types' names in paths.
var names = map[entente.Type]string{
	entente.TypeGenesis: "genesis", entente.TypeKey: "keys", entente.TypeCharter: "charters", entente.TypePolicy: "policies",
	entente.TypeAgency: "agencies", entente.TypeCommitment: "commitments", entente.TypeJointCommitment: "joint-commitments",
	entente.TypeMilestone: "milestones", entente.TypeProgress: "progress", entente.TypePairing: "pairings",
	entente.TypeAccount: "accounts", entente.TypeAction: "actions", entente.TypeIndicator: "indicators",
	entente.TypeTarget: "targets", entente.TypeLink: "links", entente.TypeDataset: "datasets",
	entente.TypeObservations: "observations", entente.TypeStatement: "statements", entente.TypeClaim: "claims",
	entente.TypeCitation: "citations", entente.TypeQuestion: "questions", entente.TypeAnswer: "answers",
	entente.TypeMeeting: "meetings", entente.TypeNotice: "notices", entente.TypePosition: "positions",
	entente.TypeWithdrawal: "withdrawals", entente.TypePublication: "publications", entente.TypeConsent: "consents",
	entente.TypeExchangeTerms: "exchange-terms", entente.TypeRoute: "routes", entente.TypeRequest: "requests", entente.TypeRefusal: "refusals",
	entente.TypeRelease: "releases", entente.TypeReceipt: "receipts", entente.TypeAcknowledgement: "acknowledgements",
	entente.TypeFeedback: "feedback", entente.TypePermissionRequest: "permission-requests", entente.TypePermission: "permissions",
	entente.TypeOnward: "onward-uses", entente.TypeRecall: "recalls", entente.TypeDeletion: "deletions", entente.TypeHold: "holds",
	entente.TypeMisuse: "misuse-reports", entente.TypeMisuseOutcome: "misuse-outcomes", entente.TypePause: "pauses",
	entente.TypeReview: "reviews", entente.TypeKeyExport: "key-exports", entente.TypeUse: "uses",
}

// tablesOf returns the tables of the types that may stand in a log which the
// audience sees.
func tablesOf(a entente.Audience) []table {
	var out []table
	for _, rule := range entente.Types {
		seen := slices.ContainsFunc(rule.Audiences, func(in entente.Audience) bool { return in.Rank() <= a.Rank() })
		if !seen {
			continue
		}
		t := table{name: names[rule.Type], rule: rule, columns: columnsOf(rule.Type), fields: fieldsOf(reflect.TypeOf(rule.New()).Elem(), "", nil)}
		t.params = t.listParams()
		out = append(out, t)
	}
	return out
}

// columnsOf returns the typed columns of a type. One that two of its tables have
// keeps its plain name in the first.
func columnsOf(t entente.Type) []column {
	var out []column
	for _, ft := range fold.Tables {
		if !slices.Contains(ft.Types, t) {
			continue
		}
		for _, c := range ft.Columns {
			name := c.Name
			if slices.ContainsFunc(out, func(o column) bool { return o.param == name }) || reserved(name) {
				name = ft.Name + "." + name
			}
			out = append(out, column{name, ft.Name + "." + c.Name, c.Kind, c.Kind != fold.ColText || isDate(c.Name)})
		}
	}
	return out
}

// reserved names are parameters of every list.
func reserved(name string) bool {
	return slices.ContainsFunc(common, func(p param) bool { return p.name == name })
}

func isDate(name string) bool {
	return slices.Contains([]string{"date", "due", "done", "announced", "released", "as_of", "not_before", "from_month", "to_month"}, name) ||
		strings.HasSuffix(name, "_date")
}

// common are the parameters of every list beside typed columns.
var common = []param{
	{name: "writer", doc: "Who wrote it: a party's code or an observer's name."},
	{name: "party", doc: "The same, for parties: MX, US."},
	{name: "subject", doc: "The thing's subject."},
	{name: "area", doc: "Code of an area of the charter."},
	{name: "q", doc: "Text that title or body holds, in either language."},
	{name: "status", enum: []string{"admissible", "pending", "inadmissible", "opaque"}, repeat: true, doc: "How the entry folded; admissible by default."},
	{name: "versions", enum: []string{"current", "all"}, doc: "all also gives superseded versions."},
	{name: "withdrawn", enum: []string{"yes", "no"}, doc: "yes also gives withdrawn things."},
	{name: "order", doc: "time, title, order (log and index) or a column; a hyphen before it turns it round. -time by default."},
	limitParam, cursorParam, formatParam,
}

func (t *table) listParams() []param {
	params := slices.Clone(common)
	for _, c := range t.columns {
		params = append(params, param{name: c.param, repeat: true, doc: "Equal to one of these."})
		if c.ordered {
			params = append(params, param{name: c.param + ".min", doc: "At least this."}, param{name: c.param + ".max", doc: "At most this."})
		}
	}
	return params
}

// query turns the parameters of a call into a query of the store.
func (t *table) query(c *call) (store.Query, *Problem) {
	q := store.Query{
		Type: t.rule.Type, Writer: c.get("writer"), Subject: c.get("subject"), Area: c.get("area"), Search: c.get("q"), Lang: string(c.lang),
		After: c.get("cursor"), Limit: c.number("limit", 100), Versions: c.get("versions") == "all", Withdrawn: c.get("withdrawn") == "yes",
		Order: store.ByTime, Desc: true,
	}
	if p := c.get("party"); p != "" {
		if q.Writer != "" && q.Writer != p {
			return q, faulty(Fault{In: "query", Name: "party", Code: "against", args: []any{"Other", "writer"}})
		}
		q.Writer = p
	}
	for _, status := range c.query["status"] {
		q.Status = append(q.Status, fold.Status(status))
	}
	var faults []Fault
	for _, col := range t.columns {
		faults = append(faults, col.conditions(c, &q)...)
	}
	if order := c.get("order"); order != "" {
		name, desc := strings.CutPrefix(order, "-")
		stored, ok := t.orderBy(name)
		if !ok {
			faults = append(faults, Fault{In: "query", Name: "order", Code: "choice", args: []any{"Choices", strings.Join(t.orders(), ", ")}})
		}
		q.Order, q.Desc = stored, desc
	}
	if len(faults) > 0 {
		return q, faulty(faults...)
	}
	return q, nil
}

func faulty(faults ...Fault) *Problem {
	return &Problem{code: "parameters", Status: 422, Errors: faults}
}

func (t *table) orders() []string {
	out := []string{store.ByTime, store.ByTitle, store.ByOrder}
	for _, c := range t.columns {
		out = append(out, c.param)
	}
	return out
}

func (t *table) orderBy(name string) (string, bool) {
	if slices.Contains([]string{store.ByTime, store.ByTitle, store.ByOrder}, name) {
		return name, true
	}
	i := slices.IndexFunc(t.columns, func(c column) bool { return c.param == name })
	if i < 0 {
		return "", false
	}
	return t.columns[i].stored, true
}

// conditions adds what the call asks of the column.
func (col column) conditions(c *call, q *store.Query) []Fault {
	var faults []Fault
	value := func(name, text string) any {
		v, ok := col.value(text)
		if !ok {
			faults = append(faults, Fault{In: "query", Name: name, Code: "number"})
		}
		return v
	}
	switch vs := c.query[col.param]; len(vs) {
	case 0:
	case 1:
		q.Where = append(q.Where, store.Cond{Column: col.stored, Op: store.Eq, Value: value(col.param, vs[0])})
	default:
		list := make([]any, 0, len(vs))
		for _, v := range vs {
			list = append(list, value(col.param, v))
		}
		q.Where = append(q.Where, store.Cond{Column: col.stored, Op: store.In, Value: list})
	}
	for suffix, op := range map[string]store.Op{".min": store.Ge, ".max": store.Le} {
		if v := c.get(col.param + suffix); v != "" && col.ordered {
			if op == store.Le && col.kind == fold.ColText {
				v += "~" // a month or year stands for all of it: "~" sorts after digits and hyphens
				q.Where = append(q.Where, store.Cond{Column: col.stored, Op: store.Ne, Value: ""})
			}
			q.Where = append(q.Where, store.Cond{Column: col.stored, Op: op, Value: value(col.param+suffix, v)})
		}
	}
	return faults
}

func (col column) value(text string) (any, bool) {
	switch col.kind {
	case fold.ColInt:
		n, err := parseInt(text)
		return n, err == nil
	case fold.ColReal:
		f, err := parseFloat(text)
		return f, err == nil
	}
	return text, true
}

// bodySchema refers to the published schema of a type's body (spec/schemas).
func bodySchema(rule entente.TypeRule) *huma.Schema {
	return &huma.Schema{Ref: schemaPrefix + "body." + string(rule.Type)}
}
