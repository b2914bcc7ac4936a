package exchange

import (
	"fmt"

	"entente"
	"entente/internal/node"
)

// refused are the refusals that are this room's own; gates bring their own texts.
var refused = map[string]struct{ rule, mend entente.Text }{
	"exchange.type": {
		entente.Text{ES: "Por esta vía solo se redactan solicitudes, remisiones, negativas, solicitudes de permiso y reportes de uso indebido.", EN: "Only requests, releases, refusals, permission requests and misuse reports are composed this way."},
		entente.Text{ES: "Use la página del acto que quiere asentar.", EN: "Use the page of the act that you want to state."},
	},
	"exchange.empty": {
		entente.Text{ES: "Lo que se sella tiene un texto o al menos un archivo.", EN: "What is sealed has a text or at least one file."},
		entente.Text{ES: "Escriba el texto o adjunte un archivo.", EN: "Write the text or attach a file."},
	},
	"exchange.content": {
		entente.Text{ES: "El contenido sellado cumple sus límites: nombres de archivo simples y distintos, textos de hasta 64 KiB, hasta 1,000 archivos y 1 GiB en total.", EN: "Sealed content keeps its bounds: plain and different file names, texts of up to 64 KiB, up to 1,000 files and 1 GiB in all."},
		entente.Text{ES: "Corrija lo que se señala.", EN: "Mend what is pointed out."},
	},
	"exchange.too_large": {
		entente.Text{ES: "Los archivos de un contenido sellado suman a lo más 1 GiB.", EN: "The files of sealed content have at most 1 GiB together."},
		entente.Text{ES: "Divida el envío en varias remisiones.", EN: "Split it into several releases."},
	},
	"exchange.text_only": {
		entente.Text{ES: "Una negativa, una descripción o una nota se sella como texto.", EN: "A refusal's note or a description is sealed as text."},
		entente.Text{ES: "Quite los archivos; para entregarlos haga una remisión.", EN: "Remove the files; to hand them over, make a release."},
	},
	"exchange.no_key": {
		entente.Text{ES: "Se sella solo a instituciones que tienen una clave de sellado vigente.", EN: "Content is sealed only to agencies that have an active sealing key."},
		entente.Text{ES: "Elija otra institución, o espere a que esa parte dé de alta la clave que falta.", EN: "Choose another agency, or wait until that party adds the key that is missing."},
	},
	"exchange.stix": {
		entente.Text{ES: "Una remisión en forma STIX es un solo archivo con un paquete STIX 2.1 válido, cuyas marcas dicen lo mismo que las condiciones de manejo.", EN: "A release in STIX form is one file with a valid STIX 2.1 bundle whose markings say the same as its handling."},
		entente.Text{ES: "Corrija el paquete en lo que se señala, o remítalo como archivo.", EN: "Mend the bundle where it is pointed out, or release it as a file."},
	},
	"exchange.item": {
		entente.Text{ES: "Lo que se remite con consentimiento es exactamente lo que se consintió.", EN: "What is released with consent is exactly what was consented to."},
		entente.Text{ES: "Devuelva los archivos a como estaban al pedir el permiso, o pida otro.", EN: "Put the files back as they were when permission was asked, or ask again."},
	},
	"exchange.waiting": {
		entente.Text{ES: "Lo que espera a una segunda persona no cambia.", EN: "What waits for a second person does not change."},
		entente.Text{ES: "Pida que se lo devuelvan con una nota, o redacte otro.", EN: "Ask for it to be returned with a note, or write another."},
	},
	"exchange.lost": {
		entente.Text{ES: "El contenido sellado de este borrador ya no está en el nodo.", EN: "The sealed content of this draft is no longer on the node."},
		entente.Text{ES: "Vuelva a adjuntarlo en un borrador nuevo.", EN: "Attach it again in a new draft."},
	},
	"exchange.emergency": {
		entente.Text{ES: "Una remisión de emergencia se asienta de inmediato o no se asienta.", EN: "An emergency release is appended at once or not at all."},
		entente.Text{ES: "La firma una persona autorizante, donde los términos lo permiten; si no, siga la vía normal.", EN: "A releasing officer signs it, where the terms allow; otherwise take the normal way."},
	},
	"exchange.reader": {
		entente.Text{ES: "El contenido lo abre quien sirve en una institución destinataria; auditoría y administración ven que existe, no qué dice.", EN: "Content is opened by officers of an agency that it is for; auditors and administrators see that it exists, not what it says."},
		entente.Text{ES: "Pídalo a una persona de la institución destinataria.", EN: "Ask an officer of an agency that it is for."},
	},
	"exchange.not_here": {
		entente.Text{ES: "El contenido sellado no está en este nodo.", EN: "The sealed content is not on this node."},
		entente.Text{ES: "Espere a que se reciba; mientras la otra parte lo conserve, el nodo lo pide de nuevo.", EN: "Wait until it is received; while the other party keeps it, the node asks for it again."},
	},
	"exchange.gone": {
		entente.Text{ES: "El contenido sellado fue destruido.", EN: "The sealed content was shredded."},
		entente.Text{ES: "Si aún hace falta, solicítelo otra vez a la parte que lo remitió.", EN: "If it is still needed, request it again from the party that released it."},
	},
	"exchange.state": {
		entente.Text{ES: "El acto corresponde a otro momento de este intercambio.", EN: "The act belongs to another moment of this exchange."},
		entente.Text{ES: "Revise en qué estado está.", EN: "Look at the state that it is in."},
	},
}

// refusal makes one of the refusals above.
func refusal(code, format string, args ...any) *node.Refusal {
	r := refused[code]
	return &node.Refusal{Code: code, Rule: r.rule, Mend: r.mend, Detail: fmt.Sprintf(format, args...)}
}
