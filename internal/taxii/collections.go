package taxii

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"entente/internal/store"
)

// idBook gives collections their identifiers: version 4 UUIDs (section 2), made once
// and kept in the database.
type idBook struct {
	store *store.Store
	mu    sync.Mutex
	ids   map[string]string // by alias
}

const idsKey = "taxii.collections"

func (b *idBook) load(ctx context.Context) error {
	b.ids = map[string]string{}
	raw, err := b.store.Meta(ctx, idsKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, &b.ids)
}

// of returns the identifiers of collections.
func (b *idBook) of(ctx context.Context, aliases ...string) (ids []string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fresh := map[string]string{}
	for _, a := range aliases {
		id := b.ids[a]
		if id == "" {
			id = newID()
			fresh[a] = id
		}
		ids = append(ids, id)
	}
	if len(fresh) == 0 {
		return ids, nil
	}
	for a, id := range b.ids {
		fresh[a] = id
	}
	raw, err := json.Marshal(fresh)
	if err != nil {
		return nil, err
	}
	if err := b.store.SetMeta(ctx, idsKey, raw); err != nil {
		return nil, err
	}
	b.ids = fresh
	return ids, nil
}

// The aliases of an area's collections.
const (
	received = "received-"
	outgoing = "outgoing-"
)

// all returns the collections, in the order of the areas.
func (s *Server) all(c *call) ([]collection, error) {
	areas, err := s.o.Areas(c.Context())
	if err != nil {
		return nil, err
	}
	var aliases []string
	for _, a := range areas {
		aliases = append(aliases, received+a.Code, outgoing+a.Code)
	}
	ids, err := s.ids.of(c.Context(), aliases...)
	if err != nil {
		return nil, err
	}
	var list []collection
	for i, a := range areas {
		name := c.text(a.Name)
		list = append(list,
			collection{
				ID: ids[2*i], Alias: aliases[2*i], CanRead: true, MediaTypes: []string{stixMediaType}, area: a.Code,
				Title: c.l.T("taxii.received.title", "Area", name), Description: c.l.T("taxii.received.text", "Area", name),
			},
			collection{
				ID: ids[2*i+1], Alias: aliases[2*i+1], CanWrite: true, MediaTypes: []string{stixMediaType}, area: a.Code,
				Title: c.l.T("taxii.outgoing.title", "Area", name), Description: c.l.T("taxii.outgoing.text", "Area", name),
			})
	}
	return list, nil
}

// collections answers all of them (section 5.1).
func (s *Server) collections(c *call) error {
	list, err := s.all(c)
	if err != nil {
		return err
	}
	return write(c, http.StatusOK, collectionsResource{list})
}

// collection finds one by identifier or alias (sections 5.2, 5.2.1).
func (s *Server) collection(c *call, name string) (collection, error) {
	list, err := s.all(c)
	if err != nil {
		return collection{}, err
	}
	for _, col := range list {
		if col.ID == name || col.Alias == name {
			return col, nil
		}
	}
	return collection{}, notFound()
}
