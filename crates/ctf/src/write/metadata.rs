//! The metadata text, block by block.
//!
//! ```text
//!   begin_text           /* CTF 1.8 */ typealias … trace { … } env { … } clock { … } typealias …
//!   packet_context_text  struct packet_context { … } struct event_header_… { … }   once, before …
//!   stream_text          stream { id = 0; … }                                      … the first stream
//!   event_text           event { name = "…"; id = 0; … }
//! ```
//!
//! Invariant: each block is complete in itself and ends with an empty line; no line inside a block
//! but its last begins with `}`, because every string keeps to its line. So text can be cut back
//! into blocks without a parser.

use std::fmt::Write;

use thalweg_model::{ClockClass, EnvValue, EventClass, Member, StructClass, Uuid};

use super::TsdlError;
use super::class::{ClassWriter, Naming};
use super::name::{Names, plain_name, quoted};
use super::scalar::fixed_len;
use super::{EventHeader, PacketHeader};

/// What the text begins with; readers tell it from LTTng's packets by these very bytes.
pub const SIGNATURE: &str = "/* CTF 1.8 */";

/// What the packets and events of a stream class have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamLayout {
    /// The header before each event.
    pub header: EventHeader,
    /// The packet context behind LTTng's fixed fields.
    pub packet_context: Vec<Member>,
    /// The context of each event.
    pub event_context: Vec<Member>,
}

/// Header and context lie in one page, so that one write of them is never cut.
const MAX_CONTEXT: usize = 4096 - PacketHeader::LEN;

impl StreamLayout {
    /// Bytes of the stream's own packet context.
    pub fn context_len(&self) -> Result<usize, TsdlError> {
        self.packet_context.iter().try_fold(0_usize, |sum, member| {
            fixed_len(&member.class)
                .and_then(|len| sum.checked_add(len))
                .filter(|sum| *sum <= MAX_CONTEXT)
                .ok_or_else(|| TsdlError::PacketContext {
                    name: member.name.clone(),
                })
        })
    }
}

const ALIASES: &str = "\
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
typealias integer { size = 64; align = 8; signed = false; } := unsigned long;
typealias integer { size = 5; align = 1; signed = false; } := uint5_t;
typealias integer { size = 27; align = 1; signed = false; } := uint27_t;
";

/// The text up to the first stream: signature, aliases, trace, environment and clock.
pub fn begin_text(uuid: Uuid, environment: &[(String, EnvValue)], clock: &ClockClass) -> String {
    let mut out = format!("{SIGNATURE}\n\n{ALIASES}\n");
    out.push_str(&trace_text(uuid));
    out.push_str(&environment_text(environment));
    out.push_str(&clock_text(clock));
    for (bits, align) in [(27, 1), (32, 8), (64, 8)] {
        out.push_str(&clocked_alias(bits, align, &plain_name(&clock.name)));
    }
    out
}

fn trace_text(uuid: Uuid) -> String {
    format!(
        "trace {{\n\tmajor = 1;\n\tminor = 8;\n\tuuid = \"{uuid}\";\n\tbyte_order = le;\n\
         \tpacket.header := struct {{\n\t\tuint32_t magic;\n\t\tuint8_t  uuid[16];\n\
         \t\tuint32_t stream_id;\n\t\tuint64_t stream_instance_id;\n\t}};\n}};\n\n"
    )
}

fn environment_text(environment: &[(String, EnvValue)]) -> String {
    let mut out = String::from("env {\n");
    let mut names = Names::default();
    for (name, value) in environment {
        let name = names.take(plain_name(name));
        let _ = match value {
            EnvValue::Integer(number) => writeln!(out, "\t{name} = {number};"),
            EnvValue::Text(text) => writeln!(out, "\t{name} = {};", quoted(text)),
        };
    }
    out.push_str("};\n\n");
    out
}

fn clock_text(clock: &ClockClass) -> String {
    let mut out = format!("clock {{\n\tname = {};\n", quoted(&plain_name(&clock.name)));
    if let Some(uuid) = clock.uuid {
        let _ = writeln!(out, "\tuuid = \"{uuid}\";");
    }
    let _ = writeln!(out, "\tdescription = {};", quoted(&clock.description));
    let _ = writeln!(
        out,
        "\tfreq = {}; /* cycles per second */",
        clock.frequency_hz
    );
    if clock.precision != 0 {
        let _ = writeln!(out, "\tprecision = {};", clock.precision);
    }
    out.push_str(&offset_text(clock));
    if clock.absolute {
        out.push_str("\tabsolute = TRUE;\n");
    }
    out.push_str("};\n\n");
    out
}

/// LTTng says the whole offset in cycles, and some readers know no other way; `offset_s` only
/// where 63 bits of cycles do not reach.
fn offset_text(clock: &ClockClass) -> String {
    let cycles = i128::from(clock.offset_s) * i128::from(clock.frequency_hz)
        + i128::from(clock.offset_cycles);
    match u64::try_from(cycles) {
        Ok(cycles) if cycles <= i64::MAX as u64 => {
            format!("\toffset = {cycles}; /* cycles since the epoch */\n")
        }
        _ => format!(
            "\toffset_s = {};\n\toffset = {};\n",
            clock.offset_s, clock.offset_cycles
        ),
    }
}

fn clocked_alias(bits: u32, align: u32, clock: &str) -> String {
    format!(
        "typealias integer {{\n\tsize = {bits}; align = {align}; signed = false;\n\
         \tmap = clock.{clock}.value;\n}} := uint{bits}_clock_{clock}_t;\n\n"
    )
}

/// The fixed fields of LTTng's packet context.
fn fixed_context(clock: &str) -> String {
    format!(
        "\tuint64_clock_{clock}_t timestamp_begin;\n\tuint64_clock_{clock}_t timestamp_end;\n\
         \tuint64_t content_size;\n\tuint64_t packet_size;\n\tuint64_t packet_seq_num;\n\
         \tunsigned long events_discarded;\n"
    )
}

const FIXED_NAMES: [&str; 6] = [
    "timestamp_begin",
    "timestamp_end",
    "content_size",
    "packet_size",
    "packet_seq_num",
    "events_discarded",
];

fn context_fields(clock: &str, layout: &StreamLayout) -> Result<String, TsdlError> {
    layout.context_len()?;
    Ok(fixed_context(clock) + &ClassWriter::plain_members(&layout.packet_context, &FIXED_NAMES)?)
}

/// The structures that streams name: the packet context of `layout`, and both event headers.
pub fn packet_context_text(clock_name: &str, layout: &StreamLayout) -> Result<String, TsdlError> {
    let clock = plain_name(clock_name);
    let context = context_fields(&clock, layout)?;
    let compact = header_text(&clock, "compact", "uint5_t", 30, 27);
    let large = header_text(&clock, "large", "uint16_t", 65534, 32);
    Ok(format!(
        "struct packet_context {{\n{context}}};\n\n{compact}{large}"
    ))
}

fn header_text(clock: &str, kind: &str, tag: &str, last_id: u32, bits: u32) -> String {
    let escape = last_id + 1;
    format!(
        "struct event_header_{kind} {{\n\
         \tenum : {tag} {{ compact = 0 ... {last_id}, extended = {escape} }} id;\n\
         \tvariant <id> {{\n\
         \t\tstruct {{\n\t\t\tuint{bits}_clock_{clock}_t timestamp;\n\t\t}} compact;\n\
         \t\tstruct {{\n\t\t\tuint32_t id;\n\t\t\tuint64_clock_{clock}_t timestamp;\n\t\t}} extended;\n\
         \t}} v;\n}} align(8);\n\n"
    )
}

/// What stands before the number of a packet's first byte behind its header and context, as a
/// comment in each stream block: who takes up a trace need not parse the classes to know it.
pub const EVENTS_AT: &str = " /* events begin at byte ";

/// A stream class. `shared` is the text that [`packet_context_text`] gave for this trace: a stream
/// whose packet context is another one spells it out.
pub fn stream_text(
    id: u32,
    clock_name: &str,
    layout: &StreamLayout,
    shared: &str,
) -> Result<String, TsdlError> {
    let fields = context_fields(&plain_name(clock_name), layout)?;
    let context = match shared.starts_with(&format!("struct packet_context {{\n{fields}}};\n")) {
        true => "struct packet_context".to_owned(),
        false => format!("struct {{\n{}\t}}", indented(&fields)),
    };
    let header = match layout.header {
        EventHeader::Compact => "compact",
        EventHeader::Large => "large",
    };
    let events_at = PacketHeader::LEN + layout.context_len()?;
    let mut out = format!(
        "stream {{\n\tid = {id};{EVENTS_AT}{events_at} */\n\
         \tevent.header := struct event_header_{header};\n\
         \tpacket.context := {context};\n"
    );
    if !layout.event_context.is_empty() {
        let class = StructClass {
            min_align_bits: 1,
            members: layout.event_context.clone(),
        };
        out.push_str(&structure_text("event.context", &class)?);
    }
    out.push_str("};\n\n");
    Ok(out)
}

fn indented(lines: &str) -> String {
    lines.lines().flat_map(|line| ["\t", line, "\n"]).collect()
}

fn structure_text(scope: &str, class: &StructClass) -> Result<String, TsdlError> {
    let members = ClassWriter::members(class, Naming::Field, 2)?;
    let align = match class.min_align_bits {
        0 | 1 => String::new(),
        bits => format!(" align({bits})"),
    };
    Ok(format!("\t{scope} := struct {{\n{members}\t}}{align};\n"))
}

/// An event class.
pub fn event_text(class: &EventClass) -> Result<String, TsdlError> {
    let EventClass {
        id,
        name,
        stream_id,
        ..
    } = class;
    let mut out = format!(
        "event {{\n\tname = {};\n\tid = {id};\n\tstream_id = {stream_id};\n",
        quoted(name)
    );
    if let Some(level) = class.log_level {
        let _ = writeln!(out, "\tloglevel = {};", level as u8);
    }
    if let Some(uri) = &class.model_uri {
        let _ = writeln!(out, "\tmodel.emf.uri = {};", quoted(uri));
    }
    if let Some(context) = &class.specific_context {
        out.push_str(&structure_text("context", context)?);
    }
    out.push_str(&structure_text("fields", &class.payload)?);
    out.push_str("};\n\n");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::PacketContext;
    use super::*;
    use thalweg_model::{FieldClass, LogLevel};

    fn clock(frequency_hz: u64, offset_s: i64) -> ClockClass {
        ClockClass {
            name: "monotonic".into(),
            description: "Monotonic Clock".into(),
            uuid: Some(Uuid([0x22; 16])),
            frequency_hz,
            precision: 0,
            offset_s,
            offset_cycles: 7,
            absolute: false,
        }
    }

    fn layout(event_context: Vec<Member>) -> StreamLayout {
        let packet_context = PacketContext::kernel_members();
        StreamLayout {
            header: EventHeader::Compact,
            packet_context,
            event_context,
        }
    }

    fn event(name: &str) -> EventClass {
        let members = vec![
            Member::new("irq", FieldClass::int(32)),
            Member::new("name", FieldClass::string()),
        ];
        EventClass {
            id: 3,
            name: name.to_owned(),
            stream_id: 0,
            log_level: Some(LogLevel::Info),
            model_uri: Some("http://example.com/irq".into()),
            specific_context: None,
            payload: StructClass {
                min_align_bits: 1,
                members,
            },
        }
    }

    #[test]
    fn an_event_block_is_lttngs() {
        assert_eq!(
            event_text(&event("irq \"handler\"")).unwrap(),
            "event {\n\
             \tname = \"irq \\\"handler\\\"\";\n\
             \tid = 3;\n\
             \tstream_id = 0;\n\
             \tloglevel = 6;\n\
             \tmodel.emf.uri = \"http://example.com/irq\";\n\
             \tfields := struct {\n\
             \t\tinteger { size = 32; align = 8; signed = 1; encoding = none; base = 10; } _irq;\n\
             \t\tstring _name;\n\
             \t};\n\
             };\n\n"
        );
    }

    #[test]
    fn a_stream_block_is_lttngs() {
        let layout = layout(vec![Member::new("pid", FieldClass::int(32))]);
        let shared = packet_context_text("monotonic", &layout).unwrap();
        assert_eq!(
            stream_text(0, "monotonic", &layout, &shared).unwrap(),
            "stream {\n\
             \tid = 0; /* events begin at byte 84 */\n\
             \tevent.header := struct event_header_compact;\n\
             \tpacket.context := struct packet_context;\n\
             \tevent.context := struct {\n\
             \t\tinteger { size = 32; align = 8; signed = 1; encoding = none; base = 10; } _pid;\n\
             \t};\n\
             };\n\n"
        );
    }

    #[test]
    fn a_second_packet_context_is_spelled_out() {
        let shared = packet_context_text("monotonic", &layout(vec![])).unwrap();
        let packet_context = PacketContext::program_members();
        let other = StreamLayout {
            packet_context,
            ..layout(vec![])
        };
        let text = stream_text(1, "monotonic", &other, &shared).unwrap();
        assert!(
            text.contains(
                "packet.context := struct {\n\t\tuint64_clock_monotonic_t timestamp_begin;\n"
            ),
            "{text}"
        );
        assert!(text.contains(" procname[17];\n\t};\n};\n"), "{text}");
        assert!(text.contains("events begin at byte 105"), "{text}");
    }

    #[test]
    fn the_offset_is_in_cycles_as_long_as_63_bits_reach() {
        let text = clock_text(&clock(1_000_000_000, 1_795_385_038));
        assert!(text.contains("\toffset = 1795385038000000007;"), "{text}");
        let text = clock_text(&clock(6_000_000_000, 1_795_385_038));
        assert!(
            text.contains("\toffset_s = 1795385038;\n\toffset = 7;\n"),
            "{text}"
        );
        let text = clock_text(&clock(1_000, -1));
        assert!(text.contains("\toffset_s = -1;\n\toffset = 7;\n"), "{text}");
    }

    #[test]
    fn environment_names_are_made_valid_and_texts_escaped() {
        let text = |value: &str| EnvValue::Text(value.into());
        let environment = [
            ("a-b".into(), text("x\"\n")),
            ("int".into(), EnvValue::Integer(-3)),
            ("a".into(), text("ß")),
        ];
        assert_eq!(
            environment_text(&environment),
            "env {\n\t_a_b = \"x\\\"\\n\";\n\t_int = -3;\n\ta = \"ß\";\n};\n\n"
        );
    }

    #[test]
    fn a_packet_context_has_a_fixed_length() {
        let check = |class: FieldClass| {
            let packet_context = vec![Member::new("x", class)];
            StreamLayout {
                packet_context,
                ..layout(vec![])
            }
            .context_len()
        };
        assert_eq!(check(FieldClass::text_array(16)), Ok(16));
        assert_eq!(check(FieldClass::text_array(4016)), Ok(4016));
        for bad in [
            FieldClass::string(),
            FieldClass::uint(5),
            FieldClass::text_array(4017),
            FieldClass::text_array(u64::MAX),
        ] {
            assert_eq!(
                check(bad),
                Err(TsdlError::PacketContext { name: "x".into() })
            );
        }
    }
}
