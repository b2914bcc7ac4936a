package main

import (
	"embed"
	"fmt"
	"time"

	"entente"
	"entente/internal/exchange"
)

// exampleFiles are what the demonstration's requests and releases carry. All of it is
// invented and says so.
//
//go:embed examples
var exampleFiles embed.FS

// exampleMedia are the media types of the files.
var exampleMedia = map[string]string{".txt": "text/plain", ".csv": "text/csv", ".json": "application/stix+json;version=2.1"}

// example is something that the demonstration composes. Its id is fixed, so that a
// start that was interrupted goes on with the same entry.
type example struct {
	id          string
	t           entente.Type
	title, text string
	files       []string // of examples/
}

// exampleID is the id of the n-th entry that the demonstration states: a UUIDv7 (RFC
// 9562) of the day of the joint statement.
func exampleID(n int) string { return fmt.Sprintf("01990e2b-5400-7000-8000-%012x", n) }

// exampleWords are one text in both languages; it says itself that it is invented.
func exampleWords(es, en string) string {
	return "EJEMPLO, inventado. " + es + "\n\nEXAMPLE, invented. " + en
}

func exampleTitle(es, en string) string { return "EJEMPLO / EXAMPLE: " + es + " / " + en }

var (
	exampleQuestion = example{
		id: exampleID(1), t: entente.TypeRequest, files: []string{"question.txt"},
		title: exampleTitle("embarque aéreo sospechoso", "suspicious air shipment"),
		text: exampleWords("¿Coinciden los manifiestos de carga de estas guías aéreas con lo que se revisó?",
			"Do the cargo manifests of these air waybills match what was inspected?"),
	}
	exampleAnswer = example{
		id: exampleID(2), t: entente.TypeRelease, files: []string{"answer.txt", "manifest.csv"},
		title: exampleTitle("respuesta sobre el embarque aéreo", "answer on the air shipment"),
		text:  exampleWords("Dos de las tres guías declaran otro peso.", "Two of the three waybills declare another weight."),
	}
	exampleRefused = example{
		id: exampleID(3), t: entente.TypeRelease, files: []string{"refused.txt"},
		title: exampleTitle("obtenida en el territorio de la otra parte, sin consentimiento", "collected in the other's territory, without consent"),
		text: exampleWords("El filtro de autorización explica por qué no sale y cómo pedir el consentimiento.",
			"The gate says why it does not leave, and how to ask for consent."),
	}
	exampleConsented = example{
		id: exampleID(4), t: entente.TypeRelease, files: []string{"consented.txt"},
		title: exampleTitle("obtenida en el territorio de la otra parte, con su consentimiento", "collected in the other's territory, with its consent"),
		text:  exampleWords("El consentimiento es para este contenido y ningún otro.", "The consent is for this content and no other."),
	}
	exampleAsking = example{
		id: exampleID(5), t: entente.TypePermissionRequest,
		title: exampleTitle("se pide consentimiento", "consent is asked for"),
		text: exampleWords("Observaciones de carga aérea que se obtuvieron en el territorio de ustedes; se pide poder remitirlas.",
			"Observations of air cargo that were collected in your territory; may they be released to you?"),
	}
	exampleRecalled = example{
		id: exampleID(6), t: entente.TypeRelease, files: []string{"recalled.txt"},
		title: exampleTitle("una remisión que se retira", "a release that is recalled"),
		text:  exampleWords("Resultó inexacta.", "It turned out to be inaccurate."),
	}
	exampleObjects = example{
		id: exampleID(7), t: entente.TypeRelease, files: []string{"objects.json"},
		title: exampleTitle("objetos STIX 2.1", "STIX 2.1 objects"),
		text:  exampleWords("Para los programas de las agencias, por TAXII 2.1.", "For the agencies' programs, over TAXII 2.1."),
	}
)

// The ids of what the demonstration states without content.
var (
	exampleFeedbackID = exampleID(8)
	exampleConsentID  = exampleID(9)
	exampleRecallID   = exampleID(10)
)

// The account of the program that reads the objects.
const (
	exampleProgram = "example-reader"
	exampleAgency  = "CBP"
	examplePurpose = "border_inspection"
	exampleArea    = "A09" // inspections and customs
	// exampleCollector collected what the United States released.
	exampleCollector = "CBP"
)

var exampleOffice = &entente.Authorisation{
	Reference: "EJEMPLO-1 / EXAMPLE-1", Authority: "Oficina de ejemplo / Example office", Date: "2025-10-01",
}

// exampleHandling are the conditions of the examples.
func exampleHandling(territory entente.Party, collector string, now time.Time) entente.Handling {
	return entente.Handling{
		Territory: string(territory), Collector: collector, From: "2025-10-01", To: "2025-10-05", Basis: "demonstration", Source: "B", Information: "2",
		Classification: entente.Unclassified, TLP: entente.TLPAmber, Purposes: []string{examplePurpose, "criminal_investigation"}, Onward: entente.OnwardAsk,
		Retain: entente.Date(now.AddDate(1, 0, 0).Format(time.DateOnly)), Assessed: true,
	}
}

// exampleRequest is the body of the request on an air shipment.
func exampleRequest(now time.Time) entente.Request {
	return entente.Request{
		To: entente.MX, Agencies: []string{"ANAM", "SRE"}, Areas: []string{exampleArea}, Kind: entente.AskData, Purpose: examplePurpose,
		Basis: "demonstration", Urgency: "priority", Due: now.Add(72 * time.Hour).Truncate(time.Second), Authorisation: exampleOffice,
	}
}

// fromMexico is a release of information that Mexico collected in its territory.
func fromMexico(now time.Time, form string) entente.Release {
	return entente.Release{
		To: entente.US, Recipients: []string{exampleAgency, "DOS"}, Areas: []string{exampleArea}, Form: form,
		Handling: exampleHandling(entente.MX, "ANAM", now), Authorisation: exampleOffice,
	}
}

// fromUnitedStates is a release of information that an agency of the United States
// collected in Mexico's territory.
func fromUnitedStates(now time.Time) entente.Release {
	return entente.Release{
		To: entente.MX, Recipients: []string{"ANAM", "SRE"}, Areas: []string{exampleArea}, Form: "files",
		Handling: exampleHandling(entente.MX, exampleCollector, now), Authorisation: exampleOffice,
	}
}

// exampleStates counts what there is by its state.
type exampleStates struct {
	Requests    map[exchange.State]int `json:"requests"`
	Releases    map[exchange.State]int `json:"releases"`
	Permissions map[exchange.State]int `json:"permissions"`
}
