package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// HashCost is the cost of an argon2id hash (RFC 9106).
type HashCost struct {
	Time    uint32 // passes
	Memory  uint32 // KiB
	Threads uint8
}

// DefaultCost is the second recommended option of RFC 9106, section 4: three
// passes over 64 MiB.
var DefaultCost = HashCost{Time: 3, Memory: 64 << 10, Threads: 4}

const (
	saltBytes = 16
	hashBytes = 32
	// MinPassword is how many characters a password has at least (NIST SP 800-63B,
	// section 3.1.1.2: no composition rules).
	MinPassword = 12
	// MaxPassword is how many bytes it has at most.
	MaxPassword = 256
	// maxMemory bounds what a stored hash may ask for, in KiB.
	maxMemory = 1 << 20
)

// ErrPasswordForm says that a new password is too short, too long or not text.
var ErrPasswordForm = fmt.Errorf("a password has at least %d characters and at most %d bytes", MinPassword, MaxPassword)

// errHashForm says that a stored hash is not one of ours.
var errHashForm = errors.New("the stored password hash is not in the argon2id PHC form")

// HashPassword returns the argon2id hash of a password in PHC string form.
func HashPassword(password string, cost HashCost) (string, error) {
	if utf8.RuneCountInString(password) < MinPassword || len(password) > MaxPassword || !utf8.ValidString(password) {
		return "", ErrPasswordForm
	}
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	sum := argon2.IDKey([]byte(password), salt, cost.Time, cost.Memory, cost.Threads, hashBytes)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		cost.Memory, cost.Time, cost.Threads, enc.EncodeToString(salt), enc.EncodeToString(sum)), nil
}

// CheckPassword reports whether password has the hash phc.
func CheckPassword(phc, password string) (bool, error) {
	cost, salt, want, err := parsePHC(phc)
	if err != nil {
		return false, err
	}
	if len(password) > MaxPassword {
		return false, nil
	}
	got := argon2.IDKey([]byte(password), salt, cost.Time, cost.Memory, cost.Threads, hashBytes)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func parsePHC(phc string) (cost HashCost, salt, sum []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return cost, nil, nil, errHashForm
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &cost.Memory, &cost.Time, &cost.Threads); err != nil {
		return cost, nil, nil, errHashForm
	}
	if cost.Time == 0 || cost.Threads == 0 || cost.Memory == 0 || cost.Memory > maxMemory {
		return cost, nil, nil, errHashForm
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return cost, nil, nil, errHashForm
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) != hashBytes {
		return cost, nil, nil, errHashForm
	}
	return cost, salt, sum, nil
}
