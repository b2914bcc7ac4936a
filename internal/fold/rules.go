package fold

import (
	"fmt"

	"entente"
)

// The codes of the rules by which an entry folds as inadmissible. They are
// stable: logs keep them, pages explain them, other implementations test for them.
const (
	RuleMalformed      = "rule.malformed"
	RuleSchema         = "rule.schema"
	RuleDuplicateID    = "rule.duplicate_id"
	RuleAuthor         = "rule.author"
	RuleWriter         = "rule.writer"
	RuleAudience       = "rule.audience"
	RuleGenesis        = "rule.genesis"
	RuleDecision       = "rule.decision"
	RuleSignature      = "rule.signature"
	RuleKeyInactive    = "rule.key_inactive"
	RuleSurplus        = "rule.surplus_signature"
	RuleOfficers       = "rule.officers"
	RuleTerritory      = "rule.territory"
	RuleDemo           = "rule.semantic.demo"
	RuleKey            = "rule.semantic.key"
	RuleJoint          = "rule.semantic.joint"
	RuleCharter        = "rule.semantic.charter"
	RuleConsent        = "rule.semantic.consent"
	RuleLink           = "rule.semantic.link"
	RuleDate           = "rule.semantic.date"
	RuleURL            = "rule.semantic.url"
	RuleReason         = "rule.semantic.reason"
	RuleCitation       = "rule.semantic.citation"
	RulePair           = "rule.semantic.pair"
	RuleOtherParty     = "rule.semantic.other_party"
	RuleFigures        = "rule.semantic.figures"
	RuleRecipe         = "rule.semantic.recipe"
	RuleExchange       = "rule.semantic.exchange"
	RuleSupersedes     = "rule.supersedes"
	RuleReferenceWider = "rule.reference_wider"
	RuleReferenceOrder = "rule.reference_order"
	RuleReferenceLeaf  = "rule.reference_leaf"
	RuleReferenceType  = "rule.reference_type"
	RuleReferenceOwner = "rule.reference_owner"
)

// RuleText is one rule in words: what it says, and what would mend an entry that
// broke it.
type RuleText struct {
	Code string
	Says entente.Text
	Mend entente.Text
}

// Rules are all rules, in the order in which an entry is held against them (see
// spec/fold.md, "Steps").
var Rules = []RuleText{
	{RuleMalformed,
		entente.Text{ES: "El asiento debe cumplir byte por byte el formato de asientos.", EN: "The entry must follow the entry format, byte for byte."},
		entente.Text{ES: "Vuelva a componerlo y a firmarlo con un programa que siga spec/entry-format.md.", EN: "Compose and sign it again with software that follows spec/entry-format.md."}},
	{RuleDuplicateID,
		entente.Text{ES: "Un identificador se usa una sola vez en cada bitácora.", EN: "An id is used only once in a log."},
		entente.Text{ES: "Asiéntelo con un identificador nuevo (UUIDv7).", EN: "Append it under a new id (UUIDv7)."}},
	{RuleAuthor,
		entente.Text{ES: "En una bitácora solo asienta quien la lleva, por conducto de una de sus instituciones.", EN: "Only the log's own writer states entries in it, through one of its agencies."},
		entente.Text{ES: "Asiéntelo en la bitácora de su autor, con la clave de la institución que lo declara.", EN: "Append it to its author's own log, naming the agency that states it."}},
	{RuleGenesis,
		entente.Text{ES: "El primer asiento de una bitácora es la génesis fijada de quien la lleva, y ningún otro lo es.", EN: "The first entry of a log is its writer's pinned genesis, and no other entry is a genesis."},
		entente.Text{ES: "Compare la huella de la génesis con la que la otra parte entregó en mano.", EN: "Compare the genesis digest with the one handed over out of band."}},
	{RuleWriter,
		entente.Text{ES: "Un observador solo asienta citas, retiros y claves.", EN: "An observer writes only citations, withdrawals and keys."},
		entente.Text{ES: "Regístrelo como cita, con su fuente.", EN: "Record it as a citation, with its source."}},
	{RuleAudience,
		entente.Text{ES: "Cada tipo de asiento tiene las bitácoras en que puede estar.", EN: "Each type of entry has the logs it may stand in."},
		entente.Text{ES: "Asiéntelo en una bitácora que admita su tipo (spec/entry-types.md).", EN: "Append it to a log that takes its type (spec/entry-types.md)."}},
	{RuleSchema,
		entente.Text{ES: "El contenido debe cumplir el esquema de su tipo; no se admiten campos desconocidos.", EN: "The body must keep its type's schema; unknown fields are not accepted."},
		entente.Text{ES: "Corrija el campo señalado según spec/schemas.", EN: "Correct the field named, following spec/schemas."}},
	{RuleDecision,
		entente.Text{ES: "Lo que sale del ámbito nacional lleva la decisión del filtro que lo autorizó: remisión en la bitácora compartida, publicación en la pública.", EN: "What leaves the national audience carries the decision of the gate that let it out: release in the shared log, publication in the public one."},
		entente.Text{ES: "Páselo por el filtro que corresponde a la bitácora.", EN: "Take it through the gate of that log."}},
	{RuleSurplus,
		entente.Text{ES: "Un asiento lleva solo las firmas que su tipo pide.", EN: "An entry carries only the signatures that its type asks for."},
		entente.Text{ES: "Fírmelo de nuevo sin la firma sobrante.", EN: "Sign it again without the surplus signature."}},
	{RuleKeyInactive,
		entente.Text{ES: "Una firma vale solo si su clave está vigente en esa bitácora antes del asiento.", EN: "A signature counts only if its key is active in that log before the entry."},
		entente.Text{ES: "Dé de alta la clave en la bitácora, o firme con una vigente.", EN: "Add the key to the log first, or sign with an active one."}},
	{RuleSignature,
		entente.Text{ES: "El asiento lleva la firma válida que su tipo pide: la clave raíz, o la de la institución que lo declara.", EN: "The entry carries the valid signature its type asks for: the root key's, or that of the agency that states it."},
		entente.Text{ES: "Fírmelo de nuevo con la clave correcta; si los bytes cambiaron en el camino, pídalos otra vez.", EN: "Sign it again with the right key; if the bytes changed on the way, fetch them again."}},
	{RuleOfficers,
		entente.Text{ES: "Para publicar firman dos personas distintas; para remitir a la otra parte, una.", EN: "Publication takes the signatures of two different officers; release to the other party takes one."},
		entente.Text{ES: "Pida la firma de otra persona servidora pública autorizante.", EN: "Ask another releasing officer to sign."}},
	{RuleTerritory,
		entente.Text{ES: "Una parte informa acciones solo en su propio territorio, sin mayor detalle que la entidad federativa.", EN: "A party reports actions in its own territory only, no finer than the state."},
		entente.Text{ES: "Indique entidades propias por su clave ISO 3166-2; lo demás se registra como cita.", EN: "Name states of your own by ISO 3166-2 code; anything else is recorded as a citation."}},
	{RuleDemo,
		entente.Text{ES: "En una demostración, bitácoras y claves empiezan con «demo.»; fuera de ella, ninguna.", EN: "In a demonstration the names of logs and keys begin with “demo.”; outside one, none does."},
		entente.Text{ES: "Corrija los nombres o la marca de demostración.", EN: "Correct the names or the demonstration mark."}},
	{RuleKey,
		entente.Text{ES: "Una clave se da de alta una vez, bien formada y con los datos de su función, y se revoca mientras está vigente.", EN: "A key is added once, well formed and with what its role needs, and revoked while it is active."},
		entente.Text{ES: "Revise nombre, función y clave pública contra las claves vigentes de la bitácora.", EN: "Check name, role and public key against the keys active in the log."}},
	{RuleJoint,
		entente.Text{ES: "Un texto conjunto nombra a las partes requeridas, cada una una vez, entre ellas quien lo asienta.", EN: "A joint text names the required parties, each once, its own author among them."},
		entente.Text{ES: "Corrija la lista de partes requeridas y acuérdela de nuevo.", EN: "Correct the list of required parties and agree on it again."}},
	{RuleCharter,
		entente.Text{ES: "La carta fija la génesis de cada parte requerida, y no repite claves.", EN: "The charter pins the genesis of each required party, and repeats no code."},
		entente.Text{ES: "Complete las huellas de génesis y quite las claves repetidas.", EN: "Complete the genesis digests and remove repeated codes."}},
	{RuleConsent,
		entente.Text{ES: "Solo la publicación de un texto conjunto requiere consentimiento.", EN: "Consent is for the publication of a joint text only."},
		entente.Text{ES: "Indique el tipo, el asunto y la huella del texto conjunto.", EN: "Name the type, subject and digest of the joint text."}},
	{RuleLink,
		entente.Text{ES: "El vínculo de una publicación es la huella de su sal y de la hoja publicada.", EN: "A publication's link is the digest of its salt and of the leaf that was published."},
		entente.Text{ES: "Calcúlelo de nuevo sobre el asiento publicado.", EN: "Compute it again over the entry published."}},
	{RuleDate,
		entente.Text{ES: "Las fechas existen en el calendario y un periodo no termina antes de empezar.", EN: "Dates exist in the calendar, and a period does not end before it begins."},
		entente.Text{ES: "Corrija la fecha señalada (AAAA, AAAA-MM o AAAA-MM-DD).", EN: "Correct the date named (YYYY, YYYY-MM or YYYY-MM-DD)."}},
	{RuleURL,
		entente.Text{ES: "Una dirección empieza con https:// o http://.", EN: "An address begins with https:// or http://."},
		entente.Text{ES: "Copie la dirección completa del documento.", EN: "Copy the document's full address."}},
	{RuleReason,
		entente.Text{ES: "Quien objeta da su razón.", EN: "A party that disputes gives its reason."},
		entente.Text{ES: "Agregue la razón de la objeción.", EN: "Add the reason for the dispute."}},
	{RuleCitation,
		entente.Text{ES: "Una cita lleva los datos de lo que cita, y no los de otra clase.", EN: "A citation carries the particulars of what it cites, and of nothing else."},
		entente.Text{ES: "Ajuste los datos a la clase de cita.", EN: "Make the particulars fit the kind of citation."}},
	{RulePair,
		entente.Text{ES: "Compromisos recíprocos son de partes distintas.", EN: "Paired commitments are of different parties."},
		entente.Text{ES: "Nombre un compromiso de cada parte.", EN: "Name one commitment of each party."}},
	{RuleOtherParty,
		entente.Text{ES: "Una versión atribuida es de lo que asumió la otra parte.", EN: "An account is of what another party undertook."},
		entente.Text{ES: "Lo propio se asienta como compromiso.", EN: "State one's own as a commitment."}},
	{RuleFigures,
		entente.Text{ES: "Los datos de una serie concuerdan entre sí y con las partes del indicador.", EN: "The particulars of a series agree with each other and with the indicator's parties."},
		entente.Text{ES: "Vuelva a importar el archivo con la receta del indicador.", EN: "Import the file again by the indicator's recipe."}},
	{RuleRecipe,
		entente.Text{ES: "Las recetas de un indicador están completas: con cada una, cualquiera puede volver a calcular sus cifras a partir del archivo publicado.", EN: "An indicator's recipes are whole: by each of them anyone can recompute its figures from the published file."},
		entente.Text{ES: "Corrija en la receta el campo señalado (spec/figures.md); por ejemplo, una dimensión leída de una columna lleva «values» o «codes».", EN: "Mend the field named in the recipe (spec/figures.md); for example, a dimension read from a column has “values” or “codes”."}},
	{RuleExchange,
		entente.Text{ES: "Lo que se pide, se remite o se permite a otra parte está completo y no se contradice.", EN: "What is asked of, released to or permitted to another party is complete and does not contradict itself."},
		entente.Text{ES: "Corrija el dato señalado: a quién va, quién puede recibirlo, sus plazos o sus condiciones de manejo.", EN: "Mend the detail named: whom it goes to, who may have it, its dates or its handling."}},
	{RuleSupersedes,
		entente.Text{ES: "Una versión sustituye solo a versiones de la misma cosa: mismo tipo y mismo asunto.", EN: "A version replaces only versions of the same thing: same type and same subject."},
		entente.Text{ES: "Nombre las versiones vigentes de esa misma cosa, cada una una vez.", EN: "Name the current versions of that very thing, each once."}},
	{RuleReferenceWider,
		entente.Text{ES: "Un asiento solo remite a bitácoras de su mismo ámbito de acceso o de uno más amplio.", EN: "An entry refers only to logs of its own audience or a wider one."},
		entente.Text{ES: "Publique o remita primero aquello a lo que se refiere.", EN: "Publish or release first what it refers to."}},
	{RuleReferenceOrder,
		entente.Text{ES: "En su propia bitácora, un asiento solo remite a asientos anteriores.", EN: "Within its own log an entry refers only to earlier entries."},
		entente.Text{ES: "Asiente primero aquello a lo que se refiere.", EN: "Append first what it refers to."}},
	{RuleReferenceLeaf,
		entente.Text{ES: "Una referencia nombra bytes exactos: la huella debe ser la del asiento en ese lugar.", EN: "A reference names exact bytes: the leaf hash must be that of the entry at that place."},
		entente.Text{ES: "Tome la referencia del asiento tal como está en la bitácora.", EN: "Take the reference from the entry as it stands in the log."}},
	{RuleReferenceType,
		entente.Text{ES: "Cada referencia apunta a un asiento del tipo que le corresponde.", EN: "Each reference points to an entry of the type it is for."},
		entente.Text{ES: "Señale el asiento correcto, o use el tipo de asiento adecuado.", EN: "Name the right entry, or use the type of entry meant for it."}},
	{RuleReferenceOwner,
		entente.Text{ES: "De lo propio se informa, se sustituye o se retira; sobre lo ajeno solo se toma posición.", EN: "One reports on, supersedes or withdraws one's own; on another's one takes a position."},
		entente.Text{ES: "Señale un asiento propio, o manifieste su conformidad u objeción sobre el ajeno.", EN: "Name an entry of your own, or take a position on the other's."}},
}

// order is the place of each rule in [Rules].
var order = func() map[string]int {
	m := make(map[string]int, len(Rules))
	for i, r := range Rules {
		m[r.Code] = i
	}
	return m
}()

// Explain returns the rule with this code in words.
func Explain(code string) (RuleText, bool) {
	i, ok := order[code]
	if !ok {
		return RuleText{}, false
	}
	return Rules[i], true
}

// broken is a rule an entry breaks. It is an outcome of the fold, not a fault.
type broken struct {
	rule, detail string
}

func breaks(rule, format string, args ...any) *broken {
	return &broken{rule, fmt.Sprintf(format, args...)}
}

// findings keeps, of all rules found broken in one step, the first in the order
// of [Rules], so that the verdict does not depend on the order of the checks.
type findings struct{ first *broken }

func (f *findings) fail(rule, format string, args ...any) {
	if f.first == nil || order[rule] < order[f.first.rule] {
		f.first = breaks(rule, format, args...)
	}
}
