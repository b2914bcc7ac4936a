package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/fold/foldtest"
)

// crashEnv makes the test binary a node that appends until it is killed: the
// database, and the number of its first entry.
const crashEnv = "ENTENTE_STORE_CRASH"

func TestMain(m *testing.M) {
	if os.Getenv(crashEnv) != "" {
		if err := appendUntilKilled(); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// numbered returns the n-th entry of the crash test: the same bytes in every
// process.
func numbered(n int) Draft {
	mx := foldtest.NewParty(entente.MX)
	a := entente.Audiences[n%3]
	h := mx.Header(a, fmt.Sprintf("c%d", n))
	h.ID = fmt.Sprintf("0199aaaa-0000-7000-8000-%012x", n)
	text := foldtest.Text(entente.TypeCommitment, h, foldtest.Commitment(fmt.Sprintf("C%d", n)))
	return Draft{Origin: mx.Origin(a), Raw: mx.Sign(text, mx.Signers(a)...)}
}

// appendUntilKilled appends entries from several goroutines and prints a line for
// each one that was acknowledged.
func appendUntilKilled() error {
	ctx := context.Background()
	first, err := strconv.Atoi(os.Getenv(crashEnv))
	if err != nil {
		return err
	}
	s, err := Open(ctx, Options{Path: os.Args[len(os.Args)-1]})
	if err != nil {
		return err
	}
	seed := entente.DigestOf([]byte("checkpoints of the tests"))
	signer, vkey, err := entry.NewSigner("demo.test/log", seed[:])
	if err != nil {
		return err
	}
	s.SetCheckpointer(&testSigner{signer, vkey})
	var mu sync.Mutex
	n := first
	for range 8 {
		go func() {
			for {
				mu.Lock()
				d := []Draft{numbered(n)}
				if n%5 == 0 { // some calls have two entries
					d = append(d, numbered(n+1))
					n++
				}
				n++
				mu.Unlock()
				got, err := s.Append(ctx, d...)
				if err != nil {
					fmt.Println("failed", err)
					os.Exit(1)
				}
				for i, a := range got {
					fmt.Printf("ack %s %d %s\n", a.Ref.Log, a.Ref.Index, parsedID(d[i].Raw))
				}
			}
		}()
	}
	select {}
}

func parsedID(raw []byte) string {
	p, err := entry.Parse(raw)
	if err != nil {
		return err.Error()
	}
	return p.Header.ID
}

// TestKilledAtAnyMoment: no acknowledged entry is lost, none is there twice, the
// logs fit their checkpoints and the projection is that of the logs.
func TestKilledAtAnyMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "node.db")
	mx := foldtest.NewParty(entente.MX)
	s, err := Open(t.Context(), Options{Path: path})
	check(t, err)
	s.SetCheckpointer(newTestSigner(t))
	begin(t, s, mx)
	check(t, s.Close())
	acknowledged := map[string]string{} // id → log and index
	r := rand.New(rand.NewPCG(rand.Uint64(), 0))
	for round, last := 0, 0; round < 8; round++ {
		// Begin with entries of the round before: they are sent again.
		runAndKill(t, path, max(0, last-30), 1+r.IntN(80), acknowledged)
		s, err := Open(t.Context(), Options{Path: path})
		check(t, err)
		last = checkSurvived(t, s, mx, acknowledged)
		check(t, s.Close())
	}
}

// runAndKill runs the appending process and kills it, in the middle of what it
// does, when it has acknowledged enough.
func runAndKill(t *testing.T, path string, first, enough int, acknowledged map[string]string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], path)
	cmd.Env = append(os.Environ(), crashEnv+"="+strconv.Itoa(first))
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	lines := bufio.NewScanner(out)
	for heard := 0; lines.Scan(); heard++ {
		if heard == enough {
			check(t, cmd.Process.Kill()) // lines that it has written are still read
		}
		var log, id string
		var index uint64
		if _, err := fmt.Sscanf(lines.Text(), "ack %s %d %s", &log, &index, &id); err != nil {
			t.Fatalf("the process says %q", lines.Text())
		}
		at := fmt.Sprintf("%s#%d", log, index)
		if was, ok := acknowledged[id]; ok && was != at {
			t.Fatalf("id %s was acknowledged at %s and at %s", id, was, at)
		}
		acknowledged[id] = at
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
}

// checkSurvived holds the database against what was acknowledged and against
// itself, and returns the number of the last entry.
func checkSurvived(t *testing.T, s *Store, mx *foldtest.Writer, acknowledged map[string]string) (last int) {
	t.Helper()
	ids := map[string]string{}
	m := fold.NewMemory(mx.Logs...)
	for _, l := range mx.Logs {
		state := checkLog(t, s, l.Origin)
		for i := range state.Size {
			raw, err := s.Entry(t.Context(), l.Origin, i)
			check(t, err)
			_, err = m.Append(l.Origin, raw)
			check(t, err)
			if i == 0 {
				continue
			}
			id, at := parsedID(raw), fmt.Sprintf("%s#%d", l.Origin, i)
			if other, twice := ids[id]; twice {
				t.Fatalf("id %s stands at %s and at %s", id, other, at)
			}
			ids[id] = at
			var n int
			if _, err := fmt.Sscanf(id, "0199aaaa-0000-7000-8000-%x", &n); err == nil {
				last = max(last, n)
			}
		}
	}
	for id, at := range acknowledged {
		if ids[id] != at {
			t.Fatalf("id %s was acknowledged at %s and is at %q", id, at, ids[id])
		}
	}
	for i, d := range digests(t, s) {
		if want := memoryDigest(t, m, entente.Audiences[i]); d != want {
			t.Fatalf("%s digest %s, want %s", entente.Audiences[i], d, want)
		}
	}
	return last
}
