#!/usr/bin/env bash
# The Go tests with the race detector: two packages at a time, bounded in time. The end-to-end tests, which run three nodes
# and a browser, come last and alone; a busy machine gets a second try at them.
#
# What is not ours and shares nothing between goroutines but through us is compiled without the detector, as the runtime is:
# SQLite, which is C turned into Go, and pure cryptography. Its calls into memory are most of what a test with the detector does.
set -euo pipefail
cd "$(dirname "$0")/.."
# The guard asks the go command what imports what, which the test cache does not see.
go test -count=1 ./internal/archguard
all=$(go list "${@:-./...}")
race=(-race -gcflags='modernc.org/...=-race=false' -gcflags='golang.org/x/crypto/...=-race=false'
  -gcflags='crypto/internal/fips140/...=-race=false' -timeout 20m)
rest=$(grep -v '/test/e2e$' <<<"$all" || true)
# shellcheck disable=SC2086 # a list of packages
[ -z "$rest" ] || go test "${race[@]}" -p 2 $rest
if [ "$rest" != "$all" ]; then
  go test "${race[@]}" ./test/e2e || go test "${race[@]}" -count=1 ./test/e2e
fi
