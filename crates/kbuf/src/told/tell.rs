//! Where what was told is had from.

use super::ToldKind;

/// Who has what programs have told.
pub trait Told: std::fmt::Debug + Send {
    /// Hands over what was told of a record of this kind and key that was made at a time; nothing if
    /// nobody knows. It is called once.
    fn tell(&mut self, what: (ToldKind, u64), at: u64, take: &mut dyn FnMut(&[u8]));
}
