//! A probe as a user says it.
//!
//! ```text
//!   [NAME=]PLACE [[NAME=]FETCH[:TYPE]]… [if FILTER]
//!
//!   PLACE   [elf:]FILE:FUNCTION[+OFFSET][%return]   FILE:0xADDRESS   FILE:+OFFSET-IN-FILE
//!           sdt:FILE:PROVIDER:PROBE                 `*` in the names of functions and probes
//!           FUNCTION[+OFFSET][%return]              of the kernel
//!   FETCH   $argN  $retval  $comm  %REGISTER  ±OFFSET(FETCH)  @ADDRESS  \CONSTANT
//!   TYPE    s8 … s64, u8 … u64, x8 … x64, char, string, and TYPE[COUNT]
//! ```

use std::fmt;

use super::fetch::{Known, fetch};

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
    /// Whether it is one of the two of [`FunctionSpec`].
    pub is_half: bool,
    pub(super) text: String,
}

impl ProbeSpec {
    /// The name that the user has given, if one place is meant: whose it is, and which.
    pub(super) fn own_name(&self, is_many: bool) -> Option<(Option<String>, String)> {
        let name = self.name.as_ref().filter(|_| !is_many)?;
        Some(match name.split_once(':') {
            Some((provider, name)) => (Some(provider.to_owned()), name.to_owned()),
            None => (None, name.clone()),
        })
    }

    /// What stands behind the name of its event.
    pub(super) fn ending(&self) -> &'static str {
        match (self.is_half, self.is_return) {
            (true, false) => "_entry",
            (true, true) => "_exit",
            (false, true) if self.name.is_none() => "__return",
            _ => "",
        }
    }

    /// What the user wants to be fetched, in the kernel's words.
    pub(super) fn fetched(
        &self,
        known: &dyn Fn(&str) -> Option<Known>,
    ) -> Result<Vec<String>, String> {
        // A return has this field of its own.
        let caller = (self.is_half && !self.is_return).then(|| "parent_ip=$stack0:x64".to_owned());
        let arguments = self.arguments.iter();
        let arguments = arguments.map(|argument| fetch(argument, known));
        caller.into_iter().map(Ok).chain(arguments).collect()
    }
}

/// A function's returns and its calls, as two events: `NAME_exit` and `NAME_entry`. The kernel puts an
/// address of its own in place of the caller's for a return to be told, and runs first what was enabled
/// last: so the call is told before that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpec(pub [ProbeSpec; 2]);

/// Whether a name may mean several.
pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
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
    /// In functions of the kernel.
    Kernel {
        /// The function, or functions by `*`.
        pattern: String,
        /// How far behind its first instruction.
        offset: u64,
    },
}

impl PlaceSpec {
    /// The program or library; the kernel has none.
    pub fn file(&self) -> &str {
        match self {
            Self::Function { file, .. }
            | Self::Address { file, .. }
            | Self::Offset { file, .. }
            | Self::Sdt { file, .. } => file,
            Self::Kernel { .. } => "",
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
