package taxii

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"entente/internal/store"
)

// TestPagingIsLossless reads while objects are added, with a clock that stands still so
// that all of them are added at one moment: nothing is lost and nothing comes twice,
// whichever way a program pages.
func TestPagingIsLossless(t *testing.T) {
	r := newRig(t)
	rapid.Check(t, func(rt *rapid.T) {
		writers, each := rapid.IntRange(1, 3).Draw(rt, "writers"), rapid.IntRange(1, 6).Draw(rt, "releases each")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 7), writers*each, writers*each).Draw(rt, "sizes")
		limits := rapid.SliceOfN(rapid.IntRange(1, 9), 2, 2).Draw(rt, "limits")
		total := 0
		for _, n := range sizes {
			total += n
		}
		done := make(chan struct{})
		var adding sync.WaitGroup
		for w := range writers {
			adding.Add(1)
			go func() {
				defer adding.Done()
				for i := range each {
					n := w*each + i
					var objects []store.Object
					for k := range sizes[n] {
						objects = append(objects, identity(100*n+k+1, 1))
					}
					err := r.store.AddObjects(t.Context(), keyOf(release(n)), store.ObjectBatch{
						Release: release(n), Areas: []string{"A1"}, Agencies: []string{"FGR", "SSPC"}, Objects: objects,
					})
					if err != nil {
						t.Error(err)
					}
				}
			}()
		}
		go func() { adding.Wait(); close(done) }()
		var reading sync.WaitGroup
		for i, read := range []func(*rig, int, <-chan struct{}) []string{byNext, byDate} {
			reading.Add(1)
			go func() {
				defer reading.Done()
				seen := map[string]bool{}
				for _, id := range read(r, limits[i], done) {
					if seen[id] {
						t.Errorf("%s comes twice", id)
					}
					seen[id] = true
				}
				if len(seen) != total {
					t.Errorf("reader %d got %d objects of %d", i, len(seen), total)
				}
			}()
		}
		reading.Wait()
		for n := range sizes {
			_, err := r.store.DropObjects(t.Context(), release(n))
			r.check(err)
		}
	})
}

// finished reports whether a channel is closed.
func finished(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// byNext pages with next, and begins again after the last date when a page says that
// there is no more, until all was added before a page was asked for.
func byNext(r *rig, limit int, done <-chan struct{}) (all []string) {
	query, after := "", ""
	for {
		last := finished(done)
		var e envelope
		w := pageOf(r, "siem", "objects/?limit="+strconv.Itoa(limit)+query+after, &e)
		all = append(all, e.ids(r)...)
		if query = ""; e.More {
			query = "&next=" + e.Next
			continue
		}
		after = "&added_after=" + w.Get("X-TAXII-Date-Added-Last")
		if last {
			return all
		}
	}
}

// byDate pages the manifest by the date of the last object alone.
func byDate(r *rig, limit int, done <-chan struct{}) (all []string) {
	after := ""
	for {
		last := finished(done)
		var m manifestResource
		w := pageOf(r, "case-system", "manifest/?limit="+strconv.Itoa(limit)+after, &m)
		for _, o := range m.Objects {
			all = append(all, o.ID)
		}
		after = "&added_after=" + w.Get("X-TAXII-Date-Added-Last")
		if last && !m.More {
			return all
		}
	}
}

func pageOf(r *rig, account, tail string, into any) http.Header {
	w := r.ask(account, http.MethodGet, inA1+tail, "")
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil || w.Code != http.StatusOK {
		r.Errorf("%s: %d %s", tail, w.Code, w.Body)
	}
	return w.Header()
}
