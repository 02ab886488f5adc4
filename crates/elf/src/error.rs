//! Why a file cannot be probed.

/// Why a file cannot be probed. Messages finish the sentence "failed to …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    /// Not an ELF file at all: a script, for example.
    #[error("read it as a program or library: it is no ELF file")]
    NotElf,
    /// For another processor.
    #[error("read it as a program or library: it is for another processor than x86")]
    OtherMachine,
    /// A table of it lies outside of it, or is cut.
    #[error("read its {table}: {why}")]
    Damaged {
        /// Which table.
        table: &'static str,
        /// In the words of the library that reads it.
        why: String,
    },
}

impl ElfError {
    pub(crate) fn damaged(table: &'static str) -> impl Fn(object::read::Error) -> Self {
        move |why| Self::Damaged {
            table,
            why: why.to_string(),
        }
    }
}
