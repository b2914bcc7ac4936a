// Package programme reads a programme's files (charter, agencies, sources,
// commitments, record, figures) and turns them into items: one item an entry to
// be appended, with who states it and what it refers to.
//
// Invariants:
//   - nothing is loaded in part: [Load] returns a programme or every fault it
//     found, each as "file:line: message" ([Problems]);
//   - a party states only what a text or act of its own says: an item of a party
//     names at least one source whose text_of column names that party. What
//     others say is a citation by the observer ([Observer]);
//   - both languages carry the same figures; a text that exists in one language
//     only is allowed and listed ([Programme.Untranslated]);
//   - items come in an order in which every item's needs are met by earlier
//     items; the same files give the same items in the same order;
//   - it keeps no references to entries: they do not exist yet. An item names
//     what it needs by [Key], and [Item.Bind] fills the references in once the
//     caller has appended those.
package programme
