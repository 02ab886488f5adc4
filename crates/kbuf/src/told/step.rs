//! The fields that are filled with what is told.

use super::packet;
use super::record::{ForkLayout, ToldKind, ToldLayout};

/// One field, from the body of a record; from nothing, if nothing is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToldStep {
    /// The number of a process, at this place.
    Process(i16),
    /// The inode of a namespace, at this place.
    Namespace(i16),
    /// The numbers of a thread in each pid namespace, behind how many they are.
    Numbers,
    /// Which headers a packet has, and the headers.
    Headers,
}

/// A process that is not known.
const NO_PROCESS: u32 = u32::MAX;

impl ToldStep {
    /// The field of LTTng's with this name, if programs tell it.
    pub(crate) fn of(kind: ToldKind, field: &str) -> Option<Self> {
        match (kind, field) {
            (ToldKind::Fork, "parent_pid") => Some(Self::Process(ForkLayout::PARENT_PID)),
            (ToldKind::Fork, "parent_ns_inum") => Some(Self::Namespace(ForkLayout::PARENT_NS)),
            (ToldKind::Fork, "child_pid") => Some(Self::Process(ForkLayout::CHILD_PID)),
            (ToldKind::Fork, "child_ns_inum") => Some(Self::Namespace(ForkLayout::CHILD_NS)),
            (ToldKind::Fork, "vtids") => Some(Self::Numbers),
            (ToldKind::Fork, _) => None,
            (_, "network_header_type") => Some(Self::Headers),
            _ => None,
        }
    }

    pub(crate) fn run(self, body: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Process(at) => {
                let process = word(body, at).unwrap_or(NO_PROCESS);
                out.extend_from_slice(&process.to_le_bytes());
            }
            Self::Namespace(at) => {
                out.extend_from_slice(&word(body, at).unwrap_or(0).to_le_bytes());
            }
            Self::Numbers => numbers(body, out),
            Self::Headers => packet::encode(body, out),
        }
    }
}

fn numbers(body: &[u8], out: &mut Vec<u8>) {
    let level = word(body, ForkLayout::LEVEL).filter(|level| *level < ForkLayout::LEVELS as u32);
    let count = level.map_or(0, |level| level as usize + 1);
    let begin = (ForkLayout::NUMBERS - ToldLayout::BODY) as usize;
    let numbers = body.get(begin..begin + 4 * count).unwrap_or_default();
    out.push((numbers.len() / 4) as u8);
    out.extend_from_slice(numbers);
}

/// The word at a place of the record that the body is of.
fn word(body: &[u8], at: i16) -> Option<u32> {
    let bytes = body.get((at - ToldLayout::BODY) as usize..)?.first_chunk();
    bytes.map(|bytes| u32::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: &str, body: &[u8], want: &[u8]) {
        let mut out = Vec::new();
        let step = ToldStep::of(ToldKind::Fork, field).unwrap();
        step.run(body, &mut out);
        assert_eq!(out, want, "{field}");
    }

    #[test]
    fn a_fork_tells_processes_namespaces_and_numbers() {
        let words = [5_u32, 6, 7, 8, 1, 0, 30, 2];
        let body: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        check("parent_pid", &body, &[5, 0, 0, 0]);
        check("parent_ns_inum", &body, &[6, 0, 0, 0]);
        check("child_pid", &body, &[7, 0, 0, 0]);
        check("child_ns_inum", &body, &[8, 0, 0, 0]);
        check("vtids", &body, &[2, 30, 0, 0, 0, 2, 0, 0, 0]);
        check("vtids", &body[..28], &[0]);
        let mut deep = body;
        deep[16] = 200;
        check("vtids", &deep, &[0]);
    }

    #[test]
    fn what_is_not_told_is_marked() {
        check("parent_pid", &[], &[0xff; 4]);
        check("child_ns_inum", &[], &[0; 4]);
        check("vtids", &[], &[0]);
        assert_eq!(ToldStep::of(ToldKind::Fork, "parent_tid"), None);
        assert_eq!(ToldStep::of(ToldKind::Rx, "len"), None);
    }
}
