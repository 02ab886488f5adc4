//! The kernel's own trace bytes: tracefs `format` files and ring pages in, CTF event records out.
//!
//! ```text
//!  events/*/format ──EventFormat──┐
//!                                 ├─ lttng: name, fields ──Plan──┐
//!  LTTng's listing ───────────────┘                              ▼
//!  ring page ──Page──Records──(type, time, bytes)──────────▶ Transcoder ──▶ CTF event records
//! ```
//!
//! Invariant: every number in a page or a `format` file is a claim until it is checked. No input
//! makes this crate panic, loop or reserve more memory than the input is long (times a constant).
//! It does no input or output and never asks for the time.

#![forbid(unsafe_code)]

mod context;
mod format;
mod ftrace;
mod header;
mod hist;
mod lttng;
mod page;
mod parts;
mod perf;
mod plan;
mod syscall;
mod task;
mod told;
mod transcode;

pub use context::{EventContext, RecordHead};
pub use format::{Element, EventFormat, Field, FormatError, PageLayout, Shape};
pub use ftrace::{Symbols, TracerEvent};
pub use header::HeaderKind;
pub use hist::{HistRow, HistTable};
pub use lttng::{FieldSource, Naming, PROBE_GROUP, Reading, TraceEvent, lttng_name};
pub use page::{Cursor, Missed, Page, PageError, Record, RecordError, Records};
pub use parts::{Part, Parts};
pub use perf::{
    Counter, PerfBody, PerfKind, PerfMapping, PerfRecord, PerfRecords, PerfSample, TornRecord,
    perf_context, perf_sample_class, perf_sample_context, perf_stack_members,
};
pub use syscall::{
    CompatCall, Copy, CopyKind, Length, MemberClass, Origin, PathLayout, RecordLayout,
    SYSCALL_LIMIT, Side, Slot, Structure, StructureMember, SyscallEvent, SyscallOptions,
    SyscallRecord, compat_calls, syscall_context, syscall_numbers,
};
pub use task::{
    Attributes, Change, FIRST_PID_NAMESPACE, GroupRecord, IdMap, Namespaces, TaskLayout,
    TaskRecord, TaskState, UNKNOWN_ID, cgroup, container, ids, own_name, status_value,
};
pub use told::{ForkLayout, PacketLayout, Told, ToldKind, ToldLayout, ToldRecord};
pub use transcode::{PageSummary, Spoilt, Transcoder};
