package loader

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"entente"
	"entente/internal/node"
	"entente/internal/series"
)

// datasets imports the files of the node's party, oldest release first, so that a
// later one is held against those before it. The indicators are in force by now.
func (l *load) datasets(ctx context.Context) error {
	var own []series.Dataset
	for _, d := range l.Programme.Datasets {
		if d.Party == l.writer.Party && l.writer.Party != "" {
			own = append(own, d)
		}
	}
	slices.SortStableFunc(own, func(a, b series.Dataset) int { return strings.Compare(string(a.Released), string(b.Released)) })
	for i, d := range own {
		l.Progress(Progress{Step: Importing, Done: i, Total: len(own)})
		if err := l.dataset(ctx, d); err != nil {
			return fmt.Errorf("dataset %s: %w", d.ID, err)
		}
		l.Progress(Progress{Step: Importing, Done: i + 1, Total: len(own)})
	}
	return nil
}

func (l *load) dataset(ctx context.Context, d series.Dataset) error {
	if err := l.described(d); err != nil {
		return err
	}
	file, err := l.Files.Open(d.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = l.Node.Figures().Import(ctx, path.Base(d.File), file, node.ImportRequest{
		Dataset: entente.Dataset{
			Code: d.ID, Title: d.Title, Publisher: d.Publisher, Released: d.Released, Licence: d.Licence, URL: d.URL,
			Provenance: sentences(d.Provenance, d.ReleasedBasis),
		},
		Family: d.Family, Audience: entente.Public, Agency: d.Publisher, By: l.By, Second: l.Second,
	})
	return err
}

// described holds a file against its description before anything is stated of it.
func (l *load) described(d series.Dataset) error {
	file, err := l.Files.Open(d.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != d.SHA256 {
		return fmt.Errorf("%s has the digest %s, its description says %s", d.File, got, d.SHA256)
	}
	return nil
}

// sentences joins two texts, language by language.
func sentences(a, b entente.Text) entente.Text {
	return entente.Text{ES: strings.TrimSpace(a.ES + " " + b.ES), EN: strings.TrimSpace(a.EN + " " + b.EN)}
}
