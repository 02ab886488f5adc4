//! Any bytes as a `format` file, and then any bytes as records of what it describes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thalweg_kbuf::{
    Cursor, EventFormat, HeaderKind, Naming, Page, PageLayout, TraceEvent, Transcoder,
};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let _ = PageLayout::parse(text);
    let _ = PageLayout::check_event_header(text);
    let Ok(format) = EventFormat::parse(text) else {
        return;
    };
    for field in &format.fields {
        assert!(field.end() <= 1 << 16);
        let labels = format.labels(&field.name);
        assert!(labels.len() <= bytes.len());
    }
    for system in ["syscalls", "irq", "sched", "skb", "net", "fuzz"] {
        for naming in [Naming::Lttng, Naming::Kernel] {
            let event = TraceEvent::new(system, &format, naming);
            transcode(&event, bytes);
        }
    }
});

/// Two records of the event: the file's own bytes, whatever they mean there.
fn transcode(event: &TraceEvent, bytes: &[u8]) {
    let transcoder = Transcoder::new(std::slice::from_ref(event), HeaderKind::Compact);
    let len = bytes.len().min(4000) & !3;
    let mut data = Vec::new();
    for _ in 0..2 {
        data.extend(0_u32.to_le_bytes());
        data.extend((len as u32 + 8).to_le_bytes());
        data.extend(u32::from(event.type_id).to_le_bytes());
        data.extend(&bytes[..len]);
    }
    let page = Page::from_parts(7, data.len() as u64, &data).expect("the page is whole");
    let mut out = Vec::new();
    let summary = transcoder.records(&page, &mut Cursor::start(7), None, &mut out);
    assert_eq!(summary.events + summary.spoilt + summary.foreign, 2);
}
