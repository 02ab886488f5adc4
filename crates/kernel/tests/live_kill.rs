//! A recorder that is killed at any instant loses no event and writes none twice.
//!
//! A drainer process adopts the instance, writes packets to files and is killed with SIGKILL after
//! a random time; the next one goes on behind the last whole packet on disk. At the end, a thread
//! that made N calls must have N entries and N exits, in turns, or counted losses.

mod common;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{Caller, Collected, getppid_of, tracefs};
use thalweg_kernel::{
    HeaderKind, KernelConfig, KernelContexts, KernelPacket, KernelRecording, Naming, Resume,
};
use thalweg_model::Timestamp;

const INSTANCE: &str = "THALWEG_TEST_INSTANCE";
const FOLDER: &str = "THALWEG_TEST_FOLDER";
const LANDINGS: &str = "THALWEG_TEST_LANDINGS";
/// begin, end, lost, events, length of the records
const HEAD: usize = 40;

fn file_of(folder: &Path, cpu: u32) -> PathBuf {
    folder.join(cpu.to_string())
}

fn bytes_of(packet: &KernelPacket<'_>) -> Vec<u8> {
    let head = [
        packet.begin.0,
        packet.end.0,
        packet.lost_total,
        packet.events,
        packet.records.len() as u64,
    ];
    let mut bytes: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend_from_slice(packet.records);
    bytes
}

/// The whole packets of a file, and where they end.
fn packets(cpu: u32, bytes: &[u8]) -> (Vec<KernelPacket<'_>>, usize) {
    let (mut at, mut packets) = (0, Vec::new());
    while let Some(head) = bytes.get(at..at + HEAD) {
        let word = |n: usize| u64::from_le_bytes(head[8 * n..8 * n + 8].try_into().unwrap());
        let from = at + HEAD;
        let Some(records) = bytes.get(from..from + word(4) as usize) else {
            break;
        };
        packets.push(KernelPacket {
            cpu,
            begin: Timestamp(word(0)),
            end: Timestamp(word(1)),
            lost_total: word(2),
            events: word(3),
            follows_loss: false,
            records,
            parts: &[],
        });
        at = from + records.len();
    }
    (packets, at)
}

/// Cuts torn tails off, and says where each file ends.
fn resume(folder: &Path) -> Vec<Resume> {
    let mut resume = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let cpu = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
        let bytes = fs::read(&path).unwrap();
        let (packets, end) = packets(cpu, &bytes);
        OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(end as u64)
            .unwrap();
        if let Some(last) = packets.last() {
            resume.push(Resume {
                cpu,
                after: last.end,
                lost_total: last.lost_total,
            });
        }
    }
    resume
}

struct Files {
    folder: PathBuf,
    open: BTreeMap<u32, File>,
}

impl Files {
    fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            open: BTreeMap::new(),
        }
    }

    fn write(&mut self, packet: &KernelPacket<'_>) -> Result<(), Infallible> {
        let path = file_of(&self.folder, packet.cpu);
        let file = self.open.entry(packet.cpu).or_insert_with(|| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .unwrap()
        });
        file.write_all(&bytes_of(packet)).unwrap();
        Ok(())
    }
}

/// The file of pages that a dead drainer was reading, which its parent holds.
fn landings_of(pid: u32, file: &OwnedFd) -> PathBuf {
    format!("/proc/{pid}/fd/{}", file.as_raw_fd()).into()
}

fn open(path: &Path) -> OwnedFd {
    let file = OpenOptions::new().read(true).write(true).open(path);
    file.unwrap().into()
}

fn adopt(name: &str, folder: &Path, landings: OwnedFd) -> KernelRecording {
    let mut recording = KernelRecording::adopt(
        &tracefs(),
        name,
        Naming::Lttng,
        KernelContexts::default(),
        &resume(folder),
        Some(landings),
    )
    .unwrap();
    let ids = recording
        .events()
        .iter()
        .map(|e| u32::from(e.name.contains("exit")));
    let ids: Vec<u32> = ids.collect();
    assert_eq!(ids.len(), 2);
    recording.set_ids(HeaderKind::Compact, &ids);
    recording
}

#[test]
#[ignore = "the process that the other tests of this file start and kill"]
fn drainer() {
    let var = |name| std::env::var(name).ok();
    let (Some(name), Some(folder), Some(landings)) = (var(INSTANCE), var(FOLDER), var(LANDINGS))
    else {
        return;
    };
    let folder = PathBuf::from(folder);
    let mut recording = adopt(&name, &folder, open(landings.as_ref()));
    let mut files = Files::new(&folder);
    let cpus: Vec<u32> = recording.cpus().collect();
    for round in 0_u64.. {
        for &cpu in &cpus {
            let sink = &mut |packet: &KernelPacket<'_>| files.write(packet);
            // Cut pages that the kernel still writes to as well, as a live reader does.
            let drained = match round % 3 {
                0 => recording.flush(cpu, sink),
                _ => recording.drain(cpu, sink),
            };
            drained.unwrap();
        }
    }
}

fn start_drainer(name: &str, folder: &Path, landings: &OwnedFd) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "drainer", "--ignored"])
        .env(INSTANCE, name)
        .env(FOLDER, folder)
        .env(LANDINGS, landings_of(std::process::id(), landings))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// 48 bytes in the ring each: 40 drainers that live 60 ms and never read leave less than 64 MiB.
const CALLS_EACH_MS: u64 = 500;
/// More than a ring of 64 KiB holds.
const CALLS_BETWEEN: u64 = 2000;

fn bytes_in(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}

/// The process that holds an instance.
fn holder(name: &str) -> Option<i32> {
    let all = KernelRecording::list_instances(&tracefs()).unwrap();
    let found = all.iter().find(|found| found.name == name);
    found
        .unwrap_or_else(|| panic!("{name} is not in {all:?}"))
        .holder
}

/// Kills drainers while `calls` calls are made, and reads the files back.
fn record(config: &KernelConfig, caller: &Caller, kills: u32) -> (u64, Collected) {
    let folder = std::env::temp_dir().join(format!("thalweg-kill-{}", config.id));
    fs::create_dir_all(&folder).unwrap();
    let (recording, _) = KernelRecording::start(&tracefs(), config).unwrap();
    let name = recording.name().to_owned();
    recording.resume().unwrap();
    let landings = recording.landings().try_clone_to_owned().unwrap();
    // As if this process had died: the instance stays, and nobody holds it.
    drop(recording);
    let (mut calls, mut random) = (0, 0x9e37_79b9_7f4a_7c15_u64);
    let (mut wrote, mut on_disk) = (0, 0);
    for _ in 0..kills {
        let mut drainer = start_drainer(&name, &folder, &landings);
        while holder(&name).is_none() {
            assert!(
                drainer.try_wait().unwrap().is_none(),
                "the drainer ended by itself"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let until = std::time::Instant::now() + Duration::from_micros(10_000 + random % 50_000);
        while std::time::Instant::now() < until {
            caller.call(CALLS_EACH_MS);
            calls += CALLS_EACH_MS;
            std::thread::sleep(Duration::from_millis(1));
        }
        drainer.kill().unwrap();
        drainer.wait().unwrap();
        // Nobody drains now.
        caller.call(CALLS_BETWEEN);
        calls += CALLS_BETWEEN;
        let now = bytes_in(&folder);
        wrote += u32::from(now > on_disk);
        on_disk = now;
    }
    println!("{wrote} of {kills} drainers wrote before they were killed");
    assert!(
        wrote >= kills / 4,
        "{wrote} of {kills} drainers came to write"
    );
    let mut files = Files::new(&folder);
    let mut last = adopt(&name, &folder, landings);
    last.stop().unwrap();
    last.drain_all(&mut |packet| files.write(packet)).unwrap();
    last.remove().unwrap();
    let mut collected = Collected::default();
    for &Resume { cpu, .. } in &resume(&folder) {
        let bytes = fs::read(file_of(&folder, cpu)).unwrap();
        for packet in packets(cpu, &bytes).0 {
            collected.take(&packet, &[0, 8]).unwrap();
        }
    }
    fs::remove_dir_all(&folder).unwrap();
    (calls, collected)
}

#[test]
fn killed_recorders_lose_nothing_and_write_nothing_twice() {
    let caller = Caller::start();
    let config = KernelConfig {
        buffer_bytes_per_cpu: 64 << 20,
        ..getppid_of(caller.tid, "kill")
    };
    let (calls, collected) = record(&config, &caller, 40);
    println!(
        "{calls} calls in {} packets under 40 kills",
        collected.packets
    );
    assert_eq!(collected.lost(), 0, "the ring was large enough");
    assert_eq!((collected.count(0), collected.count(1)), (calls, calls));
    let mut all: Vec<_> = collected.events.into_values().flatten().collect();
    all.sort_unstable();
    let turns = all.iter().zip([0, 1].into_iter().cycle());
    assert!(
        turns.clone().all(|(seen, id)| seen.id == id),
        "entry and exit take turns"
    );
}

#[test]
fn killed_recorders_count_what_a_small_ring_loses() {
    let caller = Caller::start();
    let config = KernelConfig {
        buffer_bytes_per_cpu: 64 << 10,
        ..getppid_of(caller.tid, "kill-small")
    };
    let (calls, collected) = record(&config, &caller, 15);
    println!("{calls} calls, {} lost under 15 kills", collected.lost());
    assert!(collected.lost() > 0, "the ring was not small enough");
    assert_eq!(
        collected.count(0) + collected.count(1) + collected.lost(),
        2 * calls
    );
}

#[test]
fn an_instance_that_was_never_set_up_can_be_discarded() {
    let name = format!("kernel-test-bare-{}", std::process::id());
    fs::create_dir(tracefs().root().join("instances").join(&name)).unwrap();
    let error = KernelRecording::adopt(
        &tracefs(),
        &name,
        Naming::Lttng,
        KernelContexts::default(),
        &[],
        None,
    )
    .unwrap_err();
    assert!(
        error.to_string().starts_with("set the trace clock"),
        "{error}"
    );
    KernelRecording::discard(&tracefs(), &name).unwrap();
    let error = KernelRecording::discard(&tracefs(), &name).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("open the trace instance {name}: there is none")
    );
}

#[test]
fn an_instance_that_a_living_process_holds_is_left_alone() {
    let caller = Caller::start();
    let config = getppid_of(caller.tid, "held");
    let (recording, _) = KernelRecording::start(&tracefs(), &config).unwrap();
    let name = recording.name().to_owned();
    let again = KernelRecording::start(&tracefs(), &config).unwrap_err();
    assert!(again.to_string().contains("it exists"), "{again}");
    let landings = recording.landings().try_clone_to_owned().unwrap();
    drop(recording);
    let folder = std::env::temp_dir().join(format!("thalweg-held-{}", config.id));
    fs::create_dir_all(&folder).unwrap();
    let mut drainer = start_drainer(&name, &folder, &landings);
    let holder = || holder(&name);
    while holder().is_none() {
        assert!(
            drainer.try_wait().unwrap().is_none(),
            "the drainer ended by itself"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    let pid = drainer.id().cast_signed();
    assert_eq!(holder(), Some(pid));
    let error = KernelRecording::adopt(
        &tracefs(),
        &name,
        Naming::Lttng,
        KernelContexts::default(),
        &[],
        None,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("take the trace instance {name}: process {pid} holds it")
    );
    drainer.kill().unwrap();
    drainer.wait().unwrap();
    assert_eq!(holder(), None);
    // Removing works right after the reader's death.
    let adopted = KernelRecording::adopt(
        &tracefs(),
        &name,
        Naming::Lttng,
        KernelContexts::default(),
        &[],
        None,
    )
    .unwrap();
    assert_eq!(holder(), Some(std::process::id().cast_signed()));
    adopted.remove().unwrap();
    let left = KernelRecording::list_instances(&tracefs()).unwrap();
    assert!(left.iter().all(|found| found.name != name));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn who_looks_for_dead_recorders_stops_no_new_one() {
    let stop = std::sync::atomic::AtomicBool::new(false);
    let caller = Caller::start();
    let name = format!("kernel-test-race-{}", std::process::id());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                // Mostly refused: there is none, or it is held.
                let _ = KernelRecording::discard(&tracefs(), &name);
                std::thread::sleep(Duration::from_micros(20));
            }
        });
        for _ in 0..20 {
            let config = getppid_of(caller.tid, "race");
            let started = KernelRecording::start(&tracefs(), &config);
            let removed = started.and_then(|(recording, _)| recording.remove());
            if removed.is_err() {
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            removed.unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
