// Package gallery shows every component of the web shell on one page, to be looked at and to be tested: in a browser, in
// both languages and themes, wide and narrow, without scripts and on paper.
package gallery

import (
	"net/http"
	"time"

	"entente"
	"entente/internal/locale"
	"entente/internal/web/shell"
)

// data is what the gallery shows, in one language.
type data struct {
	lang                locale.Lang
	facts               []shell.Fact
	filters             shell.Filters
	table, figures      shell.Table
	tabs                []shell.Tab
	areas               []string
	values              []shell.KV
	long, before, after string
	events              []shell.Event
	sources             []entente.Source
	fields              []shell.Field
	problem             shell.Problem
	moment              time.Time
}

func (d data) say(es, en string) string {
	if d.lang == locale.EN {
		return en
	}
	return es
}

// Handler serves the gallery at /es/gallery and /en/gallery, and a problem page at …/missing.
func Handler() http.Handler {
	mux := http.NewServeMux()
	shell.Handle(mux, "GET /gallery", func(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
		p := shell.NewPage(r, lang)
		d := newData(p)
		p.Title = d.say("Galería de componentes", "Gallery of components")
		p.Lead = d.say("Todo lo que las páginas comparten, en una sola, para verlo y probarlo.", "All that the pages share, on one, to look at and to test.")
		p.Active = "commitments"
		p.Crumbs = []shell.Link{{Text: d.say("Inicio", "Home"), Href: p.Href("/")}, {Text: d.say("Compromisos", "Commitments"), Href: p.Href("/commitments")}}
		p.AsOf = shell.AsOf{Time: d.moment, Digest: "9f86d081884c7d659a2feaa0c55ad015", Href: p.Href("/verify")}
		p.User = &shell.User{Name: "A. Hernández", Role: d.say("oficial", "officer"), Agency: "SRE", SignOut: "/signout", Href: p.Href("/me")}
		p.Toasts = []shell.Toast{{Tone: shell.Agree, Title: d.say("Enviado.", "Sent."), Text: d.say("El asiento quedó en la bitácora compartida.", "The entry is in the shared log.")}}
		shell.Render(w, r, http.StatusOK, page(site(), p, d))
	})
	shell.Handle(mux, "GET /charts", func(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
		p := shell.NewPage(r, lang)
		p.Title = chartTitle(lang)
		shell.Render(w, r, http.StatusOK, chartsPage(site(), p, newCharts(p)))
	})
	shell.Handle(mux, "GET /missing", func(w http.ResponseWriter, r *http.Request, lang locale.Lang) {
		p := shell.NewPage(r, lang)
		shell.Render(w, r, http.StatusNotFound, shell.ErrorPage(site(), p, shell.NotFound(p)))
	})
	mux.Handle("GET /{$}", shell.Welcome())
	mux.Handle("GET /static/", shell.Static())
	mux.Handle("POST /theme", shell.SetTheme())
	return shell.Secure(mux)
}

func site() shell.Site {
	return shell.Site{
		Name:   entente.Text{ES: "Portal público", EN: "Public portal"},
		Title:  entente.Text{ES: "Programa de Cooperación sobre Seguridad Fronteriza y Aplicación de la Ley", EN: "Border Security and Law Enforcement Cooperation Program"},
		Nav:    []shell.NavItem{{Key: "home", Path: "/", ID: "shell.problem.home"}, {Key: "commitments", Path: "/commitments", ID: "shell.nav", Hint: 3}, {Key: "search", Path: "/search", ID: "shell.search"}},
		Search: "/search",
		Demo:   true,
		Legal: []entente.PartyText{
			{Party: "MX", Wording: entente.Verbatim, Text: entente.Text{ES: "No se trata de un acuerdo: es un programa de colaboración.\nCada país actúa en su territorio."}},
			{Party: "US", Wording: entente.Summary, Text: entente.Text{EN: "A cooperation program; it creates no obligation.", ES: "Un programa de cooperación; no crea obligación alguna."}},
		},
		Links:   []shell.NavItem{{Path: "/verify", ID: "shell.frontier"}, {Path: "/data", ID: "shell.filter"}},
		Version: "0.1",
	}
}

func newData(p shell.Page) data {
	d := data{lang: p.Lang(), moment: time.Date(2026, time.March, 19, 14, 5, 0, 0, time.UTC)}
	d.long = d.say("Cada parte dice lo suyo y la otra responde. Lo que falta se muestra como falta, con la fecha en que se esperaba y la fuente que lo anunció.",
		"Each party says its own and the other answers. What is missing shows as missing, with the date it was expected and the source that announced it.")
	d.before = d.say("La parte inspeccionará 100 cargamentos al mes, a partir de enero de 2026.", "The party will inspect 100 shipments a month, from January 2026.")
	d.after = d.say("La parte inspeccionará al menos 1,250 cargamentos al trimestre, a partir de marzo de 2026.", "The party will inspect at least 1,250 shipments a quarter, from March 2026.")
	d.facts = []shell.Fact{
		{Value: "52", Label: d.say("compromisos", "commitments"), Href: "#lists"},
		{Value: "31", Label: d.say("sin informe público", "no public report yet"), Href: "#lists"},
		{Value: p.L.Change(-92.5, 1), Label: d.say("encuentros, julio de 2025", "encounters, July 2025"), Href: "#texts", Note: d.say("frontera suroeste", "southwest border")},
		{Value: "4", Label: d.say("cifras objetadas", "figures disputed"), Href: "#lists"},
		{Value: p.L.DateISOShort("2026-03-19"), Label: d.say("última reunión", "last meeting")},
	}
	d.filters = shell.Filters{Action: p.Href("/gallery"), Clear: p.Href("/gallery"), Fields: []shell.Field{
		{Name: "area", Label: d.say("Área", "Area"), Kind: "select", Blank: d.say("Todas", "All"), Options: []shell.Option{{Value: "arms", Text: d.say("Tráfico de armas", "Arms trafficking")}}, Value: "arms"},
		{Name: "party", Label: d.say("Parte", "Party"), Kind: "select", Blank: d.say("Ambas", "Both"), Options: []shell.Option{{Value: "MX", Text: p.L.Party("MX")}, {Value: "US", Text: p.L.Party("US")}}},
		{Name: "text", Label: d.say("Texto", "Text"), Kind: "search"},
	}}
	d.table = shell.Table{
		Caption: d.say("Compromisos sobre tráfico de armas", "Commitments on arms trafficking"), RowHeader: true, Stack: true, CSV: "#csv", JSON: "#json",
		Columns: []shell.Column{{Title: d.say("Compromiso", "Commitment"), Wide: true, Sort: "#", Sorted: "ascending"}, {Title: d.say("Parte", "Party"), Sort: "#"}, {Title: d.say("Estado", "Status")}, {Title: d.say("Fecha prevista", "Due"), Sort: "#"}, {Title: d.say("Acciones", "Actions"), Numeric: true}},
		Rows: [][]shell.Cell{
			{{Text: d.say("Aumentar inspecciones de sur a norte", "Increase southbound inspections"), Href: "#", Sub: "C12"}, {Text: p.L.Party("US")}, {Body: shell.Badge(shell.Pending, d.say("sin informe público", "no public report yet"))}, {Text: p.L.DateISOShort("2026-01-31"), Class: "e-nowrap"}, {Text: "0"}},
			{{Text: d.say("Ampliar el rastreo electrónico de armas a las 32 entidades", "Extend electronic tracing of firearms to all 32 states"), Href: "#", Sub: "C13"}, {Text: p.L.Party("MX")}, {Body: shell.Badge(shell.Neutral, d.say("avance limitado", "limited"))}, {Text: locale.NoFigure}, {Text: "12", Href: "#"}},
			{{Text: "Verbatim in English only", Href: "#", Sub: "C14", Lang: "en"}, {Text: p.L.Party("US")}, {Body: shell.Badge(shell.Agree, d.say("completo", "complete"))}, {Text: p.L.DateISOShort("2025-12")}, {Text: "1,204", Href: "#"}},
		},
	}
	d.figures = shell.Table{Caption: d.say("Encuentros por mes y año fiscal", "Encounters by month and fiscal year"), RowHeader: true, Dense: true, CSV: "#"}
	d.figures.Columns = []shell.Column{{Title: d.say("Mes", "Month")}}
	for _, y := range []string{"2019", "2020", "2021", "2022", "2023", "2024", "2025"} {
		d.figures.Columns = append(d.figures.Columns, shell.Column{Title: y, Numeric: true})
	}
	for m := time.January; m <= time.April; m++ {
		row := []shell.Cell{{Text: p.L.MonthName(m, false)}}
		for y := range 7 {
			row = append(row, shell.Cell{Text: p.L.Int(int64(y*23456 + int(m)*991)), Href: "#"})
		}
		d.figures.Rows = append(d.figures.Rows, row)
	}
	d.tabs = []shell.Tab{{Text: d.say("Resumen", "Summary"), Href: "#cards", Active: true}, {Text: d.say("Acciones", "Actions"), Href: "#", Count: "12"}, {Text: d.say("Historial", "History"), Href: "#"}}
	d.areas = []string{d.say("Tráfico de armas", "Arms trafficking"), d.say("Drogas sintéticas y precursores", "Synthetic drugs and precursors"), d.say("Finanzas ilícitas", "Illicit finance")}
	d.values = []shell.KV{
		{Key: d.say("Institución", "Agency"), Text: "ATF"}, {Key: d.say("Anunciado", "Announced"), Text: p.L.DateISO("2025-09-03"), Href: "#"},
		{Key: d.say("Vacío", "Empty")}, {Key: d.say("Responde a", "Answers"), Text: "C13", Hint: d.say("según nuestra lectura", "by our reading")},
	}
	d.events = []shell.Event{
		{When: p.L.DateISO("2025-09-03"), ISO: "2025-09-03", Title: d.say("Anuncio del programa", "The program is announced"), Href: "#", Text: d.long},
		{When: p.L.DateISO("2025-09-26"), ISO: "2025-09-26", Title: d.say("Primera reunión", "First meeting"), Tags: []string{d.say("celebrada", "held")}},
	}
	d.sources = []entente.Source{
		{Code: "S1", Publisher: "Secretaría de Relaciones Exteriores", Title: "Comunicado conjunto", Date: "2025-09-03", URL: "https://example.org/comunicado", Language: "es", Kind: "official"},
		{Code: "S2", Publisher: "Department of State", Title: "Joint statement", Date: "2025-09", Language: "en", Kind: "press"},
	}
	d.problem = shell.Problem{Title: "x", Detail: d.say("La publicación no se hizo.", "The publication was not made."), Rule: "gate-publication-second-officer", Mend: d.say("Pida que la autorice una segunda persona.", "Ask a second officer to release it.")}
	d.fields = fields(d)
	return d
}

func fields(d data) []shell.Field {
	choices := []shell.Option{{Value: "a", Text: d.say("Primera", "First")}, {Value: "b", Text: d.say("Segunda", "Second"), Hint: d.say("con una aclaración", "with a remark")}}
	return []shell.Field{
		{Name: "title", Label: d.say("Título", "Title"), Value: "<Armas & más>", Required: true, Hint: d.say("Una frase.", "One sentence."), MaxLength: 200},
		{Name: "due", Label: d.say("Fecha prevista", "Due"), Kind: "date", Value: "2026-02-30", Error: d.say("El 30 de febrero no existe. Escriba una fecha real.", "February 30 does not exist. Enter a real date."), Required: true},
		{Name: "body", Label: d.say("Texto", "Text"), Kind: "textarea", Lang: "en", Value: "Typed before the error", Error: d.say("Falta el texto en español.", "The Spanish text is missing.")},
		{Name: "area", Label: d.say("Área", "Area"), Kind: "select", Blank: d.say("Elija", "Choose"), Options: choices, Value: "b"},
		{Name: "kind", Label: d.say("Clase", "Kind"), Kind: "radio", Options: choices, Value: "a"},
		{Name: "parties", Label: d.say("Partes", "Parties"), Kind: "checkboxes", Options: choices, Values: []string{"a", "b"}},
		{Name: "joint", Label: d.say("Conjunto", "Joint"), Kind: "checkbox", Value: "1", Hint: d.say("Se completa con la otra mitad.", "Complete with the other half.")},
		{Name: "file", Label: d.say("Archivo", "File"), Kind: "file", Accept: ".csv,.xlsx"},
		{Name: "secret", Label: d.say("Contraseña", "Password"), Kind: "password", Autocomplete: "current-password", Value: "must not be sent back"},
		{Name: "fixed", Label: d.say("No se cambia", "Not to be changed"), Value: "MX", ReadOnly: true},
	}
}
