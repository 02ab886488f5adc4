//! Where programs and collectors meet: the folders, what lies in them, and who calls.
//!
//! Invariant: nothing in a folder is believed before its owner, kind and size were checked, and no
//! file of a folder is ever mapped: a program could cut it short under us.

mod advert;
mod call;
mod file;
mod folder;
mod owner;
mod unposted;
mod watch;

pub(crate) use advert::{Advert, Post, instances_in_use, left_behind};
pub(crate) use call::{Call, accept_all};
pub(crate) use file::{Found, open_memfd, read, scan, unfinished};
pub(crate) use folder::{Folder, candidates, tag};
pub(crate) use owner::{Owner, Owners, has_own_proc};
pub(crate) use unposted::remove_unposted;
pub(crate) use watch::Watch;
