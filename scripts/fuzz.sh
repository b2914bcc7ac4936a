#!/usr/bin/env bash
# Runs every fuzz test of the packages given, FUZZTIME each; stops at the first that finds something.
set -euo pipefail
cd "$(dirname "$0")/.."
go list -f '{{.Dir}}' "${@:-./...}" | while read -r dir; do
  rel=./${dir#"$PWD"/}
  { grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null || true; } | sed 's/^func //' | sort -u |
    while read -r name; do
      echo "== $rel $name"
      go test -run '^$' -fuzz "^${name}\$" -fuzztime "${FUZZTIME:-20s}" -parallel 2 "$rel" </dev/null
    done
done
