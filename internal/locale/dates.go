package locale

import (
	"strconv"
	"strings"
	"time"
)

var monthNames = map[Lang][12]string{
	ES: {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
	EN: {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

var monthShort = map[Lang][12]string{
	ES: {"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"},
	EN: {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
}

// Date writes a day: "3 de septiembre de 2025", "September 3, 2025". The day is that of t's own zone.
func (l *Localizer) Date(t time.Time) string {
	return l.day(t.Year(), t.Month(), t.Day())
}

func (l *Localizer) day(year int, month time.Month, day int) string {
	d, y := strconv.Itoa(day), strconv.Itoa(year)
	if l.lang == EN {
		return monthNames[EN][month-1] + " " + d + ", " + y
	}
	if day == 1 {
		d = "1.º"
	}
	return d + " de " + monthNames[ES][month-1] + " de " + y
}

// DateShort writes a day for tables: "3 sep 2025", "Sep 3, 2025".
func (l *Localizer) DateShort(t time.Time) string {
	d, y, m := strconv.Itoa(t.Day()), strconv.Itoa(t.Year()), monthShort[l.lang][t.Month()-1]
	if l.lang == EN {
		return m + " " + d + ", " + y
	}
	return d + " " + m + " " + y
}

// Month writes a month: "agosto de 2025", "August 2025".
func (l *Localizer) Month(year int, month time.Month) string {
	if l.lang == EN {
		return monthNames[EN][month-1] + " " + strconv.Itoa(year)
	}
	return monthNames[ES][month-1] + " de " + strconv.Itoa(year)
}

// MonthShort writes a month for axes and tables: "ago 2025", "Aug 2025".
func (l *Localizer) MonthShort(year int, month time.Month) string {
	return monthShort[l.lang][month-1] + " " + strconv.Itoa(year)
}

// MonthName is the month alone: "agosto", "August"; short: "ago", "Aug".
func (l *Localizer) MonthName(month time.Month, short bool) string {
	if short {
		return monthShort[l.lang][month-1]
	}
	return monthNames[l.lang][month-1]
}

// DateISO writes a date given as the entries hold it: "2025", "2025-09" or "2025-09-03". Anything else is returned as
// it is; nothing for nothing.
func (l *Localizer) DateISO(s string) string {
	for _, form := range []string{"2006-01-02", "2006-01", "2006"} {
		t, err := time.Parse(form, s)
		if err != nil {
			continue
		}
		switch len(form) {
		case 10:
			return l.Date(t)
		case 7:
			return l.Month(t.Year(), t.Month())
		default:
			return s
		}
	}
	return s
}

// DateISOShort is [Localizer.DateISO] in the short forms for tables.
func (l *Localizer) DateISOShort(s string) string {
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return l.DateShort(t)
	}
	if t, err := time.Parse("2006-01", s); err == nil {
		return l.MonthShort(t.Year(), t.Month())
	}
	return s
}

// Moment writes a date and time with its zone: "3 de septiembre de 2025, 14:05 UTC", "September 3, 2025, 2:05 PM UTC".
func (l *Localizer) Moment(t time.Time) string {
	zone := t.Format("MST")
	if strings.HasPrefix(zone, "+") || strings.HasPrefix(zone, "-") {
		zone = "UTC" + trueMinus(t.Format("-07:00"))
	}
	clock := t.Format("15:04")
	if l.lang == EN {
		clock = t.Format("3:04\u00a0PM")
	}
	return l.Date(t) + ", " + clock + "\u00a0" + zone
}

// Ago says where t lies seen from asOf: "hace 3 días", "in 2 months", "hoy". It counts days, months of 30 days from 60
// days on, and years of 365 days from two years on; below a day it counts hours and minutes.
func (l *Localizer) Ago(t, asOf time.Time) string {
	d := asOf.Sub(t)
	when := "past"
	if d < 0 {
		when, d = "future", -d
	}
	days := int(d / (24 * time.Hour))
	switch {
	case days >= 730:
		return l.N("ago."+when+".years", days/365)
	case days >= 60:
		return l.N("ago."+when+".months", days/30)
	case days >= 1:
		return l.N("ago."+when+".days", days)
	case d >= time.Hour:
		return l.N("ago."+when+".hours", int(d/time.Hour))
	case d >= time.Minute:
		return l.N("ago."+when+".minutes", int(d/time.Minute))
	}
	return l.T("ago.now")
}
