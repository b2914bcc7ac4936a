package follow_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/entry"
	"entente/internal/follow"
	"entente/internal/merkle"
	"entente/test/testlog"
)

// pair returns a key pair that follows from its name.
func pair(t testing.TB, name string) (note.Signer, string, string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte(name), 20)), name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return s, skey, vkey
}

var ids int

// keyEntry returns a key entry signed by signer.
func keyEntry(t testing.TB, signer note.Signer, action string, role entente.KeyRole, vkey string) []byte {
	t.Helper()
	name, _, _ := strings.Cut(vkey, "+")
	body, err := entry.Body(entente.Key{Action: action, Key: entente.KeyBinding{Name: name, Role: role, Public: vkey}})
	if err != nil {
		t.Fatal(err)
	}
	ids++
	text, err := entry.Build(entente.TypeKey, entente.Header{
		ID: fmt.Sprintf("0198f1a0-0000-7000-8000-%012x", ids), Author: entente.Author{Party: entente.MX},
		Time: time.Date(2025, 9, 3, 0, 0, 0, 0, time.UTC), Subject: strings.ReplaceAll(name, "/", "."), Body: body,
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := entry.Sign(text, signer)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestFollowsALogThatChangedItsKeysMeanwhile(t *testing.T) {
	root, _, rootKey := pair(t, "demo.mx.entente/0000ffff")
	stranger, _, _ := pair(t, "demo.mx.entente/0000eeee")
	_, newKey, newVKey := pair(t, "demo.mx.entente/0000aaaa")
	for name, c := range map[string]struct {
		append func(l *testlog.Log)
		ended  []string
		good   bool
	}{
		"added, old one revoked": {func(l *testlog.Log) {
			l.Append(keyEntry(t, root, "add", entente.RoleLog, newVKey)).Grow(200)
			l.Append(keyEntry(t, root, "revoke", entente.RoleLog, l.VKey)).Grow(300)
		}, nil, true},
		"added by a stranger":    {func(l *testlog.Log) { l.Append(keyEntry(t, stranger, "add", entente.RoleLog, newVKey)) }, nil, false},
		"never added":            {func(l *testlog.Log) { l.Grow(10) }, nil, false},
		"added as an agency key": {func(l *testlog.Log) { l.Append(keyEntry(t, root, "add", entente.RoleAgency, newVKey)) }, nil, false},
		"added and revoked again": {func(l *testlog.Log) {
			add := keyEntry(t, root, "add", entente.RoleLog, newVKey)
			l.Append(add, keyEntry(t, root, "revoke", entente.RoleLog, newVKey), add)
		}, nil, false},
		"revoked long ago, replayed": {func(l *testlog.Log) { l.Append(keyEntry(t, root, "add", entente.RoleLog, newVKey)) },
			[]string{"demo.mx.entente/0000aaaa"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := testlog.New(origin).Grow(500)
			k := newKeeper(t, l)
			k.log.RootKey = rootKey
			k.log.Ended = func(context.Context) ([]string, error) { return c.ended, nil }
			once(t, follower(k, l))
			c.append(l)
			honest := l.Size()
			l.Key, l.VKey = newKey, newVKey
			err := follower(k, l).Once(t.Context())
			switch {
			case c.good && err != nil:
				t.Fatal(err)
			case c.good:
				k.holds(l, honest)
			case !errors.Is(err, merkle.ErrUnknownSigner):
				t.Fatalf("the new key was met with %v", err)
			default:
				k.holds(l, 500)
			}
		})
	}
}

func TestNewKeysDoNotCoverForAFork(t *testing.T) {
	root, _, rootKey := pair(t, "demo.mx.entente/0000ffff")
	_, newKey, newVKey := pair(t, "demo.mx.entente/0000aaaa")
	l := testlog.New(origin).Grow(500)
	k := newKeeper(t, l)
	k.log.RootKey = rootKey
	once(t, follower(k, l))
	fork := l.Fork(400).Append(keyEntry(t, root, "add", entente.RoleLog, newVKey)).Grow(200)
	fork.Key, fork.VKey = newKey, newVKey
	if err := follower(k, fork).Once(t.Context()); err == nil || errors.Is(err, follow.ErrContradicted) {
		t.Errorf("a fork under a key that the log held never had: %v", err)
	}
	k.holds(l, 500)
}
