//! What a decoder does for a structure: steps, in the order of the bytes.

use thalweg_model::ByteOrder;

/// No slot: the value is not needed later.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// What else to do with an integer that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// Where to keep it as a length or a tag.
    pub(super) slot: u32,
    /// Whether it shows the clock.
    pub(super) clock: bool,
    /// Whether it is the event's id.
    pub(super) id: bool,
}

impl Note {
    pub(super) const NONE: Self = Self {
        slot: NO_SLOT,
        clock: false,
        id: false,
    };
}

/// The steps for a structure.
#[derive(Clone, Debug)]
pub(super) struct StructPlan {
    pub(super) align_bits: u64,
    pub(super) members: usize,
    pub(super) steps: Box<[Step]>,
}

/// One step.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Fields of whole bytes at known distances: several members at once.
    Run(Run),
    Integer(Integer),
    Float(Float),
    String,
    Array(Box<Array>),
    Struct(Box<StructPlan>),
    Variant(Box<Variant>),
}

/// Fields of whole bytes at known distances.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) align_bits: u64,
    pub(super) bytes: usize,
    pub(super) fields: Vec<RunField>,
    /// The fields that have a note, for passes that build nothing.
    pub(super) noted: Vec<RunField>,
}

/// A field of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunField {
    pub(super) offset: usize,
    pub(super) kind: Fixed,
    pub(super) note: Note,
}

/// How to read a field of whole bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fixed {
    U8,
    I8,
    U16(ByteOrder),
    I16(ByteOrder),
    U32(ByteOrder),
    I32(ByteOrder),
    U64(ByteOrder),
    I64(ByteOrder),
    F32(ByteOrder),
    F64(ByteOrder),
    Text(usize),
}

impl Fixed {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16(_) | Self::I16(_) => 2,
            Self::U32(_) | Self::I32(_) | Self::F32(_) => 4,
            Self::U64(_) | Self::I64(_) | Self::F64(_) => 8,
            Self::Text(bytes) => bytes,
        }
    }
}

/// Any integer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Integer {
    pub(super) align_bits: u64,
    pub(super) size_bits: u32,
    pub(super) signed: bool,
    pub(super) order: ByteOrder,
    pub(super) note: Note,
}

/// Any float.
#[derive(Clone, Copy, Debug)]
pub(super) struct Float {
    pub(super) align_bits: u64,
    pub(super) size_bits: u32,
    pub(super) order: ByteOrder,
}

/// Elements of one class.
#[derive(Clone, Debug)]
pub(super) struct Array {
    pub(super) align_bits: u64,
    pub(super) length: Length,
    /// The least size of an element.
    pub(super) element_bits: u64,
    /// `None` for text.
    pub(super) element: Option<Step>,
}

/// How many elements there are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    Fixed(u64),
    Slot(u32),
}

/// One of several steps.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    pub(super) slot: u32,
    /// Whether the tag is a signed integer.
    pub(super) signed: bool,
    /// The first and last tag of an option, and its index.
    pub(super) ranges: Box<[(i128, i128, usize)]>,
    pub(super) options: Box<[Step]>,
}

impl Variant {
    /// The number that the tag's bits stand for.
    pub(super) fn tag(&self, raw: u64) -> i128 {
        if self.signed {
            i128::from(raw as i64)
        } else {
            i128::from(raw)
        }
    }

    /// The index of the option that a tag chooses.
    pub(super) fn choose(&self, raw: u64) -> Option<usize> {
        let tag = self.tag(raw);
        let chosen = self
            .ranges
            .iter()
            .find(|(first, last, _)| (*first..=*last).contains(&tag));
        chosen.map(|(_, _, index)| *index)
    }
}
