//! `fields`: one event of each kind of field, with values at the ends of their ranges.

#![forbid(unsafe_code)]

use thalweg::{BigEndian, Bin, Blob, Bounded, CountedText, Hex, MediaType, Oct, Text};

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

thalweg::labels! {
    /// Ranges, and numbers without a label.
    #[derive(Clone, Copy)]
    struct Status: u16 { Good = 200..=299, NotFound = 404, Bad = 500..=599, Worst = u16::MAX }
}

thalweg::labels! {
    /// Ranges of signed numbers, which may overlap.
    #[derive(Clone, Copy)]
    struct Warmth: i32 { Frost = i32::MIN..=-1, Cold = -20..=9, Warm = 20..=i32::MAX }
}

thalweg::labels! {
    /// A closed enum with a range.
    #[derive(Clone, Copy)]
    enum Size: u8 { Small = 0..=9, Large = 10..=255 }
}

thalweg::fields! {
    /// Of fixed size.
    #[derive(Clone, Copy)]
    struct Point { x: i32, y: i32 }
}

thalweg::fields! {
    /// Of any size, with all that needs a field before it.
    struct Line<'l> {
        name: &'l str,
        from: Point,
        to: Option<Point>,
        r#type: Status,
        points: &'l [Point],
        words: &'l [&'l str],
    }
}

thalweg::fields! {
    /// Without members.
    struct Empty {}
}

thalweg::event_class! {
    /// The fields of several events.
    struct Order<'o> { id: u64, pub customer: &'o str, nowrite secret: &'o [u8], paid: Option<bool> }
}

/// A media type of our own.
struct Png;

impl MediaType for Png {
    const NAME: &'static str = "image/png";
}

fn integers() {
    thalweg::event!("f:unsigned", { a: u8 = u8::MAX, b: u16 = u16::MAX, c: u32 = u32::MAX, d: u64 = u64::MAX, e: usize = 0 });
    thalweg::event!("f:least", { a: i8 = i8::MIN, b: i16 = i16::MIN, c: i32 = i32::MIN, d: i64 = i64::MIN, e: isize = -1 });
    thalweg::event!("f:most", { a: i8 = i8::MAX, b: i16 = i16::MAX, c: i32 = i32::MAX, d: i64 = i64::MAX, e: isize = 1 });
}

fn bases() {
    thalweg::event!("f:bases", { a: Hex<u64> = Hex(u64::MAX), b: Hex<i16> = Hex(-1), c: Oct<u8> = Oct(8), d: Oct<i32> = Oct(-8), e: Bin<u8> = Bin(5), f: Bin<u16> = Bin(0x8001) });
    thalweg::event!("f:network", { a: BigEndian<u16> = BigEndian(0x1234), b: BigEndian<i32> = BigEndian(-2), c: BigEndian<u64> = BigEndian(1), d: BigEndian<f32> = BigEndian(1.5), e: BigEndian<f64> = BigEndian(-0.25), f: BigEndian<u8> = BigEndian(7) });
    thalweg::event!("f:network-bases", { a: BigEndian<Hex<u32>> = BigEndian(Hex(0xc0a8_0001)), b: Hex<BigEndian<u32>> = Hex(BigEndian(0xc0a8_0002)), c: &[Hex<BigEndian<u16>>] = &[Hex(BigEndian(0xabcd)), Hex(BigEndian(1))], d: [Hex<u8>; 3] = [Hex(0), Hex(1), Hex(255)] });
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

fn bytes() {
    let name = c"a name of C";
    thalweg::event!("f:c", { name: &core::ffi::CStr = name, empty: &core::ffi::CStr = c"" });
    thalweg::event!("f:no-utf8", { latin: Text = Text(b"Stra\xdfe"), half: Text = Text(b"\xe4\xb8"), nul: Text = Text(b"a\0b") });
    thalweg::event!("f:counted", { text: CountedText = CountedText("zählt".as_bytes()), none: CountedText = CountedText(b""), after: u8 = 1 });
    thalweg::event!("f:bounded", { a: Bounded<5, &str> = Bounded("abcdefgh"), b: Bounded<3, &str> = Bounded("aßß"), c: Bounded<0, &str> = Bounded("x"), d: Bounded<9, &str> = Bounded("whole"), e: Bounded<4, &core::ffi::CStr> = Bounded(name), f: Bounded<2, CountedText> = Bounded(CountedText(b"xyz")), g: Bounded<2, Option<&str>> = Bounded(Some("xyz")) });
    thalweg::event!("f:blobs", { any: Blob = Blob::new(&[0, 255]), png: Blob<Png> = Blob::new(b"\x89PNG"), none: Blob = Blob::new(&[]), perhaps: Option<Blob<Png>> = Some(Blob::new(&[1])) });
}

fn labels() {
    thalweg::event!("f:labels", { a: Payment = Payment::Cash, b: Payment = Payment::Other, c: Change = Change::Down, d: Change = Change::Up });
    thalweg::event!("f:wide", { a: Wide = Wide::Least, b: Wide = Wide::Most, c: Huge = Huge::None, d: Huge = Huge::All });
    thalweg::event!("f:many-labels", { a: &[Payment] = &[Payment::Card, Payment::Cash], b: [Change; 2] = [Change::Same, Change::Up] });
}

fn ranges() {
    thalweg::event!("f:ranges", { a: Status = Status::Good, b: Status = Status(299), c: Status = Status(300), d: Status = Status::Worst, e: &[Status] = &[Status::NotFound, Status(0)] });
    thalweg::event!("f:signed-ranges", { a: Warmth = Warmth(-20), b: Warmth = Warmth::Frost, c: Warmth = Warmth(15), d: Warmth = Warmth::Warm, e: Warmth = Warmth::Cold });
    thalweg::event!("f:closed-ranges", { a: Size = Size::Small, b: Size = Size::Large });
}

fn nested() {
    let points = [Point { x: 1, y: -1 }, Point { x: 2, y: -2 }];
    let line = Line {
        name: "ß",
        from: points[0],
        to: None,
        r#type: Status(7),
        points: &points,
        words: &["a", ""],
    };
    let more = Line {
        name: "",
        from: points[1],
        to: Some(points[0]),
        r#type: Status::Good,
        points: &[],
        words: &[],
    };
    thalweg::event!("f:point", { p: Point = points[1], empty: Empty = Empty {}, after: u8 = 2 });
    thalweg::event!("f:points", { a: [Point; 2] = points, b: &[Point] = &points[..1], c: &[Point] = &[] });
    thalweg::event!("f:line", { line: Line = line, after: u8 = 3 });
    thalweg::event!("f:lines", { lines: &[Line] = &[more, Line { name: "x", from: points[0], to: None, r#type: Status::Bad, points: &points[1..], words: &["b"] }], after: u8 = 4 });
    thalweg::event!("f:matrix", { fixed: [[u8; 3]; 2] = [[1, 2, 3], [4, 5, 6]], rows: &[[i16; 2]] = &[[-1, 1], [-2, 2]], ragged: &[&[u8]] = &[&[1], &[], &[2, 3]], deep: [[[u8; 1]; 2]; 1] = [[[7], [8]]] });
    thalweg::event!("f:words", { words: &[&str] = &["one", "", "three"], two: [&str; 2] = ["a", "b"], chars: &[char] = &['a', 'ß'], flags: &[bool] = &[true, false] });
}

fn options() {
    thalweg::event!("f:options", { a: Option<u32> = Some(7), b: Option<u32> = None, c: Option<&str> = Some("text"), d: Option<&str> = None, e: Option<Status> = Some(Status::NotFound), after: u8 = 5 });
    thalweg::event!("f:more-options", { a: Option<Option<u8>> = Some(None), b: Option<Option<u8>> = Some(Some(1)), c: Option<&[u16]> = Some(&[1, 2]), d: Option<[u8; 2]> = Some([3, 4]), e: Option<Point> = None, after: u8 = 6 });
    thalweg::event!("f:many-options", { a: &[Option<u8>] = &[Some(1), None, Some(3)], b: [Option<&str>; 2] = [None, Some("x")], after: u8 = 7 });
}

fn definitions() {
    thalweg::event!("f:nowrite", { a: u8 = 1, nowrite hidden: &str = "hidden", b: u8 = 2, nowrite also: &[u64] = &[1, 2] });
    thalweg::event!("f:only-nowrite", { nowrite hidden: Option<u8> = None });
    thalweg::event!("f:named-nowrite", { nowrite: u8 = 3 });
    thalweg::event!("f:model", Warning, emf_uri = "http://example.com/model#order", { a: u8 = 1 });
    let order = |id, paid| Order {
        id,
        customer: "Ada",
        secret: b"secret",
        paid,
    };
    let Order {
        id,
        customer,
        secret,
        paid,
    } = order(1, None);
    thalweg::event!(
        "f:class-a",
        Info,
        Order {
            id,
            customer,
            secret,
            paid
        }
    );
    thalweg::event!(
        "f:class-b",
        Order {
            id: 2,
            ..order(3, Some(true))
        }
    );
    let site = thalweg::site!("f:class-c", Notice, Order);
    if site.is_enabled() {
        site.emit(order(4, Some(false)));
    }
}

mod messages {
    pub(super) fn all() {
        let name = "Ada";
        thalweg::tracef!("plain");
        thalweg::tracef!("{name} has {:>3} of {:#x}", 7, 255);
        thalweg::tracelog!(Warning, "{name} is late");
        thalweg::tracelog!(DebugLine, "a {} of {}", "line", "two",);
        thalweg::tracef!("{}", "ß".repeat(3000));
    }
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
    // What the macro calls its own.
    const GATE: u8 = 1;
    const SITE: u8 = 2;
    const FIELDS: u8 = 3;
    thalweg::event!("f:constants", { a: u8 = GATE, b: u8 = SITE, c: u8 = FIELDS });
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
    bases();
    bytes();
    ranges();
    nested();
    options();
    definitions();
    messages::all();
    // More than the largest record holds: cut between two characters.
    thalweg::event!("f:cut", { before: u8 = 1, text: &str = &"ß".repeat(100_000), after: u8 = 2 });
    thalweg::event!("f:cut-all", { a: &str = &"x".repeat(70_000), b: Option<&str> = Some(&"y".repeat(80_000)), c: &str = "short" });
    // No chunk can hold it: counted, and what comes after is not harmed.
    thalweg::event!("f:too-large", { list: &[u8] = &[7; 100_000] });
    thalweg::event!("f:last");
}
