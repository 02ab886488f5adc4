//! What killed recorders and killed programs have left.

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;
use thalweg_abi::advert;
use thalweg_abi::rendezvous::{HEAD_LEN, Head};
use thalweg_kernel::{KernelRecording, Tracefs};

use super::finding::Finding;

const FIX: &str = "thalweg recover";

/// Instances, adverts and rendezvous files that nobody is behind.
pub(crate) fn findings(tracefs: Option<&Tracefs>) -> Vec<Finding> {
    let folders = folders();
    let instances = tracefs.map_or_else(Vec::new, instances);
    let recorders: Vec<String> = folders.iter().flat_map(|f| recorders(f)).collect();
    let programs: Vec<String> = folders.iter().flat_map(|f| programs(f)).collect();
    vec![
        finding("remains.instances", "trace instance", &instances),
        finding("remains.recorders", "recorder", &recorders),
        finding("remains.programs", "program", &programs),
    ]
}

fn finding(id: &'static str, noun: &str, names: &[String]) -> Finding {
    const SHOWN: usize = 3;
    if names.is_empty() {
        return Finding::ok(id, "nothing");
    }
    let plural = if names.len() == 1 { "" } else { "s" };
    let more = if names.len() > SHOWN { ", …" } else { "" };
    let some = names[..names.len().min(SHOWN)].join(", ");
    Finding::warn(
        id,
        format!("{} dead {noun}{plural}: {some}{more}", names.len()),
    )
    .fix(FIX)
}

fn instances(tracefs: &Tracefs) -> Vec<String> {
    let all = KernelRecording::list_instances(tracefs).unwrap_or_default();
    all.into_iter()
        .filter(|found| found.holder.is_none())
        .map(|found| found.name)
        .collect()
}

/// Where this user's programs may have been.
fn folders() -> Vec<PathBuf> {
    let user = geteuid().as_raw();
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let mut all = vec![
        PathBuf::from("/run/thalweg"),
        format!("/dev/shm/thalweg-{user}").into(),
    ];
    all.extend(variable("THALWEG_RUNDIR"));
    all.extend(variable("XDG_RUNTIME_DIR").map(|folder| folder.join("thalweg")));
    all.sort();
    all.dedup();
    all
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}

/// A recorder listens at its socket for as long as it lives. The call is of another kind than the
/// socket, so that a living one is not disturbed by it.
fn recorders(folder: &Path) -> Vec<String> {
    let sessions = folder.join(advert::FOLDER);
    let names = names(&sessions)
        .into_iter()
        .filter(|name| name.ends_with(".sock"));
    let is_dead = |name: &String| {
        let call = UnixStream::connect(sessions.join(name));
        call.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    };
    names
        .filter(is_dead)
        .map(|name| name.trim_end_matches(".sock").to_owned())
        .collect()
}

fn programs(folder: &Path) -> Vec<String> {
    let heads = names(folder)
        .into_iter()
        .filter_map(|name| read_head(&folder.join(name)));
    heads
        .filter(|head| is_ours(head) && started(head.pid) != Some(head.start_time))
        .map(|head| title(&head))
        .collect()
}

/// Whether the number is one of our pid namespace: nothing is said of others.
fn is_ours(head: &Head) -> bool {
    let own = fs::metadata("/proc/self/ns/pid").map(|namespace| namespace.ino());
    head.pid_ns == 0 || own.is_ok_and(|own| own == head.pid_ns)
}

fn read_head(path: &Path) -> Option<Head> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits()).ok()?;
    let mut file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .ok()?;
    let is_file = file.metadata().ok()?.is_file();
    let mut bytes = [0; HEAD_LEN];
    is_file.then(|| file.read_exact(&mut bytes).ok())??;
    Head::decode(&bytes)
}

/// When a process started, in ticks since boot; its name may hold spaces and parentheses.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_whitespace().nth(19)?.parse().ok()
}

fn title(head: &Head) -> String {
    let name = String::from_utf8_lossy(&head.procname);
    format!(
        "{}[{}]",
        name.trim_end_matches('\0').escape_default(),
        head.pid
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(pid: u32, start_time: u64) -> Head {
        Head {
            len: 112,
            pid,
            ring_fd: 3,
            start_time,
            image: 1,
            nonce: 2,
            pid_ns: 0,
            ring_ino: 1,
            ring_len: 4096,
            sites: 0,
            tid: pid,
            capacity: 0,
            procname: *b"shop\0\0\0\0\0\0\0\0\0\0\0\0",
        }
    }

    #[test]
    fn only_the_files_of_dead_programs_are_remains() {
        let folder = tempfile::tempdir().unwrap();
        let own = std::process::id();
        let start = started(own).unwrap();
        let put = |name: &str, head: Head| {
            fs::write(folder.path().join(name), head.encode()).unwrap();
        };
        put("1-1-1", head(own, start));
        assert_eq!(programs(folder.path()), [""; 0]);
        put("1-1-2", head(own, start + 1));
        fs::write(folder.path().join("short"), "THALWEGR").unwrap();
        let elsewhere = Head {
            pid_ns: 7,
            ..head(own, start + 1)
        };
        put("1-1-3", elsewhere);
        assert_eq!(programs(folder.path()), [format!("shop[{own}]")]);
    }

    #[test]
    fn a_socket_without_a_listener_is_a_dead_recorders() {
        let folder = tempfile::tempdir().unwrap();
        let sessions = folder.path().join(advert::FOLDER);
        fs::create_dir(&sessions).unwrap();
        let listen =
            |name: &str| std::os::unix::net::UnixListener::bind(sessions.join(name)).unwrap();
        let _alive = listen("alive.sock");
        drop(listen("dead.sock"));
        assert_eq!(recorders(folder.path()), ["dead"]);
    }

    #[test]
    fn a_few_names_stand_for_all() {
        let names = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(
            finding("remains.programs", "program", &names).words,
            "4 dead programs: a, b, c, …"
        );
    }
}
