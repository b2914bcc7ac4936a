package programme

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is a fault, or a remark, at a line of a programme's file. Line is 1 for
// the first line and 0 where the file as a whole is meant.
type Problem struct {
	File    string
	Line    int
	Message string
}

// Error returns "file:line: message", or "file: message" for the whole file.
func (p Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Message)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// Problems are all faults of a programme's files, in the order of file and line.
type Problems []Problem

// Error returns one line a problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Message, b.Message))
	})
}
