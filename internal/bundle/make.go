package bundle

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"entente"
	"entente/internal/merkle"
)

// Input is what a bundle is made of.
type Input struct {
	Kind Kind
	// Demo labels the bundle as a demonstration.
	Demo bool
	// Pages are the report's renderings: es.html, en.html and, where they could be
	// printed, es.pdf and en.pdf.
	Pages map[string][]byte
	// Model is the JSON that the pages are rendered from. It names entries by
	// reference and lists its figures under "figures" ([Figure]).
	Model []byte
	// Series are the canonical series that summed figures are taken from.
	Series [][]byte
	Logs   []Log
}

// Log is one log of the frontier.
type Log struct {
	Origin string
	// Size and Root are where the frontier stands in the log.
	Size uint64
	Root entente.Digest
	// Checkpoint is a signed checkpoint of at least that size.
	Checkpoint []byte
	// Entries are the raw entries by index: the genesis entry, all key entries up
	// to the checkpoint, and those the model names, before Size.
	Entries map[uint64][]byte
	// Hashes are the log's hashes up to the checkpoint's size.
	Hashes tlog.HashReader
}

// frontier is the content of frontier.json.
type frontier struct {
	Logs []frontierLog `json:"logs"`
}

type frontierLog struct {
	Origin string         `json:"origin"`
	Size   uint64         `json:"size"`
	Root   entente.Digest `json:"root"`
}

// proofs is the content of a log's proofs.json.
type proofs struct {
	// Consistency proves that the checkpoint's tree begins with the frontier's.
	Consistency merkle.Proof `json:"consistency"`
	// Inclusion proves each entry to be in the frontier's tree, by index.
	Inclusion []inclusion `json:"inclusion"`
}

type inclusion struct {
	Index uint64       `json:"index"`
	Proof merkle.Proof `json:"proof"`
}

var demonstration = entente.Text{
	ES: "Demostración reconstruida de fuentes públicas; no es declaración de ninguno de los gobiernos",
	EN: "Demonstration rebuilt from public sources; not a statement of either government",
}

// pageNames are the renderings a bundle may hold.
var pageNames = []string{"en.html", "en.pdf", "es.html", "es.pdf"}

// Make writes the bundle of in. It proves what the input says and fails where it
// cannot, but it does not verify signatures: hold the result against [Verify].
func Make(w io.Writer, in Input) error {
	files := map[string][]byte{modelFile: in.Model}
	for name, content := range in.Pages {
		if !slices.Contains(pageNames, name) {
			return fmt.Errorf("bundle: a page is one of %s, not %q", strings.Join(pageNames, ", "), name)
		}
		files[pageFile(name)] = content
	}
	for _, s := range in.Series {
		files[seriesFile(entente.DigestOf(s))] = s
	}
	logs := slices.SortedFunc(slices.Values(in.Logs), func(a, b Log) int { return strings.Compare(a.Origin, b.Origin) })
	front := frontier{Logs: []frontierLog{}}
	for i, l := range logs {
		if i > 0 && logs[i-1].Origin == l.Origin {
			return fmt.Errorf("bundle: the log %s is there twice", l.Origin)
		}
		if err := addLog(files, l); err != nil {
			return fmt.Errorf("bundle: %s: %w", l.Origin, err)
		}
		front.Logs = append(front.Logs, frontierLog{l.Origin, l.Size, l.Root})
	}
	var err error
	if files[frontierFile], err = encodeJSON(front); err != nil {
		return err
	}
	var demo *entente.Text
	if in.Demo {
		demo = &demonstration
	}
	files[readmeFile] = readme(in.Kind, demo)
	if files[manifestFile], err = encodeJSON(manifestOf(in.Kind, demo, files)); err != nil {
		return err
	}
	return pack(w, files)
}

func addLog(files map[string][]byte, l Log) error {
	c, err := merkle.Peek(l.Checkpoint)
	if err != nil {
		return err
	}
	if c.Origin != l.Origin || c.Size < l.Size {
		return fmt.Errorf("a checkpoint of it with at least %d entries is needed, not one of %s with %d", l.Size, c.Origin, c.Size)
	}
	if l.Entries[0] == nil {
		return errors.New("its genesis entry is missing")
	}
	p := proofs{Inclusion: []inclusion{}}
	if p.Consistency, err = merkle.Consistency(l.Hashes, l.Size, c.Size); err != nil {
		return err
	}
	for _, index := range slices.Sorted(maps.Keys(l.Entries)) {
		in := l.Size
		if index >= in {
			in = c.Size // a key entry that came after the frontier
		}
		proof, err := merkle.Inclusion(l.Hashes, index, in)
		if err != nil {
			return err
		}
		p.Inclusion = append(p.Inclusion, inclusion{index, proof})
		files[entryFile(l.Origin, index)] = l.Entries[index]
	}
	files[checkpointFile(l.Origin)] = l.Checkpoint
	files[proofsFile(l.Origin)], err = encodeJSON(p)
	return err
}

func pageFile(name string) string         { return "report/" + name }
func seriesFile(d entente.Digest) string  { return "series/" + d.String() + ".csv" }
func checkpointFile(origin string) string { return "logs/" + origin + "/checkpoint" }
func proofsFile(origin string) string     { return "logs/" + origin + "/proofs.json" }
func entryFile(origin string, i uint64) string {
	return "logs/" + origin + "/entries/" + strconv.FormatUint(i, 10)
}
func entriesDir(origin string) string { return "logs/" + origin + "/entries/" }

// readme is the same in every bundle of a kind, so that Verify can hold it
// against itself.
func readme(kind Kind, demo *entente.Text) []byte {
	var b strings.Builder
	if demo != nil {
		b.WriteString(demo.ES + "\n" + demo.EN + "\n\n")
	}
	if kind == OfExchange {
		b.WriteString(exchangeReadme)
	} else {
		b.WriteString(readmeText)
	}
	return []byte(b.String())
}

const readmeText = `Paquete de verificación de un informe de avance · Verification bundle of a progress report

ES
Este archivo permite comprobar el informe sin conexión y sin confiar en quien lo entrega:
    entente verify report.zip
report/        el informe en español y en inglés
model.json     de qué asientos y de qué cifras está hecho el informe
series/        las series de donde se toman las cifras, en forma canónica
frontier.json  el corte: hasta qué asiento se conocía cada bitácora, y su raíz
logs/          por bitácora: los asientos citados y todos los de claves, tal como se firmaron;
               el último punto de control firmado; las pruebas (RFC 6962) de que cada asiento está en
               el corte y de que el corte es el principio de la bitácora firmada
manifest.json  el SHA-256 de cada archivo
Los asientos son notas firmadas (C2SP signed-note) y se leen con cualquier editor de texto.
Compare el resumen criptográfico del asiento génesis de cada parte con el que obtuvo por otra vía: es lo único
que este paquete no puede demostrar por sí mismo.

EN
This file lets you check the report offline, without trusting whoever hands it to you:
    entente verify report.zip
report/        the report in Spanish and in English
model.json     which entries and which figures the report is made of
series/        the series that figures are taken from, in canonical form
frontier.json  the frontier: how far each log was known, and its root hash
logs/          for each log: the entries that are cited and all key entries, exactly as signed; the latest
               signed checkpoint; the proofs (RFC 6962) that each entry is in the frontier and that the
               frontier is the beginning of the signed log
manifest.json  the SHA-256 of every file
Entries are signed notes (C2SP signed-note) and can be read in any text editor.
Compare the digest of each party's genesis entry with one you have from elsewhere: that is the one thing
this bundle cannot prove by itself.
`
