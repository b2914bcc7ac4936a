#!/usr/bin/env bash
# Regenerates the committed generated code: the specification's schemas and table of types, templ components.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/templ.sh generate -path . -log-level warn
go generate ./...
