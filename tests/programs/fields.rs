//! `fields`: one event of each kind of field, with values at the ends of their ranges.

#![forbid(unsafe_code)]

thalweg::labels! {
    /// Unsigned, one byte.
    #[derive(Clone, Copy)]
    enum Payment: u8 { Cash = 0, Card = 1, Other = 255 }
}

thalweg::labels! {
    /// Signed, one byte.
    #[derive(Clone, Copy)]
    enum Change: i8 { Down = -128, Same = 0, Up = 127 }
}

thalweg::labels! {
    /// Signed, eight bytes.
    #[derive(Clone, Copy)]
    enum Wide: i64 { Least = i64::MIN, Most = i64::MAX }
}

thalweg::labels! {
    /// Unsigned, eight bytes.
    #[derive(Clone, Copy)]
    enum Huge: u64 { None = 0, All = u64::MAX }
}

fn integers() {
    thalweg::event!("f:unsigned", { a: u8 = u8::MAX, b: u16 = u16::MAX, c: u32 = u32::MAX, d: u64 = u64::MAX, e: usize = 0 });
    thalweg::event!("f:least", { a: i8 = i8::MIN, b: i16 = i16::MIN, c: i32 = i32::MIN, d: i64 = i64::MIN, e: isize = -1 });
    thalweg::event!("f:most", { a: i8 = i8::MAX, b: i16 = i16::MAX, c: i32 = i32::MAX, d: i64 = i64::MAX, e: isize = 1 });
}

fn floats() {
    thalweg::event!("f:floats", { a: f32 = 1.5, b: f64 = -0.25, c: f64 = 1e300, d: f32 = -0.0 });
    thalweg::event!("f:no-numbers", { a: f64 = f64::INFINITY, b: f64 = f64::NEG_INFINITY, c: f32 = f32::NAN });
}

fn words() {
    thalweg::event!("f:bool", { yes: bool = true, no: bool = false });
    thalweg::event!("f:char", { a: char = 'a', b: char = 'ß', c: char = '🦀', d: char = '\0' });
    thalweg::event!("f:text", { empty: &str = "", plain: &str = "plain", quotes: &str = "a \"b\" \\c", lines: &str = "a\nb\tc", far: &str = "Привет, 世界" });
    thalweg::event!("f:nul", { cut: &str = "ab\0cd", after: u8 = 7 });
    thalweg::event!("f:long", { text: &str = &"x".repeat(10_000), after: u8 = 8 });
}

fn labels() {
    thalweg::event!("f:labels", { a: Payment = Payment::Cash, b: Payment = Payment::Other, c: Change = Change::Down, d: Change = Change::Up });
    thalweg::event!("f:wide", { a: Wide = Wide::Least, b: Wide = Wide::Most, c: Huge = Huge::None, d: Huge = Huge::All });
    thalweg::event!("f:many-labels", { a: &[Payment] = &[Payment::Card, Payment::Cash], b: [Change; 2] = [Change::Same, Change::Up] });
}

fn many() {
    thalweg::event!("f:bytes", { bytes: &[u8] = &[0, 127, 128, 255], none: &[u8] = &[], after: u8 = 9 });
    thalweg::event!("f:arrays", { a: [u16; 3] = [1, 2, 65535], b: [i8; 1] = [-1], c: [f64; 2] = [0.5, -0.5], d: [bool; 2] = [true, false] });
    thalweg::event!("f:slices", { a: &[i64] = &[i64::MIN, 0, i64::MAX], b: &[f32] = &[0.5], c: &[u32] = &[], d: &[bool] = &[true] });
    thalweg::event!("f:array-by-reference", { a: &[u8; 2] = &[1, 2] });
}

fn names() {
    thalweg::event!("f:with \"quotes\" and \\ and a space");
    thalweg::event!("f:Ünïcode 🦀");
    thalweg::event!("f:keywords", { r#type: u8 = 1, event: u8 = 2, r#struct: u8 = 3, _under: u8 = 4, integer: u8 = 5 });
    thalweg::event!("f:nothing");
    let _span = thalweg::span!("f:span", { id: u8 = 1 });
}

fn sixty_four() {
    thalweg::event!("f:64", {
        f0: u8 = 0, f1: u8 = 1, f2: u8 = 2, f3: u8 = 3, f4: u8 = 4, f5: u8 = 5, f6: u8 = 6,
        f7: u8 = 7, f8: u8 = 8, f9: u8 = 9, f10: u8 = 10, f11: u8 = 11, f12: u8 = 12,
        f13: u8 = 13, f14: u8 = 14, f15: u8 = 15, f16: u8 = 16, f17: u8 = 17, f18: u8 = 18,
        f19: u8 = 19, f20: u8 = 20, f21: u8 = 21, f22: u8 = 22, f23: u8 = 23, f24: u8 = 24,
        f25: u8 = 25, f26: u8 = 26, f27: u8 = 27, f28: u8 = 28, f29: u8 = 29, f30: u8 = 30,
        f31: u8 = 31, f32: u8 = 32, f33: u8 = 33, f34: u8 = 34, f35: u8 = 35, f36: u8 = 36,
        f37: u8 = 37, f38: u8 = 38, f39: u8 = 39, f40: u8 = 40, f41: u8 = 41, f42: u8 = 42,
        f43: u8 = 43, f44: u8 = 44, f45: u8 = 45, f46: u8 = 46, f47: u8 = 47, f48: u8 = 48,
        f49: u8 = 49, f50: u8 = 50, f51: u8 = 51, f52: u8 = 52, f53: u8 = 53, f54: u8 = 54,
        f55: u8 = 55, f56: u8 = 56, f57: u8 = 57, f58: u8 = 58, f59: u8 = 59, f60: u8 = 60,
        f61: u8 = 61, f62: u8 = 62, f63: u8 = 63,
    });
}

fn main() {
    integers();
    floats();
    words();
    labels();
    many();
    names();
    sixty_four();
    // No chunk can hold it: counted, and what comes after is not harmed.
    thalweg::event!("f:too-large", { text: &str = &"y".repeat(100_000) });
    thalweg::event!("f:last");
}
