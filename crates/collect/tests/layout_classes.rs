//! What babeltrace2 reads of each class of field that we write.

use thalweg_collect::sink::{
    EventHeader, PacketContext, PacketHead, StreamLayout, TraceIdentity, TraceWriter,
};
use thalweg_model::{
    ArrayClass, ByteOrder, ClockClass, DisplayBase, EnumClass, EnumMapping, FieldClass, FloatClass,
    IntegerClass, LogLevel, Member, SequenceClass, StructClass, Timestamp, Uuid, VariantClass,
};
use thalweg_testkit::babeltrace2_clean;

fn identity() -> TraceIdentity {
    TraceIdentity {
        uuid: Uuid([7; 16]),
        clock: ClockClass {
            name: "monotonic".into(),
            description: "Monotonic Clock".into(),
            uuid: Some(Uuid([9; 16])),
            frequency_hz: 1_000_000_000,
            precision: 0,
            offset_s: 0,
            offset_cycles: 0,
            absolute: false,
        },
        environment: Vec::new(),
    }
}

/// One event with these fields; babeltrace2 prints `expected` of them.
#[track_caller]
fn check(members: Vec<Member>, payload: &[u8], expected: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("trace");
    let mut trace = TraceWriter::create(&dir, &identity()).unwrap();
    let layout = StreamLayout {
        header: EventHeader::Large,
        packet_context: PacketContext::kernel_members(),
        event_context: Vec::new(),
    };
    let class = trace.stream_class(&layout).unwrap();
    let payload_class = StructClass {
        min_align_bits: 1,
        members,
    };
    let id = trace
        .event_class(class, "ev", Some(LogLevel::Info), &payload_class)
        .unwrap();
    let context = PacketContext::Kernel { cpu_id: 3 }.encode();
    let stream = trace
        .open_stream(class, "c_3", Timestamp(5), &context)
        .unwrap();
    let mut records = Vec::new();
    layout
        .header
        .encode(id, Timestamp(7), Timestamp(6), &mut records);
    records.extend(payload);
    let head = PacketHead {
        begin: Timestamp(6),
        end: Timestamp(8),
        discarded_total: 0,
        context: &context,
    };
    trace.write_packet(stream, &head, &records).unwrap();
    trace.close().unwrap();
    let text = babeltrace2_clean(&dir);
    let fields = text
        .trim_end()
        .rsplit_once("ev: { cpu_id = 3 }, ")
        .map_or(text.as_str(), |(_, f)| f);
    assert_eq!(
        fields,
        expected,
        "{}",
        std::fs::read_to_string(dir.join("metadata")).unwrap()
    );
}

fn m(name: &str, class: FieldClass) -> Member {
    Member::new(name, class)
}

fn array(length: u64, element: FieldClass) -> FieldClass {
    FieldClass::Array(ArrayClass {
        element: Box::new(element),
        length,
    })
}

fn sequence(length: &str, element: FieldClass) -> FieldClass {
    FieldClass::Sequence(SequenceClass {
        element: Box::new(element),
        length: vec![length.into()],
    })
}

fn structure(members: Vec<Member>) -> FieldClass {
    FieldClass::Struct(StructClass {
        min_align_bits: 1,
        members,
    })
}

fn labels(integer: IntegerClass, labels: &[(&str, i128, i128)]) -> FieldClass {
    let mappings = labels
        .iter()
        .map(|&(label, first, last)| EnumMapping {
            label: label.into(),
            first,
            last,
        })
        .collect();
    FieldClass::Enum(EnumClass { integer, mappings })
}

#[test]
fn integers_of_all_widths_signs_bases_and_orders() {
    let be = IntegerClass {
        byte_order: ByteOrder::Big,
        ..IntegerClass::le(16, false)
    };
    check(
        vec![
            m("a", FieldClass::uint(8)),
            m("b", FieldClass::int(8)),
            m("c", FieldClass::uint(16)),
            m("d", FieldClass::int(32)),
            m("e", FieldClass::uint(64)),
            m("f", FieldClass::int(64)),
            m("g", FieldClass::hex(32)),
            m(
                "h",
                FieldClass::Integer(IntegerClass::le(16, false).in_base(DisplayBase::Octal)),
            ),
            m(
                "i",
                FieldClass::Integer(IntegerClass::le(8, false).in_base(DisplayBase::Binary)),
            ),
            m("j", FieldClass::Integer(be)),
        ],
        &[
            &[255, 255][..],
            &[1, 2],
            &[0xFE, 255, 255, 255],
            &[255; 8],
            &[0, 0, 0, 0, 0, 0, 0, 0x80],
            &[0xEF, 0xBE, 0xAD, 0xDE],
            &[8, 0],
            &[5],
            &[1, 2],
        ]
        .concat(),
        "{ a = 255, b = -1, c = 513, d = -2, e = 18446744073709551615, f = -9223372036854775808, \
         g = 0xDEADBEEF, h = 010, i = 0b00000101, j = 258 }",
    );
}

#[test]
fn floats_in_both_orders() {
    let be = FloatClass {
        byte_order: ByteOrder::Big,
        ..FloatClass::f64_le()
    };
    check(
        vec![
            m("f", FieldClass::Float(FloatClass::f32_le())),
            m("d", FieldClass::Float(FloatClass::f64_le())),
            m("b", FieldClass::Float(be)),
        ],
        &[
            &1.5f32.to_le_bytes()[..],
            &(-2.25f64).to_le_bytes(),
            &0.5f64.to_be_bytes(),
        ]
        .concat(),
        "{ f = 1.5, d = -2.25, b = 0.5 }",
    );
}

#[test]
fn strings_and_text_arrays() {
    check(
        vec![
            m("s", FieldClass::string()),
            m("comm", FieldClass::text_array(16)),
            m("e", FieldClass::string()),
        ],
        b"gr\xC3\xB6\xC3\x9Fer\0bash\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "{ s = \"größer\", comm = \"bash\", e = \"\" }",
    );
}

#[test]
fn sequences_follow_their_length() {
    check(
        vec![
            m("_buf_length", FieldClass::uint(32)),
            m("buf", sequence("_buf_length", FieldClass::hex(8))),
            m("_msg_length", FieldClass::uint(16)),
            m(
                "msg",
                sequence(
                    "_msg_length",
                    FieldClass::Integer(IntegerClass::le(8, true).text()),
                ),
            ),
        ],
        b"\x02\0\0\0\xAA\xBB\x03\0abc",
        "{ _buf_length = 2, buf = [ [0] = 0xAA, [1] = 0xBB ], _msg_length = 3, msg = \"abc\" }",
    );
}

#[test]
fn arrays_within_arrays_keep_their_order() {
    check(
        vec![m("a", array(2, array(3, FieldClass::uint(8))))],
        &[1, 2, 3, 4, 5, 6],
        "{ a = [ [0] = [ [0] = 1, [1] = 2, [2] = 3 ], [1] = [ [0] = 4, [1] = 5, [2] = 6 ] ] }",
    );
    check(
        vec![
            m("n", FieldClass::uint(8)),
            m("a", array(2, sequence("n", FieldClass::uint(8)))),
        ],
        &[3, 1, 2, 3, 4, 5, 6],
        "{ n = 3, a = [ [0] = [ [0] = 1, [1] = 2, [2] = 3 ], [1] = [ [0] = 4, [1] = 5, [2] = 6 ] ] }",
    );
}

#[test]
fn structures_within_structures() {
    let inner = structure(vec![
        m("n", FieldClass::uint(8)),
        m("seq", sequence("n", FieldClass::uint(8))),
        m("outer", sequence("k", FieldClass::uint(8))),
    ]);
    check(
        vec![
            m("k", FieldClass::uint(8)),
            m("s", inner),
            m("empty", structure(vec![])),
            m("z", FieldClass::uint(8)),
        ],
        &[1, 2, 10, 11, 12, 13],
        "{ k = 1, s = { n = 2, seq = [ [0] = 10, [1] = 11 ], outer = [ [0] = 12 ] }, empty = { }, z = 13 }",
    );
    let pair = structure(vec![
        m("x", FieldClass::uint(8)),
        m("y", FieldClass::uint(8)),
    ]);
    check(
        vec![m("points", array(2, pair))],
        &[1, 2, 3, 4],
        "{ points = [ [0] = { x = 1, y = 2 }, [1] = { x = 3, y = 4 } ] }",
    );
}

#[test]
fn enumerations_with_ranges_signs_and_odd_labels() {
    check(
        vec![
            m(
                "u",
                labels(
                    IntegerClass::le(8, false),
                    &[("LOW", 0, 9), ("say \"hi\"\\", 10, 255)],
                ),
            ),
            m(
                "s",
                labels(
                    IntegerClass::le(16, true),
                    &[("minus", -32768, -1), ("zero", 0, 0)],
                ),
            ),
            m(
                "w",
                labels(
                    IntegerClass::le(64, false),
                    &[("top", 1 << 63, (1 << 64) - 1)],
                ),
            ),
            m("none", labels(IntegerClass::le(8, false), &[])),
            m(
                "alien",
                labels(IntegerClass::le(8, false), &[("one", 1, 1)]),
            ),
        ],
        &[
            &[12][..],
            &(-5i16).to_le_bytes(),
            &u64::MAX.to_le_bytes(),
            &[4, 9],
        ]
        .concat(),
        "{ u = ( \"say \\\"hi\\\"\\\\\" : container = 12 ), s = ( \"minus\" : container = -5 ), \
         w = ( \"top\" : container = 18446744073709551615 ), none = 4, alien = ( <unknown> : container = 9 ) }",
    );
}

#[test]
fn variants_choose_by_label() {
    let tag = labels(
        IntegerClass::le(8, false),
        &[("_unknown", 0, 0), ("_ipv4", 1, 1), ("with-dash", 2, 2)],
    );
    let variant = FieldClass::Variant(VariantClass {
        tag: vec!["kind".into()],
        options: vec![
            m("unknown", structure(vec![])),
            m("ipv4", structure(vec![m("ttl", FieldClass::uint(8))])),
            m("with-dash", FieldClass::uint(16)),
        ],
    });
    let members = vec![m("kind", tag), m("header", variant)];
    check(
        members.clone(),
        &[1, 64],
        "{ kind = ( \"_ipv4\" : container = 1 ), header = { { ttl = 64 } } }",
    );
    check(
        members,
        &[2, 64, 0],
        "{ kind = ( \"_with_dash\" : container = 2 ), header = { 64 } }",
    );
}

#[test]
fn names_that_are_no_identifiers_or_occur_twice() {
    check(
        vec![
            m("a-b", FieldClass::uint(8)),
            m("a_b", FieldClass::uint(8)),
            m("Größe", FieldClass::uint(8)),
            m("9p", FieldClass::uint(8)),
            m("Bool", FieldClass::uint(8)),
            m("int", FieldClass::uint(8)),
            m("", FieldClass::uint(8)),
        ],
        &[1, 2, 3, 4, 5, 6, 7],
        "{ a_b = 1, a_b_2 = 2, Gr__e = 3, 9p = 4, Bool_ = 5, int = 6,  = 7 }",
    );
}

#[test]
fn bit_fields_of_network_headers() {
    let nibble = |_| IntegerClass {
        byte_order: ByteOrder::Big,
        align_bits: 1,
        ..IntegerClass::le(4, false)
    };
    check(
        vec![
            m("version", FieldClass::Integer(nibble(0))),
            m("ihl", FieldClass::Integer(nibble(1))),
        ],
        &[0x45],
        "{ version = 4, ihl = 5 }",
    );
}

#[test]
fn an_event_without_fields() {
    check(vec![], &[], "{ }");
}
