//! From a BTF file to where each of its types is.

use std::ops::Range;

const MAGIC: u32 = 0xeb9f;
const HEADER_BYTES: usize = 24;
/// The longest name; the kernel's are at most 128 letters long, and many can share a longer one.
const MAX_NAME: usize = 512;
/// Bytes that every type has.
pub(super) const TYPE_BYTES: usize = 12;

/// Why bytes are no BTF.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BtfError {
    /// The file is cut, or says of itself what cannot be.
    #[error("read BTF at byte {at}: the file ends there")]
    Truncated {
        /// Where.
        at: usize,
    },
    /// It begins with something else.
    #[error("read BTF: it begins with {found:#x}, not with {MAGIC:#x}")]
    Magic {
        /// What it begins with.
        found: u32,
    },
    /// A kind that is newer than this program: its length is not known.
    #[error(
        "read BTF at byte {at}: it has a type of kind {kind}, which is newer than this program"
    )]
    UnknownKind {
        /// Where.
        at: usize,
        /// The number.
        kind: u32,
    },
    /// The kernel has no such type, member or label.
    #[error("find {what} in the kernel's BTF: there is none")]
    Missing {
        /// What was looked for.
        what: String,
    },
}

/// The number of a type: programs are loaded with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeId(pub u32);

/// What kind of type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[allow(missing_docs, reason = "C's own words")]
pub enum Kind {
    Integer = 1,
    Pointer,
    Array,
    Struct,
    Union,
    Enum,
    Forward,
    Typedef,
    Volatile,
    Const,
    Restrict,
    Function,
    Prototype,
    Variable,
    Section,
    Float,
    DeclarationTag,
    TypeTag,
    Enum64,
}

impl Kind {
    fn of(number: u32) -> Option<Self> {
        const ALL: [Kind; 19] = [
            Kind::Integer,
            Kind::Pointer,
            Kind::Array,
            Kind::Struct,
            Kind::Union,
            Kind::Enum,
            Kind::Forward,
            Kind::Typedef,
            Kind::Volatile,
            Kind::Const,
            Kind::Restrict,
            Kind::Function,
            Kind::Prototype,
            Kind::Variable,
            Kind::Section,
            Kind::Float,
            Kind::DeclarationTag,
            Kind::TypeTag,
            Kind::Enum64,
        ];
        ALL.into_iter().find(|kind| *kind as u32 == number)
    }

    /// Bytes behind the common part, for a type with so many members.
    fn rest_bytes(self, count: usize) -> usize {
        match self {
            Self::Integer | Self::Variable | Self::DeclarationTag => 4,
            Self::Array => 12,
            Self::Struct | Self::Union | Self::Section | Self::Enum64 => 12 * count,
            Self::Enum | Self::Prototype => 8 * count,
            _ => 0,
        }
    }
}

/// A type's common part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) name: u32,
    pub(super) kind: Kind,
    pub(super) count: usize,
    /// Of a structure: its members' places have the width of bit fields in them.
    pub(super) has_bit_fields: bool,
    /// The type that it refers to, or its size.
    pub(super) size_or_type: u32,
    /// Where its members begin.
    pub(super) rest: usize,
}

/// The types of a kernel.
#[derive(Debug)]
pub struct Btf {
    bytes: Vec<u8>,
    /// Where each type is; the first has the number one.
    types: Vec<u32>,
    strings: Range<usize>,
}

impl Btf {
    /// Finds the types in the bytes of a BTF file, such as `/sys/kernel/btf/vmlinux`.
    ///
    /// # Errors
    /// They are no BTF that this program knows.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, BtfError> {
        let word = |at| word_at(&bytes, at);
        let found = word(0)? & 0xffff;
        if found != MAGIC {
            return Err(BtfError::Magic { found });
        }
        let header = word(4)? as usize;
        let section = |offset_at, len_at| -> Result<Range<usize>, BtfError> {
            let begin = header.saturating_add(word(offset_at)? as usize);
            let end = begin.saturating_add(word(len_at)? as usize);
            match header < HEADER_BYTES || end > bytes.len() {
                true => Err(BtfError::Truncated { at: bytes.len() }),
                false => Ok(begin..end),
            }
        };
        let (types, strings) = (section(8, 12)?, section(16, 20)?);
        let types = index(&bytes, types)?;
        Ok(Self {
            bytes,
            types,
            strings,
        })
    }

    pub(super) fn word(&self, at: usize) -> Result<u32, BtfError> {
        word_at(&self.bytes, at)
    }

    pub(super) fn head(&self, id: TypeId) -> Result<Head, BtfError> {
        let place = (id.0 as usize).checked_sub(1);
        let at = place.and_then(|place| self.types.get(place));
        let missing = || BtfError::Missing {
            what: format!("type {}", id.0),
        };
        head_at(&self.bytes, *at.ok_or_else(missing)? as usize)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = TypeId> {
        // As many as there are places, which are numbers of 32 bits.
        (1..=self.types.len() as u32).map(TypeId)
    }

    /// The name at `offset`.
    pub(super) fn name(&self, offset: u32) -> Option<&str> {
        let strings = self.bytes[self.strings.clone()].get(offset as usize..)?;
        let len = strings.iter().take(MAX_NAME).position(|&byte| byte == 0)?;
        std::str::from_utf8(&strings[..len]).ok()
    }

    /// Whether the name at `offset` is this one.
    pub(super) fn is_named(&self, offset: u32, name: &str) -> bool {
        let strings = &self.bytes[self.strings.clone()];
        let rest = strings.get(offset as usize..).unwrap_or_default();
        rest.strip_prefix(name.as_bytes())
            .is_some_and(|behind| behind.first() == Some(&0))
    }
}

fn index(bytes: &[u8], section: Range<usize>) -> Result<Vec<u32>, BtfError> {
    let bytes = &bytes[..section.end];
    let mut types = Vec::new();
    let mut at = section.start;
    while at < section.end {
        let head = head_at(bytes, at)?;
        let end = head.rest + head.kind.rest_bytes(head.count);
        let place = u32::try_from(at).ok().filter(|_| end <= bytes.len());
        types.push(place.ok_or(BtfError::Truncated { at })?);
        at = end;
    }
    Ok(types)
}

fn head_at(bytes: &[u8], at: usize) -> Result<Head, BtfError> {
    let info = word_at(bytes, at + 4)?;
    let number = info >> 24 & 0x1f;
    let kind = Kind::of(number).ok_or(BtfError::UnknownKind { at, kind: number })?;
    Ok(Head {
        name: word_at(bytes, at)?,
        kind,
        count: (info & 0xffff) as usize,
        has_bit_fields: info >> 31 != 0,
        size_or_type: word_at(bytes, at + 8)?,
        rest: at + TYPE_BYTES,
    })
}

fn word_at(bytes: &[u8], at: usize) -> Result<u32, BtfError> {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    let word = word.ok_or(BtfError::Truncated { at })?;
    Ok(u32::from_le_bytes(*word))
}
