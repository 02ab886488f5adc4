//! Other events of the kernel, and other filters, while they are recorded.

use thalweg_kernel::{EventFilter, EventRule};

use crate::error::Error;
use crate::kernel_events::{Error as KernelError, KernelEvents};
use crate::recording::Recording;
use crate::session::Session;

/// What is said when nothing can be changed.
const NONE: &str = "no events of tracefs are recorded, so none can be turned on or off";

impl KernelEvents {
    fn enable(
        &mut self,
        session: &Session,
        patterns: &[String],
        filters: &[EventFilter],
    ) -> Result<Vec<String>, KernelError> {
        let nothing = || KernelError::Storage(NONE.to_owned());
        let recording = self.parts.tracefs.as_mut().ok_or_else(nothing)?;
        let rules = patterns.iter().flat_map(|list| EventRule::parse_list(list));
        let change = recording.plan_change(rules.collect(), filters.to_vec())?;
        // The same events have the same ids as before.
        self.disk.declare_tracefs(recording, session.start)?;
        recording.apply_change(&change)?;
        Ok(change.left_out.iter().map(ToString::to_string).collect())
    }

    fn disable(&mut self, patterns: &[String]) -> Result<usize, KernelError> {
        let nothing = || KernelError::Storage(NONE.to_owned());
        let recording = self.parts.tracefs.as_ref().ok_or_else(nothing)?;
        let mut count = 0;
        for pattern in patterns {
            count += recording.disable(pattern)?;
        }
        Ok(count)
    }
}

impl Recording {
    /// Records kernel events of these names and patterns from now on, too, as far as they pass the
    /// filters that are for them; those that are recorded already, by these filters and no others. A word
    /// on each that a filter leaves out always.
    ///
    /// # Errors
    /// A pattern means nothing, a filter cannot be tested in the kernel, or tracefs refuses.
    pub fn enable_kernel_events(
        &mut self,
        patterns: &[String],
        filters: &[EventFilter],
    ) -> Result<Vec<String>, Error> {
        let session = self.session.clone();
        let kernel = self.kernel.as_mut().ok_or_else(nothing)?;
        let enabled = kernel.enable(&session, patterns, filters);
        enabled.map_err(|why| Error::Kernel(why.to_string()))
    }

    /// Records kernel events of these names and patterns no more; how many they were. What the rings
    /// have of them is recorded.
    ///
    /// # Errors
    /// A pattern means nothing, or tracefs refuses.
    pub fn disable_kernel_events(&mut self, patterns: &[String]) -> Result<usize, Error> {
        let kernel = self.kernel.as_mut().ok_or_else(nothing)?;
        let disabled = kernel.disable(patterns);
        disabled.map_err(|why| Error::Kernel(why.to_string()))
    }
}

fn nothing() -> Error {
    Error::Kernel(NONE.to_owned())
}
