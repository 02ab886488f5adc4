//! Spans: two events, and the time between them under an id of its own.
//!
//! ```text
//!   scope.rs   Span: what one thread does from here to there       task.rs    TaskSpan: work that may
//!   id.rs      SpanId, as programs and traces see it                          move between threads
//!   ids.rs     which ids are given                                 future.rs  a future in such a span
//!   begun.rs   what is known from the begin on                     current.rs what is around a thread
//! ```
//!
//! Invariant: while nobody records, a span is a gate that is closed: it takes no id, and changes
//! nothing of the thread.

mod begun;
pub(crate) mod current;
mod future;
mod id;
mod ids;
mod scope;
mod task;

pub use begun::Begun;
pub use future::{InSpan, Spanned};
pub use id::{SPAN_ID, SpanId};
pub(crate) use ids::{Batch, Ids};
pub use scope::Span;
pub use task::{Entered, TaskSites, TaskSpan};
