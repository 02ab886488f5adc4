#!/bin/sh
# One fault, played to LTTng 2.13 in a mount and a process namespace of its own, where no other
# daemon is and with which all ends. Prints one line: what babeltrace2 reads afterwards.
#
#   lttng.sh killed-programs|killed-consumer|killed-daemon|full-disk SCRATCH PROGRAM
set -u
fault=$1 scratch=$2 program=$3
out=$scratch/trace
mount -t tmpfs none /run && mount -t tmpfs none /dev/shm || exit 1
export LTTNG_HOME="$scratch/home" HOME="$scratch/home"
mkdir -p "$HOME" /run/lttng "$out"
if [ "$fault" = full-disk ]; then mount -t tmpfs -o size=20m none "$out"; fi

start() {
    lttng-sessiond --daemonize --no-kernel &&
        lttng create s --output="$out/s" &&
        lttng enable-channel --userspace --subbuf-size=64K --num-subbuf=8 channel &&
        lttng enable-event --userspace --channel=channel 'bench:*' &&
        lttng add-context --userspace --channel=channel --type=vpid &&
        lttng start
}
start >/dev/null 2>&1 || { echo "LTTng does not start"; exit 1; }

destroy() {
    timeout 20 lttng stop >"$scratch/stop" 2>&1 || echo "stop: status $?" >>"$scratch/stop"
    timeout 20 lttng destroy >"$scratch/destroy" 2>&1
    status=$?
    if [ $status -eq 124 ]; then status="none in 20 s"; fi
    told=$(grep -o '[0-9]* event[s]* discarded\|Discarded events: [0-9]*' "$scratch/stop" "$scratch/destroy" | grep -o '[0-9]*$\|:[0-9]* ' | tr -d ': ' | head -n 1)
}
metadata() { wc -c "$out"/s/ust/uid/*/64-bit/metadata 2>/dev/null | awk 'END { print $1 + 0 }'; }
readable() { timeout 120 babeltrace2 "$out/s" 2>"$scratch/complaints" | grep -c "${1:-bench:ev}"; }

case $fault in
killed-programs)
    for pause in 0.11 0.07 0.13 0.05 0.09; do
        "$program" 100000000 2 >/dev/null & victim=$!
        sleep 0.15; sleep $pause; kill -9 $victim; wait $victim 2>/dev/null
    done
    "$program" 100000 2 >/dev/null & healthy=$!
    wait $healthy
    destroy
    echo "$(readable "vpid = $healthy ") of 200000 events of the healthy program; told discarded: ${told:-0}; destroy: $status"
    ;;
killed-consumer | killed-daemon)
    "$program" 100000000 1 >/dev/null & busy=$!
    sleep 1
    if [ "$fault" = killed-daemon ]; then name=lttng-sessiond; else name=lttng-consumerd; fi
    for victim in $(pgrep -f "$name"); do kill -9 "$victim"; done
    sleep 0.3; kill -9 $busy
    streams=$(du -sb "$out/s" | cut -f1)
    echo "$(readable) events readable; $streams bytes on disk, metadata $(metadata) bytes"
    ;;
full-disk)
    "$program" 1000000 2 >/dev/null
    destroy
    echo "$(readable) of 2000000 events readable; told discarded: ${told:-0}; metadata $(metadata) bytes; destroy: $status"
    ;;
esac
exit 0
