#!/usr/bin/env bash
# Runs every benchmark and prints the ratios it reports against scripts/bench-targets.txt.
# Exits 1 when a target is missed, or when a benchmark fails.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT
status=0
go test -run '^$' -bench . -benchtime "${BENCHTIME:-1s}" -p 1 -timeout 40m "${@:-./...}" >"$out" 2>&1 || status=$?
grep -E '^(FAIL|--- FAIL|panic:)|\.go:[0-9]+:' "$out" >&2 || true
awk -F'\t' '
  function holds(v, rel, bound) {
    if (rel == ">=") return v >= bound
    if (rel == "<=") return v <= bound
    if (rel == "<") return v < bound
    return v > bound
  }
  FNR == NR {
    if ($0 !~ /^#/ && NF >= 4) { rel[$1] = $2; bound[$1] = $3; what[$1] = $4; order[++n] = $1 }
    next
  }
  /^pkg: / { pkg = substr($0, 6) }
  /^Benchmark/ {
    name = $1; sub(/-[0-9]+ *$/, "", name); gsub(/ +$/, "", name)
    for (i = 3; i <= NF; i++) {
      split($i, part, " "); unit = part[2]; v = part[1] + 0
      if (unit in bound) {
        seen[unit]++
        good = holds(v, rel[unit], bound[unit])
        if (!good) missed++
        line[unit] = line[unit] sprintf("%-16s %12.4g   %-2s %-8s %-6s %s (%s)\n", unit, v, rel[unit], bound[unit], good ? "met" : "MISSED", what[unit], name)
      } else if (unit !~ /^(ns\/op|B\/op|allocs\/op|MB\/s)$/) {
        rest = rest sprintf("%-16s %12.4g   %s %s\n", unit, v, pkg, name)
      } else if (unit == "ns/op") {
        plain = plain sprintf("%-60s %14.4g ns/op   %s\n", name, v, pkg)
      }
    }
  }
  END {
    printf "%-16s %12s   %-11s %-6s %s\n", "figure", "measured", "target", "", "what"
    for (i = 1; i <= n; i++) {
      if (order[i] in seen) printf "%s", line[order[i]]
      else printf "%-16s %12s   %-2s %-8s %-6s %s\n", order[i], "-", rel[order[i]], bound[order[i]], "", what[order[i]]
    }
    if (rest != "") printf "\nother ratios\n%s", rest
    if (plain != "") printf "\ntimes\n%s", plain
    exit missed > 0
  }' scripts/bench-targets.txt "$out" || status=1
exit "$status"
