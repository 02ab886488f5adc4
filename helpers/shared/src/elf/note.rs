//! Notes, and the one among them that names the build.

use super::header::u32_at;

const HEAD_LEN: usize = 12;
const BUILD_ID: u32 = 3;
const OWNER: &[u8] = b"GNU\0";

/// The longest build id that we tell: that of SHA-512.
const LONGEST: usize = 64;

/// The build id in a segment of notes with this alignment.
pub fn build_id(notes: &[u8], alignment: u64) -> Option<&[u8]> {
    let alignment = if alignment == 8 { 8 } else { 4 };
    let mut rest = notes;
    while rest.len() >= HEAD_LEN {
        let lens = (u32_at(rest, 0) as usize, u32_at(rest, 4) as usize);
        let kind = u32_at(rest, 8);
        let body = (HEAD_LEN + lens.0).next_multiple_of(alignment);
        let end = body + lens.1;
        let owner = rest.get(HEAD_LEN..HEAD_LEN + lens.0)?;
        let bytes = rest.get(body..end)?;
        if kind == BUILD_ID && owner == OWNER {
            return (1..=LONGEST).contains(&bytes.len()).then_some(bytes);
        }
        rest = rest.get(end.next_multiple_of(alignment)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(owner: &[u8], kind: u32, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for number in [owner.len() as u32, bytes.len() as u32, kind] {
            out.extend(number.to_le_bytes());
        }
        for part in [owner, bytes] {
            out.extend(part);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    }

    #[test]
    fn the_build_id_is_found_behind_other_notes() {
        let notes = [
            note(b"GNU\0", 1, &[9; 16]),
            note(b"Xen\0", BUILD_ID, &[8; 3]),
            note(OWNER, BUILD_ID, &[1, 2, 3, 4, 5]),
        ]
        .concat();
        assert_eq!(build_id(&notes, 4), Some(&[1, 2, 3, 4, 5][..]));
        assert_eq!(build_id(&notes[..notes.len() - 8], 4), None);
    }

    #[test]
    fn lengths_beyond_the_segment_are_refused() {
        let mut bytes = note(OWNER, BUILD_ID, &[1; 20]);
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(build_id(&bytes, 4), None);
        bytes[0..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(build_id(&bytes, 4), None);
        assert_eq!(build_id(&note(OWNER, BUILD_ID, &[1; 65]), 4), None);
        assert_eq!(build_id(&note(OWNER, BUILD_ID, &[]), 4), None);
    }
}
