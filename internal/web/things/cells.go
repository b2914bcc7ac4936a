package things

import (
	"entente"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// TitleCell names the thing, with a link to its page and a second line.
func TitleCell(f *site.Frame, it Item, sub string) shell.Cell {
	text, here := it.Title.In(string(f.Lang()))
	c := shell.Cell{Text: text, Href: f.ThingHref(it.Type, it.Writer, it.Subject, it.Ref), Sub: sub}
	if !here {
		c.Lang = string(f.Lang().Other())
	}
	if text == "" {
		c.Text = it.Subject
	}
	return c
}

// WriterCell names who states it.
func WriterCell(f *site.Frame, it Item) shell.Cell { return shell.Cell{Text: f.Writer(it.Writer)} }

// DateCell shows a date as stated, or that none is.
func DateCell(f *site.Frame, d entente.Date) shell.Cell {
	if d == "" {
		return shell.Cell{Text: f.T("things.nodate"), Class: "e-muted"}
	}
	return shell.Cell{Text: f.L.DateISOShort(string(d)), Class: "e-nowrap"}
}

// AreasText names the areas of an item.
func AreasText(f *site.Frame, codes []string) string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = f.Area(c)
	}
	return f.L.List(names...)
}

// EnumText is a choice of a field in words: the message "enum.<field>.<value>".
func EnumText(f *site.Frame, field, value string) string {
	if value == "" {
		return ""
	}
	return f.T(enumID(field, value))
}

// TextColumn is a column whose cell is one text.
func TextColumn(id, sort string, text func(f *site.Frame, it Item) string) Column {
	return Column{ID: id, Sort: sort, Cell: func(f *site.Frame, it Item) shell.Cell { return shell.Cell{Text: text(f, it)} }}
}

// TitleColumn is the first column of most lists.
func TitleColumn(sub func(f *site.Frame, it Item) string) Column {
	return Column{ID: "col.title", Sort: "title", Wide: true, Cell: func(f *site.Frame, it Item) shell.Cell {
		s := ""
		if sub != nil {
			s = sub(f, it)
		}
		return TitleCell(f, it, s)
	}}
}

// WriterColumn says who states it.
var WriterColumn = Column{ID: "col.writer", Cell: WriterCell}

// AreasColumn names the areas.
var AreasColumn = TextColumn("col.areas", "", func(f *site.Frame, it Item) string { return AreasText(f, it.Areas) })
