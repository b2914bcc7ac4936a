package foldtest

import (
	"encoding/json"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
)

// Programme is a small programme of two parties and an observer with entries of
// every type.
type Programme struct {
	MX, US, Portal *Writer
	Logs           *Logs
	// Refs names one entry of each type, Bodies their bodies.
	Refs   map[entente.Type]entente.Ref
	Bodies map[entente.Type]any
}

// NewProgramme returns the programme. Every entry in it is admissible.
func NewProgramme() *Programme {
	p := &Programme{
		MX: NewParty(entente.MX), US: NewParty(entente.US), Portal: NewObserver("portal"),
		Refs: map[entente.Type]entente.Ref{}, Bodies: map[entente.Type]any{},
	}
	p.Logs = NewLogs(p.MX, p.US, p.Portal)
	p.Refs[entente.TypeGenesis] = entente.Ref{Log: p.MX.Origin(entente.Public), Leaf: entry.LeafHash(p.MX.Genesis)}
	p.Bodies[entente.TypeGenesis] = &p.MX.Body
	p.trust()
	p.commitments()
	p.figures()
	p.record()
	p.inner()
	p.exchange()
	return p
}

// state appends to a log of audience a and remembers the entry.
func (p *Programme) state(w *Writer, a entente.Audience, t entente.Type, subject string, body any) entente.Ref {
	p.Bodies[t], p.Refs[t] = body, p.Logs.State(w, a, t, subject, body)
	return p.Refs[t]
}

// joint appends both halves to the public logs and returns the body's digest.
func (p *Programme) joint(t entente.Type, subject string, body any) entente.Digest {
	p.Logs.State(p.US, entente.Public, t, subject, body)
	p.state(p.MX, entente.Public, t, subject, body)
	return BodyDigest(body)
}

func (p *Programme) trust() {
	p.state(p.MX, entente.Public, entente.TypeKey, "second-officer",
		&entente.Key{Action: "add", Key: p.MX.NewKey("officer 3", entente.RoleOfficer).Binding, Reason: maybe("Relevo", "Rotation")})
	p.state(p.MX, entente.Public, entente.TypeAgency, "sre", &entente.Agency{
		Code: "SRE", Name: both("Secretaría de Relaciones Exteriores", "Ministry of Foreign Affairs"), Sources: sources("S1")})
	p.joint(entente.TypeCharter, "charter", &entente.Charter{
		Joint: Required(), Code: "programme-2025", Title: both("Programa de prueba", "Test program"), Announced: "2025-09-03",
		Nature: wording(entente.MX), Disclaimer: wording(entente.US),
		Genesis: []entente.GenesisPin{
			{Party: entente.MX, Digest: entente.DigestOf(p.MX.Genesis)}, {Party: entente.US, Digest: entente.DigestOf(p.US.Genesis)}},
		Principles: []entente.Principle{{Code: "sovereignty", Name: both("Soberanía", "Sovereignty"), Wordings: wording(entente.MX)}},
		Areas:      []entente.Area{{Code: "arms", Name: both("Armas", "Arms"), Sources: sources("S1")}},
		AreaLists:  []entente.AreaList{{Items: []entente.AreaListItem{{Text: both("Armas", "Arms"), Areas: []string{"arms"}}}, Sources: sources("S1")}},
		Groups:     []entente.Group{{Code: "group", Name: both("Grupo", "Group"), Sources: sources("S1")}},
		Gates:      []entente.GateRule{{Gate: entente.GateRelease, Officers: 1}, {Gate: entente.GatePublication, Officers: 2}},
	})
	p.joint(entente.TypePolicy, "policy", &entente.Policy{
		Joint: Required(), Code: "gates", Cedar: "permit (principal, action, resource);",
		Refusals: map[string]entente.Refusal{"officers": {Rule: both("Dos firmas", "Two signatures"), Mend: both("Firme otra", "Have another sign")}},
	})
}

func (p *Programme) commitments() {
	joint := p.joint(entente.TypeJointCommitment, "arms-both", &entente.JointCommitment{
		Joint: Required(), Code: "J1", Areas: []string{"arms"}, Title: both("Juntos", "Together"), Due: "2026-03-01",
		DueBasis: maybe("Seis meses", "Six months"), Wording: entente.Summary, Sources: sources("S1")})
	c := Commitment("C1")
	c.Joint = &joint
	own := p.state(p.MX, entente.Public, entente.TypeCommitment, "c1", c)
	p.Logs.State(p.US, entente.Public, entente.TypeCommitment, "c2", Commitment("C2"))
	p.state(p.MX, entente.Public, entente.TypeMilestone, "c1-m1", &entente.Milestone{
		Commitment: own, Title: both("Paso", "Step"), Due: "2025-12", Done: "2025-11-30", Sources: sources("S2")})
	p.state(p.MX, entente.Public, entente.TypeProgress, "c1", &entente.Progress{
		Commitment: own, Completion: entente.Limited, AsOf: "2025-12-31", Text: both("Avance", "Progress"), Sources: sources("S2")})
	p.joint(entente.TypePairing, "c1-c2", &entente.Pairing{
		Joint: Required(), Basis: both("Se responden", "They answer each other"), Sources: sources("S2"),
		Sides: []entente.PairSide{{Party: entente.MX, Subject: "c1"}, {Party: entente.US, Subject: "c2"}}})
	p.state(p.MX, entente.Public, entente.TypeAccount, "a1", &entente.Account{
		Code: "A1", Of: entente.US, Areas: []string{"arms"}, Title: both("Según México", "According to Mexico"),
		Standing: maybe("Sin confirmar", "Not confirmed"), Wording: entente.Summary, Sources: sources("S1")})
	p.state(p.MX, entente.Public, entente.TypeAction, "x1", Action(own))
	p.state(p.MX, entente.Public, entente.TypeMeeting, "m1", &entente.Meeting{
		Code: "M1", Number: 1, Kind: "meeting", Status: "held", Title: both("Reunión", "Meeting"), From: "2025-09-26",
		Place: maybe("Ciudad de México", "Mexico City"), Agenda: []entente.Text{both("Punto", "Item")},
		Outcomes: []entente.Outcome{{Text: both("Acuerdo", "Outcome"), Commitments: []string{"C1"}}}, Wording: entente.Summary, Sources: sources("S1")})
	p.state(p.MX, entente.Public, entente.TypeNotice, "n1", &entente.Notice{
		Code: "N1", Title: both("Aviso", "Notice"), Text: both("Texto", "Text"), Areas: []string{"arms"}, From: "2025-10", To: "2025-11", Sources: sources("S2")})
}

// Recipe is the recipe of the programme's indicator.
const Recipe = `{"aggregation":"sum","columns":[{"headers":["Fecha"],"name":"date"},{"headers":["Entidad"],"name":"state"},{"headers":["Total"],"name":"total"}],` +
	`"dims":[{"name":"state","column":"state","codes":"mx_states"}],"family":"mx-seizures",` +
	`"period":{"date":"date","form":"iso_date"},"unit":"item","value":{"blank":"error","column":"total","kind":"count"}}`

func (p *Programme) figures() {
	definition := p.joint(entente.TypeIndicator, "seizures", &entente.Indicator{
		Joint: Required(), Code: "seizures", Areas: []string{"arms"}, Title: both("Aseguramientos", "Seizures"),
		Definition: both("Piezas", "Items"), Unit: "item", Kind: "output", Direction: "contested", DirectionNote: maybe("Ambas", "Both"),
		Limits: []entente.Text{both("Límite", "Limit")}, Party: entente.MX, Publisher: "SRE", Recipes: []json.RawMessage{json.RawMessage(Recipe)}, Sources: sources("S1")})
	p.joint(entente.TypeTarget, "seizures", &entente.Target{
		Joint: Required(), Indicator: "seizures", Value: "100", Threshold: "50.5", By: "2026-12"})
	p.state(p.MX, entente.Public, entente.TypeLink, "c1-seizures", &entente.Link{
		Commitment: p.Refs[entente.TypeCommitment], Indicators: []string{"seizures"}, Text: both("Lo mide", "It measures it")})
	data := p.state(p.MX, entente.Public, entente.TypeDataset, "file-2025-09", &entente.Dataset{
		Code: "file", Title: both("Archivo", "File"), Publisher: "SRE", Released: "2025-09-15", Licence: both("Libre", "Open"),
		URL: "https://example.org/file.csv", Provenance: both("Descargado", "Downloaded"), File: File("file.csv"), Rows: 12, Sources: sources("S2")})
	p.state(p.MX, entente.Public, entente.TypeObservations, "seizures-2025-09", &entente.Observations{
		Indicator: "seizures", Definition: definition, Dataset: data, Recipe: entente.DigestOf([]byte(Recipe)),
		Series: entente.DigestOf([]byte("series")), Count: 12, From: "2024-09", To: "2025-08", New: 12})
}

func (p *Programme) record() {
	said := p.state(p.US, entente.Public, entente.TypeStatement, "s1", &entente.Statement{
		Code: "S1", Speaker: both("Secretaría de Estado", "Secretary of State"), Date: "2025-09-03", Text: both("Dicho", "Said"),
		Areas: []string{"arms"}, Wording: entente.Verbatim, Sources: sources("S1")})
	p.state(p.US, entente.Public, entente.TypeClaim, "k1", &entente.Claim{
		Code: "K1", Statement: &said, Sources: sources("S1"), ClaimContent: entente.ClaimContent{
			Speaker: both("Secretaría de Estado", "Secretary of State"), By: "US", Date: "2025-09-03", Text: both("Bajó 50 %", "Down 50%"),
			Measure: "seizures", Value: "-50", Unit: "percent", Period: maybe("Un año", "One year"), Status: entente.AsClaimed, Wording: entente.Verbatim}})
	for _, c := range Citations() {
		p.state(p.Portal, entente.Public, entente.TypeCitation, "cite-"+c.Kind, c)
	}
	question := p.state(p.MX, entente.Public, entente.TypeQuestion, "q1", &entente.Question{
		Code: "Q1", Group: both("Cifras", "Figures"), Text: both("¿Cuántas?", "How many?"), Areas: []string{"arms"}, Sources: sources("S2")})
	p.state(p.US, entente.Public, entente.TypeAnswer, "q1", &entente.Answer{Question: question, Text: both("Doce", "Twelve"), Sources: sources("S1")})
	p.state(p.US, entente.Public, entente.TypePosition, "on-x1", &entente.Position{
		On: p.Refs[entente.TypeAction], Stance: entente.Disputes, Reason: maybe("Otra cifra", "Another figure"), Sources: sources("S1")})
	p.state(p.US, entente.Public, entente.TypeWithdrawal, "k1", &entente.Withdrawal{Of: p.Refs[entente.TypeClaim], Reason: both("Error", "Mistake")})
}

// inner adds what stands only in the logs between and within the parties.
func (p *Programme) inner() {
	p.state(p.MX, entente.Shared, entente.TypeConsent, "charter", &entente.Consent{
		Type: entente.TypeCharter, Subject: "charter", Body: entente.DigestOf([]byte("charter"))})
	draft := p.Logs.State(p.MX, entente.National, entente.TypeCommitment, "c9", Commitment("C9"))
	p.state(p.MX, entente.National, entente.TypePublication, "c9", Publication(draft))
}

// Required is the joint part of a body that needs both parties.
func Required() entente.Joint {
	return entente.Joint{Required: []entente.Party{entente.MX, entente.US}}
}

// Source returns a source with this code.
func Source(code string) entente.Source {
	return entente.Source{
		Code: code, Publisher: "Secretaría de Prueba", Title: "Comunicado " + code, Date: "2025-09-03",
		URL: "https://example.org/" + code, Language: "es", Kind: "official"}
}

// File returns a file with this name.
func File(name string) entente.Blob {
	return entente.Blob{Digest: entente.DigestOf([]byte(name)), Size: int64(len(name)), Name: name, Media: "text/csv"}
}

// Commitment returns a commitment with this code.
func Commitment(code string) *entente.Commitment {
	return &entente.Commitment{
		Code: code, Areas: []string{"arms"}, Title: both("Compromiso "+code, "Commitment "+code), Description: both("Texto", "Text"),
		Announced: "2025-09-03", Due: "2026-03", Standing: maybe("Sin informe", "No report"), Wording: entente.Summary, Sources: sources("S1")}
}

// Action returns an action of Mexico for one of its commitments.
func Action(commitment entente.Ref) *entente.Action {
	return &entente.Action{
		Code: "X1", Kind: "seizure", Areas: []string{"arms"}, Title: both("Aseguramiento", "Seizure"), From: "2025-10-01", To: "2025-10-02",
		States: []string{"MX-SON", "MX-BCN"}, Agencies: []string{"SEDENA"},
		Quantities:  []entente.Quantity{{What: both("Armas largas", "Long guns"), Value: "12.5", Unit: "item"}},
		Commitments: []entente.Ref{commitment}, Evidence: []entente.Blob{File("acta.pdf")}, NotBefore: "2025-10-10",
		Wording: entente.Summary, Sources: sources("S1")}
}

// Citations returns one citation of each kind.
func Citations() []*entente.Citation {
	cite := func(kind string) *entente.Citation {
		return &entente.Citation{Code: "T-" + kind, Kind: kind, Title: both("Cita", "Citation"), Text: both("Texto", "Text"),
			Date: "2025-09", Areas: []string{"arms"}, Wording: entente.Summary, Sources: sources("S9")}
	}
	claim, statement, event, undertaking := cite("claim"), cite("statement"), cite("event"), cite("undertaking")
	pairing, meeting, question := cite("pairing"), cite("meeting"), cite("question")
	claim.Claim = &entente.ClaimContent{Speaker: both("Prensa", "Press"), By: "press", Text: both("Cincuenta y cinco", "Fifty-five"),
		Measure: "transfers", Value: "55", Status: entente.Disputed, Why: maybe("Otra dice 59", "Another says 59"), Areas: []string{"crime"}, Wording: entente.Summary}
	undertaking.Of = "US"
	pairing.Pair = []entente.PairSide{{Party: entente.MX, Subject: "c1"}, {Party: entente.US, Subject: "c2"}}
	meeting.Meeting = "M1"
	question.Group = maybe("Cifras", "Figures")
	return []*entente.Citation{claim, statement, event, undertaking, pairing, meeting, question}
}

// Publication returns the body of the publication entry of an inner entry.
func Publication(inner entente.Ref) *entente.Publication {
	salt := entente.DigestOf([]byte("salt of " + inner.String()))
	return &entente.Publication{Inner: inner, Salt: salt, Link: fold.InnerLink(salt, inner.Leaf)}
}

// BodyDigest returns the digest of a body as entries carry it.
func BodyDigest(body any) entente.Digest {
	raw, err := entry.Body(body)
	check(err)
	return entente.DigestOf(raw)
}

func both(es, en string) entente.Text      { return entente.Text{ES: es, EN: en} }
func maybe(es, en string) *entente.Text    { t := both(es, en); return &t }
func sources(code string) []entente.Source { return []entente.Source{Source(code)} }
func wording(p entente.Party) []entente.PartyText {
	return []entente.PartyText{{Party: p, Text: both("No obliga.", "It does not bind."), Wording: entente.Summary, Sources: sources("S1")}}
}
