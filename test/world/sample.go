package world

import (
	"bytes"
	"encoding/json"
	"strings"

	"entente"
	"entente/internal/entry"
	"entente/internal/series"
)

// Sample is a small record with every public type in it, and the names of what
// tests look for.
type Sample struct {
	*World
	Charter, Indicator           entente.Ref // Mexico's halves
	IndicatorBody                entente.Digest
	Arms, ArmsUS, Arms2          entente.Ref // commitments; Arms2 supersedes Arms
	Dataset, Observations, Claim entente.Ref
	Action, Question, Position   entente.Ref
	Meeting, Citation, Withdrawn entente.Ref
	File                         []byte // the dataset's file
	SeriesCSV                    []byte // canonical
	Series                       *series.Series
}

func text(es, en string) entente.Text { return entente.Text{ES: es, EN: en} }

// Official is a source as test entries cite it.
var Official = entente.Source{Code: "S1", Publisher: "SRE", Title: "Comunicado conjunto", Date: "2025-09-03", URL: "https://example.org/s1", Language: "es", Kind: "official"}

var press = entente.Source{Code: "P7", Publisher: "Example Times", Title: "What the two sides said", Date: "2025-09-04", URL: "https://example.org/p7", Language: "en", Kind: "press"}

// File is the dataset's file: months, states, counts.
const File = "month,state,events\n2024-07,TX,100\n2024-07,CA,50\n2024-08,TX,80\n2025-07,TX,10\n2025-07,CA,5\n2025-08,TX,4\n"

// Recipe reads [File].
func Recipe() series.Recipe {
	return series.Recipe{
		Family: "sample-events",
		Columns: []series.Column{
			{Name: "month", Headers: []string{"month"}}, {Name: "state", Headers: []string{"state"}}, {Name: "events", Headers: []string{"events"}},
		},
		Period:      series.PeriodRule{Form: series.ISODate, Date: "month"},
		Value:       series.ValueRule{Column: "events", Kind: series.Count, Blank: series.BlankSkip},
		Dims:        []series.DimRule{{Name: "state", Column: "state", Codes: "us_states"}},
		Aggregation: series.Sum,
		Unit:        "events",
	}
}

// NewSample returns the sample record.
func NewSample(w *World) *Sample {
	s := &Sample{World: w, File: []byte(File)}
	s.founding()
	s.commitments()
	s.figures()
	s.record()
	s.exchange()
	return s
}

// Terms are the sample's terms of exchange.
func (s *Sample) Terms() entente.ExchangeTerms {
	return entente.ExchangeTerms{
		Joint: s.required(), Code: "terms",
		Purposes: []entente.Purpose{
			{Code: "investigation", Name: text("Investigación", "Investigation"), Rule: entente.PurposeOpen},
			{Code: "sanctions", Name: text("Sanciones", "Sanctions"), Rule: entente.PurposeConsent},
			{Code: "force_abroad", Name: text("Uso de la fuerza fuera del territorio propio", "Use of force outside one's own territory"), Rule: entente.PurposeNever},
		},
		Bases:   []entente.Term{{Code: "police_cooperation", Name: text("Cooperación policial", "Police cooperation")}},
		Reasons: []entente.Term{{Code: "no_basis", Name: text("Sin fundamento legal", "No lawful basis")}},
		Counts:  true, Sources: []entente.Source{Official},
	}
}

func (s *Sample) exchange() {
	s.Joint(entente.Public, entente.TypeExchangeTerms, "terms", s.Terms())
	s.Add(s.MX, entente.Public, "SRE", entente.TypeRoute, "mx", entente.Route{
		Contacts: []string{"SRE"}, Authorisation: []string{"release"}, Authority: text("Secretaría de Relaciones Exteriores", "Ministry of Foreign Affairs"),
		Ceiling: entente.Unclassified, Sources: []entente.Source{Official},
		Duty: []entente.DutyGroup{{Code: "air", Name: text("Guardia aérea", "Air duty desk"), Agencies: []string{"SSPC"}, Minutes: 15, Escalate: []string{"SRE"}}},
	})
}

func (s *Sample) required() entente.Joint {
	return entente.Joint{Required: []entente.Party{entente.MX, entente.US}}
}

func (s *Sample) founding() {
	nature := func(p entente.Party, es, en string) entente.PartyText {
		return entente.PartyText{Party: p, Text: text(es, en), Wording: entente.Summary, Sources: []entente.Source{Official}}
	}
	s.Charter, _ = s.Joint(entente.Public, entente.TypeCharter, "mx-us-2025", entente.Charter{
		Joint: s.required(), Code: "mx-us-2025", Announced: "2025-09-03",
		Title: text("Programa de cooperación en seguridad", "Security Cooperation Program"),
		Nature: []entente.PartyText{
			nature(entente.MX, "Un programa, no un tratado.", "A program, not a treaty."),
			nature(entente.US, "Un marco de cooperación.", "A framework for cooperation."),
		},
		Disclaimer: []entente.PartyText{
			nature(entente.MX, "No crea obligaciones ni prueba incumplimientos.", "It creates no obligation and is no evidence of a breach."),
			nature(entente.US, "Nada aquí obliga a las partes.", "Nothing here binds the parties."),
		},
		Genesis: []entente.GenesisPin{
			{Party: entente.MX, Digest: entente.DigestOf(s.MX.GenesisRaw)}, {Party: entente.US, Digest: entente.DigestOf(s.US.GenesisRaw)},
		},
		Principles: []entente.Principle{{
			Code: "sovereignty", Name: text("Respeto a la soberanía", "Respect for sovereignty"), Text: text("Cada parte actúa en su territorio.", "Each party acts in its own territory."),
			Wordings: []entente.PartyText{nature(entente.MX, "Respeto irrestricto a la soberanía.", "Unrestricted respect for sovereignty.")},
		}},
		Areas: []entente.Area{
			{Code: "arms", Name: text("Tráfico de armas", "Arms trafficking"), Text: text("Armas que cruzan la frontera.", "Weapons that cross the border.")},
			{Code: "migration", Name: text("Movimiento irregular de personas", "Irregular movement of people"), Text: text("Seguridad fronteriza.", "Border security.")},
		},
		AreaLists: []entente.AreaList{{Title: text("Comunicado conjunto", "Joint statement"), Items: []entente.AreaListItem{{Text: text("Armas", "Arms"), Areas: []string{"arms"}}}, Sources: []entente.Source{Official}}},
		Groups:    []entente.Group{{Code: "hlg", Name: text("Grupo de alto nivel", "High-level group"), Text: text("Da seguimiento.", "It follows up.")}},
		Gates:     []entente.GateRule{{Gate: entente.GateRelease, Officers: 1}, {Gate: entente.GatePublication, Officers: 2}},
		Sources:   []entente.Source{Official},
	})
	s.Joint(entente.Public, entente.TypePolicy, "gates", entente.Policy{
		Joint: s.required(), Code: "gates", Cedar: "permit (principal, action, resource);",
		Refusals: map[string]entente.Refusal{"default": {Rule: text("Nada sale sin permiso.", "Nothing leaves unpermitted."), Mend: text("Pida autorización.", "Ask for authorization.")}},
	})
	extra := NewKey(s.US.Base, "agency DOJ", entente.KeyBinding{Role: entente.RoleAgency, Agency: "DOJ"})
	s.Add(s.US, entente.Public, "", entente.TypeKey, "key", entente.Key{Action: "add", Key: extra.Binding})
	for _, a := range []struct {
		p    *Writer
		code string
		name entente.Text
	}{
		{s.MX, "SRE", text("Secretaría de Relaciones Exteriores", "Ministry of Foreign Affairs")},
		{s.US, "DOS", text("Departamento de Estado", "Department of State")},
		{s.US, "DHS", text("Departamento de Seguridad Nacional", "Department of Homeland Security")},
	} {
		s.Add(a.p, entente.Public, a.code, entente.TypeAgency, strings.ToLower(a.code), entente.Agency{
			Code: a.code, Name: a.name, Role: text("Conduce la cooperación.", "It conducts the cooperation."), Sources: []entente.Source{Official},
		})
	}
}

func (s *Sample) commitments() {
	arms := entente.Commitment{
		Code: "MX-ARMS-1", Areas: []string{"arms"}, Title: text("Inspecciones en el sur", "Inspections in the south"),
		Description: text("Reforzará 12 puntos de inspección.", "It will strengthen 12 inspection points."), Announced: "2025-09-03", Due: "2026-03-31",
		Wording: entente.Summary, Sources: []entente.Source{Official},
	}
	s.Arms = s.Add(s.MX, entente.Public, "SRE", entente.TypeCommitment, "mx-arms-1", arms)
	fix := text("Se corrige la fecha.", "The date is corrected.")
	arms.Due, arms.Correction = "2026-06-30", &fix
	s.Arms2 = s.Add(s.MX, entente.Public, "SRE", entente.TypeCommitment, "mx-arms-1", arms, Supersedes(s.Arms))
	s.ArmsUS = s.Add(s.US, entente.Public, "DHS", entente.TypeCommitment, "us-arms-1", entente.Commitment{
		Code: "US-ARMS-1", Areas: []string{"arms"}, Title: text("Operativos contra el tráfico de armas", "Operations against arms trafficking"),
		Description: text("=Ampliará los operativos en la frontera.", "=It will expand operations at the border."), Announced: "2025-09-03",
		Wording: entente.Summary, Sources: []entente.Source{Official},
	})
	s.Withdrawn = s.Add(s.US, entente.Public, "DHS", entente.TypeCommitment, "us-drones-1", entente.Commitment{
		Code: "US-DRONES-1", Areas: []string{"arms"}, Title: text("Vuelos coordinados", "Coordinated flights"),
		Description: text("Retirado después.", "Withdrawn later."), Wording: entente.Summary, Sources: []entente.Source{Official},
	})
	s.Add(s.US, entente.Public, "DHS", entente.TypeWithdrawal, "us-drones-1", entente.Withdrawal{Of: s.Withdrawn, Reason: text("Ya no procede.", "No longer applies.")})
	s.Add(s.MX, entente.Public, "SRE", entente.TypeMilestone, "mx-arms-1-a", entente.Milestone{Commitment: s.Arms2, Title: text("Primer punto", "First point"), Due: "2025-12-31"})
	s.Add(s.MX, entente.Public, "SRE", entente.TypeProgress, "mx-arms-1", entente.Progress{
		Commitment: s.Arms2, Completion: entente.Limited, AsOf: "2025-11-30", Text: text("Operan 4 de 12.", "4 of 12 operate."), Sources: []entente.Source{Official},
	})
	s.Position = s.Add(s.US, entente.Public, "DOS", entente.TypePosition, "on-mx-arms-1", entente.Position{On: s.Arms2, Stance: entente.TakesNote})
	s.Joint(entente.Public, entente.TypePairing, "arms", entente.Pairing{
		Joint: s.required(), Basis: text("Se responden en el comunicado.", "They answer each other in the statement."), Sources: []entente.Source{Official},
		Sides: []entente.PairSide{{Party: entente.MX, Subject: "mx-arms-1"}, {Party: entente.US, Subject: "us-arms-1"}},
	})
	s.Add(s.MX, entente.Public, "SRE", entente.TypeAccount, "us-arms-more", entente.Account{
		Code: "A1", Of: entente.US, Areas: []string{"arms"}, Title: text("Más decomisos", "More seizures"), Description: text("Dijo que haría más.", "It said it would do more."),
		Wording: entente.Summary, Sources: []entente.Source{Official},
	})
	s.Action = s.Add(s.MX, entente.Public, "SSPC", entente.TypeAction, "mx-seizure-1", entente.Action{
		Code: "ACT-1", Kind: "seizure", Areas: []string{"arms"}, Title: text("Aseguramiento en Sonora", "Seizure in Sonora"),
		Text: text("Se aseguraron armas.", "Weapons were seized."), From: "2025-10-12", States: []string{"MX-SON"},
		Agencies: []string{"SSPC"}, Quantities: []entente.Quantity{{What: text("Armas largas", "Long guns"), Value: "1250.5", Unit: "kg"}},
		Commitments: []entente.Ref{s.Arms2}, Wording: entente.Summary, Sources: []entente.Source{Official},
	})
	s.Joint(entente.Public, entente.TypeJointCommitment, "meet-monthly", entente.JointCommitment{
		Joint: s.required(), Code: "J1", Areas: []string{"arms"}, Title: text("Reunirse cada mes", "Meet every month"), Description: text("Se reunirán cada mes.", "They will meet every month."), Announced: "2025-09-03",
		Wording: entente.Summary, Sources: []entente.Source{Official},
	})
}

func (s *Sample) figures() {
	r := Recipe()
	raw, err := r.JSON()
	if err != nil {
		s.TB.Fatal(err)
	}
	body := entente.Indicator{
		Joint: s.required(), Code: "us-events", Areas: []string{"migration"}, Title: text("Eventos por mes", "Events by month"),
		Definition: text("Eventos registrados.", "Recorded events."), Unit: "events", Kind: "outcome", Direction: "less_is_better",
		Limits: []entente.Text{text("Cuenta eventos, no personas.", "It counts events, not people.")}, Party: entente.US, Publisher: "DHS",
		Recipes: []json.RawMessage{raw}, Sources: []entente.Source{Official},
	}
	s.Indicator, _ = s.Joint(entente.Public, entente.TypeIndicator, "us-events", body)
	encoded, err := entry.Body(body)
	if err != nil {
		s.TB.Fatal(err)
	}
	s.IndicatorBody = entente.DigestOf(encoded)
	s.Dataset = s.Add(s.US, entente.Public, "DHS", entente.TypeDataset, "events-2025-09", entente.Dataset{
		Code: "events-2025-09", Title: text("Eventos, septiembre", "Events, September"), Publisher: "DHS", Released: "2025-09-15",
		Licence: text("Dominio público", "Public domain"), Provenance: text("Descarga directa.", "Direct download."),
		File: entente.Blob{Digest: entente.DigestOf(s.File), Size: int64(len(s.File)), Name: "events.csv", Media: "text/csv"}, Rows: 6,
	})
	s.Series = s.series(&r)
	var csv bytes.Buffer
	if err := s.Series.WriteCSV(&csv); err != nil {
		s.TB.Fatal(err)
	}
	s.SeriesCSV = csv.Bytes()
	recipe, err := r.Digest()
	if err != nil {
		s.TB.Fatal(err)
	}
	s.Observations = s.Add(s.US, entente.Public, "DHS", entente.TypeObservations, "us-events.events-2025-09", entente.Observations{
		Indicator: "us-events", Definition: s.IndicatorBody, Dataset: s.Dataset, Recipe: recipe, Series: entente.DigestOf(s.SeriesCSV),
		Count: len(s.Series.Obs), From: "2024-07", To: "2025-08", New: len(s.Series.Obs),
	})
	s.Add(s.MX, entente.Public, "SRE", entente.TypeLink, "mx-arms-1", entente.Link{Commitment: s.Arms2, Indicators: []string{"us-events"}, Text: text("Lo mide en parte.", "It measures it in part.")})
	s.Joint(entente.Public, entente.TypeTarget, "us-events-2026", entente.Target{
		Joint: s.required(), Indicator: "us-events", Value: "10", By: "2026-12", Text: text("A lo más diez eventos.", "Ten events at most."),
	})
}

func (s *Sample) series(r *series.Recipe) *series.Series {
	lines := strings.Split(strings.TrimSpace(File), "\n")
	x, err := r.Bind(strings.Split(lines[0], ","), func(f series.Finding) { s.TB.Fatalf("%+v", f) })
	if err != nil {
		s.TB.Fatal(err)
	}
	for i, line := range lines[1:] {
		x.Row(i+2, strings.Split(line, ","))
	}
	out, err := x.Series()
	if err != nil {
		s.TB.Fatal(err)
	}
	return out
}

func (s *Sample) record() {
	statement := s.Add(s.US, entente.Public, "DOS", entente.TypeStatement, "st-1", entente.Statement{
		Code: "ST-1", Speaker: text("Departamento de Estado", "Department of State"), Date: "2025-09-03", Title: text("Hoja informativa", "Fact sheet"),
		Text: text("Bajaron los eventos.", "Events fell."), Areas: []string{"migration"}, Wording: entente.Summary, Sources: []entente.Source{Official},
	})
	s.Claim = s.Add(s.US, entente.Public, "DOS", entente.TypeClaim, "cl-1", entente.Claim{
		Code: "CL-1", Statement: &statement, Sources: []entente.Source{Official},
		ClaimContent: entente.ClaimContent{
			Speaker: text("Departamento de Estado", "Department of State"), By: "US", Date: "2025-09-03", Text: text("Los eventos bajaron 90 %.", "Events fell 90%."),
			Measure: "events", Value: "-90", Unit: "%", Status: entente.AsClaimed, Areas: []string{"migration"}, Wording: entente.Summary,
		},
	})
	s.Citation = s.Add(s.Portal, entente.Public, "", entente.TypeCitation, "ci-1", entente.Citation{
		Code: "CI-1", Kind: "claim", Title: text("Lo que dijo la prensa", "What the press said"), Text: text("Fueron 59.", "There were 59."), Date: "2025-09-04", Areas: []string{"arms"},
		Claim: &entente.ClaimContent{
			Speaker: text("Diario", "Newspaper"), By: "press", Text: text("Fueron 59.", "There were 59."), Measure: "transfers", Value: "59", Unit: "persons", Status: entente.Disputed, Wording: entente.Summary,
		},
		Wording: entente.Summary, Sources: []entente.Source{press},
	})
	s.Question = s.Add(s.MX, entente.Public, "SRE", entente.TypeQuestion, "q-1", entente.Question{
		Code: "Q-1", Group: text("Armas", "Arms"), Text: text("¿Cuántas inspecciones habrá?", "How many inspections will there be?"), Areas: []string{"arms"}, Sources: []entente.Source{Official},
	})
	s.Add(s.US, entente.Public, "DHS", entente.TypeAnswer, "a-1", entente.Answer{Question: s.Question, Text: text("Se dirá en la próxima reunión.", "It will be told at the next meeting.")})
	s.Meeting = s.Add(s.MX, entente.Public, "SRE", entente.TypeMeeting, "m-1", entente.Meeting{
		Code: "M-1", Number: 1, Kind: "meeting", Status: "held", Title: text("Primera reunión", "First meeting"), From: "2025-09-26",
		Agenda: []entente.Text{text("Armas", "Arms")}, Outcomes: []entente.Outcome{{Text: text("Más inspecciones", "More inspections"), Commitments: []string{"MX-ARMS-1"}}},
		Wording: entente.Summary, Sources: []entente.Source{Official},
	})
	s.Add(s.US, entente.Public, "DOS", entente.TypeMeeting, "m-2", entente.Meeting{
		Code: "M-2", Number: 2, Kind: "meeting", Status: "planned", Title: text("Segunda reunión", "Second meeting"), From: "2026-01-15", Wording: entente.Summary, Sources: []entente.Source{Official},
	})
	s.Add(s.US, entente.Public, "DHS", entente.TypeNotice, "n-1", entente.Notice{
		Code: "N-1", Title: text("Despliegue", "Deployment"), Text: text("Habrá un despliegue.", "There will be a deployment."), Areas: []string{"arms"}, From: "2025-12-01",
	})
}
