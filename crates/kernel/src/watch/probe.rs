//! The fields of a probe: what it fetches, as a program reads it from the registers at R6.
//!
//! ```text
//!   n=%di:s32   name=+0(%si):string   ret=$retval:s64      the kernel's words for it
//! ```
//!
//! A number in memory is copied before it is looked at, as a text is.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use thalweg_bpf::Register::R6;
use thalweg_bpf::{BpfProbe, Btf, BtfError};
use thalweg_filter::tracefs::Width;

use super::field::{COMMON, EventFields, Found, Pointer, TextSource, common};
use super::syscall::timed;
use crate::Error;
use crate::bpf::find_offset;
use crate::predicate::{Integer, Place};
use crate::probes::{Probe, Target};

/// The registers that a probe may fetch from, and what returns are in.
const REGISTERS: [&str; 17] = [
    "ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip", "r8", "r9", "r10", "r11", "r12", "r13",
    "r14", "r15",
];
const RESULT: &str = "ax";

/// A probe that is watched.
#[derive(Clone, Debug)]
pub(super) struct ProbeEvent {
    pub(super) probe: Probe,
    fields: Vec<(String, Found)>,
    /// Whether the duration of a function is asked for.
    pub(super) is_timed: bool,
}

impl EventFields for ProbeEvent {
    fn find(&self, name: &str) -> Option<Found> {
        let own = self.fields.iter().find(|(known, _)| known == name);
        if let Some((_, found)) = own {
            return Some(found.clone());
        }
        match name {
            "latency" if self.probe.is_return => Some(Found::Number(timed())),
            "latency" => Some(Found::Closed(
                "it is known when the function returns: put %return behind its name".to_owned(),
            )),
            _ => common(name),
        }
    }

    fn names(&self) -> Vec<&str> {
        let own = self.fields.iter().map(|(name, _)| name.as_str());
        let latency = self.probe.is_return.then_some("latency");
        own.chain(latency).chain(COMMON).collect()
    }
}

impl ProbeEvent {
    pub(super) fn new(probe: Probe, is_timed: bool, btf: &Btf) -> Result<Self, BtfError> {
        let is_user = matches!(probe.target, Target::Program { .. });
        let mut fields = Vec::new();
        for argument in &probe.arguments {
            let Some((name, fetch)) = argument.split_once('=') else {
                continue;
            };
            let found = match fetch.rsplit_once(':') {
                Some((from, kind)) => found(from, kind, is_user, btf)?,
                None => None,
            };
            let closed = || Found::Closed(format!("programs in the kernel cannot fetch {fetch}"));
            fields.push((name.to_owned(), found.unwrap_or_else(closed)));
        }
        Ok(Self {
            probe,
            fields,
            is_timed,
        })
    }

    /// Where it is set; at the function's call, if that is wanted of its return.
    pub(super) fn place(&self, is_return: bool) -> Result<BpfProbe, Error> {
        let (source, name, offset, semaphore) = match &self.probe.target {
            Target::Program {
                file,
                offset,
                semaphore_offset,
            } => {
                let name = file.as_os_str().as_bytes().to_vec();
                ("uprobe", name, *offset, semaphore_offset.unwrap_or(0))
            }
            Target::Kernel(symbol) => {
                let (symbol, offset) = symbol.split_once('+').unwrap_or((symbol, "0"));
                let digits = offset.trim_start_matches("0x");
                let base = if digits.len() < offset.len() { 16 } else { 10 };
                let offset = u64::from_str_radix(digits, base).unwrap_or(0);
                ("kprobe", symbol.as_bytes().to_vec(), offset, 0)
            }
        };
        let refused = |why: &str| Error::Probe {
            probe: self.probe.name.clone(),
            why: why.to_owned(),
        };
        let path = Path::new("/sys/bus/event_source/devices")
            .join(source)
            .join("type");
        let number = fs::read_to_string(&path).unwrap_or_default();
        let none = format!(
            "this kernel has no {source}s, there is no {}",
            path.display()
        );
        Ok(BpfProbe {
            source: number.trim().parse().map_err(|_| refused(&none))?,
            name: CString::new(name).map_err(|_| refused("its file has a strange name"))?,
            offset,
            is_return,
            semaphore_offset: u32::try_from(semaphore)
                .map_err(|_| refused("its semaphore lies too far away"))?,
        })
    }
}

/// What a fetch is to a program, if it can do it.
fn found(from: &str, kind: &str, is_user: bool, btf: &Btf) -> Result<Option<Found>, BtfError> {
    let register = |name: &str| match REGISTERS.contains(&name) {
        true => find_offset(btf, "pt_regs", name).map(Some),
        false => Ok(None),
    };
    if from == "$comm" {
        return Ok(Some(Found::Text(TextSource::Comm)));
    }
    let name = match from {
        "$retval" => Some(RESULT),
        from => from.strip_prefix('%'),
    };
    if let Some(name) = name {
        let (Some(at), Some(trace)) = (register(name)?, width(kind)) else {
            return Ok(None);
        };
        let whole = Integer::plain(Place::Memory(R6, at), 64, false);
        return Ok(Some(Found::Number(Integer { trace, ..whole })));
    }
    let Some((add, name)) = dereference(from) else {
        return Ok(None);
    };
    let name = if name == "$retval" {
        Some(RESULT)
    } else {
        name.strip_prefix('%')
    };
    let Some(at) = name.map(register).transpose()?.flatten() else {
        return Ok(None);
    };
    let pointer = Pointer {
        base: R6,
        at,
        add,
        is_user,
    };
    Ok(match (kind, width(kind)) {
        ("string" | "ustring", _) => Some(Found::Text(TextSource::Pointer(pointer))),
        (_, Some(width)) => Some(Found::Peek(pointer, width)),
        _ => None,
    })
}

/// `+8(%di)`: 8 and `%di`.
fn dereference(from: &str) -> Option<(i32, &str)> {
    let (offset, rest) = from.strip_suffix(')')?.split_once('(')?;
    Some((offset.trim_start_matches('+').parse().ok()?, rest))
}

fn width(kind: &str) -> Option<Width> {
    let (sign, bits) = kind.split_at_checked(1)?;
    let bits = bits
        .parse()
        .ok()
        .filter(|bits| [8, 16, 32, 64].contains(bits))?;
    match sign {
        "s" => Some(Width { bits, signed: true }),
        "u" | "x" => Some(Width {
            bits,
            signed: false,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_is_taken_apart() {
        assert_eq!(dereference("+8(%di)"), Some((8, "%di")));
        assert_eq!(dereference("-4(%bp)"), Some((-4, "%bp")));
        assert_eq!(dereference("+0(+8(%di))"), Some((0, "+8(%di)")));
        assert_eq!(dereference("%di"), None);
        assert_eq!(
            width("s32"),
            Some(Width {
                bits: 32,
                signed: true
            })
        );
        assert_eq!(
            width("x64"),
            Some(Width {
                bits: 64,
                signed: false
            })
        );
        assert_eq!(
            [width("s12"), width("char"), width("s32[4]"), width("")],
            [None; 4]
        );
    }
}
