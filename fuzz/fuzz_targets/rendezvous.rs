//! Any bytes as a rendezvous file, and then as a payload of each event that it defines: what is
//! believed of a program can be said in metadata, and our reader reads as many bytes as were checked.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use thalweg_abi::rendezvous::{HEAD_LEN, MAGIC, MAX_FIELDS};
use thalweg_collect::Contexts;
use thalweg_collect::program::{Definitions, Plan, SampledContexts, Site};
use thalweg_ctf::metadata;
use thalweg_ctf::read::{Batch, Cursor, DecodeError, Decoder, Halt, Wanted, Window};
use thalweg_ctf::write::event_text;
use thalweg_model::{EventClass, StructClass};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(definitions) = Definitions::parse(bytes) {
        assert_eq!(definitions.sites.len() as u64, definitions.head.sites);
        assert_eq!(definitions.head.encode(), bytes[..HEAD_LEN]);
    }
    if let [chosen, payload @ ..] = bytes {
        check_contexts(*chosen, [payload, bytes]);
    }
    // The head's own claims are hard to guess: with true ones the definitions are reached.
    if let Some((head, rest)) = bytes.split_at_checked(HEAD_LEN) {
        let Some(definitions) = honest(head, rest) else {
            return;
        };
        // One of the sites: to declare and read one takes longer than to parse a hundred.
        let known: Vec<&Site> = definitions
            .sites
            .iter()
            .filter(|site| site.is_known())
            .collect();
        let chosen = bytes.len().checked_rem(known.len());
        if let Some(site) = chosen.map(|chosen| known[chosen]) {
            // Behind the head the bytes are as likely a payload.
            check(site, [bytes, rest]);
        }
    }
});

/// The definitions of a file whose head says the truth of everything but their number, and what comes
/// later: the same bytes, as definitions with index and length.
fn honest(head: &[u8], rest: &[u8]) -> Option<Definitions> {
    let mut file = [head, rest].concat();
    let len = u32::try_from(file.len()).expect("a fuzzer's input is short");
    file[..8].copy_from_slice(&MAGIC.to_le_bytes());
    file[8..12].copy_from_slice(&thalweg_abi::VERSION.to_le_bytes());
    file[12..16].copy_from_slice(&len.to_le_bytes());
    file[56..64].fill(0);
    file[92..96].copy_from_slice(&1000_u32.to_le_bytes());
    let mut definitions = Definitions::parse(&file).ok()?;
    let before = definitions.sites.len();
    definitions.extend(rest);
    // And all of it as one definition, which is what a file with one would hold.
    let index = definitions.sites.len() as u32;
    let len = rest.len() as u32;
    definitions.extend(&[&index.to_le_bytes()[..], &len.to_le_bytes(), rest].concat());
    assert!(definitions.sites.len() >= before);
    assert!(definitions.sites.len() <= definitions.head.capacity as usize);
    Some(definitions)
}

fn check(site: &Site, payloads: [&[u8]; 2]) {
    // A list has a second member, its length, and an option its tag.
    assert!(site.payload.members.len() <= 2 * MAX_FIELDS);
    assert!(site.fields.len() <= MAX_FIELDS);
    assert!((0..site.fields.len()).all(|index| site.field(index).is_some()));
    let class = EventClass {
        name: site.name.clone(),
        log_level: Some(site.level),
        model_uri: site.model_uri.clone(),
        payload: site.payload.clone(),
        ..nameless()
    };
    check_payloads(&class, &site.plan, payloads);
}

/// Contexts that the program takes itself, as if they were an event's fields.
fn check_contexts(chosen: u8, payloads: [&[u8]; 2]) {
    let names = [
        "ip",
        "$app.a:b",
        "callstack-user",
        "perf:thread:cs",
        "$app.c:d",
        "ip",
    ];
    let names = names
        .iter()
        .enumerate()
        .filter(|(at, _)| chosen >> at & 1 != 0);
    let contexts = names.map(|(_, name)| Contexts::named(name).expect("there is one"));
    let contexts = contexts.fold(Contexts::default(), Contexts::union);
    let sampled = SampledContexts::of(&contexts);
    let class = EventClass {
        payload: StructClass {
            min_align_bits: 1,
            members: sampled.members(),
        },
        ..nameless()
    };
    check_payloads(&class, &sampled.plan(), payloads);
}

fn nameless() -> EventClass {
    EventClass {
        id: 0,
        name: "a:b".to_owned(),
        stream_id: 0,
        log_level: None,
        model_uri: None,
        specific_context: None,
        payload: StructClass::default(),
    }
}

fn check_payloads(class: &EventClass, plan: &Plan, payloads: [&[u8]; 2]) {
    let text = declare(class);
    for payload in payloads {
        if let Some(len) = plan.measure(payload) {
            assert!(len <= payload.len());
            read(&text, &payload[..len]);
        }
    }
}

/// The metadata of a trace with this event alone, without a header.
fn declare(class: &EventClass) -> String {
    let event = event_text(class).expect("a definition that is believed can be declared");
    format!(
        "/* CTF 1.8 */\ntrace {{ major = 1; minor = 8; byte_order = le; }};\nstream {{ id = 0; }};\n{event}"
    )
}

/// Our reader takes all of a payload that was checked.
fn read(metadata: &str, payload: &[u8]) {
    let class = metadata::parse(metadata.as_bytes()).expect("what we write we can read");
    let decoder = Decoder::new(Arc::new(class));
    let window = Window {
        bytes: payload,
        begin_bytes: 0,
    };
    let mut cursor = Cursor::default();
    let bits = payload.len() as u64 * 8;
    decoder
        .begin_packet(&mut cursor, window, bits)
        .expect("no head");
    let mut batch = Batch::default();
    match decoder.read_events(&mut cursor, window, &Wanted::default(), &mut batch) {
        Ok(()) if batch.is_empty() => assert!(payload.is_empty(), "no event"),
        Ok(()) => assert_eq!(
            (batch.len(), cursor.from_bytes()),
            (1, payload.len() as u64)
        ),
        Err(Halt::Broken(error)) if matches!(*error, DecodeError::TooManyValues(_)) => {}
        Err(error) => panic!("{error:?} in a payload that was checked:\n{metadata}"),
    }
}
