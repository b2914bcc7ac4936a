package exchange

import (
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	core "entente/internal/exchange"
	"entente/internal/seal"
	"entente/internal/web/desk/kit"
	"entente/internal/web/site"
)

// maxTyped bounds what the fields of a draft's form send, in bytes.
const maxTyped = 1 << 20

// readDraft reads the form of a draft. Files in it are attached as they stream:
// nothing of them is held in memory or written in clear. What was typed is read to
// the end and kept, also when a file is refused.
func readDraft(ctx context.Context, a *kit.Ask) error {
	if !strings.HasPrefix(a.R.Header.Get("Content-Type"), "multipart/form-data") {
		a.R.Body = http.MaxBytesReader(a.W, a.R.Body, maxTyped)
		return badForm(a.R.ParseForm())
	}
	if _, err := a.Kit.Exchange.Draft(ctx, me(a), a.R.PathValue("id")); err != nil {
		return err
	}
	a.R.Body = http.MaxBytesReader(a.W, a.R.Body, seal.MaxContent+2*maxTyped)
	in, err := a.R.MultipartReader()
	if err != nil {
		return badForm(err)
	}
	a.R.PostForm = url.Values{}
	refused, err := readParts(ctx, a, in)
	if err != nil {
		return badForm(err)
	}
	if refused == nil {
		return nil
	}
	if a.R.PostForm.Has("revision") { // the file alone was refused
		if _, err := keep(ctx, a, a.R.PathValue("id")); err != nil {
			return err
		}
	}
	return refused
}

// readParts reads fields and attaches files; refused is why the first file that was
// refused is not attached.
func readParts(ctx context.Context, a *kit.Ask, in *multipart.Reader) (refused, err error) {
	left := int64(maxTyped)
	for {
		part, err := in.NextPart()
		if errors.Is(err, io.EOF) {
			return refused, nil
		}
		if err != nil {
			return refused, err
		}
		if part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, left+1))
			if err != nil {
				return refused, err
			}
			if left -= int64(len(value)); left < 0 {
				return refused, &http.MaxBytesError{Limit: maxTyped}
			}
			if part.FormName() != "upload" { // no file was chosen
				a.R.PostForm.Add(part.FormName(), string(value))
			}
			continue
		}
		if part.FormName() == "upload" && refused == nil {
			refused = attach(ctx, a, part)
		}
	}
}

// attach takes one file into the draft.
func attach(ctx context.Context, a *kit.Ask, part *multipart.Part) error {
	name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
	media := cmp.Or(mime.TypeByExtension(path.Ext(name)), "application/octet-stream")
	media, _, _ = strings.Cut(media, ";")
	_, err := a.Kit.Exchange.Attach(ctx, me(a), a.R.PathValue("id"), name, media, part)
	return badForm(err)
}

// badForm says of an error in reading a form whose it is.
func badForm(err error) error {
	var large *http.MaxBytesError
	var broken *site.BadRequest
	switch {
	case err == nil, errors.As(err, &broken):
		return err
	case errors.As(err, &large):
		return &kit.Refuse{Code: "exchange.refused.size"}
	case errors.Is(err, multipart.ErrMessageTooLarge), errors.Is(err, http.ErrNotMultipart), errors.Is(err, http.ErrMissingBoundary):
		return &site.BadRequest{Detail: err.Error()}
	}
	return err
}

// fileLine is an attached file with its address.
type fileLine struct {
	seal.File
	href string
}

func filesOf(a *kit.Ask, d *core.Draft) []fileLine {
	out := make([]fileLine, len(d.Files))
	for i, f := range d.Files {
		out[i] = fileLine{f, draftHref(a, d.ID) + "/files/" + url.PathEscape(f.Name)}
	}
	return out
}

// draftFile serves an attached file to those who write the draft or release it.
func draftFile(ctx context.Context, a *kit.Ask) error {
	f, r, err := a.Kit.Exchange.DraftFile(ctx, me(a), a.R.PathValue("id"), a.R.PathValue("name"))
	if err != nil {
		return err
	}
	defer r.Close()
	a.Saw("file", a.R.PathValue("id")+"/"+f.Name)
	serve(a, f, r)
	return nil
}

// serve sends a file as one to be saved, never shown by the browser.
func serve(a *kit.Ask, f seal.File, r io.Reader) {
	h := a.W.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Cache-Control", "no-store")
	if _, err := io.Copy(a.W, r); err != nil {
		panic(http.ErrAbortHandler) // the length is out: the reader sees that it is short
	}
}
