#!/usr/bin/env bash
# Runs every fuzz test of the packages given, FUZZTIME each; stops at the first that finds something. Inputs are not minimised for
# long: a decoder that is slow on purpose would spend all its time on that.
set -euo pipefail
cd "$(dirname "$0")/.."
go list -f '{{.Dir}}' "${@:-./...}" | while read -r dir; do
  rel=./${dir#"$PWD"/}
  { grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null || true; } | sed 's/^func //' | sort -u |
    while read -r name; do
      echo "== $rel $name"
      go test -run '^$' -fuzz "^${name}\$" -fuzztime "${FUZZTIME:-20s}" -fuzzminimizetime 10x -parallel 2 "$rel" </dev/null
    done
done
