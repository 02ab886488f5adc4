# Histograms and synthetic events, with the kernel's own text beside us: the same triggers, the same work.

has_triggers() {
    [ -e $tracefs/synthetic_events ] && [ -e $tracefs/events/sched/sched_switch/hist ]
}

# From a process's begin to its end.
life='life: sched_process_fork.child_pid -> sched_process_exit.pid comm start.parent_pid'

# A histogram by two keys, and what the kernel's own text of it is in our words. It counts the same work.
key='filename,old_pid:vals=pid:size=256'
kernels_histogram() {
    instance=$tracefs/instances/peer
    mkdir $instance
    trigger=$instance/events/sched/sched_process_exec/trigger
    echo "hist:keys=$key if filename == \"/tmp/six\"" >$trigger
    "$@"
    sed -n 's/^{ filename: \([^ ]*\) *, old_pid: *\([0-9]*\) *} hitcount: *\([0-9]*\)  pid: *\([0-9]*\)/filename = "\1", old_pid = \2, hitcount = \3, sum_pid = \4/p' \
        $instance/events/sched/sched_process_exec/hist
    echo "!hist:keys=$key if filename == \"/tmp/six\"" >$trigger
    rmdir $instance
}

if has_triggers; then
    kernels_histogram record groups --hist-interval 60s --hist "sched_process_exec:keys=$key if filename == \"/tmp/six\"" \
        -- sh -c '/tmp/six; /tmp/six; /tmp/six' >/out/groups.within
    echo 'hits = 3, entries = 3, dropped = 0' >>/out/groups.within

    # Two triggers on one event, one of which makes an event: each life is told once, and so is each end.
    record lives -k sched_process_exit --synthetic "$life" --hist 'sched_process_exit:keys=comm' \
        -- /tmp/six
    echo 'comm = "six", parent_pid = ' >/out/lives.within
    echo 'comm = "six", hitcount = 1' >>/out/lives.within
    # What a filter leaves out is not there; the kernel tests what it has made itself.
    record none -k sched_process_exec --synthetic "$life" --kernel-filter 'life: comm == "nobody"' -- /tmp/six
    echo 'sched_process_exec: { cpu_id = ' >/out/none.within
    grep -q 'recorded 1 event' /out/none.said || echo 'a filter let a life pass' >>/tmp/wrong
else
    refused 'this kernel has no histograms' --hist 'sched_switch:keys=next_comm'
    lacks histograms "$(cat /tmp/refused)"
    refused 'this kernel has no synthetic events' --synthetic "$life"
    lacks synthetic-events "$(cat /tmp/refused)"
fi
