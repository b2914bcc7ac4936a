package api

import (
	"context"
	"strings"
	"sync"

	"entente"
	"entente/internal/locale"
	"entente/internal/store"
)

var demonstration = entente.Text{
	ES: "Demostración reconstruida de fuentes públicas; no es declaración de ninguno de los gobiernos",
	EN: "Demonstration rebuilt from public sources; not a statement of either government",
}

// demonstrationHeader holds the label in a header field: the Spanish one in the
// extended notation of RFC 8187, since fields are ASCII.
const demonstrationHeader = `en="Demonstration rebuilt from public sources; not a statement of either government"; ` +
	`es*=UTF-8''Demostraci%C3%B3n%20reconstruida%20de%20fuentes%20p%C3%BAblicas%3B%20no%20es%20declaraci%C3%B3n%20de%20ninguno%20de%20los%20gobiernos`

// notices keeps the disclaimer of the charter in force at one frontier.
type notices struct {
	mu         sync.Mutex
	at         entente.Digest
	disclaimer []entente.PartyText
}

// notice returns what every answer carries at the present frontier.
func (s *server) notice(ctx context.Context) (Notice, error) {
	f, err := s.view.Frontier(ctx)
	if err != nil {
		return Notice{}, err
	}
	at := f.Digest()
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	if s.notes.disclaimer == nil || s.notes.at != at {
		charters, err := store.Joints[entente.Charter](ctx, s.view, entente.TypeCharter, store.Query{})
		if err != nil {
			return Notice{}, err
		}
		s.notes.at, s.notes.disclaimer = at, []entente.PartyText{}
		for _, c := range charters {
			if c.InForce != nil && c.InForce.Body != nil {
				s.notes.disclaimer = append(s.notes.disclaimer, c.InForce.Body.Disclaimer...)
			}
		}
	}
	n := Notice{Disclaimer: s.notes.disclaimer, Frontier: at}
	if s.Demo {
		n.Demonstration = &demonstration
	}
	return n, nil
}

// line is the notice in one line, for the rows of a CSV file.
func (n Notice) line(lang locale.Lang) string {
	var parts []string
	if n.Demonstration != nil {
		parts = append(parts, n.Demonstration.ES+" / "+n.Demonstration.EN+".")
	}
	for _, d := range n.Disclaimer {
		text, _ := d.Text.In(string(lang))
		parts = append(parts, string(d.Party)+": "+text)
	}
	return strings.Join(parts, " ")
}
