//! The kernel's texts on a thread's users and control group: `status`, `uid_map`, `cgroup`.
//!
//! A program chooses some of what stands in them (its control group), so every text may be anything; what
//! is not there is `None`.

/// The longest path of a control group that is kept.
const MAX_CGROUP: usize = 1024;
/// Hexadecimal digits of a container's id, in Docker, containerd, CRI-O and Podman.
const ID_DIGITS: usize = 64;

/// The real, effective and saved number of the user, and those of the group, in a `status`.
pub fn ids(status: &str) -> Option<[u32; 6]> {
    let three = |key: &str| -> Option<[u32; 3]> {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        let mut numbers = line.split_whitespace().map(|number| number.parse().ok());
        Some([numbers.next()??, numbers.next()??, numbers.next()??])
    };
    let [[a, b, c], [d, e, f]] = [three("Uid:")?, three("Gid:")?];
    Some([a, b, c, d, e, f])
}

/// The path of the control group in a `cgroup`: that of version 2, else of systemd's hierarchy,
/// else the first.
pub fn cgroup(text: &[u8]) -> Option<&[u8]> {
    let lines = || {
        text.split(|&byte| byte == b'\n').filter_map(|line| {
            let mut parts = line.splitn(3, |&byte| byte == b':');
            let (id, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            Some((id, controllers, path))
        })
    };
    let unified = lines().find(|(id, controllers, _)| *id == b"0" && controllers.is_empty());
    let named = || lines().find(|(_, controllers, _)| *controllers == b"name=systemd");
    let (.., path) = unified.or_else(named).or_else(|| lines().next())?;
    Some(&path[..path.len().min(MAX_CGROUP)])
}

/// The container's id in the path of a control group: the last 64 hexadecimal digits in a row, as
/// most engines have it, else what LXC and systemd's machines are called.
pub fn container(path: &[u8]) -> Option<&[u8]> {
    let id = |part: &&[u8]| part.len() == ID_DIGITS && part.iter().all(u8::is_ascii_hexdigit);
    let words = || path.split(|byte| !byte.is_ascii_alphanumeric());
    words().rfind(id).or_else(|| named_container(path))
}

fn named_container(path: &[u8]) -> Option<&[u8]> {
    let mut parts = path.split(|&byte| byte == b'/').peekable();
    while let Some(part) = parts.next() {
        let name = match part {
            b"lxc" => parts.peek().copied(),
            part => part.strip_prefix(b"lxc.payload.").or_else(|| {
                let machine = part.strip_prefix(b"machine-")?;
                machine.strip_suffix(b".scope")
            }),
        };
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            return Some(name);
        }
    }
    None
}

/// How a user namespace calls the users, or groups, that its parent calls otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdMap {
    /// First inside, first outside, count.
    ranges: Vec<[u32; 3]>,
}

/// The kernel allows no more lines.
const MAX_RANGES: usize = 340;

impl IdMap {
    /// Reads a `uid_map` or `gid_map`: first inside, first outside, count.
    pub fn parse(text: &str) -> Self {
        let range = |line: &str| -> Option<[u32; 3]> {
            let mut numbers = line.split_whitespace().map(|number| number.parse().ok());
            Some([numbers.next()??, numbers.next()??, numbers.next()??])
        };
        let ranges = text.lines().take(MAX_RANGES).filter_map(range).collect();
        Self { ranges }
    }

    /// The same of ranges.
    pub(super) fn of(ranges: Vec<[u32; 3]>) -> Self {
        Self { ranges }
    }

    /// What the namespace calls the user that is called `outside` here; if it does not know that
    /// one, the number stays.
    pub fn inside(&self, outside: u32) -> u32 {
        self.find(outside).unwrap_or(outside)
    }

    /// The same; `None` if it does not know that one.
    pub fn find(&self, outside: u32) -> Option<u32> {
        self.ranges.iter().find_map(|&[inside, first, count]| {
            let distance = outside.checked_sub(first).filter(|at| *at < count)?;
            inside.checked_add(distance)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_real_effective_and_saved() {
        let status = "Name:\tx\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n";
        assert_eq!(ids(status), Some([1, 2, 3, 5, 6, 7]));
        assert_eq!(ids("Uid:\t1\t2\t3\t4\n"), None);
        assert_eq!(ids("Uid:\t1\t2\nGid:\t5\t6\t7\t8\n"), None);
    }

    #[track_caller]
    fn check_cgroup(text: &str, path: Option<&str>, id: Option<&str>) {
        let found = cgroup(text.as_bytes());
        assert_eq!(found, path.map(str::as_bytes));
        let found = found.and_then(container);
        assert_eq!(found, id.map(str::as_bytes), "{text}");
    }

    #[test]
    fn the_control_group_is_that_of_version_2_if_there_is_one() {
        check_cgroup("0::/user.slice/a:b\n", Some("/user.slice/a:b"), None);
        check_cgroup("2:cpu:/c\n1:name=systemd:/s\n0::/u\n", Some("/u"), None);
        check_cgroup("2:cpu:/c\n1:name=systemd:/s\n", Some("/s"), None);
        check_cgroup("2:cpu:/c\n", Some("/c"), None);
        check_cgroup("", None, None);
        check_cgroup("nothing", None, None);
        let long = format!("0::/{}\n", "a".repeat(5000));
        assert_eq!(cgroup(long.as_bytes()).map(<[u8]>::len), Some(MAX_CGROUP));
    }

    #[test]
    fn a_containers_id_is_found_where_its_engine_puts_it() {
        let id = "0123456789abcdef".repeat(4);
        for path in [
            format!("/docker/{id}"),
            format!("/system.slice/docker-{id}.scope"),
            format!("/kubepods.slice/pod1234_5678/cri-containerd-{id}.scope"),
            format!("/machine.slice/libpod-{id}.scope/container"),
            format!("/kubepods/burstable/podaa-bb/{id}"),
        ] {
            check_cgroup(&format!("0::{path}\n"), Some(&path), Some(&id));
        }
        check_cgroup("0::/lxc/web/x\n", Some("/lxc/web/x"), Some("web"));
        check_cgroup(
            "0::/lxc.payload.web\n",
            Some("/lxc.payload.web"),
            Some("web"),
        );
        let machine = "/machine.slice/machine-deb.scope";
        check_cgroup(&format!("0::{machine}\n"), Some(machine), Some("deb"));
        check_cgroup("0::/lxc\n", Some("/lxc"), None);
        let short = format!("/docker/{}", &id[1..]);
        check_cgroup(&format!("0::{short}\n"), Some(&short), None);
    }

    #[test]
    fn a_namespace_calls_users_by_its_own_numbers() {
        let map = IdMap::parse("         0       1000          1\n 1 100000 65536\nx\n");
        assert_eq!(map.inside(1000), 0);
        assert_eq!(map.inside(100_005), 6);
        assert_eq!(map.inside(5), 5, "unknown there");
        let whole = IdMap::parse("0 0 4294967295\n");
        assert_eq!(whole.inside(77), 77);
        let wrong = IdMap::parse("4294967295 0 100\n");
        assert_eq!(wrong.inside(3), 3, "beyond all numbers");
    }
}
