package taxii

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Media types (sections 1.6.8, 5.2.1).
const (
	mediaType     = "application/taxii+json;version=2.1"
	stixMediaType = "application/stix+json;version=2.1"
	baseType      = "application/taxii+json"
	version       = "2.1"
)

// timestampForm is the form of timestamps (section 2): microseconds, UTC.
const timestampForm = "2006-01-02T15:04:05.000000Z"

func timestamp(t time.Time) string { return t.UTC().Format(timestampForm) }

// discoveryResource is section 4.1.1.
type discoveryResource struct {
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Contact     string   `json:"contact,omitempty"`
	Default     string   `json:"default"`
	APIRoots    []string `json:"api_roots"`
}

// apiRootResource is section 4.2.1.
type apiRootResource struct {
	Title            string   `json:"title"`
	Description      string   `json:"description,omitempty"`
	Versions         []string `json:"versions"`
	MaxContentLength int64    `json:"max_content_length"`
}

// collection is section 5.2.1.
type collection struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description,omitempty"`
	Alias       string   `json:"alias"`
	CanRead     bool     `json:"can_read"`
	CanWrite    bool     `json:"can_write"`
	MediaTypes  []string `json:"media_types"`

	area string
}

// collectionsResource is section 5.1.1.
type collectionsResource struct {
	Collections []collection `json:"collections,omitempty"`
}

// manifestRecord is section 5.3.1.
type manifestRecord struct {
	ID        string `json:"id"`
	DateAdded string `json:"date_added"`
	Version   string `json:"version"`
	MediaType string `json:"media_type"`
}

// manifestResource is section 5.3.1. Next is a custom property (section 7.1): the
// endpoint takes next, and programs in use look for it here.
type manifestResource struct {
	More    bool             `json:"more,omitempty"`
	Next    string           `json:"next,omitempty"`
	Objects []manifestRecord `json:"objects,omitempty"`
}

// versionsResource is section 5.8.1, with Next as in [manifestResource].
type versionsResource struct {
	More     bool     `json:"more,omitempty"`
	Next     string   `json:"next,omitempty"`
	Versions []string `json:"versions,omitempty"`
}

// statusDetails is section 4.3.1.
type statusDetails struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Message string `json:"message,omitempty"`
}

// statusResource is section 4.3.1.
type statusResource struct {
	ID               string          `json:"id"`
	Status           string          `json:"status"`
	RequestTimestamp string          `json:"request_timestamp"`
	TotalCount       int             `json:"total_count"`
	SuccessCount     int             `json:"success_count"`
	Successes        []statusDetails `json:"successes,omitempty"`
	FailureCount     int             `json:"failure_count"`
	Failures         []statusDetails `json:"failures,omitempty"`
	PendingCount     int             `json:"pending_count"`
}

// errorMessage is section 3.6.1.
type errorMessage struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	ErrorID     string `json:"error_id,omitempty"`
	ErrorCode   string `json:"error_code"`
	HTTPStatus  string `json:"http_status"`
}

// write answers with a resource.
func write(c *call, status int, resource any) error {
	b, err := json.Marshal(resource)
	if err != nil {
		return err
	}
	writeRaw(c, status, b)
	return nil
}

func writeRaw(c *call, status int, body []byte) {
	h := c.w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Language", c.l.Lang().Tag())
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // a reader who has gone is no fault
}

// mediaRange is a media type with its parameters in lower case, as Accept and
// Content-Type give it; ok is false when it is none.
func mediaRange(s string) (typ string, params map[string]string, ok bool) {
	parts := strings.Split(s, ";")
	typ = strings.ToLower(strings.TrimSpace(parts[0]))
	if major, minor, found := strings.Cut(typ, "/"); !found || major == "" || minor == "" {
		return "", nil, false
	}
	params = map[string]string{}
	for _, p := range parts[1:] {
		name, value, _ := strings.Cut(p, "=")
		params[strings.ToLower(strings.TrimSpace(name))] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	return typ, params, true
}

// acceptable reports whether an Accept header takes TAXII 2.1 (sections 1.6.8, 3.1). A
// request without one does not follow section 3.1.
func acceptable(headers []string) bool {
	for _, header := range headers {
		for item := range strings.SplitSeq(header, ",") {
			typ, params, ok := mediaRange(item)
			if !ok || strings.Trim(params["q"], "0.") == "" && params["q"] != "" {
				continue
			}
			if typ == "*/*" || typ == "application/*" || typ == baseType && (params["version"] == "" || params["version"] == version) {
				return true
			}
		}
	}
	return false
}

// isTAXII reports whether a Content-Type is TAXII 2.1 in UTF-8.
func isTAXII(header string) bool {
	typ, params, ok := mediaRange(header)
	charset := strings.ToLower(params["charset"])
	return ok && typ == baseType && (params["version"] == "" || params["version"] == version) && (charset == "" || charset == "utf-8")
}

func allowed(m methods) string {
	var names []string
	for name := range m {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
