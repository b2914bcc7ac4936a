package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A node that allocates less than restBelow bytes in restAfter is at rest.
const (
	restAfter = 2 * time.Second
	restBelow = 1 << 20
)

// rest returns memory to the system each time the node has come to rest: loading,
// an import or a report leave a heap several times as large as what is in use, and
// the runtime by itself keeps it for minutes, or as long as nobody asks anything.
func rest(ctx context.Context) {
	tick := time.NewTicker(restAfter)
	defer tick.Stop()
	resting := false
	for before := allocated(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := allocated()
		quiet := now-before < restBelow
		if quiet && !resting {
			debug.FreeOSMemory()
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
