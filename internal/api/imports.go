package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/tabular"
)

// Importer reads published files of figures (node.Figures).
type Importer interface {
	Preview(ctx context.Context, name string, file io.Reader, r node.ImportRequest) (*node.ImportPreview, error)
	Import(ctx context.Context, name string, file io.Reader, r node.ImportRequest) (*node.Imported, error)
}

// ImportMeta is the part "import" of an import: what the file is.
type ImportMeta struct {
	Dataset    entente.Dataset  `json:"dataset"`
	Family     string           `json:"family,omitempty"`
	Indicators []string         `json:"indicators,omitempty"`
	Audience   entente.Audience `json:"audience" enum:"national,shared,public"`
	Agency     string           `json:"agency,omitempty"`
}

// ImportAnswer says what an import changes, or changed.
type ImportAnswer struct {
	Notice
	File       entente.Blob          `json:"file"`
	Family     string                `json:"family"`
	Rows       int                   `json:"rows"`
	Indicators []ImportIndicatorItem `json:"indicators"`
	// Dataset and Observations are the entries appended; nothing in a preview.
	Dataset      *entente.Ref  `json:"dataset,omitempty"`
	Observations []entente.Ref `json:"observations,omitempty"`
}

// ImportIndicatorItem is what an import changes of one indicator.
type ImportIndicatorItem struct {
	Indicator  string           `json:"indicator"`
	Title      entente.Text     `json:"title"`
	Recipe     entente.Digest   `json:"recipe"`
	Series     entente.Digest   `json:"series"`
	From       string           `json:"from"`
	To         string           `json:"to"`
	Rows       int              `json:"rows"`
	Used       int              `json:"used"`
	Filtered   int              `json:"filtered"`
	Unreadable int              `json:"unreadable"`
	Preview    tabular.Preview  `json:"preview"`
	Columns    []tabular.Column `json:"columns"`
}

func (s *server) routeImports() {
	if s.Importer == nil {
		return
	}
	for _, o := range []struct {
		id, path, summary string
		do                func(context.Context, *call) (*answer, error)
	}{
		{"preview-import", "/api/v1/imports/preview", "Say what importing a file would change; nothing is kept", s.previewImport},
		{"import", "/api/v1/imports", "Import a file: its dataset and the figures of its indicators", s.importFile},
	} {
		s.handle(operation{
			id: o.id, method: http.MethodPost, path: o.path, summary: o.summary, response: s.schemaOf(ImportAnswer{}), writes: true, act: auth.Draft,
			multipart: &huma.Schema{Type: "object", Required: []string{"import", "file"}, Properties: map[string]*huma.Schema{
				"import": s.schemaOf(ImportMeta{}), "file": {Type: "string", Format: "binary"},
			}},
		}, o.do)
	}
}

// upload reads the two parts of an import: "import", then "file", which is given
// to do as it comes.
func upload(c *call, do func(name string, file io.Reader, r node.ImportRequest) (*answer, error)) (*answer, error) {
	c.r.Body = http.MaxBytesReader(nil, c.r.Body, node.MaxDataset+maxBody)
	parts, err := c.r.MultipartReader()
	if err != nil {
		return nil, bodyProblem(err)
	}
	first, err := parts.NextPart()
	if err != nil || first.FormName() != "import" {
		return nil, bodyProblem(errors.New(`the first part is "import", in JSON`))
	}
	var meta ImportMeta
	d := json.NewDecoder(io.LimitReader(first, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&meta); err != nil {
		return nil, bodyProblem(err)
	}
	second, err := parts.NextPart()
	if err != nil || second.FormName() != "file" || second.FileName() == "" {
		return nil, bodyProblem(errors.New(`the second part is "file", with its name`))
	}
	agency := meta.Agency
	if agency == "" {
		agency = c.who.Agency
	}
	return do(second.FileName(), second, node.ImportRequest{
		Dataset: meta.Dataset, Family: meta.Family, Indicators: meta.Indicators, Audience: meta.Audience, Agency: agency,
	})
}

func (s *server) previewImport(ctx context.Context, c *call) (*answer, error) {
	return upload(c, func(name string, file io.Reader, r node.ImportRequest) (*answer, error) {
		p, err := s.Importer.Preview(ctx, name, file, r)
		if err != nil {
			return nil, err
		}
		n, err := s.notice(ctx)
		return &answer{body: importAnswer(n, p)}, err
	})
}

func (s *server) importFile(ctx context.Context, c *call) (*answer, error) {
	by, err := c.officer()
	if err != nil {
		return nil, err
	}
	return upload(c, func(name string, file io.Reader, r node.ImportRequest) (*answer, error) {
		r.By = by
		done, err := s.Importer.Import(ctx, name, file, r)
		if err != nil {
			return nil, err
		}
		n, err := s.notice(ctx)
		out := importAnswer(n, done.Preview)
		out.Dataset = &done.Dataset.Ref
		for _, o := range done.Observations {
			out.Observations = append(out.Observations, o.Ref)
		}
		return &answer{status: http.StatusCreated, body: out}, err
	})
}

func importAnswer(n Notice, p *node.ImportPreview) ImportAnswer {
	out := ImportAnswer{Notice: n, File: p.File, Family: p.Family, Rows: p.Rows, Indicators: []ImportIndicatorItem{}}
	for _, i := range p.Indicators {
		out.Indicators = append(out.Indicators, ImportIndicatorItem{
			i.Indicator, i.Title, i.Recipe, i.Digest, i.Coverage.From.String(), i.Coverage.To.String(), i.Rows, i.Used, i.Filtered, i.Unreadable, i.Preview, i.Columns,
		})
	}
	return out
}
