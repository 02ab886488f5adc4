//! What an evaluation costs: `cargo bench -p thalweg-filter`.
//!
//! The best of several rounds counts, because whatever disturbs makes it slower. The loop and the
//! change of a field from turn to turn are in it: `nothing` is them.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use thalweg_filter::{Context, Filter, Simple, Source, Value, evaluate, link};

const TURNS: i64 = 2_000_000;
const ROUNDS: usize = 9;
const NAMES: [&[u8]; 4] = [b"a", b"b", b"f", b"name"];

struct Event {
    a: i64,
    b: u64,
    f: f64,
    name: &'static str,
}

impl Source for Event {
    #[inline]
    fn field(&self, index: u16) -> Option<Value<'_>> {
        Some(match index {
            0 => Value::Int(self.a),
            1 => Value::Uint(self.b),
            2 => Value::Float(self.f),
            3 => Value::Text(self.name.as_bytes()),
            _ => return None,
        })
    }

    fn context(&self, _: Context) -> Option<Value<'_>> {
        Some(Value::Int(1))
    }
}

fn linked(filter: &str) -> Vec<AtomicU64> {
    let filter: Filter = filter.parse().expect("it is a filter");
    let bytecode = filter.compile().expect("it is small");
    let mut words = vec![0; 256];
    let lookup = |name: &[u8], _| {
        let at = NAMES.iter().position(|known| *known == name)?;
        u16::try_from(at).ok()
    };
    let len = link(bytecode.as_bytes(), lookup, &mut words).expect("it fits");
    words.truncate(len);
    words.into_iter().map(AtomicU64::new).collect()
}

/// Nanoseconds of one turn.
fn measure(mut test: impl FnMut(&Event) -> bool) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let mut passed = 0_u64;
        for turn in 0..TURNS {
            let event = Event {
                a: turn & 7,
                b: 3,
                f: 0.25,
                name: "/var/log/messages.log",
            };
            passed += u64::from(test(black_box(&event)));
        }
        black_box(passed);
        let elapsed = begin.elapsed().as_nanos() as f64;
        best = best.min(elapsed / TURNS as f64);
    }
    best
}

fn main() {
    println!("{:6.2} ns  nothing", measure(|event| event.a > 4));
    let code = linked("a > 4");
    let simple = measure(|event| {
        let simple = Simple::of(black_box(code.as_slice()));
        simple.is_some_and(|simple| simple.holds(event.a))
    });
    println!("{simple:6.2} ns  a > 4, as the call site tests it");
    for filter in [
        "a > 4",
        "a > 1 && b < 5",
        "a > 1 && b < 5 && f < 0.5",
        "(a & 3) * 2 + 1 == b || a << 1 == 14",
        "$ctx.vpid == 1",
        "name == \"/var/log/messages.log\"",
        "name == \"/var/*.log\"",
        "name == \"*messages*\"",
        "name == \"*no such*\"",
    ] {
        let code = linked(filter);
        let words = code.as_slice();
        println!(
            "{:6.2} ns  {filter}",
            measure(|event| evaluate(black_box(words), event))
        );
    }
}
