package api

import (
	"archive/zip"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"entente/internal/locale"
	"entente/internal/store"
)

func (s *server) routeEverything() {
	s.handle(operation{
		id: "everything", method: http.MethodGet, path: "/api/v1/everything.zip", media: []string{"application/zip"},
		summary: "Every table as CSV and JSON, all versions, with the checkpoints of the logs",
	}, s.everything)
}

// everything packs every table, with all versions, and the checkpoints they are
// to be held against. Figures are in the datasets' files (/blob/).
func (s *server) everything(ctx context.Context, c *call) (*answer, error) {
	n, err := s.notice(ctx)
	if err != nil {
		return nil, err
	}
	a := &answer{media: "application/zip", header: http.Header{}}
	a.header.Set("Content-Disposition", `attachment; filename="entente-`+n.Frontier.String()[:8]+`.zip"`)
	a.stream = func(w http.ResponseWriter) error {
		z := zip.NewWriter(w)
		if err := s.packAll(ctx, c, z, n); err != nil {
			return err
		}
		return z.Close()
	}
	return a, nil
}

func (s *server) packAll(ctx context.Context, c *call, z *zip.Writer, n Notice) error {
	notice := n.line(locale.ES) + "\r\n\r\n" + n.line(locale.EN) + "\r\n"
	if err := packed(z, "NOTICE.txt", func(w io.Writer) error { _, err := io.WriteString(w, notice); return err }); err != nil {
		return err
	}
	for _, l := range s.Store.Logs(ctx) {
		if l.Audience.Rank() > s.Audience.Rank() || len(l.Checkpoint) == 0 {
			continue
		}
		if err := packed(z, "checkpoints/"+l.Origin+".txt", func(w io.Writer) error { _, err := w.Write(l.Checkpoint); return err }); err != nil {
			return err
		}
	}
	for i := range s.tables {
		t := &s.tables[i]
		if !c.view.Shows(t.rule.Type) {
			continue
		}
		items, err := current(ctx, c.view, store.Query{Type: t.rule.Type, Versions: true, Withdrawn: true})
		if err != nil {
			return err
		}
		if err := packed(z, t.name+".csv", func(w io.Writer) error { return t.writeCSV(w, items, n.line(c.lang), true) }); err != nil {
			return err
		}
		list := List{Notice: n, Table: t.name, Total: len(items), Items: itemsOf(items)}
		if err := packed(z, t.name+".json", func(w io.Writer) error { return json.NewEncoder(w).Encode(list) }); err != nil {
			return err
		}
	}
	return nil
}

func packed(z *zip.Writer, name string, write func(io.Writer) error) error {
	w, err := z.Create(name)
	if err != nil {
		return err
	}
	return write(w)
}
