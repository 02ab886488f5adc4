//! What the kernel counts and samples, from `perf_event_open`: profiles, counters, and what happens to
//! threads and mappings meanwhile.
//!
//! ```text
//!   per CPU:  ring of samples    ◀── events: of the whole CPU, or of each tracked thread on it
//!             ring of side-band  ◀── mmap2, comm, fork, exit: who ran what
//!                 │ times fitted to the trace clock, names from the side-band ─▶ sink
//! ```
//!
//! # What is lost, and what is counted
//! The kernel counts for each event the records that found the ring full (Linux 6.0; before, it tells
//! with the next record that fits): recorded + lost + own = produced, where own are records of the
//! recorder's processes, which are left out here.
//!
//! # Which side-band a sample needs
//! A ring of side-band is read after it was noted how far the samples are: so whoever runs in a sample
//! is known by then, under the name that it had.

mod counters;
mod cpu_counter;
mod event;
mod lane;
mod open;
mod recording;
mod refusal;
mod stacks;

pub use counters::{Count, CounterSet, CounterValue};
pub use cpu_counter::CpuCounter;
pub use event::PerfEventName;
pub use open::PerfScope;
pub use recording::{PerfConfig, PerfPart, PerfRecording, SampledEvent};
pub use stacks::{StackConfig, StackRecording, Stacks};
