//! What became of programs that are gone, for the summary.

use crate::summary::SourceSummary;

/// So many programs that are gone are told of by name.
const MOST_GONE: usize = 10_000;

/// Notes what became of one that is gone; of more than [`MOST_GONE`], of all others together.
pub(crate) fn retire(gone: &mut Vec<SourceSummary>, program: SourceSummary) {
    if gone.len() <= MOST_GONE {
        return gone.push(match gone.len() {
            MOST_GONE => SourceSummary {
                name: "other programs".to_owned(),
                ..program
            },
            _ => program,
        });
    }
    let others = &mut gone[MOST_GONE];
    others.events += program.events;
    for (cause, count) in program.discarded {
        match others
            .discarded
            .iter_mut()
            .find(|(known, _)| *known == cause)
        {
            Some((_, all)) => *all += count,
            None => others.discarded.push((cause, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use thalweg_model::LossCause;

    use super::*;

    #[test]
    fn a_million_programs_are_told_of_together() {
        let mut gone = Vec::new();
        for number in 0..MOST_GONE as u64 + 100 {
            let discarded = vec![(LossCause::RingFull, number % 2)];
            let name = format!("p[{number}]");
            let events = 1;
            retire(
                &mut gone,
                SourceSummary {
                    name,
                    events,
                    discarded,
                },
            );
        }
        let last = gone.last().unwrap();
        assert_eq!((gone.len(), &*last.name), (MOST_GONE + 1, "other programs"));
        assert_eq!(last.events, 100);
        assert_eq!(last.discarded, [(LossCause::RingFull, 50)]);
    }
}
