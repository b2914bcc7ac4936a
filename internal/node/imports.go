package node

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"entente"
	"entente/internal/entry"
	"entente/internal/series"
	"entente/internal/store"
	"entente/internal/tabular"
)

// ImportRequest says which file is imported, and for what.
type ImportRequest struct {
	// Dataset describes the file; File and Rows are filled in by the import.
	Dataset entente.Dataset
	// Family names the recipes to use; when it is empty they are found by the
	// file's columns.
	Family string
	// Indicators are the subjects of the indicators to compute; nil means all in
	// force that have a recipe of the family.
	Indicators []string
	Audience   entente.Audience
	Agency     string
	By, Second *Officer
	// Progress is told the bytes read so far.
	Progress func(bytes int64)
}

// IndicatorPreview is what an import would change of one indicator.
type IndicatorPreview struct {
	Indicator                        string // subject
	Title                            entente.Text
	Definition, Recipe               entente.Digest
	Columns                          []tabular.Column
	Rows, Used, Filtered, Unreadable int
	Preview                          tabular.Preview
	Coverage                         series.Window
	Count                            int            // of observations
	Digest                           entente.Digest // of the series

	series *series.Series
}

// ImportPreview is a dry run of an import.
type ImportPreview struct {
	File       entente.Blob
	Family     string
	Rows       int
	Indicators []IndicatorPreview
}

// Imported is what an import appended.
type Imported struct {
	Preview      *ImportPreview
	Dataset      Appended
	Observations []Appended // in the order of Preview.Indicators
}

// Preview reads a file and says what importing it would change. Nothing is kept.
// A file that is not what it claims to be is one clear [*Refusal].
func (f *Figures) Preview(ctx context.Context, name string, file io.Reader, r ImportRequest) (*ImportPreview, error) {
	spooled, err := f.spool(name, file)
	if err != nil {
		return nil, err
	}
	defer spooled.drop()
	return f.preview(ctx, spooled, r)
}

// Import keeps the file whole, appends its dataset entry and, for every indicator,
// an observations entry. Importing the same file for the same dataset again adds
// only what is missing.
func (f *Figures) Import(ctx context.Context, name string, file io.Reader, r ImportRequest) (*Imported, error) {
	spooled, err := f.spool(name, file)
	if err != nil {
		return nil, err
	}
	defer spooled.drop()
	p, err := f.preview(ctx, spooled, r)
	if err != nil {
		return nil, err
	}
	if err := f.put(ctx, spooled); err != nil {
		return nil, err
	}
	done := &Imported{Preview: p}
	if done.Dataset, err = f.appendDataset(ctx, p, r); err != nil {
		return nil, err
	}
	done.Observations, err = f.appendObservations(ctx, p, done.Dataset.Ref, r)
	return done, err
}

// spooled is a file on its way in: whole, hashed, and not yet kept.
type spooled struct {
	blob entente.Blob
	file *os.File
}

func (s *spooled) drop() {
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}

func (f *Figures) spool(name string, r io.Reader) (*spooled, error) {
	tmp, err := os.CreateTemp(f.n.dir, ".import-*")
	if err != nil {
		return nil, err
	}
	s := &spooled{file: tmp}
	h := sha256.New()
	size, err := io.Copy(io.MultiWriter(tmp, h), io.LimitReader(r, MaxDataset+1))
	if err == nil && size > MaxDataset {
		err = refused("figures.file_large").with("the file has more than %d bytes", MaxDataset)
	}
	if err != nil {
		s.drop()
		return nil, err
	}
	s.blob = entente.Blob{Digest: entente.Digest(h.Sum(nil)), Size: size, Name: filepath.Base(name), Media: mediaOf(name)}
	return s, nil
}

// mediaOf is the media type of a file of figures by its name.
func mediaOf(name string) string {
	switch ext := strings.ToLower(filepath.Ext(name)); ext {
	case ".csv":
		return "text/csv"
	case ".xlsx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	default:
		if m := mime.TypeByExtension(ext); m != "" {
			return m
		}
	}
	return "application/octet-stream"
}

// put keeps a spooled file.
func (f *Figures) put(ctx context.Context, s *spooled) error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	got, _, err := f.n.blobs.Put(ctx, s.file)
	if err == nil && got != s.blob.Digest {
		err = fmt.Errorf("the file changed while it was read: %s, then %s", s.blob.Digest, got)
	}
	return err
}

// use is an indicator with the recipe of it that an import applies.
type use struct {
	sheet  *Sheet
	recipe *series.Recipe
}

func (f *Figures) preview(ctx context.Context, s *spooled, r ImportRequest) (*ImportPreview, error) {
	families, err := f.families(ctx, r)
	if err != nil {
		return nil, err
	}
	family, results, err := f.read(s, families, r)
	if err != nil {
		return nil, err
	}
	p := &ImportPreview{File: s.blob, Family: family}
	for i, u := range families[family] {
		one, err := previewOne(u, results[i])
		if err != nil {
			return nil, err
		}
		p.Rows = one.Rows
		p.Indicators = append(p.Indicators, one)
	}
	return p, nil
}

// families returns the indicators that an import may compute, by the family of
// their recipes.
func (f *Figures) families(ctx context.Context, r ImportRequest) (map[string][]use, error) {
	things, err := store.Joints[entente.Indicator](ctx, f.n.View(f.n.Audience()), entente.TypeIndicator, store.Query{})
	if err != nil {
		return nil, err
	}
	families := map[string][]use{}
	for _, t := range things {
		if t.InForce == nil || r.Indicators != nil && !slices.Contains(r.Indicators, t.Subject) {
			continue
		}
		if p := f.n.self.Writer.Party; t.InForce.Body.Party != p {
			continue // whose figures they are, reports them
		}
		sheet, err := f.held(ctx, sheetKey{f.n.Audience(), t.Subject, ""})
		if err != nil {
			return nil, err
		}
		for i := range sheet.Recipes {
			if recipe := &sheet.Recipes[i]; r.Family == "" || recipe.Family == r.Family {
				families[recipe.Family] = append(families[recipe.Family], use{sheet, recipe})
			}
		}
	}
	if len(families) == 0 {
		return nil, refused("figures.recipe").with("no indicator of %s in force has a recipe for family %q", f.n.self.Writer.Party, r.Family)
	}
	return families, nil
}

// read applies the recipes of the one family that fits the file.
func (f *Figures) read(s *spooled, families map[string][]use, r ImportRequest) (string, []tabular.Result, error) {
	var names []string
	for name := range families {
		names = append(names, name)
	}
	slices.Sort(names)
	var fits string
	var found []tabular.Result
	var failed error
	for _, name := range names {
		var recipes []*series.Recipe
		for _, u := range families[name] {
			recipes = append(recipes, u.recipe)
		}
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return "", nil, err
		}
		results, err := tabular.ImportAll(s.file, recipes, tabular.Options{MaxBytes: MaxDataset, Progress: r.Progress})
		if err != nil {
			failed = better(failed, err)
			continue
		}
		if found != nil {
			return "", nil, refused("figures.recipe").with("the file fits the families %s and %s: say which is meant", fits, name)
		}
		fits, found = name, results
	}
	if found == nil {
		return "", nil, unreadable(failed)
	}
	return fits, found, nil
}

// unreadable is the refusal of a file that no recipe reads: by its own rule where
// the reason is known, so that it is said in both languages.
func unreadable(why error) *Refusal {
	code := "figures.file"
	var columns *series.MissingColumnsError
	switch {
	case errors.As(why, &columns):
		code = "figures.file_columns"
	case errors.Is(why, tabular.ErrHTML):
		return refused("figures.file_page").ref() // the rule says all that is known
	case errors.Is(why, tabular.ErrEmpty):
		code = "figures.file_empty"
	case errors.Is(why, tabular.ErrTruncated):
		code = "figures.file_cut"
	case errors.Is(why, tabular.ErrEncoding):
		code = "figures.file_encoding"
	case errors.Is(why, tabular.ErrSheet):
		code = "figures.file_sheet"
	case errors.Is(why, tabular.ErrTooLarge):
		code = "figures.file_large"
	}
	return refused(code).with("%s", why)
}

// better keeps the error that says most of a file: that it is no table at all, and
// of the families whose columns it lacks the one that lacks fewest.
func better(a, b error) error {
	var x, y *series.MissingColumnsError
	switch {
	case a == nil:
		return b
	case !errors.As(a, &x):
		return a
	case !errors.As(b, &y):
		return b
	case len(y.Missing) < len(x.Missing):
		return b
	}
	return a
}

func previewOne(u use, res tabular.Result) (IndicatorPreview, error) {
	p := IndicatorPreview{
		Indicator: u.sheet.Subject, Title: u.sheet.Body.Title, Definition: u.sheet.Digest, Columns: res.Columns,
		Rows: res.Rows, Used: res.Used, Filtered: res.Filtered, Unreadable: res.Unreadable,
		Coverage: res.Series.Coverage(), Count: len(res.Series.Obs), Digest: res.Series.Digest(), series: res.Series,
	}
	var err error
	if p.Recipe, err = u.recipe.Digest(); err != nil {
		return p, err
	}
	var old *series.Series
	if u.sheet.View != nil {
		old = u.sheet.View.Series
	}
	p.Preview, err = tabular.Compare(old, res)
	return p, err
}

// dataset is the body of the file's entry.
func (p *ImportPreview) dataset(r ImportRequest) *entente.Dataset {
	d := r.Dataset
	d.File, d.Rows = p.File, p.Rows
	return &d
}

func (f *Figures) appendDataset(ctx context.Context, p *ImportPreview, r ImportRequest) (Appended, error) {
	subject := strings.ToLower(r.Dataset.Code)
	had, err := store.Get[entente.Dataset](ctx, f.n.View(r.Audience), entente.TypeDataset, f.n.self.Writer.Writer(), subject)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Appended{}, err
	}
	if err == nil && had.Current != nil && had.Current.Body.File.Digest == p.File.Digest && !had.Withdrawn {
		return Appended{Ref: had.Current.Ref, Existing: true}, nil
	}
	return f.n.Append(ctx, Intent{
		Type: entente.TypeDataset, Subject: subject, Agency: r.Agency, Audience: r.Audience, Body: p.dataset(r), By: r.By, Second: r.Second,
	})
}

// observationsOf is the body of one indicator's entry.
func (p *IndicatorPreview) observationsOf(dataset entente.Ref) *entente.Observations {
	return &entente.Observations{
		Indicator: p.Indicator, Definition: p.Definition, Dataset: dataset, Recipe: p.Recipe, Series: p.Digest, Count: p.Count,
		From: p.Coverage.From.String(), To: p.Coverage.To.String(),
		New: p.Preview.New, Revised: p.Preview.Revised, Unchanged: p.Preview.Unchanged, Unreadable: p.Unreadable,
	}
}

// observationsSubject names the observations of an indicator from a dataset.
func observationsSubject(indicator, dataset string) string {
	s := indicator + "." + dataset
	if !entente.ValidSubject(s) {
		s = entente.DigestOf([]byte(s)).String()[:48]
	}
	return s
}

func (f *Figures) appendObservations(ctx context.Context, p *ImportPreview, dataset entente.Ref, r ImportRequest) ([]Appended, error) {
	name := strings.ToLower(r.Dataset.Code)
	done := make([]Appended, len(p.Indicators))
	var intents []Intent
	var places []int
	for i := range p.Indicators {
		one := &p.Indicators[i]
		subject := observationsSubject(one.Indicator, name)
		had, err := store.Get[entente.Observations](ctx, f.n.View(r.Audience), entente.TypeObservations, f.n.self.Writer.Writer(), subject)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if err == nil && had.Current != nil && !had.Withdrawn && had.Current.Body.Dataset == dataset && had.Current.Body.Series == one.Digest {
			done[i] = Appended{Ref: had.Current.Ref, Existing: true}
			continue
		}
		places = append(places, i)
		intents = append(intents, Intent{
			Type: entente.TypeObservations, Subject: subject, Agency: r.Agency, Audience: r.Audience,
			Body: one.observationsOf(dataset), By: r.By, Second: r.Second,
		})
	}
	// What this node computed for the entry need not be computed again.
	for i := range p.Indicators {
		one := &p.Indicators[i]
		d := one.Digest
		if err := f.settle(ctx, one.observationsOf(dataset), verdict{State: store.FigureEqual, Computed: &d}, one.series); err != nil {
			return nil, err
		}
	}
	if len(intents) == 0 {
		return done, nil
	}
	all, err := f.n.AppendAll(ctx, intents...)
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		done[place] = all[i]
	}
	return done, nil
}

// DraftDataset keeps a file and drafts its dataset entry, for a second officer to
// approve. The observations are drafted once the dataset is in its log, since they
// refer to it: see [Figures.DraftObservations].
func (f *Figures) DraftDataset(ctx context.Context, name string, file io.Reader, r ImportRequest, author store.User) (store.WorkDraft, *ImportPreview, error) {
	spooled, err := f.spool(name, file)
	if err != nil {
		return store.WorkDraft{}, nil, err
	}
	defer spooled.drop()
	p, err := f.preview(ctx, spooled, r)
	if err != nil {
		return store.WorkDraft{}, nil, err
	}
	if err := f.put(ctx, spooled); err != nil {
		return store.WorkDraft{}, nil, err
	}
	d, err := f.draft(ctx, entente.TypeDataset, strings.ToLower(r.Dataset.Code), p.dataset(r), r, author)
	return d, p, err
}

// DraftObservations drafts the observations of a dataset that is in a log: one
// draft for each indicator.
func (f *Figures) DraftObservations(ctx context.Context, dataset entente.Ref, r ImportRequest, author store.User) ([]store.WorkDraft, *ImportPreview, error) {
	v, err := store.ByRef[entente.Dataset](ctx, f.n.View(f.n.Audience()), dataset.Log, dataset.Index)
	if err != nil {
		return nil, nil, err
	}
	if v.Body == nil || v.Writer != f.n.self.Writer.Writer() {
		return nil, nil, refused("node.not_own").with("%s", dataset)
	}
	content, _, err := f.n.blobs.Get(ctx, v.Body.File.Digest)
	if err != nil {
		return nil, nil, err
	}
	defer content.Close()
	spooled, err := f.spool(v.Body.File.Name, content)
	if err != nil {
		return nil, nil, err
	}
	defer spooled.drop()
	r.Dataset, r.Audience = *v.Body, v.Audience
	p, err := f.preview(ctx, spooled, r)
	if err != nil {
		return nil, nil, err
	}
	var drafts []store.WorkDraft
	for i := range p.Indicators {
		one := &p.Indicators[i]
		d, err := f.draft(ctx, entente.TypeObservations, observationsSubject(one.Indicator, v.Subject), one.observationsOf(dataset), r, author)
		if err != nil {
			return nil, nil, err
		}
		drafts = append(drafts, d)
	}
	return drafts, p, nil
}

func (f *Figures) draft(ctx context.Context, t entente.Type, subject string, body any, r ImportRequest, author store.User) (store.WorkDraft, error) {
	raw, err := entry.Body(body)
	if err != nil {
		return store.WorkDraft{}, err
	}
	return f.n.SaveDraft(ctx, store.WorkDraft{
		Type: t, Subject: subject, Audience: r.Audience, Body: raw, Author: author.ID, Agency: r.Agency,
	})
}
