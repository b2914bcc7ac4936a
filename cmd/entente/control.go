package main

import (
	"bufio"
	"encoding/json"
	"io"
	"sync"

	"entente"
)

// A node started by the demo talks to it over its standard streams, one JSON
// object a line: events go out on standard output, questions come in on standard
// input. When standard input closes, the one who started the node is gone and the
// node stops, so that no process is left behind. Nothing of this is on a network.

// event is one line a node reports.
type event struct {
	// Event is ready, progress, loaded, state, shown or failed.
	Event string `json:"event"`
	Web   string `json:"web,omitempty"`
	Stage string `json:"stage,omitempty"`
	Done  int    `json:"done,omitempty"`
	Total int    `json:"total,omitempty"`
	Error string `json:"error,omitempty"`
	// State is set for the event state.
	State *nodeState `json:"state,omitempty"`
	// Shown is set for the event shown, unless Error says why not.
	Shown *shown `json:"shown,omitempty"`
}

// question is one line a node is asked. Ask is state, show or stop.
type question struct {
	Ask string `json:"ask"`
	// Step of the demonstration of the exchange, for show, and the entry that it
	// rests on.
	Step  string       `json:"step,omitempty"`
	About *entente.Ref `json:"about,omitempty"`
}

// eventWriter writes events, one line each, from any goroutine.
type eventWriter struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func newEventWriter(w io.Writer) *eventWriter { return &eventWriter{enc: json.NewEncoder(w)} }

// send writes e; an error means that the reader is gone, which standard input
// tells too, so it is not reported twice.
func (w *eventWriter) send(e event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.enc.Encode(e)
}

// readLines decodes one T a line from r until it ends and hands each to handle.
// Lines that are not JSON are handed to other.
func readLines[T any](r io.Reader, handle func(T), other func(string)) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), 4<<20)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			other(lines.Text())
			continue
		}
		handle(v)
	}
}
