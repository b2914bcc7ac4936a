package api

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"entente/internal/exchange"
	"entente/internal/seal"
)

// useHeader names the use entry of what was opened.
const useHeader = "Entente-Use"

func (s *server) routeExchangeUse() {
	part := []param{
		{name: "part", enum: []string{"tar", "manifest", "file"}, doc: "All of it as a tar archive whose first member is entente.json, by default; the manifest alone, with the text; or one file."},
		{name: "file", doc: "Name of the file, for part=file."},
	}
	route := func(id, path, summary string, body any, do func(context.Context, *call) (*answer, error)) {
		o := operation{
			id: id, method: http.MethodPost, path: path, summary: summary, act: mayState, params: part,
			response: s.schemaOf(ContentAnswer{}), media: []string{"application/x-tar", "application/octet-stream"},
		}
		if body != nil {
			o.body = s.schemaOf(body)
		}
		s.exchangeRoute(o, do)
	}
	route("open-release", "releases/{writer}/{index}/open", "Open the content of a release for a purpose; the use is in the national log before a byte is handed out", OpenRequest{}, s.openRelease(false))
	route("export-release", "releases/{writer}/{index}/export", "Open the content of a release to take it out of the node as a file; a deletion receipt will say so", OpenRequest{}, s.openRelease(true))
	route("open-content", "contents/{writer}/{index}/open", "Open what another entry carries: a request's question, a note, the description of what permission is asked for", nil, s.openContent)
}

// OpenRequest says for which purpose a release is opened.
type OpenRequest struct {
	Purpose string `json:"purpose"`
}

// ContentAnswer is the manifest of what was opened.
type ContentAnswer struct {
	Notice
	Title string     `json:"title,omitempty"`
	Text  string     `json:"text,omitempty"`
	Files []FileItem `json:"files"`
	// Use names the use entry; empty for content that is no release's.
	Use string `json:"use,omitempty"`
}

// reader is the caller as one who opens content.
func (s *server) reader(ctx context.Context, c *call) (exchange.Reader, error) {
	u, err := s.Store.User(ctx, c.who.Name)
	if err != nil {
		return exchange.Reader{}, err
	}
	return s.Exchange.ReaderOf(u), nil
}

func (s *server) openRelease(export bool) func(context.Context, *call) (*answer, error) {
	return func(ctx context.Context, c *call) (*answer, error) {
		var in OpenRequest
		if err := decode(c, &in); err != nil {
			return nil, err
		}
		if err := c.whichPart(); err != nil {
			return nil, err
		}
		if in.Purpose == "" {
			return nil, &Problem{Status: http.StatusUnprocessableEntity, code: "body", Errors: []Fault{{In: "body", Name: "purpose", Code: "required"}}}
		}
		ref, err := s.ref(ctx, c)
		if err != nil {
			return nil, err
		}
		by, err := s.reader(ctx, c)
		if err != nil {
			return nil, err
		}
		open := s.Exchange.Open
		if export {
			open = s.Exchange.Export
		}
		opened, err := open(ctx, by, ref, in.Purpose)
		if err != nil {
			return nil, err
		}
		return s.handOut(ctx, c, opened)
	}
}

func (s *server) openContent(ctx context.Context, c *call) (*answer, error) {
	if err := c.whichPart(); err != nil {
		return nil, err
	}
	ref, err := s.ref(ctx, c)
	if err != nil {
		return nil, err
	}
	by, err := s.reader(ctx, c)
	if err != nil {
		return nil, err
	}
	opened, err := s.Exchange.OpenQuestion(ctx, by, ref)
	if err != nil {
		return nil, err
	}
	return s.handOut(ctx, c, opened)
}

// whichPart: a file is named where one is asked for. Asked before anything is
// opened: an opening is a use.
func (c *call) whichPart() error {
	if (c.get("part") == "file") != (c.get("file") != "") {
		return faulty(Fault{In: "query", Name: "file", Code: "required"})
	}
	return nil
}

// handOut answers with what was opened, and closes it.
func (s *server) handOut(ctx context.Context, c *call, o *exchange.Opened) (*answer, error) {
	a := &answer{header: http.Header{}}
	if o.Use != nil {
		a.header.Set(useHeader, o.Use.String())
	}
	switch c.get("part") {
	case "manifest":
		return s.manifestAnswer(ctx, a, o)
	case "file":
		file, r, err := fileOf(o, c.get("file"))
		if err != nil {
			return nil, errors.Join(err, o.Close())
		}
		out := c.download(file, struct {
			io.Reader
			io.Closer
		}{r, o})
		out.header.Set(useHeader, a.header.Get(useHeader))
		return out, nil
	}
	a.media = "application/x-tar"
	a.header.Set("Content-Disposition", `attachment; filename="content.tar"`)
	a.stream = func(w http.ResponseWriter) error {
		return errors.Join(packContent(w, o.Payload, c.extend), o.Close())
	}
	return a, nil
}

func (s *server) manifestAnswer(ctx context.Context, a *answer, o *exchange.Opened) (*answer, error) {
	m := o.Manifest()
	out := ContentAnswer{Title: m.Title, Text: m.Text, Files: []FileItem{}}
	for _, f := range m.Files {
		out.Files = append(out.Files, fileItem(f))
	}
	if o.Use != nil {
		out.Use = o.Use.String()
	}
	n, err := s.notice(ctx)
	out.Notice = n
	a.body = out
	return a, errors.Join(err, o.Close())
}

// fileOf goes on to a file of opened content.
func fileOf(o *exchange.Opened, name string) (seal.File, io.Reader, error) {
	for {
		file, r, err := o.Next()
		if errors.Is(err, io.EOF) {
			return file, nil, notFound()
		}
		if err != nil || file.Name == name {
			return file, r, err
		}
	}
}

// packContent writes opened content as a tar archive, like the one that was
// sealed: entente.json, then the files.
func packContent(w io.Writer, p *seal.Payload, extend func(time.Time) error) error {
	t := tar.NewWriter(w)
	manifest, err := encode(p.Manifest())
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: "entente.json", Mode: 0o600, Size: int64(len(manifest)), Format: tar.FormatPAX}); err != nil {
		return err
	}
	if _, err := t.Write(manifest); err != nil {
		return err
	}
	for {
		file, r, err := p.Next()
		if errors.Is(err, io.EOF) {
			return t.Close()
		}
		if err != nil {
			return err
		}
		if err := t.WriteHeader(&tar.Header{Name: file.Name, Mode: 0o600, Size: file.Size, Format: tar.FormatPAX}); err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
		if _, err := io.Copy(t, &patient{r: r, extend: extend}); err != nil {
			return err
		}
	}
}
