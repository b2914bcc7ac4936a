package store

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"entente"
)

// Many readers, each with a query that nobody has prepared yet, do not wait for
// each other for ever.
func TestManyNewQueriesAtOnce(t *testing.T) {
	for range 5 {
		s, _ := mexico(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for _, column := range []string{"code", "due", "announced", "owner", "joint", "wording"} {
			for _, op := range []Op{Eq, Ne, Lt, Gt} {
				wg.Go(func() {
					<-start
					q := Query{Type: entente.TypeCommitment, Where: []Cond{{Column: column, Op: op, Value: "x"}}}
					if _, err := List[json.RawMessage](ctx, s.View(entente.Public), q); err != nil {
						t.Errorf("%s %s: %v", column, op, err)
					}
				})
			}
		}
		close(start)
		wg.Wait()
		cancel()
	}
}
