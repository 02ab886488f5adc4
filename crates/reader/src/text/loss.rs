//! What is lost, in words for people.

use thalweg_model::{LossCause, Lost};

/// What a loss means, without where and when.
pub fn loss_text(lost: &Lost) -> String {
    match (lost.cause, lost.count) {
        (LossCause::PacketGap(1), _) => "1 packet of the stream is missing".to_owned(),
        (LossCause::PacketGap(packets), _) => {
            format!("{packets} packets of the stream are missing")
        }
        (LossCause::Unreadable, _) => "the rest of the packet cannot be read".to_owned(),
        (_, None) => "the tracer may have discarded events".to_owned(),
        (_, Some(1)) => "the tracer discarded 1 event".to_owned(),
        (_, Some(count)) => format!("the tracer discarded {count} events"),
    }
}
