//! What is known of the event's function where its way becomes the slow one.

use crate::arch;

/// What the call site's function had in its registers, as far as that can be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// The address of a frame not above that of the event's own way.
    pub(crate) stack: u64,
    /// Its frame pointer, or that of the event's own way where that has one.
    pub(crate) frame: u64,
}

impl Caller {
    /// As the registers are here.
    #[inline(always)]
    pub(crate) fn here() -> Self {
        let (stack, frame) = arch::stack_and_frame();
        Self { stack, frame }
    }
}
