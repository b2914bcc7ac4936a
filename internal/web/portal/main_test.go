package portal_test

import (
	"fmt"
	"os"
	"testing"
)

// run runs all tests and then what the world left to clean up.
func (k *keeper) run(m *testing.M) {
	code := m.Run()
	k.mu.Lock()
	for i := len(k.cleanup) - 1; i >= 0; i-- {
		k.cleanup[i]()
	}
	k.mu.Unlock()
	os.Exit(code)
}

// Helper implements testing.TB.
func (k *keeper) Helper() {}

// Cleanup implements testing.TB: it runs after all tests.
func (k *keeper) Cleanup(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cleanup = append(k.cleanup, f)
}

// TempDir implements testing.TB.
func (k *keeper) TempDir() string {
	dir, err := os.MkdirTemp("", "entente-portal-")
	if err != nil {
		panic(err)
	}
	k.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Fatal implements testing.TB: without the world no test can run.
func (k *keeper) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Fatalf implements testing.TB.
func (k *keeper) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
