#!/bin/busybox sh
# The guest's first and only process. It records, says what it did, and gives everything back.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /run
mount -t tmpfs tmpfs /dev/shm
mount -t tracefs nodev /sys/kernel/tracing
cd /tmp

tracefs=/sys/kernel/tracing

# Every setting of tracefs, one a line.
settings() {
    # But for what was recorded, what the kernel counts, and what events look like.
    find $tracefs -type f ! -path '*/per_cpu/*' ! -name 'trace' ! -name 'trace_pipe*' ! -name format \
        ! -name id ! -name hist ! -name snapshot ! -name 'saved_*' ! -name error_log ! -name '*_profile' \
        ! -name README ! -name 'available_filter*' ! -name touched_functions ! -name inject \
        ! -name 'buffer_total_size_kb' ! -name dyn_ftrace_total_info ! -name printk_formats |
        xargs grep -s '' | sort
    cat /proc/sys/kernel/ftrace_enabled
    ls $tracefs/instances
}

# What this kernel lacks: NAME REASON. The host knows which of them a kernel may lack.
lacks() {
    echo "$*" >>/out/lacks
}

# What a user cannot have is told in one line.
refused() {
    words=$1
    shift
    told "$words" thalweg record --no-user "$@" -- true
}

# told WORDS COMMAND…: it fails with these words, in one line.
told() {
    words=$1
    shift
    "$@" 2>/tmp/refused
    [ $? = 125 ] && [ "$(wc -l </tmp/refused)" = 1 ] && grep -q "$words" /tmp/refused ||
        echo "refused with other words: $(cat /tmp/refused)" >>/tmp/wrong
}
: >/tmp/wrong

# record NAME OPTION… -- COMMAND: into /out/NAME
record() {
    name=$1
    shift
    echo "recording $name" >/dev/console
    thalweg record --no-user --no-progress -o "/out/$name" "$@" 2>"/out/$name.said"
}

# The first event that is ever enabled makes the kernel's own buffer larger, for good.
echo 1 >$tracefs/events/sched/sched_switch/enable
echo 0 >$tracefs/events/sched/sched_switch/enable
settings >/out/before
. /boot-instance.sh

# Programs' probes: the program says what they tell.
record programs --probe 'app:work number=$arg1:s32 name=$arg2:string sum=$arg3:s64 below=$arg4:s16' \
    --probe 'app:work%return ret=$retval:s32' --probe 'sdt:app:shop:stock' \
    --probe 'sdt:app:shop:sold item=$arg1 name=$arg2:string sum=$arg3 $arg4' \
    -- app 100 >/out/programs.exact

# Tracepoints, and system calls with their texts.
record events -k 'sched_process_*,irq' -- /bin/busybox true
# Kernels before 5.11 take no programs that tell more than the record has.
if grep -q 'lacks' /out/events.said; then
    lacks told "$(grep 'lacks' /out/events.said)"
else
    echo '], child_pid = ' >/out/events.within
fi
echo 'sched_process_exec: { cpu_id = ' >>/out/events.within
echo 'sched_process_exit: { cpu_id = ' >>/out/events.within

# Packets with their headers: an echo's request and its reply.
ifconfig lo 127.0.0.1 up
record packets -k 'net_dev_queue' -- ping -c 1 127.0.0.1
grep -q 'lacks' /out/packets.said && echo 'net_dev_queue: ' >/out/packets.within ||
    printf 'transport_header = { { type = %s, code = 0, \n' 8 0 >/out/packets.within

record calls --syscalls='open*' -- sh -c 'for i in 1 2 3 4 5; do : >/tmp/file-$i; done'
# Kernels before 5.11 cannot tell the texts, and the recorder says so.
if grep -q 'system calls without' /out/calls.said; then
    lacks payload "$(grep 'system calls without' /out/calls.said)"
    for i in 1 2 3 4 5; do echo 'syscall_entry_open'; done >/out/calls.within
else
    for i in 1 2 3 4 5; do echo "filename = \"/tmp/file-$i\""; done >/out/calls.within
fi

# The same, by a filter on arguments and the running thread, with stacks.
record filtered --syscalls='open*' --context callstack-kernel,callstack-user \
    --kernel-filter 'flags & 64 && $ctx.procname == "sh" && $ctx.uid == 0' \
    -- sh -c 'for i in 1 2 3 4 5; do : >/tmp/file-$i; done'
cp /out/calls.within /out/filtered.within

# Counters of each processor in events.
record counted -k sched_process_exec --context perf:cpu:page-faults,perf:cpu:context-switches -- /bin/busybox true
echo '{ perf_cpu_page_faults = ' >/out/counted.within

# The kernel's functions, with what BTF tells of their arguments.
printf '#!/bin/sh\nfor i in 1 2 3 4 5; do : >/tmp/file-$i; done\n' >/tmp/opener
chmod +x /tmp/opener
record kernel --probe 'do_sys_openat2 $dfd $filename if comm == "opener"' \
    --probe 'do_sys_openat2%return if comm == "opener"' -- /tmp/opener
for file in opener file-1 file-2 file-3 file-4 file-5; do
    echo "do_sys_openat2 dfd = -100, filename = \"/tmp/$file\""
    echo "do_sys_openat2__return ret = 3"
done >/out/kernel.exact

record arguments --probe 'do_sys_openat2 if comm == "opener"' -- /tmp/opener
for i in 1 2 3 4 5; do echo "dfd = -100, filename = \"/tmp/file-$i\", how = 0x"; done >/out/arguments.within

record functions --function 'vfs_unlink r=$retval:s32' --function 'go=app:work n=$arg1:s32' \
    -- sh -c 'app 3 >/dev/null; rm /tmp/file-1 /tmp/file-2'
echo 'go_entry: { cpu_id = ' >/out/functions.within
for event in go_exit go_entry go_exit go_entry go_exit vfs_unlink_entry vfs_unlink_exit \
    vfs_unlink_entry vfs_unlink_exit; do
    echo "$event: { cpu_id = "
done >>/out/functions.within

record passing --probe 'vfs_unlink $dir' --probe 'app:work n=$arg1:s32' \
    --kernel-filter 'app:work: n > 2' --kernel-filter 'vfs_unlink: $ctx.procname == "nobody"' -- app 5
printf 'app:work n = 3\napp:work n = 4\n' >/out/passing.exact

record pattern --probe 'vfs_unl*%return if comm == "rm"' -- rm /tmp/file-3 /tmp/file-4 /tmp/file-5
for i in 3 4 5; do echo 'vfs_unlink__return ret = 0'; done >/out/pattern.exact

printf '#!/bin/sh\nfor i in 1 2 3 4 5; do : >/tmp/file-$i; done\n: >/tmp/file-1\n' >/tmp/six
chmod +x /tmp/six

. /functions.sh
. /contexts.sh
. /triggers.sh
. /latencies.sh
. /processors.sh

# watch NAME ONE-LINER -- COMMAND: what is counted of it, without its first line, goes to /out/NAME.counted
watch() {
    name=$1
    shift
    thalweg watch --top 0 "$@" 2>"/out/$name.said" | tail -n +2 >"/out/$name.counted"
}

watch paths 'count(), max(ret) of syscall:openat by filename where comm == "six" && filename == "*file*"' \
    -- /tmp/six
if grep -q 'in the kernel.s BTF: there is none' /out/paths.said; then
    lacks watch "$(cat /out/paths.said)"
else
    printf '/tmp/file-1 2 3\n' >/out/paths.expected
    for i in 2 3 4 5; do echo "/tmp/file-$i 1 3"; done >>/out/paths.expected
    watch execs 'count() of sched_process_exec by filename where comm == "s*x"' -- /tmp/six
    echo '/tmp/six 1' >/out/execs.expected
    watch durations 'count() of syscall:openat by latency > 0, latency < 60000000000 where comm == "six"' -- /tmp/six
    echo '1 1 7' >/out/durations.expected
fi

# A recorder that is killed leaves nothing, either. How long its keeper takes depends on the machine.
killed() {
    # What the one before said is not to be taken for this one's.
    : >/tmp/said
    echo "killing a recorder: $*" >/dev/console
    thalweg record --no-user "$@" 2>/tmp/said &
    until grep -q 'recording to' /tmp/said; do
        sleep 0.1
        ! grep -q failed /tmp/said || { cat /tmp/said >>/tmp/wrong && return; }
    done
    app 10 >/dev/null 2>&1
    sh -c ': >/tmp/last; rm /tmp/last'
    kill -9 $!
    for i in $(seq 200); do
        [ -z "$(ls $tracefs/instances | grep thalweg)$(cat $tracefs/dynamic_events)" ] && break
        sleep 0.5
    done
    thalweg recover 2>>/tmp/said
}
killed -o /tmp/killed --probe app:work --probe vfs_unlink
killed -o /out/survived --functions vfs_unlink $stacks
echo 'recorded ' >/out/survived.said
echo 'func = "vfs_unlink", parent = "'$unlinkat'"' >/out/survived.within
[ -z "$stacks" ] || echo "$stack" >>/out/survived.within
killed -o /tmp/killed-graph --function-graph 'vfs_*'
if has_triggers; then
    killed -o /out/kept --hist 'sched_process_exec:keys=filename' --hist-interval 50ms --synthetic "$life"
    echo 'recorded ' >/out/kept.said
    echo 'life: { cpu_id = ' >/out/kept.within
fi

settings >/out/after
cp /tmp/wrong /out/wrong

stty -F /dev/ttyS1 raw
tar -C /out -c . >/dev/ttyS1
poweroff -f
