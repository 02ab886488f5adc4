//! Who the process is, as filters see it: noted when it is set up, so that no event has to ask.
//!
//! What changes later (`setuid`, another name) is not seen.

use crate::sys;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use thalweg_filter::Context;

/// Zeroed memory is a valid one.
#[repr(C)]
pub(crate) struct Identity {
    pid: AtomicU32,
    /// Real, effective and saved user id, and the same of the group.
    ids: [AtomicU32; 6],
    name: [AtomicU64; 2],
}

impl Identity {
    /// Notes what the kernel says now.
    pub(crate) fn note(&self) {
        self.pid.store(sys::getpid(), Relaxed);
        for (to, id) in self.ids.iter().zip(sys::ids()) {
            to.store(id, Relaxed);
        }
        let name = sys::procname();
        for (to, eight) in self.name.iter().zip(name.as_chunks().0) {
            to.store(u64::from_le_bytes(*eight), Relaxed);
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.load(Relaxed)
    }

    /// The name, up to its NUL.
    pub(crate) fn procname(&self) -> Name {
        let [first, second] = &self.name;
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&first.load(Relaxed).to_le_bytes());
        bytes[8..].copy_from_slice(&second.load(Relaxed).to_le_bytes());
        let len = bytes.iter().position(|&byte| byte == 0).unwrap_or(16);
        Name { bytes, len }
    }

    /// One of the ids of user and group.
    pub(crate) fn id(&self, context: Context) -> Option<u32> {
        let at = match context {
            Context::Vuid => 0,
            Context::Veuid => 1,
            Context::Vsuid => 2,
            Context::Vgid => 3,
            Context::Vegid => 4,
            Context::Vsgid => 5,
            _ => return None,
        };
        Some(self.ids[at].load(Relaxed))
    }
}

/// A process's name.
pub(crate) struct Name {
    bytes: [u8; 16],
    len: usize,
}

impl Name {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
