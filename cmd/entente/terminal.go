package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

// askPassphrase takes a passphrase from a variable of the environment, or asks for
// it on the terminal without showing it.
func askPassphrase(what, variable string) (string, error) {
	if p := os.Getenv(variable); p != "" {
		return p, nil
	}
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) {
		return "", fmt.Errorf("the %s is asked for on a terminal, or taken from %s", what, variable)
	}
	fmt.Fprintf(os.Stderr, "%s: ", what)
	raw, err := term.ReadPassword(fd)
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", err
	}
	if len(raw) == 0 {
		return "", errors.New("an empty passphrase opens nothing")
	}
	return string(raw), nil
}
