//! What is to be counted of which events, as it was said.

use std::fmt;

use thalweg_filter::Filter;
use thalweg_filter::tracefs::Refusal;

/// A one-liner, from [`FromStr`](std::str::FromStr): `count() of sched_switch by prev_comm where …`.
///
/// ```
/// use thalweg_kernel::WatchSpec;
///
/// let spec: WatchSpec = "count(), max(ret) by comm where syscall == \"read\"".parse()?;
/// assert_eq!((spec.aggregates.len(), spec.keys.len()), (2, 1));
/// let error = "cuont() by comm".parse::<WatchSpec>().unwrap_err();
/// assert_eq!(error.column, 1);
/// assert!(error.to_string().contains("did you mean count?"));
/// # Ok::<(), thalweg_kernel::WatchError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WatchSpec {
    /// What is made of the events of a group.
    pub aggregates: Vec<Aggregate>,
    /// Which events, as it was written, and in which column; system calls if nothing was.
    pub source: Option<(usize, String)>,
    /// What they are grouped by.
    pub keys: Vec<Expression>,
    /// Which of them count.
    pub filter: Option<Expression>,
}

/// Something that is made of many events.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    /// How.
    pub function: Function,
    /// Of which number.
    pub argument: Option<Expression>,
    /// As it was written.
    pub text: String,
}

/// How many events become one number, or some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// How many there are.
    Count,
    /// The sum.
    Sum,
    /// The least.
    Min,
    /// The largest.
    Max,
    /// The mean.
    Avg,
    /// Numbers below which so many of a hundred lie.
    Quantiles,
    /// How many there are in each power of two.
    Histogram,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Count,
        Self::Sum,
        Self::Min,
        Self::Max,
        Self::Avg,
        Self::Quantiles,
        Self::Histogram,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Avg => "avg",
            Self::Quantiles => "quantiles",
            Self::Histogram => "histogram",
        }
    }

    /// Whether it needs to know how the numbers are spread.
    pub const fn has_buckets(self) -> bool {
        matches!(self, Self::Quantiles | Self::Histogram)
    }
}

/// An expression of the filter language, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it says.
    pub filter: Filter,
    /// As it was written.
    pub text: String,
    /// Characters before it.
    pub before: usize,
}

impl Expression {
    /// A refusal of it, with the column that it has in the whole line.
    pub(super) fn refused(&self, refusal: Refusal) -> WatchError {
        match refusal {
            Refusal::Unfit(error) => {
                WatchError::at(self.before + error.column, error.problem.to_string())
            }
            Refusal::Beyond { column, why } => WatchError::at(self.before + column, why),
        }
    }
}

/// Why a one-liner cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct WatchError {
    /// Where, in characters; the first is 1.
    pub column: usize,
    /// What is wrong there.
    pub why: String,
}

impl WatchError {
    pub(super) fn at(column: usize, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { column, why }
    }
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.why)
    }
}
