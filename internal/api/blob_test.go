package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"entente"
)

// Who is signed in opens a file that a draft names; nobody else learns of it.
func TestAFileOfADraftIsForThoseSignedIn(t *testing.T) {
	d := newDesk(t)
	digest, size, err := d.node.Blobs().Put(context.Background(), strings.NewReader("acta"))
	if err != nil {
		t.Fatal(err)
	}
	path := "/blob/" + digest.String()
	if w := d.ask("ana", http.MethodGet, path, nil); w.Code != http.StatusNotFound {
		t.Errorf("a file that nothing names: %d", w.Code)
	}
	in := DraftRequest{IntentRequest: IntentRequest{ID: uuid7(1), Subject: "x1", Audience: entente.Public}, Type: entente.TypeAction}
	in.Draft = true
	in.Body = json.RawMessage(fmt.Sprintf(`{"evidence":[{"digest":%q,"size":%d,"name":"acta.txt","media":"text/plain"}]}`, digest, size))
	d.draft(202, "ana", http.MethodPost, "/api/v1/drafts", in)
	w := d.ask("luis", http.MethodGet, path, nil)
	if w.Code != http.StatusOK || w.Body.String() != "acta" || w.Header().Get("Cache-Control") != "private, no-store" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	if w := d.ask("", http.MethodGet, path, nil); w.Code == http.StatusOK {
		t.Error("a stranger opened it")
	}
	open := New(Deps{Store: d.node.Store(), Audience: entente.Public, Blobs: d.node.Blobs(), Rate: 1 << 20})
	stranger := &desk{t: t, handler: open}
	if w := stranger.ask("", http.MethodGet, path, nil); w.Code != http.StatusNotFound {
		t.Errorf("the open interface answers %d", w.Code)
	}
}
