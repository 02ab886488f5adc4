#!/usr/bin/env bash
# The same events of the kernel by several recorders: what each costs those who are recorded, itself,
# and the disk.
#
#   bench/kernel/run.sh [--rounds N] [--quick]     5 rounds; quick: 1
#
#   getppid    one thread, the cheapest system call       its entry and exit
#   pipe       perf bench sched pipe, 1 CPU               sched_switch, sched_waking
#   find       find over /usr                             all system calls
#   loopback   messages by TCP, each answered             net_dev_queue, netif_receive_skb, sched_switch
#
# Recorders: bare (nobody), ring (the kernel's ring alone, which nobody reads), thalweg (source: tracefs),
# thalweg syscalls (source: eBPF), perf record (16 MiB a processor, as ours)
# can record. A recording of ours counts only if nothing was discarded. Then: syscalls.sh, one process as
# strace shows it; watch.sh, events counted in the kernel.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=5
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift 2 ;;
        --quick) rounds=1; shift ;;
        *) echo "usage: bench/kernel/run.sh [--rounds N] [--quick]" >&2; exit 2 ;;
    esac
done
fail() { echo "bench/kernel: $*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail "events of the kernel need root"
for tool in perf bpftrace strace; do
    command -v $tool >/dev/null || fail "no $tool: apt-get install linux-perf bpftrace strace"
done

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --release --quiet -p thalweg-cli -p bench-kernel
release=$CARGO_TARGET_DIR/release
work=$(mktemp -d "$CARGO_TARGET_DIR/bench-kernel.XXXX")
tracing=/sys/kernel/tracing
ring=$tracing/instances/bench-kernel-$$
trap 'rm -rf "$work"; [ ! -d "$ring" ] || rmdir "$ring"' EXIT
csv=$CARGO_TARGET_DIR/bench-kernel.csv
: >"$csv"

# Runs a command, and writes its wall time, and processor time with all that it started.
cat >"$work/timed" <<'TIMED'
#!/usr/bin/env bash
out=$1; shift
TIMEFORMAT='%R %U %S'
{ time "$@" >/dev/null 2>>"$out.words"; } 2>"$out"
TIMED
chmod +x "$work/timed"

declare -A command=(
    [getppid]="$release/bench-kernel getppid 3000000"
    [pipe]="taskset -c 0 perf bench sched pipe -l 300000"
    [find]="find /usr /usr /usr -xdev -size +1000000"
    [loopback]="$release/bench-kernel loopback 150000"
)
declare -A events=(
    [getppid]="syscalls:sys_enter_getppid syscalls:sys_exit_getppid"
    [pipe]="sched:sched_switch sched:sched_waking"
    [find]="syscalls:*"
    [loopback]="net:net_dev_queue net:netif_receive_skb sched:sched_switch"
)
declare -A called=([getppid]="=getppid")
declare -A printed=(
    [getppid]='tracepoint:syscalls:sys_enter_getppid { printf("%llu %d\n", nsecs, tid); } tracepoint:syscalls:sys_exit_getppid { printf("%llu %d %ld\n", nsecs, tid, args->ret); }'
    [pipe]='tracepoint:sched:sched_switch { printf("%llu %s %d %s %d\n", nsecs, args->prev_comm, args->prev_pid, args->next_comm, args->next_pid); } tracepoint:sched:sched_waking { printf("%llu %s %d\n", nsecs, args->comm, args->pid); }'
)

# Keeps a run: what the workload took by its own account, what all took together.
keep() { # RECORDER EVENTS BYTES
    local wall user system all_user all_system
    read -r wall user system <"$work/own"
    read -r _ all_user all_system <"$work/all"
    echo "$workload,$1,$wall,$(sum "$user" "$system"),$(sum "$all_user" "$all_system"),$2,$3" >>"$csv"
}
sum() { awk -v a="$1" -v b="$2" 'BEGIN { print a + b }'; }
timed() { : >"$work/all.words"; "$work/timed" "$work/all" "$@" || fail "$workload: $(tail -n 3 "$work/all.words")"; }
list() { sed 's/ /,/g' <<<"${events[$workload]}"; }
bytes_of() { du -sb "$1" | cut -f1; }

bare() {
    timed "$work/timed" "$work/own" ${command[$workload]}
    keep bare 0 0
}

ring_alone() {
    mkdir "$ring"
    echo 16384 >"$ring/buffer_size_kb"
    set -f
    for event in ${events[$workload]}; do echo "$event" >>"$ring/set_event"; done
    set +f
    timed "$work/timed" "$work/own" ${command[$workload]}
    echo 0 >"$ring/tracing_on"
    keep ring "$(cat "$ring"/per_cpu/cpu*/stats | awk '/^(entries|overrun)/ { sum += $2 } END { print sum }')" 0
    if [ "$workload" = pipe ] && [ "$round" = 1 ]; then "$release/bench-kernel" pages "$ring" || slow=1; fi
    echo >"$ring/set_event"
    rmdir "$ring"
}

ours() { # NAME OPTIONS…
    local name=$1; shift
    rm -rf "$work/trace"
    timed "$release/thalweg" record --no-progress --no-user --output "$work/trace" "$@" -- \
        "$work/timed" "$work/own" ${command[$workload]}
    local recorded
    recorded=$("$release/thalweg" info "$work/trace" | awk '/^events/ { gsub(/[^0-9]/, ""); print }')
    if grep -q discarded "$work/all.words"; then
        echo "INVALID round $round: $name $workload: $(grep discarded "$work/all.words")" >&2
    else
        keep "$name" "$recorded" "$(bytes_of "$work/trace")"
    fi
}

perf_record() {
    rm -f "$work/perf.data"
    timed perf record -q -B -N -a -m 16M -e "$(list)" -o "$work/perf.data" -- \
        "$work/timed" "$work/own" ${command[$workload]}
    keep "perf record" "$(perf report --stats -i "$work/perf.data" 2>/dev/null | awk '/SAMPLE events/ { print $3; exit }')" \
        "$(bytes_of "$work/perf.data")"
}

bpftraced() {
    timed bpftrace -q -e "${printed[$workload]}" -o "$work/printed" \
        -c "/bin/bash $work/timed $work/own ${command[$workload]}"
    keep bpftrace "$(grep -c '^[0-9]' "$work/printed")" "$(bytes_of "$work/printed")"
}

trace_cmd() {
    timed trace-cmd record -q -b 16384 $(printf -- '-e %s ' ${events[$workload]}) -o "$work/trace.dat" \
        "$work/timed" "$work/own" ${command[$workload]}
    keep trace-cmd "$(trace-cmd report -i "$work/trace.dat" | wc -l)" "$(bytes_of "$work/trace.dat")"
}

# trace-cmd asks for files that a locked kernel refuses.
has_trace_cmd() { command -v trace-cmd >/dev/null && trace-cmd record -q -e sched_switch -o "$work/try.dat" true 2>/dev/null && [ -s "$work/try.dat" ]; }

echo "load before: $(cut -d' ' -f1-3 /proc/loadavg) on $(nproc) processors"
slow=0
with_trace_cmd=no
if has_trace_cmd; then with_trace_cmd=yes; else echo "trace-cmd is not here, or cannot record: left out"; fi
${command[find]} >/dev/null
for round in $(seq "$rounds"); do
    for workload in getppid pipe find loopback; do
        bare
        ring_alone
        ours thalweg --kernel-buffer 16M --kernel "$(list)"
        perf_record
        if [ $with_trace_cmd = yes ]; then trace_cmd; fi
        case $workload in getppid | find) ours "thalweg syscalls" --syscalls${called[$workload]:-} ;; esac
        if [ -n "${printed[$workload]:-}" ] && [ "$round" = 1 ]; then bpftraced; fi
    done
done
echo "load after: $(cut -d' ' -f1-3 /proc/loadavg)"
echo "rows: $csv"
"$release/bench-kernel" judge "$csv" || slow=1
THALWEG=$release/thalweg bench/kernel/syscalls.sh 300000 "$rounds" || slow=1
bench/kernel/watch.sh --rounds "$rounds" || slow=1
exit $slow
