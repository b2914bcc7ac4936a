package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"entente"
)

// Options are what Verify is given beside the bundle.
type Options struct {
	// Pins are digests of genesis entries (SHA-256 of the entry's bytes) had from
	// elsewhere, by writer: party code or observer name.
	Pins map[string]entente.Digest
	// Render renders the pages of a model again; nil when the caller cannot. raw
	// returns an entry's bytes and series a canonical series, both of the bundle.
	Render func(model []byte, raw func(entente.Ref) ([]byte, bool), series func(entente.Digest) ([]byte, bool)) (map[string][]byte, error)
}

// verification is one run of Verify.
type verification struct {
	*Findings
	opts  Options
	kind  Kind
	files map[string][]byte
	used  map[string]bool // files that something accounts for
	logs  []*logCheck     // by origin
}

// Verify checks a bundle of size bytes offline. The error is about bytes that are
// no bundle ([ErrNotBundle]); everything else, good or bad, is a finding. The
// bundle is as it was issued, and says the truth as far as it can be checked,
// when [Findings.OK].
func Verify(r io.ReaderAt, size int64, o Options) (*Findings, error) {
	files, err := unpack(r, size)
	if err != nil {
		return nil, err
	}
	if files[manifestFile] == nil {
		return nil, fmt.Errorf("%w: it has no %s", ErrNotBundle, manifestFile)
	}
	v := &verification{Findings: &Findings{List: []Finding{}, Frontier: []LogAt{}}, opts: o, files: files, used: map[string]bool{}}
	v.checkFiles()
	if v.openLogs() {
		v.checkGenesis()
		for _, step := range []func(*logCheck){
			(*logCheck).foldEntries, (*logCheck).openCheckpoint, (*logCheck).proveConsistency, (*logCheck).proveInclusion,
		} {
			for _, l := range v.logs {
				step(l)
			}
		}
		v.tellLogs()
		v.checkModel()
	}
	v.checkLeftOver()
	v.tellScope()
	return v.Findings, nil
}

// use returns a file and notes that it is accounted for.
func (v *verification) use(name string) ([]byte, bool) {
	raw, ok := v.files[name]
	if ok {
		v.used[name] = true
	}
	return raw, ok
}

func (v *verification) checkFiles() {
	raw, _ := v.use(manifestFile)
	var m Manifest
	if err := decodeJSON(raw, &m); err != nil {
		v.failures(CheckFiles, []reason{failure(manifestFile, "El manifiesto no se puede leer", "The manifest cannot be read", err)})
		return
	}
	v.kind = m.Kind
	var wrong []reason
	if m.Kind != OfReport && m.Kind != OfExchange {
		wrong = append(wrong, reason{manifestFile, "El paquete es de una clase que esta versión no conoce.", "The bundle is of a kind that this version does not know."})
	}
	if m.Format != Format {
		wrong = append(wrong, reason{manifestFile,
			fmt.Sprintf("El paquete es de la forma %q; esta versión conoce %q.", m.Format, Format),
			fmt.Sprintf("The bundle is of the form %q; this version knows %q.", m.Format, Format)})
	}
	listed := make(map[string]bool, len(m.Files))
	for i, f := range m.Files {
		content, ok := v.files[f.Name]
		switch {
		case i > 0 && m.Files[i-1].Name >= f.Name:
			wrong = append(wrong, reason{f.Name, "El manifiesto no está en orden.", "The manifest is not in order."})
		case !ok || f.Name == manifestFile:
			wrong = append(wrong, reason{f.Name, "El manifiesto nombra un archivo que falta.", "The manifest names a file that is missing."})
		case len(content) != f.Size || entente.DigestOf(content) != f.SHA256:
			wrong = append(wrong, reason{f.Name, "El archivo no es el que el manifiesto describe: fue alterado.", "The file is not the one the manifest describes: it was altered."})
		}
		listed[f.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(v.files)) {
		if !listed[name] && name != manifestFile {
			wrong = append(wrong, reason{name, "El manifiesto no nombra este archivo.", "The manifest does not name this file."})
		}
	}
	v.Demonstration = m.Demonstration
	if m.Demonstration != nil && *m.Demonstration != demonstration {
		wrong = append(wrong, reason{manifestFile, "La etiqueta de demostración fue alterada.", "The demonstration label was altered."})
	}
	if text, ok := v.use(readmeFile); !ok || !bytes.Equal(text, readme(m.Kind, m.Demonstration)) {
		wrong = append(wrong, reason{readmeFile, "La guía no es la de esta forma de paquete.", "The guide is not that of this form of bundle."})
	}
	if !v.failures(CheckFiles, wrong) {
		n := len(m.Files)
		v.add(CheckFiles, Passed, "",
			fmt.Sprintf("Los %s archivos del paquete son los que describe el manifiesto; ningún byte cambió desde que se hizo.", count(n)),
			fmt.Sprintf("All %s files of the bundle are those its manifest describes; no byte changed since it was made.", count(n)))
	}
}

// openLogs reads the frontier and what is there of each log.
func (v *verification) openLogs() bool {
	raw, ok := v.use(frontierFile)
	var f frontier
	if err := decodeJSON(raw, &f); !ok || err != nil || len(f.Logs) == 0 {
		v.add(CheckGenesis, Failed, frontierFile, "El corte falta o no se puede leer.", "The frontier is missing or cannot be read.")
		return false
	}
	var wrong []reason
	for i, at := range f.Logs {
		if i > 0 && f.Logs[i-1].Origin >= at.Origin {
			wrong = append(wrong, reason{at.Origin, "El corte no está en orden.", "The frontier is not in order."})
			break
		}
		l, err := v.openLog(at)
		if err != nil {
			wrong = append(wrong, failure(at.Origin, "No se puede leer lo que el paquete trae de esta bitácora", "What the bundle holds of this log cannot be read", err))
			continue
		}
		v.logs = append(v.logs, l)
		v.Entries += len(l.order)
		v.Frontier = append(v.Frontier, LogAt{at.Origin, l.writer, at.Size, at.Root, l.info.Genesis})
	}
	return !v.failures(CheckGenesis, wrong)
}

// checkGenesis holds the genesis entries against each other, the charter and the
// pins; their form and signature are checked when they are folded.
func (v *verification) checkGenesis() {
	byWriter := map[string]entente.Digest{}
	var wrong []reason
	demo := false
	for _, l := range v.logs {
		demo = demo || l.genesis.Demo
		if d, ok := byWriter[l.writer]; ok && d != l.info.Genesis {
			wrong = append(wrong, reason{l.origin, "Las bitácoras de un mismo autor no empiezan con el mismo asiento génesis.", "The logs of one writer do not begin with the same genesis entry."})
		}
		byWriter[l.writer] = l.info.Genesis
	}
	if demo != (v.Demonstration != nil) {
		wrong = append(wrong, reason{manifestFile, "La etiqueta de demostración no coincide con los asientos génesis.", "The demonstration label does not agree with the genesis entries."})
	}
	cited := v.charterPins(byWriter, &wrong)
	for writer, pin := range v.opts.Pins {
		if got, ok := byWriter[writer]; ok && got != pin {
			wrong = append(wrong, reason{writer,
				fmt.Sprintf("El asiento génesis de %s es %s y usted esperaba %s: no es la bitácora que usted conoce.", writer, got, pin),
				fmt.Sprintf("The genesis entry of %s is %s and you expected %s: it is not the log that you know.", writer, got, pin)})
		}
	}
	if v.failures(CheckGenesis, wrong) {
		return
	}
	for _, writer := range slices.Sorted(maps.Keys(byWriter)) {
		v.tellGenesis(writer, byWriter[writer], cited[writer])
	}
}

func (v *verification) tellGenesis(writer string, d entente.Digest, cited bool) {
	es, en := "Esta copia lo da por bueno.", "This copy takes it as given."
	if cited {
		es, en = "La carta incluida lo cita.", "The charter in the bundle cites it."
	}
	if _, pinned := v.opts.Pins[writer]; pinned {
		v.add(CheckGenesis, Passed, writer,
			fmt.Sprintf("El asiento génesis de %s es el que usted indicó (%s). %s", writer, d, es),
			fmt.Sprintf("The genesis entry of %s is the one you gave (%s). %s", writer, d, en))
		return
	}
	v.add(CheckGenesis, NotChecked, writer,
		fmt.Sprintf("No se comparó el asiento génesis de %s con uno obtenido por otra vía. %s Compárelo usted: %s", writer, es, d),
		fmt.Sprintf("The genesis entry of %s was not compared with one had from elsewhere. %s Compare it yourself: %s", writer, en, d))
}

// charterPins holds the genesis digests that included charters cite against the
// ones in the bundle and returns the writers so cited.
func (v *verification) charterPins(byWriter map[string]entente.Digest, wrong *[]reason) map[string]bool {
	cited := map[string]bool{}
	for _, l := range v.logs {
		for _, i := range l.order {
			e := l.entries[i]
			if e.parsed == nil || e.parsed.Type != entente.TypeCharter {
				continue
			}
			var c entente.Charter
			if json.Unmarshal(e.parsed.Header.Body, &c) != nil {
				continue // folding tells what is wrong with it
			}
			for _, pin := range c.Genesis {
				switch got, ok := byWriter[string(pin.Party)]; {
				case ok && got != pin.Digest:
					*wrong = append(*wrong, reason{e.ref.String(), "La carta cita otro asiento génesis de " + string(pin.Party) + ".", "The charter cites another genesis entry of " + string(pin.Party) + "."})
				case ok:
					cited[string(pin.Party)] = true
				}
			}
		}
	}
	return cited
}

// entry returns the included entry that ref names.
func (v *verification) entry(ref entente.Ref) (*entryCheck, bool) {
	i, ok := slices.BinarySearchFunc(v.logs, ref.Log, func(l *logCheck, origin string) int { return strings.Compare(l.origin, origin) })
	if !ok {
		return nil, false
	}
	e, ok := v.logs[i].entries[ref.Index]
	return e, ok && e.ref == ref && ref.Index < v.logs[i].at.Size
}

func (v *verification) raw(ref entente.Ref) ([]byte, bool) {
	e, ok := v.entry(ref)
	if !ok {
		return nil, false
	}
	return e.raw, true
}

func (v *verification) checkLeftOver() {
	var wrong []reason
	for _, name := range slices.Sorted(maps.Keys(v.files)) {
		if !v.used[name] {
			wrong = append(wrong, reason{name, "Nada en el paquete explica este archivo.", "Nothing in the bundle accounts for this file."})
		}
	}
	v.failures(CheckFiles, wrong)
}

func (v *verification) tellScope() {
	v.add(CheckScope, NotChecked, "",
		"Un paquete muestra que lo que cita está en las bitácoras; no que cite todo lo que hay en ellas, ni que los hechos sean ciertos. "+
			"Las claves se juzgan por los asientos de claves que el paquete trae.",
		"A bundle shows that what it cites is in the logs; not that it cites all there is in them, nor that the facts are true. "+
			"Keys are judged by the key entries that the bundle holds.")
}
