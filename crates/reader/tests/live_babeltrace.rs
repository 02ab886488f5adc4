//! Traces made here, each against what babeltrace2 prints of it now.

mod common;

use common::{show, trace};
use thalweg_testkit::{babeltrace2, record_with_lttng};

const TRACE: &str = "/* CTF 1.8 */\ntrace { major = 1; minor = 8; byte_order = le; };\n";
const CLOCK: &str = "clock { name = c; freq = 1000000000; absolute = true; };\n";

#[track_caller]
fn check(metadata: &str, streams: &[(&str, &[u8])]) -> String {
    let folder = trace(metadata.as_bytes(), streams);
    check_folder(folder.path())
}

#[track_caller]
fn check_folder(folder: &std::path::Path) -> String {
    let theirs = babeltrace2(folder);
    assert!(theirs.success, "babeltrace2: {}", theirs.stderr);
    let mut ours = show(folder);
    // The kit shows bytes that are no UTF-8 as replacement characters: do the same with ours.
    ours.text = String::from_utf8_lossy(&ours.text)
        .into_owned()
        .into_bytes();
    assert_eq!(ours.errors, Vec::<String>::new());
    ours.assert_text(theirs.stdout.as_bytes(), "babeltrace2");
    theirs.stdout
}

/// One event with these fields.
#[track_caller]
fn check_fields(fields: &str, bytes: &[u8]) -> String {
    let metadata =
        format!("{TRACE}event {{ name = \"an event\"; fields := struct {{ {fields} }}; }};");
    check(&metadata, &[("s", bytes)])
}

#[test]
fn integers_of_every_base_size_and_sign() {
    let mut fields = String::new();
    let mut bytes = Vec::new();
    for base in [2, 8, 10, 16] {
        for size in [8, 16, 32, 64] {
            for value in [0_i64, 1, 9, 10, 123, -1, -5, i64::MIN, i64::MAX] {
                for signed in [0, 1] {
                    let name = bytes.len() * 2 + signed;
                    fields += &format!(
                        "integer {{ size = {size}; signed = {signed}; base = {base}; }} f{name};"
                    );
                    bytes.extend_from_slice(&value.to_le_bytes()[..size / 8]);
                }
            }
        }
    }
    let text = check_fields(&fields, &bytes);
    assert!(
        text.contains("0xFFFFFFFFFFFFFFFF") && text.contains("0b00001001") && text.contains("-5")
    );
}

/// The order of three streams that have an event at the same time each.
#[track_caller]
fn check_ties(packet_context: &str, times: usize, expected: [&str; 3]) {
    let uuid = "2a6422d0-6cee-11e0-8c08-cb07d7b3a564";
    let metadata = format!(
        "/* CTF 1.8 */\n\
         typealias integer {{ size = 64; align = 8; map = clock.c.value; }} := t;\n\
         trace {{ major = 1; minor = 8; byte_order = le; uuid = \"{uuid}\"; packet.header := \
         struct {{ integer {{ size = 8; }} stream_instance_id; }}; }};\n{CLOCK}\
         stream {{ {packet_context} event.header := struct {{ t timestamp; }}; }};\n\
         event {{ name = e; fields := struct {{ integer {{ size = 8; }} n; }}; }};"
    );
    let times = 7_u64.to_le_bytes().repeat(times);
    let stream = |id: u8| [&[id][..], &times, &[id]].concat();
    let (two, ten, other) = (stream(2), stream(10), stream(5));
    let text = check(&metadata, &[("s_2", &two), ("s_10", &ten), ("a", &other)]);
    let order = text.lines().filter_map(|line| line.split("n = ").nth(1));
    assert_eq!(order.collect::<Vec<_>>(), expected);
}

#[test]
fn events_at_the_same_time_come_in_the_order_of_their_streams_ids() {
    let times = "packet.context := struct { t timestamp_begin; t timestamp_end; };";
    check_ties(times, 3, ["2 }", "5 }", "10 }"]);
    check_ties("", 1, ["5 }", "10 }", "2 }"]);
}

#[test]
fn bit_fields_in_both_byte_orders() {
    let bytes: Vec<u8> = (0..64_u8).map(|i| i.wrapping_mul(37) ^ 0x5a).collect();
    for order in ["le", "be"] {
        let mut fields = String::new();
        let mut total = 0;
        for (i, size) in [3, 5, 1, 7, 13, 27, 31, 33, 63, 64, 2, 11, 64, 57]
            .into_iter()
            .enumerate()
        {
            let (signed, base) = (i % 2, [10, 16, 8, 2][i % 4]);
            fields += &format!(
                "integer {{ size = {size}; align = 1; signed = {signed}; base = {base}; byte_order = {order}; }} f{i};"
            );
            total += size;
        }
        fields += &format!(
            "integer {{ size = {}; align = 1; byte_order = {order}; }} rest;",
            8 - total % 8
        );
        check_fields(&fields, &bytes[..total / 8 + 1]);
    }
}

#[test]
fn floats_of_every_kind() {
    let numbers = [
        0.1,
        -0.0,
        2.5,
        1e300,
        1e-300,
        123_456_789.0,
        1e-5,
        0.0001,
        0.000_123_456_7,
        100_000.0,
        999_999.5,
        1e6,
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        5e-324,
        3.0,
    ];
    let mut fields = String::new();
    let mut bytes = Vec::new();
    for (i, number) in numbers.into_iter().enumerate() {
        fields += &format!("floating_point {{ exp_dig = 11; mant_dig = 53; }} d{i};");
        fields +=
            &format!("floating_point {{ exp_dig = 8; mant_dig = 24; byte_order = be; }} f{i};");
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(&(number as f32).to_be_bytes());
    }
    let text = check_fields(&fields, &bytes);
    assert!(text.contains("-nan") && text.contains("1e+300"));
}

#[test]
fn strings_with_every_byte_and_texts_in_arrays_and_sequences() {
    let mut bytes: Vec<u8> = (1..=255).collect();
    bytes.extend_from_slice(b"\0ab\0cdabc\x03x?z\x01\x02\x03\x04\x05\x06abcdef\x02ABCD");
    let fields = "string s;
        integer { size = 8; encoding = ascii; } cut[5];
        integer { size = 8; encoding = UTF8; } whole[3];
        integer { size = 8; encoding = UTF8; } none[0];
        integer { size = 8; } _len; integer { size = 8; encoding = UTF8; signed = 1; } _seq[_len];
        integer { size = 8; } numbers[2][3];
        integer { size = 8; encoding = UTF8; } texts[2][3];
        integer { size = 8; } __n; struct { integer { size = 16; base = 16; } __x; } _structs[__n];";
    let text = check_fields(fields, &bytes);
    assert!(text.contains("texts = [ [0] = \"abc\", [1] = \"def\" ]"));
}

#[test]
fn enumerations_with_overlaps_ranges_and_unknown_values() {
    let class = "enum : integer { size = 8; signed = 1; base = 16; } \
        { A, B = 1, C = 1, D = 5 ... 7, A = 9 ... 10, neg = -3, \"q\\\"x\" = 20, _u = 21 }";
    let fields: String = (0..10).map(|i| format!("{class} e{i};")).collect();
    let text = check_fields(&fields, &[0, 1, 6, 9, 10, 0xfd, 20, 21, 100, 0xfc]);
    assert!(text.contains("( \"B\", \"C\" : container = 0x1 )") && text.contains("<unknown>"));
}

#[test]
fn variants_structures_and_their_alignment() {
    let fields = "enum : integer { size = 8; } { A, B, _C } t;
        variant <t> { integer { size = 8; align = 32; } A; integer { size = 8; } B; string _C; } v;
        struct { integer { size = 8; align = 64; } _a; struct { integer { size = 8; } _integer; } __b; } st;
        struct { variant <t> { string A; struct {} B; struct { string z; } _C; } _v; } w;
        struct {} empty; integer { size = 8; align = 32; } nothing[0]; integer { size = 8; } end;";
    let text = check_fields(fields, b"\x01\x07\0\0\0\0\0\0\x09\x0a\0\0\x0b");
    assert!(text.contains("w = { v = { { } } }"), "{text}");
    check_fields(fields, b"\x02xyz\0\0\0\0\x09\x0afoo\0\0\0\x0b");
}

#[test]
fn contexts_empty_ones_and_no_fields_at_all() {
    let metadata = format!(
        "{TRACE}stream {{ event.header := struct {{ integer {{ size = 8; }} id; }};
            packet.context := struct {{ integer {{ size = 8; }} packet_size; integer {{ size = 8; }} cpu_id; }};
            event.context := struct {{}}; }};
        event {{ name = a; id = 0; fields := struct {{}}; }};
        event {{ name = b; id = 1; }};
        event {{ name = c; id = 2; context := struct {{}}; fields := struct {{ struct {{}} x; }}; }};
        event {{ name = \"d e\"; id = 3; context := struct {{ integer {{ size = 8; }} c; }};
            fields := struct {{ integer {{ size = 8; }} _f; }}; }};"
    );
    let text = check(
        &metadata,
        &[("s", b"\x40\x05\x00\x01\x02\x03\x07\x08\x28\x06\x00\x01\x02")],
    );
    assert!(text.contains("d e"), "{text}");
}

#[test]
fn clocks_of_any_rate_and_origin() {
    for clock in [
        "freq = 1000000000; offset = 1375437179542680815;",
        "freq = 2445000000; offset_s = 1700000000; offset = 12345;",
        "freq = 3; offset_s = 10;",
        "freq = 19200000; offset_s = 1; offset = 19200001;",
    ] {
        let metadata = format!(
            "{TRACE}env {{ hostname = \"h\"; procname = \"p\"; vpid = 7; }};
            clock {{ name = c; absolute = true; {clock} }};
            stream {{ event.header := struct {{ integer {{ size = 64; map = clock.c.value; }} timestamp; }}; }};
            event {{ name = a; fields := struct {{ integer {{ size = 8; }} x; }}; }};"
        );
        let mut bytes = Vec::new();
        let mut cycles = 1_u64;
        for i in 0..120_u8 {
            cycles += cycles / 7 + u64::from(i) + 1;
            bytes.extend_from_slice(&cycles.to_le_bytes());
            bytes.push(i);
        }
        let text = check(&metadata, &[("s", &bytes)]);
        assert!(text.contains("] (+?.?????????) h:p:(7) a: "), "{text}");
    }
}

/// Two stream classes, whose packets have a stream id, and events of a time and a number.
fn streams_metadata(uuid: &str) -> String {
    let mut metadata = format!(
        "/* CTF 1.8 */ trace {{ major = 1; minor = 8; byte_order = le; uuid = \"{uuid}\";
            packet.header := struct {{ integer {{ size = 32; }} magic; integer {{ size = 8; }} stream_id; }}; }};
        {CLOCK}"
    );
    for id in 0..2 {
        metadata += &format!(
            "stream {{ id = {id}; packet.context := struct {{ integer {{ size = 32; }} packet_size; }};
                event.header := struct {{ integer {{ size = 64; map = clock.c.value; }} timestamp; }}; }};
            event {{ name = a{id}; stream_id = {id}; fields := struct {{ integer {{ size = 8; }} x; }}; }};"
        );
    }
    metadata
}

fn packet(stream: u8, events: &[(u64, u8)]) -> Vec<u8> {
    let mut bytes = 0xc1fc_1fc1_u32.to_le_bytes().to_vec();
    bytes.push(stream);
    let size_bits = (bytes.len() + 4 + events.len() * 9) as u32 * 8;
    bytes.extend_from_slice(&size_bits.to_le_bytes());
    for (at, number) in events {
        bytes.extend_from_slice(&at.to_le_bytes());
        bytes.push(*number);
    }
    bytes
}

#[test]
fn events_at_the_same_time_come_in_the_order_of_class_and_name() {
    let metadata = streams_metadata("11111111-1111-1111-1111-111111111111");
    let text = check(
        &metadata,
        &[
            ("za", &packet(1, &[(5, 1), (6, 2)])),
            ("b", &packet(0, &[(5, 3), (5, 4), (6, 5)])),
            ("c", &packet(0, &[(5, 6), (6, 7), (6, 8)])),
            ("aa", &packet(1, &[(5, 9)])),
        ],
    );
    assert!(
        text.lines().next().unwrap().ends_with("a0: { x = 3 }"),
        "{text}"
    );
}

#[test]
fn traces_of_a_tree_come_in_the_order_of_their_uuids() {
    let folder = tempfile::tempdir().unwrap();
    for (name, digit) in [("a", 3), ("b/deep", 2), ("c", 1), ("d", 4)] {
        let trace = folder.path().join(name);
        std::fs::create_dir_all(&trace).unwrap();
        let metadata = streams_metadata(&format!("11111111-1111-1111-1111-11111111111{digit}"));
        std::fs::write(trace.join("metadata"), metadata).unwrap();
        std::fs::write(trace.join("s"), packet(0, &[(5, digit), (7, digit)])).unwrap();
    }
    let text = check_folder(folder.path());
    assert!(
        text.lines().next().unwrap().ends_with("{ x = 1 }"),
        "{text}"
    );
}

/// So few that they fit in LTTng's buffers, however late its consumer is.
const FEW: usize = 4_000;

#[test]
fn what_lttng_records_reads_the_same() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = record_with_lttng(scratch.path(), FEW as u64);
    let text = check_folder(&folder);
    assert_eq!(text.lines().count(), FEW);
}
