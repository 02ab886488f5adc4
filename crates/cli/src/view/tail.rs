//! Where the last events of a trace begin: the end is read first, then more and more before it.

use std::path::PathBuf;

use thalweg_model::Message;
use thalweg_reader::{Error, Reader, Selection};

use super::args::Args;

/// How much of the end is looked at first.
const FIRST_NS: i64 = 1_000_000;
/// How much more each time.
const GROWTH: i64 = 16;

/// Narrows the selection to the end of the trace, and says how many events of that are not asked for.
pub(super) fn find(args: &Args, selection: &mut Selection) -> Result<u64, Error> {
    let Some(wanted) = args.tail else {
        return Ok(0);
    };
    let reader = Reader::open(&args.traces)?;
    let begin_ns = selection.begin_ns.or(reader.begin_ns()).unwrap_or(i64::MIN);
    let end_ns = selection.end_ns.into_iter().chain(reader.end_ns()).min();
    let mut span_ns = FIRST_NS;
    while let Some(from_ns) = end_ns.map(|end_ns| end_ns.saturating_sub(span_ns))
        && from_ns > begin_ns
    {
        let narrowed = Selection {
            begin_ns: Some(from_ns),
            ..selection.clone()
        };
        let found = count(&args.traces, &narrowed)?;
        // One more, so that the first that is shown tells its distance from the one before.
        if found > wanted {
            *selection = narrowed;
            return Ok(found - wanted);
        }
        span_ns = span_ns.saturating_mul(GROWTH);
    }
    Ok(count(&args.traces, selection)?.saturating_sub(wanted))
}

fn count(traces: &[PathBuf], selection: &Selection) -> Result<u64, Error> {
    let mut reader = Reader::select(traces, selection)?;
    let mut events = 0;
    while let Some(next) = reader.next() {
        let is_event = next.is_ok_and(|item| matches!(item.message, Message::Event(_)));
        events += u64::from(is_event);
    }
    Ok(events)
}
