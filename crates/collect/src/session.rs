//! What every output of a recording has in common: where, when, and by which clock.

use std::path::PathBuf;
use thalweg_model::Uuid;

use crate::clock::SessionClock;
use crate::context::Contexts;
use crate::output::Output;
use crate::program::Window;
use crate::sink::environment::{self, Host};
use crate::sink::{SinkError, TraceIdentity};

/// What every output of a recording has in common.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) out: PathBuf,
    pub(crate) name: String,
    pub(crate) created_s: i64,
    pub(crate) clock: SessionClock,
    pub(crate) start: u64,
}

impl Session {
    /// The times that are believed and wanted at this moment.
    pub(crate) fn window(&self) -> Window {
        Window {
            from: self.start,
            now: self.clock.now(),
            second: self.clock.second(),
        }
    }

    /// A new trace's identity.
    pub(crate) fn identity(&self, environment: environment::Environment) -> TraceIdentity {
        let clock = self.clock.class().clone();
        TraceIdentity {
            uuid: fresh_uuid(),
            clock,
            environment,
        }
    }

    /// Makes the folder for a user's programs.
    pub(crate) fn create_output(&self, uid: u32, contexts: &Contexts) -> Result<Output, SinkError> {
        let programs = environment::Programs { uid, bits: 64 };
        let environment = environment::ust(&Host::read(), &self.recording(), programs);
        let dir = environment::ust_dir(&self.out, programs);
        Output::create(&dir, &self.identity(environment), self.start, contexts)
    }

    /// Its name and date, for the environment.
    pub(crate) fn recording(&self) -> environment::Recording {
        environment::Recording {
            name: self.name.clone(),
            created_s: self.created_s,
        }
    }
}

/// A random uuid, from the kernel.
pub(crate) fn fresh_uuid() -> Uuid {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_default();
    text.parse().unwrap_or(Uuid(rustix_random()))
}

fn rustix_random() -> [u8; 16] {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&time.tv_sec.to_le_bytes());
    bytes[8..].copy_from_slice(&time.tv_nsec.to_le_bytes());
    bytes
}
