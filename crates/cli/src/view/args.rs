//! What `view` is told.

use std::path::PathBuf;

use thalweg_filter::Filter;
use thalweg_reader::text::{Fields, Names};

use super::moment::{Moment, Range};

/// What `view` is told.
#[derive(Debug, clap::Args)]
#[command(after_help = VIEW_HELP)]
pub(crate) struct Args {
    /// The trace: a folder with `metadata`, or one that has such folders in it.
    #[arg(value_name = "TRACE", required = true)]
    pub(super) traces: Vec<PathBuf>,

    /// Show only events from this time on.
    #[arg(short, long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) begin: Option<Moment>,

    /// Show only events up to this time.
    #[arg(short, long, value_name = "TIME", allow_hyphen_values = true)]
    pub(super) end: Option<Moment>,

    /// Show only events between two times, with a comma between them.
    #[arg(short, long, value_name = "BEGIN,END", allow_hyphen_values = true)]
    #[arg(conflicts_with_all = ["begin", "end"])]
    pub(super) timerange: Option<Range>,

    /// Show only events of these names, with commas between; `*` stands for anything.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(super) only: Vec<String>,

    /// Show only events that pass this filter, such as 'fd == 3 && comm == "a*"'.
    #[arg(long, value_name = "EXPRESSION")]
    pub(super) r#where: Option<Filter>,

    /// Show the first COUNT events that are asked for (this is not babeltrace2's -n, which is --names).
    #[arg(short = 'n', long, value_name = "COUNT", conflicts_with = "tail")]
    pub(super) count: Option<u64>,

    /// Show the last COUNT events that are asked for.
    #[arg(long, value_name = "COUNT")]
    pub(super) tail: Option<u64>,

    /// Show times of day in UTC instead of local time, and read TIME so.
    #[arg(long)]
    pub(super) clock_gmt: bool,

    /// Show times as seconds since the Unix epoch.
    #[arg(long)]
    pub(super) clock_seconds: bool,

    /// Show times as cycles of the clock.
    #[arg(long)]
    pub(super) clock_cycles: bool,

    /// Show the date of each time of day, too.
    #[arg(long)]
    pub(super) clock_date: bool,

    /// Do not show how long after the event before each event came.
    #[arg(long)]
    pub(super) no_delta: bool,

    /// Name these parts of a line: payload, context, header, scope, all, none
    /// [default: payload,context].
    #[arg(long, value_name = "PARTS", value_delimiter = ',', value_parser = NAMES)]
    pub(super) names: Vec<String>,

    /// Show these before an event's name: trace, trace:hostname, trace:domain, trace:procname,
    /// trace:vpid, loglevel, emf, all [default: trace:hostname,trace:procname,trace:vpid].
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', value_parser = FIELDS)]
    pub(super) fields: Vec<String>,

    /// Print one JSON object a line, in a stable form.
    #[arg(long, conflicts_with_all = TEXT_ONLY)]
    pub(super) json: bool,
}

const NAMES: [&str; 9] = [
    "payload", "arg", "args", "context", "ctx", "header", "scope", "all", "none",
];

const FIELDS: [&str; 8] = [
    "trace",
    "trace:hostname",
    "trace:domain",
    "trace:procname",
    "trace:vpid",
    "loglevel",
    "emf",
    "all",
];

const TEXT_ONLY: [&str; 6] = [
    "clock_seconds",
    "clock_cycles",
    "clock_date",
    "no_delta",
    "names",
    "fields",
];

const VIEW_HELP: &str = "\
TIME is [YYYY-MM-DD ]hh:mm[:ss[.NNNNNNNNN]], on the day of the trace's begin if it has no date;
YYYY-MM-DD; or seconds since the Unix epoch.

EXPRESSION is what `record --filter` takes. A name is that of a field, or else of a context; an event
without it is not shown. Texts are compared with == and !=, `*` in them stands for anything.

With --json each line has: time_ns (since the Unix epoch, null without a clock), name, stream (a
number), and, where the event has them, packet, context, event_context and fields. An integer with labels is
{\"value\": 1, \"labels\": [\"A\"]}; a float that JSON does not know is a text.

What the tracer lost, and what cannot be read, is said on standard error.

Exit status: 0 if all of the trace that is asked for was read, else 1.";

impl Args {
    /// Whether the names contradict each other, as babeltrace2 sees it.
    pub(super) fn has_all_and_none(&self) -> bool {
        ["all", "none"]
            .iter()
            .all(|word| self.names.iter().any(|name| name == word))
    }

    /// Which names are written.
    pub(super) fn names(&self) -> Names {
        let mut names = if self.names.is_empty() {
            Names::default()
        } else {
            Names::NONE
        };
        for name in &self.names {
            match name.as_str() {
                "payload" | "arg" | "args" => names.payload = true,
                "context" | "ctx" => names.context = true,
                "header" => names.header = true,
                "scope" => names.scope = true,
                "all" => names = Names::ALL,
                _ => names = Names::NONE,
            }
        }
        names
    }

    /// What stands before an event's name.
    pub(super) fn fields(&self) -> Fields {
        let mut fields = if self.fields.is_empty() {
            Fields::default()
        } else {
            Fields::NONE
        };
        for field in &self.fields {
            match field.as_str() {
                "trace" => fields.trace = true,
                "trace:hostname" => fields.hostname = true,
                "trace:domain" => fields.domain = true,
                "trace:procname" => fields.procname = true,
                "trace:vpid" => fields.vpid = true,
                "loglevel" => fields.loglevel = true,
                "emf" => fields.emf = true,
                _ => fields = Fields::ALL,
            }
        }
        fields
    }
}
