//! How severe an event is: LTTng's fifteen log levels.

/// LTTng's log levels, most severe first; the numbers are those on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names say it")]
pub enum LogLevel {
    Emerg = 0,
    Alert = 1,
    Crit = 2,
    Err = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
    DebugSystem = 7,
    DebugProgram = 8,
    DebugProcess = 9,
    DebugModule = 10,
    DebugUnit = 11,
    DebugFunction = 12,
    DebugLine = 13,
    Debug = 14,
}

impl LogLevel {
    /// Every level, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::Emerg,
        Self::Alert,
        Self::Crit,
        Self::Err,
        Self::Warning,
        Self::Notice,
        Self::Info,
        Self::DebugSystem,
        Self::DebugProgram,
        Self::DebugProcess,
        Self::DebugModule,
        Self::DebugUnit,
        Self::DebugFunction,
        Self::DebugLine,
        Self::Debug,
    ];

    /// The level with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}
