package peer

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"golang.org/x/mod/sumdb/note"

	"entente/internal/merkle"
)

// The paths of a node's peer listener.
const (
	LogPath      = "/log/"    // this node's own logs, below their origins
	MirrorPath   = "/mirror/" // logs of others that this node mirrors, likewise
	HintPath     = "/peer/v1/hint"
	CosignPath   = "/peer/v1/cosign"
	EvidencePath = "/peer/v1/evidence"
	PayloadPath  = "/payload/" // sealed payloads, by their digest
)

// What a peer may ask in a second, on the long run and at once. Catching up takes
// a request for 256 entries.
const (
	peerRate  = 500
	peerBurst = 2000
)

const maxHint = 1 << 10

// Hint says that a log has grown: it asks for a look, nothing else.
type Hint struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
}

// Inbox takes what peers hand over. writer is whose node it came from.
type Inbox interface {
	// Hint says that a log is said to have grown. It returns at once.
	Hint(writer string, h Hint)
	// Cosigned hands over a checkpoint of one of this node's own logs with the
	// peer's cosignature on it, nothing verified yet: see [AddCosignature]. Errors:
	// [ErrStale], [ErrUnknownLog].
	Cosigned(ctx context.Context, writer string, checkpoint []byte) error
	// Accused hands over evidence against a log, nothing verified yet.
	Accused(ctx context.Context, writer string, e merkle.Evidence) error
}

var (
	// ErrStale means that a cosignature is for a checkpoint that is no longer the
	// latest: it came too late and does no harm.
	ErrStale = errors.New("the log has moved on from this checkpoint")
	// ErrUnknownLog means that a cosignature or evidence is about no log known here.
	ErrUnknownLog = errors.New("no such log")
)

// ServerOptions configure the handler of a peer listener. All are required but
// NotFound, Payloads and Logger.
type ServerOptions struct {
	Peers    Lookup
	Reader   Reader
	NotFound error // as in [LogServer]
	// Own and Mirrored say which logs a writer's node may read, below [LogPath] and
	// [MirrorPath].
	Own, Mirrored func(writer, origin string) bool
	Inbox         Inbox
	Payloads      Payloads // nil serves none
	Logger        *slog.Logger
}

type server struct{ ServerOptions }

// NewServer returns the handler of a node's peer listener, whose TLS
// configuration is [ServerTLS].
func NewServer(o ServerOptions) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &server{o}
	logs := func(prefix string, may func(writer, origin string) bool) http.Handler {
		return http.StripPrefix(prefix[:len(prefix)-1], &LogServer{Reader: o.Reader, NotFound: o.NotFound, Logger: o.Logger,
			Access: func(r *http.Request, origin string) Access {
				if who, ok := Caller(r, o.Peers); ok && may(who, origin) {
					return Private
				}
				return Closed
			}})
	}
	mux := http.NewServeMux()
	mux.Handle(LogPath, logs(LogPath, o.Own))
	mux.Handle(MirrorPath, logs(MirrorPath, o.Mirrored))
	mux.Handle("POST "+HintPath, s.by(maxHint, s.hint))
	mux.Handle("POST "+CosignPath, s.by(merkle.MaxNote, s.cosign))
	mux.Handle("POST "+EvidencePath, s.by(merkle.MaxEvidence, s.evidence))
	if o.Payloads != nil {
		mux.HandleFunc("GET "+PayloadPath+"{digest}", s.payload)
	}
	return RateLimit(s.onlyPeers(mux), peerRate, peerBurst, func(r *http.Request) string {
		who, _ := Caller(r, o.Peers)
		return who
	})
}

// onlyPeers answers a caller whose key has been revoked as it would any stranger,
// and ends the connection: the caller may come back under its new key.
func (s *server) onlyPeers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := Caller(r, s.Peers); !ok {
			w.Header().Set("Connection", "close")
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// by reads a body of at most limit bytes and hands it on with the caller's name.
func (s *server) by(limit int64, f func(w http.ResponseWriter, r *http.Request, writer string, body []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writer, _ := Caller(r, s.Peers)
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			http.Error(w, "the body is larger than such a message can be", http.StatusRequestEntityTooLarge)
		case err != nil:
			http.Error(w, "the body did not arrive whole", http.StatusBadRequest)
		default:
			f(w, r, writer, body)
		}
	})
}

func (s *server) hint(w http.ResponseWriter, _ *http.Request, writer string, body []byte) {
	h, err := decodeHint(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.Inbox.Hint(writer, h)
	w.WriteHeader(http.StatusNoContent)
}

func decodeHint(body []byte) (Hint, error) {
	var h Hint
	if err := json.Unmarshal(body, &h); err != nil {
		return Hint{}, errors.New("a hint is a JSON object with origin and size")
	}
	if err := (merkle.Checkpoint{Origin: h.Origin, Size: max(h.Size, 1)}).Validate(); err != nil {
		return Hint{}, err
	}
	return h, nil
}

func (s *server) cosign(w http.ResponseWriter, r *http.Request, writer string, body []byte) {
	s.answer(w, r, writer, s.Inbox.Cosigned(r.Context(), writer, body))
}

func (s *server) evidence(w http.ResponseWriter, r *http.Request, writer string, body []byte) {
	e, err := merkle.DecodeEvidence(body)
	if err == nil {
		err = s.Inbox.Accused(r.Context(), writer, e)
	}
	s.answer(w, r, writer, err)
}

func (s *server) answer(w http.ResponseWriter, r *http.Request, writer string, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ErrUnknownLog):
		http.NotFound(w, r)
	case errors.Is(err, ErrStale):
		http.Error(w, err.Error(), http.StatusConflict)
	default:
		s.Logger.Warn("a peer's message was refused", "writer", writer, "path", r.URL.Path, "error", err)
		http.Error(w, "refused: it does not verify", http.StatusUnprocessableEntity)
	}
}

// Checkpoints holds the latest checkpoint of own logs.
type Checkpoints interface {
	Checkpoint(ctx context.Context, origin string) ([]byte, error)
	// SetCheckpoint replaces the latest checkpoint by itself with more signatures.
	SetCheckpoint(ctx context.Context, origin string, signed []byte) error
}

// AddCosignature verifies a cosigned checkpoint of the origin and adds the
// cosignatures to the latest checkpoint if it is the same tree; otherwise
// [ErrStale]. cosigners are the vkeys of the peer's active log keys.
func AddCosignature(ctx context.Context, c Checkpoints, origin string, cosigned []byte, cosigners []string) error {
	known := make([]note.Verifier, 0, len(cosigners))
	for _, vkey := range cosigners {
		v, err := merkle.NewCosignatureVerifier(vkey)
		if err != nil {
			return err
		}
		known = append(known, v)
	}
	theirs, _, err := merkle.Open(cosigned, origin, known...)
	if err != nil {
		return err
	}
	latest, err := c.Checkpoint(ctx, origin)
	if err != nil {
		return err
	}
	ours, err := merkle.Peek(latest)
	if err != nil {
		return err
	}
	if ours != theirs {
		return ErrStale
	}
	merged, err := merkle.Merge(latest, cosigned, known...)
	if err != nil || string(merged) == string(latest) {
		return err
	}
	return c.SetCheckpoint(ctx, origin, merged)
}
