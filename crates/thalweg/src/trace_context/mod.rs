//! W3C's trace context (<https://www.w3.org/TR/trace-context/>): what a request carries from service
//! to service, so that traces of several hosts can be put together.

mod hex;
mod trace_id;
mod traceparent;

pub use trace_id::TraceId;
pub use traceparent::{InvalidTraceContext, Traceparent};
