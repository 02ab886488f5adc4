//! What a program that is made at run time wants to know of the kernel's types.

use super::parse::{Btf, BtfError, Head, Kind, TypeId};

/// Structures lie in each other, and types stand for types: not deeper than this.
const MAX_DEPTH: usize = 16;

impl Btf {
    /// The type of this kind with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn find(&self, kind: Kind, name: &str) -> Result<TypeId, BtfError> {
        for id in self.ids() {
            let head = self.head(id)?;
            if head.kind == kind && self.is_named(head.name, name) {
                return Ok(id);
            }
        }
        Err(missing(name))
    }

    /// Where in the structure `name` the member at `path` begins, in bytes: `thread_info.status`.
    ///
    /// # Errors
    /// There is none, or it is a bit field.
    pub fn offset_of(&self, name: &str, path: &str) -> Result<u32, BtfError> {
        let mut within = self.find(Kind::Struct, name)?;
        let mut bits = 0_u32;
        for member in path.split('.') {
            let found = self.member(within, member, 0)?;
            let (at, id) = found.ok_or_else(|| missing(&format!("{name}.{path}")))?;
            bits = bits.saturating_add(at);
            within = id;
        }
        match bits.is_multiple_of(8) {
            true => Ok(bits / 8),
            false => Err(missing(&format!("{name}.{path} at a whole byte"))),
        }
    }

    /// Whether the enumeration `name` has this label.
    ///
    /// # Errors
    /// There is no such enumeration.
    pub fn has_label(&self, name: &str, label: &str) -> Result<bool, BtfError> {
        let head = self.head(self.find(Kind::Enum, name)?)?;
        for index in 0..head.count {
            if self.is_named(self.word(head.rest + index * 8)?, label) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A member's place in bits and its type; members of a structure without a name are looked
    /// through.
    fn member(
        &self,
        within: TypeId,
        name: &str,
        depth: usize,
    ) -> Result<Option<(u32, TypeId)>, BtfError> {
        let Some(head) = self.structure(within)?.filter(|_| depth < MAX_DEPTH) else {
            return Ok(None);
        };
        for index in 0..head.count {
            let at = head.rest + index * 12;
            let (label, id) = (self.word(at)?, TypeId(self.word(at + 4)?));
            let Some(bits) = place(&head, self.word(at + 8)?) else {
                continue;
            };
            if self.is_named(label, name) {
                return Ok(Some((bits, id)));
            }
            if self.is_named(label, "")
                && let Some((more, id)) = self.member(id, name, depth + 1)?
            {
                return Ok(Some((bits.saturating_add(more), id)));
            }
        }
        Ok(None)
    }

    /// The structure or union that a type is, or stands for.
    fn structure(&self, mut id: TypeId) -> Result<Option<Head>, BtfError> {
        for _ in 0..MAX_DEPTH {
            let head = self.head(id)?;
            match head.kind {
                Kind::Struct | Kind::Union => return Ok(Some(head)),
                Kind::Typedef | Kind::Const | Kind::Volatile | Kind::TypeTag => {
                    id = TypeId(head.size_or_type);
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// A member's place in bits; none of a bit field.
fn place(head: &Head, word: u32) -> Option<u32> {
    match head.has_bit_fields {
        false => Some(word),
        true => (word >> 24 == 0).then_some(word & 0x00ff_ffff),
    }
}

fn missing(what: &str) -> BtfError {
    BtfError::Missing {
        what: what.to_owned(),
    }
}
