# An instance that the kernel's command line has made (from Linux 6.3 on), with its own text beside us.

boot=$tracefs/instances/boot
if [ -d $boot ]; then
    sed -n 's/.*sched_process_exec: filename=\([^ ]*\) pid=\([0-9]*\) old_pid=\([0-9]*\)/filename = "\1", tid = \2, old_tid = \3/p' \
        $boot/trace >/out/boot.within
    grep -q '"/init"' /out/boot.within || echo 'the boot instance does not begin with /init' >>/tmp/wrong
    grep . $boot/trace_clock >/out/boot.clock
    thalweg record --attach-instance boot -o /out/boot 2>/out/boot.said
    told 'there is none' thalweg record --attach-instance nobody
else
    told 'open the trace instance boot: there is none' thalweg record --attach-instance boot
    lacks boot-instance "$(cat /tmp/refused)"
fi
