# Sourced by run.sh: the collectors' CPU time for the same events, two million a second.
#
# Ours is all of the recorder's life, by the shell's own account of children that it has waited for;
# LTTng's is that of its consumer from the session's start to its end.

# User and system time of the shell's dead children, in ms.
children_ms() {
    times >"$work/times"
    awk 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, part, /[ms]/); sum += part[1] * 60000 + part[2] * 1000 } print sum }' "$work/times"
}

consumer_ms() { # User and system time of LTTng's consumer, by the kernel's account.
    "$work/peer" cpu "$(pgrep -P "$(cat /run/lttng/lttng-sessiond.pid)" lttng-consumerd | head -n 1)"
}

collector_of_ours() {
    local recorder before tries=0
    rm -rf "$work/trace"
    : >"$work/recorder" # What an earlier recorder said there would be taken for this one's.
    "$release/thalweg" record "${ours[@]}" --output "$work/trace" >"$work/recorder" 2>&1 &
    recorder=$!
    until grep -q Ctrl-C "$work/recorder"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || fail "$(cat "$work/recorder")"
        sleep 0.1
    done
    "$release/bench-ust" pace 2000000 "$paced_seconds" 2>"$work/words"
    children_ms >"$work/before"
    kill -INT "$recorder"
    wait "$recorder" || fail "$(cat "$work/recorder")"
    children_ms >"$work/after"
    spent_ms=$(awk 'NR == FNR { before = $1; next } { print $1 - before }' "$work/before" "$work/after")
}

collector_of_theirs() {
    local before
    start_lttng
    before=$(consumer_ms)
    "$work/peer" pace 2000000 "$paced_seconds" 2>"$work/words"
    end_lttng
    spent_ms=$(awk -v before="$before" -v after="$(consumer_ms)" 'BEGIN { print after - before }')
}

collector() {
    local tracer made bytes
    for tracer in thalweg lttng-ust; do
        case $tracer in thalweg) collector_of_ours ;; *) collector_of_theirs ;; esac
        made=$(said produced) bytes=$(du -sb "$work/trace" | cut -f1)
        is_whole "collector of $tracer" "$made" || continue
        number $round $tracer collector_ns "$(awk -v ms="$spent_ms" -v made="$made" 'BEGIN { print ms * 1e6 / made }')"
        number $round $tracer collector_ns_byte "$(awk -v ms="$spent_ms" -v bytes="$bytes" 'BEGIN { print ms * 1e6 / bytes }')"
    done
}
