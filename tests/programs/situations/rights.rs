//! Programs that give something up after they have begun: who they are, what they see, what they may.
//! Then the thread that did it, a new one and a new process emit, as far as that can be traced.

use std::ffi::CStr;

use crate::life::{emit, emit_everywhere, emit_in_threads, events, fork, open, wait};

pub(crate) fn run(name: &str) -> bool {
    match name {
        "other-user" => other_user(),
        "other-root" => other_root(),
        "other-names" => unshare(libc::CLONE_NEWNS | libc::CLONE_NEWUTS | libc::CLONE_NEWIPC),
        "other-network" => unshare(libc::CLONE_NEWNET),
        "other-users" => unshare(libc::CLONE_NEWUSER),
        "other-groups" => unshare(libc::CLONE_NEWCGROUP),
        "other-processes" => other_processes(),
        "not-dumpable" => control(libc::PR_SET_DUMPABLE, 0),
        "no-new-rights" => control(libc::PR_SET_NO_NEW_PRIVS, 1),
        "strict" => strict(),
        "emptied-environment" => emptied_environment(),
        _ => return false,
    }
    true
}

/// `nobody`, for good.
fn other_user() {
    open(3).watched_ticks(events());
    const NOBODY: libc::uid_t = 65534;
    // SAFETY: no memory is passed.
    let group = unsafe { libc::setresgid(NOBODY, NOBODY, NOBODY) };
    // SAFETY: as above.
    let user = unsafe { libc::setresuid(NOBODY, NOBODY, NOBODY) };
    assert_eq!((group, user), (0, 0));
    emit_in_threads();
}

/// A root in which there is nothing that tracing needs.
fn other_root() {
    open(3).watched_ticks(events());
    let root: &CStr = c"/proc/self/fdinfo";
    // SAFETY: the path is a C string.
    let changed = unsafe { libc::chroot(root.as_ptr()) };
    assert_eq!(changed, 0);
    // SAFETY: as above.
    unsafe { libc::chdir(c"/".as_ptr()) };
    emit_in_threads();
}

fn unshare(what: libc::c_int) {
    open(3).watched_ticks(events());
    // SAFETY: no memory is passed.
    let unshared = unsafe { libc::unshare(what) };
    assert_eq!(unshared, 0, "{}", std::io::Error::last_os_error());
    emit_everywhere();
}

/// The child is the first process of a namespace.
fn other_processes() {
    emit(0);
    // SAFETY: no memory is passed.
    let unshared = unsafe { libc::unshare(libc::CLONE_NEWPID) };
    assert_eq!(unshared, 0);
    wait(fork(|| {
        emit(1);
        wait(fork(|| emit(2)));
    }));
}

fn control(what: libc::c_int, value: libc::c_ulong) {
    open(3).watched_ticks(events());
    // SAFETY: no memory is passed.
    let set = unsafe { libc::prctl(what, value, 0, 0, 0) };
    assert_eq!(set, 0);
    emit_everywhere();
}

/// The process may read, write and end, and no more. The mode forbids to read the processor's clock as
/// well, so that its events are over.
fn strict() {
    emit(0);
    // SAFETY: no memory is passed.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT, 0, 0, 0) };
    assert_eq!(set, 0);
    // SAFETY: the text is live.
    unsafe { libc::write(1, c"strict\n".as_ptr().cast(), 7) };
    // SAFETY: ends this thread, which is the only one.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

/// Nothing tells where the folders are any more.
fn emptied_environment() {
    open(3).watched_ticks(events());
    // SAFETY: there is one thread.
    unsafe { libc::clearenv() };
    emit_everywhere();
}
