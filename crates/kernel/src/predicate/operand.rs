//! Where a program finds the fields that a filter asks for.

use thalweg_bpf::{Helper, Register};
use thalweg_filter::tracefs::Width;
use thalweg_filter::{Context, Fields, Kind};

use crate::numbers::NumberOffsets;

/// Where a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In memory, at a multiple of its size.
    Memory(Register, i16),
    /// In what a function of the kernel gives, from this bit on.
    Helper(Helper, i32),
    /// Always the same.
    Constant(i64),
    /// In what the running thread's structure leads to.
    Task(Path),
    /// The number of the running thread, or of its process, in its own pid namespace.
    OwnNumber(OwnNumber),
}

/// A way through structures of the kernel: offsets of pointers, the last one the number's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) steps: [i16; 3],
    pub(crate) len: u8,
}

impl Path {
    /// The way of these steps, three at most.
    pub(crate) fn of(steps: &[i16]) -> Self {
        let mut path = Self {
            steps: [0; 3],
            len: steps.len() as u8,
        };
        path.steps[..steps.len()].copy_from_slice(steps);
        path
    }
}

/// Where a thread has its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnNumber {
    /// Where the process's first thread is, if that one is meant.
    pub(crate) leader: Option<i16>,
    pub(crate) numbers: NumberOffsets,
}

/// A number: the trace's value is the kernel's and `add`, in as many bits as the trace has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Integer {
    pub(crate) place: Place,
    /// As the kernel has it.
    pub(crate) kernel: Width,
    /// As the trace has it.
    pub(crate) trace: Width,
    /// What the trace's value is more than the kernel's.
    pub(crate) add: i32,
}

impl Integer {
    /// A number that the trace has as the kernel does.
    pub(crate) const fn plain(place: Place, bits: u32, signed: bool) -> Self {
        let width = Width { bits, signed };
        Self {
            place,
            kernel: width,
            trace: width,
            add: 0,
        }
    }
}

/// A text in memory: `room` bytes, its NUL among them, and elsewhere its length in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// A register that a call leaves alone.
    pub(crate) base: Register,
    /// Where from there the text begins.
    pub(crate) offset: i16,
    /// Bytes that it can have, its NUL included.
    pub(crate) room: i16,
    /// Where its length is, which is negative if it could not be read.
    pub(crate) length: (Register, i16),
    /// Whether a text that fills the room may have been longer.
    pub(crate) may_be_cut: bool,
    /// Whether it may be unreadable.
    pub(crate) may_fail: bool,
}

impl Text {
    /// The longest text that is surely whole.
    pub(crate) const fn most(&self) -> usize {
        (self.room - 1 - self.may_be_cut as i16) as usize
    }
}

/// A field, as a filter can use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A number.
    Integer(Integer),
    /// So many numbers of one size, one behind the other in memory; the first of them.
    List(Integer, u32),
    /// A text.
    Text(Text),
    /// A text that a number stands for, and the numbers' texts.
    Names(Integer, Vec<(i64, String)>),
    /// Nothing that a program can compare; why.
    Closed(String),
}

impl Operand {
    const fn kind(&self) -> Kind {
        match self {
            Self::Integer(_) => Kind::Integer,
            Self::List(_, length) => Kind::IntegerList(Some(*length)),
            Self::Text(_) | Self::Names(..) => Kind::Text,
            Self::Closed(_) => Kind::Unknown,
        }
    }
}

/// The fields of an event.
pub(crate) trait Operands {
    /// The field of this name.
    fn operand(&self, name: &str) -> Option<Operand>;

    /// What `$ctx.NAME` is, if a program can know it.
    fn context(&self, context: Context) -> Option<Operand>;

    /// The names to choose from, for whoever mistyped one.
    fn names(&self) -> Vec<&str>;
}

/// The same fields, for the check of kinds.
pub(super) struct Kinds<'o, O: ?Sized> {
    operands: &'o O,
    names: Vec<&'o str>,
}

impl<'o, O: Operands + ?Sized> Kinds<'o, O> {
    pub(super) fn new(operands: &'o O) -> Self {
        let names = operands.names();
        Self { operands, names }
    }
}

impl<O: Operands + ?Sized> Fields for Kinds<'_, O> {
    fn kind(&self, path: &str) -> Option<Kind> {
        let name = path.split(['.', '[']).next().unwrap_or(path);
        match self.operands.operand(name)? {
            // Nothing lies within these.
            operand if name == path => Some(operand.kind()),
            Operand::Closed(_) => Some(Kind::Unknown),
            _ => None,
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().copied()
    }
}
