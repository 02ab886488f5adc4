//! One line for a program that has no other layer.

use core::fmt;
use tracing_core::dispatcher::{self, Dispatch};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::layer::Recorder;

/// Why the program's events are not recorded, or not all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitError {
    /// The program has a global subscriber already: add [`layer`](crate::layer()) to it.
    Subscriber,
    /// The program has a logger already; what comes through `tracing` is recorded.
    #[cfg(feature = "log")]
    Logger,
}

impl fmt::Display for InitError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Subscriber => {
                "record events of `tracing`: the program has a global subscriber already"
            }
            #[cfg(feature = "log")]
            Self::Logger => "record events of `log`: the program has a logger already",
        })
    }
}

impl std::error::Error for InitError {}

/// Records all that the program says through `tracing`, and with the feature `log` through `log`.
///
/// Call it early in `main`. An error is nothing to die of: the program works as if untraced.
pub fn init() -> Result<(), InitError> {
    let subscriber = tracing_subscriber::registry().with(Recorder::alone());
    dispatcher::set_global_default(Dispatch::new(subscriber)).map_err(|_| InitError::Subscriber)?;
    #[cfg(feature = "log")]
    crate::bridge::install()?;
    Ok(())
}
