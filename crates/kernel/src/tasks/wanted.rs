//! What contexts want to know of threads, beside who they are.

use crate::attribute::Sets;
use crate::context::{KernelContext, KernelContexts};

/// Which changes programs are to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Users, groups and namespaces.
    pub(crate) credentials: bool,
    /// Priority and nice value.
    pub(crate) priority: bool,
    /// Control groups.
    pub(crate) groups: bool,
}

impl Wanted {
    /// This, and what tracking needs.
    pub(crate) fn and_of(self, sets: &Sets) -> Self {
        Self {
            credentials: self.credentials || !sets.users.is_empty() || !sets.groups.is_empty(),
            groups: self.groups || !sets.places.is_empty(),
            ..self
        }
    }

    /// Whether there is anything.
    pub(crate) const fn any(self) -> bool {
        self.credentials || self.priority || self.groups
    }
}

impl From<KernelContexts> for Wanted {
    fn from(contexts: KernelContexts) -> Self {
        contexts
            .iter()
            .fold(Self::default(), |mut wanted, context| {
                match context {
                    KernelContext::Prio | KernelContext::Nice => wanted.priority = true,
                    KernelContext::CgroupId | KernelContext::Cgroup | KernelContext::Container => {
                        wanted.groups = true;
                    }
                    context if context.is_of_credentials() => wanted.credentials = true,
                    _ => {}
                }
                wanted
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_told() {
        let of = |names: &str| Wanted::from(KernelContexts::known(names.split(' ')));
        assert!(!of("pid procname hostname pid_ns").any());
        let found = of("nice container");
        assert!(found.priority && found.groups && !found.credentials);
        assert!(of("vegid").credentials && of("mnt_ns").credentials);
    }
}
