package auth

import (
	"strings"
	"testing"
	"time"
)

// cheap keeps the tests fast; the form and the comparison are what is tested.
var cheap = HashCost{Time: 1, Memory: 64, Threads: 1}

func TestPassword(t *testing.T) {
	phc, err := HashPassword("correct horse battery", cheap)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(phc, "horse") {
		t.Fatal("the hash shows the password")
	}
	for password, want := range map[string]bool{
		"correct horse battery": true, "correct horse batterY": false, "": false,
		strings.Repeat("x", MaxPassword+1): false,
	} {
		got, err := CheckPassword(phc, password)
		if err != nil || got != want {
			t.Errorf("CheckPassword(%.20q) = %v, %v; want %v", password, got, err, want)
		}
	}
	again, _ := HashPassword("correct horse battery", cheap)
	if again == phc {
		t.Error("two hashes of one password are equal: the salt is missing")
	}
}

func TestPasswordForm(t *testing.T) {
	for _, bad := range []string{"", "short", "eleven char", strings.Repeat("x", MaxPassword+1), "twelve\xffchars--"} {
		if _, err := HashPassword(bad, cheap); err == nil {
			t.Errorf("HashPassword(%q) was accepted", bad)
		}
	}
}

func TestForeignHashRefused(t *testing.T) {
	good, _ := HashPassword("correct horse battery", cheap)
	for _, bad := range []string{
		"", "plain", "$2y$10$abc", strings.Replace(good, "argon2id", "argon2i", 1),
		strings.Replace(good, "m=64", "m=99999999", 1), strings.Replace(good, "t=1", "t=0", 1), good[:len(good)-4],
	} {
		if ok, err := CheckPassword(bad, "correct horse battery"); err == nil || ok {
			t.Errorf("hash %q: accepted=%v err=%v", bad, ok, err)
		}
	}
}

func FuzzCheckPassword(f *testing.F) {
	good, _ := HashPassword("correct horse battery", cheap)
	f.Add(good)
	f.Add("$argon2id$v=19$m=1,t=1,p=1$AAAAAAAAAAA$AA")
	f.Fuzz(func(t *testing.T, phc string) {
		cost, _, sum, err := parsePHC(phc)
		if err == nil && (cost.Memory > maxMemory || cost.Time == 0 || len(sum) != hashBytes) {
			t.Fatalf("%q was accepted with %+v", phc, cost)
		}
	})
}

func TestRolesTable(t *testing.T) {
	for _, c := range []struct {
		role Role
		act  Act
		want bool
	}{
		{Officer, Draft, true}, {Officer, Authorise, false}, {Officer, ManageUsers, false},
		{ReleasingOfficer, Authorise, true}, {Auditor, Read, true}, {Auditor, Draft, false},
		{Auditor, ReadAudit, true}, {Administrator, Draft, false}, {Administrator, Authorise, false},
		{Administrator, ManageUsers, true}, {"stranger", Read, false},
	} {
		if got := May([]Role{c.role}, c.act); got != c.want {
			t.Errorf("May(%s, %s) = %v", c.role, c.act, got)
		}
	}
	if May(nil, Read) {
		t.Error("a person without a role may read")
	}
}

func TestLimiter(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(time.Minute, 3, func() time.Time { return now })
	for i := range 3 {
		if _, ok := l.allow("a"); !ok {
			t.Fatalf("attempt %d refused", i)
		}
	}
	wait, ok := l.allow("a")
	if ok || wait <= 0 || wait > time.Minute {
		t.Fatalf("fourth attempt: ok=%v wait=%v", ok, wait)
	}
	if _, ok := l.allow("b"); !ok {
		t.Fatal("another key is refused")
	}
	now = now.Add(wait)
	if _, ok := l.allow("a"); !ok {
		t.Fatal("refused after waiting as told")
	}
	now = now.Add(time.Hour)
	l.allow("c")
	if len(l.byKey) != 1 {
		t.Errorf("%d keys are kept after they rested", len(l.byKey))
	}
	l.forget("c")
	if len(l.byKey) != 0 {
		t.Error("forget keeps the key")
	}
}

func TestBackoff(t *testing.T) {
	now := time.Unix(0, 0)
	b := newBackoff(func() time.Time { return now })
	for range freeFailures {
		b.fail("a")
	}
	if wait, ok := b.allow("a"); !ok || wait != 0 {
		t.Fatalf("after %d failures: %v", freeFailures, wait)
	}
	var last time.Duration
	for range 12 {
		b.fail("a")
		wait, ok := b.allow("a")
		if ok || wait < last || wait > maxWait {
			t.Fatalf("wait %v after %v", wait, last)
		}
		last = wait
	}
	if last != maxWait {
		t.Errorf("the longest wait is %v", last)
	}
	if _, ok := b.allow("b"); !ok {
		t.Error("another key waits")
	}
	now = now.Add(2 * failureRest)
	if _, ok := b.allow("a"); !ok || len(b.byKey) != 0 {
		t.Error("failures are not forgotten")
	}
	b.fail("c")
	b.forget("c")
	if len(b.byKey) != 0 {
		t.Error("a success does not forgive")
	}
}
