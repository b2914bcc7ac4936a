// Package usecases measures the node's use cases from end to end, against the
// yardsticks that the figures to reach name.
package usecases
