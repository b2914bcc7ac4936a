package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// idleFor is how long the nodes are left alone before their memory is read.
const idleFor = 10 * time.Second

// BenchmarkIdle: the resident memory of the largest of a demonstration's three
// nodes that nobody asks anything: started on the directories of an earlier start,
// and, beside that, after the start that loaded programme and data.
func BenchmarkIdle(b *testing.B) {
	for b.Loop() {
		dir := filepath.Join(b.TempDir(), "demo")
		b.ReportMetric(idle(b, dir), "idle-loaded-MB")
		b.ReportMetric(idle(b, dir), "idle-MB")
	}
}

// idle starts a demonstration, lets it idle, and returns the largest node's
// resident memory in MB (10⁶ bytes).
func idle(b *testing.B, dir string) float64 {
	b.Helper()
	d, err := startIn(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer d.stop()
	time.Sleep(idleFor)
	nodes := childrenOf(b, d.cmd.Process.Pid)
	if len(nodes) != 3 {
		b.Fatalf("the demonstration has %d processes, not 3", len(nodes))
	}
	var resident []float64
	for _, pid := range nodes {
		resident = append(resident, float64(statusOf(b, pid)["VmRSS"])*1024/1e6)
	}
	b.Logf("resident: %.0f MB", resident)
	return slices.Max(resident)
}

// childrenOf lists the processes that a process started.
func childrenOf(b *testing.B, parent int) (pids []int) {
	b.Helper()
	all, err := os.ReadDir("/proc")
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range all {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && statusOf(b, pid)["PPid"] == parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

// statusOf reads the numbers of a process's status (proc(5)); sizes are in KiB. A
// process that is gone has none.
func statusOf(b *testing.B, pid int) map[string]int {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil
	}
	numbers := map[string]int{}
	for line := range bytes.Lines(raw) {
		name, value, _ := strings.Cut(string(line), ":")
		if f := strings.Fields(value); len(f) > 0 {
			if n, err := strconv.Atoi(f[0]); err == nil {
				numbers[name] = n
			}
		}
	}
	return numbers
}
