#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: a Chromium for the browser tests.
# The templ and golangci-lint commands are built into .bin on first use, at pinned versions.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v go >/dev/null || { echo "Go 1.26 or newer is needed: https://go.dev/dl/" >&2; exit 1; }
for name in chromium chromium-browser google-chrome headless-shell; do
  command -v "$name" >/dev/null && exit 0
done
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
if ! command -v apt-get >/dev/null; then
  echo "install Chromium for the browser tests (this script knows only apt-get)" >&2
  exit 1
fi
echo "installing chromium for the browser tests"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null
