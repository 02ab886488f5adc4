//! Threads: what programs in the kernel write of them, and what `/proc` says.

mod attributes;
mod group;
mod record;
mod state;
mod text;

pub use attributes::{Attributes, Namespaces, UNKNOWN_ID};
pub use group::GroupRecord;
pub use record::{Change, TaskLayout, TaskRecord};
pub use state::{FIRST_PID_NAMESPACE, TaskState, own_name, status_value};
pub use text::{IdMap, cgroup, container, ids};
