//! What a field is before it has a place: a number that lies somewhere, or a text to be copied.

use thalweg_bpf::{Helper, Register};
use thalweg_filter::Context;
use thalweg_filter::tracefs::Width;

use crate::predicate::{Integer, Place};

/// A field of an event, as a program finds it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// A number.
    Number(Integer),
    /// So many numbers, one behind the other; the first.
    List(Integer, u32),
    /// A text, which is copied before it is looked at.
    Text(TextSource),
    /// A number that an address leads to, which is copied before it is looked at.
    Peek(Pointer, Width),
    /// A text that a number stands for.
    Names(Integer, Names),
    /// Neither; why.
    Closed(String),
}

/// What the numbers of a text are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Those of system calls.
    Syscalls,
    /// The events of the watch, in their order.
    Events,
}

/// An address, and what is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    /// In memory that a program sees: from where, and how far behind.
    pub(super) base: Register,
    pub(super) at: i16,
    pub(super) add: i32,
    /// Whether it is one of the running process.
    pub(super) is_user: bool,
}

/// Where a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextSource {
    /// The thread's name.
    Comm,
    /// The record, from this byte on, so many bytes.
    Record(i16, u16),
    /// Where in the record this word says; counted from the record's front, or from behind the word.
    Location(i16, bool),
    /// Where an address leads to.
    Pointer(Pointer),
}

impl TextSource {
    /// Most that is copied of texts without a limit of their own, NUL included.
    pub(super) const ROOM: i16 = 128;

    /// Bytes that a copy takes, NUL included, and whether it may have been cut.
    pub(super) const fn room(self) -> (i16, bool) {
        match self {
            Self::Comm => (16, false),
            Self::Record(_, bytes) if bytes as i16 <= Self::ROOM => (bytes as i16, false),
            _ => (Self::ROOM, true),
        }
    }
}

/// The fields of an event.
pub(super) trait EventFields {
    /// The field of this name, the event's own first.
    fn find(&self, name: &str) -> Option<Found>;

    /// The names to choose from.
    fn names(&self) -> Vec<&str>;
}

/// What every event has: who runs, and where.
pub(super) const COMMON: [&str; 7] = ["comm", "pid", "tid", "cpu", "uid", "gid", "cgroup"];

/// What of that a name means.
pub(super) fn common(name: &str) -> Option<Found> {
    let helper = |helper, bit, bits, signed| {
        let place = Place::Helper(helper, bit);
        Some(Found::Number(Integer::plain(place, bits, signed)))
    };
    match name {
        "comm" => Some(Found::Text(TextSource::Comm)),
        "pid" => helper(Helper::GetCurrentPidTgid, 32, 32, true),
        "tid" => helper(Helper::GetCurrentPidTgid, 0, 32, true),
        "cpu" => helper(Helper::GetSmpProcessorId, 0, 32, false),
        "uid" => helper(Helper::GetCurrentUidGid, 0, 32, false),
        "gid" => helper(Helper::GetCurrentUidGid, 32, 32, false),
        "cgroup" => helper(Helper::GetCurrentCgroupId, 0, 64, false),
        _ => None,
    }
}

/// The same by the names of contexts.
pub(super) fn context(context: Context) -> Option<Found> {
    match context {
        Context::Tid => common("tid"),
        Context::Procname => common("comm"),
        Context::CpuId => common("cpu"),
        _ => None,
    }
}
