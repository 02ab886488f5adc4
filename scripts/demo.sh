#!/usr/bin/env bash
# Records the example shop, kernel and program together, and shows what came out.
#
#   scripts/demo.sh [REQUESTS]
set -euo pipefail
cd "$(dirname "$0")/.."

requests=${1:-20000}
target=${CARGO_TARGET_DIR:-target}
trace=$(mktemp -d)/shop

show() { printf '\n$ %s\n' "$*"; "$@"; }
# A reader that is told to stop early is no failure.
first_lines() { printf '\n$ %s | head -n 20\n' "$*"; "$@" | sed 20q || [ "${PIPESTATUS[0]}" -eq 141 ]; }
around_requests() {
    printf '\n$ %s | grep -m 4 -A 4 shop:request_begin\n' "$*"
    "$@" | grep -m 4 -A 4 shop:request_begin || [ "${PIPESTATUS[1]}" -eq 0 ]
}

scripts/setup.sh demo
cargo build --release --package thalweg-cli --package shop </dev/null
PATH=$(cd "$target" && pwd)/release:$PATH

show thalweg doctor
show thalweg record --output "$trace" -- shop --requests "$requests"
first_lines thalweg view "$trace"
around_requests thalweg view "$trace"
printf '\n%s\n' "The trace stays in $trace: babeltrace2 reads it too."
