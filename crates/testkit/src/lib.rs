//! What several crates' tests need: a fake clock, scratch folders, other people's tools.

#![forbid(unsafe_code)]

mod guarded;
pub mod layout;
mod lttng;
pub mod packet;
mod small_disk;
mod sweep;
mod tool;

pub use guarded::{Guarded, SpawnGuarded};
pub use lttng::{record_contexts_with_lttng, record_with_lttng};
pub use small_disk::SmallDisk;
pub use sweep::sweep;
pub use tool::{Ran, babeltrace2, babeltrace2_clean, discarded_events, finish, package, run};
