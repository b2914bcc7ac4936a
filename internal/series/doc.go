// Package series is the figures engine: recipes that turn published files into
// observations, months and fiscal years, vintages, comparisons, and the
// assessment of claims against the data.
//
// Invariants:
//   - it is pure: no I/O, no clock, no randomness, no dependence on map order.
//     The same recipe over the same rows gives the same [Series], and the same
//     [Series.Digest], on every machine;
//   - sums and comparisons are exact: decimals and rationals, never floating
//     point. A figure is rounded once, from its exact value, when it is shown or
//     matched, and never again;
//   - the grain is the [Month]. Fiscal and calendar years are views of months;
//   - a rolling total is never added over time, a blank is never a zero, and a
//     later vintage never overwrites an earlier one: both stand, and a date picks;
//   - a comparison that is not like for like says so in a typed [Warning];
//   - an [Assessment] is computed from a [Check] and the data, never stated.
package series
