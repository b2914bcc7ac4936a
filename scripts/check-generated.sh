#!/usr/bin/env bash
# Fails when committed generated code differs from what its sources generate.
# Works on a copy, so the working tree is left as it was.
set -euo pipefail
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
git ls-files -z -- '*.templ' '*_templ.go' | while IFS= read -r -d '' f; do
  [ -e "$f" ] && printf '%s\0' "$f"
done | tar -c --null -T - -f "$tmp/src.tar"
mkdir "$tmp/want" "$tmp/got"
tar -xf "$tmp/src.tar" -C "$tmp/want"
tar -xf "$tmp/src.tar" -C "$tmp/got"
find "$tmp/got" -name '*_templ.go' -delete
cp go.mod go.sum "$tmp/got/"
scripts/templ.sh generate -path "$tmp/got" -log-level error
rm "$tmp/got/go.mod" "$tmp/got/go.sum"
if ! diff -ru "$tmp/want" "$tmp/got" >"$tmp/diff"; then
  head -n 40 "$tmp/diff" >&2
  echo "generated code is out of date: run 'make generate' and commit the result" >&2
  exit 1
fi
echo "generated code: up to date"
