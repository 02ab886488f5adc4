//! Strings in quotes, with C's escapes.

/// What a byte becomes: itself, or an escape.
const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f && !matches!(byte, b'\\' | b'\'' | b'"' | b'?')
}

static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = is_plain(byte as u8);
        byte += 1;
    }
    plain
};

/// `text` in quotes. Bytes above ASCII stay as they are.
#[inline]
pub(super) fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    // Most texts are plain: to know that takes a few instructions for eight bytes.
    let (words, rest) = text.as_chunks::<8>();
    let plain = words
        .iter()
        .all(|word| is_plain_word(u64::from_le_bytes(*word)))
        && rest.iter().all(|&byte| PLAIN[usize::from(byte)]);
    if plain {
        out.extend_from_slice(text);
    } else {
        with_escapes(out, text);
    }
    out.push(b'"');
}

/// Whether all eight bytes are plain ASCII; other bytes above ASCII are looked at one by one.
#[inline]
const fn is_plain_word(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    /// Has a high bit where a byte is zero, if all bytes are ASCII.
    const fn zero(word: u64) -> u64 {
        HIGH.wrapping_sub(word)
    }
    let special = zero(word ^ (ONES * b'\\' as u64))
        | zero(word ^ (ONES * b'\'' as u64))
        | zero(word ^ (ONES * b'"' as u64))
        | zero(word ^ (ONES * b'?' as u64))
        | zero(word ^ (ONES * 0x7f));
    let control = (ONES * 0x9f).wrapping_sub(word);
    (word | special | control) & HIGH == 0
}

fn with_escapes(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&byte| !PLAIN[usize::from(byte)]) {
        out.extend_from_slice(&rest[..at]);
        escaped(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

fn escaped(out: &mut Vec<u8>, byte: u8) {
    let letter = match byte {
        0x07 => b'a',
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0b => b'v',
        0x0c => b'f',
        b'\r' => b'r',
        0x1b => b'e',
        b'\\' | b'\'' | b'"' | b'?' => byte,
        _ => {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn each_byte_is_looked_at_wherever_it_stands() {
        for byte in 1..=255_u8 {
            for place in 0..20 {
                let mut text = *b"a plain text, twenty";
                text[place] = byte;
                let (mut whole, mut parts) = (Vec::new(), Vec::new());
                quoted(&mut whole, &text);
                text.iter().for_each(|one| quoted(&mut parts, &[*one]));
                let quotes = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'"').count();
                assert_eq!(whole.len(), parts.len() - 38, "{byte:#x} at {place}");
                assert_eq!(quotes(&whole), quotes(&parts) - 38);
            }
        }
    }

    #[test]
    fn control_bytes_and_question_marks_are_escaped() {
        let mut out = Vec::new();
        quoted(&mut out, b"I'm \"fine\"?\n\x1b\x01\\\xc3\xa9");
        assert_eq!(out, b"\"I\\'m \\\"fine\\\"\\?\\n\\e\\x01\\\\\xc3\xa9\"");
    }
}
