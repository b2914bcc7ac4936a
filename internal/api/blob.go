package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"mime"
	"net/http"
	"strconv"

	"entente"
	"entente/internal/blobstore"
	"entente/internal/store"
)

// blob serves a file that an entry of the view names: /blob/<SHA-256>. A file
// that no such entry names is not there, whether or not the node holds it.
func (s *server) blob(w http.ResponseWriter, r *http.Request) {
	c, p := s.read(r, operation{})
	if p == nil {
		if err := s.serveBlob(r.Context(), w, c); err != nil {
			p = asProblem(err)
		}
	}
	if p != nil {
		s.refuse(w, c, p)
	}
}

func (s *server) serveBlob(ctx context.Context, w http.ResponseWriter, c *call) error {
	d, err := entente.ParseDigest(c.path("digest"))
	if err != nil || s.Blobs == nil {
		return notFound()
	}
	file, err := s.named(ctx, d)
	if err != nil {
		return err
	}
	content, size, err := s.Blobs.Get(ctx, d)
	if errors.Is(err, blobstore.ErrNotFound) {
		return problem(http.StatusNotFound, "nofile")
	}
	if err != nil {
		return err
	}
	defer content.Close()
	h := w.Header()
	h.Set("ETag", `"`+d.String()+`"`)
	if s.Auth == nil {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	s.cacheable(h, c)
	if c.r.Header.Get("If-None-Match") == h.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", safeMedia(file.Media))
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	if c.r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, content); err != nil {
		panic(http.ErrAbortHandler) // the length is out: the reader sees that it is short
	}
	return nil
}

// named finds the entry of the view that names the file.
func (s *server) named(ctx context.Context, d entente.Digest) (entente.Blob, error) {
	page, err := store.List[json.RawMessage](ctx, s.view, store.Query{
		Types: []entente.Type{entente.TypeDataset, entente.TypeAction}, Versions: true, Withdrawn: true, Limit: 1,
		Where: []store.Cond{{Column: "file.digest", Op: store.Eq, Value: d.String()}},
	})
	if err != nil {
		return entente.Blob{}, err
	}
	for i := range page.Items {
		for _, f := range filesOf(&page.Items[i]) {
			if f.Digest == d {
				return f, nil
			}
		}
	}
	if s.Auth != nil {
		return s.drafted(ctx, d)
	}
	return entente.Blob{}, notFound()
}

// drafted finds the draft that names the file: who is signed in can open what is
// attached before it is published.
func (s *server) drafted(ctx context.Context, d entente.Digest) (entente.Blob, error) {
	for _, t := range []entente.Type{entente.TypeDataset, entente.TypeAction} {
		drafts, err := s.Store.Drafts(ctx, store.DraftQuery{Type: t})
		if err != nil {
			return entente.Blob{}, err
		}
		for _, draft := range drafts {
			for _, f := range filesIn(draft.Body) {
				if f.Digest == d {
					return f, nil
				}
			}
		}
	}
	return entente.Blob{}, notFound()
}

func filesOf(v *store.Version[json.RawMessage]) []entente.Blob {
	if v.Body == nil {
		return nil
	}
	return filesIn(*v.Body)
}

// filesIn are the files that a body names.
func filesIn(raw json.RawMessage) []entente.Blob {
	var body struct {
		File     *entente.Blob  `json:"file"`
		Evidence []entente.Blob `json:"evidence"`
	}
	if json.Unmarshal(raw, &body) != nil {
		return nil
	}
	if body.File != nil {
		body.Evidence = append(body.Evidence, *body.File)
	}
	return body.Evidence
}

// safeMedia lets through media types that no browser runs.
func safeMedia(media string) string {
	switch media {
	case "text/csv", "application/json", "application/pdf", "application/geo+json",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/plain", "image/png", "image/jpeg":
		return media
	}
	return "application/octet-stream"
}
