//! Log levels on the command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use thalweg_model::LogLevel;

/// LTTng's names, in lower case, in the order of their severity.
const NAMES: [&str; 15] = [
    "emerg",
    "alert",
    "crit",
    "err",
    "warning",
    "notice",
    "info",
    "debug-system",
    "debug-program",
    "debug-process",
    "debug-module",
    "debug-unit",
    "debug-function",
    "debug-line",
    "debug",
];

/// A level's name.
pub(crate) fn name(level: LogLevel) -> &'static str {
    NAMES[level as usize]
}

/// Reads a level: one of the names, in any case, with `_` as with `-`.
pub(crate) fn parser() -> impl TypedValueParser<Value = LogLevel> {
    Spelling(PossibleValuesParser::new(NAMES)).map(|name: String| {
        let number = NAMES.iter().position(|known| *known == name);
        let level = number.and_then(|number| LogLevel::ALL.get(number).copied());
        level.expect("the parser has found the name among these")
    })
}

/// Brings a name to the spelling of the table before it is looked up.
#[derive(Clone)]
struct Spelling(PossibleValuesParser);

impl TypedValueParser for Spelling {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        let spelt = value.to_string_lossy().to_lowercase().replace('_', "-");
        self.0.parse_ref(command, arg, spelt.as_ref())
    }

    fn possible_values(
        &self,
    ) -> Option<Box<dyn Iterator<Item = clap::builder::PossibleValue> + '_>> {
        self.0.possible_values()
    }
}
