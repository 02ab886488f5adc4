# Sourced by run.sh and sustain.sh: both tracers, in a place where they meet nobody else's.
#
#   enter NAME ARGUMENTS…    builds, then starts the script again in private mounts, with LTTng's daemon
#   recorded TRACER OPTIONS… -- COMMAND…
#                            runs COMMAND under a tracer, at most twice; true if its trace has exactly
#                            what COMMAND says that it produced, and nothing discarded, as babeltrace2
#                            counts it
#
# OPTIONS: --filter EXPRESSION, --context A,B,… mean the same to both. Both have 32 MiB for events:
# ours --ring-size 32M, LTTng's 16 sub-buffers of 1 MiB for each of two processors.

fail() { echo "bench/ust: $*" >&2; exit 1; }

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
release=$CARGO_TARGET_DIR/release
shared=$(realpath "${THALWEG_SHARED:-../shared}")/peers/ust

enter() { # NAME ARGUMENTS…
    local name=$1; shift
    if [ -z "${BENCH_INSIDE:-}" ]; then
        [ -f "$shared/tp.h" ] || fail "no $shared/tp.h: set THALWEG_SHARED to the shared folder"
        [ "$(id -u)" -eq 0 ] || fail "a private /run for LTTng's daemon needs root"
        [ "$(nproc)" -ge 2 ] || fail "two processors are needed"
        for tool in babeltrace2 lttng lttng-sessiond gcc valgrind unshare pgrep; do
            command -v $tool >/dev/null || fail "no $tool: scripts/setup.sh installs it"
        done
        cargo build --release --quiet -p thalweg-cli -p thalweg-capi -p bench-ust
        # No daemon, socket or shared memory of this run meets another's.
        BENCH_INSIDE=1 exec unshare --mount --propagation private bash "$0" "$@"
    fi
    work=$(mktemp -d "$CARGO_TARGET_DIR/bench-ust.XXXX")
    gcc -O2 -o "$work/peer" -I"$shared" -Ibench/ust/peer bench/ust/peer/*.c "$shared/tp.c" -llttng-ust -ldl -lpthread
    scripts/install-c.sh "$work/c" "$release"
    gcc -O2 -Wall -o "$work/capi" -I"$work/c/include" bench/ust/capi.c -L"$work/c/lib" -lthalweg -Wl,-rpath,"$work/c/lib"
    if [ -z "${BENCH_DAEMON:-}" ]; then
        mount -t tmpfs none /run
        mount -t tmpfs none /dev/shm
        export LTTNG_HOME=$work/home BENCH_DAEMON=$name
        mkdir -p "$LTTNG_HOME" /run/lttng
        trap 'kill "$(cat /run/lttng/lttng-sessiond.pid 2>/dev/null)" 2>/dev/null || true; rm -rf "$work"' EXIT
        lttng-sessiond --daemonize --no-kernel
    else
        trap 'rm -rf "$work"' EXIT
    fi
    csv=$CARGO_TARGET_DIR/bench-ust.csv numbers=$CARGO_TARGET_DIR/bench-ust-numbers.csv
}

number() { # ROUND TRACER WHAT VALUE
    echo "$1,$2,$3,$4" >>"$numbers"
}

load() { cut -d' ' -f1-3 /proc/loadavg; }

# The program of a tracer; thalweg-c is ours with the C interface.
program() { # TRACER
    case $1 in thalweg) echo "$release/bench-ust" ;; thalweg-c) echo "$work/capi" ;; *) echo "$work/peer" ;; esac
}

# What the command said on its last run: `produced`, `achieved`.
said() { awk -v word="$1" '$1 == word { print $2 }' "$work/words"; }

start_lttng() { # OPTIONS…
    local filter=() contexts=()
    while [ $# -gt 0 ]; do
        case $1 in
            --filter) filter=(--filter "$2") ;;
            --context) IFS=, read -ra contexts <<<"$2" ;;
        esac
        shift 2
    done
    {
        lttng create bench --output="$work/trace"
        lttng enable-channel --userspace --subbuf-size=1M --num-subbuf=16 channel
        lttng enable-event --userspace --channel=channel 'bench:*,peer:*' "${filter[@]}"
        [ ${#contexts[@]} -eq 0 ] || lttng add-context --userspace --channel=channel "${contexts[@]/#/--type=}"
        lttng start
    } >/dev/null
}

end_lttng() {
    lttng stop >"$work/stopped" 2>&1
    timeout 60 lttng destroy >/dev/null || fail "lttng destroy: no answer"
}

ours=(--no-kernel --user 'bench:*' --ring-size 32M --no-progress)

run_under() { # TRACER OPTIONS… -- COMMAND…
    local tracer=$1 options=(); shift
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    rm -rf "$work/trace"
    case $tracer in
        thalweg*)
            "$release/thalweg" record "${ours[@]}" "${options[@]}" --output "$work/trace" -- "$@" \
                >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")" ;;
        *)
            start_lttng "${options[@]}"
            "$@" >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
            end_lttng ;;
    esac
}

# Whether the trace has what was produced; nothing may be missing or discarded.
is_whole() { # WHAT PRODUCED
    local counted found lost
    counted=$(babeltrace2 "$work/trace" --component=sink.utils.counter --params=step=+0 2>&1) || fail "$1: babeltrace2: $counted"
    rm -rf "$work/trace"
    found=$(awk '/ Event messages?$/ { print $1 }' <<<"$counted")
    lost=$(awk '/ Discarded event messages?$/ { print $1 }' <<<"$counted")
    recordings=$((recordings + 1))
    if [ "$found" = "$2" ] && [ "$lost" = 0 ]; then valid=$((valid + 1)); return; fi
    echo "INVALID $1: recorded $found of $2, $lost gaps" >&2
    return 1
}
recordings=0 valid=0

# One more try: on a loaded machine a collector may not get its turn in time.
recorded() { # TRACER OPTIONS… -- COMMAND…
    run_under "$@"
    is_whole "$*" "$(said produced)" && return
    run_under "$@"
    is_whole "$* (again)" "$(said produced)"
}
