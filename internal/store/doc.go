// Package store keeps one node's database: its own and the mirrored logs, the
// projection that the fold fills from them, and the workspace (drafts, users,
// sessions, audit). One SQLite file; everything a reader sees was committed.
//
// Invariants:
//   - one goroutine writes at a time. What it commits as one group holds log rows, tiles,
//     checkpoint and projection together: there is no moment at which one of
//     them is ahead of another;
//   - nothing is acknowledged, served or signed for others to see before its
//     group is committed and read back on another connection;
//   - all entries of one call land in one group or none does;
//   - an entry reaches the projection only through [fold.Fold]; the projection's
//     tables can be dropped and rebuilt from the logs to the same digest, and
//     workspace tables are never touched by that;
//   - a [View] is bound to one audience when it is made; none of its queries can
//     name a wider one.
//
// Trees grow by whole tiles of 256 hashes (C2SP tlog-tiles): a full tile is one
// row, partial tiles and entry bundles are derived, the right edge is in memory
// and is rebuilt and held against the log's root at open.
package store
