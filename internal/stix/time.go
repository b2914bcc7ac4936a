package stix

import (
	"strings"
	"time"
)

// Timestamp is a point in time exactly as an object states it (section 2.16): RFC
// 3339 in UTC with Z, with any number of decimals. The zero value stands for none.
type Timestamp string

// TimestampOf returns t in milliseconds, the least precision that created and
// modified may have (section 3.2), or more where t has more.
func TimestampOf(t time.Time) Timestamp {
	s := t.UTC().Format("2006-01-02T15:04:05.000000000Z")
	s = s[:len(s)-1]
	for len(s) > len("2006-01-02T15:04:05.000") && s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	return Timestamp(s + "Z")
}

const seconds = len("2006-01-02T15:04:05")

// Valid reports whether t is a real time in the form of section 2.16. Leap seconds
// are.
func (t Timestamp) Valid() bool {
	s := string(t)
	if len(s) <= seconds || s[len(s)-1] != 'Z' || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return false
	}
	if frac := s[seconds : len(s)-1]; frac != "" && (frac[0] != '.' || len(frac) == 1 || !allDigits(frac[1:])) {
		return false
	}
	y, m, d := number(s[0:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	return y >= 0 && m >= 1 && m <= 12 && d >= 1 && d <= daysIn(y, m) &&
		hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60
}

// Decimals returns how many decimals of a second t has.
func (t Timestamp) Decimals() int { return max(0, len(t)-seconds-2) }

// Compare orders two valid timestamps exactly, whatever their precision.
func (t Timestamp) Compare(u Timestamp) int {
	if c := strings.Compare(string(t[:seconds]), string(u[:seconds])); c != 0 {
		return c
	}
	return strings.Compare(t.fraction(), u.fraction())
}

// fraction is the decimals without trailing zeros, which compare as text.
func (t Timestamp) fraction() string {
	return strings.TrimRight(strings.TrimPrefix(string(t[seconds:len(t)-1]), "."), "0")
}

// Time returns t to the nanosecond, or the zero time when it is not valid.
func (t Timestamp) Time() time.Time {
	if !t.Valid() {
		return time.Time{}
	}
	s := string(t)
	if s[17:19] == "60" { // Go knows no leap second: the last instant before it is over
		s = s[:17] + "59.999999999Z"
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// number returns the value of a string of digits, or -1.
func number(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
