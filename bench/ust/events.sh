# Sourced by run.sh: what an event costs in batches, one tracer after the other.

# One recording; its rows count only if it is whole.
batches_of() { # TRACER CASE OPTIONS… -- ARGUMENTS…
    local tracer=$1 case=$2 options=(); shift 2
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    if recorded "$tracer" "${options[@]}" -- "$(program "$tracer")" "$@"; then
        sed "s/^/$round,$tracer,$case,/" "$work/rows" >>"$csv"
    fi
}

both() { # CASE WORKLOAD THREADS OPTIONS…
    local case=$1 workload=$2 threads=$3 tracer; shift 3
    for tracer in thalweg lttng-ust; do
        batches_of $tracer "$case" "$@" -- emit "$workload" "$threads" $batches
    done
}

in_c() { # CASE one|three
    batches_of thalweg-c "$1" -- "$2" $batches
}

# No collector: what an event costs that nobody asked for.
disabled() {
    local tracer
    for tracer in thalweg lttng-ust; do
        "$(program $tracer)" emit int 1 $batches 2>/dev/null | sed "s/^/$round,$tracer,disabled,/" >>"$csv"
    done
    "$work/capi" one $batches 2>/dev/null | sed "s/^/$round,thalweg-c,disabled,/" >>"$csv"
}

# So many steps of dependent work as take 75 ns here, for both programs.
calibrate() {
    local now_ns
    export BENCH_WORK_STEPS=100
    now_ns=$("$release/bench-ust" emit inside 1 5 2>/dev/null | awk -F, 'NR == 1 || $5 / $4 < least { least = $5 / $4 } END { print least }')
    BENCH_WORK_STEPS=$(awk -v now="$now_ns" 'BEGIN { printf "%d", 100 * 75 / now + 0.5 }')
}

three=vpid,vtid,procname
events() {
    both shared shared 1
    in_c shared three
    both shared shared 2
    both int int 1
    in_c int one
    both int int 2
    both int int 8
    both none none 1
    both bytes16 bytes16 1
    both bytes64 bytes64 1
    both bytes256 bytes256 1
    both text text 1
    both passes int 1 --filter 'a < 60000'
    both refused refused 1 --filter 'a == 60000'
    both context1 context 1 --context vpid
    both context3 context 1 --context $three
    both context8 context 1 --context $three,pthread_id,mnt_ns,net_ns,pid_ns,vuid
    both inside inside 1
    disabled
}
