//! Metadata text: what it becomes, and what is said of it when it is wrong.

use std::fmt::Write;
use std::time::{Duration, Instant};

use thalweg_ctf::metadata::{self, MAX_DEPTH};
use thalweg_model::{ByteOrder, FieldClass, TraceClass};

const TRACE: &str = "trace { major = 1; minor = 8; byte_order = le; };\n";
const U8: &str = "typealias integer { size = 8; } := u8;";

#[track_caller]
fn parse(text: &str) -> TraceClass {
    metadata::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[track_caller]
fn check_error(text: &str, expected: &str) {
    match metadata::parse(text.as_bytes()) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => assert_eq!(error.to_string(), format!("metadata {expected}")),
    }
}

/// The names and paths of an event's fields, after what comes before the event.
#[track_caller]
fn check_fields(before: &str, fields: &str, expected: &str) {
    let text = format!("{TRACE}{before}event {{ name = e; fields := struct {{ {fields} }}; }};");
    let mut shown = String::new();
    for member in &parse(&text).events[0].payload.members {
        show(&mut shown, &member.name, &member.class);
    }
    assert_eq!(shown.trim(), expected);
}

fn show(out: &mut String, name: &str, class: &FieldClass) {
    write!(out, " {name}").unwrap();
    match class {
        FieldClass::Sequence(class) => write!(out, "[{}]", class.length.join(".")).unwrap(),
        FieldClass::Array(class) => write!(out, "[{}]", class.length).unwrap(),
        FieldClass::Variant(class) => write!(out, "<{}>", class.tag.join(".")).unwrap(),
        FieldClass::Struct(class) => {
            out.push('{');
            class
                .members
                .iter()
                .for_each(|member| show(out, &member.name, &member.class));
            out.push('}');
        }
        _ => {}
    }
}

#[test]
fn errors_have_a_line_a_column_and_a_reason() {
    check_error("", "1:1: the metadata has no `trace`");
    check_error("/* CTF 1.9 */", "1:1: version 1.9 is not 1.8");
    check_error(
        &format!("{TRACE}\n  env {{ x = @; }};"),
        "3:13: byte 0x40 has no meaning here",
    );
    check_error(
        &format!("{TRACE}env {{ x = \"a\n\"; }};"),
        "2:11: string is not closed",
    );
    check_error(&format!("{TRACE}/* env"), "2:1: comment is not closed");
    check_error(
        &format!("{TRACE}typedef integer {{ size = 65; }} a;"),
        "2:19: `65` does not fit `size` of an integer: expected 1 to 64 bits",
    );
    check_error(
        &format!("{TRACE}typedef unknown a;"),
        "2:9: type `unknown` is not declared",
    );
    check_error(
        &format!("{TRACE}stream {{ id = 1; }}"),
        "2:19: expected ;, found the end",
    );
    check_error(
        &format!("{TRACE}event {{ id = 1; }};"),
        "2:1: event has no `name`",
    );
}

#[test]
fn lengths_and_tags_must_lead_to_fields_that_can_be_one() {
    let event = |fields: &str| {
        format!("{TRACE}{U8}\nevent {{ name = e; fields := struct {{ {fields} }}; }};")
    };
    check_error(
        &event("u8 a[n]; u8 n;"),
        "3:1: `n` in event.fields of `e` is not an unsigned integer that comes before its use",
    );
    check_error(
        &event("u8 t; variant <t> { u8 a; } v;"),
        "3:44: `t` in this scope is not an enumeration that comes before its use",
    );
    check_error(
        &event("enum : u8 { x } t; variant <t> { u8 a; } v;"),
        "3:57: no option of the variant is a label of its tag `t`",
    );
}

#[test]
fn names_lose_one_underscore_unless_two_would_be_equal() {
    check_fields(
        U8,
        "u8 _a; u8 __b; u8 c; u8 _c; u8 __c; struct { u8 _integer; } _d;",
        "a _b c _c __c d{ integer}",
    );
}

#[test]
fn only_the_grammar_s_own_words_name_no_field() {
    check_fields(U8, "u8 imaginary; u8 real;", "imaginary real");
    let text = format!("{TRACE}{U8}\nevent {{ fields := struct {{ u8 _Imaginary; }}; }};");
    check_error(&text, "3:31: `_Imaginary` is a reserved word");
}

#[test]
fn paths_follow_their_fields() {
    check_fields(U8, "u8 _n; u8 _a[_n];", "n a[n]");
    check_fields(U8, "u8 _n; struct { u8 _a[_n]; } _s;", "n s{ a[n]}");
    // The inner `n` is another field: the path has to say which one is meant.
    check_fields(
        U8,
        "u8 _n; struct { u8 n; u8 _a[_n]; } _s;",
        "n s{ n a[event.fields.n]}",
    );
    check_fields(
        U8,
        "struct { u8 _n; } _s; u8 _a[event.fields._s._n];",
        "s{ n} a[event.fields.s.n]",
    );
    check_fields(
        &format!("{U8} stream {{ event.context := struct {{ u8 _m; }}; }};"),
        "u8 _a[_m]; u8 _b[stream.event.context._m];",
        "a[m] b[stream.event.context.m]",
    );
    check_fields(
        &format!("{U8} env {{ size = 3; }};"),
        "u8 _a[env.size];",
        "a[3]",
    );
}

#[test]
fn types_are_found_in_the_scopes_around_their_use() {
    check_fields(
        &format!("{U8} typedef u8 row[2][3], twice; struct s {{ typedef row t; t _x; }};"),
        "struct s _s; row _r; twice _w; struct local { u8 _y; }; struct local _l;",
        "s{ x[2]} r[2] w l{ y}",
    );
    check_fields(
        "typealias integer { size = 32; } := unsigned long;
         typealias integer { size = 64; } := void *;",
        "unsigned long _a, _b; void *_p;",
        "a b p",
    );
}

#[test]
fn the_byte_order_of_the_trace_holds_for_types_before_it_too() {
    let class = parse(
        "typealias integer { size = 16; } := u16;
         trace { major = 1; minor = 8; byte_order = network;
            packet.header := struct { u16 x; }; };",
    );
    assert_eq!(class.byte_order, ByteOrder::Big);
    let header = class.packet_header.unwrap();
    let FieldClass::Integer(x) = &header.members[0].class else {
        panic!("{header:?}")
    };
    assert_eq!(x.byte_order, ByteOrder::Big);
}

#[test]
fn old_time_stamps_show_the_only_clock() {
    let header = "stream { event.header := struct { integer { size = 64; } timestamp; }; };";
    for (clock, name) in [("", "default"), ("clock { name = mine; };", "mine")] {
        let class = parse(&format!("{TRACE}{clock}{header}"));
        assert_eq!(class.clocks.len(), 1);
        let header = class.streams[0].event_header.as_ref().unwrap();
        let FieldClass::Integer(stamp) = &header.members[0].class else {
            panic!("{header:?}")
        };
        assert_eq!(stamp.clock.as_deref(), Some(name));
    }
}

#[test]
fn a_clocks_offset_is_brought_below_one_second() {
    for (offset, expected) in [
        ("offset_s = 3; offset = -1;", (2, 999)),
        ("offset = 5001;", (5, 1)),
        ("offset_s = -1000;", (-1000, 0)),
    ] {
        let class = parse(&format!(
            "{TRACE}clock {{ name = c; freq = 1000; {offset} }};"
        ));
        let clock = &class.clocks[0];
        assert_eq!((clock.offset_s, clock.offset_cycles), expected, "{offset}");
    }
}

#[test]
fn nesting_is_bounded_however_it_is_written() {
    let refused = |text: String| {
        let error = metadata::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("deeper than {MAX_DEPTH} levels")),
            "{error}"
        );
    };
    refused(format!("{TRACE}{}", "struct { ".repeat(100_000)));
    refused(format!("{TRACE}{U8}typedef u8 t{};", "[1]".repeat(10_000)));
    let mut by_name = format!("{TRACE}{U8}struct s0 {{ u8 a; }};");
    for i in 1..200 {
        write!(by_name, "struct s{i} {{ struct s{} a; }};", i - 1).unwrap();
    }
    refused(by_name);
}

#[test]
fn types_that_double_at_each_step_are_stopped_in_time() {
    let mut text = format!("{TRACE}{U8}struct s0 {{ u8 a; u8 b; }};");
    for i in 1..60 {
        write!(
            text,
            "struct s{i} {{ struct s{p} a; struct s{p} b; }};",
            p = i - 1
        )
        .unwrap();
    }
    let begin = Instant::now();
    let error = metadata::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("the types grow beyond"), "{error}");
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "{:?}",
        begin.elapsed()
    );
}
