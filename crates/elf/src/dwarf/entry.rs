//! Entries of a unit, and those that they refer to.

use gimli::{
    AttributeValue, DebuggingInformationEntry, DwAt, Dwarf, EndianSlice, LittleEndian, UnitOffset,
};

pub(super) type Reader<'d> = EndianSlice<'d, LittleEndian>;
pub(super) type Entry<'d> = DebuggingInformationEntry<Reader<'d>>;

/// An entry may be a copy of another, which refers to a declaration.
const MAX_ORIGINS: usize = 4;

/// A unit of the debug information.
pub(super) struct Unit<'d> {
    pub(super) dwarf: &'d Dwarf<Reader<'d>>,
    pub(super) unit: gimli::Unit<Reader<'d>>,
}

impl<'d> Unit<'d> {
    /// The entry at this place.
    pub(super) fn entry(&self, at: UnitOffset) -> Option<Entry<'d>> {
        self.unit.entry(at).ok()
    }

    /// The entry's own name.
    pub(super) fn name_of(&self, entry: &Entry<'d>) -> Option<String> {
        let name = entry.attr_value(gimli::DW_AT_name)?;
        let name = self.dwarf.attr_string(&self.unit, name).ok()?;
        Some(name.to_string().ok()?.to_owned())
    }

    /// The entry, or the one that it is a copy of, which has this attribute; else the last.
    pub(super) fn with(&self, entry: &Entry<'d>, attribute: DwAt) -> Option<Entry<'d>> {
        let mut entry = entry.clone();
        for _ in 0..MAX_ORIGINS {
            if entry.has_attr(attribute) {
                return Some(entry);
            }
            let origin = entry.attr_value(gimli::DW_AT_abstract_origin);
            match origin.or_else(|| entry.attr_value(gimli::DW_AT_specification)) {
                None => return Some(entry),
                Some(AttributeValue::UnitRef(at)) => entry = self.entry(at)?,
                Some(_) => return None,
            }
        }
        None
    }
}
