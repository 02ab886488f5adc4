//! How a ring page and its records begin: `events/header_page` and `events/header_event`.
//!
//! ```text
//!   0           8          16                                    header_page (64-bit kernel)
//!   | timestamp | commit   | records …
//!
//!   type_len: 5 bits | time_delta: 27 bits | array: 32 bits      header_event
//! ```
//!
//! Both have been the same since 2.6.30; a kernel that differs is refused by name instead of read
//! wrongly.

use super::FormatError;
use super::parse::{FieldLine, field_line};

/// Where a page's header has its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLayout {
    /// Bytes of the `commit` word: 8 on 64-bit kernels, 4 on 32-bit ones.
    pub commit_bytes: usize,
    /// Where the records begin.
    pub data_offset: usize,
    /// Bytes of a page with its header, as the kernel was set when the file was read.
    pub page_bytes: usize,
}

impl PageLayout {
    /// The layout of 64-bit kernels with pages of `page_bytes`.
    pub const fn of_64_bit(page_bytes: usize) -> Self {
        Self {
            commit_bytes: 8,
            data_offset: 16,
            page_bytes,
        }
    }

    /// Parses `header_page`.
    ///
    /// # Errors
    /// A missing or misshapen line, or a layout that no kernel had so far.
    pub fn parse(header_page: &str) -> Result<Self, FormatError> {
        let (mut timestamp, mut commit, mut data) = (None, None, None);
        for (index, text) in header_page.lines().enumerate() {
            let Some(rest) = text.trim_start().strip_prefix("field:") else {
                continue;
            };
            let field = field_line(rest, index + 1)?;
            match field.declaration.name {
                "timestamp" => timestamp = Some(field),
                "commit" => commit = Some(field),
                "data" => data = Some(field),
                _ => {}
            }
        }
        Self::from_parts(
            &timestamp.ok_or(FormatError::Missing { what: "timestamp" })?,
            &commit.ok_or(FormatError::Missing { what: "commit" })?,
            &data.ok_or(FormatError::Missing { what: "data" })?,
        )
    }

    fn from_parts(
        timestamp: &FieldLine<'_>,
        commit: &FieldLine<'_>,
        data: &FieldLine<'_>,
    ) -> Result<Self, FormatError> {
        let known = (timestamp.offset, timestamp.size_bytes, commit.offset) == (0, 8, 8)
            && matches!(commit.size_bytes, 4 | 8)
            && data.offset == 8 + commit.size_bytes
            && data.size_bytes <= 1 << 24;
        if !known {
            let what = format!(
                "time stamp at {} (size {}), commit at {} (size {}), data at {}",
                timestamp.offset,
                timestamp.size_bytes,
                commit.offset,
                commit.size_bytes,
                data.offset
            );
            return Err(FormatError::Unknown { what });
        }
        Ok(Self {
            commit_bytes: commit.size_bytes as usize,
            data_offset: data.offset as usize,
            page_bytes: (data.offset + data.size_bytes) as usize,
        })
    }

    /// Checks that `header_event` says what [`crate::Records`] decodes.
    ///
    /// # Errors
    /// The line that is not there.
    pub fn check_event_header(header_event: &str) -> Result<(), FormatError> {
        const KNOWN: [(&str, &str); 7] = [
            ("type_len", "5 bits"),
            ("time_delta", "27 bits"),
            ("array", "32 bits"),
            ("padding", "type == 29"),
            ("time_extend", "type == 30"),
            ("time_stamp", "type == 31"),
            ("data max type_len", "== 28"),
        ];
        let squeezed: Vec<String> = header_event.lines().map(squeeze).collect();
        for (name, value) in KNOWN {
            let want = squeeze(&if name.starts_with("data") {
                format!("{name} {value}")
            } else {
                format!("{name} : {value}")
            });
            if !squeezed.contains(&want) {
                return Err(FormatError::Unknown {
                    what: format!("`{name}` is not {value}"),
                });
            }
        }
        Ok(())
    }
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\
        \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n\
        \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\
        \tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n";
    const EVENT: &str = "# compressed entry header\n\ttype_len    :    5 bits\n\
        \ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n\tpadding     : type == 29\n\
        \ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n";

    #[test]
    fn the_layout_that_kernels_have_is_known() {
        assert_eq!(PageLayout::parse(PAGE), Ok(PageLayout::of_64_bit(4096)));
        assert_eq!(PageLayout::check_event_header(EVENT), Ok(()));
    }

    #[test]
    fn another_layout_is_refused_by_name() {
        let moved = PAGE.replace("offset:8;\tsize:8", "offset:4;\tsize:8");
        assert!(
            PageLayout::parse(&moved)
                .unwrap_err()
                .to_string()
                .contains("commit at 4")
        );
        let event = EVENT.replace("27 bits", "28 bits");
        let error = PageLayout::check_event_header(&event).unwrap_err();
        assert!(
            error.to_string().ends_with("`time_delta` is not 27 bits"),
            "{error}"
        );
    }
}
