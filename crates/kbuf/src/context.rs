//! What stands between an event's header and its payload: contexts, from what a record begins with.
//!
//! ```text
//!   record   | type: u16 | flags: u8 | preempt count: u8 | pid: i32 | fields …
//! ```
//!
//! Every event of every kernel since 2.6.31 begins so.

/// What a record says of where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHead {
    /// Bits of the state of processor and thread.
    pub flags: u8,
    /// How often preemption is disabled (low half), and migration (high half); 15 and more are 15.
    pub preempt_count: u8,
    /// The thread that was running, as the first pid namespace counts.
    pub tid: i32,
}

impl RecordHead {
    /// The head of a record, if it is long enough.
    pub fn parse(record: &[u8]) -> Option<Self> {
        let &[_, _, flags, preempt_count, a, b, c, d] = record.first_chunk::<8>()?;
        Some(Self {
            flags,
            preempt_count,
            tid: i32::from_le_bytes([a, b, c, d]),
        })
    }

    /// Whether interrupts are enabled.
    pub const fn is_interruptible(self) -> bool {
        self.flags & 0x01 == 0
    }

    /// Whether the thread is to give up the processor.
    pub const fn needs_reschedule(self) -> bool {
        self.flags & 0x04 != 0
    }

    /// Whether another thread could take the processor: in no interrupt (hard, soft, NMI), with soft
    /// ones and preemption enabled.
    pub const fn is_preemptible(self) -> bool {
        self.preempt_count & 0x0f == 0 && self.flags & (0x08 | 0x10 | 0x40 | 0x80) == 0
    }

    /// Whether the thread could go on at another processor.
    pub const fn is_migratable(self) -> bool {
        self.preempt_count & 0xf0 == 0
    }
}

/// Writes contexts.
pub trait EventContext {
    /// Whether the event of a record, of this head, that happened at `at`, is wanted.
    fn admits(&mut self, record: &[u8], head: RecordHead, at: u64) -> bool;

    /// Appends the bytes of an event that happened at `at`.
    fn write(&mut self, head: RecordHead, at: u64, out: &mut Vec<u8>);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_the_processor_was() {
        assert_eq!(RecordHead::parse(&[0; 7]), None);
        let head = |flags, count| RecordHead::parse(&[9, 0, flags, count, 7, 0, 0, 0]).unwrap();
        let calm = head(0, 0);
        assert_eq!(calm.tid, 7);
        assert!(calm.is_interruptible() && calm.is_preemptible() && calm.is_migratable());
        assert!(!calm.needs_reschedule());
        assert!(!head(0x01, 0).is_interruptible());
        assert!(head(0x04, 0).needs_reschedule());
        assert!(!head(0x10, 0).is_preemptible() && !head(0, 2).is_preemptible());
        assert!(!head(0, 0x10).is_migratable() && head(0, 0x10).is_preemptible());
    }
}
