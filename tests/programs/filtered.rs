//! Emits events with fields of each kind that filters can look at, N times.
//!
//! `filtered N [late]`: with `late` it waits for a line on its standard input first.

#![forbid(unsafe_code)]

use std::io::BufRead as _;

thalweg::labels! {
    #[derive(Clone, Copy)]
    enum Kind: u8 { Small = 0, Large = 1 }
}

thalweg::fields! {
    #[derive(Clone, Copy)]
    struct Point { x: i32, y: i32 }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let count: i64 = args[0].parse().expect("a number of events");
    if args.get(1).is_some_and(|word| word == "late") {
        println!("ready");
        let mut line = String::new();
        let _ = std::io::stdin().lock().read_line(&mut line);
    }
    for number in 0..count {
        let name = format!("name-{}", number % 10);
        let is_odd = number % 2 == 1;
        let kind = if is_odd { Kind::Large } else { Kind::Small };
        let list = [number as u16, 7];
        let x = number as i32;
        thalweg::event!("filtered:all", Info, {
            number: i64 = number,
            negative: i32 = -x,
            unsigned: u64 = u64::MAX - number as u64,
            half: f64 = number as f64 / 2.0,
            name: &str = &name,
            letter: char = if number % 3 == 0 { 'ß' } else { 'x' },
            kind: Kind = kind,
            list: &[u16] = &list,
            pair: [u8; 2] = [1, number as u8],
            at: Point = Point { x, y: 5 },
            maybe: Option<u32> = (number % 4 == 0).then_some(9),
            nowrite secret: u32 = number as u32 * 3,
        });
        thalweg::event!("filtered:other", Info, { number: i64 = number });
    }
}
