//! Any bytes as a rendezvous file, and then as a payload of each event that it defines.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_abi::rendezvous::{HEAD_LEN, MAGIC, MAX_FIELDS};
use thalweg_collect::program::Definitions;

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
    let _ = definitions.extend(&file[HEAD_LEN..]);
    assert!(definitions.sites.len() >= before);
    assert!(definitions.sites.len() <= definitions.head.capacity as usize);
    for site in &definitions.sites {
        // A list has a second member, its length.
        assert!(site.payload.members.len() <= 2 * MAX_FIELDS);
        if let Some(len) = site.plan.measure(payload) {
            assert!(len <= payload.len());
        }
    }
}
