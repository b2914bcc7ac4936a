package gallery

import (
	"strconv"
	"time"

	"entente/internal/chart"
	"entente/internal/locale"
	"entente/internal/web/shell"
)

// charts are one of each kind, in one language. The figures are made up by rule, to show every case: gaps, a band,
// negative values, large numbers, missing states.
type charts struct {
	line, six, compact, nothing chart.Line
	bars, compactBars, rows     chart.Bars
	us, mx                      chart.Map
	spark                       chart.Spark
}

func newCharts(p shell.Page) charts {
	say := data{lang: p.Lang()}.say
	var d charts
	d.line = chart.Line{
		Text: chart.Text{ID: "enc", Title: say("Encuentros en la frontera suroeste por mes", "Southwest border encounters by month"),
			Unit: say("eventos", "events"), CSV: "#csv"},
		Series: []chart.Series{{Name: say("Año fiscal 2025", "Fiscal year 2025")}},
		Band:   &chart.Band{Name: say("Años fiscales 2022 a 2024", "Fiscal years 2022 to 2024")},
		Marks:  []chart.Mark{{At: 11, Text: p.L.DateISOShort("2025-09-03")}},
	}
	for i := range 12 {
		m := time.Month((9+i)%12 + 1)
		d.line.Labels = append(d.line.Labels, p.L.MonthName(m, true))
		d.line.Full = append(d.line.Full, p.L.MonthName(m, false))
		d.line.Band.Low = append(d.line.Band.Low, chart.Value(float64(104000+i*3100)))
		d.line.Band.High = append(d.line.Band.High, chart.Value(float64(241000-(i-3)*(i-3)*900)))
		var v *float64
		if i < 11 && i != 7 {
			v = chart.Value([]float64{106344, 94189, 96036, 61447, 11709, 11017, 12035, 0, 9306, 7833, 9740}[i])
		}
		d.line.Series[0].Values = append(d.line.Series[0].Values, v)
	}
	d.six = chart.Line{Text: chart.Text{ID: "six", Title: say("Decomisos por droga y mes", "Seizures by drug and month"), Unit: "kg", CSV: "#csv", Decimals: 1}}
	for i := range 6 {
		s := chart.Series{Name: []string{"Fentanilo", "Metanfetamina", "Cocaína", "Heroína", "Marihuana", "Otras"}[i]}
		for m := range 60 {
			s.Values = append(s.Values, chart.Value(float64(200+i*340)+float64((m*m*7+i*131)%173)*float64(i+1)))
		}
		d.six.Series = append(d.six.Series, s)
	}
	for m := range 60 {
		d.six.Labels = append(d.six.Labels, p.L.MonthShort(2021+m/12, time.Month(m%12+1)))
	}
	d.compact = d.line
	d.compact.ID, d.compact.Compact, d.compact.Marks = "card", true, nil
	d.nothing = chart.Line{Text: chart.Text{ID: "nothing", Title: say("Sin datos", "No data"), Compact: true}, Labels: []string{"a", "b"}, Series: []chart.Series{{Name: "x", Values: []*float64{nil, nil}}}}
	d.bars = chart.Bars{Text: chart.Text{ID: "change", Title: say("Cambio anual por mes", "Year-on-year change by month"), Unit: "%", Decimals: 1, CSV: "#csv"}, Labels: d.line.Labels}
	mx, us := chart.Series{Name: p.L.Party("MX")}, chart.Series{Name: p.L.Party("US")}
	for i := range 12 {
		mx.Values = append(mx.Values, chart.Value(float64(i*7-60)))
		us.Values = append(us.Values, chart.Value(float64(20-i*9)))
	}
	mx.Values[4] = nil
	d.bars.Series = []chart.Series{mx, us}
	d.compactBars = d.bars
	d.compactBars.ID, d.compactBars.Compact = "change-card", true
	d.rows = chart.Bars{Horizontal: true, Text: chart.Text{ID: "rows", Title: say("Aseguramientos por componente", "Seizures by component"), CSV: "#csv"},
		Labels: []string{say("Oficina de Operaciones de Campo", "Office of Field Operations"), say("Patrulla Fronteriza de los Estados Unidos", "U.S. Border Patrol"), say("Operaciones Aéreas y Marítimas, incluidas las que se hacen con otras instituciones", "Air and Marine Operations, with other agencies")},
		Series: []chart.Series{{Name: "2024", Values: []*float64{chart.Value(21148), chart.Value(1893), nil}}, {Name: "2025", Values: []*float64{chart.Value(11486), chart.Value(904), chart.Value(12)}}}}
	d.us = chart.Map{Land: chart.US, Text: chart.Text{ID: "us", Title: say("Encuentros por estado, julio de 2025", "Encounters by state, July 2025"), Unit: say("eventos", "events"), CSV: "#csv"}, Values: map[string]*float64{}}
	for i, code := range []string{"AZ", "CA", "NM", "TX", "FL", "NY", "WA", "MI", "ME", "VT", "MT", "ND", "MN", "AK", "HI", "LA", "GA", "IL", "OH", "PA"} {
		d.us.Values["US-"+code] = chart.Value(float64(7000 / (i*i + 1)))
	}
	d.us.Values["US-KS"] = chart.Value(0)
	d.mx = chart.Map{Land: chart.MX, Text: chart.Text{ID: "mx", Title: say("Víctimas de homicidio doloso por estado", "Victims of intentional homicide by state"), Unit: say("víctimas", "victims"), CSV: "#csv"}, Values: map[string]*float64{}}
	for i, code := range []string{"AGU", "BCN", "BCS", "CAM", "COA", "COL", "CHP", "CHH", "CMX", "DUR", "GUA", "GRO", "HID", "JAL", "MEX", "MIC", "MOR", "NAY", "NLE", "OAX", "PUE", "QUE", "ROO", "SLP", "SIN", "SON", "TAB", "TAM", "TLA", "VER", "YUC"} {
		d.mx.Values["MX-"+code] = chart.Value(float64(5 + (i*37)%211))
	}
	d.spark = chart.Spark{ID: "spark", Title: say("Encuentros, últimos doce meses: ", "Encounters, last twelve months: ") + strconv.Itoa(12), Values: d.line.Series[0].Values}
	return d
}

func chartTitle(lang locale.Lang) string {
	return data{lang: lang}.say("Galería de gráficas", "Gallery of charts")
}
