package taxii

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"entente"
	"entente/internal/store"
)

// cachedView is what an account may see, as long as nothing of that changes.
type cachedView struct {
	version uint64
	*store.ObjectView
}

// maxViews bounds what is kept; past it, all of it is made anew.
const maxViews = 256

// view returns what the account may see now.
func (s *Server) view(ctx context.Context, c store.Client) (*store.ObjectView, error) {
	version, visible, err := s.o.Releases.VisibleReleases(ctx, c)
	if err != nil {
		return nil, err
	}
	change, err := s.o.Store.ObjectsChange(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	kept := s.views[c.ID]
	s.mu.Unlock()
	if kept != nil && kept.version == version && kept.Change >= change {
		return kept.ObjectView, nil
	}
	v, err := s.o.Store.ObjectView(ctx, c.Agency, visible)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.views) >= maxViews {
		clear(s.views)
	}
	s.views[c.ID] = &cachedView{version, v}
	return v, nil
}

// page is what a reading endpoint answers with.
type page struct {
	objects []store.StoredObject
	after   int64 // where the page begins
	last    int64 // where it ends
	more    bool
}

// page reads a page of a collection, or of one object in it.
func (s *Server) page(c *call, col collection, q query, bare bool) (*page, error) {
	if !col.CanRead {
		return nil, problem(http.StatusForbidden, "read")
	}
	p := &page{after: q.added}
	if q.next != "" {
		at, err := s.cursors.position(q.next, c.client.ID, col.Alias, &q)
		if err != nil {
			return nil, err
		}
		p.after = max(p.after, at)
	}
	limit := s.o.MaxPage
	if q.limit > 0 {
		limit = min(limit, q.limit)
	}
	v, err := s.view(c.Context(), c.client)
	if err != nil {
		return nil, err
	}
	p.objects, p.more, err = v.List(c.Context(), store.ObjectQuery{
		Area: col.area, After: p.after, IDs: q.ids, Types: q.types, Specs: q.specs, Versions: q.versions, Limit: limit, Bare: bare,
	})
	if n := len(p.objects); n > 0 {
		p.last = p.objects[n-1].Position
	}
	return p, err
}

// of returns q for one object; [notFound] when the account may not see it in the
// collection in any version.
func (s *Server) of(c *call, col collection, q query, id string) (query, error) {
	q.ids = []string{id}
	all, err := s.page(c, col, query{ids: q.ids, versions: store.ObjectVersions{All: true}, limit: 1}, true)
	if err != nil {
		return q, err
	}
	if len(all.objects) == 0 {
		return q, notFound()
	}
	return q, nil
}

// record records the use of the releases that the objects of a page are of. Nothing
// is written before.
func (s *Server) record(c *call, p *page) error {
	var releases []entente.Ref
	seen := map[entente.Ref]bool{}
	for _, o := range p.objects {
		if !seen[o.Release] {
			seen[o.Release] = true
			releases = append(releases, o.Release)
		}
	}
	if len(releases) == 0 {
		return nil
	}
	return s.o.Uses.RecordUse(c.Context(), c.client, releases)
}

// dates sets the two headers of section 3.2. A page without objects names the moment
// after which it looked: reading on from there loses nothing.
func (p *page) dates(c *call) {
	first, last := time.UnixMicro(p.after), time.UnixMicro(p.after)
	if n := len(p.objects); n > 0 {
		first, last = p.objects[0].Added(), p.objects[n-1].Added()
	}
	h := c.w.Header()
	h.Set("X-TAXII-Date-Added-First", timestamp(first))
	h.Set("X-TAXII-Date-Added-Last", timestamp(last))
}

// next is the cursor for going on after a page; "" when there is no more.
func (s *Server) next(c *call, col collection, q *query, p *page) string {
	if !p.more {
		return ""
	}
	return s.cursors.text(p.last, c.client.ID, col.Alias, q)
}

// objects answers the objects of a collection (section 5.4).
func (s *Server) objects(c *call, col collection) error {
	q, err := parseQuery(c.URL.RawQuery, matchAll)
	if err != nil {
		return err
	}
	return s.envelope(c, col, q)
}

// object answers the versions asked for of one object (section 5.6).
func (s *Server) object(c *call, col collection, id string) error {
	q, err := parseQuery(c.URL.RawQuery, matchObject)
	if err != nil {
		return err
	}
	if q, err = s.of(c, col, q, id); err != nil {
		return err
	}
	return s.envelope(c, col, q)
}

// envelope answers a page of objects (section 3.7).
func (s *Server) envelope(c *call, col collection, q query) error {
	p, err := s.page(c, col, q, false)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	body.WriteByte('{')
	objects, err := s.open(c.Context(), p)
	if err != nil {
		return err
	}
	if next := s.next(c, col, &q, p); next != "" {
		body.WriteString(`"more":true,"next":"` + next + `"`) // base64: nothing to escape
	}
	if len(objects) > 0 {
		if p.more {
			body.WriteByte(',')
		}
		body.WriteString(`"objects":[`)
		body.Write(objects)
		body.WriteByte(']')
	}
	body.WriteByte('}')
	if err := s.record(c, p); err != nil {
		return err
	}
	p.dates(c)
	writeRaw(c, http.StatusOK, body.Bytes())
	return nil
}

// open decrypts the objects of a page, and cuts the page short where it grows too
// large. Objects whose key was destroyed since the page was read are gone.
func (s *Server) open(ctx context.Context, p *page) ([]byte, error) {
	keys := map[entente.Ref]*store.ObjectKey{}
	size := 0
	for _, o := range p.objects {
		size += o.Size()
	}
	out := make([]byte, 0, min(size, maxPageBytes)+1)
	kept := p.objects[:0]
	for _, o := range p.objects {
		if len(out) > 0 && len(out)+o.Size() > maxPageBytes {
			p.more, p.last = true, kept[len(kept)-1].Position
			break
		}
		key, known := keys[o.Release]
		if !known {
			k, err := s.o.Releases.ObjectKey(ctx, o.Release)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
			if err == nil {
				key = &k
			}
			keys[o.Release] = key
		}
		if key == nil {
			continue
		}
		if len(out) > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = o.Open(*key, out); err != nil {
			return nil, err
		}
		kept = append(kept, o)
	}
	p.objects = kept
	return out, nil
}

// manifest answers what is known of the objects of a collection (section 5.3).
func (s *Server) manifest(c *call, col collection) error {
	q, err := parseQuery(c.URL.RawQuery, matchAll)
	if err != nil {
		return err
	}
	p, err := s.page(c, col, q, true)
	if err != nil {
		return err
	}
	m := manifestResource{More: p.more, Next: s.next(c, col, &q, p)}
	for _, o := range p.objects {
		m.Objects = append(m.Objects, manifestRecord{o.ID, timestamp(o.Added()), o.Version, stixMediaType})
	}
	if err := s.record(c, p); err != nil {
		return err
	}
	p.dates(c)
	return write(c, http.StatusOK, m)
}

// versions answers the versions of an object (section 5.8).
func (s *Server) versions(c *call, col collection, id string) error {
	q, err := parseQuery(c.URL.RawQuery, matchVersion)
	if err != nil {
		return err
	}
	if q, err = s.of(c, col, q, id); err != nil {
		return err
	}
	q.versions.All = true
	p, err := s.page(c, col, q, true)
	if err != nil {
		return err
	}
	list := versionsResource{More: p.more, Next: s.next(c, col, &q, p)}
	for _, o := range p.objects {
		list.Versions = append(list.Versions, o.Version)
	}
	if err := s.record(c, p); err != nil {
		return err
	}
	p.dates(c)
	return write(c, http.StatusOK, list)
}
