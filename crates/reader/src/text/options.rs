//! What of an event is written, and how.

use std::fmt;

/// Seconds that a local clock is ahead of UTC, at a time in seconds since the Unix epoch.
pub type Zone = Box<dyn Fn(i64) -> i64 + Send>;

/// How times are shown.
pub enum Style {
    /// `hh:mm:ss.nnnnnnnnn`, in UTC.
    Gmt,
    /// `hh:mm:ss.nnnnnnnnn`, in a zone.
    Local(Zone),
    /// Seconds since the Unix epoch, and nine decimals.
    Seconds,
    /// Cycles of the stream's clock.
    Cycles,
}

impl fmt::Debug for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gmt => "Gmt",
            Self::Local(_) => "Local",
            Self::Seconds => "Seconds",
            Self::Cycles => "Cycles",
        })
    }
}

/// Which names are written before values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// Of the fields.
    pub payload: bool,
    /// Of what is in contexts.
    pub context: bool,
    /// Of time, name and what else stands before the contexts.
    pub header: bool,
    /// Of contexts and fields as wholes.
    pub scope: bool,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            payload: true,
            context: true,
            ..Self::NONE
        }
    }
}

impl Names {
    /// No name at all.
    pub const NONE: Self = Self {
        payload: false,
        context: false,
        header: false,
        scope: false,
    };
    /// Every name.
    pub const ALL: Self = Self {
        payload: true,
        context: true,
        header: true,
        scope: true,
    };
}

/// What is written between an event's time and its name, as far as the trace tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The trace's name: its host and its folder below the one that was asked for.
    pub trace: bool,
    /// Its host.
    pub hostname: bool,
    /// Whether it is of the kernel or of programs.
    pub domain: bool,
    /// The process of a trace of one process.
    pub procname: bool,
    /// The number of that process.
    pub vpid: bool,
    /// How severe the event is.
    pub loglevel: bool,
    /// Its URI for Eclipse's modelling tools.
    pub emf: bool,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            hostname: true,
            procname: true,
            vpid: true,
            ..Self::NONE
        }
    }
}

impl Fields {
    /// Nothing.
    pub const NONE: Self = Self {
        trace: false,
        hostname: false,
        domain: false,
        procname: false,
        vpid: false,
        loglevel: false,
        emf: false,
    };
    /// All.
    pub const ALL: Self = Self {
        trace: true,
        hostname: true,
        domain: true,
        procname: true,
        vpid: true,
        loglevel: true,
        emf: true,
    };
}

/// How lines are written.
#[derive(Debug)]
pub struct Options {
    /// How times are shown.
    pub time: Style,
    /// Whether times of day have their date.
    pub date: bool,
    /// Whether the distance to the line before is shown.
    pub delta: bool,
    /// Which names are written.
    pub names: Names,
    /// What is written before an event's name.
    pub fields: Fields,
}

impl Options {
    /// What babeltrace2 does if it is told nothing but how to show times.
    pub fn new(time: Style) -> Self {
        Self {
            time,
            date: false,
            delta: true,
            names: Names::default(),
            fields: Fields::default(),
        }
    }
}
