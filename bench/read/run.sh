#!/usr/bin/env bash
# Traces of a few million events, made here, read by babeltrace2 and by us.
#
#   bench/read/run.sh [--rounds N] [--events N] [--quick]    3 rounds, 3 million; quick: 1 round of 500,000
#
#   nothing   decode and merge, do nothing           babeltrace2 --output-format=dummy, bench-read nothing
#   text      every line                             babeltrace2, thalweg view
#   only      one event of a hundred, by its name    babeltrace2 | grep, thalweg view --only
#   window    the last 10 ms                         babeltrace2 --begin, thalweg view --begin
#
# The time is user and system time of all processes of a pipe, whose text goes to /dev/null. A trace counts
# only if both print the same text of it, and in each case the same lines.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=3 events=3000000
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --events) events=$2; shift 2 ;;
        --quick) rounds=1 events=500000; shift ;;
        *) echo "usage: bench/read/run.sh [--rounds N] [--events N] [--quick]" >&2; exit 2 ;;
    esac
done
fail() { echo "bench/read: $*" >&2; exit 1; }
command -v babeltrace2 >/dev/null || fail "no babeltrace2: scripts/setup.sh installs it"
[ "$(id -u)" -eq 0 ] || fail "events of the kernel need root"

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --release --quiet -p thalweg-cli -p bench-read
release=$CARGO_TARGET_DIR/release
work=$(mktemp -d "$CARGO_TARGET_DIR/bench-read.XXXX")
# No other recorder sees these programs.
THALWEG_RUNDIR=$(mktemp -d /dev/shm/bench-read.XXXX)
export THALWEG_RUNDIR
trap 'rm -rf "$work" "$THALWEG_RUNDIR"' EXIT
csv=$CARGO_TARGET_DIR/bench-read.csv
: >"$csv"
TIMEFORMAT='%U,%S'

record() { # TRACE KIND COUNT OPTIONS…
    local trace=$1 kind=$2 count=$3; shift 3
    "$release/thalweg" record --no-progress --output "$work/$trace" "$@" -- \
        "$release/bench-read" emit "$kind" "$count" 2>"$work/words" || fail "$(cat "$work/words")"
}

# Runs a case of one reader, and keeps what it took.
timed() { # CASE READER COMMAND
    { time bash -c "$3" >/dev/null 2>"$work/err"; } 2>"$work/time" || fail "$2 $1 of $trace: $(cat "$work/err")"
    echo "$round,$trace,$count,$1,$2,$(cat "$work/time")" >>"$csv"
}

# The first time both texts are compared.
both() { # CASE THEIRS OURS
    if [ "$round" = 1 ] && [ "$1" != nothing ]; then
        cmp -s <(bash -c "$2" 2>/dev/null) <(bash -c "$3" 2>/dev/null) || fail "$1 of $trace: the texts differ"
    fi
    timed "$1" babeltrace2 "$2"
    timed "$1" thalweg "$3"
}

# The line's time as seconds, 10 ms before: what --begin takes.
ten_ms_before() {
    awk -F'[][]' '{ split($2, t, "."); ns = t[2] - 10000000; s = t[1]; if (ns < 0) { ns += 1000000000; s-- }
        printf "%s.%09d", s, ns }'
}

echo "load before: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors"
record ints ints "$events" --no-kernel --user 'bench:*' --ring-size 512M
record texts texts "$((events / 2))" --no-kernel --user 'bench:*' --ring-size 512M --context vpid,vtid,procname
record sched switches "$((events / 6))" --no-user --kernel 'sched_*' --kernel-buffer 64M
record mixed switches "$((events / 12))" --no-user --kernel 'sched_*,syscalls' --kernel-buffer 64M
declare -A rare=([ints]=bench:rare [texts]=bench:rare [mixed]=syscall_entry_geteuid)
for round in $(seq "$rounds"); do
    for trace in ints texts sched mixed; do
        folder=$work/$trace ours="$release/thalweg view"
        count=$("$release/bench-read" nothing "$folder" | awk '/^events/ { print $2 }')
        begin=$(babeltrace2 --clock-seconds "$folder" | tail -1 | ten_ms_before)
        both nothing "babeltrace2 --output-format=dummy $folder" "$release/bench-read nothing $folder"
        both text "babeltrace2 $folder" "$ours $folder"
        [ "$trace" = sched ] || both only "babeltrace2 --no-delta $folder | grep -F ' ${rare[$trace]}: '" \
            "$ours --no-delta --only ${rare[$trace]} $folder"
        both window "babeltrace2 --begin $begin $folder" "$ours --begin $begin $folder"
    done
done
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg); both print the same text of all traces"
echo "rows: $csv"
"$release/bench-read" judge "$csv"
