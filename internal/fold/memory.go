package fold

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"entente"
	"entente/internal/entry"
)

// Memory is a projection kept in memory: the reference that the store's is held
// against, and what checks a verification bundle offline. It keeps no order of its
// own: any interleaving of the same logs gives the same digests. It is not safe
// for use by several goroutines.
type Memory struct {
	logs    map[string]LogInfo
	keys    map[string]map[string]ActiveKey
	ids     map[string]map[string]uint64 // origin → id → first index
	entries map[string][]kept
	waiting map[place][]place // target → entries that refer to it
}

type kept struct {
	in Input
	f  Folded
}

type place struct {
	origin string
	index  uint64
}

// NewMemory returns an empty projection of the logs.
func NewMemory(logs ...LogInfo) *Memory {
	m := &Memory{
		logs: map[string]LogInfo{}, keys: map[string]map[string]ActiveKey{}, ids: map[string]map[string]uint64{},
		entries: map[string][]kept{}, waiting: map[place][]place{},
	}
	m.Pin(logs...)
	return m
}

// Pin adds logs.
func (m *Memory) Pin(logs ...LogInfo) {
	for _, l := range logs {
		m.logs[l.Origin] = l
		if m.keys[l.Origin] == nil {
			m.keys[l.Origin] = map[string]ActiveKey{}
			m.ids[l.Origin] = map[string]uint64{}
		}
	}
}

// Append folds the next entry of a log and returns what [Fold] returns.
func (m *Memory) Append(origin string, raw []byte) ([]Folded, error) {
	return m.AppendInput(Input{Origin: origin, Raw: raw})
}

// AppendInput is Append for an input whose signatures may have been checked
// before; index and leaf are filled in.
func (m *Memory) AppendInput(in Input) ([]Folded, error) {
	in.Index, in.Leaf = m.Size(in.Origin), entry.LeafHash(in.Raw)
	all, err := Fold(m, in)
	if err != nil {
		return nil, err
	}
	m.entries[in.Origin] = append(m.entries[in.Origin], kept{in: in})
	for _, f := range all {
		m.apply(f)
	}
	return all, nil
}

func (m *Memory) apply(f Folded) {
	origin := f.Ref.Log
	m.entries[origin][f.Ref.Index].f = f
	if id := f.Header.ID; id != "" {
		if _, used := m.ids[origin][id]; !used {
			m.ids[origin][id] = f.Ref.Index
		}
	}
	for _, c := range f.Keys {
		if c.Revoke {
			delete(m.keys[origin], c.Key.Binding.Name)
		} else {
			m.keys[origin][c.Key.Binding.Name] = c.Key
		}
	}
	for _, l := range f.Unresolved {
		to, from := place{l.To.Log, l.To.Index}, place{origin, f.Ref.Index}
		if !slices.Contains(m.waiting[to], from) {
			m.waiting[to] = append(m.waiting[to], from)
		}
	}
}

// Size returns how many entries of the log have been folded.
func (m *Memory) Size(origin string) uint64 { return uint64(len(m.entries[origin])) }

// Entry returns how the entry at origin#index folded.
func (m *Memory) Entry(origin string, index uint64) (Folded, bool) {
	if index >= m.Size(origin) {
		return Folded{}, false
	}
	return m.entries[origin][index].f, true
}

// Log implements [State].
func (m *Memory) Log(origin string) (LogInfo, bool) {
	l, ok := m.logs[origin]
	return l, ok
}

// Keys implements [State].
func (m *Memory) Keys(origin string) (map[string]ActiveKey, error) { return m.keys[origin], nil }

// Seen implements [State].
func (m *Memory) Seen(origin string, index uint64) (Seen, bool, error) {
	f, ok := m.Entry(origin, index)
	return seenOf(&f), ok, nil
}

// Waiting implements [State].
func (m *Memory) Waiting(origin string, index uint64) ([]Input, error) {
	var out []Input
	for _, p := range m.waiting[place{origin, index}] {
		if k := m.entries[p.origin][p.index]; k.f.Status == Pending {
			out = append(out, k.in)
		}
	}
	return out, nil
}

// HasID implements [State].
func (m *Memory) HasID(origin, id string, below uint64) (bool, error) {
	i, used := m.ids[origin][id]
	return used && i < below, nil
}

// Visible returns the entries that a view of audience a sees, in the order of
// (origin, index).
func (m *Memory) Visible(a entente.Audience) []Folded {
	var out []Folded
	for _, origin := range slices.Sorted(maps.Keys(m.logs)) {
		if m.logs[origin].Audience.Rank() > a.Rank() {
			continue
		}
		for _, k := range m.entries[origin] {
			out = append(out, k.f)
		}
	}
	return out
}

// Lines returns the lines of the state digest of the view, in order.
func (m *Memory) Lines(a entente.Audience) ([]Line, error) {
	visible := m.Visible(a)
	retired, withdrawn := map[entente.Ref]bool{}, map[entente.Ref]bool{}
	for _, f := range visible {
		if f.Status != Admissible {
			continue
		}
		for _, l := range f.Links {
			retired[l.To] = retired[l.To] || l.Kind.Retires()
			withdrawn[l.To] = withdrawn[l.To] || l.Kind == LinkWithdraws
		}
	}
	lines := make([]Line, 0, len(visible))
	for _, f := range visible {
		content, err := f.Content()
		if err != nil {
			return nil, err
		}
		stands := f.Status == Admissible
		lines = append(lines, Line{
			Log: f.Ref.Log, Index: f.Ref.Index, Leaf: f.Ref.Leaf, Status: f.Status, Rule: f.Rule, Content: content,
			Tip: stands && !retired[f.Ref], Withdrawn: stands && withdrawn[f.Ref],
		})
	}
	return lines, nil
}

// Thing names a joint thing.
type Thing struct {
	Type    entente.Type
	Subject string
}

// Joints returns what the view sees of each joint thing.
func (m *Memory) Joints(a entente.Audience) map[Thing]JointState {
	halves := map[Thing][]Half{}
	for _, f := range m.Visible(a) {
		if f.Status == Admissible && f.Joint != nil {
			t := Thing{f.Type, f.Header.Subject}
			halves[t] = append(halves[t], HalfOf(&f))
		}
	}
	states := map[Thing]JointState{}
	for t, h := range halves {
		states[t] = JointInForce(h)
	}
	return states
}

// JointLines returns the joint lines of the state digest of the view, in order.
func (m *Memory) JointLines(a entente.Audience) []JointLine {
	var lines []JointLine
	for t, s := range m.Joints(a) {
		lines = append(lines, JointLine{t.Type, t.Subject, s.InForce, s.Flagged})
	}
	slices.SortFunc(lines, func(x, y JointLine) int {
		return cmp.Or(cmp.Compare(x.Type, y.Type), cmp.Compare(x.Subject, y.Subject))
	})
	return lines
}

// Digest returns the state digest of the view.
func (m *Memory) Digest(a entente.Audience) (entente.Digest, error) {
	lines, err := m.Lines(a)
	if err != nil {
		return entente.Digest{}, err
	}
	d := NewDigester()
	for _, l := range lines {
		if err := d.Add(l); err != nil {
			return entente.Digest{}, err
		}
	}
	for _, l := range m.JointLines(a) {
		if err := d.AddJoint(l); err != nil {
			return entente.Digest{}, err
		}
	}
	return d.Sum(), nil
}

// HalfOf returns the half of a joint thing that an entry holds; f.Joint is set.
func HalfOf(f *Folded) Half {
	return Half{Party: f.Header.Author.Party, Audience: f.Audience, Ref: f.Ref, JointHalf: *f.Joint}
}

// Pinned reads a genesis entry that is to be pinned: it must keep every rule of a
// genesis, its root signature included. It returns its body and its logs.
func Pinned(raw []byte) (*entente.Genesis, []LogInfo, error) {
	p, err := entry.Parse(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	body, err := p.Decode()
	if err != nil {
		return nil, nil, fmt.Errorf("genesis: %w", err)
	}
	g, ok := body.(*entente.Genesis)
	if !ok {
		return nil, nil, fmt.Errorf("a %s entry is no genesis", p.Type)
	}
	var logs []LogInfo
	for _, a := range entente.Audiences {
		if o := g.Origins.Of(a); o != "" {
			logs = append(logs, LogInfo{Origin: o, Writer: g.Writer.Writer(), Audience: a, Genesis: entente.DigestOf(raw)})
		}
	}
	m := NewMemory(logs...)
	for _, l := range logs {
		folded, err := m.Append(l.Origin, raw)
		if err != nil {
			return nil, nil, err
		}
		if f := folded[0]; f.Status != Admissible {
			return nil, nil, fmt.Errorf("genesis: %s: %s", f.Rule, f.Detail)
		}
	}
	return g, logs, nil
}
