//! Which contexts a recording has.

use thalweg_filter::near_names;
use thalweg_kernel::KernelContext;
use thalweg_model::Member;

use super::kind::Context;
use super::sampled::PATTERNS;

/// A set of contexts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextSet {
    bits: u32,
}

/// Why a name is no context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownContext(pub(super) String);

/// A context that stands in each event anyhow.
const ALWAYS: &str = "cpu_id";

impl ContextSet {
    /// The set with the context of this name; none for `cpu_id`, which is always there.
    pub fn named(name: &str) -> Option<Self> {
        match find(name) {
            Some(context) => Some(Self::default().with(context)),
            None => (name == ALWAYS).then(Self::default),
        }
    }

    /// The set and another context.
    #[must_use]
    pub const fn with(self, context: Context) -> Self {
        Self {
            bits: self.bits | 1 << context as u32,
        }
    }

    /// All that are in one of the two.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            bits: self.bits | other.bits,
        }
    }

    /// Those of these names that are contexts: what a trace's metadata says that it has.
    pub(crate) fn known<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        names.filter_map(find).fold(Self::default(), Self::with)
    }

    /// What a shared stream's event has besides: whose it is.
    pub(crate) const fn with_thread(self) -> Self {
        self.with(Context::Vpid)
            .with(Context::Vtid)
            .with(Context::Procname)
    }

    /// Whether a context is in it.
    pub const fn has(self, context: Context) -> bool {
        self.bits & (1 << context as u32) != 0
    }

    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// The contexts in order.
    pub fn iter(self) -> impl Iterator<Item = Context> {
        Context::ALL
            .into_iter()
            .filter(move |context| self.has(*context))
    }

    /// The declaration.
    pub(crate) fn members(self) -> Vec<Member> {
        self.iter().map(Context::member).collect()
    }
}

fn find(name: &str) -> Option<Context> {
    Context::ALL
        .into_iter()
        .find(|context| context.name() == name)
}

/// One line that says what to write instead.
pub(super) fn refusal(name: &str) -> String {
    let of_kernel = KernelContext::ALL.into_iter().map(KernelContext::name);
    let known = Context::ALL.into_iter().map(Context::name);
    let is_new = |name: &&str| find(name).is_none();
    let known = known.chain(of_kernel.filter(is_new));
    let names: Vec<&str> = known
        .chain(PATTERNS)
        .chain(["callstack-kernel", "perf:cpu:NAME"])
        .collect();
    let near = near_names(name, names.iter().copied().chain([ALWAYS]));
    let hint = match near.is_empty() {
        true => ".".to_owned(),
        false => format!("; did you mean {}?", near.join(" or ")),
    };
    format!(
        "no context is called `{name}`{hint} There are: {ALWAYS} {}",
        names.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_context_is_found_by_its_name() {
        for context in Context::ALL {
            let set = ContextSet::named(context.name()).unwrap();
            assert_eq!(set.iter().collect::<Vec<_>>(), [context]);
            assert_eq!(set.members()[0].name, context.name());
        }
        assert!(ContextSet::named("cpu_id").unwrap().is_empty());
    }

    #[test]
    fn the_order_is_lttngs_whatever_the_order_of_the_names() {
        let set = ["vsgid", "container", "vtid", "ipc_ns", "vpid"]
            .map(|name| ContextSet::named(name).unwrap())
            .into_iter()
            .fold(ContextSet::default(), ContextSet::union);
        let names: Vec<_> = set.members().into_iter().map(|m| m.name).collect();
        assert_eq!(names, ["vpid", "vtid", "ipc_ns", "vsgid", "container"]);
    }

    #[test]
    fn a_mistyped_name_is_told_what_is_near_and_what_there_is() {
        let said = refusal("vpd");
        let begin = "no context is called `vpd`; did you mean vpid";
        assert!(said.starts_with(begin), "{said}");
        assert!(
            said.contains(" vsgid cgroup container pid tid ppid vppid prio nice "),
            "{said}"
        );
        assert!(!said.contains('\n'));
        let said = refusal("zzzzzz");
        assert!(
            said.starts_with("no context is called `zzzzzz`. There are: cpu_id vpid"),
            "{said}"
        );
    }
}
