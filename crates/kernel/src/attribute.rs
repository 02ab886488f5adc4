//! By what threads are tracked that are on no list: who they are at the moment of an event.
//!
//! ```text
//!   uid=1000 uid=1001 gid=5 cgroup=/a     (uid is 1000 or 1001) and gid is 5 and in /a, or below it
//! ```

use std::fmt;

use crate::Error;
use crate::tasks::{Groups, Task};

/// An attribute of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackedAttribute {
    /// Its process's number in its own pid namespace.
    Vpid(u32),
    /// Its real user, as the first user namespace counts.
    User(u32),
    /// Its real group.
    Group(u32),
    /// Its control group of version 2, by path, and all below.
    ControlGroup(String),
    /// Its container, by id or by the id's beginning.
    Container(String),
}

impl fmt::Display for TrackedAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vpid(number) => write!(f, "vpid={number}"),
            Self::User(number) => write!(f, "uid={number}"),
            Self::Group(number) => write!(f, "gid={number}"),
            Self::ControlGroup(path) => write!(f, "cgroup={path}"),
            Self::Container(id) => write!(f, "container={id}"),
        }
    }
}

/// A control group, and how deep in the tree it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) number: u64,
    pub(crate) level: i32,
    path: Vec<u8>,
}

/// The same, as the kernel has it: a thread must have one of each list that is not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sets {
    pub(crate) vpids: Vec<u32>,
    pub(crate) users: Vec<u32>,
    pub(crate) groups: Vec<u32>,
    pub(crate) places: Vec<Place>,
}

impl Sets {
    /// Finds control groups by path and container.
    pub(crate) fn find(attributes: &[TrackedAttribute], groups: &Groups) -> Result<Self, Error> {
        let mut sets = Self::default();
        for attribute in attributes {
            match attribute {
                TrackedAttribute::Vpid(number) => sets.vpids.push(*number),
                TrackedAttribute::User(number) => sets.users.push(*number),
                TrackedAttribute::Group(number) => sets.groups.push(*number),
                TrackedAttribute::ControlGroup(path) => sets.add_place(groups, path.as_bytes())?,
                TrackedAttribute::Container(id) => {
                    let paths = groups.of_container(id.as_bytes());
                    if paths.is_empty() {
                        let what = attribute.to_string();
                        return Err(Error::NoControlGroup { what });
                    }
                    for path in paths {
                        sets.add_place(groups, &path)?;
                    }
                }
            }
        }
        Ok(sets)
    }

    fn add_place(&mut self, groups: &Groups, path: &[u8]) -> Result<(), Error> {
        let number = groups.number(path);
        if number == 0 {
            let what = format!("cgroup={}", String::from_utf8_lossy(path));
            return Err(Error::NoControlGroup { what });
        }
        let parts = path.split(|&byte| byte == b'/');
        let level = parts.filter(|part| !part.is_empty()).count();
        self.places.push(Place {
            number,
            level: i32::try_from(level).unwrap_or(i32::MAX),
            path: path.to_vec(),
        });
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a thread has one of each list that is not empty.
    pub(crate) fn has_all(&self, task: &Task, group: &[u8]) -> bool {
        let lists = self.matches(task, group);
        lists.into_iter().all(|found| found != Some(false))
    }

    /// Whether a thread has any.
    pub(crate) fn has_any(&self, task: &Task, group: &[u8]) -> bool {
        self.matches(task, group).contains(&Some(true))
    }

    /// Of each list, whether the thread has one of it; `None` if it is empty.
    fn matches(&self, task: &Task, group: &[u8]) -> [Option<bool>; 4] {
        let one_of = |list: &[u32], value: u32| (!list.is_empty()).then(|| list.contains(&value));
        let places = || {
            self.places
                .iter()
                .any(|place| is_within(group, &place.path))
        };
        let ids = task.attributes.ids;
        [
            one_of(&self.vpids, task.vpid.cast_unsigned()),
            one_of(&self.users, ids[0]),
            one_of(&self.groups, ids[3]),
            (!self.places.is_empty()).then(places),
        ]
    }
}

/// Whether a path is another one, or below it.
fn is_within(path: &[u8], above: &[u8]) -> bool {
    let above = above.strip_suffix(b"/").unwrap_or(above);
    let rest = path.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups() -> Groups {
        let mut groups = Groups::default();
        let id = "ab".repeat(32);
        for (number, path) in [(1, "/"), (2, "/a"), (3, "/a/b"), (4, "/ab")] {
            groups.add(number, path.as_bytes());
        }
        groups.add(5, format!("/docker-{id}.scope").as_bytes());
        groups.add(6, format!("/docker-{id}.scope/init").as_bytes());
        groups
    }

    fn task(vpid: i32, uid: u32, gid: u32) -> Task {
        let mut task = Task {
            vpid,
            ..Task::default()
        };
        task.attributes.ids = [uid, 0, 0, gid, 0, 0];
        task
    }

    #[test]
    fn a_thread_has_one_of_each_kind() {
        use TrackedAttribute::{Group, User, Vpid};
        let sets = Sets::find(&[User(1), User(2), Group(5), Vpid(7)], &groups()).unwrap();
        assert!(sets.has_all(&task(7, 1, 5), b"") && sets.has_all(&task(7, 2, 5), b""));
        for (vpid, uid, gid) in [(7, 3, 5), (7, 1, 6), (8, 1, 5)] {
            let other = task(vpid, uid, gid);
            assert!(!sets.has_all(&other, b"") && sets.has_any(&other, b""));
        }
        assert!(!sets.has_any(&task(1, 3, 3), b""));
        assert!(Sets::default().has_all(&task(1, 1, 1), b"") && Sets::default().is_empty());
    }

    #[test]
    fn what_is_below_a_control_group_is_in_it() {
        let path = TrackedAttribute::ControlGroup("/a".to_owned());
        let sets = Sets::find(&[path], &groups()).unwrap();
        let is_in = |group: &str| sets.has_all(&Task::default(), group.as_bytes());
        let found = ["/a", "/a/b", "/ab", "/", ""].map(is_in);
        assert_eq!(found, [true, true, false, false, false]);
        assert_eq!((sets.places[0].number, sets.places[0].level), (2, 1));
        let root = TrackedAttribute::ControlGroup("/".to_owned());
        let sets = Sets::find(&[root], &groups()).unwrap();
        assert!(sets.has_all(&Task::default(), b"/ab"));
    }

    #[test]
    fn a_container_is_known_by_the_beginning_of_its_id() {
        let find = |id: &str| {
            let container = TrackedAttribute::Container(id.to_owned());
            Sets::find(&[container], &groups())
        };
        let numbers = |id| -> Vec<u64> {
            let found = find(id).unwrap();
            found.places.iter().map(|place| place.number).collect()
        };
        assert_eq!(numbers("abababababab"), [5, 6]);
        let told = find("abc").unwrap_err().to_string();
        assert_eq!(
            told,
            "track container=abc: there is no such control group of version 2 now"
        );
    }
}
