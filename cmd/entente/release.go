package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"entente"
	"entente/internal/api"
	"entente/internal/exchange"
)

// releaseCmd hands information over, and uses what was handed over.
type releaseCmd struct {
	List     releaseListCmd     `cmd:"" help:"List releases."`
	Show     releaseShowCmd     `cmd:"" help:"Show a release with what became of it."`
	Compose  releaseComposeCmd  `cmd:"" help:"Hand information over to agencies of another party; the content is sealed."`
	Open     releaseOpenCmd     `cmd:"" help:"Open a release for a purpose and show title, text and the list of files; the use is recorded first."`
	Export   releaseExportCmd   `cmd:"" help:"Open a release for a purpose and write its files to a directory; the use is recorded first."`
	Feedback releaseFeedbackCmd `cmd:"" help:"Tell the originator what a release was good for."`
	Onward   releaseOnwardCmd   `cmd:"" help:"Pass a release on to agencies of this party, within its handling or by a permission."`
	Review   releaseReviewCmd   `cmd:"" help:"The second look at an emergency release of this party."`
}

// bodyKind is the kind, or the form, that a body states.
func bodyKind(raw json.RawMessage) string {
	var b struct{ Kind, Form string }
	if json.Unmarshal(raw, &b) != nil {
		return ""
	}
	return b.Kind + b.Form
}

type releaseListCmd struct {
	exchangeDir
	listing
}

type releaseLines []api.ReleaseItem

func (l releaseLines) writeText(w io.Writer) error {
	for i := range l {
		if err := brief(w, &l[i].SideItem, bodyKind(l[i].Body)); err != nil {
			return err
		}
	}
	return nil
}

// Run lists the releases.
func (c *releaseListCmd) Run(g *globals) error { return listReleases(g, c.exchangeDir, c.filter()) }

func listReleases(g *globals, d exchangeDir, f exchange.Filter) error {
	return d.with(g, func(ctx context.Context, x *exchanging) error {
		asOf := time.Now()
		page, err := x.Releases(ctx, exchange.Node, f, asOf)
		if err != nil {
			return err
		}
		out := releaseLines{}
		for _, r := range page.Items {
			out = append(out, api.ReleaseOf(r, x.Holds(r), asOf))
		}
		return g.print(out)
	})
}

type releaseShowCmd struct {
	exchangeDir
	thing
}

// Run shows the release.
func (c *releaseShowCmd) Run(g *globals) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		ref, err := c.ref(ctx, x)
		if err != nil {
			return err
		}
		asOf := time.Now()
		r, err := x.Release(ctx, exchange.Node, ref, asOf)
		if err != nil {
			return err
		}
		return g.print(asJSON{api.ReleaseOf(r, x.Holds(r), asOf)})
	})
}

type releaseComposeCmd struct {
	composing
	Emergency bool `help:"Release as one releasing officer alone, where the terms allow it; it is reviewed later."`
}

// Run composes the release.
func (c *releaseComposeCmd) Run(g *globals) error {
	return c.compose(g, entente.TypeRelease, c.Emergency)
}

// reading are the flags of those who open content.
type reading struct {
	exchangeDir
	thing
	person
}

// open has the person open content, and hands it to use.
func (c *reading) open(g *globals, open func(context.Context, *exchanging, exchange.Reader, entente.Ref) (*exchange.Opened, error), use func(*exchanging, *exchange.Opened) error) error {
	return c.with(g, func(ctx context.Context, x *exchanging) error {
		ref, err := c.ref(ctx, x)
		if err != nil {
			return err
		}
		if _, _, err := c.unlock(ctx, x); err != nil { // who opens is who knows the passphrase
			return err
		}
		user, err := x.node.Store().User(ctx, c.By)
		if err != nil {
			return err
		}
		opened, err := open(ctx, x, x.ReaderOf(user), ref)
		if err != nil {
			return err
		}
		return errors.Join(use(x, opened), opened.Close())
	})
}

// opening is what opened content says.
type opening struct {
	Title string     `json:"title,omitempty"`
	Text  string     `json:"text,omitempty"`
	Files []fileLine `json:"files"`
	// Use names the use entry.
	Use string `json:"use,omitempty"`
	// Dir is where the files were written.
	Dir string `json:"dir,omitempty"`
}

type fileLine struct {
	Name   string         `json:"name"`
	Media  string         `json:"media"`
	Size   int64          `json:"size"`
	Digest entente.Digest `json:"sha256"`
}

func (o opening) writeText(w io.Writer) error {
	var b strings.Builder
	if o.Title != "" {
		b.WriteString(o.Title + "\n\n")
	}
	if o.Text != "" {
		b.WriteString(strings.TrimRight(o.Text, "\n") + "\n\n")
	}
	for _, f := range o.Files {
		fmt.Fprintf(&b, "%s  %s  %d bytes  sha256 %s\n", f.Name, f.Media, f.Size, f.Digest)
	}
	if o.Dir != "" {
		fmt.Fprintf(&b, "written to %s\n", o.Dir)
	}
	if o.Use != "" {
		fmt.Fprintf(&b, "recorded as %s\n", o.Use)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func openingOf(o *exchange.Opened) opening {
	m := o.Manifest()
	out := opening{Title: m.Title, Text: m.Text, Files: []fileLine{}}
	for _, f := range m.Files {
		out.Files = append(out.Files, fileLine{f.Name, f.Media, f.Size, f.Digest})
	}
	if o.Use != nil {
		out.Use = o.Use.String()
	}
	return out
}

// tell prints what content says; all of it is read and checked first.
func tell(x *exchanging, o *exchange.Opened) error {
	if err := o.Check(); err != nil {
		return err
	}
	return x.g.print(openingOf(o))
}

type releaseOpenCmd struct {
	reading
	Purpose string `help:"Code of a purpose that the release permits." required:""`
}

// Run opens the release.
func (c *releaseOpenCmd) Run(g *globals) error {
	return c.open(g, func(ctx context.Context, x *exchanging, by exchange.Reader, ref entente.Ref) (*exchange.Opened, error) {
		return x.Open(ctx, by, ref, c.Purpose)
	}, tell)
}

type contentOpenCmd struct{ reading }

// Run opens the content.
func (c *contentOpenCmd) Run(g *globals) error {
	return c.open(g, func(ctx context.Context, x *exchanging, by exchange.Reader, ref entente.Ref) (*exchange.Opened, error) {
		return x.OpenQuestion(ctx, by, ref)
	}, tell)
}

type releaseExportCmd struct {
	reading
	Purpose string `help:"Code of a purpose that the release permits." required:""`
	Out     string `help:"Directory to write to; made when it is not there." required:"" placeholder:"DIR"`
}

// Run writes the files.
func (c *releaseExportCmd) Run(g *globals) error {
	// Asked before anything is opened: an export counts as one.
	if err := emptyDir(c.Out); err != nil {
		return err
	}
	return c.open(g, func(ctx context.Context, x *exchanging, by exchange.Reader, ref entente.Ref) (*exchange.Opened, error) {
		return x.Export(ctx, by, ref, c.Purpose)
	}, func(x *exchanging, o *exchange.Opened) error {
		ui := newProgressUI(x.g, os.Stderr)
		err := export(o, c.Out, ui)
		ui.close()
		if err != nil {
			return err
		}
		out := openingOf(o)
		out.Dir = c.Out
		return x.g.print(out)
	})
}

// emptyDir makes a directory that is not there, and takes one that is empty.
func emptyDir(dir string) error {
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		return fmt.Errorf("%s is not empty: choose another directory", dir)
	}
	return os.MkdirAll(dir, 0o700)
}

// export writes the manifest and the files. A file appears under its name only
// when all of it was read and is what the manifest says.
func export(o *exchange.Opened, dir string, ui *progressUI) error {
	manifest, err := json.MarshalIndent(o.Manifest(), "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "entente.json"), append(manifest, '\n'), 0o600); err != nil {
		return err
	}
	for {
		file, r, err := o.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := writeWhole(filepath.Join(dir, file.Name), &metered{r: r, name: file.Name, stage: "open", size: file.Size, ui: ui}); err != nil {
			return err
		}
	}
}

// writeWhole writes a file that is there whole or not at all, and replaces none.
func writeWhole(path string, r io.Reader) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists: choose another directory", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

type releaseFeedbackCmd struct {
	exchangeDir
	stating
	thing
	Useful  bool     `help:"It was useful." xor:"use" required:""`
	Useless bool     `help:"It was not." xor:"use" required:""`
	Outcome []string `help:"Outcome and how many: arrest=2. Kinds: arrest, seizure, investigation, prosecution, rescue, tunnel_closed, other." placeholder:"KIND=N"`
}

// Run gives feedback.
func (c *releaseFeedbackCmd) Run(g *globals) error {
	var counts []entente.Count
	for _, o := range c.Outcome {
		kind, n, ok := strings.Cut(o, "=")
		count, err := strconv.Atoi(n)
		if !ok || err != nil {
			return fmt.Errorf("an outcome is KIND=N, such as arrest=2, not %q", o)
		}
		counts = append(counts, entente.Count{Kind: kind, N: count})
	}
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.Feedback(ctx, by, ref, c.Useful, counts)
	})
}

type releaseOnwardCmd struct {
	exchangeDir
	stating
	thing
	Purpose string   `help:"Code of a purpose that the release permits." required:""`
	Agency  []string `help:"Agency of this party; may be given several times." required:""`
}

// Run passes the release on.
func (c *releaseOnwardCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.PassOn(ctx, by, ref, c.Purpose, c.Agency)
	})
}

type releaseReviewCmd struct {
	exchangeDir
	stating
	thing
	Outcome string `help:"upheld or not_upheld." enum:"upheld,not_upheld" required:""`
}

// Run reviews.
func (c *releaseReviewCmd) Run(g *globals) error {
	return act(g, c.exchangeDir, c.stating, c.thing, func(ctx context.Context, x *exchanging, by exchange.By, ref entente.Ref) (exchange.Done, error) {
		return x.Review(ctx, by, ref, c.Outcome)
	})
}
