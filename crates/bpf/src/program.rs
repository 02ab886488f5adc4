//! A program in the kernel: loaded, or refused with the verifier's reasons; attached, or not.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use thalweg_sys::{
    BpfProbe, bpf_attach_probe, bpf_attach_tracepoint, bpf_attach_tracing, bpf_load_probe,
    bpf_load_tracepoint, bpf_load_tracing,
};

use crate::btf::TypeId;

/// The verifier's log of a program that it refuses.
const LOG_BYTES: usize = 1 << 20;
/// So many of its last lines tell why.
const LAST_LINES: usize = 12;

/// Why a program does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel's verifier found something.
    #[error("load the program {name}: the kernel's verifier refuses it: {reason}")]
    Refused {
        /// The program.
        name: &'static str,
        /// The verifier's last lines.
        reason: String,
    },
    /// The kernel does not load it, and says no more than this.
    #[error("load the program {name}: {source}{}", advice(source))]
    Load {
        /// The program.
        name: &'static str,
        /// The system's word.
        source: io::Error,
    },
    /// The kernel does not run it where it was to.
    #[error("attach the program {name}: {source}")]
    Attach {
        /// The program.
        name: &'static str,
        /// The system's word.
        source: io::Error,
    },
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; root, or CAP_BPF with CAP_PERFMON, may",
        _ => "",
    }
}

/// A program that the kernel has accepted.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    point: Point,
    fd: OwnedFd,
}

/// Where a program runs.
#[derive(Debug)]
enum Point {
    /// At the raw tracepoint that it was loaded for.
    Raw,
    /// At the event of tracefs with this number.
    Event(u16),
    /// At a probe of its own.
    Probe(BpfProbe),
}

impl Program {
    /// Loads a program for the raw tracepoint whose `btf_trace_…` type is given.
    ///
    /// # Errors
    /// The verifier's reasons, or the system's.
    pub fn load(
        name: &'static str,
        instructions: &[u64],
        license: &CStr,
        tracepoint: TypeId,
    ) -> Result<Self, Error> {
        let load = |log: &mut [u8]| bpf_load_tracing(instructions, license, tracepoint.0, log);
        Self::load_by(name, Point::Raw, load)
    }

    /// Loads a program for the event of tracefs with this number, whose record it looks at.
    ///
    /// # Errors
    /// The verifier's reasons, or the system's.
    pub fn load_for_event(
        name: &'static str,
        instructions: &[u64],
        license: &CStr,
        event: u16,
    ) -> Result<Self, Error> {
        let load = |log: &mut [u8]| bpf_load_tracepoint(instructions, license, log);
        Self::load_by(name, Point::Event(event), load)
    }

    /// Loads a program for a probe, which is set when the program is attached, and goes with it.
    ///
    /// # Errors
    /// The verifier's reasons, or the system's.
    pub fn load_for_probe(
        name: &'static str,
        instructions: &[u64],
        license: &CStr,
        probe: BpfProbe,
    ) -> Result<Self, Error> {
        let load = |log: &mut [u8]| bpf_load_probe(instructions, license, log);
        Self::load_by(name, Point::Probe(probe), load)
    }

    fn load_by(
        name: &'static str,
        point: Point,
        load: impl Fn(&mut [u8]) -> io::Result<OwnedFd>,
    ) -> Result<Self, Error> {
        // A log costs time and memory; it is asked for when there is something to tell.
        let fd = load(&mut []).map_err(|source| {
            let mut log = vec![0; LOG_BYTES];
            let _ = load(&mut log);
            match reason(&log) {
                reason if reason.is_empty() => Error::Load { name, source },
                reason => Error::Refused { name, reason },
            }
        })?;
        Ok(Self { name, point, fd })
    }

    /// Has it run from now on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn attach(&self) -> Result<Attached, Error> {
        let name = self.name;
        let attached = match &self.point {
            Point::Raw => bpf_attach_tracing(self.fd.as_fd()),
            // The first CPU is on in all but strange machines; any that is on will do.
            Point::Event(event) => bpf_attach_tracepoint(self.fd.as_fd(), (*event).into(), 0),
            Point::Probe(probe) => bpf_attach_probe(self.fd.as_fd(), probe, 0),
        };
        match attached {
            Ok(link) => Ok(Attached { _link: link }),
            Err(source) => Err(Error::Attach { name, source }),
        }
    }

    /// How often it was to run while it ran already on the same processor, and did not.
    pub fn missed(&self) -> u64 {
        let path = format!("/proc/self/fdinfo/{}", self.fd.as_raw_fd());
        let text = std::fs::read_to_string(path).unwrap_or_default();
        missed(&text)
    }
}

/// A program that runs; dropping this ends it, but for runs that have begun.
#[derive(Debug)]
pub struct Attached {
    _link: OwnedFd,
}

fn missed(fdinfo: &str) -> u64 {
    let lines = fdinfo.lines();
    let mut counts = lines.filter_map(|line| line.strip_prefix("recursion_misses:"));
    counts
        .next()
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or(0)
}

/// The last lines of a log: the verifier ends with what it cannot accept, behind a summary.
fn reason(log: &[u8]) -> String {
    let text = log.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("processed "))
        .collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_the_verifiers_last_lines() {
        let log = b"0: (b7) r0 = 1\n1: (79) r2 = *(u64 *)(r1 +99)\ninvalid access\n\
            processed 2 insns (limit 1000000)\n\0\0\0";
        assert_eq!(
            reason(log),
            "0: (b7) r0 = 1; 1: (79) r2 = *(u64 *)(r1 +99); invalid access"
        );
        let long = "step\n".repeat(100) + "too bad\n";
        assert!(reason(long.as_bytes()).ends_with("step; too bad"));
        assert_eq!(
            reason(long.as_bytes()).matches("step").count(),
            LAST_LINES - 1
        );
        assert_eq!(reason(&[0; 9]), "");
    }

    #[test]
    fn runs_that_were_left_out_are_counted_by_the_kernel() {
        let text = "pos:\t0\nprog_type:\t26\nrecursion_misses:\t7\nverified_insns:\t9\n";
        assert_eq!(missed(text), 7);
        assert_eq!(missed("pos:\t0\n"), 0);
    }
}
