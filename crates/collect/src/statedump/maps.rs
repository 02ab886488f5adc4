//! The mappings of a process, as `/proc/PID/maps` lists them.

/// A mapping of a file, or of the kernel's own library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its first address.
    pub start: u64,
    /// The address behind it.
    pub end: u64,
    /// Where in the file it begins.
    pub offset: u64,
    /// Whether instructions can be run from it.
    pub is_executable: bool,
    /// The file's inode number; 0 for what is no file.
    pub inode: u64,
    /// The file's path.
    pub path: Vec<u8>,
    /// The path does not lead there any more.
    pub is_deleted: bool,
}

/// What the kernel puts behind the path of a file that is gone.
const DELETED: &[u8] = b" (deleted)";

/// The mappings with a name in the text of a `maps`, in the order of their addresses. Lines that
/// are no mappings are passed over.
pub fn mappings(text: &[u8]) -> impl Iterator<Item = Mapping> {
    text.split(|&byte| byte == b'\n').filter_map(mapping)
}

/// `start-end rwxp offset device inode      path`.
fn mapping(line: &[u8]) -> Option<Mapping> {
    let mut parts = line.splitn(6, |&byte| byte == b' ');
    let mut part = || parts.next();
    let (range, flags, offset, _device, inode) = (part()?, part()?, part()?, part()?, part()?);
    let path = part()?.trim_ascii_start();
    let (start, end) = std::str::from_utf8(range).ok()?.split_once('-')?;
    let is_deleted = path.ends_with(DELETED);
    let path = path.strip_suffix(DELETED).unwrap_or(path);
    let mapping = Mapping {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        offset: u64::from_str_radix(std::str::from_utf8(offset).ok()?, 16).ok()?,
        is_executable: flags.get(2) == Some(&b'x'),
        inode: std::str::from_utf8(inode).ok()?.parse().ok()?,
        path: unescaped(path),
        is_deleted,
    };
    (mapping.start < mapping.end && !mapping.path.is_empty()).then_some(mapping)
}

/// The kernel writes a line's end in a path as `\012`, and nothing else so.
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, behind)) = rest.split_first() {
        let (byte, behind) = match rest.strip_prefix(b"\\012") {
            Some(behind) => (b'\n', behind),
            None => (byte, behind),
        };
        out.push(byte);
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(u64, u64, bool, u64, &str, bool)>) {
        let found = mappings(line.as_bytes()).next();
        let found = found.map(|m| {
            let path = String::from_utf8(m.path).unwrap();
            (m.start, m.end, m.is_executable, m.inode, path, m.is_deleted)
        });
        let expected = expected.map(|(a, b, x, i, path, d)| (a, b, x, i, path.to_owned(), d));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn a_line_is_one_mapping() {
        check(
            "7f34d3d36000-7f34d3e8c000 r-xp 00026000 fe:00 326279                     /usr/lib/libc.so.6",
            Some((
                0x7f34_d3d3_6000,
                0x7f34_d3e8_c000,
                true,
                326_279,
                "/usr/lib/libc.so.6",
                false,
            )),
        );
        check(
            "1000-2000 rw-p 00000000 00:28 7    /a b (deleted)",
            Some((0x1000, 0x2000, false, 7, "/a b", true)),
        );
        check(
            "1000-2000 r-xp 00000000 00:00 0                          [vdso]",
            Some((0x1000, 0x2000, true, 0, "[vdso]", false)),
        );
        check(
            r"1000-2000 r-xp 00000000 00:00 5    /a\012b\013",
            Some((0x1000, 0x2000, true, 5, "/a\nb\\013", false)),
        );
    }

    #[test]
    fn what_is_no_mapping_of_a_file_is_passed_over() {
        for line in [
            "",
            "1000-2000 rw-p 00000000 00:00 0 ",
            "1000-2000 rw-p 00000000 00:00 0",
            "2000-1000 rw-p 00000000 00:00 1 /a",
            "x-y rw-p 00000000 00:00 1 /a",
            "1000 rw-p 00000000 00:00 1 /a",
            "1000-2000 rw-p 00000000 00:00 z /a",
        ] {
            check(line, None);
        }
    }
}
