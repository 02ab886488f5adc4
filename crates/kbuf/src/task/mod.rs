//! Threads: what programs in the kernel write of them, and what `/proc` says.

mod record;
mod state;

pub use record::{Change, TaskLayout, TaskRecord};
pub use state::{FIRST_PID_NAMESPACE, TaskState, status_value};
