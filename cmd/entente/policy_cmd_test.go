package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"entente"
	"entente/internal/node"
	"entente/internal/store"
)

// saveDraft saves a draft as the desk does.
func saveDraft(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 6, "draft VAR DIR USER TYPE AUDIENCE BODY")
	ctx := context.Background()
	n, err := openNode(ctx, ts.MkAbs(a[1]), node.Options{})
	ts.Check(err)
	defer func() { ts.Check(n.Close()) }()
	user, err := n.Store().User(ctx, a[2])
	ts.Check(err)
	body := json.RawMessage(ts.ReadFile(a[5]))
	d, err := n.SaveDraft(ctx, store.WorkDraft{
		Type: entente.Type(a[3]), Subject: "draft-1", Audience: entente.Audience(a[4]), Body: body, Author: user.ID, Agency: user.Agency,
	})
	ts.Check(err)
	ts.Setenv(a[0], d.ID)
}

// copyPolicies copies the policies of the built-in programme, to be changed.
func copyPolicies(ts *testscript.TestScript, neg bool, a []string) {
	args(ts, neg, a, 1, "copy-policies DIR")
	files, err := programmeFiles("")
	ts.Check(err)
	ts.Check(os.CopyFS(ts.MkAbs(a[0]), files))
	ts.Check(os.RemoveAll(filepath.Join(ts.MkAbs(a[0]), "data")))
}
