package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
)

// KeyExportRequest is break-glass: an agency's sealing key leaves the node by two
// officers who are both there.
type KeyExportRequest struct {
	ActID
	// Key is the name of a sealing key of the caller's agency.
	Key    string       `json:"key"`
	Reason entente.Text `json:"reason"`
	// Second is the sign-in name of a releasing officer, another person than the
	// caller, and Passphrase opens that officer's key, for this act alone.
	Second     string `json:"second"`
	Passphrase string `json:"passphrase"`
}

// KeyExportAnswer is the key, and the entry that says that it left.
type KeyExportAnswer struct {
	Notice
	Entry entente.Ref `json:"entry"`
	URL   string      `json:"url"`
	// File is the content of a key file, for age -d -i. Whoever has it opens what is
	// sealed to the agency, and no use is recorded.
	File string `json:"file"`
}

func (s *server) routeExchangeKeys() {
	s.exchangeRoute(operation{
		id: "export-key", method: http.MethodPost, path: "key-exports", act: mayState,
		summary: "Break-glass: take a sealing key of the caller's agency out of the node, by two officers; the entry is in the shared log first",
		body:    s.schemaOf(KeyExportRequest{}), response: s.schemaOf(KeyExportAnswer{}),
	}, s.exportKey)
}

func (s *server) exportKey(ctx context.Context, c *call) (*answer, error) {
	var in KeyExportRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := uuid7OK("id", in.ID); err != nil {
		return nil, err
	}
	if in.Reason.ES == "" || in.Reason.EN == "" {
		return nil, missing("reason")
	}
	if err := s.ownKey(ctx, c, in.Key); err != nil {
		return nil, err
	}
	by, err := c.officer()
	if err != nil {
		return nil, err
	}
	second, err := s.Auth.SecondOfficer(c.r, in.Second, in.Passphrase)
	if err != nil {
		return nil, credentials(err)
	}
	defer second.Lock()
	file, at, err := s.Desk.ExportSealKey(ctx, node.KeyExport{ID: in.ID, Key: in.Key, Reason: in.Reason, By: by, Second: second})
	if err != nil {
		return nil, err
	}
	n, err := s.notice(ctx)
	status := http.StatusCreated
	if at.Existing {
		status = http.StatusOK
	}
	return &answer{status: status, body: KeyExportAnswer{n, at.Ref, entryURL(at.Ref), file}}, err
}

// ownKey: the key is a sealing key of the caller's agency on this machine. One of
// another agency is as one that is not there.
func (s *server) ownKey(ctx context.Context, c *call, name string) error {
	states, err := s.Desk.KeyStates(ctx)
	if err != nil {
		return err
	}
	own := func(k node.KeyState) bool {
		return k.Name == name && k.Role == entente.RoleSeal && k.Here && k.Agency != "" && k.Agency == c.who.Agency
	}
	if !slices.ContainsFunc(states, own) {
		return &Problem{Status: http.StatusUnprocessableEntity, code: "body", Errors: []Fault{{In: "body", Name: "key", Code: "ownkey"}}}
	}
	return nil
}

func missing(name string) error {
	return &Problem{Status: http.StatusUnprocessableEntity, code: "body", Errors: []Fault{{In: "body", Name: name, Code: "required"}}}
}

// credentials is the problem of a name or passphrase that is not right, or of too
// many attempts.
func credentials(err error) error {
	var wait *auth.WaitError
	switch {
	case errors.As(err, &wait):
		seconds := int(math.Ceil(wait.Wait.Seconds()))
		p := problem(http.StatusTooManyRequests, "toomany", "Seconds", itoa(seconds))
		p.retry = seconds
		return p
	case errors.Is(err, auth.ErrCredentials):
		return problem(http.StatusForbidden, "credentials")
	}
	return err
}
