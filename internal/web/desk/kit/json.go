package kit

import (
	"encoding/json"
	"net/http"
)

// JSON answers a script of this site.
func JSON(w http.ResponseWriter, body []byte) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write(body)
	return err
}

// JSONError answers a script of this site with a refusal in words; what is no
// refusal is returned.
func JSONError(a *Ask, err error) error {
	r := a.refusal(err)
	if r == nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"rule": r.Rule, "mend": r.Mend})
	if err != nil {
		return err
	}
	a.W.Header().Set("Content-Type", "application/json")
	a.W.Header().Set("Cache-Control", "no-store")
	a.W.WriteHeader(r.Status)
	_, err = a.W.Write(body)
	return err
}
