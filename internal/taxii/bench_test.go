package taxii

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"entente"
	"entente/internal/store"
)

// bundle is how many objects are in an envelope, and in a release, of the benchmarks.
const bundle = 100

// auditedUses records each use durably, as a row of the audit trail: what a use costs at
// least.
type auditedUses struct{ s *store.Store }

func (u auditedUses) RecordUse(ctx context.Context, c store.Client, releases []entente.Ref) error {
	detail, err := json.Marshal(releases)
	if err != nil {
		return err
	}
	return u.s.AddAudit(ctx, store.AuditEvent{Actor: c.Name, Act: "use", Object: c.Purpose, Outcome: "done", Detail: detail})
}

func newBench(b *testing.B) *rig {
	r := newRig(b, func(o *Options) { o.Clock = nil })
	r.Server.o.Uses = auditedUses{r.store}
	return r
}

// incident is an invented object as large as those of the field tend to be.
func incident(n int) store.Object {
	id := fmt.Sprintf("incident--%08x-0000-4000-8000-%012x", n, n)
	raw := fmt.Sprintf(`{"type":"incident","spec_version":"2.1","id":%q,"created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z",`+
		`"created_by_ref":"identity--00000001-0000-4000-8000-000000000000","name":"Example %d","description":"%s","labels":["example","invented"]}`,
		id, n, strings.Repeat("An invented incident that says it is an example. ", 6))
	return store.Object{ID: id, Type: "incident", Spec: "2.1", Version: "2026-01-01T00:00:00.000Z", Raw: []byte(raw)}
}

// body is an envelope of 100 objects.
func body(from int) string {
	var list []string
	for i := range bundle {
		list = append(list, string(incident(from+i).Raw))
	}
	return `{"objects":[` + strings.Join(list, ",") + `]}`
}

// writers is how many programs submit at once.
const writers = 8

// submit sends n envelopes, and returns how long one took on average.
func (r *rig) submit(n int) time.Duration {
	r.Helper()
	bodies := make([]string, min(n, 64))
	for i := range bodies {
		bodies[i] = body(i * bundle)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range writers {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
				if w := r.ask("siem", http.MethodPost, outA1+"objects/", bodies[i%len(bodies)]); w.Code != http.StatusAccepted {
					r.Errorf("%d %s", w.Code, w.Body)
				}
			}
		}()
	}
	group.Wait()
	return time.Since(start) / time.Duration(n)
}

// BenchmarkAdd: objects submitted in envelopes of 100, validated and durable.
func BenchmarkAdd(b *testing.B) {
	r := newBench(b)
	r.submit(writers)
	n := 0
	b.ResetTimer()
	start := time.Now()
	for b.Loop() {
		r.submit(writers)
		n += writers
	}
	b.ReportMetric(float64(n*bundle)/time.Since(start).Seconds(), "taxii-add/s")
}

// load adds releases of 100 objects up to a number of objects, every third of them for
// another agency as well, every tenth for another only.
func (r *rig) load(from, to int) {
	r.Helper()
	for n := from / bundle; n < to/bundle; n++ {
		objects := make([]store.Object, bundle)
		for i := range objects {
			objects[i] = incident(n*bundle + i)
		}
		agencies := []string{"FGR"}
		if n%3 == 0 {
			agencies = append(agencies, "SSPC")
		}
		if n%10 == 0 {
			agencies = []string{"SSPC"}
		}
		r.receive(n, agencies, objects...)
	}
}

// readPages reads pages from a moment on, and returns how many objects they held.
func (r *rig) readPages(after time.Time, pages int) int {
	r.Helper()
	n := 0
	query := "?added_after=" + timestamp(after)
	for range pages {
		req := httptest.NewRequest(http.MethodGet, inA1+"objects/"+query, nil)
		req.Header.Set("Accept", mediaType)
		req.SetBasicAuth("siem", r.secrets["siem"])
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code != http.StatusOK {
			r.Fatalf("%d %s", w.Code, w.Body)
		}
		n += strings.Count(w.Body.String(), `"type":"incident"`)
		query = "?added_after=" + w.Header().Get("X-TAXII-Date-Added-Last")
		if !strings.HasPrefix(w.Body.String(), `{"more":true`) {
			query = "?added_after=" + timestamp(after)
		}
	}
	return n
}

// BenchmarkRead: objects paged out, decrypted, their uses recorded durably.
func BenchmarkRead(b *testing.B) {
	r := newBench(b)
	r.load(0, 20_000)
	r.readPages(time.Time{}, 2)
	n := 0
	b.ResetTimer()
	start := time.Now()
	for b.Loop() {
		n += r.readPages(time.Time{}, 18)
	}
	b.ReportMetric(float64(n)/time.Since(start).Seconds(), "taxii-read/s")
}

// The sizes of BenchmarkGrowth; ENTENTE_GROWTH sets the larger one.
const (
	growthSmall = 10_000
	growthLarge = 1_000_000
)

// BenchmarkGrowth: submitting, receiving, paging and asking for one object at a million
// objects against the same at ten thousand.
func BenchmarkGrowth(b *testing.B) {
	large := growthLarge
	if n, err := strconv.Atoi(os.Getenv("ENTENTE_GROWTH")); err == nil {
		large = n
	}
	for b.Loop() {
		small, big := newBench(b), newBench(b)
		small.load(0, growthSmall)
		big.load(0, large)
		runtime.GC()
		// One after the other in turn, so that both have the same machine.
		kinds := []string{"add", "read", "object", "receive"}
		var times [2]map[string][]time.Duration
		times[0], times[1] = map[string][]time.Duration{}, map[string][]time.Duration{}
		for round := range 12 {
			for i, r := range []*rig{small, big} {
				size := []int{growthSmall, large}[i]
				for k, took := range r.round(size, round) {
					times[i][k] = append(times[i][k], took)
				}
			}
		}
		worst := 0.0
		for _, k := range kinds {
			ratio := float64(median(times[1][k])) / float64(median(times[0][k]))
			b.ReportMetric(ratio, "taxii-"+k+"-growth")
			b.ReportMetric(float64(median(times[1][k]).Microseconds()), "taxii-"+k+"-large-us")
			if k == "add" || k == "read" {
				worst = max(worst, ratio)
			}
		}
		b.ReportMetric(worst, "taxii-growth")
	}
}

// round measures each kind once.
func (r *rig) round(size, round int) map[string]time.Duration {
	r.Helper()
	out := map[string]time.Duration{}
	out["add"] = r.submit(4 * writers)
	w := r.ask("siem", http.MethodGet, inA1+"objects/"+incident(size/20*10+bundle).ID+"/", "")
	middle, err := time.Parse(timestampForm, w.Header().Get("X-TAXII-Date-Added-First"))
	r.check(err)
	start := time.Now()
	for _, from := range []time.Time{{}, middle} {
		if got := r.readPages(from, 4); got != 4*defaultPage {
			r.Fatalf("%d objects on four pages", got)
		}
	}
	out["read"] = time.Since(start)
	start = time.Now()
	for i := range 50 {
		n := (size/51*i+7)/bundle*bundle + 100
		if n/bundle%10 == 0 {
			n += bundle
		}
		r.ask("siem", http.MethodGet, inA1+"objects/"+incident(n%size).ID+"/", "")
	}
	out["object"] = time.Since(start)
	start = time.Now()
	r.load(size+round*10*bundle, size+(round+1)*10*bundle)
	out["receive"] = time.Since(start)
	return out
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
