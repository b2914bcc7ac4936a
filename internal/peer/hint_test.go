package peer

import (
	"encoding/json"
	"testing"
)

func FuzzDecodeHint(f *testing.F) {
	f.Add([]byte(`{"origin":"demo.mx.entente/shared","size":3}`))
	f.Add([]byte(`{"origin":"","size":-1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := decodeHint(body)
		if err != nil {
			return
		}
		b, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := decodeHint(b); err != nil || again != h {
			t.Errorf("%q reads as %v and again as %v, %v", body, h, again, err)
		}
	})
}
