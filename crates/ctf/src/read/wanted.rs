//! Which events a reader asks for.

/// Which classes of events are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// By class: `None`, all are.
    classes: Option<Vec<bool>>,
}

impl Wanted {
    /// Those whose index in the trace's `events` says yes.
    pub fn only(classes: Vec<bool>) -> Self {
        Self {
            classes: Some(classes),
        }
    }

    #[inline]
    pub(super) fn has(&self, class: usize) -> bool {
        match &self.classes {
            None => true,
            Some(classes) => classes.get(class).copied().unwrap_or(false),
        }
    }
}
