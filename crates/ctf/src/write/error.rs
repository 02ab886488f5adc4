//! What the metadata cannot say.

/// Classes within classes beyond this are refused: readers recurse.
pub(super) const MAX_DEPTH: usize = 32;

/// A class that the metadata cannot say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TsdlError {
    #[error("integer of {size_bits} bits aligned to {align_bits} is not one of CTF's")]
    Integer { size_bits: u32, align_bits: u32 },
    #[error("label {label:?} of {first} to {last} does not fit its integer")]
    EnumRange {
        label: String,
        first: i128,
        last: i128,
    },
    #[error("no field before it is called {path:?}")]
    Reference { path: String },
    #[error("classes lie more than {MAX_DEPTH} deep in each other")]
    TooDeep,
    #[error("packet context field {name:?} has no fixed length in whole bytes")]
    PacketContext { name: String },
}
