//! Histograms and synthetic events: the kernel's own triggers on events, in a recording's instance.
//!
//! ```text
//!   --hist 'kmalloc:keys=call_site.sym:vals=bytes_req'       trigger of kmalloc; its file `hist` is read
//!   --synthetic 'wakeup: sched_waking.pid -> sched_switch.next_pid next_comm'
//!        synthetic_events    thalweg_HASH_wakeup u64 latency_ns; s32 next_pid; char[16] next_comm
//!        sched_waking        hist:keys=pid:time_wakeup=common_timestamp
//!        sched_switch        hist:keys=next_pid:…:onmatch(sched.sched_waking).trace(thalweg_HASH_wakeup,…)
//! ```
//!
//! Triggers are the instance's. One with variables holds its instance: whoever removes the instance, also of a
//! dead recorder, removes the triggers first ([`disarm`]). Synthetic events are the machine's, and have a name
//! that follows from the instance's, as groups of probes have ([`remove_own`], [`remove_stray_synthetics`]).

mod arm;
mod define;
mod spec;
mod synthetic;

pub(crate) use arm::{Armed, arm, disarm, is_recorded};
pub use arm::{Histogram, KeyKind};
pub use define::remove_stray_synthetics;
pub(crate) use define::{define_all, remove_own};
pub use spec::{HistogramKey, HistogramSpec, SyntheticField, SyntheticSpec};
