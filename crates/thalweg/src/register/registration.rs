//! The steps of a registration.

use super::folder::{self, Folder};
use super::path::Path;
use super::work::Work;
use super::{advert, file, identity};
use crate::map::Map;
use crate::sys::{self, Fd};

/// Registers the process with whoever watches the first usable folder.
pub(crate) fn register(map: &Map, memfd: &Fd, nonce: u64) {
    let Some(folder) = Folder::open_first() else {
        return;
    };
    let Some(mut work) = Work::new() else { return };
    let work = work.memory();
    let Some(head) = identity::head(memfd, nonce, &mut work.text) else {
        return;
    };
    let mut name = Path::new();
    name.push_hex(u64::from(head.pid))
        .push(b"-")
        .push_hex(head.image);
    name.push(b"-").push_hex(head.nonce);
    let mut hidden = Path::new();
    hidden.push(b".").push(name.bytes());
    // Whoever removes what the dead left must know whose number it is before there is a head.
    hidden.push(b"-").push_hex(head.pid_ns);
    let Some(file) = file::write(&folder, &hidden, head, &mut work.output) else {
        return;
    };
    advert::greet_all(&folder, map, memfd, &file, work);
    folder.publish(&hidden, &name);
}

/// Removes the rendezvous file.
pub(crate) fn withdraw() {
    folder::remove_published(sys::getpid());
}
