//! The kernel's function tracers: each call of many functions, without a probe for each.
//!
//! ```text
//!   --functions 'vfs_*'        instance: set_ftrace_filter, current_tracer = function        func_entry
//!   --function-graph 'vfs_*'   instance: the same, current_tracer = function_graph           func_entry, func_exit
//!                                  └─ no instance of this kernel has it: a probe for each
//!   --tracer osnoise           instance: current_tracer = osnoise                            osnoise
//!   -k ftrace:print            instance: copy_trace_marker                                   print
//! ```
//!
//! Invariant: nothing is set but in the recording's own instance, which takes it along when it is
//! removed, whoever removes it; what it would not take is told by a sign in it ([`disarm`]). So depth is looked at where records are read: the kernel's own limit
//! (`max_graph_depth`) and its list of roots (`set_graph_function`) are the machine's.

mod arm;
mod events;
mod graph_probes;
mod latency;
mod offered;
mod spec;

pub(crate) use arm::{arm, disarm, leave_out};
pub(crate) use events::{of_config, of_instance};
pub use graph_probes::{GraphSource, find_functions, find_graph_source};
pub use latency::LatencyTracer;
pub(crate) use latency::longest;
pub use offered::{FunctionTracers, find_function_tracers};
pub use spec::{FunctionKind, FunctionTrace};
