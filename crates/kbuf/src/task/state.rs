//! What a thread is, from the `status` and the `comm` that `/proc` has of it.

use super::Attributes;

/// The inode of the first pid namespace, in every kernel.
pub const FIRST_PID_NAMESPACE: u64 = 0xefff_fffc;

/// A thread from some time on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskState {
    /// Its process.
    pub pid: i32,
    /// That process's parent.
    pub ppid: i32,
    /// Its number in its own pid namespace.
    pub vtid: i32,
    /// The inode of that namespace.
    pub namespace: u32,
    /// Its name, with NULs behind.
    pub comm: [u8; 16],
    /// What else there is of it, if that is asked for.
    pub attributes: Option<Attributes>,
}

impl TaskState {
    /// What `status` and `comm` say; `namespace` is only asked for if it is not the first. `None` if
    /// they are none.
    pub fn parse(status: &str, comm: &[u8], namespace: impl Fn() -> Option<u64>) -> Option<Self> {
        let number = |key| status_value(status, key)?.parse().ok();
        let own: Vec<&str> = status_value(status, "NSpid:")?.split_whitespace().collect();
        let namespace = match own.len() {
            0 | 1 => Some(FIRST_PID_NAMESPACE),
            _ => namespace(),
        };
        let mut name = [0; 16];
        let comm = own_name(comm.strip_suffix(b"\n").unwrap_or(comm));
        let len = comm.len().min(15);
        name[..len].copy_from_slice(&comm[..len]);
        Some(Self {
            pid: number("Tgid:")?,
            ppid: number("PPid:")?,
            vtid: own.last()?.parse().ok()?,
            // Inodes of namespaces have 32 bits.
            namespace: namespace.unwrap_or_default() as u32,
            comm: name,
            attributes: None,
        })
    }
}

/// A name without what `/proc` adds to a kernel worker's: what it works on, behind a sign.
pub fn own_name(comm: &[u8]) -> &[u8] {
    let is_worker = comm.starts_with(b"kworker/") && !comm.starts_with(b"kworker/R-");
    let end = comm.iter().position(|byte| b"-+".contains(byte));
    match end.filter(|_| is_worker) {
        Some(end) => &comm[..end],
        None => comm,
    }
}

/// What stands behind a key of a `status`.
pub fn status_value<'s>(status: &'s str, key: &str) -> Option<&'s str> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(line.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_what_proc_says() {
        let text = "Name:\tx\nTgid:\t70\nPid:\t71\nPPid:\t1\nNSpid:\t71\t3\n";
        let found = TaskState::parse(text, b"a name\n", || Some(9)).unwrap();
        assert_eq!(
            (found.pid, found.ppid, found.vtid, found.namespace),
            (70, 1, 3, 9)
        );
        assert_eq!(&found.comm, b"a name\0\0\0\0\0\0\0\0\0\0");
        let plain = text.replace("\t71\t3", "\t71");
        let found = TaskState::parse(&plain, b"", || panic!("it is the first")).unwrap();
        assert_eq!(
            (found.vtid, found.namespace),
            (71, FIRST_PID_NAMESPACE as u32)
        );
        assert!(TaskState::parse("Tgid:\tx\n", b"", || None).is_none());
    }

    #[test]
    fn a_worker_s_name_is_without_its_work() {
        assert_eq!(own_name(b"kworker/0:1-events"), b"kworker/0:1");
        assert_eq!(own_name(b"kworker/u8:2+flush"), b"kworker/u8:2");
        assert_eq!(own_name(b"kworker/R-mm_pe"), b"kworker/R-mm_pe");
        assert_eq!(own_name(b"a-b"), b"a-b");
    }
}
