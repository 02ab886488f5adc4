//! What the programs write.
//!
//! ```text
//!   0      4      8      16    24
//!   | kind |      | time | key | body …
//!
//!   a fork         24            28          32           36         40      48
//!                  | parent: pid | parent ns | child: pid | child ns | level | numbers: level + 1 × i32
//!   a packet       24               28      32
//!                  | protocol: be16 | bytes | bytes of its headers, 80 at most
//! ```
//!
//! The key of a fork is the child's number, that of a packet its address. Numbers are those of the child
//! in each pid namespace from the first down to its own.

/// At which tracepoint something was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum ToldKind {
    /// `sched_process_fork`
    Fork = 1,
    /// `net_dev_queue`
    Queued = 2,
    /// `netif_receive_skb`
    Received = 3,
    /// `netif_rx`
    Rx = 4,
}

impl ToldKind {
    /// All.
    pub const ALL: [Self; 4] = [Self::Fork, Self::Queued, Self::Received, Self::Rx];

    /// The one of a tracepoint, by the kernel's names.
    pub fn of(system: &str, event: &str) -> Option<Self> {
        let all = Self::ALL.into_iter();
        let mut found = all.filter(|kind| kind.tracepoint() == (system, event));
        found.next()
    }

    /// The tracepoint, by the kernel's names.
    pub const fn tracepoint(self) -> (&'static str, &'static str) {
        match self {
            Self::Fork => ("sched", "sched_process_fork"),
            Self::Queued => ("net", "net_dev_queue"),
            Self::Received => ("net", "netif_receive_skb"),
            Self::Rx => ("net", "netif_rx"),
        }
    }

    /// The kernel's field that is the key.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Fork => "child_pid",
            Self::Queued | Self::Received | Self::Rx => "skbaddr",
        }
    }
}

/// Where things are in every record.
#[derive(Clone, Copy, Debug)]
pub struct ToldLayout;

#[allow(missing_docs, reason = "the picture above says it")]
impl ToldLayout {
    pub const KIND: i16 = 0;
    pub const TIME: i16 = 8;
    pub const KEY: i16 = 16;
    pub const BODY: i16 = 24;
}

/// Where things are in the record of a fork.
#[derive(Clone, Copy, Debug)]
pub struct ForkLayout;

#[allow(missing_docs, reason = "the picture above says it")]
impl ForkLayout {
    pub const PARENT_PID: i16 = 24;
    pub const PARENT_NS: i16 = 28;
    pub const CHILD_PID: i16 = 32;
    pub const CHILD_NS: i16 = 36;
    pub const LEVEL: i16 = 40;
    pub const NUMBERS: i16 = 48;
    /// Namespaces within one another that the kernel allows.
    pub const LEVELS: i16 = 33;
    pub const MOST_BYTES: i16 = 184;
}

/// Where things are in the record of a packet.
#[derive(Clone, Copy, Debug)]
pub struct PacketLayout;

#[allow(missing_docs, reason = "the picture above says it")]
impl PacketLayout {
    pub const PROTOCOL: i16 = 24;
    pub const LEN: i16 = 28;
    pub const HEADERS: i16 = 32;
    /// An IPv4 header with options, and TCP's without.
    pub const HEADER_BYTES: i16 = 80;
    pub const BYTES: i16 = Self::HEADERS + Self::HEADER_BYTES;
}

const _: () = assert!(ForkLayout::NUMBERS + 4 * ForkLayout::LEVELS <= ForkLayout::MOST_BYTES);

/// A record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldRecord<'a> {
    /// At which tracepoint.
    pub kind: ToldKind,
    /// When, by the monotonic clock.
    pub time_ns: u64,
    /// What the kernel's record has, too.
    pub key: u64,
    /// What is told.
    pub body: &'a [u8],
}

impl<'a> ToldRecord<'a> {
    /// Reads a record; `None` if it is none.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (head, body) = bytes.split_first_chunk::<{ ToldLayout::BODY as usize }>()?;
        let number = |at: i16| {
            let bytes = head[at as usize..].first_chunk();
            bytes.map_or(0, |bytes| u64::from_ne_bytes(*bytes))
        };
        let kind = number(ToldLayout::KIND) as u32;
        Some(Self {
            kind: ToldKind::ALL.into_iter().find(|one| *one as u32 == kind)?,
            time_ns: number(ToldLayout::TIME),
            key: number(ToldLayout::KEY),
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_its_kind_time_and_key() {
        let mut bytes = vec![0; 26];
        (bytes[0], bytes[8], bytes[16], bytes[25]) = (2, 5, 7, 9);
        let record = ToldRecord::parse(&bytes).unwrap();
        let head = (record.kind, record.time_ns, record.key);
        assert_eq!(head, (ToldKind::Queued, 5, 7));
        assert_eq!(record.body, [0, 9]);
        assert_eq!(ToldRecord::parse(&bytes[..23]), None);
        bytes[0] = 5;
        assert_eq!(ToldRecord::parse(&bytes), None);
    }
}
