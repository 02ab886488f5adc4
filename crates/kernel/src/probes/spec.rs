//! A probe as a user says it.
//!
//! ```text
//!   [NAME=]PLACE [[NAME=]FETCH[:TYPE]]… [if FILTER]
//!
//!   PLACE   [elf:]FILE:FUNCTION[+OFFSET][%return]   FILE:0xADDRESS   FILE:+OFFSET-IN-FILE
//!           sdt:FILE:PROVIDER:PROBE                 `*` in the names of functions and probes
//!   FETCH   $argN  $retval  $comm  %REGISTER  ±OFFSET(FETCH)  @ADDRESS  \CONSTANT
//!   TYPE    s8 … s64, u8 … u64, x8 … x64, char, string, and TYPE[COUNT]
//! ```

use std::fmt;

/// A probe as a user says it; it is made by parsing its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeSpec {
    /// What its event is to be called.
    pub name: Option<String>,
    /// Where it lies.
    pub place: PlaceSpec,
    /// Whether it tells when the function returns, not when it is called.
    pub is_return: bool,
    /// What it fetches; without any, all that the place itself tells of.
    pub arguments: Vec<ArgumentSpec>,
    /// Which of its events are wanted, in the kernel's filter language.
    pub filter: Option<String>,
    pub(super) text: String,
}

/// Where a probe lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaceSpec {
    /// In functions of a program or library.
    Function {
        /// The file.
        file: String,
        /// The function, or functions by `*`.
        pattern: String,
        /// How far behind its first instruction.
        offset: u64,
    },
    /// At an address of a program or library, as its file has it.
    Address {
        /// The file.
        file: String,
        /// The address.
        address: u64,
    },
    /// At bytes of a file.
    Offset {
        /// The file.
        file: String,
        /// Where in it.
        offset: u64,
    },
    /// At probes that the program's author has set.
    Sdt {
        /// The file.
        file: String,
        /// Whose probes; `*` stands for anything.
        provider: String,
        /// Which; `*` stands for anything.
        name: String,
    },
}

impl PlaceSpec {
    /// The program or library.
    pub fn file(&self) -> &str {
        match self {
            Self::Function { file, .. }
            | Self::Address { file, .. }
            | Self::Offset { file, .. }
            | Self::Sdt { file, .. } => file,
        }
    }
}

/// What a probe fetches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentSpec {
    /// The field's name.
    pub name: String,
    /// Where it is, in the kernel's words or `$argN`.
    pub from: String,
    /// Its type, in the kernel's words.
    pub kind: Option<String>,
}

impl fmt::Display for ProbeSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
