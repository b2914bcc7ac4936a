package series

import (
	"errors"
	"strings"
)

// boundPeriod reads the month of a row. Pairs of cells already read are
// remembered: a file has few of them and many rows.
type boundPeriod struct {
	form              PeriodForm
	year, month, date int
	seen              map[string]Month
	key               []byte
}

var errPeriod = errors.New("not a period")

// month0 returns the row's month, the first of the year for wide months. On an
// error it returns the column at fault.
func (p *boundPeriod) month0(fields []string) (Month, int, error) {
	first, second := p.year, p.month
	switch p.form {
	case ISODate:
		first, second = p.date, p.date
	case WideMonths:
		second = p.year
	}
	p.key = append(append(append(p.key[:0], fields[first]...), 0), fields[second]...)
	if m, ok := p.seen[string(p.key)]; ok {
		return m, first, nil
	}
	m, column, err := p.parse(fields)
	if err == nil && len(p.seen) < maxCache {
		p.seen[string(p.key)] = m
	}
	return m, column, err
}

func (p *boundPeriod) parse(fields []string) (Month, int, error) {
	if p.form == ISODate {
		m, err := parseISO(strings.TrimSpace(fields[p.date]))
		return m, p.date, err
	}
	year, err := parseYear(fields[p.year])
	if err != nil {
		return 0, p.year, err
	}
	if p.form == WideMonths {
		m, err := NewMonth(year, 1)
		return m, p.year, err
	}
	number, err := p.parseMonthName(fields[p.month])
	if err != nil {
		return 0, p.month, err
	}
	if p.form == FiscalMonth && number >= 10 {
		year--
	}
	m, err := NewMonth(year, number)
	return m, p.year, err
}

// parseYear reads 2025, FY2025 and 2025 (FYTD).
func parseYear(s string) (int, error) {
	s = strings.TrimSpace(strings.TrimSuffix(fold(s), "(fytd)"))
	s = strings.TrimSpace(strings.TrimPrefix(s, "fy"))
	if len(s) != 4 {
		return 0, errPeriod
	}
	return digits(s)
}

// parseMonthName reads a month's name, abbreviation or number. In a fiscal file
// "01 October" carries the month's place in the year, which must agree with it.
func (p *boundPeriod) parseMonthName(s string) (int, error) {
	s = fold(s)
	if n, ok := months[strings.TrimSuffix(s, ".")]; ok {
		return n, nil
	}
	if p.form == CalendarMonth {
		if n, err := digits(s); err == nil && n >= 1 && n <= 12 {
			return n, nil
		}
		return 0, errPeriod
	}
	place, name, _ := strings.Cut(s, " ")
	n, ok := months[name]
	at, err := digits(place)
	if !ok || err != nil || at != (n+2)%12+1 {
		return 0, errPeriod
	}
	return n, nil
}

// parseISO reads YYYY-MM-DD or YYYY-MM, with an optional time after the day.
func parseISO(s string) (Month, error) {
	if len(s) < 7 {
		return 0, errPeriod
	}
	m, err := ParseMonth(s[:7])
	if err != nil || len(s) == 7 {
		return m, err
	}
	if len(s) < 10 || s[7] != '-' || (len(s) > 10 && s[10] != 'T' && s[10] != ' ') {
		return 0, errPeriod
	}
	day, err := digits(s[8:10])
	if err != nil || day < 1 || day > m.Days() {
		return 0, errPeriod
	}
	return m, nil
}
