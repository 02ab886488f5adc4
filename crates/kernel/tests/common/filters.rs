//! Filters made by chance, and recordings with and without them.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};

use thalweg_filter::{Filter, evaluate, link};
use thalweg_kernel::{
    Error, EventFilter, EventRule, HeaderKind, KernelConfig, KernelEvent, KernelRecording,
};

use super::decoded::{DecodedEvent, decode};
use super::{Random, tracefs};

/// What the events are made of.
pub(crate) const NAMES: [&str; 10] = [
    "a",
    "ab",
    "1a",
    "!a",
    "a[b]",
    "b*a",
    "a?",
    "ab ab",
    "quote\"d",
    "a-name-of-fifteen",
];
pub(crate) const OFFSETS: [i64; 9] = [0, 1, 2, 255, 4096, 1 << 31, 1 << 40, i64::MAX - 1, i64::MAX];

pub(crate) fn rules(patterns: &[&str], condition: Option<&str>) -> Vec<EventRule> {
    let rules = patterns.iter().map(|&pattern| EventRule::new(pattern));
    let with = |rule: EventRule| match condition {
        Some(condition) => rule.with_filter(condition),
        None => rule,
    };
    rules.map(with).collect()
}

pub(crate) struct Instance {
    recording: KernelRecording,
}

impl Instance {
    pub(crate) fn start(rules: &[EventRule], filter: Option<&str>) -> Result<Self, Error> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let filters = filter.map(|text| EventFilter {
            is_used_elsewhere: false,
            patterns: None,
            filter: text.parse().expect("it is a filter"),
            text: text.to_owned(),
        });
        let config = KernelConfig {
            rules: rules.to_vec(),
            filters: filters.into_iter().collect(),
            buffer_bytes_per_cpu: 1 << 20,
            ..KernelConfig::new(format!("filter-{number}-{}", std::process::id()))
        };
        let (mut recording, _) = KernelRecording::start(&tracefs(), &config)?;
        let ids: Vec<u32> = (0..recording.events().len() as u32).collect();
        recording.set_ids(HeaderKind::Large, &ids);
        recording.resume()?;
        Ok(Self { recording })
    }

    /// What it has recorded, in the order of time, and the events by name.
    pub(crate) fn end(mut self) -> (Vec<DecodedEvent>, Vec<KernelEvent>) {
        let events = self.recording.events().to_vec();
        let mut all = Vec::new();
        self.recording.stop().unwrap();
        self.recording
            .drain_all(&mut |packet| {
                assert_eq!(packet.lost_total, 0);
                all.extend(decode(packet, &events));
                Ok::<(), Infallible>(())
            })
            .unwrap();
        let produced = self.recording.stats().unwrap();
        let produced: u64 = produced.iter().map(|(_, stats)| stats.produced()).sum();
        let tallies = self.recording.tallies();
        let left_out: u64 = tallies.iter().map(|(_, tally)| tally.others).sum();
        assert_eq!(
            produced,
            all.len() as u64 + left_out,
            "the kernel's own count"
        );
        self.recording.remove().unwrap();
        all.sort_by_key(|event| event.at);
        (all, events)
    }
}

/// Whether the filter passes an event of this class.
pub(crate) fn passes(filter: &Filter, event: &DecodedEvent, class: &KernelEvent) -> bool {
    let bytecode = filter.compile().unwrap();
    let lookup = |name: &[u8], element: Option<u32>| {
        let mut members = class.payload.members.iter();
        let at = members.position(|member| member.name.as_bytes() == name)?;
        element.is_none().then_some(at as u16)
    };
    let mut words = vec![0; 4096];
    let len = link(bytecode.as_bytes(), lookup, &mut words).unwrap();
    evaluate(&words[..len], event)
}

/// A pattern that may match one of the names.
pub(crate) fn pattern(random: &mut Random) -> String {
    let name = random.one_of(&NAMES);
    let from = random.below(name.len());
    let to = from + 1 + random.below(name.len() - from);
    let escape = |text: &str| text.replace('*', "\\*").replace('"', "\\\"");
    match random.below(5) {
        0 => escape(name),
        1 => format!("{}*", escape(&name[..to])),
        2 => format!("*{}", escape(&name[from..])),
        3 => format!("*{}*", escape(&name[from..to])),
        _ => format!(
            "{}*{}",
            escape(&name[..from.min(1)]),
            escape(&name[to - 1..])
        ),
    }
}

/// A filter on some of these numbers, with constants like these, and on these texts.
pub(crate) fn filter(
    random: &mut Random,
    (numbers, texts): (&[&str], &[&str]),
    depth: u32,
) -> String {
    let comparison = random.one_of(&["<", "<=", ">", ">=", "==", "!="]);
    let constant = match random.below(4) {
        0 => -1 - random.below(30) as i64,
        1 => random.below(30) as i64,
        _ => random.one_of(&OFFSETS),
    };
    let kinds = if texts.is_empty() { 2 } else { 4 };
    match random.below(if depth == 0 { kinds } else { kinds + 3 }) {
        0 => format!("{} {comparison} {constant}", random.one_of(numbers)),
        1 => {
            let mask = random.one_of(&[1_i64, 2, 3, 7, 0xff, 1 << 40, 0x7fff_0000]);
            format!(
                "({} & {mask}) {comparison} {constant}",
                random.one_of(numbers)
            )
        }
        n if n < kinds => {
            let is = random.one_of(&["==", "!="]);
            format!("{} {is} \"{}\"", random.one_of(texts), pattern(random))
        }
        n => {
            let fields = (numbers, texts);
            let logic = if n == kinds { "||" } else { "&&" };
            let (left, right) = (
                filter(random, fields, depth - 1),
                filter(random, fields, depth - 1),
            );
            let not = if n == kinds + 2 { "!" } else { "" };
            format!("{not}({left} {logic} {right})")
        }
    }
}
