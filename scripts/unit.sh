#!/usr/bin/env bash
# The Go tests with the race detector: two packages at a time, bounded in time. The end-to-end tests, which run three nodes
# and a browser, come last and alone; a busy machine gets a second try at them.
#
# What is not ours and shares nothing between goroutines but through us is compiled without the detector, as the runtime is:
# SQLite, which is C turned into Go, pure cryptography, compression and the parser that tests read pages with. Their accesses to
# memory are most of what the detector would look at.
set -euo pipefail
cd "$(dirname "$0")/.."
# The guard asks the go command what imports what, which the test cache does not see.
go test -count=1 ./internal/archguard
all=$(go list "${@:-./...}")
race=(-race -timeout 20m)
for deps in modernc.org golang.org/x/crypto crypto/internal/fips140 github.com/andybalholm/brotli golang.org/x/net/html; do
  race+=("-gcflags=$deps/...=-race=false")
done
# The longest begin first, so that none of them runs on alone at the end.
long='/(cmd/entente|internal/(web/portal|web/desk|web/desk/exchange|exchange|api|network)|test/gallery)$'
rest=$({ grep -E "$long" <<<"$all"; grep -vE "$long|/test/e2e\$" <<<"$all"; } || true)
# shellcheck disable=SC2086 # a list of packages
[ -z "$rest" ] || go test "${race[@]}" -p 2 $rest
if grep -q '/test/e2e$' <<<"$all"; then
  go test "${race[@]}" ./test/e2e || go test "${race[@]}" -count=1 ./test/e2e
fi
