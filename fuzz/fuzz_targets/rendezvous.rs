//! Any bytes as a rendezvous file, and then as a payload of each event that it defines: what is
//! believed of a program can be said in metadata, and our reader reads as many bytes as were checked.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use thalweg_abi::rendezvous::{HEAD_LEN, MAGIC, MAX_FIELDS};
use thalweg_collect::program::{Definitions, Site};
use thalweg_ctf::metadata;
use thalweg_ctf::read::{Cursor, DecodeError, Decoder, Halt, Window};
use thalweg_ctf::write::event_text;
use thalweg_model::EventClass;

fuzz_target!(|bytes: &[u8]| {
    parse(bytes, bytes);
    // The head's own claims are hard to guess: with true ones the definitions are reached.
    if bytes.len() >= HEAD_LEN {
        let mut honest = bytes.to_vec();
        honest[..8].copy_from_slice(&MAGIC.to_le_bytes());
        honest[8..12].copy_from_slice(&thalweg_abi::VERSION.to_le_bytes());
        honest[92..96].copy_from_slice(&1000_u32.to_le_bytes());
        honest[12..16].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        for sites in 0..4_u64 {
            honest[80..88].copy_from_slice(&sites.to_le_bytes());
            parse(&honest, bytes);
            // Behind the head the bytes are as likely a payload.
            parse(&honest, &bytes[HEAD_LEN..]);
        }
    }
});

fn parse(file: &[u8], payload: &[u8]) {
    let Ok(mut definitions) = Definitions::parse(file) else {
        return;
    };
    assert_eq!(definitions.sites.len() as u64, definitions.head.sites);
    assert_eq!(definitions.head.encode(), file[..HEAD_LEN]);
    // What a program defines later comes as definitions without a head.
    let before = definitions.sites.len();
    definitions.extend(&file[HEAD_LEN..]);
    assert!(definitions.sites.len() >= before);
    assert!(definitions.sites.len() <= definitions.head.capacity as usize);
    for site in &definitions.sites {
        // A list has a second member, its length, and an option its tag.
        assert!(site.payload.members.len() <= 2 * MAX_FIELDS);
        assert!(site.fields.len() <= MAX_FIELDS);
        assert!((0..site.fields.len()).all(|index| site.field(index).is_some()));
        let text = declare(site);
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
    format!("/* CTF 1.8 */\ntrace {{ major = 1; minor = 8; byte_order = le; }};\nstream {{ id = 0; }};\n{event}")
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
