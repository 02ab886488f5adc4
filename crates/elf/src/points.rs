//! What of a file can be probed.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use object::LittleEndian;
use object::elf::{
    EM_386, EM_X86_64, FileHeader32, FileHeader64, SHT_DYNSYM, SHT_NOTE, SHT_SYMTAB,
};
use object::read::elf::{FileHeader, SectionHeader, SectionTable};
use object::read::{FileKind, ReadCache, ReadRef};

use crate::argument::Operand;
use crate::error::ElfError;
use crate::note::{self, SdtProbe};
use crate::segments::Segments;
use crate::symbols::{self, Function, Symbol};

/// The most sections with probes, each of which could be as long as the file.
const MAX_NOTE_SECTIONS: usize = 8;

/// Where something is: its address as the file has it, and its bytes in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The address.
    pub address: u64,
    /// The first byte.
    pub offset: u64,
}

/// What of a file can be probed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// The functions that were asked for, by name and then by address.
    pub functions: Vec<Function>,
    /// Every SDT probe, in the order of the file.
    pub probes: Vec<SdtProbe>,
    /// The addresses of the symbols that arguments of probes name.
    pub data: BTreeMap<String, u64>,
    segments: Segments,
}

impl Points {
    /// Where in the file an address is; none if it is not in the file.
    pub fn offset_of(&self, address: u64) -> Option<u64> {
        self.segments.offset_of(address)
    }
}

/// Looks at a file: at its functions for which `wanted` is true, and at its SDT probes.
///
/// # Errors
/// It is no ELF file, one for another processor, or damaged.
pub fn examine<F: Read + Seek>(file: F, wanted: &dyn Fn(&str) -> bool) -> Result<Points, ElfError> {
    let cache = ReadCache::new(file);
    match FileKind::parse(&cache) {
        Ok(FileKind::Elf64) => examine_as::<FileHeader64<LittleEndian>, _>(&cache, 8, wanted),
        Ok(FileKind::Elf32) => examine_as::<FileHeader32<LittleEndian>, _>(&cache, 4, wanted),
        _ => Err(ElfError::NotElf),
    }
}

fn examine_as<'d, Elf, R>(
    data: R,
    word_bytes: usize,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Points, ElfError>
where
    Elf: FileHeader<Endian = LittleEndian>,
    R: ReadRef<'d>,
{
    let header = Elf::parse(data).map_err(|_| ElfError::NotElf)?;
    let machine = header.e_machine(LittleEndian);
    if !header.is_little_endian() || ![EM_X86_64, EM_386].contains(&machine) {
        return Err(ElfError::OtherMachine);
    }
    let segments = Segments::parse(header, data)?;
    let sections = header.sections(LittleEndian, data);
    let sections = sections.map_err(ElfError::damaged("sections"))?;
    let mut points = Points {
        probes: find_probes(&sections, data, word_bytes, &segments),
        ..Points::default()
    };
    for name in data_symbols(&points.probes) {
        points.data.insert(name, 0);
    }
    let mut found: Vec<Function> = Vec::new();
    for table in [SHT_SYMTAB, SHT_DYNSYM] {
        symbols::visit(&sections, data, table, &mut |symbol| {
            if let Some(address) = points.data.get_mut(symbol.name) {
                *address = symbol.address;
            }
            found.extend(function(symbol, &segments, wanted));
        })?;
    }
    points.data.retain(|_, address| *address != 0);
    found.sort_unstable();
    found.dedup_by(|a, b| (&a.name, a.address) == (&b.name, b.address));
    points.functions = found;
    points.segments = segments;
    Ok(points)
}

fn function(
    symbol: &Symbol<'_>,
    segments: &Segments,
    wanted: &dyn Fn(&str) -> bool,
) -> Option<Function> {
    if !symbol.is_function || !wanted(symbol.name) {
        return None;
    }
    Some(Function {
        name: symbol.name.to_owned(),
        address: symbol.address,
        offset: segments.offset_of(symbol.address)?,
        size_bytes: symbol.size_bytes,
        is_chooser: symbol.is_chooser,
    })
}

fn find_probes<'d, Elf, R>(
    sections: &SectionTable<'d, Elf, R>,
    data: R,
    word_bytes: usize,
    segments: &Segments,
) -> Vec<SdtProbe>
where
    Elf: FileHeader<Endian = LittleEndian>,
    R: ReadRef<'d>,
{
    let endian = LittleEndian;
    let named = |name: &'static str| {
        sections
            .iter()
            .filter(move |one| sections.section_name(endian, one) == Ok(name.as_bytes()))
    };
    let base = named(".stapsdt.base").next();
    let base = base.map(|section| section.sh_addr(endian).into());
    let noted = named(".note.stapsdt").filter(|one| one.sh_type(endian) == SHT_NOTE);
    let mut probes = Vec::new();
    for section in noted.take(MAX_NOTE_SECTIONS) {
        let Ok(Some(mut notes)) = section.notes(endian, data) else {
            continue;
        };
        while let Ok(Some(one)) = notes.next() {
            let is_probe = one.name() == b"stapsdt" && one.n_type(endian).0 == note::KIND;
            let probe = is_probe.then(|| note::parse(one.desc(), word_bytes, base, segments));
            probes.extend(probe.flatten());
        }
    }
    probes
}

fn data_symbols(probes: &[SdtProbe]) -> Vec<String> {
    let arguments = probes.iter().flat_map(|probe| &probe.arguments);
    let named = arguments.filter_map(|argument| match &argument.operand {
        Some(Operand::Data { symbol, .. }) => Some(symbol.clone()),
        _ => None,
    });
    named.collect()
}
