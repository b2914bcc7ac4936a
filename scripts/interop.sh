#!/usr/bin/env bash
# The tests that hold the program against what others wrote (build tag interop): OASIS's schemas and examples, and stock
# clients. They read the folder ENTENTE_CONFORMANCE, by default ../shared/conformance; where it is missing this fails and says so.
set -euo pipefail
cd "$(dirname "$0")/.."
export ENTENTE_CONFORMANCE=${ENTENTE_CONFORMANCE:-$PWD/../shared/conformance}
if [ ! -d "$ENTENTE_CONFORMANCE" ]; then
  echo "make interop: there is no folder $ENTENTE_CONFORMANCE; set ENTENTE_CONFORMANCE to the one that holds stix-2.1/schemas and stix-2.1/examples" >&2
  exit 1
fi
ENTENTE_CONFORMANCE=$(cd "$ENTENTE_CONFORMANCE" && pwd)
# Every package that has such tests.
packages=$(git grep -lE '^//go:build interop' -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's|^|./|')
# shellcheck disable=SC2086 # a list of packages
go vet -tags interop $packages
# shellcheck disable=SC2086
exec go test -tags interop -count=1 -timeout 30m $packages
