package shell

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"entente/internal/chart"
)

//go:embed static
var staticFiles embed.FS

// staticPrefix is where [Static] must be mounted.
const staticPrefix = "/static/"

// asset is one file of static/, served under a name that changes with its content.
type asset struct {
	href string
	mime string
	body encoded
}

// assets is the embedded files by their path under static/, built once.
var assets = sync.OnceValue(func() map[string]*asset {
	out := map[string]*asset{}
	err := fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		ext := path.Ext(name)
		if ext != ".css" && ext != ".js" && ext != ".svg" {
			return nil // licences and notes are not served
		}
		raw, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		out[strings.TrimPrefix(name, "static/")] = newAsset(path.Base(name), raw)
		return nil
	})
	if err != nil {
		panic("shell: embedded files: " + err.Error())
	}
	out["chart.css"] = newAsset("chart.css", []byte(chart.CSS))
	return out
})

func newAsset(base string, raw []byte) *asset {
	ext := path.Ext(base)
	sum := sha256.Sum256(raw)
	return &asset{
		href: staticPrefix + strings.TrimSuffix(base, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
		mime: mime.TypeByExtension(ext),
		body: encoded{plain: raw, quality: assetQuality},
	}
}

// Asset returns the address of a file of static/ ("entente.css"), which changes with the file's content.
// An unknown name gives an address that answers 404, which the tests look for.
func Asset(name string) string {
	if a, ok := assets()[name]; ok {
		return a.href
	}
	return staticPrefix + "missing/" + name
}

// Static serves the embedded styles and scripts: immutable for a year, since a changed file has another name, and
// compressed once. Mount it at "GET /static/".
func Static() http.Handler {
	byHref := map[string]*asset{}
	for _, a := range assets() {
		byHref[a.href] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byHref[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.mime)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		a.body.write(w, r, http.StatusOK)
	})
}
