# Sourced by run.sh: resident memory that tracing adds to a process, idle and with 1,000 threads.
#
#   RssAnon + RssShmem of the process, traced, less the same of the same program, untraced
#
# Beside it what the rings take whether the process has touched it or not: the blocks of our memfd,
# and of /dev/shm, which nobody but LTTng uses here.

# Starts the program with an input that ends when descriptor 9 is closed, and waits for its threads.
begin_stay() { # COMMAND…
    local words tries=0
    rm -f "$work/fifo" "$work/rows"
    mkfifo "$work/fifo"
    : >"$work/rows"
    "$@" <"$work/fifo" >"$work/rows" 2>"$work/words" 9>&- &
    stays=$!
    exec 9>"$work/fifo"
    until words=$(cat "$work/rows") && [[ $words == ready\ * ]]; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || fail "$* does not get ready: $(cat "$work/words")"
        sleep 0.1
    done
    pid=${words#ready }
    # The collectors have done what there was to do.
    sleep 1
}

end_stay() {
    exec 9>&-
    wait "$stays" || fail "$(cat "$work/words")"
}

resident_kib() { awk '/^RssAnon|^RssShmem/ { sum += $2 } END { print sum }' "/proc/$pid/status"; }

rings_kib() { # TRACER
    case $1 in
        thalweg) stat -L -c '%b %n' "/proc/$pid"/fd/* 2>/dev/null | while read -r blocks file; do
                [[ $(readlink "$file") != /memfd:* ]] || echo "$blocks"
            done | awk '{ sum += $1 / 2 } END { print sum + 0 }' ;;
        *) df --output=used /dev/shm | tail -n 1 ;;
    esac
}

# What a process of so many threads has more than it has untraced; into `more`.
more_when_traced() { # TRACER THREADS
    local own traced
    begin_stay "$(program "$1")" stay "$2"
    own=$(resident_kib)
    end_stay
    rm -rf "$work/trace"
    if [ "$1" = thalweg ]; then
        begin_stay "$release/thalweg" record "${ours[@]}" --output "$work/trace" -- "$(program "$1")" stay "$2"
    else
        start_lttng
        begin_stay "$(program "$1")" stay "$2"
    fi
    traced=$(resident_kib) rings=$(rings_kib "$1")
    end_stay
    [ "$1" = thalweg ] || end_lttng
    more=$((traced - own))
    is_whole "memory of $1, $2 threads" "$(said produced)"
}

memory() {
    local tracer idle
    for tracer in thalweg lttng-ust; do
        more_when_traced $tracer 0 || continue
        idle=$more
        number $round $tracer idle_kib $idle
        number $round $tracer rings_kib $rings
        more_when_traced $tracer 1000 || continue
        number $round $tracer process_kib $more
        number $round $tracer thread_kib "$(awk -v more=$((more - idle)) 'BEGIN { print more / 1000 }')"
    done
}
