//! Which addresses are which bytes of the file.

use object::LittleEndian;
use object::elf::PT_LOAD;
use object::read::ReadRef;
use object::read::elf::{FileHeader, ProgramHeader};

use crate::error::ElfError;

/// A part of the file that is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    address: u64,
    offset: u64,
    size: u64,
}

/// The parts of the file that are mapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segments(Vec<Segment>);

impl Segments {
    pub(crate) fn parse<'d, Elf, R>(header: &Elf, data: R) -> Result<Self, ElfError>
    where
        Elf: FileHeader<Endian = LittleEndian>,
        R: ReadRef<'d>,
    {
        let endian = LittleEndian;
        let all = header.program_headers(endian, data);
        let all = all.map_err(ElfError::damaged("segments"))?;
        let loaded = all.iter().filter(|one| one.p_type(endian) == PT_LOAD);
        let segments = loaded.map(|one| Segment {
            address: one.p_vaddr(endian).into(),
            offset: one.p_offset(endian).into(),
            size: one.p_filesz(endian).into(),
        });
        Ok(Self(segments.collect()))
    }

    /// Where in the file an address is; none if it is not in the file.
    pub(crate) fn offset_of(&self, address: u64) -> Option<u64> {
        let holds = |one: &&Segment| {
            address
                .checked_sub(one.address)
                .is_some_and(|far| far < one.size)
        };
        let found = self.0.iter().find(holds)?;
        (address - found.address).checked_add(found.offset)
    }
}
