package seal

import (
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// Encrypt returns a writer that encrypts to dst for the holders of keys, as an age
// file without a manifest: for what is sealed on its way and opened on arrival. What
// was written is whole only after Close, which leaves dst open.
func Encrypt(dst io.Writer, to ...string) (io.WriteCloser, error) {
	list, err := recipients(to)
	if err != nil {
		return nil, err
	}
	return age.Encrypt(dst, list...)
}

// Decrypt is the inverse of [Encrypt]. The reader ends with [io.EOF] only when what
// was encrypted ended there.
func Decrypt(src io.Reader, with ...string) (io.Reader, error) {
	ids, err := identities(with)
	if err != nil {
		return nil, err
	}
	from := &watched{r: src}
	plain, err := age.Decrypt(from, ids...)
	var noMatch *age.NoIdentityMatchError
	switch {
	case errors.As(err, &noMatch):
		return nil, ErrNotAddressed
	case err != nil && from.err != nil:
		return nil, from.err
	case err != nil:
		return nil, fmt.Errorf("%w (%s)", ErrDamaged, err.Error())
	}
	return stream{plain, from}, nil
}

// stream tells damage from failures of the reader below.
type stream struct {
	plain io.Reader
	from  *watched
}

// Read implements [io.Reader].
func (s stream) Read(b []byte) (int, error) {
	n, err := s.plain.Read(b)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return n, err
	case s.from.err != nil:
		return n, s.from.err
	}
	return n, fmt.Errorf("%w (%s)", ErrDamaged, err.Error())
}
