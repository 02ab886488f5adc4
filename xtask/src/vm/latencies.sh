# Latency tracers, which Debian's kernels with PREEMPT_RT have: the kernel's own instance measures beside us.

has_tracer() {
    grep -qw "$1" $tracefs/available_tracers
}

# What the kernel's text tells of measurements, in our words.
measured() {
    number='\([0-9]*\)'
    case $1 in
    osnoise)
        sed -n "s/^.*\] .*: $number *$number *[0-9.]* *$number *$number *$number *$number *$number *$number\$/noise = \2, runtime = \1, max_sample = \3, hw_count = \4, nmi_count = \5, irq_count = \6, softirq_count = \7, thread_count = \8/p" ;;
    timerlat)
        sed -n "s/^.*: #$number *context *\(irq\|thread\) *timer_latency *$number ns\$/seqnum = \1, context = \2, timer_latency = \3/p" | sed 's/context = irq/context = 0/; s/context = thread/context = 1/' ;;
    esac
}

# Those that record measurements: the same ones, in the kernel's own text.
if has_tracer osnoise; then
    # A thread of the tracer's takes each processor for itself all the time, unless it is told to take less.
    echo 100000 >$tracefs/osnoise/runtime_us
    instance=$tracefs/instances/peer
    mkdir $instance
    for tracer in osnoise timerlat; do
        record $tracer --tracer $tracer -- sh -c "echo $tracer >$instance/current_tracer; sleep 3
            echo 0 >$instance/tracing_on; cat $instance/trace >/tmp/$tracer; echo >$instance/trace
            echo nop >$instance/current_tracer; echo 1 >$instance/tracing_on"
        measured $tracer </tmp/$tracer >/out/$tracer.within
    done
    rmdir $instance
    # Of this one there is one at a time.
    record hwlat --tracer hwlat -- sleep 3
    echo 'hwlat: { cpu_id = ' >/out/hwlat.within
    echo 1000000 >$tracefs/osnoise/runtime_us
else
    refused 'this kernel has no tracer osnoise' --tracer osnoise
    lacks measuring "$(cat /tmp/refused)"
fi

# Those that keep the longest: the last that is told is the one that the kernel names.
if has_tracer wakeup; then
    record longest --tracer wakeup -- sh -c '/tmp/six; sleep 1; /tmp/six'
    echo 'latency_wakeup: { cpu_id = 0 }, { latency_us = ' >/out/longest.within
    echo '# wakeup latency trace' >>/out/longest.within
    refused 'has the instance.s ring for itself' --tracer wakeup -k sched_switch
else
    refused 'this kernel has no tracer wakeup' --tracer wakeup
    lacks keeping "$(cat /tmp/refused)"
fi
