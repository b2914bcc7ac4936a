#!/usr/bin/env bash
# The Go tests with the race detector: two packages at a time, bounded in time. The end-to-end tests, which run three nodes
# and a browser, come last and alone; a busy machine gets a second try at them.
set -euo pipefail
cd "$(dirname "$0")/.."
# The guard asks the go command what imports what, which the test cache does not see.
go test -count=1 ./internal/archguard
all=$(go list "${@:-./...}")
rest=$(grep -v '/test/e2e$' <<<"$all" || true)
# shellcheck disable=SC2086 # a list of packages
[ -z "$rest" ] || go test -race -p 2 -timeout 20m $rest
if [ "$rest" != "$all" ]; then
  go test -race -timeout 20m ./test/e2e || go test -race -count=1 -timeout 20m ./test/e2e
fi
