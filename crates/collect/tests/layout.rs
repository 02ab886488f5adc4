//! Our traces keep each rule of LTTng's layout; so does a trace that LTTng makes here and now; and
//! a trace with any one thing changed does not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use thalweg_collect::sink::environment::{
    Host, Programs, Recording, kernel, kernel_dir, ust, ust_dir,
};
use thalweg_collect::sink::{
    EventHeader, PacketContext, PacketHead, StreamLayout, TraceIdentity, TraceWriter,
};
use thalweg_model::{
    ArrayClass, ClockClass, DisplayBase, EnvValue, FieldClass, IntegerClass, LogLevel, Member,
    SequenceClass, StructClass, Timestamp, Uuid,
};
use thalweg_testkit::layout::{Domain, KERNEL_EVENTS, broken_rules};
use thalweg_testkit::{babeltrace2_clean, finish, record_with_lttng};

fn identity(environment: Vec<(String, EnvValue)>) -> TraceIdentity {
    TraceIdentity {
        uuid: Uuid(*b"a trace of ours!"),
        clock: ClockClass {
            name: "monotonic".into(),
            description: "Monotonic Clock".into(),
            uuid: Some(Uuid(*b"the machine boot")),
            frequency_hz: 2_445_000_000,
            precision: 0,
            offset_s: 1_795_385_038,
            offset_cycles: 157,
            absolute: false,
        },
        environment,
    }
}

fn recording() -> Recording {
    Recording {
        name: "layout".into(),
        created_s: 1_795_385_038,
    }
}

/// The class that the notation of `KERNEL_EVENTS` stands for.
fn class(notation: &str) -> StructClass {
    let fields = notation.split("; ").filter(|field| !field.is_empty());
    StructClass {
        min_align_bits: 1,
        members: fields.map(member).collect(),
    }
}

fn member(field: &str) -> Member {
    let (class, rest) = field.split_once(" _").unwrap();
    let (name, length) = rest
        .split_once('[')
        .map_or((rest, None), |(n, l)| (n, Some(l)));
    let element = || Box::new(field_class(class));
    let class = match length.map(|length| length.trim_end_matches(']').trim()) {
        None => field_class(class),
        Some(length) => match length.parse() {
            Ok(length) => FieldClass::Array(ArrayClass {
                element: element(),
                length,
            }),
            Err(_) => FieldClass::Sequence(SequenceClass {
                element: element(),
                length: vec![length[1..].to_owned()],
            }),
        },
    };
    Member::new(name, class)
}

fn field_class(notation: &str) -> FieldClass {
    if notation == "string" {
        return FieldClass::string();
    }
    let text = notation.contains("(UTF8)");
    let digits: String = notation.chars().filter(char::is_ascii_digit).collect();
    let bits = if text { 8 } else { digits.parse().unwrap() };
    let integer = IntegerClass::le(bits, notation.starts_with('i'));
    FieldClass::Integer(match notation.chars().last() {
        _ if text => integer.text(),
        Some('x') => integer.in_base(DisplayBase::Hexadecimal),
        Some('o') => integer.in_base(DisplayBase::Octal),
        _ => integer,
    })
}

/// A kernel trace with every event of the table declared, and some recorded on two processors.
fn our_kernel_trace(out: &Path) -> PathBuf {
    let dir = kernel_dir(out);
    let mut trace =
        TraceWriter::create(&dir, &identity(kernel(&Host::read(), &recording()))).unwrap();
    let layout = StreamLayout {
        header: EventHeader::Compact,
        packet_context: PacketContext::kernel_members(),
        event_context: vec![Member::new("pid", FieldClass::int(32))],
    };
    let stream_class = trace.stream_class(&layout).unwrap();
    let mut getppid = 0;
    for line in KERNEL_EVENTS {
        let (name, fields) = line.split_once(": ").unwrap();
        let id = trace
            .event_class(stream_class, name, None, &class(fields))
            .unwrap();
        if name == "syscall_entry_getppid" {
            getppid = id;
        }
    }
    for cpu_id in 0..2 {
        let context = PacketContext::Kernel { cpu_id }.encode();
        let name = format!("sched_{cpu_id}");
        let stream = trace
            .open_stream(stream_class, &name, Timestamp(100), &context)
            .unwrap();
        for packet in 0..3 {
            let mut records = Vec::new();
            let begin = 100 + packet * 1_000;
            let mut previous = begin;
            for at in [begin, begin + 5, begin + 999] {
                layout
                    .header
                    .encode(getppid, Timestamp(at), Timestamp(previous), &mut records);
                records.extend(7_i32.to_le_bytes());
                previous = at;
            }
            let (begin, end) = (Timestamp(begin), Timestamp(previous));
            let head = PacketHead {
                begin,
                end,
                discarded_total: 0,
                context: &context,
            };
            trace.write_packet(stream, &head, &records).unwrap();
        }
    }
    trace.close().unwrap();
    dir
}

fn our_ust_trace(out: &Path, streams: u32) -> PathBuf {
    let programs = Programs { uid: 0, bits: 64 };
    let dir = ust_dir(out, programs);
    let environment = ust(&Host::read(), &recording(), programs);
    let mut trace = TraceWriter::create(&dir, &identity(environment)).unwrap();
    let layout = StreamLayout {
        header: EventHeader::Large,
        packet_context: PacketContext::program_members(),
        event_context: vec![Member::new("cpu_id", FieldClass::uint(32))],
    };
    let stream_class = trace.stream_class(&layout).unwrap();
    let fields =
        class("u64 _number; u64 __bytes_length; u8x _bytes[ __bytes_length ]; string _text");
    let id = trace
        .event_class(stream_class, "bench:ev", Some(LogLevel::DebugLine), &fields)
        .unwrap();
    for lane in 0..streams {
        let context = PacketContext::program(7, 7 + lane as i32, b"bench").encode();
        let name = format!("lane_{lane}");
        let stream = trace
            .open_stream(stream_class, &name, Timestamp(100), &context)
            .unwrap();
        let mut records = Vec::new();
        layout
            .header
            .encode_extended(id, Timestamp(150), &mut records);
        records.extend(1_u32.to_le_bytes());
        records.extend(9_u64.to_le_bytes());
        records.extend(2_u64.to_le_bytes());
        records.extend(b"ab text\0");
        let (begin, end) = (Timestamp(100), Timestamp(200));
        let head = PacketHead {
            begin,
            end,
            discarded_total: 0,
            context: &context,
        };
        trace.write_packet(stream, &head, &records).unwrap();
    }
    trace.close().unwrap();
    dir
}

#[test]
fn our_kernel_trace_keeps_every_rule() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = our_kernel_trace(scratch.path());
    assert_eq!(broken_rules(&dir, Domain::Kernel), []);
    let text = babeltrace2_clean(&dir);
    assert_eq!(text.lines().count(), 18);
    assert!(
        text.contains("syscall_entry_getppid: { cpu_id = 1 }, { pid = 7 }, { }"),
        "{text}"
    );
}

#[test]
fn our_trace_of_programs_keeps_every_rule() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = our_ust_trace(scratch.path(), 2);
    assert_eq!(broken_rules(&dir, Domain::Ust), []);
    let text = babeltrace2_clean(&dir);
    let expected = "bench:ev: { vpid = 7, vtid = 8, procname = \"bench\" }, { cpu_id = 1 }, \
                    { number = 9, _bytes_length = 2, bytes = [ [0] = 0x61, [1] = 0x62 ], text = \" text\" }";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_trace_that_lttng_makes_keeps_every_rule_of_programs() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = record_with_lttng(scratch.path(), 1_000);
    assert_eq!(broken_rules(&dir, Domain::Ust), []);
    assert_eq!(babeltrace2_clean(&dir).lines().count(), 1_000);
    // The same rules see through a change to LTTng's own bytes.
    overwrite(
        &dir.join("metadata"),
        b"domain = \"ust\"",
        b"domain = \"usd\"",
    );
    assert_eq!(rules(&dir, Domain::Ust), ["env-domain"]);
}

#[test]
fn sixty_four_streams_are_read_with_few_descriptors() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = our_ust_trace(scratch.path(), 64);
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n 256; exec babeltrace2 \"$1\"", "sh"])
        .arg(&dir);
    let ran = finish("babeltrace2", &mut command);
    assert!(ran.success && ran.stderr.is_empty(), "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), 64);
}

/// The names of the rules that the trace breaks, each once.
fn rules(dir: &Path, domain: Domain) -> Vec<&'static str> {
    let mut rules: Vec<&str> = broken_rules(dir, domain)
        .iter()
        .map(|broken| broken.rule)
        .collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Puts `new` in the place of `old`, which the file must have.
#[track_caller]
fn overwrite(file: &Path, old: &[u8], new: &[u8]) {
    let bytes = fs::read(file).unwrap();
    let at = bytes.windows(old.len()).position(|window| window == old);
    let at = at.unwrap_or_else(|| panic!("{} has no {}", file.display(), old.escape_ascii()));
    fs::write(file, [&bytes[..at], new, &bytes[at + old.len()..]].concat()).unwrap();
}

#[track_caller]
fn check_text(domain: Domain, old: &str, new: &str, expected: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = match domain {
        Domain::Kernel => our_kernel_trace(scratch.path()),
        Domain::Ust => our_ust_trace(scratch.path(), 2),
    };
    overwrite(&dir.join("metadata"), old.as_bytes(), new.as_bytes());
    let found = rules(&dir, domain);
    assert!(
        found.contains(&expected),
        "{old:?} → {new:?} breaks {found:?} and not {expected}"
    );
}

#[track_caller]
fn check_bytes(file: &str, at: usize, expected: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = our_kernel_trace(scratch.path());
    let mut bytes = fs::read(dir.join(file)).unwrap();
    bytes[at] ^= 0x11;
    fs::write(dir.join(file), bytes).unwrap();
    let found = rules(&dir, Domain::Kernel);
    assert!(
        found.contains(&expected),
        "byte {at} of {file} breaks {found:?} and not {expected}"
    );
}

/// What is changed in the metadata of which trace, into what, and the rule that this breaks.
const CHANGES: [(Domain, &str, &str, &str); 36] = [
    (
        Domain::Kernel,
        "/* CTF 1.8 */",
        "/* ctf 1.8 */",
        "signature",
    ),
    (
        Domain::Kernel,
        "/* CTF 1.8 */",
        "\n/* CTF 1.8 */",
        "signature",
    ),
    (
        Domain::Kernel,
        "size = 5; align = 1",
        "size = 5; align = 8",
        "type-aliases",
    ),
    (Domain::Kernel, "minor = 8", "minor = 9", "trace-block"),
    (
        Domain::Kernel,
        "byte_order = le",
        "byte_order = be",
        "trace-block",
    ),
    (
        Domain::Kernel,
        "uint64_t stream_instance_id",
        "uint32_t stream_instance_id",
        "packet-header",
    ),
    (
        Domain::Kernel,
        "uint8_t  uuid[16]",
        "uint8_t  uuid[15]",
        "packet-header",
    ),
    (
        Domain::Kernel,
        "domain = \"kernel\"",
        "domain = \"ust\"",
        "env-domain",
    ),
    (
        Domain::Kernel,
        "domain = \"kernel\"",
        "domain = kernel",
        "env-quotes",
    ),
    (
        Domain::Kernel,
        "tracer_name = \"lttng-modules\"",
        "tracer_name = \"thalweg\"",
        "env-tracer",
    ),
    (
        Domain::Kernel,
        "tracer_minor = 13",
        "tracer_minor = 8",
        "env-version",
    ),
    (
        Domain::Kernel,
        "\ttrace_buffering_scheme = \"global\";\n",
        "",
        "env-fields",
    ),
    (
        Domain::Kernel,
        "\tkernel_release = ",
        "\tkernel_relaese = ",
        "env-fields",
    ),
    (
        Domain::Kernel,
        "trace_creation_datetime = \"2026",
        "trace_creation_datetime = \"2026-",
        "env-datetime",
    ),
    (
        Domain::Kernel,
        "name = \"monotonic\"",
        "name = \"tsc\"",
        "clock",
    ),
    (
        Domain::Kernel,
        "\tuuid = \"7468",
        "\tuuid = \"x468",
        "clock-uuid",
    ),
    (Domain::Kernel, "freq = 2445000000", "freq = 0", "clock"),
    (
        Domain::Kernel,
        "size = 27; align = 1; signed = false;\n\tmap",
        "size = 27; align = 8; signed = false;\n\tmap",
        "clock-types",
    ),
    (
        Domain::Kernel,
        "uint64_t packet_seq_num;\n",
        "",
        "packet-context",
    ),
    (
        Domain::Kernel,
        "uint32_t cpu_id",
        "uint64_t cpu_id",
        "packet-context-cpu",
    ),
    (
        Domain::Kernel,
        "compact = 0 ... 30",
        "compact = 0 ... 29",
        "event-headers",
    ),
    (
        Domain::Kernel,
        "stream {\n\tid = 0;",
        "stream {\n\tid = 1;",
        "event-stream",
    ),
    (
        Domain::Kernel,
        "stream {\n\tid = 0;",
        "stream {\n\tid = 1;",
        "packet-stream",
    ),
    (
        Domain::Kernel,
        "event_header_compact;\n\tpacket",
        "event_header_small;\n\tpacket",
        "stream-header",
    ),
    (
        Domain::Kernel,
        "name = \"irq_handler_entry\";\n\tid = 2",
        "name = \"irq_handler_entry\";\n\tid = 3",
        "event-ids",
    ),
    (Domain::Kernel, "_prev_tid", "_prev_pid", "kernel-event"),
    (
        Domain::Kernel,
        "encoding = none; base = 10; } _tid",
        "encoding = none; base = 16; } _tid",
        "kernel-event",
    ),
    (Domain::Kernel, " _next_comm", " next_comm", "underscore"),
    (Domain::Kernel, " _pid;", " pid;", "underscore"),
    (
        Domain::Kernel,
        "_vtids[ __vtids_length ]",
        "_vtids[ __vtids_count ]",
        "sequence-length",
    ),
    (
        Domain::Ust,
        "__bytes_length;",
        "__bytes_len;",
        "sequence-length",
    ),
    (
        Domain::Ust,
        "name = \"bench:ev\"",
        "name = \"benchev\"",
        "ust-name",
    ),
    (Domain::Ust, "\tloglevel = 13;\n", "", "ust-level"),
    (Domain::Ust, "loglevel = 13", "loglevel = 15", "ust-level"),
    (
        Domain::Ust,
        "tracer_buffering_scheme = \"uid\"",
        "tracer_buffering_scheme = \"cpu\"",
        "env-scheme",
    ),
    (
        Domain::Ust,
        "\tarchitecture_bit_width = 64;\n",
        "",
        "env-fields",
    ),
];

#[test]
fn a_changed_metadata_breaks_the_rule_that_it_should() {
    for (domain, old, new, rule) in CHANGES {
        check_text(domain, old, new, rule);
    }
}

#[test]
fn a_changed_byte_breaks_the_rule_that_it_should() {
    for (file, at, rule) in [
        ("sched_0", 0, "packet"),
        ("sched_0", 4, "packet-uuid"),
        ("sched_0", 20, "packet-stream"),
        ("sched_0", 4096 + 24, "packet-order"),
        ("sched_0", 32, "index-entries"),
        ("sched_0", 39, "packet-order"),
        ("sched_0", 48, "packet"),
        ("sched_0", 57, "packet"),
        ("sched_0", 64, "packet-order"),
        ("sched_1", 8192 + 72, "index-entries"),
        ("index/sched_0.idx", 0, "index-header"),
        ("index/sched_0.idx", 11, "index-header"),
        ("index/sched_0.idx", 15, "index-header"),
        ("index/sched_1.idx", 16 + 7, "index-entries"),
        ("index/sched_1.idx", 16 + 72 + 71, "index-entries"),
    ] {
        check_bytes(file, at, rule);
    }
}

#[test]
fn a_file_too_many_or_too_few_breaks_the_rule_that_it_should() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = our_kernel_trace(scratch.path());
    fs::copy(dir.join("sched_0"), dir.join("copy")).unwrap();
    fs::copy(dir.join("index/sched_0.idx"), dir.join("index/copy.idx")).unwrap();
    assert_eq!(rules(&dir, Domain::Kernel), ["stream-instance"]);
    fs::write(dir.join("copy"), "notes").unwrap();
    assert_eq!(rules(&dir, Domain::Kernel), ["packet"]);
    fs::remove_file(dir.join("copy")).unwrap();
    fs::remove_file(dir.join("index/sched_1.idx")).unwrap();
    assert_eq!(rules(&dir, Domain::Kernel), ["index"]);
}
