#!/usr/bin/env bash
# How many events a second two threads emit without loss, ours and LTTng's: the rate is bisected.
#
#   bench/ust/sustain.sh [--seconds N] [--full] [--quick]
#
#   --seconds N   of each step of the search, 4 if not said; --quick: 1
#   --full        holds the found rate for 60 s, too: 10 GB of trace, minutes for babeltrace2
#
# Same buffer memory: 32 MiB (ours --ring-size 32M, LTTng's 2 x 16 x 1 MiB), the traces on the disk of
# the target folder. A step passes if the program kept its pace (98 %) and the tracer says that it lost
# nothing. Of the found rate babeltrace2 must count every event; else it is not a result, and the next
# lower rate is tried. "program" is what ended the search if it was the pace, "loss" if events were lost.
set -euo pipefail
cd "$(dirname "$0")/../.."
. bench/ust/world.sh

seconds=4 held=0 least=$((1 << 20)) refine=4
arguments=("$@")
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=${2:-}; shift $(($# < 2 ? 1 : 2)) ;;
        --full) held=60; shift ;;
        --quick) seconds=1 refine=2; shift ;;
        *) echo "usage: bench/ust/sustain.sh [--seconds N] [--full] [--quick]" >&2; exit 2 ;;
    esac
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "--seconds takes a number from 1"
enter sustain "${arguments[@]}"

# What the tracer itself says of losses.
lost_nothing() { # TRACER
    case $1 in thalweg) ! grep -q discarded "$work/words" ;; *) ! grep -qi 'discarded\|lost' "$work/stopped" ;; esac
}

# Whether a rate is held, and if not, why not.
holds() { # TRACER RATE SECONDS
    run_under "$1" -- "$(program "$1")" pace "$2" "$3"
    ended_by=loss
    lost_nothing "$1" || return 1
    ended_by=program
    [ "$(said achieved)" -ge $(($2 / 100 * 98)) ]
}

# The highest rate that is held, into `rate`; what ended the search into `limit`.
search() { # TRACER
    local low=$least high=0 middle step
    until holds "$1" $low $seconds; do
        limit=$ended_by high=$low low=$((low / 2))
        [ $low -gt 1000 ] || fail "$1 holds no rate at all"
    done
    while [ $high -eq 0 ]; do
        if holds "$1" $((low * 2)) $seconds; then low=$((low * 2)); else limit=$ended_by high=$((low * 2)); fi
    done
    for step in $(seq $refine); do
        middle=$(((low + high) / 2))
        if holds "$1" $middle $seconds; then low=$middle; else limit=$ended_by high=$middle; fi
    done
    rate=$low
}

# Lowers the rate until babeltrace2 finds every event.
prove() { # TRACER SECONDS
    local tries
    for tries in 1 2 3 4 5; do
        holds "$1" "$rate" "$2" || { rate=$((rate * 9 / 10)); continue; }
        bytes=$(du -sb "$work/trace" | cut -f1)
        if is_whole "$1 at $rate/s" "$(said produced)"; then
            produced=$(said produced) megabytes=$((bytes / $2 / 1000000))
            return
        fi
        rate=$((rate * 9 / 10))
    done
    fail "$1: no rate was held twice"
}

# What the disk takes when nobody traces, through the page cache or past it.
disk_megabytes() { # conv=fdatasync | oflag=direct
    dd if=/dev/zero of="$work/zeros" bs=1M count=$((256 * seconds)) "$1" 2>&1 |
        awk '/copied/ { for (i = 1; i < NF; i++) if ($i ~ /^s,?$/) print int($1 / $(i - 1) / 1e6) }'
    rm -f "$work/zeros"
}

# Alone it does not add to the rows of another run.
if [ "$BENCH_DAEMON" = sustain ]; then numbers=$CARGO_TARGET_DIR/bench-ust-sustain.csv; : >"$numbers"; fi
echo "the disk takes $(disk_megabytes conv=fdatasync) MB/s through the page cache, $(disk_megabytes oflag=direct) past it"
for tracer in thalweg lttng-ust; do
    search $tracer
    prove $tracer $seconds
    [ $held -eq 0 ] || prove $tracer $held
    echo "zero loss: $tracer $rate events/s, search ended by $limit; $produced events proven, $megabytes MB/s of trace; load $(load)"
    number 1 $tracer zero_loss_rate "$rate"
done
awk -F, '$3 == "zero_loss_rate" { rate[$2] = $4 }
    END { printf "zero loss: %.2f times LTTng-UST'"'"'s rate, at least 8 wanted\n", rate["thalweg"] / rate["lttng-ust"] }' "$numbers"
