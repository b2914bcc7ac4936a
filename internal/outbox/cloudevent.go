package outbox

import (
	"encoding/json"
	"time"

	"entente"
	"entente/internal/store"
)

// TypePrefix begins the type of every event that leaves a node.
const TypePrefix = "mx.entente."

// MediaType is that of an event in structured mode (CloudEvents 1.0, JSON format,
// §3).
const MediaType = "application/cloudevents+json; charset=utf-8"

// CloudEvent is an event as it leaves the node (CloudEvents 1.0, §3 "Context
// attributes", in the JSON format, §2).
type CloudEvent struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	// Source is the node's site; with ID it names the event for ever.
	Source string `json:"source"`
	Type   string `json:"type"`
	// Subject is the entry's name: origin#index.
	Subject string    `json:"subject,omitempty"`
	Time    time.Time `json:"time"`
	// DataContentType is that of Data.
	DataContentType string    `json:"datacontenttype"`
	Data            CloudData `json:"data"`
}

// CloudData is what an event says: where to look, and by when. No content.
type CloudData struct {
	Entry *entente.Ref `json:"entry,omitempty"`
	Areas []string     `json:"areas,omitempty"`
	// Due is the clock that runs.
	Due time.Time `json:"due,omitzero"`
	// Desk is where a person reads on.
	Desk string `json:"desk"`
}

// cloudEvent makes an event of the node whose site is at origin.
func cloudEvent(e store.Event, origin string) CloudEvent {
	c := CloudEvent{
		SpecVersion: "1.0", ID: e.ID, Source: origin, Type: TypePrefix + e.Type, Time: e.At.UTC(), DataContentType: "application/json",
		Data: CloudData{Areas: e.Areas, Due: e.Due, Desk: origin + "/"},
	}
	if !e.Entry.IsZero() {
		c.Subject, c.Data.Entry = e.Entry.String(), &e.Entry
	}
	return c
}

func (c CloudEvent) encode() ([]byte, error) { return json.Marshal(c) }
