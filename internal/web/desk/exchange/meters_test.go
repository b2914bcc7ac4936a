package exchange

import (
	"testing"
	"time"

	core "entente/internal/exchange"
)

// TestMediansAreDrawnInAUnitThatShowsThem: minutes are not nought hours.
func TestMediansAreDrawnInAUnitThatShowsThem(t *testing.T) {
	for longest, want := range map[time.Duration]string{
		0: "seconds", 90 * time.Second: "seconds", 2 * time.Minute: "minutes", 119 * time.Minute: "minutes",
		2 * time.Hour: "hours", 47 * time.Hour: "hours", 48 * time.Hour: "days",
	} {
		if got := medianUnit([]core.Meter{{Median: time.Second}, {Median: longest}}); got.name != want {
			t.Errorf("a median of %s is drawn in %s, not %s", longest, got.name, want)
		}
	}
}
