package node

import (
	"fmt"
	"testing"

	"entente"
)

// Two processes on one directory: the second version of a thing names the first,
// though the process that states it believed the thing to be new.
func TestVersionsOfTwoProcessesDoNotFork(t *testing.T) {
	w := newWorld(t).found()
	other := w.open(w.mx.dir, Options{})
	for i := range 12 {
		subject := fmt.Sprintf("m%d", i)
		first := w.mx.append(t, w.mx.intent(entente.National, subject))
		in := w.mx.intent(entente.National, subject)
		in.Body = commitment(fmt.Sprintf("other-%d", i))
		in.By, in.Second = nil, nil
		second, err := other.Append(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if h := w.header(other, second.Ref); len(h.Supersedes) != 1 || h.Supersedes[0] != first {
			t.Fatalf("%s: the second version supersedes %v, not %s", subject, h.Supersedes, first)
		}
	}
}
