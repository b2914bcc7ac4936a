package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// MaxHeader bounds the age header of a payload in bytes: a stanza of 1.7 kB for
// each recipient.
const MaxHeader = 128 << 10

const (
	ageIntro  = "age-encryption.org/v1\n"
	ageFooter = "\n--- "
)

// HeaderLen returns how long the age header at the beginning of b is, in bytes; 0
// while b does not hold all of it. The header is what alone leads to the file key;
// what follows it is noise without it. What is no age header, or one longer than
// [MaxHeader], is [ErrDamaged].
func HeaderLen(b []byte) (int, error) {
	intro := min(len(b), len(ageIntro))
	if string(b[:intro]) != ageIntro[:intro] {
		return 0, fmt.Errorf("%w: it is no age file", ErrDamaged)
	}
	footer := bytes.Index(b, []byte(ageFooter))
	end := -1
	if footer >= 0 {
		end = bytes.IndexByte(b[footer+1:], '\n')
	}
	if n := footer + 1 + end + 1; end >= 0 && n <= MaxHeader {
		return n, checkHeader(b[:n])
	}
	if end >= 0 || len(b) > MaxHeader {
		return 0, fmt.Errorf("%w: its header has more than %d bytes", ErrDamaged, MaxHeader)
	}
	return 0, nil
}

// checkHeader: the age library reads the same header as ends there.
func checkHeader(b []byte) error {
	again, err := age.ExtractHeader(bytes.NewReader(b))
	if err != nil || !bytes.Equal(b, again) {
		return fmt.Errorf("%w: its age header is malformed", ErrDamaged)
	}
	return nil
}

// Split cuts an age file into its header and the body after it.
func Split(src io.Reader) (header []byte, body io.Reader, err error) {
	buf := make([]byte, 0, 4<<10)
	for {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		end, bad := HeaderLen(buf)
		switch {
		case bad != nil:
			return nil, nil, bad
		case end > 0:
			return buf[:end:end], io.MultiReader(bytes.NewReader(buf[end:]), src), nil
		case errors.Is(err, io.EOF):
			return nil, nil, fmt.Errorf("%w: it ends within its header", ErrDamaged)
		case err != nil:
			return nil, nil, err
		}
	}
}
