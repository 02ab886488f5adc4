//! The kernel's texts on a thread: `status`, `stat`, `comm`, and the names of namespaces.
//!
//! A program chooses some of what stands in them (its name, its control group), so every text may
//! be anything; what is not there is `None`.

pub use thalweg_kernel::{IdMap, cgroup, container, ids};

/// The inode number in the name of a namespace, as in `mnt:[4026531840]`.
pub fn namespace(link: &[u8]) -> Option<u64> {
    let (_, rest) = std::str::from_utf8(link).ok()?.split_once(":[")?;
    rest.strip_suffix(']')?.parse().ok()
}

/// The thread's number in its own pid namespace, from a `status`.
pub fn innermost_tid(status: &str) -> Option<u32> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().next_back()?.parse().ok()
}

/// Whether a process has other numbers in its own pid namespace than in ours, from its `status`.
pub fn is_nested(status: &str) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.is_some_and(|line| line.split_whitespace().count() > 1)
}

/// The processor on which a thread ran last, from its `stat`.
pub fn processor(stat: &[u8]) -> Option<u32> {
    // The name, in parentheses, may hold anything; behind it there are numbers.
    let end = stat.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(&stat[end + 1..]).ok()?;
    rest.split_whitespace().nth(36)?.parse().ok()
}

/// The name in a `comm`: all but the line's end, which is not a part of it.
pub(crate) fn name_of_comm(comm: &[u8]) -> &[u8] {
    comm.strip_suffix(b"\n").unwrap_or(comm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_its_inode_number() {
        assert_eq!(namespace(b"mnt:[4026531840]"), Some(4_026_531_840));
        for wrong in [&b"mnt:[x]"[..], b"mnt:[1", b"4026531840", b"\xff:[1]", b""] {
            assert_eq!(namespace(wrong), None);
        }
    }

    #[test]
    fn a_thread_has_its_own_number_in_its_namespace() {
        let status = "Name:\tx\nNSpid:\t700\t7\n";
        assert_eq!(innermost_tid(status), Some(7));
        assert_eq!(innermost_tid("Uid:\t1"), None);
        assert!(is_nested(status));
        assert!(!is_nested("NSpid:\t700\n") && !is_nested(""));
    }

    #[test]
    fn the_processor_is_the_39th_field_whatever_the_name_is() {
        let numbers: Vec<String> = (4..=52).map(|field: u32| field.to_string()).collect();
        let stat = format!("7 (a) b (c) S {}\n", numbers.join(" "));
        assert_eq!(processor(stat.as_bytes()), Some(39));
        assert_eq!(processor(b"7 (a) S 1 2"), None);
        assert_eq!(processor(b""), None);
    }
}
