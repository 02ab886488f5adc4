//! Code whose only values are truths: comparisons of fields with constants, joined by logic.
//!
//! ```text
//!   a > 1 && b < 5 || name == "x*"     one truth at a time, so that there is no stack
//! ```
//!
//! Most filters are of this form; it is a third of the general evaluator's work.
//!
//! Invariant: `at` only grows; whatever the words hold, there is an end and no panic.

use super::code;
use super::evaluate::{compare_field, compare_text};
use super::operator::Comparison;
use super::pattern::FUEL;
use super::value::Source;
use super::words::Words;

/// Whether an instruction can stand in flat code.
pub(crate) const fn has(op: u8) -> bool {
    matches!(
        op,
        code::COMPARE_FIELD
            | code::COMPARE_FIELD_AND
            | code::COMPARE_FIELD_OR
            | code::COMPARE_TEXT
            | code::AND
            | code::OR
            | code::NOT
            | code::TRUTH
            | code::END
    )
}

/// Whether the filter passes an event; `None` if it has no value.
#[inline(never)]
pub(crate) fn evaluate<C, S>(code: &C, source: &S) -> Option<bool>
where
    C: Words + ?Sized,
    S: Source + ?Sized,
{
    let mut truth = false;
    let mut fuel = FUEL;
    let mut at = 1;
    while at < code::MAX_WORDS {
        let word = code.word(at)?;
        let (a, b, c) = code::operands(word);
        at += 1;
        let op = word as u8;
        if matches!(
            op,
            code::COMPARE_FIELD | code::COMPARE_FIELD_AND | code::COMPARE_FIELD_OR
        ) {
            let constant = code.word(at)? as i64;
            let comparison = *Comparison::ALL.get(usize::from(a))?;
            truth = compare_field(source, b, comparison, constant)?;
            at += 1;
        } else if op == code::COMPARE_TEXT {
            let comparison = *Comparison::ALL.get(usize::from(a))?;
            truth = compare_text(code, source, b, comparison, at, &mut fuel)?;
            at = at.saturating_add(c as usize);
        }
        let decides = match op {
            code::AND | code::COMPARE_FIELD_AND => !truth,
            code::OR | code::COMPARE_FIELD_OR => truth,
            code::COMPARE_FIELD | code::COMPARE_TEXT | code::TRUTH => false,
            code::NOT => {
                truth = !truth;
                false
            }
            code::END => return Some(truth),
            _ => return None,
        };
        if decides {
            at = at.saturating_add(c as usize);
        }
    }
    None
}
