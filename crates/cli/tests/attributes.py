"""Changes what the kernel keeps of this process, step by step; after each writes a number of bytes of its own
to /dev/null, and what /proc says of it, and what it should be, to the file that is named: one line a step."""

import ctypes
import os
import subprocess
import sys
import threading

NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"]
NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
NEWUSER, NEWNET = 0x10000000, 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
NULL = os.open("/dev/null", os.O_WRONLY)
OUT = open(sys.argv[1], "w")
GROUP = sys.argv[2]
COUNT = 1000


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "a call failed")


def proc(name):
    with open(f"/proc/thread-self/{name}") as file:
        return file.read()


def state(outer):
    """`outer`: users and groups as the first user namespace calls them."""
    found = {}
    status = dict(line.split(":", 1) for line in proc("status").splitlines())
    for key, letters in [("Uid", "u"), ("Gid", "g")]:
        ids = status[key].split()
        for kind, inner in zip(["", "e", "s"], ids):
            found[f"v{kind}{letters}id"] = inner
            found[f"{kind}{letters}id"] = (outer or {}).get(letters, inner)
    words = proc("stat").rsplit(")", 1)[1].split()
    found["prio"], found["nice"] = words[15], words[16]
    for name in NAMESPACES:
        # A new pid namespace is that of children.
        link = os.readlink(f"/proc/thread-self/ns/{name}")
        found[f"{name}_ns"] = link.split("[")[1].rstrip("]")
    group = [line[3:] for line in proc("cgroup").splitlines() if line.startswith("0::")][0]
    found["cgroup"] = group
    if GROUP:
        root = GROUP.rsplit("/", 1)[0]
        found["cgroup_id"] = str(os.stat(root + group).st_ino)
    return found


def step(what, change=lambda: None, outer=None):
    global COUNT
    change()
    COUNT += 1
    found = state(outer)
    os.write(NULL, b"x" * COUNT)
    fields = " ".join(f"{key}={value}" for key, value in found.items())
    print(COUNT, what, fields, file=OUT, flush=True)


def renice():
    subprocess.run(["renice", "-n", "3", "-p", str(os.getpid())], check=True, stdout=subprocess.DEVNULL)


def enter(path):
    with open(os.path.join(path, "cgroup.procs"), "w") as file:
        file.write(str(os.getpid()))


def make_and_enter():
    os.mkdir(GROUP)
    enter(GROUP)


def in_thread(what, change):
    thread = threading.Thread(target=lambda: step(what, change))
    thread.start()
    thread.join()


def child(change):
    """The child's numbers are its own."""
    global COUNT
    COUNT += 10
    pid = os.fork()
    if pid == 0:
        change()
        OUT.flush()
        os._exit(0)
    COUNT += 10
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def in_user_namespace():
    os.setresgid(1002, 1002, 1002)
    step("groups", lambda: None)
    os.setresuid(1001, 1001, 1001)
    step("users")
    uid, gid = 1001, 1002
    checked(LIBC.unshare(NEWUSER | NEWUTS))
    # Else its files would be root's.
    checked(LIBC.prctl(4, 1, 0, 0, 0))
    step("unmapped", outer={"u": str(uid), "g": str(gid)})
    with open("/proc/self/uid_map", "w") as file:
        file.write(f"7 {uid} 1")
    with open("/proc/self/setgroups", "w") as file:
        file.write("deny")
    with open("/proc/self/gid_map", "w") as file:
        file.write(f"8 {gid} 1")
    # The next call that has to do with it tells of the map.
    step("mapped", lambda: os.setresuid(7, 7, 7), outer={"u": str(uid), "g": str(gid)})


def with_namespaces():
    before = os.open("/proc/self/ns/net", os.O_RDONLY)
    flags = NEWNET | NEWNS | NEWIPC | NEWUTS | NEWCGROUP
    step("unshare", lambda: checked(LIBC.unshare(flags)))
    step("setns", lambda: checked(LIBC.setns(before, NEWNET)))


def with_users():
    step("effective", lambda: os.setresuid(-1, 1234, -1))
    step("back", lambda: os.setresuid(-1, 0, -1))
    step("all", lambda: (os.setresgid(5, 6, 7), os.setresuid(2, 3, 4)))


step("begin", lambda: os.setpriority(os.PRIO_PROCESS, 0, 0))
step("nice", lambda: os.nice(4))
step("reniced", renice)
step("fifo", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(9)))
step("other", lambda: os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0)))
in_thread("thread", lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(3)))
step("not the thread")
if GROUP:
    step("group", make_and_enter)
    child(lambda: step("inherited"))
    step("group left", lambda: enter(os.path.dirname(GROUP)))
    os.rmdir(GROUP)
child(with_namespaces)
child(with_users)
child(in_user_namespace)
