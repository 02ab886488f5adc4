//! What the counters in packets say about events and packets that are not there.

use thalweg_ctf::read::PacketHead;
use thalweg_model::{LossCause, Lost};

/// The counters of a stream's previous packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    discarded: Option<u64>,
    sequence: Option<u64>,
    seen: bool,
}

impl Counters {
    /// What is missing before or in the packet with this head; its counters are the next ones'
    /// reference.
    pub(crate) fn advance(&mut self, head: &PacketHead) -> Vec<Lost> {
        let packets = self
            .packets(head)
            .map(|gap| (None, LossCause::PacketGap(gap)));
        let events = self.events(head).map(|count| (count, LossCause::Unknown));
        self.discarded = head.events_discarded;
        self.sequence = head.sequence;
        self.seen = true;
        let lost = |(count, cause)| Lost {
            count,
            cause,
            until: head.end.or(head.begin),
        };
        events.into_iter().chain(packets).map(lost).collect()
    }

    fn packets(&self, head: &PacketHead) -> Option<u64> {
        let gap = head.sequence?.checked_sub(self.sequence?)?.checked_sub(1)?;
        (gap > 0).then_some(gap)
    }

    /// The counter is a snapshot at the packet's end. What the first packet of a trace shows may
    /// have been lost before the trace began, unless it is the first packet of all.
    fn events(&self, head: &PacketHead) -> Option<Option<u64>> {
        let now = head.events_discarded?;
        let before = if self.seen { self.discarded? } else { 0 };
        let count = now.checked_sub(before).filter(|count| *count > 0)?;
        let known = self.seen || head.sequence == Some(0);
        Some(known.then_some(count))
    }
}
