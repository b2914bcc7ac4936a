// Package locale is the one place where the pages, reports and charts get their words, numbers, dates and units, in
// Mexican Spanish (es-MX) and United States English (en-US).
//
// Messages live in messages/{es,en}/<room>.toml, one file a room, with the same name, ids and placeholders in both
// languages; a test holds the two against each other and against every id that the rooms use. An id that does not
// exist, or a placeholder that is not given, shows as ⟦id⟧ (see [Missing]): visible on the page, found by every test that
// renders one, and never a silent gap.
//
// Invariants: a [Localizer] is immutable and safe for concurrent use; its output depends on its arguments alone (no
// clock, no environment); minus signs are U+2212; thousands are separated by commas and decimals by a point in both
// languages, as es-MX and en-US do.
package locale
