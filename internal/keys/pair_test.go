package keys

import (
	"strings"
	"testing"

	"entente"
)

// TestAKeyWhoseHalvesDoNotBelongTogether signs nothing: what it signed would not hold
// for the key that stands in the logs.
func TestAKeyWhoseHalvesDoNotBelongTogether(t *testing.T) {
	var made [2]*Key
	for i := range made {
		k, err := generate("mx.entente", entente.RoleAgency, "SSPC", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.Signer(); err != nil {
			t.Fatal(err)
		}
		made[i] = k
	}
	mixed := &Key{binding: made[0].binding, private: made[1].private}
	if _, err := mixed.Signer(); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("it signs: %v", err)
	}
}
