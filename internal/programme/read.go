package programme

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// place is a spot in a file: a node of a YAML document, or a row of a table. It
// knows the line of everything beneath it.
type place struct {
	l    *loader
	file string
	line int
	node *yaml.Node     // nil for a row of a table
	cols map[string]int // lines of a table's cells, by column
}

// at returns the spot beneath p that path leads to: keys (string) and indexes
// (int). Where the path ends early, the deepest spot there is.
func (p place) at(path ...any) place {
	for _, step := range path {
		next, ok := p.step(step)
		if !ok {
			return p
		}
		p = next
	}
	return p
}

func (p place) step(step any) (place, bool) {
	if name, ok := step.(string); ok && p.cols != nil {
		line, ok := p.cols[name]
		return place{l: p.l, file: p.file, line: line}, ok
	}
	n := p.node
	if n == nil {
		return p, false
	}
	switch s := step.(type) {
	case int:
		if n.Kind != yaml.SequenceNode || s >= len(n.Content) {
			return p, false
		}
		return p.of(n.Content[s]), true
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == s {
				return p.of(n.Content[i+1]), true
			}
		}
	}
	return p, false
}

func (p place) of(n *yaml.Node) place {
	line := n.Line
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	return place{l: p.l, file: p.file, line: line, node: n}
}

// failf records a fault at the spot.
func (p place) failf(format string, args ...any) {
	p.l.problems = append(p.l.problems, Problem{p.file, p.line, fmt.Sprintf(format, args...)})
}

// unreadf records that the file cannot be read, at the spot.
func (p place) unreadf(format string, args ...any) {
	p.l.unread = append(p.l.unread, Problem{p.file, p.line, fmt.Sprintf(format, args...)})
}

// fieldPath is how the figures engine names a field: propositions[0].subjects[1].where.
var fieldPath = regexp.MustCompile(`^([a-z_]+(?:\[\d+\])?(?:\.[a-z_]+(?:\[\d+\])?)*): `)

// faults records what another room found wrong with a declaration, a fault a line,
// each at the field that it names. prefix is what all of them begin with.
func (p place) faults(prefix string, err error) {
	for line := range strings.SplitSeq(strings.TrimPrefix(err.Error(), prefix), "\n") {
		at := p
		if path := fieldPath.FindStringSubmatch(line); path != nil {
			at = p.at(steps(path[1])...)
		}
		at.failf("%s", line)
	}
}

func steps(path string) []any {
	var out []any
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if n, err := strconv.Atoi(step); err == nil {
			out = append(out, n)
		} else {
			out = append(out, step)
		}
	}
	return out
}

// maxFile bounds a programme's file in bytes.
const maxFile = 4 << 20

func (l *loader) read(name string) ([]byte, bool) {
	whole := place{l: l, file: name}
	f, err := l.fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		whole.unreadf("is missing")
		return nil, false
	}
	if err != nil {
		whole.unreadf("%v", err)
		return nil, false
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		whole.unreadf("%v", err)
	case len(b) > maxFile:
		whole.unreadf("is larger than %d bytes", maxFile)
	default:
		return b, true
	}
	return nil, false
}

// readYAML decodes a YAML file strictly into T: unknown and repeated fields are
// faults. It returns the root of the document for the lines.
func readYAML[T any](l *loader, name string) (T, place) {
	var v T
	root := place{l: l, file: name}
	b, ok := l.read(name)
	if !ok {
		return v, root
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&v); err != nil && !errors.Is(err, io.EOF) {
		l.yamlFault(name, err)
		var none T
		return none, root
	}
	var more yaml.Node
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		place{l: l, file: name, line: more.Line}.unreadf("holds a second document: one file, one document")
	}
	var n yaml.Node
	if err := yaml.Unmarshal(b, &n); err == nil && n.Kind == yaml.DocumentNode && len(n.Content) == 1 {
		root = root.of(n.Content[0])
	}
	return v, root
}

var (
	yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	goType   = regexp.MustCompile(` in type [\w.\[\]]+$`)
)

// yamlFault records the decoder's complaints, each at its line.
func (l *loader) yamlFault(name string, err error) {
	messages := []string{err.Error()}
	var type_ *yaml.TypeError
	if errors.As(err, &type_) {
		messages = type_.Errors
	}
	for _, m := range messages {
		p := place{l: l, file: name}
		if hit := yamlLine.FindStringSubmatch(m); hit != nil {
			p.line, _ = strconv.Atoi(hit[1])
			m = hit[2]
		}
		p.unreadf("%s", goType.ReplaceAllString(strings.TrimPrefix(m, "yaml: "), ""))
	}
}

// readCSV reads a table whose first row names the columns, which must be exactly
// columns, in that order. Every row comes with its place.
func readCSV(l *loader, name string, columns ...string) []record {
	b, ok := l.read(name)
	if !ok {
		return nil
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff"))))
	r.FieldsPerRecord = len(columns)
	var out []record
	for first := true; ; first = false {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			l.csvFault(name, err, columns)
			return nil
		}
		if first {
			if strings.Join(cells, ",") != strings.Join(columns, ",") {
				place{l: l, file: name, line: 1}.unreadf("the columns are %s, not %s", strings.Join(columns, ","), strings.Join(cells, ","))
				return nil
			}
			continue
		}
		rec := record{cells: map[string]string{}, place: place{l: l, file: name, cols: map[string]int{}}}
		for i, c := range columns {
			line, _ := r.FieldPos(i)
			rec.cells[c], rec.place.cols[c] = cells[i], line
		}
		rec.place.line = rec.place.cols[columns[0]]
		out = append(out, rec)
	}
}

func (l *loader) csvFault(name string, err error, columns []string) {
	p := place{l: l, file: name}
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		p.line, err = parse.Line, parse.Err
	}
	if errors.Is(err, csv.ErrFieldCount) {
		p.unreadf("a row has %d cells: %s", len(columns), strings.Join(columns, ","))
		return
	}
	p.unreadf("%v", err)
}

// record is a row of a table.
type record struct {
	cells map[string]string
	place place
}

// list splits a cell at semicolons.
func (r record) list(column string) []string {
	return strings.FieldsFunc(r.cells[column], func(c rune) bool { return c == ';' || c == ' ' })
}
