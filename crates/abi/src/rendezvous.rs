//! The rendezvous file: who a program is and what it can emit.
//!
//! ```text
//!   byte 0    8         12      16    20       24       32     40      48         64
//!   | magic   | version | len   | pid | ringfd | start  | image | nonce | pid ns · 0 |
//!   64        72          80          88        92        96           112
//!   | ino     | ring len  | sites n   | tid     | capac.  | procname    | definitions …
//! ```
//!
//! A definition, packed: `level u8 · gate u16 · line u32 · name str · file str · model URI str
//! (empty: none) · fields u8 · field*`; a string is `u16` length and bytes; a field is a name, flags
//! (`u8`, see [`crate::field::NOWRITE`]) and a class: a tag byte (see [`crate::field::tag`]) and its
//! parameters. A form is a byte of bits (see [`crate::field::form`]).
//!
//! ```text
//!   integer    bytes u8, form u8, base u8          array      length u32, class
//!   float      bytes u8, form u8                   sequence   class
//!   text, counted text: nothing                    optional   class
//!   blob       media type str                      struct     count u8, (name str, class)*
//!   enum       bytes u8, form u8, count u16, (first i64, last i64, label str)*
//! ```
//!
//! It appears complete, by a rename. Whoever reads it believes nothing: see `collect`.

/// `THALWEGR` in ASCII.
pub const MAGIC: u64 = u64::from_le_bytes(*b"THALWEGR");

/// Bytes of the head.
pub const HEAD_LEN: usize = 112;
/// The largest file that a collector reads.
pub const MAX_LEN: usize = 8 << 20;
/// Bytes of a process name, NUL included.
pub const PROCNAME_LEN: usize = 16;
/// The most fields of an event.
pub const MAX_FIELDS: usize = 64;

/// The head of a rendezvous file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The file's length.
    pub len: u32,
    /// The process id, as the program sees it, which is in [`Self::pid_ns`].
    pub pid: u32,
    /// The descriptor of the memfd in the program.
    pub ring_fd: i32,
    /// When the process started, in clock ticks since boot.
    pub start_time: u64,
    /// A number that every `exec` changes.
    pub image: u64,
    /// A number that no two files share.
    pub nonce: u64,
    /// The inode number of the program's pid namespace; 0 if it could not tell.
    pub pid_ns: u64,
    /// The memfd's inode number.
    pub ring_ino: u64,
    /// The memfd's length.
    pub ring_len: u64,
    /// How many definitions follow.
    pub sites: u64,
    /// The thread that registered.
    pub tid: u32,
    /// How many sites the memfd has room for.
    pub capacity: u32,
    /// The process's name.
    pub procname: [u8; PROCNAME_LEN],
}

/// The version that a rendezvous file says to be of, whichever that is.
pub fn version(bytes: &[u8]) -> Option<u32> {
    let (magic, version) = bytes.get(..12)?.split_at(8);
    let is_magic = magic == MAGIC.to_le_bytes();
    is_magic.then(|| u32::from_le_bytes([version[0], version[1], version[2], version[3]]))
}

impl Head {
    /// The bytes.
    pub fn encode(&self) -> [u8; HEAD_LEN] {
        let mut out = [0; HEAD_LEN];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            out[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&MAGIC.to_le_bytes());
        put(&crate::VERSION.to_le_bytes());
        put(&self.len.to_le_bytes());
        put(&self.pid.to_le_bytes());
        put(&self.ring_fd.to_le_bytes());
        put(&self.start_time.to_le_bytes());
        put(&self.image.to_le_bytes());
        put(&self.nonce.to_le_bytes());
        put(&self.pid_ns.to_le_bytes());
        put(&[0; 8]);
        put(&self.ring_ino.to_le_bytes());
        put(&self.ring_len.to_le_bytes());
        put(&self.sites.to_le_bytes());
        put(&self.tid.to_le_bytes());
        put(&self.capacity.to_le_bytes());
        put(&self.procname);
        out
    }

    /// The head in `bytes`, if magic and version are ours, and zero what is not used.
    pub fn decode(bytes: &[u8; HEAD_LEN]) -> Option<Self> {
        let u32_at = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let u64_at = |at: usize| u64::from(u32_at(at)) | (u64::from(u32_at(at + 4)) << 32);
        let sixteen = |at: usize| {
            let mut out = [0; 16];
            out.copy_from_slice(&bytes[at..at + 16]);
            out
        };
        if u64_at(0) != MAGIC || u32_at(8) != crate::VERSION || u64_at(56) != 0 {
            return None;
        }
        Some(Self {
            len: u32_at(12),
            pid: u32_at(16),
            ring_fd: u32_at(20).cast_signed(),
            start_time: u64_at(24),
            image: u64_at(32),
            nonce: u64_at(40),
            pid_ns: u64_at(48),
            ring_ino: u64_at(64),
            ring_len: u64_at(72),
            sites: u64_at(80),
            tid: u32_at(88),
            capacity: u32_at(92),
            procname: sixteen(96),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_goes_there_and_back() {
        let head = Head {
            len: 1,
            pid: 2,
            ring_fd: -3,
            start_time: 4,
            image: 5,
            nonce: 6,
            pid_ns: 7,
            ring_ino: 8,
            ring_len: 9,
            sites: 10,
            tid: 11,
            capacity: 12,
            procname: *b"a process name\0\0",
        };
        assert_eq!(Head::decode(&head.encode()), Some(head));
        assert_eq!(Head::decode(&[0; HEAD_LEN]), None);
        let mut unused = head.encode();
        unused[56] = 1;
        assert_eq!(Head::decode(&unused), None);
    }
}
