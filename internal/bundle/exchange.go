package bundle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"entente"
)

// checkExchange says, from the entries alone, who released what to whom under
// which policy, and what became of it. The content is in no log and in no bundle.
func (v *verification) checkExchange(m *model) {
	var r entente.Release
	e, ok := v.included(m.Release, entente.TypeRelease, &r)
	if !ok {
		v.add(CheckExchange, Failed, modelFile,
			"El modelo no nombra una remisión incluida en el paquete.", "The model names no release that is in the bundle.")
		return
	}
	from := e.parsed.Header.Author
	v.add(CheckExchange, Passed, e.ref.String(),
		fmt.Sprintf("El %s, %s (%s) remitió a %s de %s un contenido sellado de %s bytes con SHA-256 %s; manejo: TLP:%s, fines: %s, conservar hasta %s.",
			e.parsed.Header.Time.UTC().Format("2006-01-02 15:04:05 UTC"), from.Agency, from.Party, strings.Join(r.Recipients, ", "), r.To,
			count(int(r.Content.Size)), r.Content.Digest, strings.ToUpper(string(r.Handling.TLP)), strings.Join(r.Handling.Purposes, ", "), r.Handling.Retain),
		fmt.Sprintf("On %s, %s (%s) released to %s of %s a sealed content of %s bytes with SHA-256 %s; handling: TLP:%s, purposes: %s, retain until %s.",
			e.parsed.Header.Time.UTC().Format("2006-01-02 15:04:05 UTC"), from.Agency, from.Party, strings.Join(r.Recipients, ", "), r.To,
			count(int(r.Content.Size)), r.Content.Digest, strings.ToUpper(string(r.Handling.TLP)), strings.Join(r.Handling.Purposes, ", "), r.Handling.Retain))
	v.tellSigners(e, r.Emergency)
	if d := e.parsed.Header.Decision; d != nil {
		v.tellPolicy(e.ref, d.Policy, d.Policies, "La remisión", "The release")
	}
	v.tellReceipts(e.ref, &r)
	v.tellSteps()
	v.add(CheckExchange, NotChecked, e.ref.String(),
		"El contenido no está en el paquete: quien lo tenga puede comparar su SHA-256 con el de la remisión.",
		"The content is not in the bundle: whoever holds it can compare its SHA-256 with the release's.")
}

// included returns an entry of the bundle of a type, its body decoded.
func (v *verification) included(ref *entente.Ref, t entente.Type, body any) (*entryCheck, bool) {
	if ref == nil {
		return nil, false
	}
	e, ok := v.entry(*ref)
	if !ok || e.parsed == nil || e.parsed.Type != t || json.Unmarshal(e.parsed.Header.Body, body) != nil {
		return nil, false
	}
	return e, true
}

// tellSigners counts the officers who signed; that their keys were active, and of
// different persons, is a rule of the fold, checked with the entry.
func (v *verification) tellSigners(e *entryCheck, emergency bool) {
	var officers []string
	for _, s := range e.parsed.Signatures {
		if v.roleOf(e.ref.Log, s.Name) == entente.RoleOfficer {
			officers = append(officers, s.Name)
		}
	}
	es, en := "", ""
	if emergency {
		es, en = " Fue una remisión de emergencia, por una sola persona.", " It was an emergency release, by one person."
	}
	v.add(CheckExchange, Passed, e.ref.String(),
		fmt.Sprintf("La firmaron su institución y %s (%s), cuyas claves dicen que son personas, no quiénes.%s",
			plural(len(officers), "persona servidora pública", "personas servidoras públicas distintas"), strings.Join(officers, ", "), es),
		fmt.Sprintf("It is signed by its agency and %s (%s), whose keys say that they are persons, not who.%s",
			plural(len(officers), "officer", "different officers"), strings.Join(officers, ", "), en))
}

// roleOf is the role of a key of a log, as any key entry or genesis of the bundle
// binds it.
func (v *verification) roleOf(origin, name string) entente.KeyRole {
	for _, l := range v.logs {
		if l.origin != origin {
			continue
		}
		for _, b := range l.genesis.Keys {
			if b.Name == name {
				return b.Role
			}
		}
		for _, i := range l.order {
			var k entente.Key
			e := l.entries[i]
			if e.parsed != nil && e.parsed.Type == entente.TypeKey && json.Unmarshal(e.parsed.Header.Body, &k) == nil && k.Key.Name == name {
				return k.Key.Role
			}
		}
	}
	return ""
}

// tellPolicy holds a recorded decision against the policies in the bundle: their
// text is there, and every party that they require stated it.
func (v *verification) tellPolicy(about entente.Ref, digest entente.Digest, names []string, es, en string) {
	var stated []string
	var p entente.Policy
	for _, l := range v.logs {
		for _, i := range l.order {
			e := l.entries[i]
			if e.parsed == nil || e.parsed.Type != entente.TypePolicy || entente.DigestOf(e.parsed.Header.Body) != digest {
				continue
			}
			if json.Unmarshal(e.parsed.Header.Body, &p) == nil && !slices.Contains(stated, l.writer) {
				stated = append(stated, l.writer)
			}
		}
	}
	var missing []string
	for _, party := range p.Required {
		if !slices.Contains(stated, string(party)) {
			missing = append(missing, string(party))
		}
	}
	switch {
	case len(stated) == 0:
		v.add(CheckExchange, NotChecked, about.String(),
			fmt.Sprintf("%s se decidió con las políticas %s, cuyo texto no está en el paquete.", es, digest),
			fmt.Sprintf("%s was decided by the policies %s, whose text is not in the bundle.", en, digest))
	case len(missing) > 0:
		v.add(CheckExchange, Failed, about.String(),
			fmt.Sprintf("%s se decidió con políticas que no asentó: %s.", es, strings.Join(missing, ", ")),
			fmt.Sprintf("%s was decided by policies not stated by: %s.", en, strings.Join(missing, ", ")))
	default:
		v.add(CheckExchange, Passed, about.String(),
			fmt.Sprintf("%s se decidió con las políticas %s, que asentaron %s con las mismas palabras; decidieron: %s.", es, digest, strings.Join(stated, " y "), strings.Join(names, ", ")),
			fmt.Sprintf("%s was decided by the policies %s, which %s stated in the same words; deciding: %s.", en, digest, strings.Join(stated, " and "), strings.Join(names, ", ")))
	}
}

// tellReceipts holds the receivers' receipts against the release.
func (v *verification) tellReceipts(release entente.Ref, r *entente.Release) {
	found := false
	v.each(entente.TypeReceipt, func(e *entryCheck) {
		var b entente.Receipt
		if json.Unmarshal(e.parsed.Header.Body, &b) != nil || b.Release != release {
			return
		}
		found = true
		who := fmt.Sprintf("%s (%s)", e.parsed.Header.Author.Agency, e.parsed.Header.Author.Party)
		switch {
		case b.Verdict == "rejected":
			v.add(CheckExchange, Passed, e.ref.String(), who+" la rechazó: "+b.Reason+".", who+" rejected it: "+b.Reason+".")
		case b.Digest != r.Content.Digest:
			v.add(CheckExchange, Failed, e.ref.String(), who+" acusó recibo de otro contenido.", who+" acknowledged another content.")
		default:
			v.add(CheckExchange, Passed, e.ref.String(), who+" acusó recibo de ese mismo contenido.", who+" signed for that very content.")
		}
		v.tellPolicy(e.ref, b.Policy, b.Policies, "El acuse de recibo", "The receipt")
	})
	if !found {
		v.add(CheckExchange, NotChecked, release.String(),
			"El paquete no trae acuse de recibo.", "The bundle holds no receipt.")
	}
}

// each calls f with every readable entry of a type, in the order of the logs.
func (v *verification) each(t entente.Type, f func(*entryCheck)) {
	for _, l := range v.logs {
		for _, i := range l.order {
			if e := l.entries[i]; e.parsed != nil && e.parsed.Type == t {
				f(e)
			}
		}
	}
}

// steps are the types of what comes before and after a release, with their names.
var steps = []struct {
	of     entente.Type
	es, en string
}{
	{entente.TypeRequest, "la solicitud que responde", "the request that it answers"},
	{entente.TypePermission, "un permiso", "a permission"},
	{entente.TypeAcknowledgement, "la atención de la alerta", "the acknowledgement of the alert"},
	{entente.TypeFeedback, "para qué sirvió", "what it was good for"},
	{entente.TypeOnward, "una retransmisión", "that it was passed on"},
	{entente.TypeMisuse, "un reporte de uso indebido", "a report of misuse"},
	{entente.TypeMisuseOutcome, "el resultado de ese reporte", "what came of that report"},
	{entente.TypeReview, "la revisión de la emergencia", "the review of the emergency"},
	{entente.TypeHold, "una retención legal", "a legal hold"},
	{entente.TypeRecall, "su revocación", "its recall"},
	{entente.TypeDeletion, "una constancia de eliminación", "a deletion receipt"},
}

// tellSteps names what else the logs say of the release.
func (v *verification) tellSteps() {
	for _, s := range steps {
		v.each(s.of, func(e *entryCheck) {
			a := e.parsed.Header.Author
			at := e.parsed.Header.Time.UTC().Format("2006-01-02 15:04:05 UTC")
			v.add(CheckExchange, Passed, e.ref.String(),
				fmt.Sprintf("%s (%s) asentó %s el %s.", a.Agency, a.Party, s.es, at),
				fmt.Sprintf("%s (%s) stated %s on %s.", a.Agency, a.Party, s.en, at))
		})
	}
}

const exchangeReadme = `Prueba de una remisión entre partes · Proof of a release between parties

ES
Este archivo prueba, sin conexión y sin el contenido, quién remitió qué a quién y con qué políticas:
    entente verify prueba.zip
model.json     de qué remisión trata y qué asientos hablan de ella
frontier.json  el corte: hasta qué asiento se conocía cada bitácora, y su raíz
logs/          por bitácora: los asientos citados y todos los de claves, tal como se firmaron; el último
               punto de control firmado, con las cofirmas; las pruebas (RFC 6962)
manifest.json  el SHA-256 de cada archivo
Procede de bitácoras que solo leen las partes: entréguelo solo a quien pueda leerlas.

EN
This file proves, offline and without the content, who released what to whom under which policies:
    entente verify proof.zip
model.json     which release it is about, and the entries that speak of it
frontier.json  the frontier: how far each log was known, and its root hash
logs/          for each log: the entries that are cited and all key entries, exactly as signed; the latest
               signed checkpoint, with cosignatures; the proofs (RFC 6962)
manifest.json  the SHA-256 of every file
It comes from logs that only the parties read: hand it only to those who may read them.
`
