//! A condition in the kernel's words.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Predicate {
    /// Always, or never.
    Known(bool),
    /// One test; it is to hold, or not to.
    Test(String, bool),
    /// All hold.
    All(Vec<Predicate>),
    /// One holds at least.
    Any(Vec<Predicate>),
}

impl Predicate {
    pub(super) const fn test(text: String) -> Self {
        Self::Test(text, true)
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        match join(parts, true) {
            Ok(parts) => Self::All(parts),
            Err(alone) => alone,
        }
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        match join(parts, false) {
            Ok(parts) => Self::Any(parts),
            Err(alone) => alone,
        }
    }

    /// What holds exactly when this does not.
    pub(super) fn negated(self) -> Self {
        let negate = |parts: Vec<Self>| parts.into_iter().map(Self::negated).collect();
        match self {
            Self::Known(truth) => Self::Known(!truth),
            Self::Test(text, truth) => Self::Test(text, !truth),
            Self::All(parts) => Self::Any(negate(parts)),
            Self::Any(parts) => Self::All(negate(parts)),
        }
    }

    fn is_joined(&self) -> bool {
        matches!(self, Self::All(_) | Self::Any(_))
    }
}

/// The parts that decide, two at least; else the one that is left. `idle` is what decides nothing.
fn join(
    parts: impl IntoIterator<Item = Predicate>,
    idle: bool,
) -> Result<Vec<Predicate>, Predicate> {
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Predicate::Known(truth) if truth == idle => {}
            Predicate::Known(truth) => return Err(Predicate::Known(truth)),
            Predicate::All(more) if idle => kept.extend(more),
            Predicate::Any(more) if !idle => kept.extend(more),
            part => kept.push(part),
        }
    }
    match kept.len() {
        0 => Err(Predicate::Known(idle)),
        1 => Err(kept.remove(0)),
        _ => Ok(kept),
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, operator) = match self {
            Self::Known(truth) => return write!(f, "{}", u8::from(*truth)),
            Self::Test(text, true) => return f.write_str(text),
            Self::Test(text, false) => return write!(f, "!({text})"),
            Self::All(parts) => (parts, " && "),
            Self::Any(parts) => (parts, " || "),
        };
        for (at, part) in parts.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { operator })?;
            match part.is_joined() {
                true => write!(f, "({part})")?,
                false => write!(f, "{part}")?,
            }
        }
        Ok(())
    }
}
