// Package things makes the list and the page of any thing of the programme from
// one description of its kind, so that a new entry type costs a row in a table and
// not a new set of pages.
//
// Invariants:
//   - every value shown comes from a version's body; the fields of a body are
//     labelled from the catalogue by their JSON name ("field.<name>"), the same
//     labels that the desk's forms use;
//   - a page of a thing always shows who states it, the positions on the version
//     shown, what refers to it, its versions compared, its sources and the way to
//     its entry.
package things
