//! Contexts that programs take themselves at their events, by LTTng's names.
//!
//! ```text
//!   ip                      $app.PROVIDER:NAME
//!   │ name, member            │
//!   ip                      _app_PROVIDER_NAME       what the trace calls it, and who goes on with it
//! ```

use thalweg_abi::sampled::{MAX_NAME, Sampled};
use thalweg_kernel::Counter;

/// A context that programs take themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampledContext {
    /// What the trace calls it.
    member: String,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Ip,
    CallstackUser,
    PerfThread(Counter),
    App { provider: String, name: String },
}

/// What is said of names that follow a pattern.
pub(super) const PATTERNS: [&str; 4] = [
    "ip",
    "callstack-user",
    "perf:thread:NAME",
    "$app.PROVIDER:NAME",
];

impl SampledContext {
    /// The context of a name on the command line, if it is one of these.
    pub(super) fn named(text: &str) -> Option<Self> {
        let what = match text {
            "ip" => What::Ip,
            "callstack-user" => What::CallstackUser,
            _ => match text.strip_prefix(PERF) {
                Some(name) => What::PerfThread(Counter::named(name)?),
                None => app(text.strip_prefix("$app.")?)?,
            },
        };
        let member = text.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        Some(Self { member, what })
    }

    /// The context that a trace's metadata calls so; what programs are asked for is forgotten then.
    pub(super) fn of_member(member: &str) -> Option<Self> {
        let what = match member {
            "ip" => What::Ip,
            "callstack_user" => What::CallstackUser,
            _ if member.starts_with("perf_thread_") => {
                What::PerfThread(Counter { kind: 0, config: 0 })
            }
            _ => {
                let (provider, name) = (String::new(), String::new());
                member.strip_prefix("_app_")?.strip_suffix(TAG)?;
                What::App { provider, name }
            }
        };
        let member = member.strip_suffix(TAG).unwrap_or(member).to_owned();
        Some(Self { member, what })
    }

    pub(crate) fn member(&self) -> &str {
        &self.member
    }

    pub(crate) fn what(&self) -> &What {
        &self.what
    }

    /// As programs are asked for it.
    pub(crate) fn asked(&self) -> Sampled<'_> {
        match &self.what {
            What::Ip => Sampled::Ip,
            What::CallstackUser => Sampled::CallstackUser,
            What::PerfThread(Counter { kind, config }) => Sampled::PerfThread {
                kind: *kind,
                config: *config,
            },
            What::App { provider, name } => Sampled::App {
                provider: provider.as_bytes(),
                name: name.as_bytes(),
            },
        }
    }
}

/// What the names of threads' counters begin with.
const PERF: &str = "perf:thread:";

/// What is behind the name of a context's tag.
pub(crate) const TAG: &str = "_tag";

fn app(path: &str) -> Option<What> {
    let (provider, name) = path.split_once(':')?;
    let is_name = |name: &str| {
        let is_fit = |c: char| c.is_ascii_graphic() && c != ':';
        (1..=MAX_NAME).contains(&name.len()) && name.chars().all(is_fit)
    };
    let (provider, name) = Some((provider, name)).filter(|(p, n)| is_name(p) && is_name(n))?;
    Some(What::App {
        provider: provider.to_owned(),
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, member: &str, asked: &str) {
        let context = SampledContext::named(name).unwrap();
        assert_eq!(
            (context.member(), &*context.asked().to_string()),
            (member, asked)
        );
    }

    #[test]
    fn the_members_names_are_lttngs() {
        check("ip", "ip", "ip");
        check("callstack-user", "callstack_user", "callstack-user");
        check(
            "perf:thread:task-clock",
            "perf_thread_task_clock",
            "perf 1 1",
        );
        check("$app.shop:tenant", "_app_shop_tenant", "app shop:tenant");
        check("$app.shop.a:b-c", "_app_shop_a_b_c", "app shop.a:b-c");
    }

    #[test]
    fn a_name_that_is_none_is_none() {
        let long = format!("$app.a:{}", "x".repeat(64));
        for wrong in [
            "",
            "pi",
            "$app.",
            "$app.a",
            "$app.a:",
            "$app.:a",
            "$app.a b:c",
            "$app.a:b:c",
            "perf:thread:x",
            "perf:cpu:cycles",
            &long,
        ] {
            assert_eq!(SampledContext::named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn metadata_tells_which_contexts_there_are() {
        let members = [
            "ip",
            "cpu_id",
            "_app_a_b_tag",
            "int8",
            "_app_a_b",
            "_callstack_user_length",
            "callstack_user",
            "perf_thread_cs",
        ];
        let known: Vec<_> = members
            .into_iter()
            .filter_map(SampledContext::of_member)
            .collect();
        let known: Vec<_> = known.iter().map(SampledContext::member).collect();
        assert_eq!(
            known,
            ["ip", "_app_a_b", "callstack_user", "perf_thread_cs"]
        );
    }
}
