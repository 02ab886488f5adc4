//! How soon a thread gets a processor when others want it, too.

use rustix::io::Errno;
use std::time::Duration;

/// `struct sched_attr` of the kernel, as it was at first.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    size: u32,
    policy: u32,
    flags: u64,
    nice: i32,
    priority: u32,
    runtime: u64,
    deadline: u64,
    period: u64,
}

/// What the thread makes does not inherit this.
const RESET_ON_FORK: u64 = 1;

/// Asks the scheduler to let this thread run soon when it wakes up, and as much as it needs.
///
/// `slice`: how long it runs at a time; who wakes up with a shorter one than that of whoever runs is let
/// in at once (Linux 6.12; older kernels take no note). `nice`: its share of the processor, if
/// nobody has given it one that is not 0, and if the thread may have it. Threads and processes that
/// it makes have the usual ones.
pub fn run_soon(slice: Duration, nice: i32) -> Result<(), Errno> {
    let mut attributes = attributes()?;
    let before = attributes.nice;
    attributes.flags |= RESET_ON_FORK;
    attributes.runtime = u64::try_from(slice.as_nanos()).unwrap_or(u64::MAX);
    if before == 0 {
        attributes.nice = nice;
    }
    set(&attributes).or_else(|_| {
        attributes.nice = before;
        set(&attributes)
    })
}

fn attributes() -> Result<Attributes, Errno> {
    let mut attributes = Attributes::default();
    let size = size_of::<Attributes>();
    // SAFETY: the kernel writes at most `size` bytes, which are there.
    check(unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) })?;
    Ok(attributes)
}

fn set(attributes: &Attributes) -> Result<(), Errno> {
    let attributes: *const Attributes = attributes;
    // SAFETY: the kernel reads as many bytes as the first field says, which are there.
    check(unsafe { libc::syscall(libc::SYS_sched_setattr, 0, attributes, 0) })
}

fn check(returned: libc::c_long) -> Result<(), Errno> {
    match returned {
        0 => Ok(()),
        _ => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy and the nice value, after `change` in a thread of its own.
    fn after(change: impl FnOnce() + Send + 'static) -> (u32, i32) {
        let thread = std::thread::spawn(|| {
            change();
            let found = attributes().unwrap();
            (found.policy, found.nice)
        });
        thread.join().unwrap()
    }

    #[test]
    fn a_thread_asks_for_itself_alone() {
        let usual = after(|| ());
        let slice = Duration::from_micros(100);
        let asked = after(move || run_soon(slice, -1).unwrap());
        let may_be_nicer = rustix::process::geteuid().is_root();
        assert_eq!(
            asked,
            (usual.0, usual.1 - i32::from(may_be_nicer && usual.1 == 0))
        );
        let of_its_thread = after(move || {
            run_soon(slice, -1).unwrap();
            assert_eq!(after(|| ()), usual);
        });
        assert_eq!(of_its_thread, asked);
    }

    #[test]
    fn a_nice_value_that_somebody_gave_stays() {
        let nicer = after(|| {
            let given = Attributes {
                nice: 3,
                ..attributes().unwrap()
            };
            set(&given).unwrap();
            run_soon(Duration::from_micros(100), -1).unwrap();
        });
        assert_eq!(nicer.1, 3);
    }
}
