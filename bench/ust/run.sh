#!/usr/bin/env bash
# What an event costs, through our library and through LTTng-UST 2.13, side by side.
#
#   bench/ust/run.sh [--rounds N] [--quick]      15 rounds if not said; --quick tells whether it works
#
#   events.sh         each case in batches, in thread-CPU time: payloads, threads, filters, contexts;
#                     and the events of one and three integers through our C interface
#   cold.sh           one event each millisecond
#   memory.sh         what tracing adds to an idle process, and for each of 1,000 threads
#   collector.sh      CPU time of the collectors
#   modes.sh          blocking and overwriting
#   instructions.sh   by callgrind
#   sustain.sh        the rate that is held without loss; a script of its own, too
#
# Each round runs every case under our recorder and under LTTng's, one after the other. A recording
# counts only if babeltrace2 finds every event that was produced. One event that LTTng gets is defined
# in $THALWEG_SHARED/peers/ust (../shared beside the checkout if not set), the others in peer/.
set -euo pipefail
cd "$(dirname "$0")/../.."
. bench/ust/world.sh

rounds=15 batches=10 samples=2000 once=3 paced_seconds=5 sustain=()
arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=${2:-}; shift $(($# < 2 ? 1 : 2)) ;;
        --quick) rounds=2 batches=5 samples=500 once=1 paced_seconds=2 sustain=(--quick); shift ;;
        *) echo "usage: bench/ust/run.sh [--rounds N] [--quick]" >&2; exit 2 ;;
    esac
done
[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "--rounds takes a number from 1"
enter run "${arguments[@]}"
for part in events cold memory collector modes instructions; do . bench/ust/$part.sh; done
: >"$csv"
: >"$numbers"

calibrate
echo "load before: $(load) on $(nproc) processors"
for round in $(seq "$rounds"); do
    events
    cold
    # These change little from round to round.
    if [ "$round" -le $once ]; then memory; collector; modes; fi
done
echo "load after: $(load); $valid of $recordings recordings valid: produced = recorded, none discarded"
all_instructions
bash bench/ust/sustain.sh "${sustain[@]}"

[ $((2 * valid)) -ge $recordings ] || fail "more than half of the recordings lost events: no result"
echo "rows: $csv $numbers"
"$release/bench-ust" judge "$csv" "$numbers"
