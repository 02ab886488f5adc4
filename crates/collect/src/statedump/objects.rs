//! Executable and libraries among the mappings of a process.
//!
//! ```text
//!   | a.so r-- | a.so r-x | a.so rw- |   | data r-- |   | a.so r-- | a.so r-x |
//!   └──────── one object ────────────┘                  └─── a second one ────┘
//! ```

use super::elf::ElfFile;
use super::maps::Mapping;

/// The most objects of a process that are told.
const MAX_OBJECTS: usize = 4096;
/// What the kernel calls its own library, and what LTTng calls it.
const VDSO: &[u8] = b"[vdso]";
const VDSO_NAME: &[u8] = b"[linux-vdso.so.1]";
/// Programs that can lie anywhere lie far above this; others are linked for addresses below.
const HIGH: u64 = 1 << 32;

/// An executable or a library in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) base: u64,
    pub(super) path: Vec<u8>,
    /// What its file says, as far as it could be read.
    pub(super) elf: ElfFile,
}

/// The objects that `mappings` are of; `look` reads the file of a mapping, if it can.
pub(super) fn objects(
    mappings: &[Mapping],
    mut look: impl FnMut(&Mapping) -> Looked,
) -> Vec<Object> {
    let mut objects = Vec::new();
    let mut rest = mappings;
    while let Some((first, _)) = rest.split_first() {
        let same = rest.iter().take_while(|m| is_same_file(m, first)).count();
        let (group, behind) = rest.split_at(same);
        if objects.len() == MAX_OBJECTS {
            break;
        }
        let (object, used) = object_of(group, &mut look);
        objects.extend(object);
        rest = if used < same { &rest[used..] } else { behind };
    }
    objects
}

/// What came of looking at a file.
pub(super) enum Looked {
    /// It is an ELF file.
    Elf(ElfFile),
    /// It is something else.
    Other,
    /// It could not be read.
    Unreadable,
}

fn is_same_file(a: &Mapping, b: &Mapping) -> bool {
    (a.inode, &a.path, a.is_deleted) == (b.inode, &b.path, b.is_deleted)
}

/// The object that begins with the first mapping of `group`, which are all of one file; and how
/// many of the mappings are its own.
fn object_of(
    group: &[Mapping],
    look: &mut impl FnMut(&Mapping) -> Looked,
) -> (Option<Object>, usize) {
    let first = &group[0];
    if first.path == VDSO {
        return (Some(vdso(first)), 1);
    }
    if first.path[0] != b'/' || !group.iter().any(|mapping| mapping.is_executable) {
        return (None, group.len());
    }
    let elf = match look(first) {
        Looked::Elf(elf) => elf,
        Looked::Other => return (None, group.len()),
        Looked::Unreadable => {
            let end = group.last().map_or(first.end, |last| last.end);
            ElfFile {
                memory_bytes: end - first.start,
                is_pic: first.start >= HIGH,
                ..ElfFile::default()
            }
        }
    };
    let end = first.start.saturating_add(elf.memory_bytes);
    let own = group
        .iter()
        .take_while(|mapping| mapping.start < end)
        .count()
        .max(1);
    let runs = group[..own].iter().any(|mapping| mapping.is_executable);
    let object = Object {
        base: first.start,
        path: first.path.clone(),
        elf,
    };
    (runs.then_some(object), own)
}

/// As LTTng tells of it: there is no file.
fn vdso(mapping: &Mapping) -> Object {
    Object {
        base: mapping.start,
        path: VDSO_NAME.to_vec(),
        elf: ElfFile::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(memory_bytes: u64) -> Looked {
        Looked::Elf(ElfFile {
            memory_bytes,
            is_pic: true,
            ..ElfFile::default()
        })
    }

    #[track_caller]
    fn check(maps: &str, look: impl FnMut(&Mapping) -> Looked, expected: &[(u64, &str, u64)]) {
        let mappings: Vec<_> = super::super::maps::mappings(maps.as_bytes()).collect();
        let found = objects(&mappings, look);
        let found: Vec<_> = found
            .iter()
            .map(|o| {
                let path = std::str::from_utf8(&o.path).unwrap();
                (o.base, path, o.elf.memory_bytes)
            })
            .collect();
        assert_eq!(found, expected);
    }

    const MAPS: &str = "\
1000-2000 r--p 0 0:0 1 /bin/a
2000-3000 r-xp 0 0:0 1 /bin/a
3000-4000 rw-p 0 0:0 1 /bin/a
5000-6000 rw-p 0 0:0 0 [heap]
7000-8000 r--p 0 0:0 2 /data
9000-a000 r-xp 0 0:0 3 /lib/l.so
a000-b000 r--p 0 0:0 3 /lib/l.so
b000-c000 r-xp 0 0:0 3 /lib/l.so
d000-e000 r-xp 0 0:0 0 [vdso]
e000-f000 r-xp 0 0:0 4 /memfd:jit (deleted)
";

    #[test]
    fn objects_are_what_is_mapped_to_be_run() {
        let look = |mapping: &Mapping| match mapping.path.as_slice() {
            b"/bin/a" => elf(0x3000),
            b"/lib/l.so" => elf(0x1800),
            _ => Looked::Other,
        };
        let expected = [
            (0x1000, "/bin/a", 0x3000),
            (0x9000, "/lib/l.so", 0x1800),
            (0xb000, "/lib/l.so", 0x1800),
            (0xd000, "[linux-vdso.so.1]", 0),
        ];
        check(MAPS, look, &expected);
    }

    #[test]
    fn an_object_whose_file_cannot_be_read_is_as_large_as_its_mappings() {
        let expected = [
            (0x1000, "/bin/a", 0x3000),
            (0x9000, "/lib/l.so", 0x3000),
            (0xd000, "[linux-vdso.so.1]", 0),
            (0xe000, "/memfd:jit", 0x1000),
        ];
        check(MAPS, |_| Looked::Unreadable, &expected);
    }

    #[test]
    fn a_size_that_lies_loses_no_mapping_for_ever() {
        check(
            MAPS,
            |_| elf(0),
            &[
                (0x2000, "/bin/a", 0),
                (0x9000, "/lib/l.so", 0),
                (0xb000, "/lib/l.so", 0),
                (0xd000, "[linux-vdso.so.1]", 0),
                (0xe000, "/memfd:jit", 0),
            ],
        );
        check(
            MAPS,
            |_| elf(u64::MAX),
            &[
                (0x1000, "/bin/a", u64::MAX),
                (0x9000, "/lib/l.so", u64::MAX),
                (0xd000, "[linux-vdso.so.1]", 0),
                (0xe000, "/memfd:jit", u64::MAX),
            ],
        );
    }
}
