//! Values of all types come back as they were, in babeltrace2's words.

use std::path::Path;
use thalweg_tests::{World, with_ids_numbered};

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
f:long: { text = "x×10000", after = 8 }
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
f:constants: { a = 1, b = 2, c = 3 }
f:span_begin: { span_id = #1, parent_span_id = #0, id = 1 }
f:span_end: { span_id = #1 }
f:64: { f0 = 0, f1 = 1, f2 = 2, f3 = 3, f4 = 4, f5 = 5, f6 = 6, f7 = 7, f8 = 8, f9 = 9, f10 = 10, f11 = 11, f12 = 12, f13 = 13, f14 = 14, f15 = 15, f16 = 16, f17 = 17, f18 = 18, f19 = 19, f20 = 20, f21 = 21, f22 = 22, f23 = 23, f24 = 24, f25 = 25, f26 = 26, f27 = 27, f28 = 28, f29 = 29, f30 = 30, f31 = 31, f32 = 32, f33 = 33, f34 = 34, f35 = 35, f36 = 36, f37 = 37, f38 = 38, f39 = 39, f40 = 40, f41 = 41, f42 = 42, f43 = 43, f44 = 44, f45 = 45, f46 = 46, f47 = 47, f48 = 48, f49 = 49, f50 = 50, f51 = 51, f52 = 52, f53 = 53, f54 = 54, f55 = 55, f56 = 56, f57 = 57, f58 = 58, f59 = 59, f60 = 60, f61 = 61, f62 = 62, f63 = 63 }
f:bases: { a = 0xFFFFFFFFFFFFFFFF, b = 0xFFFF, c = 010, d = 077777777770, e = 0b00000101, f = 0b1000000000000001 }
f:network: { a = 4660, b = -2, c = 1, d = 1.5, e = -0.25, f = 7 }
f:network-bases: { a = 0xC0A80001, b = 0xC0A80002, _c_length = 2, c = [ [0] = 0xABCD, [1] = 0x1 ], d = [ [0] = 0x0, [1] = 0x1, [2] = 0xFF ] }
f:c: { name = "a name of C", empty = "" }
f:no-utf8: { latin = "Stra�e", half = "�", nul = "a" }
f:counted: { _text_length = 6, text = "zählt", _none_length = 0, none = "", after = 1 }
f:bounded: { a = "abcde", b = "aß", c = "", d = "whole", e = "a na", _f_length = 2, f = "xy", _g_tag = ( "some" : container = 1 ), g = { "xy" } }
f:blobs: { _any_length = 2, any = [ [0] = 0, [1] = 255 ], _png_length = 4, png = [ [0] = 137, [1] = 80, [2] = 78, [3] = 71 ], _none_length = 0, none = [ ], _perhaps_tag = ( "some" : container = 1 ), perhaps = { { _value_length = 1, value = [ [0] = 1 ] } } }
f:ranges: { a = ( "Good" : container = 200 ), b = ( "Good" : container = 299 ), c = ( <unknown> : container = 300 ), d = ( "Worst" : container = 65535 ), _e_length = 2, e = [ [0] = ( "NotFound" : container = 404 ), [1] = ( <unknown> : container = 0 ) ] }
f:signed-ranges: { a = ( "Frost", "Cold" : container = -20 ), b = ( "Frost" : container = -2147483648 ), c = ( <unknown> : container = 15 ), d = ( "Warm" : container = 20 ), e = ( "Frost", "Cold" : container = -20 ) }
f:closed-ranges: { a = ( "Small" : container = 0 ), b = ( "Large" : container = 10 ) }
f:point: { p = { x = 2, y = -2 }, empty = { }, after = 2 }
f:points: { a = [ [0] = { x = 1, y = -1 }, [1] = { x = 2, y = -2 } ], _b_length = 1, b = [ [0] = { x = 1, y = -1 } ], _c_length = 0, c = [ ] }
f:line: { line = { name = "ß", from = { x = 1, y = -1 }, _to_tag = ( "none" : container = 0 ), to = { { } }, type = ( <unknown> : container = 7 ), _points_length = 2, points = [ [0] = { x = 1, y = -1 }, [1] = { x = 2, y = -2 } ], _words_length = 2, words = [ [0] = "a", [1] = "" ] }, after = 3 }
f:lines: { _lines_length = 2, lines = [ [0] = { name = "", from = { x = 2, y = -2 }, _to_tag = ( "some" : container = 1 ), to = { { x = 1, y = -1 } }, type = ( "Good" : container = 200 ), _points_length = 0, points = [ ], _words_length = 0, words = [ ] }, [1] = { name = "x", from = { x = 1, y = -1 }, _to_tag = ( "none" : container = 0 ), to = { { } }, type = ( "Bad" : container = 500 ), _points_length = 1, points = [ [0] = { x = 2, y = -2 } ], _words_length = 1, words = [ [0] = "b" ] } ], after = 4 }
f:matrix: { fixed = [ [0] = [ [0] = 1, [1] = 2, [2] = 3 ], [1] = [ [0] = 4, [1] = 5, [2] = 6 ] ], _rows_length = 2, rows = [ [0] = [ [0] = -1, [1] = 1 ], [1] = [ [0] = -2, [1] = 2 ] ], _ragged_length = 3, ragged = [ [0] = { _value_length = 1, value = [ [0] = 1 ] }, [1] = { _value_length = 0, value = [ ] }, [2] = { _value_length = 2, value = [ [0] = 2, [1] = 3 ] } ], deep = [ [0] = [ [0] = [ [0] = 7 ], [1] = [ [0] = 8 ] ] ] }
f:words: { _words_length = 3, words = [ [0] = "one", [1] = "", [2] = "three" ], two = [ [0] = "a", [1] = "b" ], _chars_length = 2, chars = [ [0] = "a", [1] = "ß" ], _flags_length = 2, flags = [ [0] = ( "true" : container = 1 ), [1] = ( "false" : container = 0 ) ] }
f:options: { _a_tag = ( "some" : container = 1 ), a = { 7 }, _b_tag = ( "none" : container = 0 ), b = { { } }, _c_tag = ( "some" : container = 1 ), c = { "text" }, _d_tag = ( "none" : container = 0 ), d = { { } }, _e_tag = ( "some" : container = 1 ), e = { ( "NotFound" : container = 404 ) }, after = 5 }
f:more-options: { _a_tag = ( "some" : container = 1 ), a = { { _value_tag = ( "none" : container = 0 ), value = { { } } } }, _b_tag = ( "some" : container = 1 ), b = { { _value_tag = ( "some" : container = 1 ), value = { 1 } } }, _c_tag = ( "some" : container = 1 ), c = { { _value_length = 2, value = [ [0] = 1, [1] = 2 ] } }, _d_tag = ( "some" : container = 1 ), d = { [ [0] = 3, [1] = 4 ] }, _e_tag = ( "none" : container = 0 ), e = { { } }, after = 6 }
f:many-options: { _a_length = 3, a = [ [0] = { _value_tag = ( "some" : container = 1 ), value = { 1 } }, [1] = { _value_tag = ( "none" : container = 0 ), value = { { } } }, [2] = { _value_tag = ( "some" : container = 1 ), value = { 3 } } ], b = [ [0] = { _value_tag = ( "none" : container = 0 ), value = { { } } }, [1] = { _value_tag = ( "some" : container = 1 ), value = { "x" } } ], after = 7 }
f:nowrite: { a = 1, b = 2 }
f:only-nowrite: { }
f:named-nowrite: { nowrite = 3 }
f:model: { a = 1 }
f:class-a: { id = 1, customer = "Ada", _paid_tag = ( "none" : container = 0 ), paid = { { } } }
f:class-b: { id = 2, customer = "Ada", _paid_tag = ( "some" : container = 1 ), paid = { ( "true" : container = 1 ) } }
f:class-c: { id = 4, customer = "Ada", _paid_tag = ( "some" : container = 1 ), paid = { ( "false" : container = 0 ) } }
lttng_ust_tracef:event: { _msg_length = 5, msg = "plain" }
lttng_ust_tracef:event: { _msg_length = 19, msg = "Ada has   7 of 0xff" }
lttng_ust_tracelog:LTTNG_UST_TRACEPOINT_LOGLEVEL_WARNING: { line = WARNING, file = "tests/programs/fields.rs", func = "fields::messages::all", _msg_length = 11, msg = "Ada is late" }
lttng_ust_tracelog:LTTNG_UST_TRACEPOINT_LOGLEVEL_DEBUG_LINE: { line = DEBUG_LINE, file = "tests/programs/fields.rs", func = "fields::messages::all", _msg_length = 13, msg = "a line of two" }
lttng_ust_tracef:event: { _msg_length = 2048, msg = "ß×1024" }
f:cut: { before = 1, text = "ß×32720", after = 2 }
f:cut-all: { a = "x×32717", _b_tag = ( "some" : container = 1 ), b = { "y×32717" }, c = "short" }
f:last: { }
"#;

#[test]
fn all_values_come_back_exactly() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    world.run("fields", &[]);
    let report = recorder.finish();
    report.check_our_reader();
    let trace = report.trace();
    let lines = trace.events().map(|event| {
        let (_, fields) = event.rest.split_once(" }, { cpu_id = ").expect("a context");
        let (_, fields) = fields.split_once(" }, ").expect("fields");
        format!("{}: {}\n", event.name, with_runs_counted(fields))
    });
    let found = with_ids_numbered(&lines.collect::<String>());
    let expected = EXPECTED
        .replace("= WARNING", &format!("= {}", line_of("tracelog!(Warning")))
        .replace(
            "= DEBUG_LINE",
            &format!("= {}", line_of("tracelog!(DebugLine")),
        );
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
    assert_eq!(
        (report.lost(), report.lost_to("TooLarge")),
        (1, 1),
        "{report:?}"
    );
}

/// Where the program has `text`, counted as compilers count.
fn line_of(text: &str) -> usize {
    let program = include_str!("../programs/fields.rs");
    let at = program.lines().position(|line| line.contains(text));
    at.expect("it is there") + 1
}

/// A text with long runs of a character as the character and their number.
fn with_runs_counted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(first).len();
        let count = run / first.len_utf8();
        match count {
            0..100 => out.push_str(&rest[..run]),
            _ => out.push_str(&format!("{first}×{count}")),
        }
        rest = &rest[run..];
    }
    out
}

/// The metadata of the one trace below a folder.
fn metadata(dir: &Path) -> String {
    let entries = std::fs::read_dir(dir).expect("the recorder made it");
    let entries = entries.map(|entry| entry.expect("it can be read").path());
    let texts = entries.map(|path| match path.is_dir() {
        true => metadata(&path),
        false if path.ends_with("metadata") => std::fs::read_to_string(path).expect("it is text"),
        false => String::new(),
    });
    texts.collect()
}

/// What the metadata says of an event of the program `fields`.
fn block<'m>(metadata: &'m str, name: &str) -> &'m str {
    let begin = metadata.find(&format!("\tname = \"{name}\";\n"));
    let begin = begin.unwrap_or_else(|| panic!("no {name} in {metadata}"));
    let len = metadata[begin..].find("\n};\n").expect("blocks end so");
    &metadata[begin..begin + len]
}

#[test]
fn the_metadata_says_levels_models_and_forms_as_lttng_does() {
    let world = World::new();
    let recorder = world.recorder("trace").start();
    world.run("fields", &[]);
    let report = recorder.finish();
    let metadata = metadata(&report.output);
    let model = block(&metadata, "f:model");
    assert!(
        model.contains("\tloglevel = 4;\n\tmodel.emf.uri = \"http://example.com/model#order\";\n"),
        "{model}"
    );
    assert_eq!(metadata.matches("model.emf.uri").count(), 1);
    for (name, level) in [
        ("f:class-a", 6),
        ("f:class-b", 13),
        ("f:class-c", 5),
        ("lttng_ust_tracef:event", 14),
    ] {
        let block = block(&metadata, name);
        assert!(
            block.contains(&format!("\tloglevel = {level};\n")),
            "{block}"
        );
    }
    let network = block(&metadata, "f:network");
    assert_eq!(network.matches("byte_order = be;").count(), 6, "{network}");
    let bases = block(&metadata, "f:bases");
    for (base, count) in [(16, 2), (8, 2), (2, 2)] {
        assert_eq!(
            bases.matches(&format!("base = {base};")).count(),
            count,
            "{bases}"
        );
    }
    // LTTng 2.13's own declarations.
    let message = "\t\tinteger { size = 32; align = 8; signed = 0; encoding = none; base = 10; } __msg_length;\n\
        \t\tinteger { size = 8; align = 8; signed = 1; encoding = UTF8; base = 10; } _msg[ __msg_length ];\n\t};";
    let place = "\t\tinteger { size = 32; align = 8; signed = 1; encoding = none; base = 10; } _line;\n\
        \t\tstring _file;\n\t\tstring _func;\n";
    let tracef = block(&metadata, "lttng_ust_tracef:event");
    assert!(
        tracef.ends_with(&format!("\tfields := struct {{\n{message}")),
        "{tracef}"
    );
    let tracelog = "lttng_ust_tracelog:LTTNG_UST_TRACEPOINT_LOGLEVEL_WARNING";
    let tracelog = block(&metadata, tracelog);
    assert!(tracelog.contains("\tloglevel = 4;\n"), "{tracelog}");
    assert!(
        tracelog.ends_with(&format!("\tfields := struct {{\n{place}{message}")),
        "{tracelog}"
    );
    for hidden in ["hidden", "also", "secret", "image/png"] {
        assert!(!metadata.contains(hidden), "{hidden} in {metadata}");
    }
}
