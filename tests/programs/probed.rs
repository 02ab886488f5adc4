//! Emits events that are USDT probes too; N times each, after a line on its standard input.
//!
//! A leaf function keeps values where the ABI lets it, below the stack pointer, around its probe.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::io::BufRead as _;

fn main() {
    let count: u64 = std::env::args()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .expect("a number");
    println!("ready");
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
    let mut evaluated = 0_u64;
    let mut sum = 0;
    for number in 0..count {
        thalweg::usdt!(probed:plain, Info, {
            number: u64 = { evaluated += 1; number },
            negative: i32 = -(number as i32),
            name: &str = if number % 2 == 0 { "even" } else { "odd" },
        });
        thalweg::usdt!(probed:bare);
        sum += leaf(number);
    }
    println!("evaluated {evaluated} sum {sum}");
}

/// Eight values that are needed before and after the probe.
#[inline(never)]
fn leaf(number: u64) -> u64 {
    let values = black_box([number, 1, 2, 3, 4, 5, 6, 7]);
    thalweg::usdt!(probed:leaf, Info, { number: u64 = number });
    values.iter().sum()
}
