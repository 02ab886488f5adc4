//! What became of a copy.

use super::{Copy, CopyKind, Side, Slot, SyscallRecord};

/// What became of a copy: the labels of `NAME_copy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// All of it is there.
    Whole = 0,
    /// There is more than is copied.
    Cut = 1,
    /// The pointer is null.
    Null = 2,
    /// The memory could not be read: not there, or not in memory yet.
    Fault = 3,
    /// There is nothing: the call failed, so that the kernel wrote nothing, or no such descriptor is open.
    None = 4,
}

impl State {
    pub(super) const LABELS: [(&'static str, Self); 5] = [
        ("whole", Self::Whole),
        ("cut", Self::Cut),
        ("null", Self::Null),
        ("fault", Self::Fault),
        ("none", Self::None),
    ];

    /// What became of the copy in this place.
    pub(super) fn of(record: &SyscallRecord<'_>, copy: Copy, place: usize) -> Self {
        let is_output = matches!(record.side(), Side::Exit) && copy.kind != CopyKind::Text;
        let is_pointer = copy.kind != CopyKind::Path;
        if let Slot::Argument(index) = copy.slot
            && is_pointer
            && record.argument(index) == 0
        {
            return Self::Null;
        }
        if is_output && record.result() < 0 {
            return Self::None;
        }
        let Some(copied) = record.copy(place) else {
            return Self::Cut;
        };
        match (copied.status, copy.kind) {
            (Copy::NULL, CopyKind::Bytes | CopyKind::Gather) => Self::Null,
            (Copy::CLOSED, CopyKind::Path) => Self::None,
            (..0, _) => Self::Fault,
            (len, CopyKind::Text) if len >= Copy::TEXT_BYTES.cast_signed() => Self::Cut,
            (_, CopyKind::Text) => Self::Whole,
            (_, CopyKind::Bytes) => {
                let is_whole = copy.bytes_of(copied.count) <= copied.bytes.len() as u64;
                if is_whole { Self::Whole } else { Self::Cut }
            }
            _ if copied.count & Copy::CUT != 0 => Self::Cut,
            _ if copied.count & Copy::FAULTY != 0 => Self::Fault,
            _ => Self::Whole,
        }
    }

    /// Whether what there is may be believed.
    pub(super) fn has_bytes(self) -> bool {
        matches!(self, Self::Whole | Self::Cut)
    }
}
