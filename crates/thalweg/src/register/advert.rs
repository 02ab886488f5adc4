//! Collectors that were here first: hand them the memfd, and enable what they ask for.

use super::folder::Folder;
use super::path::Path;
use super::rules;
use super::work;
use crate::map::Map;
use crate::patience;
use crate::site;
use crate::sys::{self, Fd};
use core::ffi::{CStr, c_int};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use thalweg_abi::advert::{FIRST_LINE, FOLDER, MODES, rules_of};
use thalweg_abi::rules::{Rules, split_key};
use thalweg_abi::sampled::{self, CONTEXT, ENTRY_WORDS, Entry, Sampled};
use thalweg_abi::{SLOTS, filters, program, slot};
use thalweg_filter::Room;

/// Greets each collector whose advert lies in the folder.
pub(crate) fn greet_all(
    folder: &Folder,
    map: &Map,
    memfd: &Fd,
    file: &Fd,
    work: &mut work::Memory,
) {
    let work::Memory {
        entries,
        advert,
        room,
        ..
    } = work;
    let mut path = Path::new();
    path.push(FOLDER.as_bytes());
    let Some(name) = path.as_c_str() else { return };
    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
    let Some(adverts) = sys::open(folder.descriptor(), name, flags, 0) else {
        return;
    };
    loop {
        // SAFETY: the kernel writes whole entries, at most the buffer's length.
        let filled = unsafe {
            libc::syscall(
                libc::SYS_getdents64,
                adverts.0,
                entries.as_mut_ptr(),
                size_of_val(entries),
            )
        };
        let Ok(filled @ 1..) = usize::try_from(filled) else {
            return;
        };
        // SAFETY: that many bytes were just written; any byte is a valid u8.
        let bytes = unsafe { core::slice::from_raw_parts(entries.as_ptr().cast::<u8>(), filled) };
        for name in Names(bytes) {
            greet(folder, &adverts, name, (map, memfd, file), (advert, room));
        }
    }
}

/// The names in a buffer of `linux_dirent64`.
struct Names<'b>(&'b [u8]);

impl<'b> Iterator for Names<'b> {
    type Item = &'b CStr;

    fn next(&mut self) -> Option<&'b CStr> {
        const NAME: usize = 19;
        let length = usize::from(u16::from_le_bytes([*self.0.get(16)?, *self.0.get(17)?]));
        let (entry, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        CStr::from_bytes_until_nul(entry.get(NAME..)?).ok()
    }
}

fn greet(
    folder: &Folder,
    adverts: &Fd,
    name: &CStr,
    (map, memfd, file): (&Map, &Fd, &Fd),
    (advert, room): (&mut [u8], &mut Room),
) {
    let bytes = name.to_bytes();
    if bytes.starts_with(b".") || bytes.ends_with(b".sock") {
        return;
    }
    let Some(text) = sys::open(adverts.0, name, libc::O_RDONLY | libc::O_NONBLOCK, 0) else {
        return;
    };
    let len = sys::read(&text, advert);
    let Some(advert) = Advert::parse(&advert[..len]) else {
        return;
    };
    let ring = map.slot(advert.slot);
    let state = ring.control(slot::STATE);
    if state
        .compare_exchange(slot::IDLE, slot::SETTING, Acquire, Relaxed)
        .is_err()
    {
        return;
    }
    let ready = grant(map, memfd, &advert) && hand_over(folder, bytes, memfd, file);
    state.store(if ready { slot::ACTIVE } else { slot::IDLE }, Release);
    if ready {
        rules::apply(map, advert.slot, advert.rules, site::each(), room);
        // As the collector does where it sets the slot up: see `crate::watch`.
        map.head(program::HEAD_ASKED).fetch_add(1, Release);
    }
}

/// What an advert says.
struct Advert<'t> {
    slot: usize,
    clock: u64,
    limit_units: usize,
    session: u64,
    mode: u64,
    patience_ns: u64,
    /// The rules, as the collector knows them.
    rules: &'t [u8],
    /// What stands before them.
    head: &'t [u8],
}

impl<'t> Advert<'t> {
    fn parse(text: &'t [u8]) -> Option<Self> {
        let rest = text
            .strip_prefix(FIRST_LINE.as_bytes())?
            .strip_prefix(b"\n")?;
        let mut advert = Self {
            slot: SLOTS,
            clock: 0,
            limit_units: 0,
            session: 0,
            mode: slot::DISCARD,
            patience_ns: 0,
            rules: rules_of(rest),
            head: &rest[..rest.len() - rules_of(rest).len()],
        };
        for line in rest.split(|&byte| byte == b'\n') {
            match split_key(line) {
                (b"slot", value) => advert.slot = number(value)?,
                (b"limit-units", value) => advert.limit_units = number(value)?,
                (b"start", value) => advert.session = number(value)? as u64,
                (b"mode", value) => advert.mode = mode(value),
                (b"patience-ns", value) => advert.patience_ns = number(value)? as u64,
                (b"clock", b"tsc") => advert.clock = slot::CLOCK_TSC,
                (b"clock", b"mono") => advert.clock = slot::CLOCK_MONO,
                _ => {}
            }
        }
        (advert.slot < SLOTS).then_some(advert)
    }

    /// The contexts that the program takes at its events, as text.
    fn contexts(&self) -> impl Iterator<Item = &'t [u8]> {
        let lines = self.head.split(|&byte| byte == b'\n').map(split_key);
        lines.filter_map(|(key, value)| (key == CONTEXT.as_bytes()).then_some(value))
    }
}

/// The mode with this name; one that this library does not know discards.
fn mode(name: &[u8]) -> u64 {
    let known = MODES.iter().find(|(known, _)| known.as_bytes() == name);
    match known {
        Some((_, slot::BLOCK)) if !patience::is_allowed() => slot::DISCARD,
        Some((_, mode)) => *mode,
        None => slot::DISCARD,
    }
}

fn number(text: &[u8]) -> Option<usize> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// Gives the slot its first memory, so that events need not wait for the collector.
fn grant(map: &Map, memfd: &Fd, advert: &Advert<'_>) -> bool {
    let units = advert.limit_units.min(slot::INITIAL_UNITS);
    let base = program::slot_offset(map.capacity(), advert.slot);
    let threads = program::THREADS_AT_START;
    let allocated = sys::allocate(memfd, base, slot::DESCS + units * 8)
        && sys::allocate(memfd, base + slot::LOST, threads * 8)
        && sys::allocate(memfd, base + slot::RULES, slot::RULES_LEN)
        && grant_filters(map, memfd, base + slot::FILTERS, advert.rules)
        && sys::allocate(memfd, base + slot::CHUNKS, (units * slot::UNIT).max(1));
    if !allocated {
        return false;
    }
    let ring = map.slot(advert.slot);
    for (unit, class) in (0..).map_while(|index| slot::initial_chunk(units, index)) {
        thalweg_ring::publish_free(&ring, unit, class, 0);
    }
    for (word, value) in [
        (slot::CLOCK, advert.clock),
        (slot::SESSION, advert.session),
        (slot::MODE, advert.mode),
        (slot::PATIENCE_NS, advert.patience_ns),
        (slot::SELF_GRANTED, units as u64),
        (slot::UNITS_READY, units as u64),
        (slot::LOST_READY, threads as u64),
    ] {
        ring.control(word).store(value, Release);
    }
    rules::store(map, advert.slot, advert.rules);
    store_sampled(map, advert);
    true
}

/// Writes down which contexts the slot's events carry. A context that is not known has an entry too,
/// of nothing: whoever asked for it will not take the events for what they are not.
fn store_sampled(map: &Map, advert: &Advert<'_>) {
    let base = program::slot_offset(map.capacity(), advert.slot) + slot::SAMPLED;
    let mut count = 0;
    for text in advert.contexts().take(sampled::MAX) {
        let words =
            Sampled::parse(text).map_or([0; ENTRY_WORDS], |known| Entry::new(known).words());
        let at = base + count * ENTRY_WORDS * 8;
        for (index, word) in words.into_iter().enumerate() {
            map.u64_at(at + index * 8).store(word, Relaxed);
        }
        count += 1;
    }
    let told = map.slot(advert.slot).control(slot::SAMPLED_COUNT);
    // ORDER(sampled): Release, pairs with the Acquire load in `sampled_at`.
    told.store(count as u64, Release);
}

/// Gives filters their memory, if there are any.
fn grant_filters(map: &Map, memfd: &Fd, filters: usize, rules: &[u8]) -> bool {
    let heads = map.head(program::HEAD_DEFINED).load(Relaxed) as usize * 8;
    !Rules::new(rules).have_filters()
        || (sys::allocate(memfd, filters, heads.max(1))
            && sys::allocate(memfd, filters + filters::HEADS * 8, filters::CODE * 8))
}

/// Sends the memfd and the rendezvous file to the collector's socket, without waiting.
fn hand_over(folder: &Folder, name: &[u8], memfd: &Fd, file: &Fd) -> bool {
    let mut path = *folder.path();
    path.push(b"/")
        .push(FOLDER.as_bytes())
        .push(b"/")
        .push(name)
        .push(b".sock");
    let Some(socket) = connect(&path) else {
        return false;
    };
    let mut control = Rights::new([memfd.0, file.0]);
    let mut byte = [1_u8];
    let mut part = libc::iovec {
        iov_base: byte.as_mut_ptr().cast(),
        iov_len: 1,
    };
    // SAFETY: all-zero is a valid msghdr.
    let mut message: libc::msghdr = unsafe { core::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control).cast();
    message.msg_controllen = size_of::<Rights>() as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the message points to live parts with their lengths.
    unsafe { libc::sendmsg(socket.0, &raw const message, flags) == 1 }
}

fn connect(path: &Path) -> Option<Fd> {
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no memory is passed.
    let socket = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
    let socket = (socket >= 0).then_some(Fd(socket))?;
    let name = path.as_c_str()?.to_bytes_with_nul();
    // SAFETY: all-zero is a valid sockaddr_un.
    let mut address: libc::sockaddr_un = unsafe { core::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    if name.len() > address.sun_path.len() {
        return None;
    }
    for (to, &from) in address.sun_path.iter_mut().zip(name) {
        *to = from as core::ffi::c_char;
    }
    let length = size_of_val(&address) as libc::socklen_t;
    // SAFETY: the address is live and of that length.
    let done = unsafe { libc::connect(socket.0, (&raw const address).cast(), length) };
    (done == 0).then_some(socket)
}

/// A control message with two descriptors, laid out as the kernel reads it.
#[repr(C, align(8))]
struct Rights {
    length: usize,
    level: c_int,
    kind: c_int,
    descriptors: [c_int; 2],
}

impl Rights {
    fn new(descriptors: [c_int; 2]) -> Self {
        let length = size_of::<Self>();
        Self {
            length,
            level: libc::SOL_SOCKET,
            kind: libc::SCM_RIGHTS,
            descriptors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advert(lines: &str) -> Vec<u8> {
        format!("{FIRST_LINE}\n{lines}").into_bytes()
    }

    #[test]
    fn an_advert_is_read() {
        let text = advert(
            "slot 2\nclock mono\nlimit-units 16\nmode overwrite\npatience-ns 5\n\
             context ip\ncontext app a:b\nenable a:*\ncontext no\n",
        );
        let advert = Advert::parse(&text).unwrap();
        assert_eq!(
            (advert.slot, advert.clock, advert.limit_units),
            (2, slot::CLOCK_MONO, 16)
        );
        assert_eq!(advert.rules, b"enable a:*\ncontext no\n");
        let contexts: Vec<_> = advert.contexts().collect();
        assert_eq!(contexts, [&b"ip"[..], b"app a:b"]);
        assert_eq!((advert.mode, advert.patience_ns), (slot::OVERWRITE, 5));
    }

    #[test]
    fn a_program_that_does_not_allow_to_be_blocked_discards() {
        assert_eq!([mode(b"block"), mode(b"new")], [slot::DISCARD; 2]);
    }

    #[test]
    fn what_is_no_advert_is_refused() {
        assert!(Advert::parse(b"").is_none());
        assert!(Advert::parse(b"thalweg-session 4\nslot 0\n").is_none());
        assert!(Advert::parse(&advert("slot 4\n")).is_none());
        assert!(Advert::parse(&advert("")).is_none());
    }

    #[test]
    fn the_control_message_has_the_kernels_layout() {
        // SAFETY: computes a length.
        let expected = unsafe { libc::CMSG_LEN(8) };
        assert_eq!(size_of::<Rights>(), expected as usize);
    }
}
