package network

import (
	"golang.org/x/mod/sumdb/note"

	"entente/internal/merkle"
)

// verdict verifies evidence with the log's keys.
func verdict(e merkle.Evidence, vkeys []string) (merkle.Verdict, error) {
	var verifiers []note.Verifier
	for _, k := range vkeys {
		v, err := merkle.NewVerifier(k)
		if err != nil {
			return merkle.Verdict{}, err
		}
		verifiers = append(verifiers, v)
	}
	return merkle.VerifyEvidence(e, verifiers...)
}
