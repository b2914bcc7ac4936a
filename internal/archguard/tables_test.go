package archguard

import (
	"fmt"
	"strconv"
	"strings"
)

const modulePath = "entente"

// room is one row of the floors table: a package and everything beneath it that has no row of its own.
type room struct {
	path      string // import path
	floor     int
	mayImport []string // import paths of rooms; nil with all set means any lower room
	all       bool
}

// tables is what docs/architecture.md says.
type tables struct {
	rooms    []room
	owners   map[string][]string // third-party module → import paths of owning rooms
	testOnly map[string]bool     // third-party modules that any test file may import
}

// parseTables reads the three tables by their header rows.
func parseTables(doc string) (tables, error) {
	t := tables{owners: map[string][]string{}, testOnly: map[string]bool{}}
	section := ""
	for i, line := range strings.Split(doc, "\n") {
		if !strings.HasPrefix(line, "|") {
			section = ""
			continue
		}
		cells := rowCells(line)
		switch header := strings.Join(cells, "|"); header {
		case "floor|package|role|may import", "module|owners", "module|for":
			section = header
			continue
		}
		if section == "" || strings.HasPrefix(line, "|---") {
			continue
		}
		if err := t.addRow(section, cells); err != nil {
			return t, fmt.Errorf("docs/architecture.md:%d: %w", i+1, err)
		}
	}
	if len(t.rooms) == 0 || len(t.owners) == 0 || len(t.testOnly) == 0 {
		return t, fmt.Errorf("docs/architecture.md: a table is missing: %d rooms, %d owned modules, %d test modules",
			len(t.rooms), len(t.owners), len(t.testOnly))
	}
	return t, nil
}

func (t *tables) addRow(section string, cells []string) error {
	want := strings.Count(section, "|") + 1
	if len(cells) != want {
		return fmt.Errorf("%d cells, want %d", len(cells), want)
	}
	switch section {
	case "module|owners":
		module := strings.Trim(cells[0], "`")
		for _, name := range splitList(cells[1]) {
			t.owners[module] = append(t.owners[module], roomPath(name))
		}
	case "module|for":
		t.testOnly[strings.Trim(cells[0], "`")] = true
	default:
		floor, err := strconv.Atoi(cells[0])
		if err != nil {
			return fmt.Errorf("floor %q is no number", cells[0])
		}
		r := room{floor: floor, path: roomPath(strings.Trim(strings.Fields(cells[1])[0], "`")), all: cells[3] == "all"}
		if !r.all {
			for _, name := range splitList(cells[3]) {
				r.mayImport = append(r.mayImport, roomPath(name))
			}
		}
		t.rooms = append(t.rooms, r)
	}
	return nil
}

// room returns the row that a package belongs to: the longest path that is the package's or a parent's.
func (t *tables) room(pkg string) (room, bool) {
	var best room
	found := false
	for _, r := range t.rooms {
		if within(pkg, r.path) && (!found || len(r.path) > len(best.path)) {
			best, found = r, true
		}
	}
	return best, found
}

// module returns the listed module that a third-party import path belongs to.
func (t *tables) module(pkg string) (string, bool) {
	best := ""
	for m := range t.owners {
		if within(pkg, m) && len(m) > len(best) {
			best = m
		}
	}
	return best, best != ""
}

// testModule reports whether any test file may import pkg.
func (t *tables) testModule(pkg string) bool {
	for m := range t.testOnly {
		if within(pkg, m) {
			return true
		}
	}
	return false
}

// within reports whether pkg is path or lies beneath it. The root package has nothing beneath it.
func within(pkg, path string) bool {
	return pkg == path || path != modulePath && strings.HasPrefix(pkg, path+"/")
}

// roomPath expands a short name of the tables: `entry` is entente/internal/entry.
func roomPath(name string) string {
	switch {
	case name == modulePath:
		return modulePath
	case name == "programmes", name == "spec", strings.HasPrefix(name, "cmd/"), strings.HasPrefix(name, "internal/"):
		return modulePath + "/" + name
	default:
		return modulePath + "/internal/" + name
	}
}

func rowCells(line string) []string {
	cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

func splitList(cell string) []string {
	var out []string
	for _, s := range strings.Split(cell, ",") {
		if s = strings.Trim(strings.TrimSpace(s), "`"); s != "" {
			out = append(out, s)
		}
	}
	return out
}
