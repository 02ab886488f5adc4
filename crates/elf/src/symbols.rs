//! The symbols of a file: its functions, and where its data is.

use object::LittleEndian;
use object::elf::{STT_FUNC, STT_GNU_IFUNC, SectionType};
use object::read::elf::{FileHeader, SectionHeader, SectionTable, Sym};
use object::read::{ReadRef, SectionIndex};

use crate::error::ElfError;

/// The longest name that is looked at: many symbols can share one that is as long as the file.
const MAX_NAME: usize = 1024;

/// A function of a program or library.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// Its symbol.
    pub name: String,
    /// Its address, as the file has it.
    pub address: u64,
    /// Where in the file it is.
    pub offset: u64,
    /// Its size in bytes; 0 if the file does not tell.
    pub size_bytes: u64,
    /// What is called at the start to choose one of several functions, and not the function: a probe
    /// there tells nothing of its calls.
    pub is_chooser: bool,
}

/// A symbol as the table has it.
pub(crate) struct Symbol<'d> {
    pub(crate) name: &'d str,
    pub(crate) address: u64,
    pub(crate) size_bytes: u64,
    pub(crate) is_function: bool,
    pub(crate) is_chooser: bool,
}

/// Shows `visit` every defined symbol of the first table of a kind.
pub(crate) fn visit<'d, Elf, R>(
    sections: &SectionTable<'d, Elf, R>,
    data: R,
    kind: SectionType,
    visit: &mut dyn FnMut(&Symbol<'d>),
) -> Result<(), ElfError>
where
    Elf: FileHeader<Endian = LittleEndian>,
    R: ReadRef<'d>,
{
    let endian = LittleEndian;
    let damaged = ElfError::damaged("symbols");
    let Some(table) = sections.iter().find(|one| one.sh_type(endian) == kind) else {
        return Ok(());
    };
    let symbols: &'d [Elf::Sym] = table.data_as_array(endian, data).map_err(&damaged)?;
    let names = SectionIndex(table.sh_link(endian) as usize);
    let names = sections
        .section(names)
        .and_then(|one| one.data(endian, data));
    let names: &'d [u8] = names.map_err(&damaged)?;
    for symbol in symbols {
        let kind = symbol.st_type();
        let Some(name) = text_at(names, symbol.st_name(endian)) else {
            continue;
        };
        if symbol.is_undefined(endian) || name.is_empty() {
            continue;
        }
        visit(&Symbol {
            name,
            address: symbol.st_value(endian).into(),
            size_bytes: symbol.st_size(endian).into(),
            is_function: kind == STT_FUNC || kind == STT_GNU_IFUNC,
            is_chooser: kind == STT_GNU_IFUNC,
        });
    }
    Ok(())
}

fn text_at(names: &[u8], at: u32) -> Option<&str> {
    let rest = names.get(at as usize..)?;
    let rest = &rest[..rest.len().min(MAX_NAME + 1)];
    let len = rest.iter().position(|&byte| byte == 0)?;
    std::str::from_utf8(&rest[..len]).ok()
}
