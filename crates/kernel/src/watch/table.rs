//! What was counted, by groups.
//!
//! Invariant: a table has at most as many groups as it was made for; what found no room is counted.

use std::collections::{BTreeMap, HashMap};

use thalweg_kbuf::syscall_numbers;

use super::bucket::Bucket;
use super::layout::Part;
use super::spec::{Aggregate, Function, WatchSpec};
use super::syscall::COMPAT;
use super::texts::UNREADABLE;
use super::update::{COUNT, slot};

/// What a part of the key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Signed,
    Unsigned,
    Text { may_be_cut: bool },
    Syscall,
    Event,
}

/// How a table's keys and values are read.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) keys: Vec<(Part, KeyKind)>,
    /// The names of the events of the watch.
    pub(super) events: Vec<String>,
    pub(super) aggregates: Vec<Aggregate>,
    /// Groups that a table has room for.
    pub(super) most: usize,
}

/// A group, added up over CPUs and times.
#[derive(Clone, Debug, Default, PartialEq)]
struct Group {
    count: u64,
    /// What each aggregate has, if it has one number.
    numbers: Vec<i128>,
    /// The aggregate and the bucket of those that have many.
    buckets: BTreeMap<u64, u64>,
}

/// Groups and what they have come to.
#[derive(Clone, Debug)]
pub struct WatchTable {
    shape: Shape,
    groups: HashMap<Vec<u8>, Group>,
    /// Events that found no room here.
    crowded_out: u64,
}

/// A part of a group's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyValue {
    /// A number.
    Int(i64),
    /// A number without a sign.
    Uint(u64),
    /// A text; the names of calls and events, too.
    Text(String),
    /// The beginning of a text that was longer than what is kept.
    Beginning(String),
    /// A text of a program that was not in memory.
    Unreadable,
}

/// What an aggregate has come to.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchValue {
    /// A count, a sum, the least, the largest.
    Number(i128),
    /// A mean.
    Mean(f64),
    /// How many numbers each bucket has, in the order of the buckets.
    Buckets(Vec<(Bucket, u64)>),
}

/// A group.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchRow {
    /// What its events have in common.
    pub keys: Vec<KeyValue>,
    /// How many they are.
    pub count: u64,
    /// What each aggregate has come to.
    pub values: Vec<WatchValue>,
}

impl WatchTable {
    pub(super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            groups: HashMap::new(),
            crowded_out: 0,
        }
    }

    /// Events that are in no group, as there were too many groups when tables were put together.
    pub fn crowded_out(&self) -> u64 {
        self.crowded_out
    }

    /// How many events are in the groups.
    pub fn counted(&self) -> u64 {
        self.groups.values().map(|group| group.count).sum()
    }

    /// Adds what another table of the same watch has.
    pub fn add(&mut self, other: Self) {
        for (key, group) in other.groups {
            let Some(own) = group_of(&mut self.groups, &key, self.shape.most) else {
                self.crowded_out += group.count;
                continue;
            };
            own.add(&group, &self.shape.aggregates);
        }
        self.crowded_out += other.crowded_out;
    }

    /// Takes a key's values from the kernel: one for each CPU.
    pub(super) fn put(&mut self, key: &[u8], values: &[u8], value_bytes: usize) {
        let Some(own) = group_of(&mut self.groups, key, self.shape.most) else {
            return;
        };
        for value in values.chunks_exact(value_bytes) {
            let count = word(value, COUNT as usize).cast_unsigned();
            if count > 0 {
                let aggregates = self.shape.aggregates.iter().enumerate();
                let number = |(place, _): (usize, _)| word(value, slot(place) as usize).into();
                let group = Group {
                    count,
                    numbers: aggregates.map(number).collect(),
                    buckets: BTreeMap::new(),
                };
                own.add(&group, &self.shape.aggregates);
            }
        }
    }

    /// Takes a bucket's values from the kernel; its key is that of the group, and the bucket.
    pub(super) fn put_bucket(&mut self, key: &[u8], values: &[u8]) {
        let (key, bucket) = key.split_at(key.len() - 8);
        let count = values
            .chunks_exact(8)
            .map(|value| word(value, 0).cast_unsigned());
        let count = count.sum::<u64>();
        if let Some(group) = self.groups.get_mut(key)
            && count > 0
        {
            let bucket = word(bucket, 0).cast_unsigned();
            *group.buckets.entry(bucket).or_default() += count;
        }
    }

    /// The groups: those with the largest first number first, and the keys' order among equals.
    pub fn rows(&self) -> Vec<WatchRow> {
        let rows = self.groups.iter().map(|(key, group)| self.row(key, group));
        let mut rows: Vec<WatchRow> = rows.collect();
        rows.sort_by(|a, b| {
            let by_value = weight(b).total_cmp(&weight(a));
            by_value.then_with(|| a.keys.cmp(&b.keys))
        });
        rows
    }

    fn row(&self, key: &[u8], group: &Group) -> WatchRow {
        let mut rest = key;
        let mut keys = Vec::new();
        for (part, kind) in &self.shape.keys {
            let (bytes, behind) = rest.split_at(part.bytes() as usize);
            rest = behind;
            keys.push(self.key_value(*kind, bytes));
        }
        let aggregates = self.shape.aggregates.iter().enumerate();
        let values = aggregates.map(|(place, aggregate)| group.value(place, aggregate.function));
        WatchRow {
            keys,
            count: group.count,
            values: values.collect(),
        }
    }

    fn key_value(&self, kind: KeyKind, bytes: &[u8]) -> KeyValue {
        match kind {
            KeyKind::Signed => KeyValue::Int(word(bytes, 0)),
            KeyKind::Unsigned => KeyValue::Uint(word(bytes, 0).cast_unsigned()),
            KeyKind::Syscall => KeyValue::Text(syscall_name(word(bytes, 0))),
            KeyKind::Event => {
                let name = usize::try_from(word(bytes, 0)).ok();
                let name = name.and_then(|place| self.shape.events.get(place));
                KeyValue::Text(name.cloned().unwrap_or_default())
            }
            KeyKind::Text { may_be_cut } => {
                let end = bytes.iter().position(|byte| *byte == 0);
                let end = end.unwrap_or(bytes.len());
                if end == 0 && bytes.get(1) == Some(&UNREADABLE) {
                    return KeyValue::Unreadable;
                }
                let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
                match may_be_cut && end + 1 == bytes.len() {
                    true => KeyValue::Beginning(text),
                    false => KeyValue::Text(text),
                }
            }
        }
    }
}

impl Shape {
    pub(super) fn new(
        spec: &WatchSpec,
        keys: Vec<(Part, KeyKind)>,
        events: Vec<String>,
        most: usize,
    ) -> Self {
        Self {
            keys,
            events,
            aggregates: spec.aggregates.clone(),
            most,
        }
    }
}

impl Group {
    fn add(&mut self, other: &Self, aggregates: &[Aggregate]) {
        if self.count == 0 {
            self.numbers.clone_from(&other.numbers);
        } else {
            let both = self.numbers.iter_mut().zip(&other.numbers);
            for ((own, other), aggregate) in both.zip(aggregates) {
                *own = match aggregate.function {
                    Function::Min => (*own).min(*other),
                    Function::Max => (*own).max(*other),
                    _ => *own + *other,
                };
            }
        }
        self.count += other.count;
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    fn value(&self, place: usize, function: Function) -> WatchValue {
        let number = self.numbers.get(place).copied().unwrap_or_default();
        match function {
            Function::Count => WatchValue::Number(self.count.into()),
            Function::Sum | Function::Min | Function::Max => WatchValue::Number(number),
            Function::Avg => WatchValue::Mean(number as f64 / self.count.max(1) as f64),
            Function::Quantiles | Function::Histogram => {
                let from = (place as u64) << 32;
                let own = self.buckets.range(from..from + (1 << 32));
                let buckets = own.map(|(index, count)| (Bucket::of_index(index - from), *count));
                let mut buckets: Vec<_> = buckets.collect();
                buckets.sort_unstable();
                WatchValue::Buckets(buckets)
            }
        }
    }
}

/// What a row is sorted by.
fn weight(row: &WatchRow) -> f64 {
    match row.values.first() {
        Some(WatchValue::Number(number)) => *number as f64,
        Some(WatchValue::Mean(mean)) => *mean,
        Some(WatchValue::Buckets(_)) | None => row.count as f64,
    }
}

/// The group of a key; none if there are too many already.
fn group_of<'g>(
    groups: &'g mut HashMap<Vec<u8>, Group>,
    key: &[u8],
    most: usize,
) -> Option<&'g mut Group> {
    if !groups.contains_key(key) {
        if groups.len() >= most {
            return None;
        }
        groups.insert(key.to_vec(), Group::default());
    }
    groups.get_mut(key)
}

fn syscall_name(number: i64) -> String {
    let of_table = |number: i64| syscall_numbers().find(|(known, _)| i64::from(*known) == number);
    match number {
        number if number >= COMPAT => format!("compat_{}", number - COMPAT),
        number => match of_table(number) {
            Some((_, name)) => name.to_owned(),
            None => format!("syscall_{number}"),
        },
    }
}

fn word(bytes: &[u8], at: usize) -> i64 {
    let mut eight = [0; 8];
    if let Some(found) = bytes.get(at..at + 8) {
        eight.copy_from_slice(found);
    }
    i64::from_ne_bytes(eight)
}
