//! All contexts that a recording asks for.

use super::sampled::SampledContext;
use super::set::{ContextSet, UnknownContext, refusal};
use crate::rule::RuleError;
use thalweg_abi::sampled::{MAX, Sampled};
use thalweg_kernel::{CpuCounter, KernelContexts, Stacks};
use thalweg_sys::try_counter;

/// All contexts that a recording's events have: those that are read from `/proc`, and those that the
/// program takes itself, in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contexts {
    /// What is known of the thread.
    pub threads: ContextSet,
    /// What only the event knows.
    pub(crate) sampled: Vec<SampledContext>,
    /// What is said in events of the kernel.
    pub kernel: KernelContexts,
    /// Call stacks in events of the kernel, if they are named.
    pub stacks: Stacks,
    /// Counters of processors, whose values stand in events of the kernel, if they are named.
    pub counters: Vec<CpuCounter>,
}

impl Contexts {
    /// The context of this name; none for `cpu_id`, which is always there.
    pub fn named(name: &str) -> Result<Self, UnknownContext> {
        let threads = ContextSet::named(name);
        let sampled = SampledContext::named(name).filter(|_| threads.is_none());
        let kernel = KernelContexts::named(name);
        let stacks = Stacks {
            kernel: name == "callstack-kernel",
            user: name == "callstack-user",
        };
        let counter = CpuCounter::named(name);
        let is_known = threads.is_some() || sampled.is_some() || kernel.is_some();
        if !is_known && !stacks.are_wanted() && counter.is_none() {
            return Err(UnknownContext(refusal(name)));
        }
        Ok(Self {
            threads: threads.unwrap_or_default(),
            sampled: sampled.into_iter().collect(),
            kernel: kernel.unwrap_or_default(),
            stacks,
            counters: counter.into_iter().collect(),
        })
    }

    /// All that are in one of the two.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.threads = self.threads.union(other.threads);
        self.kernel = self.kernel.union(other.kernel);
        self.stacks = self.stacks.union(other.stacks);
        for counter in other.counters {
            if !self.counters.contains(&counter) {
                self.counters.push(counter);
            }
        }
        for context in other.sampled {
            if !self.sampled.contains(&context) {
                self.sampled.push(context);
            }
        }
        self
    }

    /// Those of these names that are contexts: what a trace's metadata says that it has.
    pub(crate) fn known<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        Self {
            threads: ContextSet::known(names.clone()),
            sampled: names.filter_map(SampledContext::of_member).collect(),
            ..Self::default()
        }
    }

    /// Whether they are for events of the kernel only.
    pub fn are_of_kernel(&self) -> bool {
        let has_more = self.stacks.kernel || !self.counters.is_empty();
        self.is_empty() && (!self.kernel.is_empty() || has_more)
    }

    /// Whether events of programs have none.
    pub(crate) fn is_empty(&self) -> bool {
        self.threads.is_empty() && self.sampled.is_empty()
    }

    /// What is to be said of counters that this machine does not have.
    pub(crate) fn counters_lacked(&self) -> Option<String> {
        let is_lacking = |context: &&SampledContext| match context.asked() {
            Sampled::PerfThread { kind, config } => try_counter(kind, config).is_err(),
            _ => false,
        };
        let lacking = self.sampled.iter().filter(is_lacking);
        let names: Vec<_> = lacking.map(SampledContext::member).collect();
        (!names.is_empty()).then(|| {
            format!(
                "this machine does not count {}: the value is 0",
                names.join(", ")
            )
        })
    }

    /// Whether programs have room to be told of all.
    pub(crate) fn check(&self) -> Result<(), RuleError> {
        match self.sampled.len() {
            0..=MAX => Ok(()),
            more => Err(RuleError::TooManyContexts(more)),
        }
    }
}

impl From<ContextSet> for Contexts {
    fn from(threads: ContextSet) -> Self {
        Self {
            threads,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_of_both_kinds_are_found_and_none_is_there_twice() {
        let all = ["vpid", "ip", "$app.a:b", "ip", "cpu_id"]
            .map(|name| Contexts::named(name).unwrap())
            .into_iter()
            .fold(Contexts::default(), Contexts::union);
        assert_eq!(all.threads, ContextSet::named("vpid").unwrap());
        let names: Vec<_> = all.sampled.iter().map(SampledContext::member).collect();
        assert_eq!(names, ["ip", "_app_a_b"]);
        assert!(Contexts::named("ipp").is_err());
    }

    #[test]
    fn a_name_may_be_one_of_programs_of_the_kernel_or_of_both() {
        let named = |name: &str| {
            let found = Contexts::named(name).unwrap();
            (!found.threads.is_empty(), !found.kernel.is_empty())
        };
        assert_eq!(named("pthread_id"), (true, false));
        assert_eq!(named("vuid"), (true, true));
        assert_eq!(named("uid"), (false, true));
        assert_eq!(named("tid"), (false, true));
        assert_eq!(named("procname"), (true, true));
        assert!(Contexts::named("tid").unwrap().are_of_kernel());
        assert!(!Contexts::named("cpu_id").unwrap().are_of_kernel());
    }
}
