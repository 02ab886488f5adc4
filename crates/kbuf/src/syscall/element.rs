//! The elements of what calls are given in lists: descriptors, what happened to them, vectors.
//!
//! ```text
//!   struct pollfd       | fd | events | revents |     ▶ fd, raw_events, events { POLLIN, … }
//!   struct epoll_event  | events | data         |     ▶ data_union { u64, fd }, raw_events, events { … }
//!   struct iovec        | base | length         |     ▶ iov_base, iov_len
//!   struct mmsghdr      | header | length | -   |     ▶ the length
//! ```
//!
//! Classes of the first two are LTTng's.

use thalweg_model::{DisplayBase, FieldClass, IntegerClass, Member, StructClass};

const POLLED: [&str; 5] = ["POLLIN", "POLLPRI", "POLLOUT", "POLLERR", "POLLHUP"];
const EPOLLED: [&str; 4] = ["EPOLLIN", "EPOLLPRI", "EPOLLOUT", "EPOLLERR"];

/// An element, as the kernel has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Byte,
    /// A descriptor with what is asked of it.
    Poll,
    /// A descriptor with what was found.
    Polled,
    Epoll,
    Vector,
    /// As 32-bit programs have it.
    NarrowVector,
    /// How long a message of several was.
    Message,
    NarrowMessage,
}

impl Element {
    /// Its bytes in the program's memory.
    pub(super) const fn len(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Poll | Self::Polled | Self::NarrowVector => 8,
            Self::Epoll => 12,
            Self::Vector => 16,
            Self::Message => 64,
            Self::NarrowMessage => 32,
        }
    }

    /// How the trace has it.
    pub(super) fn class(self) -> FieldClass {
        match self {
            Self::Byte => FieldClass::hex(8),
            Self::Message | Self::NarrowMessage => FieldClass::uint(32),
            Self::Poll | Self::Polled => structure(vec![
                Member::new("fd", FieldClass::int(32)),
                Member::new("raw_events", FieldClass::hex(16)),
                Member::new("events", bits(&POLLED)),
            ]),
            Self::Epoll => structure(vec![
                Member::new(
                    "data_union",
                    structure(vec![
                        Member::new("u64", FieldClass::hex(64)),
                        Member::new("fd", FieldClass::int(32)),
                    ]),
                ),
                Member::new("raw_events", FieldClass::hex(32)),
                Member::new("events", bits(&EPOLLED)),
            ]),
            Self::Vector | Self::NarrowVector => structure(vec![
                Member::new("iov_base", FieldClass::hex(64)),
                Member::new("iov_len", FieldClass::uint(64)),
            ]),
        }
    }

    /// Appends it; zeros where bytes are missing.
    pub(super) fn encode(self, bytes: &[u8], out: &mut Vec<u8>) {
        let part = |at: usize, len: usize| {
            let mut part = [0; 8];
            let found = bytes.get(at..at + len).unwrap_or_default();
            part[..found.len()].copy_from_slice(found);
            part
        };
        match self {
            Self::Byte => out.push(part(0, 1)[0]),
            Self::Message => out.extend_from_slice(&part(56, 4)[..4]),
            Self::NarrowMessage => out.extend_from_slice(&part(28, 4)[..4]),
            Self::Vector => out.extend([part(0, 8), part(8, 8)].concat()),
            Self::NarrowVector => out.extend([part(0, 4), part(4, 4)].concat()),
            Self::Poll | Self::Polled => {
                let at = if self == Self::Poll { 4 } else { 6 };
                let events = part(at, 2);
                out.extend_from_slice(&part(0, 4)[..4]);
                out.extend_from_slice(&[events[0], events[1], events[0] & 0x1f]);
            }
            Self::Epoll => {
                let (events, data) = (part(0, 4), part(4, 8));
                out.extend_from_slice(&data);
                out.extend_from_slice(&data[..4]);
                out.extend_from_slice(&events[..4]);
                out.push(events[0] & 0xf);
            }
        }
    }
}

fn structure(members: Vec<Member>) -> FieldClass {
    FieldClass::Struct(StructClass {
        min_align_bits: 0,
        members,
    })
}

/// A byte with a name for each of its low bits.
fn bits(names: &[&str]) -> FieldClass {
    let class = |size_bits| {
        let mut class = IntegerClass::le(size_bits, false);
        (class.base, class.align_bits) = (DisplayBase::Decimal, 1);
        FieldClass::Integer(class)
    };
    let named = names.iter().map(|name| Member::new(*name, class(1)));
    let padding = Member::new("padding", class(8 - names.len() as u32));
    structure(named.chain([padding]).collect())
}
