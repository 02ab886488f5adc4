# Sourced by run.sh: the other two modes of a ring.
#
# Blocking: one thread flat out, with 4 x 64 KiB for events, on the wall, and nothing may be lost.
# Overwrite: batches under a flight recorder that nobody empties; ours says how many events were
# overwritten, which are all that are not recorded.

flood_count=4000000

blocking_of_ours() {
    rm -rf "$work/trace"
    THALWEG_ALLOW_BLOCKING=1 "$release/thalweg" record --no-kernel --user 'bench:*' --ring-size 256K --blocking=inf \
        --no-progress --output "$work/trace" -- "$release/bench-ust" flood $flood_count 2>"$work/words" ||
        fail "$(cat "$work/words")"
}

blocking_of_theirs() {
    rm -rf "$work/trace"
    {
        lttng create bench --output="$work/trace"
        lttng enable-channel --userspace --subbuf-size=64K --num-subbuf=4 --blocking-timeout=inf channel
        lttng enable-event --userspace --channel=channel 'bench:*,peer:*'
        lttng start
    } >/dev/null
    LTTNG_UST_ALLOW_BLOCKING=1 "$work/peer" flood $flood_count 2>"$work/words"
    end_lttng
}

blocking() {
    local tracer wall
    for tracer in thalweg lttng-ust; do
        case $tracer in thalweg) blocking_of_ours ;; *) blocking_of_theirs ;; esac
        wall=$(said wall_ns)
        is_whole "blocking $tracer" "$(said produced)" || continue
        number "$round" $tracer blocking_wall_ns "$wall"
    done
}

overwrite_of_ours() {
    local kept lost
    rm -rf "$work/trace"
    "$release/thalweg" record "${ours[@]}" --overwrite --output "$work/trace" -- "$release/bench-ust" emit int 1 $batches \
        >"$work/rows" 2>"$work/words" || fail "$(cat "$work/words")"
    kept=$(tr -d ' ' <"$work/words" | sed -n 's/^recorded\([0-9]*\)events.*/\1/p')
    lost=$(tr -d ' ' <"$work/words" | sed -n 's/^\([0-9]*\)overwritten.*/\1/p')
    recordings=$((recordings + 1))
    if [ $((kept + ${lost:-0})) -ne "$(said produced)" ]; then
        echo "INVALID overwrite: recorded $kept and overwrote ${lost:-0} of $(said produced)" >&2
        return
    fi
    valid=$((valid + 1))
    sed "s/^/$round,thalweg,overwrite,/" "$work/rows" >>"$csv"
}

overwrite_of_theirs() {
    rm -rf "$work/trace"
    {
        lttng create bench --snapshot --output="$work/trace"
        lttng enable-channel --userspace --overwrite --subbuf-size=1M --num-subbuf=16 channel
        lttng enable-event --userspace --channel=channel 'bench:*,peer:*'
        lttng start
    } >/dev/null
    "$work/peer" emit int 1 $batches >"$work/rows" 2>"$work/words"
    end_lttng
    sed "s/^/$round,lttng-ust,overwrite,/" "$work/rows" >>"$csv"
}

modes() {
    blocking
    overwrite_of_ours
    overwrite_of_theirs
}
