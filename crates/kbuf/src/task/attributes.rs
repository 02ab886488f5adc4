//! What a thread may do and where it lives: priority, users and groups, namespaces, control group.
//!
//! ```text
//!   112    116      120      128                    152       156                      184          248
//!   | prio | static | cgroup | uid gid suid sgid … | user ns | cgroup ipc mnt net … | uid map: 64 | gid map
//! ```
//!
//! A map begins with the number of its ranges; of more than five it has none.

use super::TaskLayout;
use super::text::{IdMap, ids};

/// What a number is called that a user namespace does not know, in every kernel.
const OVERFLOW_ID: u32 = 65_534;
/// What stands for a number that is not known here.
pub const UNKNOWN_ID: u32 = u32::MAX;
/// Below it priorities are those of real time, which LTTng counts from 0 down.
const MAX_RT_PRIO: i32 = 100;
/// The nice value 0.
const DEFAULT_PRIO: i32 = 120;
/// Ranges that a map has in place.
const RANGES: u32 = 5;

/// The namespaces of a thread that it can change, by their inode numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Namespaces {
    pub cgroup: u32,
    pub ipc: u32,
    pub mnt: u32,
    pub net: u32,
    pub time: u32,
    pub uts: u32,
    pub user: u32,
}

/// Attributes of a thread from some time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// The priority as LTTng counts it.
    pub prio: i32,
    /// The nice value.
    pub nice: i32,
    /// Real, effective and saved user, and group, as the first user namespace calls them.
    pub ids: [u32; 6],
    /// The same as its own calls them; [`UNKNOWN_ID`] if that has too many ranges.
    pub own_ids: [u32; 6],
    /// Where it lives.
    pub namespaces: Namespaces,
    /// The number of its control group, of version 2.
    pub cgroup: u64,
}

impl Default for Attributes {
    /// Those of a thread of which nothing is known.
    fn default() -> Self {
        Self {
            prio: 0,
            nice: 0,
            ids: [UNKNOWN_ID; 6],
            own_ids: [UNKNOWN_ID; 6],
            namespaces: Namespaces::default(),
            cgroup: 0,
        }
    }
}

impl Attributes {
    /// What `status` and `stat`, and the maps of its user namespace say; namespaces and control group are
    /// elsewhere. `None` if they are none.
    pub fn parse(status: &str, stat: &[u8], (users, groups): (&str, &str)) -> Option<Self> {
        // The name, in parentheses, may hold anything; behind it there are numbers.
        let end = stat.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
        let mut numbers = rest.split_whitespace().skip(15).map(str::parse);
        let mut found = Self {
            prio: numbers.next()?.ok()?,
            nice: numbers.next()?.ok()?,
            ids: ids(status)?,
            ..Self::default()
        };
        found.own_ids = own_ids(found.ids, &IdMap::parse(users), &IdMap::parse(groups));
        Some(found)
    }

    /// Reads what a program has written; `None` if it is too short.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(TaskLayout::PRIO as usize..TaskLayout::FULL_BYTES as usize)?;
        let word = |at: i16| {
            let at = (at - TaskLayout::PRIO) as usize;
            u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let (prio, nice) = priority(word(TaskLayout::PRIO), word(TaskLayout::STATIC_PRIO));
        let id = |place: i16| word(TaskLayout::IDS + 4 * place);
        // The kernel has users and groups in turn: real, saved, effective.
        let ids = [0, 4, 2, 1, 5, 3].map(id);
        let own_ids = match [TaskLayout::USERS, TaskLayout::GROUPS].map(|at| map(word, at)) {
            [Some(users), Some(groups)] => own_ids(ids, &users, &groups),
            _ => [UNKNOWN_ID; 6],
        };
        let namespace = |place: i16| word(TaskLayout::NAMESPACES + 4 * place);
        Some(Self {
            prio,
            nice,
            ids,
            own_ids,
            namespaces: Namespaces {
                cgroup: namespace(0),
                ipc: namespace(1),
                mnt: namespace(2),
                net: namespace(3),
                time: namespace(4),
                uts: namespace(5),
                user: word(TaskLayout::USER_NAMESPACE),
            },
            cgroup: u64::from(word(TaskLayout::CGROUP))
                | u64::from(word(TaskLayout::CGROUP + 4)) << 32,
        })
    }

    /// The numbers, as the thread's own user namespace has them by these maps.
    pub fn map(&mut self, users: &str, groups: &str) {
        self.own_ids = own_ids(self.ids, &IdMap::parse(users), &IdMap::parse(groups));
    }
}

/// Priority and nice value from what the kernel keeps of both.
fn priority(prio: u32, static_prio: u32) -> (i32, i32) {
    let counted = |number: u32, from| number.cast_signed().wrapping_sub(from);
    (
        counted(prio, MAX_RT_PRIO),
        counted(static_prio, DEFAULT_PRIO),
    )
}

fn own_ids(ids: [u32; 6], users: &IdMap, groups: &IdMap) -> [u32; 6] {
    let mut own = ids;
    for (place, id) in own.iter_mut().enumerate() {
        let map = if place < 3 { users } else { groups };
        *id = map.find(*id).unwrap_or(OVERFLOW_ID);
    }
    own
}

/// The map of the kernel's that lies here; `None` if its ranges are elsewhere.
fn map(word: impl Fn(i16) -> u32, at: i16) -> Option<IdMap> {
    let count = word(at);
    let range = |place: u32| {
        let range = at + 4 + 12 * place as i16;
        [0, 4, 8].map(|part| word(range + part))
    };
    (count <= RANGES).then(|| IdMap::of((0..count).map(range).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(words: &[(i16, u32)]) -> Vec<u8> {
        let mut bytes = vec![0; TaskLayout::FULL_BYTES as usize];
        for &(at, value) in words {
            bytes[at as usize..][..4].copy_from_slice(&value.to_ne_bytes());
        }
        bytes
    }

    #[test]
    fn ids_are_real_effective_and_saved_and_named_by_the_own_namespace() {
        let mut words = vec![(TaskLayout::PRIO, 98), (TaskLayout::STATIC_PRIO, 115)];
        // uid gid suid sgid euid egid
        words.extend((0..6).map(|n| (TaskLayout::IDS + 4 * n, 1000 + n as u32)));
        words.extend([(TaskLayout::USERS, 1), (TaskLayout::USERS + 8, 1000)]);
        words.extend([(TaskLayout::USERS + 12, 3), (TaskLayout::GROUPS, 5)]);
        let found = Attributes::read(&bytes(&words)).unwrap();
        assert_eq!((found.prio, found.nice), (-2, -5));
        assert_eq!(found.ids, [1000, 1004, 1002, 1001, 1005, 1003]);
        let none = OVERFLOW_ID;
        assert_eq!(found.own_ids, [0, none, 2, none, none, none]);
        words.push((TaskLayout::GROUPS, 6));
        let found = Attributes::read(&bytes(&words)).unwrap();
        assert_eq!(found.own_ids, [UNKNOWN_ID; 6]);
        assert_eq!(Attributes::read(&[0; 200]), None);
    }

    #[test]
    fn proc_tells_the_same() {
        let status = "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n";
        let stat = b"7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 -3 -7 1 0";
        let maps = ("0 1 2\n", "0 0 4294967295\n");
        let found = Attributes::parse(status, stat, maps).unwrap();
        assert_eq!((found.prio, found.nice), (-3, -7));
        assert_eq!(found.own_ids, [0, 1, OVERFLOW_ID, 5, 6, 7]);
        assert_eq!(Attributes::parse(status, b"7 (a) S 1", maps), None);
        assert_eq!(Attributes::parse("", stat, maps), None);
    }
}
