//! Registration: how collectors find this process and what it can emit.
//!
//! ```text
//!   folder ── the first that is ours, private, and on tmpfs
//!     ├─ sessions/ID, ID.sock   collectors that are here already: hand them the memfd, enable
//!     └─ PID-IMAGE-NONCE        our definitions, for collectors that come later
//! ```
//!
//! Nothing here allocates or takes a lock, so that a forked child can do it in a signal handler.

mod advert;
mod file;
mod folder;
mod identity;
mod path;

use crate::map::Map;
use crate::sys::{self, Fd};
use folder::Folder;
use path::Path;

pub(crate) use folder::remember as remember_folders;
pub(crate) use identity::nonce;

/// Registers the process with whoever watches the first usable folder.
pub(crate) fn register(map: &Map, memfd: &Fd, nonce: u64) {
    let Some(folder) = Folder::open_first() else {
        return;
    };
    let Some(head) = identity::head(memfd, nonce) else {
        return;
    };
    let mut name = Path::new();
    name.push_hex(u64::from(head.pid))
        .push(b"-")
        .push_hex(head.image);
    name.push(b"-").push_hex(head.nonce);
    let mut hidden = Path::new();
    hidden.push(b".").push(name.bytes());
    let Some(file) = file::write(&folder, &hidden, head) else {
        return;
    };
    advert::greet_all(&folder, map, memfd, &file);
    folder.publish(&hidden, &name);
}

/// Removes the rendezvous file.
pub(crate) fn withdraw() {
    folder::remove_published(sys::getpid());
}
