#!/usr/bin/env bash
# One event of `tracing` (two integers, a text of 20 bytes) through our layer and through others.
#
#   bench/tracing/run.sh [--rounds N] [--quick]     7 rounds if not said; quick: 2
#
# In each round every layer runs once, one after the other. A recording of ours counts only if
# babeltrace2 finds every event that was produced; one of tracing-appender's, only if it dropped no
# line. All write to /dev/null but we: our trace is on disk.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=7 batches=10
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --quick) rounds=2; shift ;;
        *) echo "usage: bench/tracing/run.sh [--rounds N] [--quick]" >&2; exit 2 ;;
    esac
done
fail() { echo "bench/tracing: $*" >&2; exit 1; }
command -v babeltrace2 >/dev/null || fail "no babeltrace2: scripts/setup.sh installs it"

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --release --quiet -p thalweg-cli -p bench-tracing
release=$CARGO_TARGET_DIR/release
work=$(mktemp -d "$CARGO_TARGET_DIR/bench-tracing.XXXX")
# No other recorder sees these programs.
THALWEG_RUNDIR=$(mktemp -d /dev/shm/bench-tracing.XXXX)
export THALWEG_RUNDIR
trap 'rm -rf "$work" "$THALWEG_RUNDIR"' EXIT
csv=$CARGO_TARGET_DIR/bench-tracing.csv
: >"$csv"
valid=0 recordings=0

keep() { sed "s/^/$round,$1,/" "$work/rows" >>"$csv"; } # CASE

# Every event that was produced is in the trace.
recorded() { # LAYER
    local produced counted found lost
    "$release/thalweg" record --no-kernel --user '*:order' --ring-size 32M --no-progress --output "$work/trace" -- \
        "$release/bench-tracing" emit "$1" $batches >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
    produced=$(awk '/^produced/ { print $2 }' "$work/words")
    counted=$(babeltrace2 "$work/trace" --component=sink.utils.counter --params=step=+0 2>&1) || fail "$1: $counted"
    found=$(awk '/ Event messages/ { print $1 }' <<<"$counted")
    lost=$(awk '/ Discarded event messages/ { print $1 }' <<<"$counted")
    rm -rf "$work/trace"
    recordings=$((recordings + 1))
    if [ "$found" = "$produced" ] && [ "$lost" = 0 ]; then
        valid=$((valid + 1))
        keep "$1"
    else
        echo "INVALID round $round: $1 recorded $found of $produced, ${lost:-some} gaps" >&2
    fi
}

alone() { # LAYER CASE
    "$release/bench-tracing" emit "$1" $batches >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
    if grep -q 'dropped 0$' "$work/words"; then
        keep "$2"
    else
        echo "INVALID round $round: $1 $(cat "$work/words")" >&2
    fi
}

echo "load before: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors"
for round in $(seq "$rounds"); do
    for layer in thalweg thalweg-layer thalweg-event; do recorded $layer; done
    for layer in fmt appender chrome; do alone $layer $layer; done
    for layer in thalweg thalweg-layer thalweg-watched; do alone $layer "$layer off"; done
    for layer in fmt-off chrome-off nothing; do alone $layer $layer; done
done
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg); $valid of $recordings recordings valid: produced = recorded, none discarded"
[ $((2 * valid)) -ge "$recordings" ] || fail "more than half of the recordings lost events: no result"
echo "rows: $csv"
"$release/bench-tracing" judge "$csv"
