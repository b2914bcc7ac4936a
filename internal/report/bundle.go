package report

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"entente"
	"entente/internal/bundle"
	"entente/internal/entry"
	"entente/internal/store"
)

// cited returns the raw entries that the model names.
func (r *Reporter) cited(ctx context.Context, v *store.View, m *Made) (map[entente.Ref][]byte, error) {
	raw, err := encodeModel(m.Model)
	if err != nil {
		return nil, err
	}
	m.json = raw
	out := map[entente.Ref][]byte{}
	for _, ref := range refsIn(raw) {
		if out[ref], err = v.Entry(ctx, ref.Log, ref.Index); err != nil {
			return nil, fmt.Errorf("entry %s: %w", ref, err)
		}
	}
	return out, nil
}

func encodeModel(m *Model) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(m)
	return b.Bytes(), err
}

// refsIn returns the references to entries in a JSON text, each once, in order.
func refsIn(raw []byte) []entente.Ref {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	seen := map[entente.Ref]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			if ref, ok := asRef(v); ok {
				seen[ref] = true
				return
			}
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(v)
	out := make([]entente.Ref, 0, len(seen))
	for ref := range seen {
		out = append(out, ref)
	}
	slices.SortFunc(out, compareRefs)
	return out
}

func asRef(v map[string]any) (entente.Ref, bool) {
	log, ok1 := v["log"].(string)
	index, ok2 := v["index"].(json.Number)
	leaf, ok3 := v["leaf"].(string)
	if !ok1 || !ok2 || !ok3 || len(v) != 3 {
		return entente.Ref{}, false
	}
	n, err := strconv.ParseUint(index.String(), 10, 64)
	if err != nil {
		return entente.Ref{}, false
	}
	d, err := entente.ParseDigest(leaf)
	return entente.Ref{Log: log, Index: n, Leaf: d}, err == nil
}

// Bundle returns the verification bundle of a report: report.zip. It holds PDFs
// where a browser is there to print them. What it makes, it has verified.
func (r *Reporter) Bundle(ctx context.Context, m *Made) ([]byte, error) {
	in := bundle.Input{Demo: m.Model.Demo, Model: m.json, Pages: map[string][]byte{}}
	for lang, page := range m.HTML {
		in.Pages[lang+".html"] = page
		pdf, err := r.PDF(ctx, m, lang)
		if err != nil && !errors.Is(err, ErrNoChromium) {
			return nil, err
		}
		if err == nil {
			in.Pages[lang+".pdf"] = pdf
		}
	}
	for _, csv := range m.series {
		in.Series = append(in.Series, csv)
	}
	slices.SortFunc(in.Series, bytes.Compare)
	logs, err := r.gather(ctx, r.o.Store.View(entente.Public), m.Frontier, maps.Keys(m.entries))
	if err != nil {
		return nil, err
	}
	in.Logs = logs
	return sealBundle(in, bundle.Options{Render: Render})
}

// gather returns, for each log of the frontier, the entries named, what they refer
// to in turn, and the log's genesis and key entries.
func (r *Reporter) gather(ctx context.Context, v *store.View, frontier store.Frontier, named iter.Seq[entente.Ref]) ([]bundle.Log, error) {
	logs := map[string]*bundle.Log{}
	for origin, head := range frontier {
		l, err := r.o.Store.Log(ctx, origin)
		if err != nil {
			return nil, err
		}
		logs[origin] = &bundle.Log{
			Origin: origin, Size: head.Size, Root: head.Root, Checkpoint: l.Checkpoint, Entries: map[uint64][]byte{}, Hashes: r.o.Store.HashReader(origin),
		}
		if err := r.keyEntries(ctx, v, logs[origin], l.CheckpointSize); err != nil {
			return nil, err
		}
	}
	var add func(ref entente.Ref) error
	add = func(ref entente.Ref) error {
		l := logs[ref.Log]
		if l == nil || ref.Index >= l.Size || l.Entries[ref.Index] != nil {
			return nil // in no log of the view, or there already
		}
		raw, err := r.o.Store.Entry(ctx, ref.Log, ref.Index)
		if err != nil {
			return err
		}
		l.Entries[ref.Index] = raw
		for _, next := range refersTo(raw) {
			if err := add(next); err != nil {
				return err
			}
		}
		return nil
	}
	for ref := range named {
		if err := add(ref); err != nil {
			return nil, err
		}
	}
	out := make([]bundle.Log, 0, len(logs))
	for _, l := range logs {
		out = append(out, *l)
	}
	return out, nil
}

// keyEntries adds the genesis and all key entries of a log up to a size.
func (r *Reporter) keyEntries(ctx context.Context, v *store.View, l *bundle.Log, size uint64) error {
	q := store.Query{Types: []entente.Type{entente.TypeGenesis, entente.TypeKey}, Order: store.ByOrder, Limit: 1000, Versions: true}
	for {
		page, err := store.List[json.RawMessage](ctx, v, q)
		if err != nil {
			return err
		}
		for i := range page.Items {
			ref := page.Items[i].Ref
			if ref.Log != l.Origin || ref.Index >= max(size, l.Size) {
				continue
			}
			if l.Entries[ref.Index], err = r.o.Store.Entry(ctx, ref.Log, ref.Index); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}

// refersTo returns the entries that an entry names in header or body.
func refersTo(raw []byte) []entente.Ref {
	p, err := entry.Parse(raw)
	if err != nil {
		return nil
	}
	return append(refsIn(p.Header.Body), p.Header.Supersedes...)
}
