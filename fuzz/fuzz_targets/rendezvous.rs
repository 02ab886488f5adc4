//! Any bytes as a rendezvous file, and then as a payload of each event that it defines: what is
//! believed of a program can be said in metadata, and our reader reads as many bytes as were checked.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use thalweg_abi::rendezvous::{HEAD_LEN, MAGIC, MAX_FIELDS, MAX_LEN};
use thalweg_collect::program::{Definitions, Site};
use thalweg_ctf::metadata;
use thalweg_ctf::read::{Cursor, DecodeError, Decoder, Halt, Window};
use thalweg_ctf::write::event_text;
use thalweg_model::EventClass;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(definitions) = Definitions::parse(bytes) {
        assert_eq!(definitions.sites.len() as u64, definitions.head.sites);
        assert_eq!(definitions.head.encode(), bytes[..HEAD_LEN]);
    }
    // The head's own claims are hard to guess: with true ones the definitions are reached.
    if let Some((head, rest)) = bytes.split_at_checked(HEAD_LEN) {
        let definitions = honest(head, rest);
        // One of the sites: to declare and read one takes longer than to parse a hundred.
        let chosen = bytes.len().checked_rem(definitions.sites.len());
        if let Some(site) = chosen.and_then(|chosen| definitions.sites.get(chosen)) {
            // Behind the head the bytes are as likely a payload.
            check(site, [bytes, rest]);
        }
    }
});

/// The definitions in `rest` up to a mistake, as those that come behind a head; without a mistake
/// they are what a whole file with the same head holds.
fn honest(head: &[u8], rest: &[u8]) -> Definitions {
    let mut file = head.to_vec();
    file[..8].copy_from_slice(&MAGIC.to_le_bytes());
    file[8..12].copy_from_slice(&thalweg_abi::VERSION.to_le_bytes());
    file[92..96].copy_from_slice(&1000_u32.to_le_bytes());
    claim(&mut file, 0);
    let mut definitions = Definitions::parse(&file).expect("a head alone is a file");
    let extended = definitions.extend(rest);
    assert!(definitions.sites.len() <= definitions.head.capacity as usize);
    file.extend_from_slice(rest);
    if extended.is_ok() && file.len() <= MAX_LEN {
        claim(&mut file, definitions.sites.len() as u64);
        let whole = Definitions::parse(&file).expect("its parts are right");
        assert_eq!(whole.sites, definitions.sites);
    }
    definitions
}

/// Lets the head say the truth of the file's length, and this of its definitions.
fn claim(file: &mut [u8], sites: u64) {
    let len = u32::try_from(file.len()).expect("a fuzzer's input is short");
    file[12..16].copy_from_slice(&len.to_le_bytes());
    file[80..88].copy_from_slice(&sites.to_le_bytes());
}

fn check(site: &Site, payloads: [&[u8]; 2]) {
    // A list has a second member, its length, and an option its tag.
    assert!(site.payload.members.len() <= 2 * MAX_FIELDS);
    assert!(site.fields.len() <= MAX_FIELDS);
    assert!((0..site.fields.len()).all(|index| site.field(index).is_some()));
    let text = declare(site);
    for payload in payloads {
        if let Some(len) = site.plan.measure(payload) {
            assert!(len <= payload.len());
            read(&text, &payload[..len]);
        }
    }
}

/// The metadata of a trace with this event alone, without a header.
fn declare(site: &Site) -> String {
    let class = EventClass {
        id: 0,
        name: site.name.clone(),
        stream_id: 0,
        log_level: Some(site.level),
        model_uri: site.model_uri.clone(),
        specific_context: None,
        payload: site.payload.clone(),
    };
    let event = event_text(&class).expect("a definition that is believed can be declared");
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
    match decoder.peek_event(&mut cursor, window) {
        Ok(Some(_)) => match decoder.take_event(&mut cursor, window) {
            Ok(_) => assert_eq!(cursor.from_bytes(), payload.len() as u64),
            Err(Halt::Broken(error)) if matches!(*error, DecodeError::TooManyValues(_)) => {}
            Err(error) => panic!("{error:?} in a payload that was checked:\n{metadata}"),
        },
        other => assert!(payload.is_empty(), "{other:?}"),
    }
}
