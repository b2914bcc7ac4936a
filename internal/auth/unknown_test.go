package auth_test

import (
	"errors"
	"slices"
	"testing"

	"entente/internal/auth"
)

// TestAnUnknownPersonIsAsAWrongPassword: what is answered, and how long one has to
// wait after several attempts, does not tell whether there is such an account.
func TestAnUnknownPersonIsAsAWrongPassword(t *testing.T) {
	outcomes := func(name string) (list []string) {
		d := newDesk(t)
		for range 12 {
			_, err := d.signIn(name, "not the password")
			var wait *auth.WaitError
			switch {
			case errors.As(err, &wait):
				list = append(list, "wait "+wait.Wait.String())
			case errors.Is(err, auth.ErrCredentials):
				list = append(list, err.Error())
			default:
				t.Fatalf("%s: %v", name, err)
			}
		}
		return list
	}
	known, unknown := outcomes("officer-1"), outcomes("nobody-of-this-name")
	if !slices.Equal(known, unknown) {
		t.Errorf("a wrong password is answered\n%q\nand an unknown name\n%q", known, unknown)
	}
}
