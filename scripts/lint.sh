#!/usr/bin/env bash
# Runs golangci-lint at one pinned version, built once into .bin.
set -euo pipefail
cd "$(dirname "$0")/.."
version=v2.12.2
bin=.bin/golangci-lint-$version
if [ ! -x "$bin" ]; then
  echo "building golangci-lint $version (once)"
  mkdir -p .bin
  GOBIN="$PWD/.bin/tmp" CGO_ENABLED=0 go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
  mv .bin/tmp/golangci-lint "$bin"
fi
exec "$bin" run "${@:-./...}"
