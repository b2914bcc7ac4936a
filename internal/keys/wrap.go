package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// maxWrapped bounds a wrapped secret in bytes.
const maxWrapped = 64 << 10

// Wrap encrypts a small secret of the node, such as that of a webhook, to the node's
// own keys, so that it can be kept in the database.
func (r *Ring) Wrap(secret []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, r.identity.Recipient())
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(secret); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if out.Len() > maxWrapped {
		return nil, fmt.Errorf("a wrapped secret has at most %d bytes", maxWrapped)
	}
	return out.Bytes(), nil
}

// Unwrap is the inverse of [Ring.Wrap].
func (r *Ring) Unwrap(wrapped []byte) ([]byte, error) {
	if len(wrapped) > maxWrapped {
		return nil, fmt.Errorf("a wrapped secret has at most %d bytes", maxWrapped)
	}
	in, err := age.Decrypt(bytes.NewReader(wrapped), r.identity)
	if err != nil {
		return nil, errors.New("the secret was not wrapped by this node's keys")
	}
	return io.ReadAll(in)
}
