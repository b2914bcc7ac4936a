package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"entente"
	"entente/internal/node"
)

// importCmd reads a published data file.
type importCmd struct {
	nodeDir
	File      string   `arg:"" help:"CSV or XLSX file as its publisher released it." type:"existingfile"`
	Commit    bool     `help:"Append the dataset and its series to the public log; without it nothing changes."`
	Code      string   `help:"Code of the dataset; the file's name by default."`
	TitleES   string   `help:"Title in Spanish." name:"title-es"`
	TitleEN   string   `help:"Title in English." name:"title-en"`
	Publisher string   `help:"Code of the agency that published the file."`
	Released  string   `help:"Day on which the file was released (YYYY-MM-DD)."`
	Licence   string   `help:"Licence, as the publisher names it." default:"public domain"`
	URL       string   `help:"Where the file was published." name:"url"`
	Family    string   `help:"Family of recipes; recognised by the columns when empty."`
	Indicator []string `help:"Only these indicators."`
	Agency    string   `help:"Agency that states the import."`
	By        string   `help:"Sign-in name of the officer who states it."`
	Second    string   `help:"Sign-in name of the releasing officer."`
}

type importResult struct {
	File       entente.Blob      `json:"file"`
	Family     string            `json:"family"`
	Rows       int               `json:"rows"`
	Indicators []importIndicator `json:"indicators"`
	Appended   []string          `json:"appended,omitempty"`
}

// importIndicator says what the file gives for one indicator.
type importIndicator struct {
	Indicator  string         `json:"indicator"`
	Used       int            `json:"rows_used"`
	Filtered   int            `json:"rows_filtered"`
	Unreadable int            `json:"rows_unreadable"`
	Coverage   string         `json:"coverage"`
	New        int            `json:"new"`
	Revised    int            `json:"revised"`
	Unchanged  int            `json:"unchanged"`
	Withdrawn  int            `json:"withdrawn"`
	Series     entente.Digest `json:"series"`
}

func newImportResult(p *node.ImportPreview) importResult {
	r := importResult{File: p.File, Family: p.Family, Rows: p.Rows, Indicators: []importIndicator{}}
	for _, i := range p.Indicators {
		r.Indicators = append(r.Indicators, importIndicator{
			Indicator: i.Indicator, Used: i.Used, Filtered: i.Filtered, Unreadable: i.Unreadable, Coverage: i.Coverage.String(),
			New: i.Preview.New, Revised: i.Preview.Revised, Unchanged: i.Preview.Unchanged, Withdrawn: i.Preview.Withdrawn, Series: i.Digest,
		})
	}
	return r
}

func (r importResult) writeText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d bytes, sha256 %s, %d rows, recipes of %q\n", r.File.Name, r.File.Size, r.File.Digest, r.Rows, r.Family)
	for _, i := range r.Indicators {
		fmt.Fprintf(&b, "\n%s\n  rows used %d, filtered out %d, unreadable %d; months %s\n", i.Indicator, i.Used, i.Filtered, i.Unreadable, i.Coverage)
		fmt.Fprintf(&b, "  observations: new %d, revised %d, unchanged %d, withdrawn %d\n", i.New, i.Revised, i.Unchanged, i.Withdrawn)
		fmt.Fprintf(&b, "  series %s\n", i.Series)
	}
	if len(r.Appended) == 0 {
		b.WriteString("\ndry run: nothing changed\n")
	}
	for _, ref := range r.Appended {
		fmt.Fprintf(&b, "appended %s\n", ref)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Run previews the import and, when asked, appends it.
func (c *importCmd) Run(g *globals) error {
	ctx := context.Background()
	ui := newProgressUI(g, os.Stderr)
	defer ui.close()
	info, err := os.Stat(c.File)
	if err != nil {
		return err
	}
	return c.with(ctx, func(n *node.Node) error {
		if n.Writer().Party == "" {
			return fmt.Errorf("%s observes: figures are imported at the node of the party whose they are", n.Writer().Writer())
		}
		if c.Commit && c.Agency == "" {
			return errors.New("say which agency states the import with --agency")
		}
		req := c.request()
		req.Progress = func(bytes int64) { ui.report(filepath.Base(c.File), "import", int(bytes), int(info.Size())) }
		if c.Commit {
			if err := c.officers(ctx, n, &req); err != nil {
				return err
			}
		}
		file, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer file.Close()
		out, err := c.do(ctx, n, file, req)
		if err != nil {
			return err
		}
		ui.close()
		return g.print(out)
	})
}

// do previews the import or, when it is to be committed, makes it.
func (c *importCmd) do(ctx context.Context, n *node.Node, file io.Reader, req node.ImportRequest) (importResult, error) {
	name := filepath.Base(c.File)
	if !c.Commit {
		p, err := n.Figures().Preview(ctx, name, file, req)
		if err != nil {
			return importResult{}, err
		}
		return newImportResult(p), nil
	}
	done, err := n.Figures().Import(ctx, name, file, req)
	if err != nil {
		return importResult{}, err
	}
	out := newImportResult(done.Preview)
	out.Appended = append(out.Appended, done.Dataset.Ref.String())
	for _, o := range done.Observations {
		out.Appended = append(out.Appended, o.Ref.String())
	}
	return out, nil
}

func (c *importCmd) request() node.ImportRequest {
	name := strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File))
	code := c.Code
	if code == "" {
		code = strings.ToLower(name)
	}
	title := entente.Text{ES: c.TitleES, EN: c.TitleEN}
	if title.IsZero() {
		title = entente.Text{ES: name, EN: name}
	}
	return node.ImportRequest{
		Dataset: entente.Dataset{
			Code: code, Title: title, Publisher: c.Publisher, Released: entente.Date(c.Released), URL: c.URL,
			Licence:    entente.Text{ES: c.Licence, EN: c.Licence},
			Provenance: entente.Text{ES: "Importado de un archivo publicado.", EN: "Imported from a published file."},
		},
		Family: c.Family, Indicators: c.Indicator, Audience: entente.Public, Agency: c.Agency,
	}
}

// officers unlocks both officers with their own passphrases.
func (c *importCmd) officers(ctx context.Context, n *node.Node, r *node.ImportRequest) error {
	var err error
	if r.By, err = unlock(ctx, n, c.By, "ENTENTE_BY_PASSPHRASE"); err != nil {
		return err
	}
	r.Second, err = unlock(ctx, n, c.Second, "ENTENTE_SECOND_PASSPHRASE")
	return err
}

func unlock(ctx context.Context, n *node.Node, name, variable string) (*node.Officer, error) {
	if name == "" {
		return nil, fmt.Errorf("publication needs two officers: name them with --by and --second")
	}
	passphrase, err := askPassphrase("passphrase of "+name, variable)
	if err != nil {
		return nil, err
	}
	return n.UnlockOfficer(ctx, name, passphrase)
}
