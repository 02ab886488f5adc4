//! One histogram: the events that it becomes, and what was told of it.

use std::collections::HashMap;

use thalweg_kernel::{HistRow, HistTable, Histogram, KeyKind};
use thalweg_model::{FieldClass, IntegerClass, Member, StructClass};

use crate::kernel_perf::FeedEvent;

/// A histogram while it is read.
pub(super) struct HistogramReader {
    pub(super) histogram: Histogram,
    /// Which of the declared events its groups are; its total is the next.
    place: usize,
    readings: u32,
    /// What was last told of each group.
    told: HashMap<Vec<String>, Vec<u64>>,
    /// Events that no group had room for.
    pub(super) dropped: u64,
    /// Groups that the kernel has and that could not be read.
    pub(super) unread: u64,
}

impl HistogramReader {
    pub(super) fn new(histogram: Histogram, place: usize) -> Self {
        Self {
            histogram,
            place,
            readings: 0,
            told: HashMap::new(),
            dropped: 0,
            unread: 0,
        }
    }

    /// Its two events.
    pub(super) fn classes(&self) -> [(String, StructClass); 2] {
        let name = &self.histogram.name;
        let reading = Member::new("reading", FieldClass::uint(32));
        let number = |name: &str| Member::new(name, FieldClass::uint(64));
        let keys = self.histogram.keys.iter().map(|(name, kind)| {
            let class = match kind {
                KeyKind::Number { signed } => FieldClass::Integer(IntegerClass::le(64, *signed)),
                KeyKind::Text => FieldClass::string(),
            };
            Member::new(name, class)
        });
        let values = self
            .histogram
            .values
            .iter()
            .map(|name| number(&format!("sum_{name}")));
        let group = [reading.clone()].into_iter().chain(keys);
        let group = group.chain([number("hitcount")]).chain(values).collect();
        let total = ["hits", "entries", "dropped"].map(number);
        let total = [reading].into_iter().chain(total).collect();
        [
            (name.clone(), structure(group)),
            (format!("{name}_total"), structure(total)),
        ]
    }

    /// What is new in a table, as events of one moment.
    pub(super) fn events(&mut self, table: &HistTable, time: u64) -> Vec<FeedEvent> {
        self.readings += 1;
        self.dropped = table.dropped;
        self.unread = table.entries.saturating_sub(table.rows.len() as u64);
        let (place, reading) = (self.place, self.readings);
        let mut events = Vec::new();
        for row in &table.rows {
            if self.told.get(&row.keys) == Some(&row.counts) {
                continue;
            }
            let bytes = self.group(row, reading);
            events.push(FeedEvent { time, place, bytes });
            self.told.insert(row.keys.clone(), row.counts.clone());
        }
        let mut bytes = reading.to_le_bytes().to_vec();
        let total = [table.hits, table.entries, table.dropped];
        bytes.extend(total.iter().flat_map(|number| number.to_le_bytes()));
        let place = place + 1;
        events.push(FeedEvent { time, place, bytes });
        events
    }

    fn group(&self, row: &HistRow, reading: u32) -> Vec<u8> {
        let mut bytes = reading.to_le_bytes().to_vec();
        for ((_, kind), text) in self.histogram.keys.iter().zip(&row.keys) {
            match kind {
                KeyKind::Number { .. } => {
                    let number: u64 = text.parse().unwrap_or_default();
                    bytes.extend(number.to_le_bytes());
                }
                KeyKind::Text => {
                    bytes.extend(text.bytes().filter(|byte| *byte != 0));
                    bytes.push(0);
                }
            }
        }
        bytes.extend(row.counts.iter().flat_map(|count| count.to_le_bytes()));
        bytes
    }
}

fn structure(members: Vec<Member>) -> StructClass {
    StructClass {
        min_align_bits: 1,
        members,
    }
}
