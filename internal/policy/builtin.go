package policy

import (
	_ "embed" // the built-in policies
	"sync"

	"entente"
)

//go:embed bootstrap.cedar
var bootstrapSource string

//go:embed observer.cedar
var observerSource string

var identifiersRefused = entente.Refusal{
	Rule: entente.Text{
		ES: "Ninguna bitácora contiene datos que identifiquen a una persona: CURP, RFC, clave de elector, A-number, pasaporte, número de seguro social, teléfono o correo electrónico.",
		EN: "No log holds personal identifiers: CURP, RFC, voter key, A-number, passport, Social Security number, telephone or e-mail.",
	},
	Mend: entente.Text{
		ES: "Quite el texto señalado o sustitúyalo por el cargo público o el papel de la persona.",
		EN: "Take the marked text out, or replace it by the person's public office or role.",
	},
}

var bootstrapRefusals = map[string]entente.Refusal{
	"bootstrap-own-word": {
		Rule: entente.Text{
			ES: "Cada parte declara solo lo que le corresponde declarar.",
			EN: "Each party states only what is its own to state.",
		},
		Mend: entente.Text{
			ES: "Asiéntelo como institución de su propia parte.",
			EN: "Append it as an institution of your own party.",
		},
	},
	"bootstrap-joint-consent": {
		Rule: entente.Text{
			ES: "Un texto conjunto se publica solo cuando cada parte requerida consintió estas palabras exactas.",
			EN: "A joint text is published only when every required party has consented to these exact words.",
		},
		Mend: entente.Text{
			ES: "Complete primero la carta y las políticas en las bitácoras compartidas; los consentimientos se asientan después.",
			EN: "Complete the charter and the policies in the shared logs first; consents are appended after that.",
		},
	},
	"bootstrap-no-personal-identifiers": identifiersRefused,
}

var observerRefusals = map[string]entente.Refusal{"observer-no-personal-identifiers": identifiersRefused}

// Bootstrap returns the built-in policies of a party's gates before a charter and
// a policy are joint. Its digest is the SHA-256 of bootstrap.cedar; spec/ lists it.
var Bootstrap = sync.OnceValue(func() *Set { return builtin(bootstrapSource, bootstrapRefusals) })

// Observer returns the built-in policies of an observer's log. Its digest is the
// SHA-256 of observer.cedar; spec/ lists it.
var Observer = sync.OnceValue(func() *Set { return builtin(observerSource, observerRefusals) })

// builtin loads a set that is part of the program: a fault in it is a fault of
// the build, which a test finds.
func builtin(source string, refusals map[string]entente.Refusal) *Set {
	s, err := Load(source, refusals, entente.DigestOf([]byte(source)))
	if err != nil {
		panic(err)
	}
	return s
}
