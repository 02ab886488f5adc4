//! After a death: what the rings of a dead recorder still hold goes into its trace.
//!
//! The keeper does this as soon as its recorder dies. If it died too, the next recorder does it,
//! or `thalweg recover`: it finds the adverts whose slots nobody holds.

use rustix::fd::OwnedFd;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thalweg_abi::rendezvous::Head;
use thalweg_kernel::{KernelRecording, Tracefs, remove_stray_probes, remove_stray_synthetics};

use crate::clock::SessionClock;
use crate::error::Error;
use crate::kernel_events::{Depth, KernelEvents};
use crate::output::{DUMP_STREAM, Output};
use crate::process::Process;
use crate::program::{Definitions, Memory, Program, SampledContexts, Terms, ThreadKey};
use crate::programs::{Limits, Programs};
use crate::rendezvous::{
    Advert, Folder, Owner, Owners, Post, Watch, accept_all, candidates, has_own_proc,
    instances_in_use, left_behind, open_memfd, read, remove_unposted, scan, tag, unfinished,
};
use crate::session::Session;
use crate::sink::TraceWriter;
use crate::trace_lock::TraceLock;

/// How long events that are under way in living programs are waited for.
const LAST_EVENTS: Duration = Duration::from_millis(20);

/// What was recovered of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The trace's folder.
    pub path: PathBuf,
    /// Events that were in rings and are on disk now.
    pub events: u64,
    /// Events that were lost.
    pub discarded: u64,
    /// What a user should know besides.
    pub notes: Vec<String>,
}

/// A program's ring, kept alive.
pub(crate) struct Held {
    pub(crate) nonce: u64,
    pub(crate) uid: u32,
    pub(crate) slot: usize,
    pub(crate) process: Process,
    pub(crate) memfd: OwnedFd,
    pub(crate) file: OwnedFd,
}

/// What a dead recorder has left.
pub(crate) struct Remains {
    pub(crate) trace: PathBuf,
    pub(crate) start: u64,
    pub(crate) instance: Option<String>,
    /// The pages of the kernel that it was reading.
    pub(crate) landings: Option<OwnedFd>,
    pub(crate) held: Vec<Held>,
    pub(crate) posts: Vec<Post>,
}

impl Remains {
    /// Stops the instance: before all else, because to take a clock's measure and to walk through a
    /// long trace takes its time. Only for a keeper, which knows the name from its own recorder: an
    /// advert could name anybody's.
    pub(crate) fn silence(&self) {
        if let Some(name) = &self.instance {
            let _ = Tracefs::find().and_then(|tracefs| KernelRecording::silence(&tracefs, name));
        }
    }
}

/// Recovers every recording that a dead recorder left behind, or only the one with this trace.
pub fn recover(trace: Option<&Path>) -> Result<Vec<Recovered>, Error> {
    let Some(trace) = trace else {
        return Ok(recover_all(&|_| true));
    };
    let failed = |why: String| Error::Recover {
        path: trace.to_owned(),
        why,
    };
    let path = fs::canonicalize(trace).map_err(|error| failed(error.to_string()))?;
    let mut recovered = recover_all(&|advert| Path::new(&advert.trace) == path);
    if recovered.is_empty() {
        recovered.push(repair(&path).map_err(failed)?);
    }
    Ok(recovered)
}

/// Recovers all that is left behind, before a new recording; what there is to say of it.
pub(crate) fn recover_left_behind() -> Vec<String> {
    let tell = |recovered: Recovered| {
        let Recovered { path, events, .. } = recovered;
        format!(
            "recovered {events} events of a killed recorder into {}",
            path.display()
        )
    };
    recover_all(&|_| true).into_iter().map(tell).collect()
}

fn recover_all(wanted: &dyn Fn(&Advert) -> bool) -> Vec<Recovered> {
    // Whoever lives would be taken for dead.
    if has_own_proc() != Some(true) {
        return Vec::new();
    }
    let mut sessions: BTreeMap<String, (Advert, Vec<Post>)> = BTreeMap::new();
    for (path, uid) in candidates() {
        let Ok(folder) = Folder::open(&path, uid) else {
            continue;
        };
        for (name, advert, post) in left_behind(&folder).into_iter().filter(|l| wanted(&l.1)) {
            sessions
                .entry(name)
                .or_insert_with(|| (advert, Vec::new()))
                .1
                .push(post);
        }
        remove_files_of_the_dead(&folder);
        remove_unposted(&folder);
    }
    let found = sessions
        .into_values()
        .map(|(advert, posts)| find_remains(advert, posts));
    let recover = |remains: Remains| {
        // Whoever has it is alive, whatever the folder of the advert says.
        let _lock = TraceLock::take(&remains.trace).ok()?;
        Some(recover_remains(remains))
    };
    let recovered = found.filter_map(recover).collect();
    remove_dead_instances();
    recovered
}

/// What of a session can be found without a keeper: rings of programs that are alive.
fn find_remains(advert: Advert, posts: Vec<Post>) -> Remains {
    let mut held = Vec::new();
    for post in &posts {
        let owners = Owners::default();
        for found in scan(&post.folder, |_| true) {
            let (Ok(definitions), Some(file)) = (found.definitions, found.file) else {
                continue;
            };
            let head = definitions.head;
            let Owner::Known(process) = owners.find(head.pid, head.pid_ns) else {
                continue;
            };
            let Ok(memfd) = open_memfd(&process, &head) else {
                continue;
            };
            let (uid, slot, nonce) = (post.folder.uid, post.slot, head.nonce);
            held.push(Held {
                nonce,
                uid,
                slot,
                process,
                memfd,
                file,
            });
        }
    }
    let Advert {
        trace,
        start,
        instance,
        ..
    } = advert;
    Remains {
        trace: PathBuf::from(trace),
        start,
        instance,
        landings: None,
        held,
        posts,
    }
}

/// Drains what is left into the dead recorder's trace, and removes what it left elsewhere.
pub(crate) fn recover_remains(remains: Remains) -> Recovered {
    let Remains {
        trace,
        start,
        instance,
        landings,
        held,
        posts,
    } = remains;
    let session = session_of(&trace, start);
    let mut notes = Vec::new();
    let has_kernel = instance.is_some() || trace.join("kernel/metadata").is_file();
    let kernel = has_kernel.then_some(instance).and_then(|instance| {
        let adopted = KernelEvents::adopt(&session, instance.as_deref(), landings.as_ref());
        adopted
            .map_err(|why| notes.push(format!("failed to recover kernel events: {why}")))
            .ok()
    });
    let mut recovered = Recovered {
        path: trace.clone(),
        events: 0,
        discarded: 0,
        notes: Vec::new(),
    };
    recover_programs(&session, held, &posts, &mut recovered);
    if let Some(mut kernel) = kernel {
        if let Err(why) = kernel.drain(Depth::Last) {
            notes.push(format!("failed to {why}"));
        }
        let closed = kernel.close(&session);
        for source in &closed.sources {
            recovered.events += source.events;
            let lost = source.discarded.iter().map(|(_, count)| count);
            recovered.discarded += lost.sum::<u64>();
        }
        notes.extend(closed.notes);
        notes.extend(closed.storage_error);
    }
    posts.iter().for_each(Post::withdraw);
    recovered.notes.extend(notes);
    recovered
}

fn session_of(trace: &Path, start: u64) -> Session {
    let name = trace
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Session {
        out: trace.to_owned(),
        name: name.unwrap_or_default(),
        created_s: 0,
        clock: SessionClock::choose(),
        start,
    }
}

/// When the last packet of each thread ended, as the trace's packets say.
type OnDisk = HashMap<(i32, i32), u64>;

fn recover_programs(session: &Session, held: Vec<Held>, posts: &[Post], recovered: &mut Recovered) {
    let Ok(watch) = Watch::new() else { return };
    // What the dead recorder gave stays with the programs: the next one may need it.
    let limits = Limits {
        limit_bytes: u64::MAX,
        ..Limits::default()
    };
    let mut programs = Programs::new(session.clone(), limits, Vec::new(), watch);
    let on_disk = adopt_outputs(session, &mut programs, recovered);
    let called = posts.iter().flat_map(|post| {
        let uid = post.folder.uid;
        accept_all(post)
            .into_iter()
            .map(move |call| (uid, post.slot, call))
    });
    let called = called.map(|(uid, slot, call)| Held {
        nonce: 0,
        uid,
        slot,
        process: call.process.unwrap_or_default(),
        memfd: call.memfd,
        file: call.file,
    });
    for held in held.into_iter().chain(called) {
        let uid = held.uid;
        let group = programs.groups.get(&uid);
        let sampled = group.map(|group| group.output.sampled.clone());
        let added = attach(held, session, sampled.unwrap_or_default())
            .and_then(|program| programs.add(uid, program).map_err(|why| why.to_string()));
        if let Err(why) = added {
            recovered
                .notes
                .push(format!("a program's ring was not recovered: {why}"));
        }
    }
    let known = |program: &Program, thread: ThreadKey| {
        on_disk
            .get(&(program.vpid(), thread.tid.cast_signed()))
            .copied()
    };
    drain(&mut programs, &known);
    let closed = programs.close();
    let lost = |source: &crate::SourceSummary| -> u64 {
        source.discarded.iter().map(|(_, count)| count).sum()
    };
    recovered.events += closed
        .sources
        .iter()
        .map(|source| source.events)
        .sum::<u64>();
    recovered.discarded += closed.sources.iter().map(lost).sum::<u64>();
    recovered
        .notes
        .extend(closed.notes.into_iter().chain(closed.storage_error));
}

fn attach(held: Held, session: &Session, sampled: SampledContexts) -> Result<Program, String> {
    let definitions: Definitions = read(&held.file, held.uid).map_err(|why| why.to_string())?;
    let memory = Memory::map(&held.memfd, &definitions.head).map_err(|why| why.to_string())?;
    memory.disable_all(held.slot);
    let terms = Terms {
        slot: held.slot,
        clock: session.clock.word(),
        limit_units: 0,
        mode: None,
        sampled,
    };
    let program = Program::attach(definitions, memory, held.file, &terms, held.process);
    program.map_err(|why| why.to_string())
}

/// Takes up the folders that the dead recorder was writing.
fn adopt_outputs(session: &Session, programs: &mut Programs, recovered: &mut Recovered) -> OnDisk {
    let mut on_disk = OnDisk::new();
    for (uid, dir) in program_folders(&session.out) {
        let (writer, report) = match TraceWriter::reopen(&dir) {
            Ok(reopened) => reopened,
            Err(why) => {
                recovered.notes.push(format!("failed to {why}"));
                continue;
            }
        };
        // Of whose times nothing follows for the main thread's own events.
        let mut streams = writer.streams();
        let dumps = streams.find_map(|(id, name)| (name == DUMP_STREAM).then_some(id));
        drop(streams);
        let packets = writer.packets().filter_map(Result::ok);
        for (_, packet) in packets.filter(|(stream, _)| Some(*stream) != dumps) {
            if let Some(thread) = thread_of(&packet.context).filter(|_| !packet.is_empty()) {
                let end = on_disk.entry(thread).or_default();
                *end = packet.header.end.0.max(*end);
            }
        }
        programs.adopt_output(
            uid,
            Output::going_on(writer, &report.streams, session.start),
        );
    }
    on_disk
}

/// `ust/uid/UID/64-bit` folders of a trace.
fn program_folders(out: &Path) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(out.join("ust/uid"))
        .into_iter()
        .flatten()
        .flatten();
    let uid_of = |entry: &fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    entries
        .filter_map(|entry| Some((uid_of(&entry)?, entry.path().join("64-bit"))))
        .filter(|(_, path)| path.join("metadata").is_file())
        .collect()
}

/// The thread in a packet context: vpid and vtid come first.
fn thread_of(context: &[u8]) -> Option<(i32, i32)> {
    let (vpid, rest) = context.split_first_chunk()?;
    let (vtid, _) = rest.split_first_chunk()?;
    Some((i32::from_le_bytes(*vpid), i32::from_le_bytes(*vtid)))
}

fn drain(programs: &mut Programs, known: &dyn Fn(&Program, ThreadKey) -> Option<u64>) {
    let end = Instant::now() + LAST_EVENTS;
    programs.begin_end();
    loop {
        programs.last_pass(known);
        if Instant::now() >= end || !programs.has_pending() {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    programs.look_after();
    programs.drop_dead(known);
    programs.count_pending();
}

/// Makes a trace complete whose recorder died without anything left in rings: ends its streams,
/// writes its indexes.
fn repair(trace: &Path) -> Result<Recovered, String> {
    let _lock = TraceLock::take(trace).map_err(|_| "it is being written".to_owned())?;
    let kernel = trace.join("kernel");
    let programs = program_folders(trace).into_iter().map(|(_, path)| path);
    let folders: Vec<PathBuf> = programs
        .chain(kernel.join("metadata").is_file().then_some(kernel))
        .collect();
    if folders.is_empty() {
        return Err("there is no trace of ours in it".to_owned());
    }
    for folder in folders {
        let (writer, _) = TraceWriter::reopen(&folder).map_err(|why| why.to_string())?;
        writer.close().map_err(|why| why.to_string())?;
    }
    Ok(Recovered {
        path: trace.to_owned(),
        events: 0,
        discarded: 0,
        notes: Vec::new(),
    })
}

/// Instances of dead recorders whose traces are not known, or were drained already; never one that
/// an advert names: its keeper is about to drain it.
fn remove_dead_instances() {
    let Ok(tracefs) = Tracefs::find() else { return };
    let folders = candidates().into_iter();
    let folders = folders.filter_map(|(path, uid)| Folder::open(&path, uid).ok());
    let in_use: Vec<String> = folders.flat_map(|f| instances_in_use(&f)).collect();
    let ours = format!("{}-", tag());
    for found in KernelRecording::list_instances(&tracefs).unwrap_or_default() {
        if found.holder.is_some() || !found.id.starts_with(&ours) || in_use.contains(&found.name) {
            continue;
        }
        // Whatever its recorder had come to: it may have been killed while it set the instance up.
        let _ = KernelRecording::discard(&tracefs, &found.name);
    }
    // Probes that somebody else looks at stay: the next run tries again.
    let _ = remove_stray_probes(&tracefs);
    let _ = remove_stray_synthetics(&tracefs);
}

/// Rendezvous files whose processes are gone.
fn remove_files_of_the_dead(folder: &Folder) {
    let remove = |name: &str| {
        let _ = rustix::fs::unlinkat(&folder.fd, name, rustix::fs::AtFlags::empty());
    };
    let owners = Owners::default();
    for found in scan(folder, |_| true) {
        let Ok(definitions) = &found.definitions else {
            continue;
        };
        let head = &definitions.head;
        let is_left = match owners.find(head.pid, head.pid_ns) {
            Owner::Known(process) => !is_alive(&process, head),
            Owner::Gone => true,
            Owner::Hidden => false,
        };
        if is_left {
            remove(&found.name);
        }
    }
    for (name, pid, pid_ns) in unfinished(folder) {
        if matches!(owners.find(pid, pid_ns), Owner::Gone) {
            remove(&name);
        }
    }
}

/// Whether this process is the one of the file and not another with its number: it started then, or
/// (as in a time namespace of its own it started at another time) it has the memory.
fn is_alive(process: &Process, head: &Head) -> bool {
    let started = process
        .pid()
        .is_some_and(|pid| started_at(pid, head.start_time));
    !process.has_ended() && (started || open_memfd(process, head).is_ok())
}

/// Whether the process with this number is the one that started then.
fn started_at(pid: u32, ticks: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    fields
        .split(' ')
        .nth(19)
        .and_then(|field| field.parse().ok())
        == Some(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_whose_recorder_died_setting_it_up_goes() {
        let tracefs = Tracefs::find().expect("tracefs is mounted");
        let name = format!("thalweg-{}-1-0", tag());
        let instance = tracefs.root().join("instances").join(name);
        fs::create_dir(&instance).expect("root can make an instance");
        remove_dead_instances();
        assert!(!instance.exists(), "{instance:?}");
    }
}
