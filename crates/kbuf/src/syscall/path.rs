//! The path of an open descriptor, from the names that the program found on the way up to the root.
//!
//! ```text
//!   0         8        16      20       24
//!   | inode   | magic  | mode  | flags  | "passwd\0" "etc\0" …
//!     u64       u64      u32     1: deleted
//! ```
//!
//! Written as `/proc/PID/fd` shows it: `/etc/passwd`, `socket:[7]`, `pipe:[7]`, `anon_inode:[eventpoll]`.

const HEAD_BYTES: usize = 24;

const PIPES: u64 = 0x5049_5045;
const SOCKETS: u64 = 0x534f_434b;
const ANONYMOUS: u64 = 0x0904_1934;
/// Namespaces are files of this file system.
const NAMESPACES: u64 = 0x6e73_6673;

/// In the flags: the file has no name any more.
const DELETED: u32 = 1;

/// Where the program writes what.
#[derive(Clone, Copy, Debug)]
pub struct PathLayout;

#[allow(missing_docs, reason = "the picture says it")]
impl PathLayout {
    pub const INODE: i16 = 0;
    pub const MAGIC: i16 = 8;
    pub const MODE: i16 = 16;
    pub const FLAGS: i16 = 20;
    pub const NAMES: i16 = HEAD_BYTES as i16;
    pub const DELETED: i32 = DELETED as i32;
}

/// Appends the path, without a NUL; `is_cut`: names are missing at its beginning.
pub(super) fn encode(copied: &[u8], is_cut: bool, out: &mut Vec<u8>) {
    let Some((head, names)) = copied.split_first_chunk::<HEAD_BYTES>() else {
        return;
    };
    let word = |at: usize| {
        head[at..]
            .first_chunk()
            .map_or(0, |b| u64::from_le_bytes(*b))
    };
    let (inode, magic) = (word(0), word(8));
    let flags = (word(16) >> 32) as u32;
    match magic {
        PIPES => out.extend(format!("pipe:[{inode}]").bytes()),
        SOCKETS => out.extend(format!("socket:[{inode}]").bytes()),
        ANONYMOUS => {
            out.extend(b"anon_inode:");
            out.extend(names.iter().take_while(|byte| **byte != 0));
        }
        NAMESPACES => out.extend(format!("ns:[{inode}]").bytes()),
        _ => join(names, is_cut, flags & DELETED != 0, out),
    }
}

fn join(names: &[u8], is_cut: bool, is_deleted: bool, out: &mut Vec<u8>) {
    let names = names.strip_suffix(&[0]).unwrap_or(names);
    let mut is_empty = true;
    if is_cut {
        out.extend(b"...");
    }
    for name in names.rsplit(|byte| *byte == 0).filter(|n| !n.is_empty()) {
        out.push(b'/');
        out.extend(name);
        is_empty = false;
    }
    if is_empty {
        out.push(b'/');
    }
    if is_deleted {
        out.extend(b" (deleted)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(magic: u64, flags: u32, names: &str, expected: &str) {
        let mut bytes = 7_u64.to_le_bytes().to_vec();
        bytes.extend(magic.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        bytes.extend(flags.to_le_bytes());
        bytes.extend(names.bytes());
        let mut out = Vec::new();
        encode(&bytes, false, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn names_are_joined_from_the_root() {
        check(0xef53, 0, "passwd\0etc\0", "/etc/passwd");
        check(0xef53, 0, "", "/");
        check(0xef53, 1, "a\0", "/a (deleted)");
        check(0xef53, 1, "memfd:x\0", "/memfd:x (deleted)");
    }

    #[test]
    fn what_has_no_name_is_written_as_proc_does() {
        check(PIPES, 0, "", "pipe:[7]");
        check(SOCKETS, 0, "", "socket:[7]");
        check(ANONYMOUS, 0, "[eventpoll]\0", "anon_inode:[eventpoll]");
    }

    #[test]
    fn a_path_that_is_cut_says_so_and_too_few_bytes_say_nothing() {
        let mut out = Vec::new();
        encode(&[[0; 24].as_slice(), b"c\0b\0"].concat(), true, &mut out);
        assert_eq!(out, b".../b/c");
        out.clear();
        encode(&[0; 23], false, &mut out);
        assert_eq!(out, b"");
    }
}
