package taxii

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"entente/internal/stix"
	"entente/internal/store"
)

// query is the filters and the place of a page (section 3.4).
type query struct {
	added    int64 // objects after this moment, in Unix microseconds
	limit    int   // 0 for none asked for
	next     string
	ids      []string
	types    []string
	specs    []string
	versions store.ObjectVersions
	exact    string // match[version] as asked for, canonical
}

// The fields that endpoints take in match (sections 5.3, 5.4, 5.6, 5.8).
var (
	matchAll     = []string{"id", "type", "version", "spec_version"}
	matchObject  = []string{"version", "spec_version"}
	matchVersion = []string{"spec_version"}
)

const (
	maxValues  = 500 // of one match parameter
	maxValue   = 255 // bytes
	maxInteger = 1<<53 - 1
)

var specForm = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,3}$`)

// parseQuery reads the parameters of an endpoint that takes some fields in match.
// What is malformed, or there twice, is a 400 (section 3.4). Fields that the standard
// does not define are passed over; those that it defines elsewhere are not.
func parseQuery(raw string, fields []string) (query, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return query{}, badQuery("query", raw)
	}
	var q query
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list := values[name]
		field, match, err := fieldOf(name)
		if err != nil {
			return query{}, err
		}
		if match && !slices.Contains(fields, field) {
			if slices.Contains(matchAll, field) {
				return query{}, badQuery(name, list[0])
			}
			continue
		}
		if !match && !slices.Contains([]string{"added_after", "limit", "next"}, name) {
			continue
		}
		if len(list) != 1 {
			return query{}, badQuery(name, strings.Join(list, " "))
		}
		if match {
			err = q.match(field, list[0])
		} else {
			err = q.parameter(name, list[0])
		}
		if err != nil {
			return query{}, badQuery(name, list[0])
		}
	}
	return q, nil
}

// fieldOf returns the field of a match parameter.
func fieldOf(name string) (field string, match bool, err error) {
	rest, match := strings.CutPrefix(name, "match")
	if !match || rest != "" && rest[0] != '[' {
		return "", false, nil
	}
	field, closed := strings.CutSuffix(strings.TrimPrefix(rest, "["), "]")
	if rest == "" || !closed || field == "" || strings.ContainsAny(field, "[]") {
		return "", false, badQuery(name, "")
	}
	return field, true, nil
}

func badQuery(name, value string) error {
	if len(value) > maxValue {
		value = value[:maxValue]
	}
	return problem(http.StatusBadRequest, "query", "Name", strings.ToValidUTF8(name, "?"), "Value", strings.ToValidUTF8(value, "?"))
}

// errValue says that a value is not of its form; which parameter it is, the caller
// knows.
var errValue = problem(http.StatusBadRequest, "query")

func (q *query) parameter(name, value string) error {
	switch name {
	case "added_after":
		if !stix.Timestamp(value).Valid() {
			return errValue
		}
		q.added = stix.Timestamp(value).Time().UnixMicro()
	case "limit":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil || n == 0 || n > maxInteger {
			return errValue
		}
		q.limit = int(n)
	case "next":
		if value == "" {
			return errValue
		}
		q.next = value
	}
	return nil
}

// match reads the values of a field: some, between commas without spaces.
func (q *query) match(field, value string) error {
	list := strings.Split(value, ",")
	if len(list) > maxValues || slices.ContainsFunc(list, func(v string) bool {
		return v == "" || len(v) > maxValue || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0xfffd })
	}) {
		return errValue
	}
	switch field {
	case "id":
		q.ids = sorted(list)
	case "type":
		q.types = sorted(list)
	case "spec_version":
		if slices.ContainsFunc(list, func(v string) bool { return !specForm.MatchString(v) }) {
			return errValue
		}
		q.specs = sorted(list)
	case "version":
		return q.version(list)
	}
	return nil
}

func sorted(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// version reads the values of match[version] (section 3.4.1).
func (q *query) version(list []string) error {
	for i, v := range list {
		switch v {
		case "all":
			q.versions.All = true
			if len(list) > 1 {
				return errValue
			}
		case "first":
			q.versions.First = true
		case "last":
			q.versions.Last = true
		default:
			if !stix.Timestamp(v).Valid() {
				return errValue
			}
			q.versions.Exact = append(q.versions.Exact, v)
		}
		if slices.Contains(list[:i], v) {
			return errValue
		}
	}
	slices.Sort(list)
	q.exact = strings.Join(list, ",")
	return nil
}

// text is the query without its place: what a cursor is bound to.
func (q *query) text() string {
	return strings.Join([]string{
		strconv.FormatInt(q.added, 10), strings.Join(q.ids, ","), strings.Join(q.types, ","), strings.Join(q.specs, ","), q.exact,
	}, "\n")
}
