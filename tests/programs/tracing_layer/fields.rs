//! One event of each kind of field; what they look like in the trace, the test says.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use tracing::field::Empty;
use tracing::{Level, debug, error, event, info, trace, warn};

#[derive(Debug)]
struct Order {
    #[expect(dead_code, reason = "`Debug` shows it")]
    id: u32,
}

#[derive(Debug)]
struct Refused(std::num::ParseIntError);

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "refused the order")
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// Shows something else each time, and itself emits an event.
#[derive(Default)]
struct Restless(Cell<u32>);

impl fmt::Debug for Restless {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.set(self.0.get() + 1);
        info!(name: "inner", turn = self.0.get());
        write!(out, "{}", "r".repeat(self.0.get() as usize))
    }
}

/// Keeps what it could write, and fails.
struct Failing;

impl fmt::Debug for Failing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("as far as it")?;
        Err(fmt::Error)
    }
}

pub(crate) fn fields() {
    numbers();
    texts();
    long_ones();
    formatted();
    optional(Some(7), Some("Ada"));
    optional(None, Some("Bob"));
    optional(Some(9), None);
    optional(None, None);
    generic(7_u64);
    generic(-7_i64);
    generic("seven");
    generic(7.5_f64);
    names();
    many();
    levels();
    logged();
}

fn numbers() {
    info!(name: "unsigned", a = u8::MAX, b = u16::MAX, c = u32::MAX, d = u64::MAX, e = usize::MIN);
    info!(name: "signed", a = i8::MIN, b = i16::MIN, c = i32::MIN, d = i64::MIN, e = -1_isize);
    info!(name: "wide", a = i128::MIN, b = u128::MAX);
    info!(name: "floats", a = 1.5_f32, b = -0.25_f64, c = f64::INFINITY, yes = true, no = false);
}

fn texts() {
    info!(name: "texts", empty = "", plain = "plain", far = "Привет", owned = String::from("own"));
    info!(name: "bytes", some = &[0_u8, 255][..], none = &[][..] as &[u8], after = 9);
    info!(name: "nul", cut = "ab\0c", debug = %"de\0f", after = 7);
    info!(name: "long", text = "x".repeat(10_000), after = 8);
}

/// Two texts that are too long to be copied, with values before, between and behind them.
fn long_ones() {
    let (first, second) = ("x".repeat(10_000), "x".repeat(10_000));
    let restless = Restless::default();
    info!(name: "long_ones", a = 1, first, value = ?restless, bytes = &[7_u8][..], second, z = 2);
}

fn formatted() {
    let order = Order { id: 7 };
    info!(name: "debug", ?order, list = ?[1, 2], shown = %order.id_text());
    info!(name: "message", id = 7, "order {} of {}", 7, "Ada");
    let number = "x".parse::<u8>().expect_err("it is no number");
    let refused = Refused(number);
    error!(name: "error", error = &refused as &(dyn Error + 'static));
    info!(name: "outer", value = ?Restless::default(), after = 1);
    info!(name: "failing", value = ?Failing, after = 2);
    info!(name: "cut", text = ?"ß".repeat(5_000), late = ?"nothing left", after = 3);
}

impl Order {
    fn id_text(&self) -> &'static str {
        "no. 7"
    }
}

fn optional(id: Option<u64>, name: Option<&str>) {
    info!(name: "optional", id, fixed = 1, name);
}

fn generic<T: tracing::Value>(value: T) {
    info!(name: "generic", value, empty = Empty);
}

fn names() {
    event!(name: "dotted", Level::INFO, { http.method = "GET", r#type = 1, event = 2, "a-b c" = 3 }, "m");
    event!(name: "clash", Level::INFO, { a.b = 1, a_b = 2, message = 3 }, "m");
    info!(name: "named", target: "shop::other", a = 1);
    println!("here {}", line!() + 1);
    info!("unnamed");
    info!(target: "audit", "unnamed");
}

/// More fields than an event can have.
fn many() {
    info!(name: "many",
        a0 = 0, a1 = 1, a2 = 2, a3 = 3, a4 = 4, a5 = 5, a6 = 6, a7 = 7, a8 = 8, a9 = 9,
        b0 = 0, b1 = 1, b2 = 2, b3 = 3, b4 = 4, b5 = 5, b6 = 6, b7 = 7, b8 = 8, b9 = 9,
        c0 = 0, c1 = 1, c2 = 2, c3 = 3, c4 = 4, c5 = 5, c6 = 6, c7 = 7, c8 = 8, c9 = 9,
        d0 = 0, d1 = 1, d2 = 2, d3 = 3, d4 = 4, d5 = 5, d6 = 6, d7 = 7, d8 = 8, d9 = 9,
        e0 = 0, e1 = 1, e2 = 2, e3 = 3, e4 = 4, e5 = 5, e6 = 6, e7 = 7, e8 = 8, e9 = 9,
        f0 = 0, f1 = 1, f2 = 2, f3 = 3, f4 = 4, f5 = 5, f6 = 6, f7 = 7, f8 = 8, f9 = 9,
        g0 = "not recorded", g1 = ?"neither", g2 = 2, g3 = 3, g4 = 4, g5 = 5
    );
}

fn levels() {
    error!(name: "error_level", "e");
    warn!(name: "warn_level", "w");
    info!(name: "info_level", "i");
    debug!(name: "debug_level", "d");
    trace!(name: "trace_level", "t");
}

fn logged() {
    log::error!(target: "old::net", "lost {} packets", 3);
    log::info!("plain");
    // A target that is made at run time is the same target.
    for number in 0..3 {
        log::debug!(target: &format!("made {}", number % 2), "no. {number}");
    }
}
