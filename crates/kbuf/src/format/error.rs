//! Why a `format` file is not one.

/// What is wrong with a `format` file, `header_page` or `header_event`, and on which line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A line that every such file has is not there.
    #[error("the format file has no `{what}`")]
    Missing {
        /// The line's beginning, or the field's name.
        what: &'static str,
    },
    /// A number is not one, or is larger than a record can be.
    #[error("line {line}: `{text}` is not a number that fits {what}")]
    Number {
        /// The line, counted from 1.
        line: usize,
        /// What the number is for.
        what: &'static str,
        /// What stands there.
        text: String,
    },
    /// A field line lacks its declaration, offset, size or signedness.
    #[error("line {line}: the field has no `{what}`")]
    Part {
        /// The line, counted from 1.
        line: usize,
        /// What is missing.
        what: &'static str,
    },
    /// A declaration is not `type name` or `type name[count]`.
    #[error("line {line}: `{text}` does not declare a field")]
    Declaration {
        /// The line, counted from 1.
        line: usize,
        /// The declaration.
        text: String,
    },
    /// A field ends beyond what a record can hold.
    #[error("line {line}: field `{name}` ends at byte {end}, beyond the largest record")]
    TooLarge {
        /// The line, counted from 1.
        line: usize,
        /// The field.
        name: String,
        /// Where it would end.
        end: u64,
    },
    /// Two fields have the same name.
    #[error("line {line}: a second field is called `{name}`")]
    Duplicate {
        /// The line, counted from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// The kernel's ring differs from every kernel's so far.
    #[error("the kernel's ring is not laid out as this program knows it: {what}")]
    Unknown {
        /// The difference.
        what: String,
    },
}
