//! How the payload of one event class is checked: a flat list of steps.

/// One step through a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// The steps of a payload, neighbouring fixed sizes in one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
}

impl Plan {
    /// Appends a step.
    pub fn push(&mut self, step: Step) {
        if let (Some(Step::Bytes(before)), Step::Bytes(more)) = (self.steps.last_mut(), step) {
            *before = before.saturating_add(more);
        } else {
            self.steps.push(step);
        }
    }

    /// The payload's true length, if `bytes` begin with one.
    #[inline]
    pub fn measure(&self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0_usize;
        for step in &self.steps {
            let rest = bytes.get(at..)?;
            let len = match *step {
                Step::Bytes(len) => len,
                Step::Text => rest.iter().position(|&byte| byte == 0)? + 1,
                Step::Sequence { element } => {
                    let count = u32::from_le_bytes(*rest.first_chunk()?);
                    usize::try_from(count)
                        .ok()?
                        .checked_mul(element)?
                        .checked_add(4)?
                }
            };
            at = at.checked_add(len).filter(|end| *end <= bytes.len())?;
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(steps: &[Step], bytes: &[u8], expected: Option<usize>) {
        let mut plan = Plan::default();
        steps.iter().for_each(|step| plan.push(*step));
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
}
