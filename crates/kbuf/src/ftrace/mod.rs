//! What ftrace itself writes into a ring, besides tracepoints: calls and returns of the kernel's
//! functions, call stacks, texts of `trace_marker`.
//!
//! ```text
//!   function        { ip, parent_ip }                    func_entry { ip, parent_ip, tid, func, parent }
//!   funcgraph_exit  { func, depth, calltime, rettime }   func_exit { ip, tid, depth, func, duration_ns }
//!   kernel_stack    { size, caller[] }                   kernel_stack { tid, callers[] }
//!   print           { ip, buf[] }                        print { ip, tid, buf }
//! ```
//!
//! Addresses become names here, by the kernel's own table of symbols: the trace has to be read where
//! that kernel does not run.

mod event;
mod step;
mod symbols;

pub use event::TracerEvent;
pub(crate) use step::Step;
pub use symbols::Symbols;
