//! Maps and programs in the kernel.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use thalweg_bpf::{Attached, Btf, Kind, Program};
use thalweg_kbuf::Side;
use thalweg_sys::{BpfArray, BpfRing};

use super::SyscallConfig;
use super::attributes::Attributes;
use super::calls::Calls;
use super::copies::RECORD_BYTES;
use super::files::FileOffsets;
use super::filters::{FRONT, Resolved};
use super::own::Own;
use super::program::{LOST, Offsets, Parts, SEEN, STATE_BYTES};
use super::tracked::Tracked;
use crate::attribute::Sets;
use crate::bpf::{LICENSE, check_helpers};
use crate::tasks::Groups;
use crate::{Error, Track};

/// The reader is woken when a ring is filled by this part.
const WAKE_PART: u32 = 8;

/// A program and what it counts on each CPU.
#[derive(Debug)]
pub(super) struct Loaded {
    program: Program,
    attached: Option<Attached>,
    state: BpfArray,
}

/// What a program has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) seen: u64,
    pub(super) lost: u64,
}

/// Maps and programs of a recording.
#[derive(Debug)]
pub(super) struct InKernel {
    pub(super) rings: Vec<(u32, BpfRing)>,
    /// CPUs that were off at the start, and may have come since: they have none.
    without_ring: Vec<u32>,
    programs: [Loaded; 2],
    own: Own,
    /// The rings, as the programs find them.
    array: BpfArray,
    _tracked: Vec<Tracked>,
    /// The programs have them by their descriptors, which the maps below stand behind.
    _maps: Vec<BpfArray>,
}

impl InKernel {
    /// Loads everything; nothing runs before [`Self::attach`].
    pub(super) fn load(
        calls: &Calls,
        ring_bytes: u32,
        (config, filters): (&SyscallConfig, &Resolved<'_>),
        btf: &Btf,
    ) -> Result<Self, Error> {
        check_helpers(btf)?;
        let failed = |source| Error::BpfMap { source };
        let (online, possible) = (cpus("online")?, cpus("possible")?);
        let entries = possible.last().map_or(1, |last| last + 1);
        let rows = rows(calls, &filters.numbers).map_err(failed)?;
        let rings = rings(&online, ring_bytes).map_err(failed)?;
        let of_cpus: Vec<_> = rings
            .iter()
            .map(|(cpu, ring)| (*cpu, ring.as_fd()))
            .collect();
        let array = BpfArray::of_maps(&of_cpus, entries).map_err(failed)?;
        let offsets = Offsets::find(btf)?;
        let own = Own::new().map_err(failed)?;
        let whose = [config.track.as_ref(), config.untrack.as_ref()];
        let tracked = tracked(btf, whose)?;
        let checks: Vec<_> = tracked.iter().map(Tracked::check).collect();
        let attributes = attributes(btf, whose)?;
        let wants_files = config.options.fd_paths;
        let files = wants_files.then(|| FileOffsets::find(btf)).transpose()?;
        let mut maps = Vec::new();
        let mut load = |side, name, tracepoint| -> Result<Loaded, Error> {
            let state = BpfArray::new(STATE_BYTES, entries).map_err(failed)?;
            let records = BpfArray::new(FRONT as u32 + RECORD_BYTES, entries).map_err(failed)?;
            let parts = Parts {
                side,
                offsets,
                own: own.check(),
                tracked: &checks,
                attributes: &attributes,
                wake_bytes: ring_bytes / WAKE_PART,
                rows: rows.as_fd(),
                state: state.as_fd(),
                records: records.as_fd(),
                rings: array.as_fd(),
                files,
                filters: &filters.variants[side as usize],
                stacks: config.stacks,
            };
            let instructions = parts.assemble()?;
            let tracepoint = btf.find(Kind::Typedef, tracepoint)?;
            let program = Program::load(name, &instructions, LICENSE, tracepoint)?;
            maps.push(records);
            Ok(Loaded {
                program,
                attached: None,
                state,
            })
        };
        let entry = load(Side::Entry, "syscall_entry", "btf_trace_sys_enter")?;
        let exit = load(Side::Exit, "syscall_exit", "btf_trace_sys_exit")?;
        maps.push(rows);
        Ok(Self {
            rings,
            without_ring: without(possible, &online),
            programs: [entry, exit],
            own,
            array,
            _tracked: tracked,
            _maps: maps,
        })
    }

    /// Leaves this process out, too.
    pub(super) fn leave_out(&mut self, process: u32) -> Result<(), Error> {
        let added = self.own.add(process);
        added.map_err(|source| Error::BpfMap { source })
    }

    /// Has the programs run from now on: exits first, so that no entry lacks its exit.
    pub(super) fn attach(&mut self) -> Result<(), Error> {
        self.set_stopped(false)?;
        for loaded in self.programs.iter_mut().rev() {
            loaded.attached = Some(loaded.program.attach()?);
        }
        Ok(())
    }

    /// Has them run no more. When this returns `Ok`, none is under way.
    ///
    /// The kernel runs a program inside of an RCU read section, but finds out before that which ones are
    /// attached; so each is told first, by a word that it reads, that nothing is recorded. Then the kernel
    /// is asked to wait for runs that had begun: it does so when a map within a map is exchanged
    /// (Linux 4.18), for whoever does that wants to know that the old one is out of use. `membarrier`
    /// waits, too, but not on a machine with CPUs of `nohz_full`.
    pub(super) fn detach(&mut self) -> Result<(), Error> {
        let told = self.set_stopped(true);
        for loaded in &mut self.programs {
            loaded.attached = None;
        }
        let exchanged = self
            .rings
            .first()
            .map_or(Ok(()), |(cpu, ring)| self.array.put_map(*cpu, ring.as_fd()));
        told.and(exchanged.map_err(|source| Error::BpfMap { source }))
    }

    fn set_stopped(&mut self, is_stopped: bool) -> Result<(), Error> {
        let set = self.own.set_stopped(is_stopped);
        set.map_err(|source| Error::BpfMap { source })
    }

    /// What both programs have counted on a CPU.
    pub(super) fn counts(&self, cpu: u32) -> Result<Counts, Error> {
        let mut counts = Counts::default();
        for loaded in &self.programs {
            let mut value = [0; STATE_BYTES as usize];
            let read = loaded.state.read(cpu, &mut value);
            read.map_err(|source| Error::BpfMap { source })?;
            let word = |at: i16| {
                let bytes = value[at as usize..].first_chunk();
                u64::from_ne_bytes(*bytes.expect("in the value"))
            };
            counts.seen += word(SEEN);
            counts.lost += word(LOST);
        }
        Ok(counts)
    }

    /// The same for all CPUs that have no ring: all that they saw is lost.
    pub(super) fn counts_without_ring(&self) -> Result<Counts, Error> {
        let mut all = Counts::default();
        for cpu in &self.without_ring {
            let counts = self.counts(*cpu)?;
            all.seen += counts.seen;
            all.lost += counts.lost;
        }
        Ok(all)
    }

    /// Calls that the kernel ran no program for, as it ran already on that CPU.
    pub(super) fn missed(&self) -> u64 {
        self.programs
            .iter()
            .map(|loaded| loaded.program.missed())
            .sum()
    }
}

/// A ring for each CPU.
fn rings(cpus: &[u32], bytes: u32) -> io::Result<Vec<(u32, BpfRing)>> {
    let ring = |cpu: &u32| Ok((*cpu, BpfRing::new(bytes)?));
    cpus.iter().map(ring).collect()
}

/// The lists of threads whose calls are recorded, and of those whose are not.
fn tracked(btf: &Btf, whose: [Option<&Track>; 2]) -> Result<Vec<Tracked>, Error> {
    let lists = whose.into_iter().zip([true, false]);
    let start = |(track, are_wanted): (Option<&Track>, bool)| {
        let track = track.filter(|track| track.has_list())?;
        Some(Tracked::start(btf, track, are_wanted))
    };
    lists.filter_map(start).collect()
}

fn attributes(btf: &Btf, whose: [Option<&Track>; 2]) -> Result<Attributes, Error> {
    let groups = Groups::find_all();
    let find = |track: Option<&Track>| match track {
        Some(track) => Sets::find(&track.attributes, &groups),
        None => Ok(Sets::default()),
    };
    let sets = [find(whose[0])?, find(whose[1])?];
    Ok(Attributes::find(btf, sets)?)
}

/// Those that are not among the others.
fn without(cpus: Vec<u32>, others: &[u32]) -> Vec<u32> {
    let is_other = |cpu: &u32| !others.contains(cpu);
    cpus.into_iter().filter(is_other).collect()
}

fn rows(calls: &Calls, filters: &[u16]) -> io::Result<BpfArray> {
    let rows = BpfArray::new(Calls::ROW_BYTES, Calls::ROWS)?;
    for row in 0..Calls::ROWS {
        if let Some(bytes) = calls.row(row, filters) {
            rows.write(row, &bytes)?;
        }
    }
    Ok(rows)
}

/// The CPUs that are on.
///
/// # Errors
/// The kernel does not say.
pub fn online_cpus() -> Result<Vec<u32>, Error> {
    cpus("online")
}

/// The CPUs that the kernel calls so.
pub(crate) fn cpus(which: &str) -> Result<Vec<u32>, Error> {
    let path = Path::new("/sys/devices/system/cpu").join(which);
    let text = fs::read_to_string(&path).map_err(|error| Error::io("read", &path, error))?;
    parse_cpus(&text).ok_or_else(|| {
        let error = io::Error::new(io::ErrorKind::InvalidData, text);
        Error::io("read", &path, error)
    })
}

/// `0-3,8`
fn parse_cpus(text: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        // No kernel has more.
        cpus.extend(first..=last.min(1 << 16));
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_listed_as_the_kernel_does() {
        assert_eq!(parse_cpus("0\n"), Some(vec![0]));
        assert_eq!(parse_cpus("0-2,5,7-8\n"), Some(vec![0, 1, 2, 5, 7, 8]));
        assert_eq!(parse_cpus("\n"), None);
    }
}
