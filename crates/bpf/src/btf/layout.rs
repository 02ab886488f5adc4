//! How a structure lies in memory, member by member.

use super::parse::{Btf, BtfError, Kind, TypeId};

/// Structures lie in each other, and types stand for types: not deeper than this.
const MAX_DEPTH: usize = 8;
/// No structure that is told has more members.
const MAX_MEMBERS: usize = 64;

/// A structure: its size, and its members, those of inner structures among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Its bytes.
    pub size_bytes: u32,
    /// The members, but for unions and bit fields.
    pub members: Vec<LayoutMember>,
}

/// A member of a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutMember {
    /// Its name; behind the names of what it lies in, with underscores between.
    pub name: String,
    /// Where it begins.
    pub offset_bytes: u32,
    /// What it is.
    pub shape: MemberShape,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberShape {
    /// One number.
    Integer {
        /// Its size.
        bytes: u8,
        /// Whether it may be negative.
        is_signed: bool,
    },
    /// An address.
    Pointer,
    /// So many bytes of text.
    Text(u32),
    /// So many numbers.
    Integers {
        /// The size of each.
        bytes: u8,
        /// Whether they may be negative.
        is_signed: bool,
        /// How many.
        count: u32,
    },
}

impl Btf {
    /// How the structure of this name lies in memory, or what a type of this name stands for.
    ///
    /// # Errors
    /// There is none.
    pub fn layout(&self, name: &str) -> Result<Layout, BtfError> {
        let id = self
            .find(Kind::Struct, name)
            .or_else(|_| self.find(Kind::Typedef, name))?;
        let missing = || BtfError::Missing {
            what: format!("the structure {name}"),
        };
        let head = self.head(self.bare(id)?.ok_or_else(missing)?.0)?;
        if head.kind != Kind::Struct {
            return Err(missing());
        }
        let mut members = Vec::new();
        self.members(id, ("", 0), 0, &mut members)?;
        Ok(Layout {
            size_bytes: head.size_or_type,
            members,
        })
    }

    fn members(
        &self,
        id: TypeId,
        (prefix, begin): (&str, u32),
        depth: usize,
        out: &mut Vec<LayoutMember>,
    ) -> Result<(), BtfError> {
        let Some((id, _)) = self.bare(id)?.filter(|_| depth < MAX_DEPTH) else {
            return Ok(());
        };
        let head = self.head(id)?;
        for index in 0..head.count.min(MAX_MEMBERS) {
            let at = head.rest + 12 * index;
            let (name, id) = (self.word(at)?, TypeId(self.word(at + 4)?));
            let place = self.word(at + 8)?;
            let is_bit_field = head.has_bit_fields && place >> 24 != 0;
            let bits = place
                & if head.has_bit_fields {
                    0x00ff_ffff
                } else {
                    u32::MAX
                };
            let name = self.name(name).unwrap_or_default();
            if is_bit_field || out.len() >= MAX_MEMBERS || name.starts_with("__") {
                continue;
            }
            let joined = match (prefix, name) {
                ("", name) => name.to_owned(),
                (prefix, "") => prefix.to_owned(),
                (prefix, name) => format!("{prefix}_{name}"),
            };
            let offset = begin.saturating_add(bits / 8);
            match self.shape(id)? {
                Some(shape) => out.push(LayoutMember {
                    name: joined,
                    offset_bytes: offset,
                    shape,
                }),
                None if self.is_structure(id)? => {
                    self.members(id, (&joined, offset), depth + 1, out)?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn is_structure(&self, id: TypeId) -> Result<bool, BtfError> {
        let bare = self.bare(id)?;
        Ok(match bare {
            Some((id, _)) => self.head(id)?.kind == Kind::Struct,
            None => false,
        })
    }

    /// What is told in one piece.
    fn shape(&self, id: TypeId) -> Result<Option<MemberShape>, BtfError> {
        let Some((id, _)) = self.bare(id)? else {
            return Ok(None);
        };
        let head = self.head(id)?;
        Ok(match head.kind {
            Kind::Pointer => Some(MemberShape::Pointer),
            Kind::Integer | Kind::Enum | Kind::Enum64 => {
                let is_signed = match head.kind {
                    Kind::Integer => self.word(head.rest)? >> 24 & 1 != 0,
                    _ => head.has_bit_fields,
                };
                let bytes = u8::try_from(head.size_or_type).ok();
                let bytes = bytes.filter(|bytes| matches!(bytes, 1 | 2 | 4 | 8));
                bytes.map(|bytes| MemberShape::Integer { bytes, is_signed })
            }
            Kind::Array => {
                let element = TypeId(self.word(head.rest)?);
                let count = self.word(head.rest + 8)?;
                self.list(element, count)?
            }
            _ => None,
        })
    }

    fn list(&self, element: TypeId, count: u32) -> Result<Option<MemberShape>, BtfError> {
        let Some((id, _)) = self.bare(element)? else {
            return Ok(None);
        };
        let head = self.head(id)?;
        if head.kind != Kind::Integer || count == 0 {
            return Ok(None);
        }
        if self.is_named(head.name, "char") {
            return Ok(Some(MemberShape::Text(count)));
        }
        let is_signed = self.word(head.rest)? >> 24 & 1 != 0;
        let bytes = u8::try_from(head.size_or_type).ok();
        let bytes = bytes.filter(|bytes| matches!(bytes, 1 | 2 | 4 | 8));
        Ok(bytes.map(|bytes| MemberShape::Integers {
            bytes,
            is_signed,
            count,
        }))
    }
}
