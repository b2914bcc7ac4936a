package peer

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"entente/internal/merkle"
)

// maxAnswer is the largest answer of a witness that is read, in bytes.
const maxAnswer = 64 << 10

// Witness is a third party that cosigns checkpoints of public logs (C2SP
// tlog-witness). It is asked after the fact: one that is down delays its
// cosignature and nothing else.
type Witness struct {
	url    string
	client *http.Client
	keys   []note.Verifier

	mu   sync.Mutex
	seen map[string]uint64 // origin → the size it cosigned last, as far as known
}

// NewWitness returns the witness with submission prefix at prefix, whose
// cosignatures are by one of the vkeys (type 0x04 or 0x06).
func NewWitness(prefix string, client *http.Client, vkeys ...string) (*Witness, error) {
	u, err := url.Parse(prefix)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" {
		return nil, fmt.Errorf("a witness is at an http or https URL without query, not %q", prefix)
	}
	w := &Witness{url: strings.TrimSuffix(prefix, "/") + "/add-checkpoint", client: client, seen: map[string]uint64{}}
	for _, k := range vkeys {
		alg, err := merkle.KeyType(k)
		if err != nil || alg == merkle.AlgEd25519 {
			return nil, fmt.Errorf("a witness is known by keys of type 0x04 and 0x06, not by %.100q", k)
		}
		v, err := merkle.NewVerifier(k)
		if err != nil {
			return nil, err
		}
		w.keys = append(w.keys, v)
	}
	if len(w.keys) == 0 {
		return nil, errors.New("a witness needs a key to be known by")
	}
	return w, nil
}

// Cosign asks the witness to cosign a checkpoint and returns it with the
// cosignature added. hashes are those of the checkpoint's log.
func (w *Witness) Cosign(ctx context.Context, checkpoint []byte, hashes tlog.HashReader) ([]byte, error) {
	c, err := merkle.Peek(checkpoint)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	old := w.seen[c.Origin]
	w.mu.Unlock()
	for range 2 { // the second time with the size that the witness says it knows
		if old > c.Size {
			return nil, ErrStale
		}
		lines, knows, err := w.submit(ctx, checkpoint, c, old, hashes)
		if err != nil {
			return nil, err
		}
		if lines == nil {
			old = knows
			continue
		}
		cosigned, err := merkle.Merge(checkpoint, append(bytes.Clone(checkpoint), lines...), w.keys...)
		if err != nil {
			return nil, fmt.Errorf("witness: %w", err)
		}
		if _, _, err := merkle.Open(cosigned, c.Origin, w.keys...); err != nil {
			return nil, fmt.Errorf("witness: its answer holds no cosignature by its key: %w", err)
		}
		w.mu.Lock()
		w.seen[c.Origin] = c.Size
		w.mu.Unlock()
		return cosigned, nil
	}
	return nil, errors.New("witness: it does not keep to the size that it says it knows")
}

// submit is one add-checkpoint request. It returns signature lines, or, with
// status 409, none and the size that the witness knows.
func (w *Witness) submit(ctx context.Context, checkpoint []byte, c merkle.Checkpoint, old uint64, hashes tlog.HashReader) ([]byte, uint64, error) {
	proof, err := merkle.Consistency(hashes, old, c.Size)
	if err != nil {
		return nil, 0, err
	}
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	for _, h := range proof {
		body.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	body.WriteString("\n")
	body.Write(checkpoint)
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, &body)
	if err != nil {
		return nil, 0, err
	}
	res, err := w.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, 0, err
	}
	switch res.StatusCode {
	case http.StatusOK:
		if len(answer) == 0 {
			return nil, 0, errors.New("witness: an empty answer")
		}
		return answer, 0, nil
	case http.StatusConflict:
		size, err := strconv.ParseUint(strings.TrimSuffix(string(answer), "\n"), 10, 64)
		if err != nil {
			return nil, 0, errors.New("witness: its answer does not say what size it knows")
		}
		return nil, size, nil
	}
	return nil, 0, fmt.Errorf("witness: it answered %s", res.Status)
}
