//! Words and bytes that nobody compiled: no panic, no endless run.

#![forbid(unsafe_code)]

mod common;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use common::{Event, Owned, Random, linked};
use thalweg_filter::{Context, Filter, Simple, Words, evaluate, from_hex, link};

const SEEDS: [&str; 8] = [
    "a > 1 && b < 5",
    "a == 1",
    "s == \"ab*cdefghijklm*n\" || \"*x\" != s && s == s",
    "list[1] << 3 | ~a == -b",
    "(a || (b && (f > 1.5 || $ctx.vpid == 1))) && !($ctx.procname == \"x*\")",
    "$app.provider:a_name_of_many_bytes == \"y\" || f / 2 > a % 3",
    "a + (b + (a + (b + (a + (b + (a * 7)))))) == 1",
    "a || b || a || b || a || b && s == s",
];

fn event() -> Event {
    let mut event = Event::default()
        .with("a", Owned::Int(1))
        .with("b", Owned::Uint(2))
        .with("f", Owned::Float(0.5))
        .with("s", Owned::text("abxxcdefghijklm n"))
        .with("list", Owned::Ints(vec![1, 2]));
    event.contexts = vec![(Context::Vpid, Owned::Int(1))];
    event.contexts.push((Context::Procname, Owned::text("x1")));
    event.app = vec![(("provider", "a_name_of_many_bytes"), Owned::text("y"))];
    event
}

/// A word that looks like an instruction, more often than not.
fn likely_word(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => random.next(),
        1 => random.next() % 32,
        _ => {
            let op = random.one_of(&[
                0x01_u64, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x13, 0x20, 0x21,
                0x25, 0x29, 0x30, 0x34, 0x35, 0x40, 0x41, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55,
            ]);
            let (a, b, c) = (random.next() % 8, random.next() % 8, random.next() % 16);
            op | a << 8 | b << 16 | c << 32
        }
    }
}

fn mutate(words: &mut [u64], random: &mut Random) {
    for _ in 0..=random.below(3) {
        let at = random.below(words.len());
        words[at] = match random.below(3) {
            0 => likely_word(random),
            1 => words[at] ^ 1 << random.below(64),
            _ => words[random.below(words.len())],
        };
    }
}

#[test]
fn a_million_random_and_changed_codes_neither_panic_nor_run_on() {
    let event = event();
    let seeds: Vec<Vec<u64>> = SEEDS.iter().map(|seed| linked(seed, &event)).collect();
    let mut random = Random(1);
    let (mut passed, mut simple) = (0, 0);
    for case in 0..1_000_000 {
        let mut words: Vec<u64> = seeds[random.below(seeds.len())].clone();
        if case % 2 == 0 {
            words = (0..2 + random.below(30))
                .map(|_| likely_word(&mut random))
                .collect();
            // A head that leads further than the first word.
            words[0] = 1 | (3 + random.next() % 2) << 8 | (random.next() % 40) << 16;
        } else {
            mutate(&mut words, &mut random);
        }
        passed += usize::from(evaluate(words.as_slice(), &event));
        simple += usize::from(Simple::of(words.as_slice()).is_some());
    }
    assert!(
        passed > 10_000 && simple > 10_000,
        "{passed} passed, {simple} simple"
    );
}

#[test]
fn a_million_changed_bytecodes_are_refused_or_linked_within_their_room() {
    let event = event();
    let compile = |seed: &&str| seed.parse::<Filter>().unwrap().compile().unwrap();
    let seeds: Vec<Vec<u8>> = SEEDS
        .iter()
        .map(|seed| compile(seed).as_bytes().to_vec())
        .collect();
    let mut random = Random(2);
    let mut room = vec![0; 256];
    let mut linked = 0;
    for _ in 0..1_000_000 {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = match random.below(3) {
                0 => random.next() as u8,
                1 => (random.next() % 0x60) as u8,
                _ => bytes[random.below(bytes.len())],
            };
        }
        if random.below(4) == 0 {
            bytes.truncate(random.below(bytes.len()));
        }
        let lookup = |name: &[u8], element| event.index(name, element).or(Some(9));
        let room = &mut room[..1 + random.next() as usize % 256];
        if let Ok(len) = link(&bytes, lookup, room) {
            linked += 1;
            evaluate(&room[..len], &event);
        }
    }
    assert!(linked > 10_000, "{linked} linked");
}

#[test]
fn hex_of_random_bytes_is_never_more_than_its_room() {
    let mut random = Random(3);
    for _ in 0..10_000 {
        let text: Vec<u8> = (0..random.below(20))
            .map(|_| random.one_of(b"0123456789abcdefAg"))
            .collect();
        let mut room = [0; 6];
        if let Some(bytes) = from_hex(&text, &mut room) {
            assert_eq!(bytes.len() * 2, text.len());
        }
    }
}

/// Words that count how often they are read.
struct Counted<'a> {
    words: &'a [u64],
    reads: Cell<u64>,
}

impl Words for Counted<'_> {
    fn word(&self, at: usize) -> Option<u64> {
        self.reads.set(self.reads.get() + 1);
        self.words.get(at).copied()
    }
}

#[track_caller]
fn check_ends(words: &[u64], event: &Event, at_least: u64) {
    let reads = Cell::new(0);
    let counted = Counted { words, reads };
    assert!(!evaluate(&counted, event));
    let reads = counted.reads.get();
    assert!((at_least..3 << 20).contains(&reads), "{reads} words read");
}

#[test]
fn the_most_expensive_code_ends_after_a_few_million_steps() {
    let event = Event::default()
        .with("a", Owned::Int(1))
        .with("s", Owned::Text(vec![b'a'; 1 << 16]));
    // Every comparison looks through the whole text, and there are four thousand.
    let needle = linked(&format!("s == \"*{}b*\"", "a".repeat(60)), &event);
    let (head, one) = (needle[0], &needle[1..needle.len() - 1]);
    let mut words = vec![head];
    for _ in 0..4_000 {
        words.extend(one);
        words.push(0x41); // `||`, but it jumps nowhere.
    }
    check_ends(&words, &event, 1 << 20);
    // More instructions than are ever looked at, which do nothing.
    let mut words = vec![0x13; 1 << 20];
    words[0] = linked("a && 1", &event)[0];
    words[1] = 0x04;
    check_ends(&words, &event, 1 << 18);
}

#[test]
fn code_that_changes_under_an_evaluation_does_no_harm() {
    let event = event();
    let seed = linked(SEEDS[2], &event);
    let words: Vec<AtomicU64> = seed.iter().map(|word| AtomicU64::new(*word)).collect();
    assert!(evaluate(words.as_slice(), &event));
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(4);
            while !is_done.load(Ordering::Relaxed) {
                let at = random.below(words.len());
                let word = match random.below(2) {
                    0 => seed[at],
                    _ => likely_word(&mut random),
                };
                words[at].store(word, Ordering::Relaxed);
            }
        });
        for _ in 0..200_000 {
            evaluate(words.as_slice(), &event);
        }
        is_done.store(true, Ordering::Relaxed);
    });
}
