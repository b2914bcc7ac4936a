package payload

import (
	"errors"
	"sync"
	"testing"
)

// TestWhoComesLateWaitsForTheNextRound: a sync that had begun may have missed what was
// named since; those who wait for the next share it, and its error.
func TestWhoComesLateWaitsForTheNextRound(t *testing.T) {
	var g rounds
	begun, goOn := make(chan struct{}), make(chan struct{})
	first := make(chan error)
	go func() {
		first <- g.do(func() error { close(begun); <-goOn; return nil })
	}()
	<-begun
	const late = 20
	failed := errors.New("the disk is full")
	ran := make(chan struct{}, late)
	errs := make(chan error, late)
	var wait sync.WaitGroup
	for range late {
		wait.Go(func() { errs <- g.do(func() error { ran <- struct{}{}; return failed }) })
	}
	select {
	case <-ran:
		t.Fatal("two at once")
	case err := <-errs:
		t.Fatalf("who came late was answered by the round before: %v", err)
	default:
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
	wait.Wait()
	for range late {
		if err := <-errs; !errors.Is(err, failed) {
			t.Errorf("one of them is told %v", err)
		}
	}
}
