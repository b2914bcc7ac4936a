package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"entente"
	"entente/test/world"
)

// testModel is the model of a small report: one figure of each basis.
type testModel struct {
	Shown   []entente.Ref `json:"shown"`
	Figures []Figure      `json:"figures"`
}

func sampleModel(s *world.Sample) testModel {
	in := func(from, to string) []Window {
		return []Window{{Entry: s.Observations, Series: entente.DigestOf(s.SeriesCSV), From: from, To: to}}
	}
	tx := in("2024-07", "2024-08")
	tx[0].Where = map[string]string{"state": "US-TX"}
	return testModel{
		Shown: []entente.Ref{s.Charter, s.Arms2, s.ArmsUS, s.Action, s.Claim, s.Citation},
		Figures: []Figure{
			{ID: "weight", Value: "1250.5", Unit: "kg", Basis: Stated, Entries: []entente.Ref{s.Action}, At: "/quantities/0/value"},
			{ID: "commitments", Value: "2", Basis: Counted, Entries: []entente.Ref{s.Arms2, s.ArmsUS}},
			{ID: "none", Value: "0", Basis: Counted},
			{ID: "before", Value: "150", Basis: Summed, Windows: in("2024-07", "2024-07")},
			{ID: "after", Value: "15", Basis: Summed, Windows: in("2025-07", "2025-07")},
			{ID: "change", Value: "-90.0", Basis: Changed, Of: []string{"before", "after"}, Decimals: 1},
			{ID: "tx", Value: "180", Basis: Summed, Windows: tx},
			{ID: "pounds", Value: "330.69", Unit: "lb", Basis: Summed, Windows: in("2024-07", "2024-07"), Times: "1/0.45359237", Decimals: 2},
			{ID: "daily", Value: "4.8", Basis: Summed, Windows: in("2024-07", "2024-07"), Per: 31, Decimals: 1},
		},
	}
}

// sampleInput is a bundle of the sample at a frontier older than the checkpoints.
func sampleInput(t testing.TB, s *world.Sample, m testModel) Input {
	t.Helper()
	model, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	in := Input{
		Demo: true, Model: model, Series: [][]byte{s.SeriesCSV},
		Pages: map[string][]byte{"es.html": []byte("<html lang=es></html>"), "en.html": []byte("<html lang=en></html>"), "es.pdf": []byte("%PDF-")},
	}
	sizes := map[string]uint64{}
	for _, l := range s.Logs {
		sizes[l.Origin] = uint64(len(l.Raws))
	}
	s.Add(s.MX, entente.Public, "SRE", entente.TypeNotice, "later", entente.Notice{Code: "N-9", Title: entente.Text{ES: "Después"}, Text: entente.Text{ES: "Después del corte."}})
	later := s.Add(s.MX, entente.Public, "SRE", entente.TypeKey, "key-later", entente.Key{Action: "revoke", Key: s.MX.Agency("SSPC").Binding})
	for _, l := range s.Logs {
		if l.Audience != entente.Public {
			continue
		}
		cosigner := s.US
		if l.Writer == s.US {
			cosigner = s.MX
		}
		checkpoint, err := l.Checkpoint(cosigner)
		if err != nil {
			t.Fatal(err)
		}
		size := sizes[l.Origin]
		entries := map[uint64][]byte{}
		for i := range size { // all: what an entry refers to comes with it
			entries[i] = l.Raws[i]
		}
		if l.Origin == later.Log {
			entries[later.Index] = l.Raws[later.Index]
		}
		in.Logs = append(in.Logs, Log{Origin: l.Origin, Size: size, Root: l.Head(size).Root, Checkpoint: checkpoint, Entries: entries, Hashes: l})
	}
	return in
}

func sample(t testing.TB) (*world.Sample, Input) {
	t.Helper()
	s := world.NewSample(world.New(t, entente.DigestOf([]byte("policy"))))
	return s, sampleInput(t, s, sampleModel(s))
}

func pins(s *world.Sample) map[string]entente.Digest {
	return map[string]entente.Digest{
		"MX": entente.DigestOf(s.MX.GenesisRaw), "US": entente.DigestOf(s.US.GenesisRaw), "portal": entente.DigestOf(s.Portal.GenesisRaw),
	}
}

func mustMake(t testing.TB, in Input) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Make(&b, in); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func verify(b []byte, o Options) (*Findings, error) {
	return Verify(bytes.NewReader(b), int64(len(b)), o)
}

// failed returns the findings that failed, for messages.
func failed(f *Findings) string {
	var b strings.Builder
	for _, one := range f.List {
		if one.Outcome == Failed {
			fmt.Fprintf(&b, "\n%s %s: %s", one.Check, one.About, one.Text.EN)
		}
	}
	return b.String()
}

func TestABundleVerifies(t *testing.T) {
	s, in := sample(t)
	raw := mustMake(t, in)
	f, err := verify(raw, Options{Pins: pins(s), Render: func(model []byte, raw func(entente.Ref) ([]byte, bool), series func(entente.Digest) ([]byte, bool)) (map[string][]byte, error) {
		if _, ok := raw(s.Action); !ok {
			t.Error("the renderer cannot read an included entry")
		}
		if _, ok := series(entente.DigestOf(s.SeriesCSV)); !ok {
			t.Error("the renderer cannot read an included series")
		}
		return map[string][]byte{"es.html": in.Pages["es.html"], "en.html": in.Pages["en.html"]}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !f.OK() {
		t.Fatalf("failed:%s", failed(f))
	}
	if f.Demonstration == nil || f.Figures != 9 || len(f.Frontier) != 3 {
		t.Errorf("demonstration %v, %d figures, %d logs", f.Demonstration, f.Figures, len(f.Frontier))
	}
	got := map[Check]map[Outcome]int{}
	for _, one := range f.List {
		if one.Text.ES == "" || one.Text.EN == "" || one.Text.ES == one.Text.EN {
			t.Errorf("%s is not in both languages: %+v", one.Check, one.Text)
		}
		if got[one.Check] == nil {
			got[one.Check] = map[Outcome]int{}
		}
		got[one.Check][one.Outcome]++
	}
	want := map[Check]map[Outcome]int{
		CheckFiles: {Passed: 1}, CheckGenesis: {Passed: 3}, CheckCheckpoint: {Passed: 6},
		CheckCosignature: {Passed: 3, NotChecked: 3}, CheckConsistency: {Passed: 3}, CheckInclusion: {Passed: 3},
		CheckEntries: {Passed: 3}, CheckModel: {Passed: 1}, CheckFigures: {Passed: 1},
		CheckPages: {Passed: 2, NotChecked: 1}, CheckScope: {NotChecked: 1},
	}
	for check, outcomes := range want {
		if !maps.Equal(outcomes, got[check]) {
			t.Errorf("%s: %v, want %v", check, got[check], outcomes)
		}
	}
}

func TestMakingIsDeterministic(t *testing.T) {
	_, in := sample(t)
	first := mustMake(t, in)
	slices.Reverse(in.Logs)
	if !bytes.Equal(first, mustMake(t, in)) {
		t.Error("two bundles of one input differ")
	}
}

// TestEveryByteCounts flips bytes in every file and in what lies between them.
func TestEveryByteCounts(t *testing.T) {
	_, in := sample(t)
	raw := mustMake(t, in)
	files, err := unpack(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	tampered := func(at int, bit byte) {
		t.Helper()
		raw[at] ^= bit
		defer func() { raw[at] ^= bit }()
		if f, err := verify(raw, Options{}); err == nil && f.OK() {
			t.Errorf("byte %d changed and the bundle still verifies", at)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for name, content := range files {
		start := bytes.Index(raw, append([]byte(name), content...))
		if start < 0 {
			t.Fatalf("%s is not stored as it is", name)
		}
		for _, at := range []int{start, start + len(name), start + len(name) + len(content) - 1, start - 30, start - 16, start - 12} {
			tampered(at, 1)
		}
	}
	for at := len(raw) - 22; at < len(raw); at++ { // the end of the directory
		tampered(at, 1)
	}
	for range 400 {
		tampered(random.IntN(len(raw)), 1<<random.IntN(8))
	}
	for _, changed := range [][]byte{append(bytes.Clone(raw), 0), append([]byte{0}, raw...), raw[:len(raw)-1], {}} {
		if f, err := verify(changed, Options{}); err == nil && f.OK() {
			t.Errorf("a bundle of %d bytes instead of %d verifies", len(changed), len(raw))
		}
	}
}

// TestForgeriesAreCaught changes files and makes a new manifest for them, as
// somebody who knows the format would.
func TestForgeriesAreCaught(t *testing.T) {
	s, in := sample(t)
	raw := mustMake(t, in)
	public := s.MX.Base + "/public"
	model := func(change func(m *testModel)) func(map[string][]byte) {
		return func(files map[string][]byte) {
			m := sampleModel(s)
			change(&m)
			files[modelFile], _ = json.Marshal(m)
		}
	}
	cases := []struct {
		name   string
		change func(files map[string][]byte)
		check  Check
	}{
		{"a word in an entry", func(f map[string][]byte) {
			name := entryFile(public, s.Action.Index)
			f[name] = bytes.Replace(f[name], []byte("1250.5"), []byte("9250.5"), 1)
		}, CheckEntries},
		{"an entry left out", func(f map[string][]byte) { delete(f, entryFile(public, s.Action.Index)) }, CheckModel},
		{"two entries exchanged", func(f map[string][]byte) {
			a, b := entryFile(public, s.Action.Index), entryFile(public, s.Arms.Index)
			f[a], f[b] = f[b], f[a]
		}, CheckInclusion},
		{"a figure", model(func(m *testModel) { m.Figures[0].Value = "9250.5" }), CheckFigures},
		{"a count", model(func(m *testModel) { m.Figures[1].Value = "3" }), CheckFigures},
		{"a sum", model(func(m *testModel) { m.Figures[3].Value = "151" }), CheckFigures},
		{"a change", model(func(m *testModel) { m.Figures[5].Value = "-93" }), CheckFigures},
		{"a basis unknown", model(func(m *testModel) { m.Figures[0].Basis = "felt" }), CheckFigures},
		{"a reference", model(func(m *testModel) { m.Shown[0].Leaf[0] ^= 1 }), CheckModel},
		{"a reference beyond the frontier", model(func(m *testModel) { m.Shown[0].Index = 1 << 40 }), CheckModel},
		{"the series", func(f map[string][]byte) {
			for name, content := range f {
				if strings.HasPrefix(name, "series/") {
					f[name] = bytes.Replace(content, []byte("100"), []byte("900"), 1)
				}
			}
		}, CheckFigures},
		{"the frontier's root", func(f map[string][]byte) {
			var front frontier
			_ = json.Unmarshal(f[frontierFile], &front)
			front.Logs[0].Root[0] ^= 1
			f[frontierFile], _ = encodeJSON(front)
		}, CheckConsistency},
		{"the checkpoint's size", func(f map[string][]byte) {
			l := s.Log(s.MX, entente.Public)
			n := fmt.Sprintf("\n%d\n", len(l.Raws))
			f[checkpointFile(public)] = bytes.Replace(f[checkpointFile(public)], []byte(n), []byte("\n9999\n"), 1)
		}, CheckCheckpoint},
		{"the log's own signature taken off", func(f map[string][]byte) {
			lines := bytes.SplitAfter(f[checkpointFile(public)], []byte("\n"))
			f[checkpointFile(public)] = bytes.Join(append(lines[:4:4], lines[5:]...), nil)
		}, CheckCheckpoint},
		{"the demonstration label", func(f map[string][]byte) { delete(f, "demo") }, ""},
		{"a stray file", func(f map[string][]byte) { f["report/extra.html"] = []byte("x") }, CheckFiles},
		{"the guide", func(f map[string][]byte) { f[readmeFile] = append(f[readmeFile], '!') }, CheckFiles},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			files, err := unpack(bytes.NewReader(raw), int64(len(raw)))
			if err != nil {
				t.Fatal(err)
			}
			demo := &demonstration
			if c.check == "" {
				demo, c.check = nil, CheckGenesis
				files[readmeFile] = readme(OfReport, nil)
			}
			c.change(files)
			delete(files, manifestFile)
			files[manifestFile], _ = encodeJSON(manifestOf(OfReport, demo, files))
			var b bytes.Buffer
			if err := pack(&b, files); err != nil {
				t.Fatal(err)
			}
			f, err := verify(b.Bytes(), Options{Pins: pins(s)})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(f.List, func(one Finding) bool { return one.Check == c.check && one.Outcome == Failed }) {
				t.Errorf("%s did not fail; failed:%s", c.check, failed(f))
			}
		})
	}
}

func TestAnotherGenesisIsCaught(t *testing.T) {
	s, in := sample(t)
	wrong := pins(s)
	wrong["MX"] = entente.DigestOf([]byte("another"))
	f, err := verify(mustMake(t, in), Options{Pins: wrong})
	if err != nil || f.OK() {
		t.Errorf("a bundle of another genesis than the pinned one verifies (%v)", err)
	}
}

func TestAPageThatTheModelDoesNotGiveIsCaught(t *testing.T) {
	_, in := sample(t)
	f, err := verify(mustMake(t, in), Options{Render: func([]byte, func(entente.Ref) ([]byte, bool), func(entente.Digest) ([]byte, bool)) (map[string][]byte, error) {
		return map[string][]byte{"es.html": []byte("otra"), "en.html": in.Pages["en.html"]}, nil
	}})
	if err != nil || f.OK() || !strings.Contains(failed(f), "report/es.html") {
		t.Errorf("err %v, failed:%s", err, failed(f))
	}
}

func TestARevokedKeyIsCaught(t *testing.T) {
	s := world.NewSample(world.New(t, entente.DigestOf([]byte("policy"))))
	old := s.MX.Agency("SRE").Binding
	s.Add(s.MX, entente.Public, "SRE", entente.TypeKey, "key", entente.Key{Action: "revoke", Key: old})
	late := s.Add(s.MX, entente.Public, "SRE", entente.TypeNotice, "late", entente.Notice{Code: "N-2", Title: entente.Text{ES: "Tarde"}, Text: entente.Text{ES: "Tarde."}})
	m := sampleModel(s)
	m.Shown = append(m.Shown, late)
	f, err := verify(mustMake(t, sampleInput(t, s, m)), Options{})
	if err != nil || f.OK() || !strings.Contains(failed(f), late.String()) {
		t.Errorf("err %v, failed:%s", err, failed(f))
	}
}

func TestWhatCannotBeMadeSaysWhy(t *testing.T) {
	_, in := sample(t)
	cases := map[string]func(in *Input){
		"genesis entry is missing": func(in *Input) { in.Logs[0].Entries = map[uint64][]byte{} },
		"a checkpoint of it":       func(in *Input) { in.Logs[0].Size = 1 << 30 },
		"there twice":              func(in *Input) { in.Logs = append(in.Logs, in.Logs[0]) },
		"a page is one of":         func(in *Input) { in.Pages = map[string][]byte{"index.html": nil} },
		"cannot name a file":       func(in *Input) { in.Logs[0].Origin = "../etc" },
	}
	for want, change := range cases {
		bad := in
		bad.Logs = slices.Clone(in.Logs)
		change(&bad)
		if want == "cannot name a file" {
			l := in.Logs[0].Hashes.(*world.Log)
			defer func(was string) { l.Origin = was }(l.Origin)
			l.Origin = bad.Logs[0].Origin
			bad.Logs[0].Checkpoint, _ = l.Checkpoint()
		}
		if err := Make(new(bytes.Buffer), bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestWhatIsNoBundle(t *testing.T) {
	for _, raw := range [][]byte{nil, []byte("PK"), []byte("<html>404</html>"), bytes.Repeat([]byte("PK\x05\x06"), 100)} {
		if _, err := verify(raw, Options{}); !errors.Is(err, ErrNotBundle) {
			t.Errorf("%.20q: %v", raw, err)
		}
	}
	var b bytes.Buffer
	if err := pack(&b, map[string][]byte{"x": nil}); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(b.Bytes(), Options{}); !errors.Is(err, ErrNotBundle) {
		t.Errorf("an archive without a manifest: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	s := world.New(f, entente.Digest{})
	in := Input{Demo: true, Model: []byte(`{"figures":[]}`)}
	l := s.Log(s.Portal, entente.Public)
	checkpoint, err := l.Checkpoint()
	if err != nil {
		f.Fatal(err)
	}
	in.Logs = []Log{{Origin: l.Origin, Size: 1, Root: l.Head(1).Root, Checkpoint: checkpoint, Entries: map[uint64][]byte{0: l.Raws[0]}, Hashes: l}}
	raw := mustMake(f, in)
	files, err := unpack(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		f.Fatal(err)
	}
	for name, content := range files {
		f.Add(name, content)
	}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		changed := maps.Clone(files)
		changed[name] = content
		delete(changed, manifestFile)
		changed[manifestFile], _ = encodeJSON(manifestOf(OfReport, &demonstration, changed))
		var b bytes.Buffer
		if pack(&b, changed) != nil {
			return
		}
		if _, err := verify(b.Bytes(), Options{}); err != nil {
			t.Errorf("a canonical archive with a manifest is a bundle, good or bad: %v", err)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	var b bytes.Buffer
	if err := pack(&b, map[string][]byte{manifestFile: []byte("{}"), "a/b": []byte("content")}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		files, err := unpack(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := pack(&again, files); err != nil || !bytes.Equal(again.Bytes(), raw) {
			t.Errorf("two archives of the same files (%v)", err)
		}
	})
}
