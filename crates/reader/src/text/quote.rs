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
pub(super) fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    while let Some(at) = rest.iter().position(|&byte| !PLAIN[usize::from(byte)]) {
        out.extend_from_slice(&rest[..at]);
        escaped(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
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
    fn control_bytes_and_question_marks_are_escaped() {
        let mut out = Vec::new();
        quoted(&mut out, b"I'm \"fine\"?\n\x1b\x01\\\xc3\xa9");
        assert_eq!(out, b"\"I\\'m \\\"fine\\\"\\?\\n\\e\\x01\\\\\xc3\xa9\"");
    }
}
