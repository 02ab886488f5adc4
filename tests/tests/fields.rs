//! Values of all types come back as they were, in babeltrace2's words.

use thalweg_tests::World;

/// Name and fields of each event, in order. A span's end comes when its function ends.
const EXPECTED: &str = r#"f:unsigned: { a = 255, b = 65535, c = 4294967295, d = 18446744073709551615, e = 0 }
f:least: { a = -128, b = -32768, c = -2147483648, d = -9223372036854775808, e = -1 }
f:most: { a = 127, b = 32767, c = 2147483647, d = 9223372036854775807, e = 1 }
f:floats: { a = 1.5, b = -0.25, c = 1e+300, d = -0 }
f:no-numbers: { a = inf, b = -inf, c = nan }
f:bool: { yes = ( "true" : container = 1 ), no = ( "false" : container = 0 ) }
f:char: { a = "a", b = "ß", c = "🦀", d = "" }
f:text: { empty = "", plain = "plain", quotes = "a \"b\" \\c", lines = "a\nb\tc", far = "Привет, 世界" }
f:nul: { cut = "ab", after = 7 }
f:long: { text = LONG, after = 8 }
f:labels: { a = ( "Cash" : container = 0 ), b = ( "Other" : container = 255 ), c = ( "Down" : container = -128 ), d = ( "Up" : container = 127 ) }
f:wide: { a = ( "Least" : container = -9223372036854775808 ), b = ( "Most" : container = 9223372036854775807 ), c = ( "None" : container = 0 ), d = ( "All" : container = 18446744073709551615 ) }
f:many-labels: { _a_length = 2, a = [ [0] = ( "Card" : container = 1 ), [1] = ( "Cash" : container = 0 ) ], b = [ [0] = ( "Same" : container = 0 ), [1] = ( "Up" : container = 127 ) ] }
f:bytes: { _bytes_length = 4, bytes = [ [0] = 0, [1] = 127, [2] = 128, [3] = 255 ], _none_length = 0, none = [ ], after = 9 }
f:arrays: { a = [ [0] = 1, [1] = 2, [2] = 65535 ], b = [ [0] = -1 ], c = [ [0] = 0.5, [1] = -0.5 ], d = [ [0] = ( "true" : container = 1 ), [1] = ( "false" : container = 0 ) ] }
f:slices: { _a_length = 3, a = [ [0] = -9223372036854775808, [1] = 0, [2] = 9223372036854775807 ], _b_length = 1, b = [ [0] = 0.5 ], _c_length = 0, c = [ ], _d_length = 1, d = [ [0] = ( "true" : container = 1 ) ] }
f:array-by-reference: { a = [ [0] = 1, [1] = 2 ] }
f:with "quotes" and \ and a space: { }
f:Ünïcode 🦀: { }
f:keywords: { type = 1, event = 2, struct = 3, _under = 4, integer = 5 }
f:nothing: { }
f:span_begin: { id = 1 }
f:span_end: { }
f:64: { f0 = 0, f1 = 1, f2 = 2, f3 = 3, f4 = 4, f5 = 5, f6 = 6, f7 = 7, f8 = 8, f9 = 9, f10 = 10, f11 = 11, f12 = 12, f13 = 13, f14 = 14, f15 = 15, f16 = 16, f17 = 17, f18 = 18, f19 = 19, f20 = 20, f21 = 21, f22 = 22, f23 = 23, f24 = 24, f25 = 25, f26 = 26, f27 = 27, f28 = 28, f29 = 29, f30 = 30, f31 = 31, f32 = 32, f33 = 33, f34 = 34, f35 = 35, f36 = 36, f37 = 37, f38 = 38, f39 = 39, f40 = 40, f41 = 41, f42 = 42, f43 = 43, f44 = 44, f45 = 45, f46 = 46, f47 = 47, f48 = 48, f49 = 49, f50 = 50, f51 = 51, f52 = 52, f53 = 53, f54 = 54, f55 = 55, f56 = 56, f57 = 57, f58 = 58, f59 = 59, f60 = 60, f61 = 61, f62 = 62, f63 = 63 }
f:last: { }
"#;

#[test]
fn all_values_come_back_exactly() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    world.run("fields", &[]);
    let report = recorder.finish();
    report.check_our_reader();
    let long = format!("\"{}\"", "x".repeat(10_000));
    let trace = report.trace();
    let lines = trace.events().map(|event| {
        let (_, fields) = event.rest.split_once(" }, { cpu_id = ").expect("a context");
        let (_, fields) = fields.split_once(" }, ").expect("fields");
        format!("{}: {}\n", event.name, fields.replace(&long, "LONG"))
    });
    let found: String = lines.collect();
    assert_eq!(found, EXPECTED);
    assert_eq!(
        (report.lost(), report.lost_to("TooLarge")),
        (1, 1),
        "{report:?}"
    );
}
