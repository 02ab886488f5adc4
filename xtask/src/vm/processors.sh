# Processors that go and come, and a machine that sleeps: nothing is lost, and who comes is recorded.

cpu1=/sys/devices/system/cpu/cpu1/online

# Three calls on the processor, and two wherever.
work='taskset 2 app 3 >/dev/null; app 2 >/dev/null'
calls() {
    for n in "$@"; do
        i=0
        while [ $i -lt $n ]; do
            echo "app:work number = $i"
            i=$((i + 1))
        done
    done
}
if [ -e $cpu1 ]; then
    record leaving --probe 'app:work number=$arg1:s32' -- \
        sh -c "$work; echo 0 >$cpu1; app 4 >/dev/null; echo 1 >$cpu1; $work"
    calls 3 2 4 3 2 >/out/leaving.exact
    echo 0 >$cpu1
    record coming --probe 'app:work number=$arg1:s32' -- sh -c "app 2 >/dev/null; echo 1 >$cpu1; $work"
    calls 2 3 2 >/out/coming.exact
else
    lacks hotplug "there is no $cpu1"
fi

# A machine that falls asleep, by the kernel's own test of it: processes stop, devices and processors are turned
# off, and after five seconds all comes back. Asleep for good is no state that QEMU would be woken from.
if grep -qw processors /sys/power/pm_test && grep -qw mem /sys/power/state; then
    record asleep --probe 'app:work number=$arg1:s32' -- sh -c "app 2 >/dev/null
        echo processors >/sys/power/pm_test; echo mem >/sys/power/state; echo none >/sys/power/pm_test; $work"
    calls 2 3 2 >/out/asleep.exact
    dmesg | grep -q 'PM: suspend exit' || echo 'the guest has not slept' >>/tmp/wrong
else
    lacks suspend "the kernel can: $(cat /sys/power/state), and test: $(cat /sys/power/pm_test 2>&1)"
fi
