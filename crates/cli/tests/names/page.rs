//! The page of the documentation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::table::{Group, Listing};

/// What the page is made of.
pub(crate) struct Tables<'t> {
    pub(crate) kernel: String,
    pub(crate) groups: Vec<(&'static str, &'t Group)>,
    /// Those whose events are shown one by one.
    pub(crate) shown: Vec<(&'static str, &'t Group)>,
    pub(crate) listing: &'t Listing,
}

const HEAD: &str = "\
# Names and fields beside LTTng's

What traces of ours declare, beside what LTTng's kernel tracer (2.17, on Linux 6.1) declares for the events of
the same names. Fields are compared by name, type and order. Written by

    THALWEG_BLESS=1 cargo nextest run -p thalweg-cli -E 'binary(lttng_names)'

which records the default events, all events and all system calls for a moment; without `THALWEG_BLESS` it fails
on a difference that has no reason, and where this page is not what the kernel of this page gives.
";

/// What stands for the differences of system calls.
const OF_CALLS: &str = "`+u64x _NAME_addr` for what `_NAME` points at, or nothing";

const NOTES: &str = "
## What is the same, and yet worth knowing

- `error_code` of page faults and `vec` of soft interrupts have 8 bits, `gfp_flags` of `mm_vmscan_*` 32, as LTTng has
  them; the kernel's records have more.
- A reason of `skb_kfree` above 254 (of a subsystem's own) is 255, `OTHER`.
- `parent_pid`, `parent_ns_inum`, `vtids`, `child_pid` and `child_ns_inum` of `sched_process_fork`, and `network_header`
  of packets, come from programs of ours ([0040](decisions/0040-what-a-record-lacks-is-told-by-a-program-at-the-same-tracepoint.md)).
  In kernels that do not take them the fields are left out, with a note.
- `mode` and `submode` of `lttng_statedump_process_state` are those of LTTng's module: unknown (5 and 1), always. It
  asks no thread whether it is in a system call, and viewers find it out from the first event.
";

impl Tables<'_> {
    pub(crate) fn page(&self) -> String {
        let mut page = format!("{HEAD}\nThe kernel: {}.\n\n", self.kernel);
        self.summary(&mut page);
        self.reasons(&mut page);
        page.push_str(NOTES);
        for (title, group) in &self.shown {
            let _ = write!(
                page,
                "\n## {title}\n\n| event | its fields | LTTng's |\n|---|---|---|\n"
            );
            for row in &group.rows {
                let same = if row.differences.is_empty() {
                    "same"
                } else {
                    "differ: above"
                };
                let fields = row.fields.iter().map(|field| format!("`{field}`"));
                let fields = fields.collect::<Vec<_>>().join(", ").replace('|', "\\|");
                let _ = writeln!(page, "| `{}` | {fields} | {same} |", row.event);
            }
        }
        self.missing(&mut page);
        page
    }

    fn summary(&self, page: &mut String) {
        page.push_str(
            "| events | ours | LTTng has them, too | all of LTTng's fields, types, order | of these, more behind | with a \
             difference |\n|---|---|---|---|---|---|\n",
        );
        for (name, group) in &self.groups {
            let common = group.rows.len();
            let more = group.rows.iter().filter(|row| !row.more.is_empty()).count();
            let _ = writeln!(
                page,
                "| {name} | {} | {common} | {} | {more} | {} |",
                common + group.own,
                group.same(),
                common - group.same(),
            );
        }
    }

    /// Each difference with its reason; those of many events are told once.
    fn reasons(&self, page: &mut String) {
        page.push_str("\n## Differences\n\n`-`: LTTng's alone, `+`: ours alone.\n\n");
        page.push_str("| events | difference | why |\n|---|---|---|\n");
        let mut told: BTreeMap<(&str, BTreeSet<String>), BTreeSet<&str>> = BTreeMap::new();
        for row in self.groups.iter().flat_map(|(_, group)| &group.rows) {
            let mut by_reason: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
            for (difference, why) in &row.differences {
                let short = difference.split('{').next().unwrap_or_default().trim();
                let name = difference.rsplit(' ').next().unwrap_or_default();
                let text = match short.len() == difference.len() {
                    true => short.to_owned(),
                    false => format!("{short} {{ … }} {name}"),
                };
                let of_reason = by_reason.entry(why.unwrap_or("?")).or_default();
                of_reason.insert(format!("`{text}`"));
            }
            for (why, mut differences) in by_reason {
                // The calls' own fields would fill pages.
                if row.event.starts_with("syscall_") {
                    differences = [OF_CALLS.to_owned()].into();
                }
                told.entry((why, differences))
                    .or_default()
                    .insert(&row.event);
            }
        }
        for ((why, differences), events) in told {
            let first = events.iter().take(3).map(|event| format!("`{event}`"));
            let mut names = first.collect::<Vec<_>>().join(", ");
            if events.len() > 3 {
                let _ = write!(names, " and {} more", events.len() - 3);
            }
            let differences: Vec<String> = differences.into_iter().collect();
            let _ = writeln!(page, "| {names} | {} | {why} |", differences.join(", "));
        }
    }

    fn missing(&self, page: &mut String) {
        let rows = self.groups.iter().flat_map(|(_, group)| &group.rows);
        let here: BTreeSet<&str> = rows.map(|row| row.event.as_str()).collect();
        let missing = self.listing.keys().filter(|name| !here.contains(**name));
        let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
        let _ = write!(
            page,
            "\n## Events of LTTng's that this kernel does not have\n\n{} of {}, whose drivers or options are not in \
             it, or that are gone from the kernel since 6.1:\n{}.\n",
            missing.len(),
            self.listing.len(),
            missing.join(", ")
        );
    }
}
