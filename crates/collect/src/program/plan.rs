//! How the payload of one event class is checked: a list of steps.
//!
//! Invariant: measuring takes no more steps than there are bytes, and recurses no deeper than
//! classes lie in each other ([`thalweg_abi::field::MAX_DEPTH`]); each element of a list takes at
//! least one byte, or the list ends there.

use thalweg_abi::sampled::tag;

/// One step through a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes of any value.
    Bytes(usize),
    /// Bytes up to and with a NUL.
    Text,
    /// A `u32`, and so many elements of this many bytes.
    Sequence {
        /// Bytes of an element.
        element: usize,
    },
    /// So many elements, each as long as it is.
    Array {
        /// How many.
        count: usize,
        /// The steps of each.
        element: Plan,
    },
    /// A `u32`, and so many elements, each as long as it is.
    List {
        /// The steps of each.
        element: Plan,
    },
    /// A byte that is 0, or one that is 1 and a value.
    Optional {
        /// The steps of the value.
        value: Plan,
    },
    /// A byte that says what follows, see [`thalweg_abi::sampled::tag`].
    AppValue,
}

/// The steps of a payload, neighbouring fixed sizes in one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
}

impl Plan {
    /// A plan of one step.
    pub fn of(step: Step) -> Self {
        Self { steps: vec![step] }
    }

    /// Appends a step.
    pub fn push(&mut self, step: Step) {
        if let (Some(Step::Bytes(before)), Step::Bytes(more)) = (self.steps.last_mut(), &step) {
            *before = before.saturating_add(*more);
        } else {
            self.steps.push(step);
        }
    }

    /// Appends all steps of another plan.
    pub fn append(&mut self, other: Self) {
        other.steps.into_iter().for_each(|step| self.push(step));
    }

    /// How many bytes a payload has, if all have as many.
    pub fn fixed_len(&self) -> Option<usize> {
        match *self.steps.as_slice() {
            [] => Some(0),
            [Step::Bytes(len)] => Some(len),
            _ => None,
        }
    }

    /// The payload's true length, if `bytes` begin with one.
    #[inline(always)]
    pub fn measure(&self, bytes: &[u8]) -> Option<usize> {
        match *self.steps.as_slice() {
            [Step::Bytes(len)] => (len <= bytes.len()).then_some(len),
            _ => self.measure_steps(bytes),
        }
    }

    fn measure_steps(&self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0_usize;
        for step in &self.steps {
            let rest = bytes.get(at..)?;
            let len = match step {
                Step::Bytes(len) => *len,
                Step::Text => rest.iter().position(|&byte| byte == 0)? + 1,
                Step::Sequence { element } => {
                    count(rest)?.checked_mul(*element)?.checked_add(COUNT_LEN)?
                }
                other => other.measure_nested(rest)?,
            };
            at = at.checked_add(len).filter(|end| *end <= bytes.len())?;
        }
        Some(at)
    }
}

/// Bytes of the length before a list.
const COUNT_LEN: usize = 4;

/// The length before a list.
fn count(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok()
}

impl Step {
    /// The length of what a step with steps in it takes: apart from the others, which most events
    /// have only.
    #[inline(never)]
    fn measure_nested(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Array { count, element } => elements(element, *count, bytes, 0),
            Self::List { element } => elements(element, count(bytes)?, bytes, COUNT_LEN),
            Self::Optional { value } => match *bytes.first()? {
                0 => Some(1),
                1 => Some(value.measure(&bytes[1..])? + 1),
                _ => None,
            },
            Self::AppValue => match *bytes.first()? {
                tag::NONE => Some(1),
                tag::INT | tag::UINT | tag::FLOAT => Some(9),
                tag::TEXT => Some(bytes.iter().skip(1).position(|&byte| byte == 0)? + 2),
                _ => None,
            },
            Self::Bytes(_) | Self::Text | Self::Sequence { .. } => None,
        }
    }
}

/// Where `count` elements end that begin at `at`.
fn elements(element: &Plan, count: usize, bytes: &[u8], mut at: usize) -> Option<usize> {
    for _ in 0..count {
        let len = element.measure(bytes.get(at..)?)?;
        // A claim of many elements without bytes would be believed, and take for ever.
        at += std::num::NonZeroUsize::new(len)?.get();
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(steps: &[Step], bytes: &[u8], expected: Option<usize>) {
        let mut plan = Plan::default();
        steps.iter().for_each(|step| plan.push(step.clone()));
        assert_eq!(plan.measure(bytes), expected);
    }

    #[test]
    fn a_payload_is_as_long_as_its_fields() {
        check(&[], &[], Some(0));
        check(&[Step::Bytes(4), Step::Bytes(2)], &[0; 8], Some(6));
        check(&[Step::Text, Step::Bytes(1)], b"abc\0x", Some(5));
        check(
            &[Step::Sequence { element: 2 }],
            &[2, 0, 0, 0, 1, 1, 2, 2, 9],
            Some(8),
        );
    }

    #[test]
    fn a_payload_that_claims_more_than_there_is_has_no_length() {
        check(&[Step::Bytes(9)], &[0; 8], None);
        check(&[Step::Text], b"abc", None);
        check(
            &[Step::Sequence { element: 8 }],
            &[255, 255, 255, 255],
            None,
        );
        check(
            &[Step::Sequence {
                element: usize::MAX,
            }],
            &[255, 255, 255, 255],
            None,
        );
        check(
            &[Step::Bytes(usize::MAX), Step::Text, Step::Bytes(usize::MAX)],
            b"a\0",
            None,
        );
    }

    #[test]
    fn lists_and_options_are_as_long_as_what_is_in_them() {
        let text = || Plan::of(Step::Text);
        let list = || Step::List { element: text() };
        check(&[list()], b"\x02\0\0\0a\0bc\0rest", Some(9));
        check(&[list()], b"\x03\0\0\0a\0bc\0", None);
        let array = Step::Array {
            count: 2,
            element: text(),
        };
        check(&[array, Step::Bytes(1)], b"a\0\0xy", Some(4));
        let option = || Step::Optional { value: text() };
        check(&[option(), option()], b"\0\x01ab\0", Some(5));
        check(&[option()], b"\x02ab\0", None);
        check(&[option()], b"\x01ab", None);
        check(&[option()], b"", None);
        let deep = Step::List {
            element: Plan::of(list()),
        };
        check(&[deep], b"\x02\0\0\0\0\0\0\0\x01\0\0\0z\0", Some(14));
    }

    #[test]
    fn an_applications_value_is_what_its_tag_says() {
        let value = || [Step::AppValue];
        check(&value(), &[tag::NONE, 7], Some(1));
        for number in [tag::INT, tag::UINT, tag::FLOAT] {
            check(&value(), &[number, 1, 2, 3, 4, 5, 6, 7, 8, 9], Some(9));
            check(&value(), &[number, 1, 2, 3, 4, 5, 6, 7], None);
        }
        check(&value(), b"\x0bab\0c", Some(4));
        check(&value(), b"\x0babc", None);
        check(&value(), b"\x01a", None);
        check(&value(), b"", None);
    }

    #[test]
    fn a_claim_of_many_elements_without_bytes_is_no_payload() {
        let element = Plan::default();
        check(&[Step::List { element }], &[255; 8], None);
        let count = usize::MAX;
        let element = Plan::default();
        check(&[Step::Array { count, element }], &[0; 8], None);
    }
}
