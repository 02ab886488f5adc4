//! The structures that every LTTng trace declares, word for word.

use super::rules::{Domain, Findings, of_kind};
use super::text::Statement;

const ALIASES: [&str; 7] = [
    "typealias integer { size = 8 ; align = 8 ; signed = false ; } := uint8_t",
    "typealias integer { size = 16 ; align = 8 ; signed = false ; } := uint16_t",
    "typealias integer { size = 32 ; align = 8 ; signed = false ; } := uint32_t",
    "typealias integer { size = 64 ; align = 8 ; signed = false ; } := uint64_t",
    "typealias integer { size = 64 ; align = 8 ; signed = false ; } := unsigned long",
    "typealias integer { size = 5 ; align = 1 ; signed = false ; } := uint5_t",
    "typealias integer { size = 27 ; align = 1 ; signed = false ; } := uint27_t",
];

const CLOCKED: [&str; 3] = [
    "typealias integer { size = 27 ; align = 1 ; signed = false ; map = clock.monotonic.value ; } := uint27_clock_monotonic_t",
    "typealias integer { size = 32 ; align = 8 ; signed = false ; map = clock.monotonic.value ; } := uint32_clock_monotonic_t",
    "typealias integer { size = 64 ; align = 8 ; signed = false ; map = clock.monotonic.value ; } := uint64_clock_monotonic_t",
];

const HEADERS: [&str; 2] = [
    "struct event_header_compact { enum : uint5_t { compact = 0 ... 30 , extended = 31 } id ; \
     variant < id > { struct { uint27_clock_monotonic_t timestamp ; } compact ; \
     struct { uint32_t id ; uint64_clock_monotonic_t timestamp ; } extended ; } v ; } align ( 8 )",
    "struct event_header_large { enum : uint16_t { compact = 0 ... 65534 , extended = 65535 } id ; \
     variant < id > { struct { uint32_clock_monotonic_t timestamp ; } compact ; \
     struct { uint32_t id ; uint64_clock_monotonic_t timestamp ; } extended ; } v ; } align ( 8 )",
];

const PACKET_HEADER: &str = "struct { uint32_t magic ; uint8_t uuid [ 16 ] ; uint32_t stream_id ; \
                             uint64_t stream_instance_id ; }";

const PACKET_CONTEXT: [&str; 6] = [
    "uint64_clock_monotonic_t timestamp_begin",
    "uint64_clock_monotonic_t timestamp_end",
    "uint64_t content_size",
    "uint64_t packet_size",
    "uint64_t packet_seq_num",
    "unsigned long events_discarded",
];

/// Whether `text` is a uuid as the format writes it.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

pub(super) fn check(statements: &[Statement], domain: Domain, findings: &mut Findings) {
    let all: Vec<String> = statements.iter().map(Statement::words).collect();
    for (rule, expected) in [
        ("type-aliases", &ALIASES[..]),
        ("clock-types", &CLOCKED),
        ("event-headers", &HEADERS),
    ] {
        for statement in expected {
            findings.require(all.iter().any(|s| s == statement), rule, || {
                format!("no {statement:?}")
            });
        }
    }
    check_trace(statements, findings);
    check_clock(statements, findings);
    check_streams(statements, domain, findings);
    check_order(statements, findings);
}

fn check_trace(statements: &[Statement], findings: &mut Findings) {
    let traces = of_kind(statements, "trace");
    let [trace] = traces.as_slice() else {
        return findings.require(false, "trace-block", || {
            format!("{} trace blocks", traces.len())
        });
    };
    for (key, expected) in [("major", "1"), ("minor", "8"), ("byte_order", "le")] {
        findings.equal(
            &trace.value(key).unwrap_or_default(),
            expected,
            "trace-block",
        );
    }
    let uuid = trace.value("uuid").unwrap_or_default();
    findings.require(is_uuid(&uuid), "trace-block", || format!("uuid {uuid:?}"));
    findings.equal(
        &trace.value("packet.header").unwrap_or_default(),
        PACKET_HEADER,
        "packet-header",
    );
}

fn check_clock(statements: &[Statement], findings: &mut Findings) {
    let clocks = of_kind(statements, "clock");
    let [clock] = clocks.as_slice() else {
        return findings.require(false, "clock", || format!("{} clocks", clocks.len()));
    };
    let value = |key: &str| clock.value(key).unwrap_or_default();
    findings.equal(&value("name"), "monotonic", "clock");
    // Trace Compass correlates kernel and programs by it.
    findings.require(is_uuid(&value("uuid")), "clock-uuid", || {
        format!("uuid {:?}", value("uuid"))
    });
    let frequency = value("freq").parse::<u64>();
    findings.require(frequency.is_ok_and(|f| f > 0), "clock", || {
        format!("freq {:?}", value("freq"))
    });
    let offset = value("offset").parse::<u64>();
    findings.require(offset.is_ok(), "clock", || {
        format!("offset {:?}", value("offset"))
    });
}

fn check_streams(statements: &[Statement], domain: Domain, findings: &mut Findings) {
    let shared = statements
        .iter()
        .find(|s| s.words().starts_with("struct packet_context {"));
    let mut ids = Vec::new();
    for stream in of_kind(statements, "stream") {
        let id = stream.value("id").and_then(|id| id.parse::<u32>().ok());
        let fresh = id.is_some_and(|id| !ids.contains(&id));
        findings.require(fresh, "stream-ids", || {
            format!("stream id {:?}", stream.value("id"))
        });
        ids.extend(id);
        let header = stream.value("event.header").unwrap_or_default();
        let known =
            ["struct event_header_compact", "struct event_header_large"].contains(&header.as_str());
        findings.require(known, "stream-header", || {
            format!("event.header {header:?}")
        });
        let context = stream.scope("packet.context");
        match context
            .as_ref()
            .filter(|context| context.words() != "struct packet_context")
            .or(shared)
        {
            Some(context) => check_packet_context(context, domain, findings),
            None => findings.require(false, "packet-context", || "no packet context".into()),
        }
    }
}

fn check_packet_context(context: &Statement, domain: Domain, findings: &mut Findings) {
    let fields: Vec<String> = context.body().iter().map(Statement::words).collect();
    findings.require(
        fields.starts_with(&PACKET_CONTEXT.map(str::to_owned)),
        "packet-context",
        || format!("fields {fields:?}"),
    );
    if domain == Domain::Kernel {
        let cpu = fields.get(PACKET_CONTEXT.len()).map_or("", String::as_str);
        findings.equal(cpu, "uint32_t cpu_id", "packet-context-cpu");
    }
}

/// What a block names stands before it.
fn check_order(statements: &[Statement], findings: &mut Findings) {
    let order = ["typealias", "trace", "env", "clock", "struct", "stream"];
    let first = |kind: &str| {
        statements
            .iter()
            .position(|statement| statement.kind() == kind)
    };
    let places: Vec<Option<usize>> = order.iter().map(|kind| first(kind)).collect();
    let present: Vec<usize> = places.iter().copied().flatten().collect();
    findings.require(present.is_sorted(), "order", || {
        format!("{order:?} begin at {places:?}")
    });
}
