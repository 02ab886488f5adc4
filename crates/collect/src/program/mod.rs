//! One traced program: what it can emit, its memory, its chunks, and the way of their records
//! into packets.

mod class;
mod copy;
mod counters;
mod definitions;
mod encoder;
mod flight;
mod identity;
mod input;
mod lowered;
mod memory;
mod patience;
mod plan;
mod pool;
mod portion;
mod ready;
mod sampled;
mod state;
mod traced;
mod unloaded;
mod wanted;

pub use definitions::{Declared, DefinitionError, Definitions, Site};
pub(crate) use encoder::{CPU_LEN, HEADER, encode_one};
pub use encoder::{Encoder, Full, Pushed};
pub use memory::Memory;
pub(crate) use patience::allowed;
pub use plan::{Plan, Step};
pub use pool::{PoolError, Terms};
pub(crate) use portion::{Entry, Portion, Window};
pub use ready::{Reach, Ready};
pub use sampled::SampledContexts;
pub use traced::{Program, ThreadKey};
