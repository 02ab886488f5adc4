//! Any bytes as records of perf events: what is written of each is what its event's class says, to the
//! byte.

#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use thalweg_ctf::metadata;
use thalweg_ctf::read::{Batch, Cursor, Decoder, Wanted, Window};
use thalweg_ctf::write::event_text;
use thalweg_kbuf::{
    PerfBody, PerfKind, PerfRecord, PerfRecords, perf_context, perf_sample_class,
    perf_sample_context,
};
use thalweg_model::{EventClass, FieldClass, Member, StructClass};

const OTHERS: [PerfKind; 6] = [
    PerfKind::Mmap2,
    PerfKind::Comm,
    PerfKind::Fork,
    PerfKind::Exit,
    PerfKind::Throttle,
    PerfKind::Unthrottle,
];

/// How our reader reads each kind, and a sample.
fn decoders() -> &'static [Decoder] {
    static DECODERS: OnceLock<Vec<Decoder>> = OnceLock::new();
    DECODERS.get_or_init(|| {
        let others = OTHERS.map(|kind| decoder(context_of(Some(kind)), &kind.class()));
        let sample = decoder(perf_sample_context(), &perf_sample_class());
        others.into_iter().chain([sample]).collect()
    })
}

fn has_stacks(kind: Option<PerfKind>) -> bool {
    kind.is_none_or(|kind| PerfKind::THROTTLING.contains(&kind))
}

fn context_of(kind: Option<PerfKind>) -> Vec<Member> {
    match has_stacks(kind) {
        true => perf_sample_context(),
        false => perf_context(),
    }
}

fn decoder(context: Vec<Member>, fields: &StructClass) -> Decoder {
    let context = FieldClass::Struct(StructClass {
        min_align_bits: 0,
        members: context,
    });
    let class = EventClass {
        id: 0,
        name: "x".to_owned(),
        stream_id: 0,
        log_level: None,
        model_uri: None,
        specific_context: None,
        payload: StructClass {
            min_align_bits: 0,
            members: [
                vec![Member::new("context", context)],
                fields.members.clone(),
            ]
            .concat(),
        },
    };
    let event_text = event_text(&class).expect("an event can be declared");
    let text = format!(
        "/* CTF 1.8 */\ntrace {{ major = 1; minor = 8; byte_order = le; }};\nstream {{ id = 0; }};\n{event_text}"
    );
    let class = metadata::parse(text.as_bytes()).expect("what we write we can read");
    Decoder::new(Arc::new(class))
}

fn check(record: &PerfRecord<'_>) {
    let kind = record.body.kind();
    let is_sample = matches!(record.body, PerfBody::Sample(_));
    if kind.is_none() && !is_sample {
        return;
    }
    let place = OTHERS.iter().position(|of| Some(*of) == kind);
    let decoder = &decoders()[place.unwrap_or(OTHERS.len())];
    let mut bytes = Vec::new();
    record.encode_context([b'x'; 16], &mut bytes);
    if has_stacks(kind) {
        record.body.encode_stacks(&mut bytes);
    }
    record.body.encode(&mut bytes);
    let window = Window {
        bytes: &bytes,
        begin_bytes: 0,
    };
    let mut cursor = Cursor::default();
    decoder
        .begin_packet(&mut cursor, window, bytes.len() as u64 * 8)
        .expect("no head");
    let mut batch = Batch::default();
    decoder
        .read_events(&mut cursor, window, &Wanted::default(), &mut batch)
        .unwrap_or_else(|error| panic!("{error:?}: {record:?}"));
    assert_eq!(batch.len(), 1, "{record:?}");
    assert_eq!(cursor.from_bytes(), bytes.len() as u64, "{record:?}");
}

fuzz_target!(|bytes: &[u8]| {
    let mut records = PerfRecords::new(bytes);
    let mut before = 0;
    while let Some(record) = records.next() {
        assert!(records.position() > before, "it goes on");
        before = records.position();
        if let Ok(record) = record {
            check(&record);
        }
    }
    assert!(records.position() <= bytes.len());
    for words in [1, 2] {
        for record in PerfRecords::with_groups(bytes, words).flatten() {
            if let PerfBody::Sample(sample) = record.body {
                let values = (0..).map_while(|place| sample.value(place)).count();
                assert!(values * words * 8 <= bytes.len());
            }
            check(&record);
        }
    }
});
