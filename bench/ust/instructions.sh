# Sourced by run.sh: instructions of an event, by callgrind.

# Of so many turns of a loop, under a tracer.
instructions_of() { # TRACER WORKLOAD event|empty TURNS OPTIONS…
    local tracer=$1 workload=$2 kind=$3 turns=$4; shift 4
    run_under "$tracer" "$@" -- valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$(program "$tracer")" loop "$workload" "$kind" "$turns"
    rm -rf "$work/trace"
    awk '/Collected/ { print $4 }' "$work/words"
}

# The difference between a long and a short loop, less that of the empty one.
instructions() { # WHAT WORKLOAD OPTIONS…
    local what=$1 workload=$2 tracer long short empty; shift 2
    for tracer in thalweg lttng-ust; do
        long=$(instructions_of $tracer "$workload" event 11000 "$@")
        short=$(instructions_of $tracer "$workload" event 1000 "$@")
        empty=$(($(instructions_of $tracer "$workload" empty 11000 "$@") - $(instructions_of $tracer "$workload" empty 1000 "$@")))
        number 1 $tracer "instructions_$what" "$(awk -v n=$((long - short - empty)) 'BEGIN { print n / 10000 }')"
    done
}

all_instructions() {
    instructions int int
    instructions text text
    instructions refused refused --filter 'a == 60000'
}
