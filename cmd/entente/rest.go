package main

import (
	"context"
	"log/slog"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"entente/internal/store"
)

// A node that allocates less than restBelow bytes in restAfter is at rest.
const (
	restAfter = 2 * time.Second
	restBelow = 1 << 20
)

// restGC is the garbage that a node at rest lets gather, in percent of what is in use
// (GOGC): little, because it makes little.
const restGC = 20

// rest returns memory to the system each time the node has come to rest: loading,
// an import or a report leave a heap several times as large as what is in use, and
// the runtime by itself keeps it for minutes, or as long as nobody asks anything.
func rest(ctx context.Context, s *store.Store, log *slog.Logger) {
	tick := time.NewTicker(restAfter)
	defer tick.Stop()
	usual, resting := 0, false
	for before := allocated(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := allocated()
		quiet := now-before < restBelow
		switch {
		case quiet && !resting:
			if err := s.Rest(ctx); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "the database keeps its memory", "error", err)
			}
			usual = debug.SetGCPercent(restGC)
			debug.FreeOSMemory()
		case resting && !quiet:
			debug.SetGCPercent(usual)
		}
		before, resting = now, quiet
	}
}

// allocated is how many bytes the process allocated since it started.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
