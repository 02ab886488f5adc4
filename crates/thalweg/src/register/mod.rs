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
pub(crate) mod definition;
mod file;
mod folder;
mod identity;
mod path;
mod registration;
pub(crate) mod rules;
pub(crate) mod work;

pub(crate) use folder::remember as remember_folders;
pub(crate) use identity::nonce;
pub(crate) use registration::{register, withdraw};
