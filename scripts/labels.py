"""Writes crates/kbuf/src/syscall/labels.txt: what the kernel's headers call the numbers of arguments.

    python3 scripts/labels.py > crates/kbuf/src/syscall/labels.txt

A set begins with `set NAME`; its lines are `LABEL VALUE MASK`: a number has the label if its bits in MASK
are VALUE. The first line that fits a bit counts, so that labels of several bits stand before those of one.
"""

import re
import subprocess

WHOLE = 0xFFFFFFFF
HEADERS = """linux/fcntl.h linux/mman.h linux/sched.h linux/futex.h linux/fs.h linux/stat.h
linux/eventpoll.h linux/memfd.h linux/timerfd.h linux/inotify.h linux/signalfd.h linux/prctl.h
linux/mount.h linux/random.h linux/time.h linux/resource.h linux/wait.h linux/falloc.h linux/bpf.h
linux/fanotify.h linux/membarrier.h linux/ptrace.h linux/seccomp.h linux/socket.h linux/net.h linux/in.h
linux/net_tstamp.h asm/prctl.h linux/shm.h linux/ipc.h linux/mempolicy.h linux/kcmp.h linux/close_range.h
linux/io_uring.h linux/perf_event.h linux/openat2.h linux/pidfd.h linux/keyctl.h linux/reboot.h
asm/mman.h asm/fcntl.h asm/signal.h linux/xattr.h linux/quota.h linux/userfaultfd.h linux/sem.h"""

# Numbers that the kernel's own headers keep, and libc's repeat for programs.
SOCKET_HEADERS = """netinet/in.h netinet/tcp.h netinet/udp.h sys/epoll.h sys/inotify.h sys/signalfd.h
sys/timerfd.h signal.h sys/wait.h sys/mount.h sys/resource.h sys/socket.h sys/eventfd.h
sys/mman.h fcntl.h unistd.h"""

# NAME: [(expression for labels, mask or None for each label's own bits)]
SETS = {
    "open": [(r"O_(RDONLY|WRONLY|RDWR)", 3), (r"O_(SYNC|TMPFILE)", None),
             (r"O_(?!ACCMODE|NDELAY|RDONLY|WRONLY|RDWR|SYNC|TMPFILE)[A-Z]+", None)],
    "pipe": [(r"O_(CLOEXEC|NONBLOCK|DIRECT)", None)],
    "epoll": [(r"EPOLL_CLOEXEC", None)],
    "inotify_init": [(r"IN_(CLOEXEC|NONBLOCK)", None)],
    "signalfd": [(r"SFD_[A-Z]+", None)],
    "timerfd_create": [(r"TFD_(CLOEXEC|NONBLOCK)", None)],
    "prot": [(r"PROT_NONE", WHOLE), (r"PROT_[A-Z0-9]+", None)],
    "mmap": [(r"MAP_(SHARED|PRIVATE|SHARED_VALIDATE|DROPPABLE)", 15),
             (r"MAP_(?!TYPE|FILE|HUGE_|ANON$|FAILED|SHARED|PRIVATE|UNINIT)[A-Z0-9_]+", None)],
    "mremap": [(r"MREMAP_[A-Z]+", None)],
    "msync": [(r"MS_(ASYNC|INVALIDATE|SYNC)", None)],
    "madvise": [(r"MADV_[A-Z_]+", WHOLE)],
    "mlock": [(r"MLOCK_ONFAULT", None)],
    "mlockall": [(r"MCL_[A-Z]+", None)],
    "clone": [(r"SIG(?!RT|STK|_|IOT|POLL|CLD|UNUSED)[A-Z0-9]+", 0xFF), (r"CLONE_(?!ARGS|NEWTIME$)[A-Z_]+", None)],
    "unshare": [(r"CLONE_(?!ARGS)[A-Z_]+", None)],
    "family": [(r"AF_(?!MAX|LOCAL|ROUTE|FILE)[A-Z0-9_]+", WHOLE)],
    "socket": [(r"SOCK_(STREAM|DGRAM|RAW|RDM|SEQPACKET|DCCP|PACKET)", 15),
               (r"SOCK_(CLOEXEC|NONBLOCK)", None)],
    "message": [(r"MSG_(?!TRYHARD|FIN$|BATCH|SYN$|RST$)[A-Z_]+", None)],
    "shutdown": [(r"SHUT_[A-Z]+", WHOLE)],
    "level": [(r"SOL_[A-Z0-9_]+", WHOLE)],
    "fcntl": [(r"F_(DUPFD|GETFD|SETFD|GETFL|SETFL|GETLK|SETLK|SETLKW|SETOWN|GETOWN|SETSIG|GETSIG|"
               r"SETOWN_EX|GETOWN_EX|GETOWNER_UIDS|OFD_GETLK|OFD_SETLK|OFD_SETLKW|SETLEASE|GETLEASE|"
               r"NOTIFY|CANCELLK|DUPFD_CLOEXEC|SETPIPE_SZ|GETPIPE_SZ|ADD_SEALS|GET_SEALS|GET_RW_HINT|"
               r"SET_RW_HINT|GET_FILE_RW_HINT|SET_FILE_RW_HINT)", WHOLE)],
    "whence": [(r"SEEK_(?!MAX)[A-Z]+", WHOLE)],
    "flock": [(r"LOCK_(?!MAND|READ|WRITE|RW)[A-Z]+", None)],
    "access": [(r"[FRWX]_OK", None)],
    "at": [(r"AT_(SYMLINK_NOFOLLOW|SYMLINK_FOLLOW|NO_AUTOMOUNT|EMPTY_PATH|STATX_FORCE_SYNC|"
            r"STATX_DONT_SYNC|RECURSIVE)", None)],
    "unlinkat": [(r"AT_REMOVEDIR", None)],
    "faccessat": [(r"AT_(EACCESS|SYMLINK_NOFOLLOW|EMPTY_PATH)", None)],
    "statx": [(r"STATX_ALL", None), (r"STATX_(BASIC_STATS)", None), (r"STATX_(?!_|ATTR|ALL)[A-Z_]+", None)],
    "rename": [(r"RENAME_[A-Z]+", None)],
    "random": [(r"GRND_[A-Z]+", None)],
    "wait": [(r"W(NOHANG|UNTRACED|STOPPED|EXITED|CONTINUED|NOWAIT)|__W(NOTHREAD|ALL|CLONE)", None)],
    "waitid": [(r"P_(ALL|PID|PGID|PIDFD)", WHOLE)],
    "signal": [(r"SIG(?!RT|STK|_|IOT|POLL|CLD|UNUSED)[A-Z0-9]+", WHOLE)],
    "sigprocmask": [(r"SIG_(BLOCK|UNBLOCK|SETMASK)", WHOLE)],
    "futex": [(r"FUTEX_(WAIT|WAKE|FD|REQUEUE|CMP_REQUEUE|WAKE_OP|LOCK_PI|UNLOCK_PI|TRYLOCK_PI|WAIT_BITSET|"
               r"WAKE_BITSET|WAIT_REQUEUE_PI|CMP_REQUEUE_PI|LOCK_PI2)", 127),
              (r"FUTEX_(PRIVATE_FLAG|CLOCK_REALTIME)", None)],
    "prctl": [(r"PR_((SET|GET)_(?!MM_|FP_MODE|TAGGED|AUXV|PTRACER_ANY|VMA_ANON)|CAPBSET_(READ|DROP)$|CAP_AMBIENT$|MCE_KILL(_GET)?$|TASK_PERF|"
               r"SCHED_CORE$)[A-Z0-9_]*", WHOLE)],
    "arch_prctl": [(r"ARCH_(SET|GET|REQ|MAP|CET|SHSTK)[A-Z0-9_]*", WHOLE)],
    "mount": [(r"MS_(?!RMT|ACTIVE|NOUSER|SUBMOUNT|NOREMOTELOCK|NOSEC|BORN|MGC|KERNMOUNT|ASYNC|INVALIDATE|"
               r"SYNC$|VERBOSE)[A-Z_]+", None)],
    "umount": [(r"MNT_(FORCE|DETACH|EXPIRE)|UMOUNT_NOFOLLOW", None)],
    "clock": [(r"CLOCK_(REALTIME|MONOTONIC|PROCESS_CPUTIME_ID|THREAD_CPUTIME_ID|MONOTONIC_RAW|"
               r"REALTIME_COARSE|MONOTONIC_COARSE|BOOTTIME|REALTIME_ALARM|BOOTTIME_ALARM|TAI)", WHOLE)],
    "timer": [(r"TIMER_ABSTIME", None)],
    "timerfd": [(r"TFD_(TIMER_ABSTIME|TIMER_CANCEL_ON_SET)", None)],
    "resource": [(r"RLIMIT_(?!OFILE|NLIMITS)[A-Z]+", WHOLE)],
    "rusage": [(r"RUSAGE_(SELF|CHILDREN|THREAD)", WHOLE)],
    "itimer": [(r"ITIMER_[A-Z]+", WHOLE)],
    "priority": [(r"PRIO_(PROCESS|PGRP|USER)", WHOLE)],
    "policy": [(r"SCHED_(NORMAL|FIFO|RR|BATCH|IDLE|DEADLINE)", 0xFF), (r"SCHED_RESET_ON_FORK", None)],
    "bpf": [(r"BPF_(MAP|PROG|OBJ|BTF|LINK|RAW_TRACEPOINT|TASK|ENABLE|ITER)_(CREATE|LOOKUP_ELEM|UPDATE_ELEM|"
             r"DELETE_ELEM|GET_NEXT_KEY|LOAD|PIN|GET|ATTACH|DETACH)", WHOLE)],
    "fallocate": [(r"FALLOC_FL_[A-Z_]+", None)],
    "fadvise": [(r"POSIX_FADV_[A-Z]+", WHOLE)],
    "memfd": [(r"MFD_(?!HUGE_)[A-Z_]+", None)],
    "eventfd": [(r"EFD_[A-Z]+", None)],
    "inotify": [(r"IN_(ACCESS|MODIFY|ATTRIB|CLOSE_WRITE|CLOSE_NOWRITE|OPEN|MOVED_FROM|MOVED_TO|CREATE|DELETE|"
                 r"DELETE_SELF|MOVE_SELF|ONLYDIR|DONT_FOLLOW|EXCL_UNLINK|MASK_CREATE|MASK_ADD|ONESHOT)", None)],
    "close_range": [(r"CLOSE_RANGE_[A-Z]+", None)],
    "membarrier": [(r"MEMBARRIER_CMD_(?!SHARED|FLAG)[A-Z_]+", WHOLE)],
    "setxattr": [(r"XATTR_(CREATE|REPLACE)", None)],
    "seccomp": [(r"SECCOMP_(SET_MODE_STRICT|SET_MODE_FILTER|GET_ACTION_AVAIL|GET_NOTIF_SIZES)", WHOLE)],
    "ptrace": [(r"PTRACE_(?!EVENT|O_|SYSCALL_INFO|PEEKSIGINFO_)[A-Z_0-9]+", WHOLE)],
    "rwf": [(r"RWF_(?!SUPPORTED)[A-Z]+", None)],
    "uring_enter": [(r"IORING_ENTER_[A-Z_]+", None)],
    "perf_open": [(r"PERF_FLAG_[A-Z_]+", None)],
}
# They are members of an enumeration, or numbers without a name in headers for programs.
ENUMERATED = """EPOLL_CLOEXEC IN_CLOEXEC IN_NONBLOCK SFD_CLOEXEC SFD_NONBLOCK TFD_CLOEXEC TFD_NONBLOCK MNT_FORCE MNT_DETACH MNT_EXPIRE UMOUNT_NOFOLLOW RUSAGE_SELF RUSAGE_CHILDREN RUSAGE_THREAD
AF_UNSPEC SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_RDM SOCK_SEQPACKET SOCK_DCCP
SOCK_PACKET SOCK_CLOEXEC SOCK_NONBLOCK SHUT_RD SHUT_WR SHUT_RDWR IPPROTO_IP IPPROTO_TCP IPPROTO_UDP
IPPROTO_IPV6 IPPROTO_RAW EFD_CLOEXEC EFD_NONBLOCK EFD_SEMAPHORE P_ALL P_PID P_PGID P_PIDFD
BPF_MAP_CREATE BPF_MAP_LOOKUP_ELEM BPF_MAP_UPDATE_ELEM BPF_MAP_DELETE_ELEM BPF_MAP_GET_NEXT_KEY
BPF_PROG_LOAD BPF_OBJ_PIN BPF_OBJ_GET BPF_PROG_ATTACH BPF_PROG_DETACH BPF_BTF_LOAD BPF_LINK_CREATE
MEMBARRIER_CMD_QUERY MEMBARRIER_CMD_GLOBAL MEMBARRIER_CMD_GLOBAL_EXPEDITED
MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED MEMBARRIER_CMD_PRIVATE_EXPEDITED
MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE
MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ
MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ""".split()


def macros(headers, defines=""):
    """Each macro's value, as the compiler computes it; headers that are not there are left out."""
    there = [h for h in headers.split() if subprocess.run(
        ["gcc", "-E", "-x", "c", "-"], input=f"#include <{h}>\n", text=True, capture_output=True).returncode == 0]
    includes = defines + "".join(f"#include <{h}>\n" for h in there)
    listed = subprocess.run(["gcc", "-dM", "-E", "-x", "c", "-"], input=includes, text=True,
                            capture_output=True, check=True).stdout
    wanted = re.compile("|".join(f"(?:{e})" for parts in SETS.values() for e, _ in parts))
    names = [n for n in re.findall(r"#define (\w+)[ \t]", listed) if wanted.fullmatch(n)]
    names += [n for n in ENUMERATED if n not in names]
    return values(includes, names)


def values(includes, names):
    """The names whose value the compiler knows, one try each if it does not know all."""
    body = "".join(f'printf("%s %lld\\n", "{n}", (long long)({n}));\n' for n in names)
    source = f"#include <stdio.h>\n{includes}int main(void) {{\n{body}}}\n"
    built = subprocess.run(["gcc", "-w", "-x", "c", "-o", "/tmp/labels", "-"], input=source, text=True,
                           capture_output=True)
    if built.returncode == 0:
        lines = subprocess.run(["/tmp/labels"], text=True, capture_output=True, check=True).stdout
        return {line.split()[0]: int(line.split()[1]) for line in lines.splitlines()}
    if len(names) == 1:
        return {}
    half = len(names) // 2
    return values(includes, names[:half]) | values(includes, names[half:])


def lines_of(parts, known):
    """One label a number: the shortest, then the first by name."""
    seen = set()
    for expression, mask in parts:
        found = [(v, n) for n, v in known.items() if re.fullmatch(expression, n)]
        for value, name in sorted(found, key=lambda f: (f[0], len(f[1]), f[1])):
            value &= WHOLE
            if mask is None and value == 0 or (value, mask) in seen:
                continue
            seen.add((value, mask))
            yield f"{name} {value} {value if mask is None else mask}"


def main():
    known = macros(SOCKET_HEADERS, "#define _GNU_SOURCE\n") | macros(HEADERS)
    # libc says 0: long files are all that there are for it.
    known["O_LARGEFILE"] = 0o100000
    for name, parts in SETS.items():
        print(f"set {name}")
        print("\n".join(lines_of(parts, known)))


main()
