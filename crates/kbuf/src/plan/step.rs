//! The steps of a plan, and how they are put together.

use std::sync::Arc;

use crate::format::{Element, Field, Shape};
use crate::ftrace::{Step, Symbols};
use crate::page::u32_at;
use crate::told::{ToldKind, ToldStep};

/// One step. `at` is an offset in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Bytes as they are.
    Copy { at: u16, len: u16 },
    /// An integer in more bytes than the kernel has.
    Widen {
        at: u16,
        from: u8,
        signed: bool,
        to: u8,
    },
    /// A 32-bit number without a sign in one byte; what does not fit is its largest number.
    Cap { at: u16 },
    /// As many bytes of eight, behind their number of 32 bits, as an earlier number says.
    Bytes { len_at: u16, at: u16 },
    /// A 32-bit number with something added.
    Add { at: u16, add: i32 },
    /// An integer, its most significant byte first.
    Swap { at: u16, len: u8 },
    /// A string elsewhere in the record.
    String { at: u16, rel: bool },
    /// A string elsewhere in the record, into a fixed room.
    Text { at: u16, rel: bool, len: u16 },
    /// A string from a fixed room.
    FixedString { at: u16, len: u16 },
    /// Elements elsewhere in the record, behind their number.
    Sequence {
        at: u16,
        rel: bool,
        element: u8,
        length: u8,
    },
    /// The letters of a block request, as flags.
    Rwbs { at: u16, len: u16 },
    /// What only ftrace's own records need.
    Tracer(Step),
    /// What is told beside the record.
    Told(ToldStep),
}

impl Op {
    /// Where the bytes that it always reads end.
    fn end(self) -> usize {
        let (at, len) = match self {
            Self::Copy { at, len } | Self::FixedString { at, len } | Self::Rwbs { at, len } => {
                (at, usize::from(len))
            }
            Self::Widen { at, from, .. } => (at, usize::from(from)),
            Self::Swap { at, len } => (at, usize::from(len)),
            Self::Bytes { len_at, at } => (at.max(len_at), 8),
            Self::Add { at, .. }
            | Self::Cap { at }
            | Self::String { at, .. }
            | Self::Text { at, .. }
            | Self::Sequence { at, .. } => (at, 4),
            Self::Tracer(step) => return step.end(),
            Self::Told(_) => return 0,
        };
        usize::from(at) + len
    }
}

/// The steps of one event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(super) ops: Box<[Op]>,
    /// Bytes that a record must have for every step's fixed part.
    pub(super) need: usize,
    /// The names of functions, for the steps that need them.
    pub(super) symbols: Arc<Symbols>,
    limit: Option<Limit>,
    key: Option<ToldKey>,
}

/// Where a record has the key by which what is told of it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ToldKey {
    kind: ToldKind,
    at: u16,
    is_wide: bool,
}

impl ToldKey {
    /// The key in a field of the kernel's; `None` if it cannot be one.
    pub(crate) fn new(kind: ToldKind, field: &Field) -> Option<Self> {
        let is_wide = match (field.shape, field.element) {
            (Shape::Scalar, Element::Integer { size_bytes: 4, .. }) => false,
            (Shape::Scalar, Element::Pointer { size_bytes: 8 }) => true,
            _ => return None,
        };
        let at = field.offset;
        Some(Self { kind, at, is_wide })
    }

    /// At which tracepoint it is told.
    pub(crate) fn kind(self) -> ToldKind {
        self.kind
    }
}

/// Which records are wanted: those whose number of 32 bits lies below a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) at: u16,
    pub(crate) below: u32,
}

impl Plan {
    /// The same plan, with names of functions, for records within a limit.
    pub(crate) fn naming(self, symbols: Arc<Symbols>, limit: Option<Limit>) -> Self {
        Self {
            symbols,
            limit,
            ..self
        }
    }

    /// The same plan, for records of which more is told, if there is a key.
    pub(crate) fn keyed(self, key: Option<ToldKey>) -> Self {
        Self { key, ..self }
    }

    /// The plan without what is told.
    pub(crate) fn forget_told(&mut self) {
        self.key = None;
        let ops = self.ops.iter().filter(|op| !matches!(op, Op::Told(_)));
        self.ops = ops.copied().collect();
    }

    /// Whether more is told of its records.
    #[inline]
    pub(crate) fn is_told(&self) -> bool {
        self.key.is_some()
    }

    /// By what it is found; `None` if the record is too short.
    pub(crate) fn key(&self, record: &[u8]) -> Option<(ToldKind, u64)> {
        let ToldKey { kind, at, is_wide } = self.key?;
        let bytes = record.get(usize::from(at)..)?;
        let key = match is_wide {
            true => u64::from_le_bytes(*bytes.first_chunk()?),
            false => u32::from_le_bytes(*bytes.first_chunk()?).into(),
        };
        Some((kind, key))
    }

    /// Whether a record is wanted; one that is too short to tell is, and then cannot be read.
    #[inline]
    pub(crate) fn takes(&self, record: &[u8]) -> bool {
        self.limit.is_none_or(|limit| {
            let at = usize::from(limit.at);
            record.len() < at + 4 || u32_at(record, at) < limit.below
        })
    }
}

/// A plan while it is made.
#[derive(Debug, Default)]
pub(crate) struct PlanBuilder {
    ops: Vec<Op>,
}

impl PlanBuilder {
    /// Adds a step, or lengthens the copy before it.
    pub(crate) fn push(&mut self, op: Op) {
        if let (
            Some(Op::Copy { at, len }),
            Op::Copy {
                at: next,
                len: more,
            },
        ) = (self.ops.last_mut(), op)
            && at.checked_add(*len) == Some(next)
            && let Some(sum) = len.checked_add(more)
        {
            *len = sum;
            return;
        }
        self.ops.push(op);
    }

    /// The plan.
    pub(crate) fn finish(self) -> Plan {
        let need = self.ops.iter().map(|op| op.end()).max().unwrap_or(0);
        Plan {
            ops: self.ops.into(),
            need,
            ..Plan::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_copy() {
        let mut plan = PlanBuilder::default();
        plan.push(Op::Copy { at: 8, len: 16 });
        plan.push(Op::Copy { at: 24, len: 4 });
        plan.push(Op::Copy { at: 32, len: 8 });
        let plan = plan.finish();
        assert_eq!(
            *plan.ops,
            [Op::Copy { at: 8, len: 20 }, Op::Copy { at: 32, len: 8 }]
        );
        assert_eq!(plan.need, 40);
    }
}
