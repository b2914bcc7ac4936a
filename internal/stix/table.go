package stix

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

//go:embed types.txt
var typesText string

//go:embed vocab.txt
var vocabText string

//go:embed relationships.txt
var relationshipsText string

// op is how a kind of value is checked.
type op uint8

const (
	opString op = iota
	opBool
	opInt
	opFloat
	opTime
	opList
	opRef
	opEnum
	opVocab
	opDict
	opPart
	opForm
	opHashes
	opExtensions
	opObservables
	opContents
	opObject
	opNonEmpty
	opAbsent
)

// valueKind is what a property may hold.
type valueKind struct {
	op       op
	name     string // as in the table
	min, max float64
	decimals int // of a timestamp: at least 3, or -1 for none at all
	elem     *valueKind
	values   map[string]bool
	refs     []string
	part     *typeDef
	form     *form
	dict     func(v *validator, member *node)
	closed   bool // of hashes: no other algorithms; of what may not stand here: an error
}

type property struct {
	name string
	bit  uint64
	kind *valueKind
}

// rule is a rule between the properties of one object.
type rule struct {
	verb  string
	names []string
	mask  uint64
}

// typeDef is a header of the table with its rows.
type typeDef struct {
	class, name, section string
	on                   string // the type that an extension extends
	closed               bool   // nothing else may stand here
	props                map[string]*property
	order                []*property
	required             uint64
	rules                []rule
}

// tables are the three tables, read.
type tables struct {
	types         map[string]*typeDef // sdo, sro, sco and meta by type
	parts         map[string]*typeDef // part by name, ext by name
	vocab         map[string]map[string]bool
	relationships map[[3]string]bool
}

// table is embedded, so that a fault in it is a fault of the build.
var table = sync.OnceValue(func() *tables {
	t, err := readTables(typesText, vocabText, relationshipsText)
	if err != nil {
		panic(err)
	}
	return t
})

// tableReader reads types.txt.
type tableReader struct {
	*tables
	sets map[string]*typeDef
	at   *typeDef
	// late are parts that are named before they are read.
	late []*valueKind
}

func readTables(types, vocab, relationships string) (*tables, error) {
	r := &tableReader{
		tables: &tables{types: map[string]*typeDef{}, parts: map[string]*typeDef{}, vocab: map[string]map[string]bool{}},
		sets:   map[string]*typeDef{},
	}
	for _, fields := range lines(vocab) {
		values := map[string]bool{}
		for _, v := range fields[1:] {
			values[v] = true
		}
		r.vocab[fields[0]] = values
	}
	for i, line := range strings.Split(types, "\n") {
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("types.txt:%d: %w", i+1, err)
		}
	}
	for _, k := range r.late {
		if k.part = r.parts[k.name]; k.part == nil {
			return nil, fmt.Errorf("types.txt: no part %q", k.name)
		}
	}
	for _, d := range r.all() {
		if err := d.finish(); err != nil {
			return nil, fmt.Errorf("types.txt: %s: %w", d.name, err)
		}
	}
	r.tables.relationships = suggested(lines(relationships), r.types)
	return r.tables, nil
}

func (t *tables) all() []*typeDef {
	var all []*typeDef
	for _, m := range []map[string]*typeDef{t.types, t.parts} {
		for _, d := range m {
			all = append(all, d)
		}
	}
	return all
}

// lines returns the fields of every line that is no comment.
func lines(text string) [][]string {
	var all [][]string
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
			all = append(all, fields)
		}
	}
	return all
}

func (r *tableReader) line(line string) error {
	fields := strings.Fields(line)
	switch {
	case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		return nil
	case line[0] != ' ':
		return r.header(fields)
	case r.at == nil:
		return fmt.Errorf("a row before any header")
	case fields[0] == ":":
		r.at.rules = append(r.at.rules, rule{verb: fields[1], names: fields[2:]})
		return nil
	case len(fields) != 2:
		return fmt.Errorf("want a name and a kind")
	}
	k, err := r.kind(fields[1])
	if err != nil {
		return err
	}
	name, required := strings.CutSuffix(fields[0], "!")
	r.at.add(&property{name: name, kind: k}, required)
	return nil
}

func (r *tableReader) header(fields []string) error {
	if len(fields) < 3 {
		return fmt.Errorf("a header has a class, a name and a section")
	}
	d := &typeDef{class: fields[0], name: fields[1], section: fields[2], props: map[string]*property{}}
	r.at = d
	switch d.class {
	case "set":
		r.sets[d.name] = d
	case "part":
		r.parts[d.name] = d
	case "ext":
		d.on, fields = fields[3], fields[:3]
		r.parts[d.name] = d
	default:
		r.types[d.name] = d
	}
	for _, f := range fields[3:] {
		set := r.sets[f]
		switch {
		case f == "closed":
			d.closed = true
		case set == nil:
			return fmt.Errorf("no set %q", f)
		default:
			for _, p := range set.order {
				d.add(&property{name: p.name, kind: p.kind}, set.required&p.bit != 0)
			}
			d.rules = append(d.rules, set.rules...)
		}
	}
	return nil
}

func (d *typeDef) add(p *property, required bool) {
	p.bit = 1 << len(d.order)
	if required {
		d.required |= p.bit
	}
	d.props[p.name] = p
	d.order = append(d.order, p)
}

// finish turns the names of rules into bits.
func (d *typeDef) finish() error {
	rules := d.rules
	d.rules = nil
	for _, r := range rules {
		r.mask = 0
		for _, name := range r.names {
			p := d.props[name]
			switch {
			case r.verb == "na" || r.verb == "unused":
				if p == nil {
					p = &property{name: name}
					d.add(p, false)
				}
				p.kind = &valueKind{op: opAbsent, closed: r.verb == "na"}
			case name == "core": // the rule needs core x: x is required here
				continue
			case p == nil:
				return fmt.Errorf("the rule %s names %q, which is no property", r.verb, name)
			}
			r.mask |= p.bit
		}
		switch {
		case r.verb == "na" || r.verb == "unused":
		case r.verb == "needs" && r.names[0] == "core":
			d.required |= r.mask
		default:
			d.rules = append(d.rules, r)
		}
	}
	if len(d.order) > 64 {
		return fmt.Errorf("more than 64 properties")
	}
	return nil
}

var plainKinds = map[string]op{
	"string": opString, "bool": opBool, "int": opInt, "float": opFloat, "time": opTime, "time3": opTime, "time0": opTime,
	"hashes": opHashes, "extensions": opExtensions, "observables": opObservables, "contents": opContents,
	"object": opObject, "nonempty": opNonEmpty, "ref": opRef, "enum": opEnum, "ov": opVocab, "dict": opDict,
	"part": opPart, "form": opForm,
}

// maxInteger is 2^53-1, the largest integer of section 2.10.
const maxInteger = 1<<53 - 1

// kind reads a kind such as [ref(identity,location)].
func (r *tableReader) kind(s string) (*valueKind, error) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		elem, err := r.kind(strings.TrimSuffix(inner, "]"))
		return &valueKind{op: opList, name: s, elem: elem}, err
	}
	name, arg, _ := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	o, ok := plainKinds[name]
	if !ok {
		return nil, fmt.Errorf("no kind %q", s)
	}
	k := &valueKind{op: o, name: arg, min: math.Inf(-1), max: math.Inf(1)}
	switch o {
	case opInt:
		k.min, k.max = -maxInteger, maxInteger
		return k, k.bounds(arg)
	case opFloat:
		return k, k.bounds(arg)
	case opTime:
		k.decimals = map[string]int{"time": 0, "time3": 3, "time0": -1}[name]
	case opRef:
		k.refs = strings.Split(arg, ",")
	case opHashes:
		k.closed = arg == "closed"
	case opEnum, opVocab:
		if k.values = r.vocab[arg]; k.values == nil {
			return nil, fmt.Errorf("no vocabulary %q", arg)
		}
	case opForm:
		if k.form = forms[arg]; k.form == nil {
			return nil, fmt.Errorf("no form %q", arg)
		}
	case opPart:
		r.late = append(r.late, k)
	case opDict:
		return k, r.dict(k, arg)
	}
	return k, nil
}

func (k *valueKind) bounds(arg string) error {
	low, high, _ := strings.Cut(arg, ",")
	for _, b := range []struct {
		text string
		to   *float64
	}{{low, &k.min}, {high, &k.max}} {
		if b.text == "" {
			continue
		}
		v, err := strconv.ParseFloat(b.text, 64)
		if err != nil {
			return err
		}
		*b.to = v
	}
	return nil
}

// dict reads what the values of a dictionary are.
func (r *tableReader) dict(k *valueKind, arg string) error {
	if k.dict = dicts[arg]; k.dict != nil {
		return nil
	}
	var err error
	k.elem, err = r.kind(arg)
	return err
}

// suggested expands relationships.txt.
func suggested(rows [][]string, types map[string]*typeDef) map[[3]string]bool {
	m := map[[3]string]bool{}
	for _, f := range rows {
		for _, target := range f[2:] {
			if target != "@sco" {
				m[[3]string{f[0], f[1], target}] = true
				continue
			}
			for name, d := range types {
				if d.class == "sco" {
					m[[3]string{f[0], f[1], name}] = true
				}
			}
		}
	}
	return m
}

// class returns the class of a type: sdo, sro, sco, meta, or "" for one that the
// table does not know.
func class(typ string) string {
	if d := table().types[typ]; d != nil {
		return d.class
	}
	return ""
}

// allows reports whether a reference may be to this type.
func (k *valueKind) allows(typ string) bool {
	for _, r := range k.refs {
		c := class(typ)
		switch r {
		case typ:
			return true
		case "@any":
			return typ != "bundle"
		case "@content":
			return typ != "bundle" && typ != "language-content"
		case "@thing":
			return c == "sdo" || c == "sco" || c == ""
		case "@sdo":
			return c == "sdo" || c == ""
		case "@sco":
			return c == "sco" || c == ""
		case "@observed":
			return c == "sco" || c == "sro" || c == ""
		}
	}
	return false
}
