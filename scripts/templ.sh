#!/usr/bin/env bash
# Runs the templ command at the version of the library in go.mod.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(awk '$1=="github.com/a-h/templ"{print $2} $2=="github.com/a-h/templ"{print $3}' go.mod | head -n 1)
[ -n "$version" ] || { echo "templ: github.com/a-h/templ is not in go.mod" >&2; exit 1; }
bin=.bin/templ-$version
if [ ! -x "$bin" ]; then
  mkdir -p .bin
  GOBIN="$PWD/.bin/tmp" CGO_ENABLED=0 go install "github.com/a-h/templ/cmd/templ@$version"
  mv .bin/tmp/templ "$bin"
fi
exec "$bin" "$@"
