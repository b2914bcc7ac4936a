package bundle

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/merkle"
)

// tellLogs turns what was found about each log into words, check by check.
func (v *verification) tellLogs() {
	for _, l := range v.logs {
		if v.failures(CheckCheckpoint, l.badCheckpoint) {
			continue
		}
		v.add(CheckCheckpoint, Passed, l.origin,
			fmt.Sprintf("%s firmó el punto de control de su bitácora con %s (Ed25519).", l.writer, plural(int(l.head.Size), "asiento", "asientos")),
			fmt.Sprintf("%s signed the checkpoint of its log at %s (Ed25519).", l.writer, plural(int(l.head.Size), "entry", "entries")))
		l.tellPostQuantum()
	}
	for _, l := range v.logs {
		l.tellCosignatures()
	}
	for _, l := range v.logs {
		if !v.failures(CheckConsistency, l.badConsistency) && len(l.badCheckpoint) == 0 {
			l.tellConsistency()
		}
	}
	for _, l := range v.logs {
		if !v.failures(CheckInclusion, l.badInclusion) {
			n := len(l.order)
			v.add(CheckInclusion, Passed, l.origin,
				fmt.Sprintf("%s de la bitácora: está probado que cada uno está en ella, en su lugar.", plural(n, "asiento", "asientos")),
				fmt.Sprintf("%s of the log: each is proved to be in it, at its place.", plural(n, "entry", "entries")))
		}
	}
	for _, l := range v.logs {
		l.tellEntries()
	}
}

func (l *logCheck) tellPostQuantum() {
	known := l.logVerifiers(entente.RoleMLDSA)
	switch {
	case len(known) == 0:
	case len(l.signedBy(known)) > 0:
		l.v.add(CheckCheckpoint, Passed, l.origin,
			"También lo firmó con su clave poscuántica (ML-DSA-44).", "It also signed it with its post-quantum key (ML-DSA-44).")
	default:
		l.v.add(CheckCheckpoint, NotChecked, l.origin,
			"Este punto de control no trae la firma poscuántica (ML-DSA-44).", "This checkpoint does not carry the post-quantum signature (ML-DSA-44).")
	}
}

// tellCosignatures checks the signatures of the bundle's other writers.
func (l *logCheck) tellCosignatures() {
	if len(l.badCheckpoint) > 0 {
		return
	}
	by := map[string]bool{}
	var others []string
	for _, other := range l.v.logs {
		if other.writer == l.writer || by[other.writer] {
			continue
		}
		ok, err := l.cosignedBy(other)
		if err != nil {
			l.v.failures(CheckCosignature, []reason{failure(l.origin, "La cofirma de "+other.writer+" no vale", "The cosignature of "+other.writer+" does not hold", err)})
		}
		if ok {
			by[other.writer] = true
		}
		if !slices.Contains(others, other.writer) {
			others = append(others, other.writer)
		}
	}
	for _, writer := range others {
		if by[writer] {
			l.v.add(CheckCosignature, Passed, l.origin,
				writer+" cofirmó el punto de control: vio la misma bitácora.", writer+" cosigned the checkpoint: it saw the same log.")
		} else {
			l.v.add(CheckCosignature, NotChecked, l.origin,
				"El punto de control no trae cofirma de "+writer+".", "The checkpoint carries no cosignature of "+writer+".")
		}
	}
	l.tellUnknownLines()
}

func (l *logCheck) cosignedBy(other *logCheck) (bool, error) {
	var cosigners []note.Verifier
	for _, own := range other.logVerifiers(entente.RoleLog) {
		c, err := merkle.NewCosignatureVerifier(other.keys[own.Name()].Binding.Public)
		if err == nil {
			cosigners = append(cosigners, c)
		}
	}
	all := append(l.logVerifiers(entente.RoleLog), cosigners...)
	_, sigs, err := merkle.Open(l.signed, l.origin, all...)
	if err != nil {
		return false, err
	}
	for _, c := range cosigners {
		for _, s := range sigs {
			if s.Name == c.Name() && s.Hash == c.KeyHash() {
				return true, nil
			}
		}
	}
	return false, nil
}

// tellUnknownLines counts signature lines by keys that the bundle does not hold.
func (l *logCheck) tellUnknownLines() {
	known := append(l.logVerifiers(entente.RoleLog), l.logVerifiers(entente.RoleMLDSA)...)
	for _, other := range l.v.logs {
		for _, own := range other.logVerifiers(entente.RoleLog) {
			if c, err := merkle.NewCosignatureVerifier(other.keys[own.Name()].Binding.Public); err == nil {
				known = append(known, c)
			}
		}
	}
	lines := strings.Count(string(l.signed), "\n\u2014 ")
	seen := map[string]bool{}
	for _, k := range known {
		id := fmt.Sprintf("%s+%08x", k.Name(), k.KeyHash())
		if _, sigs, err := merkle.Open(l.signed, l.origin, k); err == nil && len(sigs) > 0 && !seen[id] {
			seen[id] = true
			lines--
		}
	}
	if lines > 0 {
		l.v.add(CheckCosignature, NotChecked, l.origin,
			fmt.Sprintf("%s de claves que no están en el paquete.", plural(lines, "firma más", "firmas más")),
			fmt.Sprintf("%s by keys that are not in the bundle.", plural(lines, "more signature", "more signatures")))
	}
}

func (l *logCheck) tellConsistency() {
	if l.head.Size == l.at.Size {
		l.v.add(CheckConsistency, Passed, l.origin,
			"El corte es el punto de control firmado.", "The frontier is the signed checkpoint.")
		return
	}
	l.v.add(CheckConsistency, Passed, l.origin,
		fmt.Sprintf("El corte (%s) es el principio de la bitácora firmada (%s): nada de lo que dice el informe se reescribió.",
			plural(int(l.at.Size), "asiento", "asientos"), plural(int(l.head.Size), "asiento", "asientos")),
		fmt.Sprintf("The frontier (%s) is the beginning of the signed log (%s): nothing the report rests on was rewritten.",
			plural(int(l.at.Size), "entry", "entries"), plural(int(l.head.Size), "entry", "entries")))
}

func (l *logCheck) tellEntries() {
	if l.v.failures(CheckEntries, l.badEntries) {
		return
	}
	l.v.add(CheckEntries, Passed, l.origin,
		fmt.Sprintf("%s: forma, autoría, firmas y reglas en orden, con claves vigentes en ese lugar de la bitácora.", plural(len(l.order), "asiento", "asientos")),
		fmt.Sprintf("%s: form, author, signatures and rules in order, with keys active at that place of the log.", plural(len(l.order), "entry", "entries")))
	if l.pending > 0 {
		l.v.add(CheckEntries, NotChecked, l.origin,
			fmt.Sprintf("%s a asientos que no están en el paquete.", plural(l.pending, "de ellos se refiere", "de ellos se refieren")),
			fmt.Sprintf("%s to entries that are not in the bundle.", plural(l.pending, "of them refers", "of them refer")))
	}
}

// checkModel holds the model, its figures and the pages against the entries.
func (v *verification) checkModel() {
	raw, ok := v.use(modelFile)
	m, err := readModel(raw)
	if !ok || err != nil {
		v.add(CheckModel, Failed, modelFile, "El modelo falta o no se puede leer.", "The model is missing or cannot be read.")
		return
	}
	var wrong []reason
	for ref := range distinctRefs(m.refs) {
		if _, ok := v.entry(ref); !ok {
			wrong = append(wrong, reason{ref.String(), "El modelo cita un asiento que no está en el paquete.", "The model cites an entry that is not in the bundle."})
		}
	}
	slices.SortFunc(wrong, func(a, b reason) int { return strings.Compare(a.about, b.about) })
	if !v.failures(CheckModel, wrong) {
		n := len(distinctRefs(m.refs))
		v.add(CheckModel, Passed, "",
			fmt.Sprintf("El modelo cita %s y todos están en el paquete.", plural(n, "asiento", "asientos")),
			fmt.Sprintf("The model cites %s, and all are in the bundle.", plural(n, "entry", "entries")))
	}
	if v.kind == OfExchange {
		v.checkExchange(m)
		return
	}
	v.checkFigures(m)
	v.checkPages(raw)
}

func (v *verification) checkFigures(m *model) {
	ev := &evidence{series: map[entente.Digest][]byte{}, body: v.body}
	ev.values = make(map[string]*big.Rat, len(m.Figures))
	var wrong []reason
	for name := range v.files {
		hex, ok := strings.CutPrefix(name, "series/")
		if !ok {
			continue
		}
		raw, _ := v.use(name)
		if d := entente.DigestOf(raw); seriesFile(d) == name {
			ev.series[d] = raw
		} else {
			wrong = append(wrong, reason{name, "La serie no tiene el resumen criptográfico que dice: " + hex, "The series does not have the digest it is named by: " + hex})
		}
	}
	for _, f := range m.Figures {
		if err := ev.check(f); err != nil {
			wrong = append(wrong, failure(f.ID, "La cifra no se sigue de sus asientos", "The figure does not follow from its entries", err))
		}
	}
	v.Figures = len(m.Figures)
	if !v.failures(CheckFigures, wrong) {
		n := len(m.Figures)
		v.add(CheckFigures, Passed, "",
			fmt.Sprintf("Se volvió a calcular %s a partir de los asientos y de las series que ellos fijan.", plural(n, "cifra", "cifras")),
			fmt.Sprintf("%s worked out again from the entries and the series that they fix.", plural(n, "figure was", "figures were")))
	}
}

func (v *verification) body(ref entente.Ref) ([]byte, bool) {
	e, ok := v.entry(ref)
	if !ok || e.parsed == nil {
		return nil, false
	}
	return e.parsed.Header.Body, true
}

// checkPages renders the pages again where the caller can.
func (v *verification) checkPages(model []byte) {
	var rendered map[string][]byte
	if v.opts.Render != nil {
		var err error
		rendered, err = v.opts.Render(model, v.raw, func(d entente.Digest) ([]byte, bool) {
			s, ok := v.files[seriesFile(d)]
			return s, ok
		})
		if err != nil {
			v.failures(CheckPages, []reason{failure(modelFile, "El informe no se pudo volver a componer", "The report could not be rendered again", err)})
		}
	}
	for _, name := range pageNames {
		page, there := v.use(pageFile(name))
		want, again := rendered[name]
		switch {
		case there && again && string(page) == string(want):
			v.add(CheckPages, Passed, pageFile(name),
				"La página es, byte por byte, la que resulta del modelo y de los asientos.", "The page is, byte for byte, what the model and the entries give.")
		case there && again, again:
			v.add(CheckPages, Failed, pageFile(name),
				"La página no es la que resulta del modelo y de los asientos.", "The page is not what the model and the entries give.")
		case there:
			v.add(CheckPages, NotChecked, pageFile(name),
				"El archivo es el del manifiesto; no se volvió a componer a partir de los asientos.", "The file is the manifest's; it was not rendered again from the entries.")
		}
	}
}
