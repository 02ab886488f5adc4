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

/// What is missing around a packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Missing {
    /// Packets before it.
    pub(crate) packets: Option<Lost>,
    /// Events up to its end.
    pub(crate) events: Option<Lost>,
}

impl Counters {
    /// What is missing before and in the packet with this head; its counters are the next ones'
    /// reference.
    pub(crate) fn advance(&mut self, head: &PacketHead) -> Missing {
        let missing = Missing {
            packets: self.packets(head).map(|gap| Lost {
                count: None,
                cause: LossCause::PacketGap(gap),
                until: head.begin,
            }),
            events: self.events(head).map(|count| Lost {
                count,
                cause: LossCause::Unknown,
                until: head.end.or(head.begin),
            }),
        };
        self.discarded = head.events_discarded;
        self.sequence = head.sequence;
        self.seen = true;
        missing
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `(sequence, discarded)` of each packet, and what is told of it.
    #[track_caller]
    fn check(packets: &[(Option<u64>, Option<u64>, &str)]) {
        let mut counters = Counters::default();
        for (sequence, events_discarded, expected) in packets {
            let head = PacketHead {
                sequence: *sequence,
                events_discarded: *events_discarded,
                ..PacketHead::default()
            };
            let missing = counters.advance(&head);
            let gap = missing.packets.map(|lost| format!("{:?}", lost.cause));
            let events = missing
                .events
                .map(|lost| format!("{:?} events", lost.count));
            let told: Vec<String> = gap.into_iter().chain(events).collect();
            assert_eq!(told.join(", "), *expected, "{packets:?}");
        }
    }

    #[test]
    fn gaps_and_differences_are_told_and_steps_back_are_not() {
        check(&[
            (Some(3), Some(5), "None events"),
            (Some(3), Some(7), "Some(2) events"),
            (Some(7), Some(7), "PacketGap(3)"),
            (Some(9), Some(8), "PacketGap(1), Some(1) events"),
            (Some(1), Some(2), ""),
        ]);
    }

    #[test]
    fn what_the_first_packet_of_all_lost_is_known_exactly() {
        check(&[(Some(0), Some(5), "Some(5) events"), (Some(1), Some(5), "")]);
    }

    #[test]
    fn packets_without_counters_tell_nothing() {
        check(&[(None, None, ""), (None, None, ""), (None, Some(4), "")]);
    }
}
