//! What processes had mapped when the recording began, and where the kernel lies: as if it were mapped
//! now.
//!
//! ```text
//!   /proc/PID/maps, the files' build ids ──▶ perf_mmap2, one for each executable mapping
//!   /proc/kallsyms, /sys/kernel/notes    ──▶ perf_mmap2 of pid -1, `[kernel.kallsyms]_text`
//!   /proc/modules                        ──▶ perf_mmap2 of pid -1, `[MODULE]`
//! ```
//!
//! Invariant: it takes a bounded time; what there was no time for is not there.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thalweg_kernel::PerfMapping;

use super::feed::{FeedEvent, Outlet};
use crate::clock::SessionClock;
use crate::context::procname;
use crate::statedump::{MAX_MAPS, Mapping, build_id_in_notes, examine, mappings, open_mapped};

/// How long it may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Events in a batch.
const BATCH: usize = 256;
const BUILD_ID_BYTES: usize = 20;

/// Tells what these processes have mapped, or all, and the kernel.
pub(super) fn tell(processes: Option<&[u32]>, clock: &SessionClock, outlet: &Outlet) {
    let end = Instant::now() + PATIENCE;
    let mut teller = Teller {
        clock,
        outlet,
        end,
        events: Vec::new(),
        build_ids: HashMap::new(),
    };
    teller.tell_kernel();
    let all = || numbered(Path::new("/proc")).collect();
    let processes = processes.map_or_else(all, <[u32]>::to_vec);
    for process in processes {
        if Instant::now() >= end {
            break;
        }
        if process != std::process::id() && teller.tell_process(process).is_none() {
            return;
        }
    }
    teller.hand_over();
}

struct Teller<'a> {
    clock: &'a SessionClock,
    outlet: &'a Outlet,
    end: Instant,
    events: Vec<FeedEvent>,
    /// A file that many processes have mapped is read once.
    build_ids: HashMap<(u64, Vec<u8>), Vec<u8>>,
}

impl Teller<'_> {
    /// `None`, if nobody wants it any more.
    fn tell_process(&mut self, process: u32) -> Option<()> {
        let folder = PathBuf::from(format!("/proc/{process}"));
        let mut text = Vec::new();
        let read = File::open(folder.join("maps"));
        let read = read.and_then(|maps| maps.take(MAX_MAPS).read_to_end(&mut text));
        let (Ok(_), Ok(comm)) = (read, fs::read(folder.join("comm"))) else {
            return Some(());
        };
        let comm = comm.strip_suffix(b"\n").unwrap_or(&comm);
        let end = self.end;
        let executable = mappings(&text).filter(|mapping| mapping.is_executable);
        for mapping in executable.take_while(|_| Instant::now() < end) {
            let build_id = self.build_id(&folder, &mapping);
            let pid = process.cast_signed();
            self.push(
                &PerfMapping {
                    pid,
                    tid: pid,
                    start: mapping.start,
                    length: mapping.end - mapping.start,
                    offset: mapping.offset,
                    build_id: &build_id,
                    filename: &mapping.path,
                },
                comm,
            );
        }
        match self.events.len() < BATCH {
            true => Some(()),
            false => self.hand_over(),
        }
    }

    fn build_id(&mut self, folder: &Path, mapping: &Mapping) -> Vec<u8> {
        if mapping.inode == 0 {
            return Vec::new();
        }
        let key = (mapping.inode, mapping.path.clone());
        let find = || {
            let elf = examine(&open_mapped(folder, mapping)?)?;
            elf.build_id.filter(|id| id.len() <= BUILD_ID_BYTES)
        };
        let known = self.build_ids.entry(key);
        known.or_insert_with(|| find().unwrap_or_default()).clone()
    }

    fn tell_kernel(&mut self) {
        let notes = fs::read("/sys/kernel/notes").unwrap_or_default();
        let build_id = build_id_in_notes(&notes).unwrap_or_default();
        if let Some((start, length)) = kernel_text() {
            let name = b"[kernel.kallsyms]_text";
            self.push_kernel((start, length), &build_id, name);
        }
        for (name, start, length) in
            modules(&fs::read_to_string("/proc/modules").unwrap_or_default())
        {
            let notes = format!("/sys/module/{name}/notes/.note.gnu.build-id");
            let notes = fs::read(notes).unwrap_or_default();
            let build_id = build_id_in_notes(&notes).unwrap_or_default();
            self.push_kernel((start, length), &build_id, format!("[{name}]").as_bytes());
        }
    }

    fn push_kernel(&mut self, (start, length): (u64, u64), build_id: &[u8], filename: &[u8]) {
        let mapping = PerfMapping {
            pid: -1,
            tid: 0,
            start,
            length,
            offset: start,
            build_id,
            filename,
        };
        self.push(&mapping, b"");
    }

    fn push(&mut self, mapping: &PerfMapping<'_>, comm: &[u8]) {
        let mut bytes = Vec::new();
        bytes.extend(mapping.pid.to_le_bytes());
        bytes.extend(mapping.tid.to_le_bytes());
        bytes.extend(&procname(comm)[..16]);
        mapping.encode(&mut bytes);
        self.events.push(FeedEvent {
            time: self.clock.now(),
            place: 0,
            bytes,
        });
    }

    fn hand_over(&mut self) -> Option<()> {
        let events = std::mem::take(&mut self.events);
        self.outlet.send(0, events).then_some(())
    }
}

/// Where the kernel's code is; `None` if the kernel does not say, as it does not to everybody.
fn kernel_text() -> Option<(u64, u64)> {
    let file = BufReader::new(File::open("/proc/kallsyms").ok()?);
    let (mut start, mut end) = (None, None);
    for line in file.lines().map_while(Result::ok) {
        let mut words = line.split(' ');
        let address = words
            .next()
            .and_then(|word| u64::from_str_radix(word, 16).ok());
        match words.nth(1) {
            Some("_text") => start = address,
            Some("_etext") => end = address,
            _ => {}
        }
        if let (Some(start), Some(end)) = (start, end) {
            return (start != 0).then(|| (start, end.saturating_sub(start)));
        }
    }
    None
}

/// `name size count by state 0xaddress`
fn modules(text: &str) -> impl Iterator<Item = (&str, u64, u64)> {
    text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let start = words.get(5)?.strip_prefix("0x")?;
        let start = u64::from_str_radix(start, 16).ok()?;
        let length = words.get(1)?.parse().ok()?;
        (start != 0).then_some((*words.first()?, start, length))
    })
}

fn numbered(folder: &Path) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_has_a_place_unless_that_is_hidden() {
        let text =
            "tun 61440 2 - Live 0xffffffffc0a1d000\nx 7 0 - Live 0x0000000000000000\nshort\n";
        let found: Vec<_> = modules(text).collect();
        assert_eq!(found, [("tun", 0xffff_ffff_c0a1_d000, 61440)]);
    }
}
