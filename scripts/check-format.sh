#!/usr/bin/env bash
# Fails when a Go file is not gofmt-ed or a shell script does not parse.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=$(git ls-files -z '*.go' | grep -zv '_templ\.go$' | xargs -0 -r gofmt -l)
if [ -n "$bad" ]; then
  printf 'not gofmt-ed (run make fmt):\n%s\n' "$bad" >&2
  exit 1
fi
for f in scripts/*.sh .ci/run; do bash -n "$f"; done
echo "format: clean"
