// Package form makes the form of any entry type from the type of its body: the
// same Go type and tags that spec/schemas is generated from, so that a new field
// of an entry is a new field of its form.
//
// Invariants:
//   - whatever was typed is kept: a draft's body is a JSON tree that holds what
//     fits its type as such and anything else as the text typed;
//   - what was left empty is left out, as the schema wants it;
//   - the form works without scripts: items of a list are added and removed by
//     buttons that save;
//   - what is wrong is said beside its field, with the rule and the mend; the node's
//     own check stays the judge.
package form
