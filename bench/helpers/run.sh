#!/usr/bin/env bash
# What helpers cost a program that nobody changed: ours, LTTng's, and uftrace where it is installed.
#
#   bench/helpers/run.sh [--rounds N]      15 rounds if not said; 3 tell whether it works
#
#   json    python makes JSON and reads it, with the allocator's helper: how many times slower
#   calls   a function's begin and end, with the helper of functions: ns over the bare call
#
# Each round runs every tracer once, one after the other. A run counts only if babeltrace2 finds
# every event that was produced, and none discarded: of `calls` the program says how many, of `json`
# a library behind the helper counts them once (its own count begins a few calls earlier).
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=15 batches=10
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --quick) rounds=3; shift ;;
        *) echo "usage: bench/helpers/run.sh [--rounds N] [--quick]" >&2; exit 2 ;;
    esac
done
fail() { echo "bench/helpers: $*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || fail "a private /run for LTTng's daemon needs root"
for tool in babeltrace2 lttng lttng-sessiond gcc unshare taskset /usr/bin/python3; do
    command -v $tool >/dev/null || fail "no $tool: scripts/setup.sh installs it"
done

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
if [ -z "${BENCH_INSIDE:-}" ]; then
    cargo build --release --quiet -p thalweg-cli -p bench-helpers -p thalweg-helper-libc -p thalweg-helper-functions-fast
    # No daemon, socket or shared memory of this run meets another's.
    BENCH_INSIDE=1 exec unshare --mount --propagation private bash "$0" --rounds "$rounds"
fi

mount -t tmpfs none /run
mount -t tmpfs none /dev/shm
release=$CARGO_TARGET_DIR/release
work=$(mktemp -d "$CARGO_TARGET_DIR/bench-helpers.XXXX")
export LTTNG_HOME=$work/home PYTHONMALLOC=malloc PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
mkdir -p "$LTTNG_HOME" /run/lttng
trap 'kill "$(cat /run/lttng/lttng-sessiond.pid 2>/dev/null)" 2>/dev/null || true; rm -rf "$work"' EXIT
csv=$CARGO_TARGET_DIR/bench-helpers.csv
: >"$csv"
here=bench/helpers
gcc -O2 -o "$work/plain" $here/calls.c
gcc -O2 -finstrument-functions -o "$work/told" $here/calls.c
gcc -O2 -pg -o "$work/profiled" $here/calls.c
gcc -O2 -fno-builtin -shared -fPIC -o "$work/count.so" $here/count.c
lttng-sessiond --daemonize --no-kernel

pinned=(taskset -c 0)
json=(/usr/bin/python3 $here/objects.py $batches)
calls=("$work/told" $batches)

# Keeps the rows of a run in which nothing is missing.
keep() { # WORKLOAD TRACER
    sed "s/^/$1,$2,$round,/" "$work/rows" >>"$csv"
    valid=$((valid + 1))
}

# What one tracer recorded, as babeltrace2 counts it; nothing may be missing or discarded.
account() { # WORKLOAD TRACER TRACE LEAST MOST
    local counted found lost
    counted=$(babeltrace2 "$3" --component=sink.utils.counter --params=step=+0 2>&1) || fail "$2: babeltrace2: $counted"
    found=$(awk '/ Event messages/ { print $1 }' <<<"$counted")
    lost=$(awk '/ Discarded event messages/ { print $1 }' <<<"$counted")
    rm -rf "$3"
    if [ "$found" -ge "$4" ] && [ "$found" -le "$5" ] && [ "$lost" = 0 ]; then
        keep "$1" "$2"
    else
        echo "INVALID round $round: $1, $2: recorded $found, expected $4 to $5, $lost gaps" >&2
    fi
}

record() { # HELPER COMMAND…: with ours
    local helper=$1; shift
    "$release/thalweg" record --no-kernel --ring-size 32M --no-progress --output "$work/ours" --helper "$helper" -- \
        "${pinned[@]}" "$@" >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
}

record_theirs() { # HELPER PROVIDER COMMAND…: with LTTng's
    local helper=/usr/lib/x86_64-linux-gnu/liblttng-ust-$1.so provider=$2; shift 2
    {
        lttng create bench --output="$work/theirs"
        lttng enable-channel --userspace --subbuf-size=1M --num-subbuf=16 channel
        lttng enable-event --userspace --channel=channel "$provider:*"
        lttng start
    } >/dev/null
    LD_PRELOAD=$helper "${pinned[@]}" "$@" >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
    lttng stop >/dev/null
    timeout 60 lttng destroy >/dev/null
}

alone() { # WORKLOAD TRACER COMMAND…
    local workload=$1 tracer=$2; shift 2
    "${pinned[@]}" "$@" >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
    keep "$workload" "$tracer"
}

produced() { awk '/^produced/ { print $2 }' "$work/words"; }

# How many calls of the allocator the program makes, and how many of them in a batch. What runs it
# (taskset) makes a few, too, and python's own start differs by a few.
expect_json() {
    count_json $batches; expected=$counted
    count_json $((2 * batches)); per_batch=$(((counted - expected) / batches))
    [ "$per_batch" -gt 10000 ] || fail "count.so counts no calls: $(cat "$work/words")"
    slack=500
}
count_json() { # BATCHES
    LD_PRELOAD=$work/count.so "${pinned[@]}" /usr/bin/python3 $here/objects.py "$1" >/dev/null 2>"$work/words" ||
        fail "$(cat "$work/words")"
    counted=$(produced)
}

json_round() {
    alone json plain "${json[@]}"
    alone json off env LD_PRELOAD="$release/libthalweg_libc.so" "${json[@]}"
    record libc "${json[@]}"
    account json thalweg "$work/ours" $((expected - slack)) $((expected + slack))
    record_theirs libc-wrapper lttng_ust_libc "${json[@]}"
    # LTTng's trace has what its own library allocates, too.
    account json lttng-ust "$work/theirs" $((expected - slack)) $((expected + 40 * slack))
}

calls_round() {
    local made
    alone calls plain "$work/plain" $batches
    alone calls off env LD_PRELOAD="$release/libthalweg_functions_fast.so" "${calls[@]}"
    record functions-fast "${calls[@]}"
    made=$(produced)
    account calls thalweg "$work/ours" $((2 * made)) $((2 * made))
    record_theirs cyg-profile-fast lttng_ust_cyg_profile_fast "${calls[@]}"
    account calls lttng-ust "$work/theirs" $((2 * made)) $((2 * made))
    if command -v uftrace >/dev/null; then
        uftrace record --no-libcall -b 32m -d "$work/uftrace" "$work/profiled" $batches >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
        if uftrace report -d "$work/uftrace" 2>/dev/null | awk -v n="$made" '$NF == "told" { found = $(NF - 1) } END { exit found != n }' &&
            ! grep -qi lost "$work/words"; then
            keep calls uftrace
        else
            echo "INVALID round $round: calls, uftrace: $(grep -i lost "$work/words" || echo "not all calls")" >&2
        fi
        rm -rf "$work/uftrace"
    fi
}

valid=0
echo "load before: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors"
command -v uftrace >/dev/null || echo "no uftrace: not compared (apt-get install uftrace)"
expect_json
for round in $(seq "$rounds"); do
    json_round
    calls_round
done
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg); $valid runs valid; json: $expected calls of the allocator, $per_batch a batch"
echo "rows: $csv"
"$release/bench-helpers" "$csv" "$rounds" "$per_batch"
