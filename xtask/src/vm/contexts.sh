# Contexts of threads, and tracking by control groups: a process says of itself what the events must say.

mkdir -p /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mkdir /sys/fs/cgroup/guest

cat >/tmp/inner <<'END'
#!/bin/sh
echo $$ >/sys/fs/cgroup/guest/cgroup.procs
renice 5 $$
line="pid = $$, tid = $$, ppid = $PPID, vpid = $$, vtid = $$, vppid = $PPID, procname = \"inner\""
line="$line, prio = 25, nice = 5, hostname = \"$(hostname)\""
for name in cgroup ipc mnt net pid time user uts; do
    line="$line, ${name}_ns = $(readlink /proc/self/ns/$name | tr -dc 0-9)"
done
for id in uid gid euid egid suid sgid vuid vgid veuid vegid vsuid vsgid; do line="$line, $id = 0"; done
echo "$line, cgroup_id = $(stat -c %i /sys/fs/cgroup/guest), cgroup = \"/guest\", container = \"-\""
END
chmod +x /tmp/inner

all=pid,tid,ppid,vpid,vtid,vppid,procname,prio,nice,hostname
all=$all,cgroup_ns,ipc_ns,mnt_ns,net_ns,pid_ns,time_ns,user_ns,uts_ns
all=$all,uid,gid,euid,egid,suid,sgid,vuid,vgid,veuid,vegid,vsuid,vsgid,cgroup_id,cgroup,container
record contexts -k sched_process_exit --context $all -- /tmp/inner >/out/contexts.within
# Where no program can follow the threads, contexts are left out with a word.
if grep -q 'note: the context' /out/contexts.said; then
    lacks contexts "$(grep 'note: the context' /out/contexts.said)"
    rm /out/contexts.within
fi

# Of the processor: an event of the scheduler cannot be interrupted, one of a system call can.
record processor -k sched_switch,sched_process_exec --context \
    interruptible,preemptible,need_reschedule,migratable -- /tmp/six
for state in 1 0; do
    echo "{ interruptible = $state, preemptible = "
done >/out/processor.within

record callers -k sched_process_exec --context callstack-kernel,callstack-user -- /tmp/six
echo 'callstack_kernel = [ [0] = 0xFFFFFFFF' >/out/callers.within

record tracked --track cgroup=/guest --probe 'app:work number=$arg1:s32' -- sh -c 'app 2 >/dev/null
    (echo 0 >/sys/fs/cgroup/guest/cgroup.procs; exec app 3 >/dev/null); app 2 >/dev/null'
if grep -q 'failed to track' /out/tracked.said; then
    lacks cgroups "$(cat /out/tracked.said)"
else
    for i in 0 1 2; do echo "app:work number = $i"; done >/out/tracked.exact
fi
