#!/usr/bin/env bash
# One event (u64, u32, u32) through our library and through LTTng-UST 2.13, side by side; and through
# our C interface, also with one integer only.
#
#   bench/ust/run.sh [--rounds N]      15 rounds if not said; 3 tell whether it works
#
# Each round records our program and LTTng's, with one thread and with two, one after the other.
# A round counts only if babeltrace2 finds every event that was produced, in both traces. The event
# that LTTng gets is defined in $THALWEG_SHARED/peers/ust (../shared beside the checkout if not set).
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=15 batches=10
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --quick) rounds=3; shift ;;
        *) echo "usage: bench/ust/run.sh [--rounds N] [--quick]" >&2; exit 2 ;;
    esac
done
fail() { echo "bench/ust: $*" >&2; exit 1; }

peer=$(realpath "${THALWEG_SHARED:-../shared}")/peers/ust
[ -f "$peer/tp.h" ] || fail "no $peer/tp.h: set THALWEG_SHARED to the shared folder"
[ "$(id -u)" -eq 0 ] || fail "a private /run for LTTng's daemon needs root"
for tool in babeltrace2 lttng lttng-sessiond gcc valgrind unshare; do
    command -v $tool >/dev/null || fail "no $tool: scripts/setup.sh installs it"
done

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
if [ -z "${BENCH_INSIDE:-}" ]; then
    cargo build --release --quiet -p thalweg-cli -p thalweg-capi -p bench-ust
    # No daemon, socket or shared memory of this run meets another's.
    BENCH_INSIDE=1 exec unshare --mount --propagation private bash "$0" --rounds "$rounds"
fi

mount -t tmpfs none /run
mount -t tmpfs none /dev/shm
release=$CARGO_TARGET_DIR/release
work=$(mktemp -d "$CARGO_TARGET_DIR/bench-ust.XXXX")
export LTTNG_HOME=$work/home
mkdir -p "$LTTNG_HOME" /run/lttng
trap 'kill "$(cat /run/lttng/lttng-sessiond.pid 2>/dev/null)" 2>/dev/null || true; rm -rf "$work"' EXIT
csv=$CARGO_TARGET_DIR/bench-ust.csv
: >"$csv"
gcc -O2 -o "$work/peer" -I"$peer" bench/ust/peer.c "$peer/tp.c" -llttng-ust -ldl -lpthread
scripts/install-c.sh "$work/c" "$release"
gcc -O2 -Wall -o "$work/capi" -I"$work/c/include" bench/ust/capi.c -L"$work/c/lib" -lthalweg -Wl,-rpath,"$work/c/lib"
lttng-sessiond --daemonize --no-kernel

# What one tracer recorded, as babeltrace2 counts it; nothing may be missing or discarded.
account() { # TRACER TRACE PRODUCED
    local counted found
    counted=$(babeltrace2 "$2" --component=sink.utils.counter --params=step=+0 2>&1) || fail "$1: babeltrace2: $counted"
    found=$(awk '/ Event messages/ { print $1 }' <<<"$counted")
    lost=$(awk '/ Discarded event messages/ { print $1 }' <<<"$counted")
    [ "$found" = "$3" ] && [ "$lost" = 0 ] && return
    echo "INVALID round $round: $1 recorded $found of $3, $lost gaps" >&2
    return 1
}

# Keeps the rows of a round in which nothing is missing.
keep() { # TRACER TRACE
    local produced
    produced=$(awk '/^produced/ { print $2 }' "$work/words")
    if account "$1" "$2" "$produced"; then
        sed "s/^/$round,$1,/" "$work/rows" >>"$csv"
        valid=$((valid + 1))
    fi
    rm -rf "$2"
}

ours() { # THREADS
    "$release/thalweg" record --no-kernel --user 'bench:*' --ring-size 32M --no-progress --output "$work/ours" -- \
        "$release/bench-ust" emit "$1" $batches >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
    keep thalweg "$work/ours"
}

ours_in_c() { # one|three
    "$release/thalweg" record --no-kernel --user 'bench:*' --ring-size 32M --no-progress --output "$work/ours" -- \
        "$work/capi" "$1" $batches >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
    keep "thalweg C $1" "$work/ours"
}

theirs() { # THREADS
    {
        lttng create bench --output="$work/theirs"
        lttng enable-channel --userspace --subbuf-size=1M --num-subbuf=16 channel
        lttng enable-event --userspace --channel=channel 'bench:*'
        lttng start
    } >/dev/null
    "$work/peer" "$1" $batches >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
    lttng stop >/dev/null
    timeout 60 lttng destroy >/dev/null
    keep lttng-ust "$work/theirs"
}

disabled() {
    "$release/bench-ust" emit 1 $batches >"$work/rows" 2>/dev/null
    sed "s/^/$round,thalweg disabled,/" "$work/rows" >>"$csv"
    "$work/peer" 1 $batches >"$work/rows" 2>/dev/null
    sed "s/^/$round,lttng-ust disabled,/" "$work/rows" >>"$csv"
    "$work/capi" one $batches >"$work/rows" 2>/dev/null
    sed "s/^/$round,thalweg C disabled,/" "$work/rows" >>"$csv"
}

valid=0
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors"
for round in $(seq "$rounds"); do
    for threads in 1 2; do ours $threads; theirs $threads; done
    for fields in one three; do ours_in_c $fields; done
    disabled
done
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg); $valid of $((6 * rounds)) recordings valid: produced = recorded, none discarded"

# Instructions of an event: the difference between a long and a short loop, and the empty one.
instructions() { # KIND COUNT
    local words
    words=$("$release/thalweg" record --no-kernel --user 'bench:*' --no-progress --output "$work/calls" -- \
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$release/bench-ust" loop "$1" "$2" 2>&1) || fail "$words"
    rm -rf "$work/calls"
    awk '/Collected/ { print $4 }' <<<"$words"
}
per_turn() { echo $((($(instructions "$1" 11000) - $(instructions "$1" 1000)) / 100)); }
event=$(per_turn events) empty=$(per_turn empty)
awk -v n=$((event - empty)) 'BEGIN { printf "instructions of an event (callgrind): %.1f\n", n / 100 }'

[ "$valid" -ge $((3 * rounds)) ] || fail "more than half of the recordings lost events: no result"
echo "rows: $csv"
"$release/bench-ust" judge "$csv"
