//! The functions at some addresses, among all that the debug information describes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use gimli::{AttributeValue, DwLang, Dwarf, EndianSlice, LittleEndian};
use object::elf::{FileHeader64, SHF_COMPRESSED};
use object::read::ReadCache;
use object::read::elf::{FileHeader, SectionHeader};

use super::entry::{Entry, Unit};
use super::place::{places, returned};
use super::types::value_of;
use crate::fetch::Fetch;

/// The longest table that is read.
const MAX_TABLE: u64 = 512 << 20;

/// What a function takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prototype {
    /// Its parameters, in order.
    pub parameters: Vec<Parameter>,
    /// What it returns; none if that is nothing, or not in a register that the kernel reads.
    pub result: Option<Fetch>,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it is at the function's first instruction, if the kernel can fetch it from there.
    pub fetch: Option<Fetch>,
}

/// What the functions at these addresses take and give; without those that are not described, or not
/// written in C or C++. A file without debug information, or with compressed one, describes none.
pub fn prototypes<F: Read + Seek>(file: F, addresses: &BTreeSet<u64>) -> BTreeMap<u64, Prototype> {
    let cache = ReadCache::new(file);
    let dwarf = Dwarf::load(|table| {
        let bytes = section(&cache, table.name()).unwrap_or_default();
        Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
    });
    let mut found = BTreeMap::new();
    if let Ok(dwarf) = &dwarf {
        let mut units = dwarf.units();
        while let Ok(Some(header)) = units.next() {
            if let Ok(unit) = dwarf.unit(header) {
                look_into(&Unit { dwarf, unit }, addresses, &mut found);
            }
        }
    }
    found
}

fn section<'d, F: Read + Seek>(cache: &'d ReadCache<F>, name: &str) -> Option<&'d [u8]> {
    let endian = object::LittleEndian;
    let header = FileHeader64::<object::LittleEndian>::parse(cache).ok()?;
    let sections = header.sections(endian, cache).ok()?;
    let (_, found) = sections.section_by_name(endian, name.as_bytes())?;
    let is_plain = !found.sh_flags(endian).contains(SHF_COMPRESSED);
    let is_small = found.sh_size(endian) <= MAX_TABLE;
    (is_plain && is_small).then(|| found.data(endian, cache).ok())?
}

/// Whether the unit is in C++, if it is in that or in C.
fn is_cpp(unit: &Unit<'_>) -> Option<bool> {
    let mut entries = unit.unit.entries();
    let root = entries.next_dfs().ok()??;
    let language: DwLang = match root.attr_value(gimli::DW_AT_language)? {
        AttributeValue::Language(language) => language,
        _ => return None,
    };
    match language {
        gimli::DW_LANG_C89
        | gimli::DW_LANG_C
        | gimli::DW_LANG_C99
        | gimli::DW_LANG_C11
        | gimli::DW_LANG_C17 => Some(false),
        gimli::DW_LANG_C_plus_plus
        | gimli::DW_LANG_C_plus_plus_03
        | gimli::DW_LANG_C_plus_plus_11
        | gimli::DW_LANG_C_plus_plus_14
        | gimli::DW_LANG_C_plus_plus_17
        | gimli::DW_LANG_C_plus_plus_20 => Some(true),
        _ => None,
    }
}

fn has_any(unit: &Unit<'_>, addresses: &BTreeSet<u64>) -> bool {
    let Ok(mut ranges) = unit.dwarf.unit_ranges(&unit.unit) else {
        return false;
    };
    while let Ok(Some(range)) = ranges.next() {
        if range.begin < range.end && addresses.range(range.begin..range.end).next().is_some() {
            return true;
        }
    }
    false
}

/// A function whose parameters are being gathered.
struct Function<'d> {
    address: u64,
    depth: isize,
    entry: Entry<'d>,
    parameters: Vec<Entry<'d>>,
}

fn look_into(
    unit: &Unit<'_>,
    addresses: &BTreeSet<u64>,
    found: &mut BTreeMap<u64, Prototype>,
) -> Option<()> {
    let is_cpp = is_cpp(unit)?;
    if !has_any(unit, addresses) {
        return None;
    }
    let mut entries = unit.unit.entries();
    let mut function: Option<Function<'_>> = None;
    while let Ok(Some(entry)) = entries.next_dfs() {
        let ended = |function: &mut Function<'_>| entry.depth() <= function.depth;
        if let Some(ended) = function.take_if(ended) {
            found.insert(ended.address, ended.prototype(unit, is_cpp));
        }
        match (&mut function, entry.tag()) {
            (Some(function), gimli::DW_TAG_formal_parameter)
                if entry.depth() == function.depth + 1 =>
            {
                function.parameters.push(entry.clone());
            }
            (None, gimli::DW_TAG_subprogram) => {
                function = address(unit, entry)
                    .filter(|address| addresses.contains(address))
                    .map(|address| Function {
                        address,
                        depth: entry.depth(),
                        entry: entry.clone(),
                        parameters: Vec::new(),
                    });
            }
            _ => {}
        }
    }
    let last = function?;
    found.insert(last.address, last.prototype(unit, is_cpp));
    Some(())
}

fn address(unit: &Unit<'_>, entry: &Entry<'_>) -> Option<u64> {
    match entry.attr_value(gimli::DW_AT_low_pc)? {
        AttributeValue::Addr(address) => Some(address),
        AttributeValue::DebugAddrIndex(index) => unit.dwarf.address(&unit.unit, index).ok(),
        _ => None,
    }
}

impl<'d> Function<'d> {
    fn prototype(&self, unit: &Unit<'d>, is_cpp: bool) -> Prototype {
        let value = |entry: &Entry<'d>| {
            let typed = unit.with(entry, gimli::DW_AT_type);
            typed.and_then(|typed| value_of(unit, &typed))
        };
        let name = |entry: &Entry<'d>| {
            let named = unit.with(entry, gimli::DW_AT_name)?;
            unit.name_of(&named)
        };
        let values: Vec<_> = self.parameters.iter().map(value).collect();
        let result = value(&self.entry);
        let places = places(&values, result, is_cpp);
        let parameters = self.parameters.iter().zip(places);
        Prototype {
            parameters: parameters
                .map(|(entry, fetch)| Parameter {
                    name: name(entry).unwrap_or_default(),
                    fetch,
                })
                .collect(),
            result: result.and_then(returned),
        }
    }
}
