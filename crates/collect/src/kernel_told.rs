//! What is said of events whose fields are not known that the kernel's records lack.

use thalweg_kernel::KernelRecording;

/// A word on events of which no program has told.
pub(crate) fn untold(count: u64) -> Option<String> {
    (count > 0).then(|| {
        format!(
            "{count} events lack what the kernel's records do not have, as programs that tell it lost it: \
             their processes are -1, their namespaces 0, their headers unknown"
        )
    })
}

/// A word on events that a dead recorder had not written.
pub(crate) fn gone(recording: &KernelRecording) -> Option<String> {
    let lacking = recording
        .events()
        .iter()
        .filter(|event| event.told.is_some());
    let names: Vec<&str> = lacking.map(|event| event.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "what programs told of {} died with the recorder: in events that it had not written processes \
             are -1, namespaces 0, and headers unknown",
            names.join(", ")
        )
    })
}
