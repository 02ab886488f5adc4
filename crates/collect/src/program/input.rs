//! The bytes of a rendezvous file, and how far they have been read.

use super::definitions::DefinitionError;

/// The bytes, and how far they have been read.
pub(super) struct Input<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

impl<'b> Input<'b> {
    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'b [u8], DefinitionError> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or(DefinitionError::Truncated {
            at: self.bytes.len(),
        })?;
        self.at += count;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DefinitionError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(super) fn u8(&mut self) -> Result<u8, DefinitionError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, DefinitionError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, DefinitionError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Text; what is not UTF-8 is replaced, so that a strange name does not hide an event.
    pub(super) fn text(&mut self) -> Result<String, DefinitionError> {
        let len = self.u16()?;
        let bytes = self.take(len.into())?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    pub(super) fn meaningless(&self, what: &'static str) -> DefinitionError {
        DefinitionError::Meaningless { at: self.at, what }
    }
}
