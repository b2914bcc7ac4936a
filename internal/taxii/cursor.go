package taxii

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
)

// cursors make and read the next property of envelopes (section 3.7): the position of
// the last object given, authenticated, and bound to the account, the collection and
// the query, so that a program can only go on with what it began.
type cursors struct{ key []byte }

const (
	cursorMAC   = 16
	cursorBytes = 8 + cursorMAC
)

// text is a cursor for reading on after a position.
func (c cursors) text(position int64, client int64, alias string, q *query) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, cursorBytes), uint64(position))
	return base64.RawURLEncoding.EncodeToString(append(b, c.mac(b, client, alias, q)...))
}

// position reads a cursor; one that was not given for this query is a 400.
func (c cursors) position(text string, client int64, alias string, q *query) (int64, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != cursorBytes || !hmac.Equal(b[8:], c.mac(b[:8], client, alias, q)) {
		return 0, problem(http.StatusBadRequest, "cursor")
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

func (c cursors) mac(position []byte, client int64, alias string, q *query) []byte {
	h := hmac.New(sha256.New, c.key)
	fmt.Fprintf(h, "entente taxii cursor\n%x\n%d\n%s\n%s", position, client, alias, q.text())
	return h.Sum(nil)[:cursorMAC]
}
