#!/usr/bin/env bash
# What an event costs that is counted in the kernel: `thalweg watch` beside bpftrace, the same one-liner.
#
#   bench/kernel/watch.sh [--rounds N]     3 rounds
#
# Work: dd with blocks of one byte (a read and a write each), and perf bench sched pipe on one CPU. Each round runs it with
# nobody, with ours and with bpftrace, in turn; the least processor time of each counts. Ours has to count what there was.
set -euo pipefail
cd "$(dirname "$0")/../.."
fail() { echo "bench/kernel/watch: $*" >&2; exit 1; }

rounds=3
case ${1-} in
    --rounds) rounds=$2 ;;
    ?*) fail "usage: bench/kernel/watch.sh [--rounds N]" ;;
esac
[ "$(id -u)" -eq 0 ] || fail "events of the kernel need root"
for tool in perf bpftrace dd; do
    command -v $tool >/dev/null || fail "no $tool: apt-get install linux-perf bpftrace coreutils"
done
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --release --quiet -p thalweg-cli
thalweg=$CARGO_TARGET_DIR/release/thalweg
work=$(mktemp -d "$CARGO_TARGET_DIR/bench-watch.XXXX")
trap 'rm -rf "$work"' EXIT
# A name that no other process has.
cp "$(command -v dd)" "$work/dd-watched"

blocks=1000000 switches=100000
copy() { "$work/dd-watched" if=/dev/zero of=/dev/null bs=1 count=$blocks status=none; }
pipe() { taskset -c 0 perf bench sched pipe -l $switches >/dev/null; }

# Processor time in milliseconds, the system's included, that a command takes with all that it starts: what the
# programs at its events take is in it, and what others do meanwhile is not.
timed() {
    local TIMEFORMAT='%U %S'
    { time "$@" 2>/dev/null; } 2>&1 | awk '{ printf "%.3f\n", 1000 * ($1 + $2) }'
}
least() { sort -n | head -n 1; }

# Starts a counter, and waits until it counts.
ours() { # ONE-LINER
    "$thalweg" watch "$1" --once --json --top 0 >"$work/ours" 2>"$work/words" &
    counter=$!
    until grep -q counting "$work/words"; do kill -0 $counter || fail "$(cat "$work/words")"; sleep 0.05; done
}
theirs() { # PROGRAM
    bpftrace -e "BEGIN { printf(\"counting\\n\"); } $1" >"$work/theirs" 2>"$work/words" &
    counter=$!
    until grep -q counting "$work/theirs"; do kill -0 $counter || fail "$(cat "$work/words")"; sleep 0.05; done
    sleep 0.3
}
stop() { kill -INT $counter; wait $counter || fail "the counter failed: $(cat "$work/words")"; }

compare() { # NAME WORK EVENTS ONE-LINER PROGRAM
    local name=$1 run=$2 events=$3 bare='' with='' beside='' counted
    for ((round = 0; round < rounds; round++)); do
        bare+=$(timed "$run")$'\n'
        ours "$4"; with+=$(timed "$run")$'\n'; stop
        counted=$(grep -o '"count":[0-9]*' "$work/ours" | awk -F: '{ all += $2 } END { print all + 0 }')
        [ "$counted" -ge "$events" ] || fail "$name: counted $counted of $events events"
        theirs "$5"; beside+=$(timed "$run")$'\n'; stop
    done
    awk -v name="$name" -v events="$events" -v bare="$(least <<<"${bare%$'\n'}")" \
        -v ours="$(least <<<"${with%$'\n'}")" -v theirs="$(least <<<"${beside%$'\n'}")" 'BEGIN {
            a = (ours - bare) * 1e6 / events; b = (theirs - bare) * 1e6 / events
            printf "| %s | %.0f | %.0f | %.2f |\n", name, a, b, a / b
        }'
}

echo "load: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors; $(bpftrace --version)"
echo "| one-liner | thalweg watch, ns an event | bpftrace, ns an event | ratio |"
echo "|---|---|---|---|"
ours_of='where comm == "dd-watched"' theirs_of='/comm == "dd-watched"/'
compare 'count() of one call' copy $blocks \
    "count() $ours_of && syscall == \"write\"" \
    "tracepoint:syscalls:sys_enter_write $theirs_of { @ = count(); }"
compare 'count() by comm' copy $blocks \
    "count() by comm $ours_of && syscall == \"write\"" \
    "tracepoint:syscalls:sys_enter_write $theirs_of { @[comm] = count(); }"
compare 'count() by call' copy $((2 * blocks)) \
    "count() by syscall $ours_of && (syscall == \"write\" || syscall == \"read\")" \
    "tracepoint:raw_syscalls:sys_enter $theirs_of { @[args->id] = count(); }"
compare 'sum and count of results' copy $blocks \
    "count(), sum(ret) of syscall:read $ours_of" \
    "tracepoint:syscalls:sys_exit_read $theirs_of { @c = count(); @s = sum(args->ret); }"
compare 'histogram of latencies' copy $blocks \
    "histogram(latency) of syscall:write $ours_of" \
    "tracepoint:syscalls:sys_enter_write $theirs_of { @t[tid] = nsecs; }
     tracepoint:syscalls:sys_exit_write /@t[tid]/ { @ = hist(nsecs - @t[tid]); delete(@t[tid]); }"
compare 'switches, by name' pipe $switches \
    'count() of sched_switch where prev_comm == "sched-pipe" || next_comm == "sched-pipe"' \
    'tracepoint:sched:sched_switch /args->prev_comm == "sched-pipe" || args->next_comm == "sched-pipe"/ { @ = count(); }'
