package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"entente"
	"entente/internal/store"
)

// nodeState is what one node knows: its logs, and the frontier and digest of each
// projection it holds.
type nodeState struct {
	Writer string     `json:"writer"`
	Fold   string     `json:"fold"`
	Logs   []logState `json:"logs"`
	// Projections are by audience; a portal holds the public one only.
	Projections map[entente.Audience]projectionState `json:"projections"`
	// Claims counts the claims by assessment ("" when none could be assessed).
	Claims map[string]int `json:"claims,omitempty"`
	// Figures counts the observations entries by what recomputing them gave; pending
	// are those not recomputed yet.
	Figures map[string]int `json:"figures,omitempty"`
}

// logState is how far one log is known.
type logState struct {
	Origin   string           `json:"origin"`
	Audience entente.Audience `json:"audience"`
	Own      bool             `json:"own,omitempty"`
	Size     uint64           `json:"size"`
	Root     entente.Digest   `json:"root"`
}

// projectionState is a frontier and the digest of the state it folds to.
type projectionState struct {
	Frontier entente.Digest `json:"frontier"`
	Digest   entente.Digest `json:"digest"`
	// Entries counts the entries by status.
	Entries map[string]int `json:"entries"`
}

// comparison is what several nodes' states say together.
type comparison struct {
	Agree bool `json:"agree"`
	// Digests are, by audience, the one digest all holders have, or each holder's own.
	Digests map[entente.Audience]map[string]entente.Digest `json:"digests"`
}

// compareStates holds the nodes' digests against each other: every node's public
// one, and the shared ones of the nodes that have one.
func compareStates(states []nodeState) comparison {
	out := comparison{Agree: len(states) > 0, Digests: map[entente.Audience]map[string]entente.Digest{}}
	for _, audience := range entente.Audiences {
		byWriter := map[string]entente.Digest{}
		for _, s := range states {
			if p, ok := s.Projections[audience]; ok {
				byWriter[s.Writer] = p.Digest
			}
		}
		if len(byWriter) == 0 {
			continue
		}
		out.Digests[audience] = byWriter
		if audience != entente.National && differ(byWriter) {
			out.Agree = false
		}
	}
	return out
}

func differ(byWriter map[string]entente.Digest) bool {
	first := true
	var want entente.Digest
	for _, d := range byWriter {
		if first {
			want, first = d, false
		} else if d != want {
			return true
		}
	}
	return false
}

// figurePending counts the figures that a node has yet to recompute.
const figurePending = "pending"

// settled reports whether the node has recomputed every figure it knows of.
func (s nodeState) settled() bool {
	return s.Figures[figurePending] == 0 && s.Figures[string(store.FigureMissing)] == 0
}

// writeText prints the state for a person.
func (s nodeState) writeText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "node %s, %s\n\nlogs\n", s.Writer, s.Fold)
	for _, l := range s.Logs {
		fmt.Fprintf(&b, "  %-34s %8d entries  root %s\n", l.Origin, l.Size, l.Root)
	}
	b.WriteString("\nprojections\n")
	for _, a := range entente.Audiences {
		p, ok := s.Projections[a]
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "  %-9s frontier %s\n            digest   %s\n            %s\n", a, p.Frontier, p.Digest, counts(p.Entries))
	}
	if len(s.Figures) > 0 {
		fmt.Fprintf(&b, "\nfigures recomputed from their files: %s\n", counts(s.Figures))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// counts prints a map of counts in the order of its keys.
func counts(m map[string]int) string {
	parts := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", strings.ReplaceAll(k, "_", " "), m[k]))
	}
	return strings.Join(parts, ", ")
}
