package store

// look loads what another process has written. A failure is left to the next
// group, which looks again.
func (w *writer) look() {
	if w.conn == nil {
		return
	}
	if same, err := w.untouched(); err == nil && !same {
		w.abandon()
	}
}

// grownSince returns the logs that are longer than in earlier heads.
func (h *heads) grownSince(before *heads) Committed {
	grown := Committed{}
	for origin, l := range h.logs {
		if was := before.logs[origin]; l.edge.size > 0 && (was == nil || was.edge.size < l.edge.size) {
			grown[origin] = l.edge.size
		}
	}
	return grown
}
