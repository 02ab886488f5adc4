# The kernel's function tracers, with trace-cmd beside us: the same functions, the same work.

cat >/tmp/files <<'END'
#!/bin/sh
for i in 1 2 3 4 5; do : >/tmp/file-$i; done
rm /tmp/file-1 /tmp/file-2 /tmp/file-3
END
chmod +x /tmp/files

# A call of a function, in our words.
words='func_entry func = "\1", parent = "\2"'

# What trace-cmd tells of functions: the kernel keeps it until the work is done.
peer() {
    clock=$(sed 's/.*\[\(.*\)\].*/\1/' $tracefs/trace_clock)
    trace-cmd start -p function -l "$1" -l "$2" >/out/peer.said 2>&1
    /tmp/files
    trace-cmd stop >>/out/peer.said 2>&1
    trace-cmd extract -o /tmp/peer.dat >>/out/peer.said 2>&1
    trace-cmd reset >>/out/peer.said 2>&1
    echo 1 >$tracefs/tracing_on
    echo $clock >$tracefs/trace_clock
    trace-cmd report -i /tmp/peer.dat 2>>/out/peer.said |
        sed -n "s/.*function: *\\([^ ]*\\) <-- \\([^ ]*\\).*/$words/p"
}

# What the kernel's own text tells of functions.
kernels() {
    instance=$tracefs/instances/peer
    mkdir $instance
    for function in "$@"; do echo "$function" >>$instance/set_ftrace_filter; done
    echo 'do_*' >>$instance/set_ftrace_notrace
    echo function >$instance/current_tracer
    /tmp/files
    echo 0 >$instance/tracing_on
    sed -n "s/.*: \\([^ ]*\\) <-\\([^ ]*\\)\$/$words/p" $instance/trace
    rmdir $instance
}

# Who calls vfs_unlink: newer kernels have another name for it.
unlinkat=do_unlinkat
grep -q "^$unlinkat\$" $tracefs/available_filter_functions || unlinkat=filename_unlinkat

# The first time the kernel looks up what the second time it knows.
/tmp/files
peer vfs_unlink shmem_unlink >/out/traced.exact
record traced --functions vfs_unlink,shmem_unlink -- /tmp/files
kernels 'vfs_unl*' 'shmem_unlin*' '*_unlinkat' >/out/many.exact
record many --functions 'vfs_unl*,shmem_unlin*,*_unlinkat' --function-notrace 'do_*' -- /tmp/files

# With all callers, where the kernel writes them into instances. The rings say how many events there were;
# the recorder says so if it knows of others.
stacks=--function-stacks
[ -e $tracefs/options/func-no-repeats ] || stacks=
stack='callers = [ [0] = "vfs_unlink", [1] = "'$unlinkat'"'
if [ -n "$stacks" ]; then
    record stacks --functions vfs_unlink $stacks -- /tmp/files
    for i in 1 2 3; do printf 'func_entry: { cpu_id = \n%s\n' "$stack"; done >/out/stacks.within
else
    refused 'records the callers of functions in no instance' --functions vfs_unlink --function-stacks
    lacks callers "$(cat /tmp/refused)"
fi

# Calls and returns: by the tracer where instances have it, else by probes.
record graph --function-graph $unlinkat,vfs_unlink,shmem_unlink -- /tmp/files
record shallow --function-graph $unlinkat,vfs_unlink,shmem_unlink --function-depth 2 -- /tmp/files
! grep -q probes /out/graph.said || lacks graph "$(grep probes /out/graph.said)"
depth=0
for i in 1 2 3; do
    for function in $unlinkat vfs_unlink shmem_unlink; do
        if grep -q probes /out/graph.said; then
            echo "func = \"$function\""
        else
            echo "depth = $depth, func = \"$function\""
            depth=$((depth + 1))
        fi
    done
    for function in shmem_unlink vfs_unlink $unlinkat; do
        if grep -q probes /out/graph.said; then
            echo "func_exit: { cpu_id = "
        else
            depth=$((depth - 1))
            echo "depth = $depth, func = \"$function\", duration_ns = "
        fi
    done
done >/out/graph.within
grep -q probes /out/graph.said && cp /out/graph.within /out/shallow.within ||
    grep -v 'depth = 2' /out/graph.within >/out/shallow.within

refused 'no function of this kernel matches `no_such_one`' --functions no_such_one
refused 'is no name of a function' --functions vfs_read:traceoff
