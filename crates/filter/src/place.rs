//! The index of a field, or of a structure's member, in linked code.
//!
//! ```text
//!   bit 0         7                     16
//!   | field       | member + 1, or 0    |
//! ```

/// Bits of the field.
const FIELD_BITS: u32 = 7;

/// The index for a name: that of a field, or else `FIELD.MEMBER`. What lies deeper has none.
pub fn index_of(
    name: &[u8],
    field: impl Fn(&[u8]) -> Option<usize>,
    member: impl Fn(usize, &[u8]) -> Option<usize>,
) -> Option<u16> {
    let (field, member) = match field(name) {
        Some(field) => (field, 0),
        None => {
            let dot = name.iter().position(|&byte| byte == b'.')?;
            let field = field(&name[..dot])?;
            (field, 1 + member(field, &name[dot + 1..])?)
        }
    };
    let fits = field < 1 << FIELD_BITS && member < 1 << (16 - FIELD_BITS);
    fits.then_some((field | member << FIELD_BITS) as u16)
}

/// The field and, if one is meant, its member.
#[inline]
pub const fn field_of(index: u16) -> (usize, Option<usize>) {
    let field = index as usize & ((1 << FIELD_BITS) - 1);
    (field, (index as usize >> FIELD_BITS).checked_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_leads_back_to_its_field_and_member() {
        let field = |name: &[u8]| {
            [&b"a"[..], b"b", b"c.d"]
                .iter()
                .position(|known| *known == name)
        };
        let member = |at: usize, name: &[u8]| (at == 1 && name == b"x").then_some(63);
        let found = |name: &[u8]| index_of(name, field, member).map(field_of);
        assert_eq!(found(b"a"), Some((0, None)));
        assert_eq!(found(b"c.d"), Some((2, None)));
        assert_eq!(found(b"b.x"), Some((1, Some(63))));
        assert_eq!(found(b"a.x"), None);
        assert_eq!(found(b"b.x.y"), None);
        assert_eq!(found(b"e"), None);
    }
}
