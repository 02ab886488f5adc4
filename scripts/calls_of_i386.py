"""Writes crates/kbuf/src/syscall/numbers_32.txt: the calls of 32-bit programs.

    python3 scripts/calls_of_i386.py asm/unistd_32.h linux/syscalls.h

A line is `NUMBER NAME`, and behind it what its arguments are: nothing if they are those of the
64-bit call of this name, `= CALL` if they are those of another one, or `TYPE NAME, …`. Prototypes are
the kernel's; those below are of functions that its headers do not declare.
"""

import re
import sys

UNDECLARED = {
    "mmap2": "unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags, "
    "unsigned long fd, unsigned long pgoff",
    "mmap": "struct mmap_arg_struct * arg",
    "select": "struct sel_arg_struct * arg",
    "clone": "unsigned long clone_flags, unsigned long newsp, int * parent_tidptr, "
    "unsigned long tls, int * child_tidptr",
    "pread64": "unsigned int fd, char * buf, size_t count, u32 poslo, u32 poshi",
    "pwrite64": "unsigned int fd, const char * buf, size_t count, u32 poslo, u32 poshi",
    "truncate64": "const char * filename, u32 offset_low, u32 offset_high",
    "ftruncate64": "unsigned int fd, u32 offset_low, u32 offset_high",
    "readahead": "int fd, u32 off_lo, u32 off_hi, size_t count",
    "fadvise64": "int fd, u32 offset_lo, u32 offset_hi, size_t len, int advice",
    "fadvise64_64": "int fd, u32 offset_low, u32 offset_high, u32 len_low, u32 len_high, int advice",
    "sync_file_range": "int fd, u32 off_low, u32 off_hi, u32 n_low, u32 n_hi, int flags",
    "fallocate": "int fd, int mode, u32 offset_lo, u32 offset_hi, u32 len_lo, u32 len_hi",
    "fanotify_mark": "int fanotify_fd, unsigned int flags, u32 mask0, u32 mask1, int dfd, "
    "const char * pathname",
    "fstatat64": "int dfd, const char * filename, struct stat64 * statbuf, int flag",
    "set_thread_area": "struct user_desc * u_info",
    "get_thread_area": "struct user_desc * u_info",
    "vm86": "unsigned long cmd, unsigned long arg",
    "vm86old": "struct vm86_struct * user_vm86",
    "sigreturn": "",
    "readdir": "unsigned int fd, struct old_linux_dirent * dirent, unsigned int count",
    "sigsuspend": "int unused1, int unused2, old_sigset_t mask",
    "sigaction": "int sig, const struct old_sigaction * act, struct old_sigaction * oact",
    "uselib": "const char * library",
    "bdflush": "int func, long data",
    "umount": "char * name",
    "sigpending": "old_sigset_t * uset",
    "oldolduname": "struct oldold_utsname * name",
    "olduname": "struct old_utsname * name",
}
# Functions that are called otherwise than the call.
DECLARED = {
    "oldstat": "stat", "oldlstat": "lstat", "oldfstat": "fstat", "olduname": "uname",
    "_llseek": "llseek", "stat64": "stat64", "lstat64": "lstat64", "fstat64": "fstat64",
    "statfs64": "statfs64", "fstatfs64": "fstatfs64", "waitpid": "waitpid", "nice": "nice",
    "stime": "stime", "socketcall": "socketcall", "ipc": "ipc", "signal": "signal",
    "sgetmask": "sgetmask", "ssetmask": "ssetmask", "sigprocmask": "sigprocmask",
}
SAME = {"_newselect": "select", "umount2": "umount2", "ugetrlimit": "getrlimit", "fcntl64": "fcntl"}
# Without a function for long.
GONE = set("break stty gtty ftime prof lock mpx ulimit profil idle afs_syscall create_module "
           "get_kernel_syms query_module nfsservctl getpmsg putpmsg vserver _sysctl".split())


def prototypes(text):
    found = {}
    for name, inside in re.findall(r"asmlinkage long sys_(\w+)\(([^;]*?)\);", text):
        parts = [" ".join(part.replace("__user", " ").split()) for part in inside.split(",")]
        if parts == ["void"]:
            parts = []
        found.setdefault(name, ", ".join(re.sub(r"\s*\*\s*", " * ", part) for part in parts))
    return found


def line(number, name, long_names, known):
    if name in UNDECLARED:
        return f"{number} {name} {UNDECLARED[name] or '-'}"
    if name in DECLARED:
        return f"{number} {name} {known[DECLARED[name]] or '-'}"
    if name in SAME:
        return f"{number} {name} = {SAME[name]}"
    for suffix in "", "_time64", "64", "32":
        plain = name.removesuffix(suffix)
        if plain in long_names:
            return f"{number} {name}" + (f" = {plain}" if suffix else "")
    raise SystemExit(f"{name} has no prototype")


def main():
    numbers, headers = (open(path, encoding="utf-8").read() for path in sys.argv[1:3])
    long_text = open("crates/kbuf/src/syscall/numbers.txt", encoding="utf-8").read()
    long_names = {text.split()[1] for text in long_text.splitlines()}
    known = prototypes(headers)
    calls = {int(n): name for name, n in re.findall(r"#define __NR_(\w+)\s+(\d+)", numbers)}
    # From here on both tables have the same numbers.
    for text in long_text.splitlines():
        number, name = text.split()
        if 424 <= int(number) and name != "memfd_secret":
            calls.setdefault(int(number), name)
    for number, name in sorted(calls.items()):
        if name not in GONE:
            print(line(number, name, long_names, known))


main()
