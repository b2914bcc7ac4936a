package node

import (
	"errors"

	"entente"
	"entente/internal/fold"
	"entente/internal/store"
)

// said are the refusals that are the node's own; the fold and the policies in
// force bring their own texts.
var said = map[string]struct{ rule, mend entente.Text }{
	"node.restored": {
		entente.Text{ES: "Un nodo restaurado de un respaldo no asienta nada hasta recuperar el final de sus propias bitácoras.", EN: "A node restored from a backup appends nothing until it has recovered the ends of its own logs."},
		entente.Text{ES: "Conéctelo con la contraparte o con un espejo, o haga constar como operador que no falta nada.", EN: "Connect it to the counterpart or to a mirror, or attest as an operator that nothing is missing."},
	},
	"node.demo": {
		entente.Text{ES: "Una demostración y un programa real no se mezclan.", EN: "A demonstration and a real program do not mix."},
		entente.Text{ES: "Intercambie la génesis del nodo correcto.", EN: "Exchange the genesis of the right node."},
	},
	"node.key_missing": {
		entente.Text{ES: "Firma la institución que lo declara, con una clave suya vigente en esta máquina.", EN: "The agency that states it signs, with a key of its own that is active and on this machine."},
		entente.Text{ES: "Elija una institución con clave, o pida a la administración que dé de alta la suya.", EN: "Choose an agency that has a key, or ask an administrator to add yours."},
	},
	"node.type": {
		entente.Text{ES: "Se asientan solo los tipos de la especificación; la génesis y las claves las firma la clave raíz.", EN: "Only the types of the specification are appended; genesis and key entries are signed by the root key."},
		entente.Text{ES: "Elija un tipo de asiento de la lista.", EN: "Choose a type of entry from the list."},
	},
	"node.subject": {
		entente.Text{ES: "El asunto de un asiento tiene de 1 a 96 minúsculas sin acento, dígitos, puntos, guiones o guiones bajos.", EN: "An entry's subject has 1 to 96 lower-case letters, digits, dots, hyphens or underscores."},
		entente.Text{ES: "Corrija el asunto; empieza con letra o dígito.", EN: "Correct the subject; it begins with a letter or digit."},
	},
	"node.id": {
		entente.Text{ES: "El identificador de un asiento es un UUIDv7 en minúsculas.", EN: "An entry's id is a UUIDv7 in lower case."},
		entente.Text{ES: "Deje el identificador vacío para que el nodo lo genere.", EN: "Leave the id empty and the node makes one."},
	},
	"node.observer": {
		entente.Text{ES: "Un observador solo lleva una bitácora pública de citas.", EN: "An observer keeps only a public log of citations."},
		entente.Text{ES: "Regístrelo como cita, con su fuente.", EN: "Record it as a citation, with its source."},
	},
	"node.twice": {
		entente.Text{ES: "Una sola operación no asienta dos versiones de la misma cosa.", EN: "One call does not append two versions of the same thing."},
		entente.Text{ES: "Asiente primero una y después la otra.", EN: "Append one, and then the other."},
	},
	"node.not_found": {
		entente.Text{ES: "Eso no está en lo que este nodo conoce.", EN: "That is not in what this node holds."},
		entente.Text{ES: "Revise la referencia, o espere a que llegue la bitácora.", EN: "Check the reference, or wait for the log to arrive."},
	},
	"node.not_own": {
		entente.Text{ES: "Cada parte publica, corrige y retira solo lo propio.", EN: "Each party publishes, corrects and withdraws its own only."},
		entente.Text{ES: "Sobre lo ajeno manifieste su conformidad u objeción.", EN: "On another's statement take a position."},
	},
	"node.officer_locked": {
		entente.Text{ES: "Firma solo quien desbloqueó su propia clave.", EN: "Only a person who has unlocked the own key signs."},
		entente.Text{ES: "Vuelva a escribir la frase de acceso de su clave.", EN: "Enter the passphrase of your key again."},
	},
	"node.officer_unknown": {
		entente.Text{ES: "La persona no tiene clave vigente de firma en este nodo.", EN: "The person has no active signing key at this node."},
		entente.Text{ES: "Pida a la administración que le dé de alta una clave.", EN: "Ask an administrator to add a key."},
	},
	"node.key_unknown": {
		entente.Text{ES: "Se revocan y se rotan las claves vigentes en las bitácoras del nodo.", EN: "Keys active in the node's logs are revoked and rotated."},
		entente.Text{ES: "Revise el nombre de la clave.", EN: "Check the name of the key."},
	},
	"node.seal_key_missing": {
		entente.Text{ES: "Lo que se remite va sellado a una clave vigente de cada institución destinataria.", EN: "What is released is sealed to an active key of each recipient agency."},
		entente.Text{ES: "Elija una institución con clave de sellado, o pida a su parte que dé de alta la suya.", EN: "Choose an agency that has a sealing key, or ask its party to add one."},
	},
	"node.export_key": {
		entente.Text{ES: "Del nodo solo sale la clave de sellado de una institución, y queda asentado.", EN: "Only an agency's sealing key leaves the node, and an entry says so."},
		entente.Text{ES: "Indique el nombre de una clave de sellado que esté en esta máquina.", EN: "Name a sealing key of an agency that is on this machine."},
	},
	"node.export_officers": {
		entente.Text{ES: "Una clave sale del nodo por decisión de dos personas, una de ellas autorizante.", EN: "A key leaves the node by the decision of two persons, one of them a releasing officer."},
		entente.Text{ES: "Pida a una persona servidora pública autorizante, distinta de usted, que desbloquee su clave y firme con usted.", EN: "Ask a releasing officer, another person than you, to unlock their key and sign with you."},
	},
	"node.blob": {
		entente.Text{ES: "Un archivo se identifica por su huella y tiene un tamaño máximo.", EN: "A file is named by its digest and has a size limit."},
		entente.Text{ES: "Pida el archivo a quien lo publicó y vuelva a intentarlo.", EN: "Ask the publisher for the file and try again."},
	},
	"node.policy_unusable": {
		entente.Text{ES: "Las políticas en vigor deben poder evaluarse en este nodo.", EN: "The policies in force must be usable at this node."},
		entente.Text{ES: "Actualice el nodo, o acuerden las partes políticas corregidas.", EN: "Update the node, or agree with the other side on corrected policies."},
	},
	"gate.same_person": {
		entente.Text{ES: "Quien autoriza es otra persona, nunca quien redactó o firmó primero.", EN: "The second officer is another person, never the one who drafted or signed first."},
		entente.Text{ES: "Pida la firma a otra persona servidora pública autorizante.", EN: "Ask another releasing officer to sign."},
	},
	"gate.not_releasing": {
		entente.Text{ES: "En un filtro autoriza una persona servidora pública autorizante.", EN: "At a gate the second person is a releasing officer."},
		entente.Text{ES: "Pídalo a quien tenga ese papel, o que la administración se lo otorgue.", EN: "Ask somebody who has that role, or have an administrator give it."},
	},
	"gate.changed": {
		entente.Text{ES: "Se autoriza exactamente el texto que se envió, sobre las mismas versiones y políticas.", EN: "What is approved is exactly the text submitted, over the same versions and policies."},
		entente.Text{ES: "Revíselo y envíelo otra vez: algo cambió desde el envío.", EN: "Look at it and submit it again: something has changed since."},
	},
	"gate.body_fixed": {
		entente.Text{ES: "Lo que se publica es copia exacta del asiento interno.", EN: "What is published is an exact copy of the inner entry."},
		entente.Text{ES: "Para cambiar el texto, asiente antes una versión interna nueva.", EN: "To change the text, append a new inner version first."},
	},
	"gate.published": {
		entente.Text{ES: "Un asiento interno se publica una sola vez.", EN: "An inner entry is published once."},
		entente.Text{ES: "Para publicar algo nuevo, asiente antes una versión interna nueva.", EN: "To publish something new, append a new inner version first."},
	},
	"draft.state": {
		entente.Text{ES: "Un borrador se envía, se autoriza o se devuelve según el paso en que está.", EN: "A draft is submitted, approved or returned according to the step it is in."},
		entente.Text{ES: "Vuelva a abrir el borrador para ver en qué paso está.", EN: "Open the draft again to see which step it is in."},
	},
	"joint.none": {
		entente.Text{ES: "Solo los textos conjuntos se proponen, se aceptan y se publican entre las partes.", EN: "Only joint texts are proposed, accepted and published by the parties together."},
		entente.Text{ES: "Asiente este tipo por su propia cuenta.", EN: "Append this type on your own."},
	},
	"joint.incomplete": {
		entente.Text{ES: "Un texto conjunto se publica cuando está completo entre las partes.", EN: "A joint text is published once it is complete between the parties."},
		entente.Text{ES: "Espere la mitad que falta en las bitácoras compartidas.", EN: "Wait for the missing half in the shared logs."},
	},
	"joint.genesis": {
		entente.Text{ES: "La carta cita la génesis de cada parte, la misma que este nodo tiene fijada.", EN: "The charter cites each party's genesis, the very one that this node has pinned."},
		entente.Text{ES: "Compare las huellas de génesis con las entregadas en mano.", EN: "Compare the genesis digests with those handed over out of band."},
	},
	"joint.gates": {
		entente.Text{ES: "En este nodo firman en un filtro una o dos personas: quien declara y quien autoriza.", EN: "At this node one or two persons sign at a gate: who states and who releases."},
		entente.Text{ES: "Acuerden una regla de una o dos personas.", EN: "Agree on a rule of one or two persons."},
	},
	"joint.policy": {
		entente.Text{ES: "Unas políticas se acuerdan solo si pueden evaluarse y cada negativa tiene su texto en ambos idiomas.", EN: "Policies are agreed only if they can be evaluated and every refusal has its text in both languages."},
		entente.Text{ES: "Corrija las políticas y propóngalas de nuevo.", EN: "Correct the policies and propose them again."},
	},
	"figures.file": {
		entente.Text{ES: "El archivo debe poder leerse con la receta del indicador.", EN: "The file must be readable by the indicator's recipe."},
		entente.Text{ES: "Descargue otra vez el archivo original del publicador, sin abrirlo ni guardarlo con otro programa.", EN: "Download the publisher's original file again, without opening and saving it in another program."},
	},
	"figures.file_page": {
		entente.Text{ES: "El archivo es una página web, no una tabla: el sitio del publicador probablemente respondió con un error.", EN: "The file is a web page, not a table: the publisher's site probably answered with an error."},
		entente.Text{ES: "Descargue el archivo mismo y ábralo para ver que trae datos.", EN: "Download the file itself, and look that it holds data."},
	},
	"figures.file_empty": {
		entente.Text{ES: "El archivo está vacío o trae solo el encabezado.", EN: "The file is empty, or holds a header and nothing else."},
		entente.Text{ES: "Descárguelo otra vez.", EN: "Download it again."},
	},
	"figures.file_cut": {
		entente.Text{ES: "El archivo está incompleto: termina a media fila.", EN: "The file is cut short: it ends within a row."},
		entente.Text{ES: "Descárguelo otra vez, completo.", EN: "Download it again, whole."},
	},
	"figures.file_encoding": {
		entente.Text{ES: "El archivo no tiene la codificación de texto que declara la receta.", EN: "The file is not in the text encoding that the recipe declares."},
		entente.Text{ES: "Guárdelo en UTF-8, o declaren en la receta su codificación.", EN: "Save it as UTF-8, or declare its encoding in the recipe."},
	},
	"figures.file_sheet": {
		entente.Text{ES: "El libro no tiene la hoja que lee la receta.", EN: "The workbook does not have the sheet that the recipe reads."},
		entente.Text{ES: "Importe el libro que corresponde, o declaren en la receta el nombre nuevo de la hoja.", EN: "Import the workbook that is meant, or declare the sheet's new name in the recipe."},
	},
	"figures.file_columns": {
		entente.Text{ES: "Al archivo le faltan columnas que la receta necesita.", EN: "The file lacks columns that the recipe needs."},
		entente.Text{ES: "Elija la familia de archivos que corresponde, o declaren en la receta los encabezados nuevos como alias.", EN: "Choose the file's own family, or declare the new headers in the recipe as aliases."},
	},
	"figures.file_large": {
		entente.Text{ES: "El archivo es más grande de lo que este nodo importa.", EN: "The file is larger than this node imports."},
		entente.Text{ES: "Divídalo como lo divide su publicador, por año o por periodo.", EN: "Split it as its publisher does, by year or period."},
	},
	"figures.recipe": {
		entente.Text{ES: "Una cifra se importa con la receta de un indicador en vigor.", EN: "Figures are imported by the recipe of an indicator in force."},
		entente.Text{ES: "Acuerden primero el indicador y su receta, o elija otra familia de archivos.", EN: "Agree on the indicator and its recipe first, or choose another family of files."},
	},
	"rule.reference_unseen": {
		entente.Text{ES: "Un asiento propio remite solo a lo que este nodo ya tiene.", EN: "An own entry refers only to what this node already holds."},
		entente.Text{ES: "Espere a que llegue la bitácora a la que se refiere.", EN: "Wait for the log it refers to."},
	},
	"rule.id_conflict": {
		entente.Text{ES: "Un identificador nombra un solo contenido.", EN: "An id names one content only."},
		entente.Text{ES: "Use un identificador nuevo.", EN: "Use a new id."},
	},
}

// refused returns the refusal with a code of said.
func refused(code string) Refusal {
	t := said[code]
	return Refusal{Code: code, Rule: t.rule, Mend: t.mend}
}

// ref returns a refusal as an error.
func (r Refusal) ref() *Refusal { return &r }

// byRule returns the refusal of a rule of the fold.
func byRule(code, detail string) *Refusal {
	if _, own := said[code]; own {
		return refused(code).with("%s", detail)
	}
	r := &Refusal{Code: code, Detail: detail}
	if t, ok := fold.Explain(code); ok {
		r.Rule, r.Mend = t.Says, t.Mend
	}
	return r
}

// asRefusal turns the store's errors that are the caller's doing into refusals and
// leaves the others as they are.
func asRefusal(err error) error {
	var r *store.Refused
	switch {
	case errors.As(err, &r):
		return byRule(r.Rule, r.Detail)
	case errors.Is(err, store.ErrRestored):
		return refused("node.restored").ref()
	case errors.Is(err, store.ErrConflict):
		conflict := refused("rule.id_conflict").with("%s", err)
		conflict.cause = err
		return conflict
	}
	return err
}
