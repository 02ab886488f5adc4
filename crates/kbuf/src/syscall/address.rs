//! The address of a socket: which family, and what the families that LTTng knows, and `AF_UNIX`, say.
//!
//! ```text
//!   AF_INET    | family u16 | port u16 be | 4 bytes |
//!   AF_INET6   | family u16 | port u16 be | flow    | 16 bytes | scope |
//!   AF_UNIX    | family u16 | path, up to a NUL; or NUL and a name of any bytes |
//! ```

const UNIX: u16 = 1;
const INET: u16 = 2;
const INET6: u16 = 10;

/// A part of an address that is a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Family,
    Port,
    V4,
    V6,
    Path,
}

impl Part {
    /// Appends the field; empty or zero if the address has no such part.
    pub(super) fn encode(self, address: &[u8], out: &mut Vec<u8>) {
        let family = address
            .first_chunk()
            .map_or(0, |two| u16::from_le_bytes(*two));
        match self {
            Self::Family => out.extend_from_slice(&family.to_le_bytes()),
            Self::Port => {
                let is_internet = matches!(family, INET | INET6);
                let port = address.get(2..4).filter(|_| is_internet);
                out.extend_from_slice(port.unwrap_or(&[0, 0]));
            }
            Self::V4 => sequence(address.get(4..8).filter(|_| family == INET), 1, out),
            Self::V6 => sequence(address.get(8..24).filter(|_| family == INET6), 2, out),
            Self::Path => {
                if family == UNIX {
                    path(&address[2..], out);
                }
                out.push(0);
            }
        }
    }
}

fn sequence(bytes: Option<&[u8]>, element_bytes: usize, out: &mut Vec<u8>) {
    let bytes = bytes.unwrap_or_default();
    let count = (bytes.len() / element_bytes) as u32;
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(bytes);
}

/// A name that is no path begins with NUL; it is written as `ss` and /proc/net/unix write it.
fn path(bytes: &[u8], out: &mut Vec<u8>) {
    match bytes.split_first() {
        Some((0, name)) if !name.is_empty() => {
            out.push(b'@');
            out.extend(
                name.iter()
                    .map(|byte| if *byte == 0 { b'@' } else { *byte }),
            );
        }
        _ => out.extend(bytes.iter().take_while(|byte| **byte != 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &[u8], expected: [&[u8]; 5]) {
        let parts = [Part::Family, Part::Port, Part::V4, Part::V6, Part::Path];
        for (part, expected) in parts.into_iter().zip(expected) {
            let mut out = Vec::new();
            part.encode(address, &mut out);
            assert_eq!(out, expected, "{part:?}");
        }
    }

    #[test]
    fn addresses_of_the_internet_have_a_port_and_their_bytes() {
        check(
            &[2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            [
                &[2, 0],
                &[0x1f, 0x90],
                &[4, 0, 0, 0, 127, 0, 0, 1],
                &[0; 4],
                &[0],
            ],
        );
        let mut six = [0; 28];
        (six[0], six[3], six[23]) = (10, 80, 1);
        let mut bytes = [0; 20];
        (bytes[0], bytes[19]) = (8, 1);
        check(&six, [&[10, 0], &[0, 80], &[0; 4], &bytes, &[0]]);
    }

    #[test]
    fn sockets_of_this_machine_have_a_path_or_a_name() {
        let none: [&[u8]; 3] = [&[0, 0], &[0; 4], &[0; 4]];
        let with = |path: &'static [u8]| [&[1, 0][..], none[0], none[1], none[2], path];
        check(b"\x01\0/run/x\0rest", with(b"/run/x\0"));
        check(b"\x01\0/run/x", with(b"/run/x\0"));
        check(b"\x01\0\0name\0x", with(b"@name@x\0"));
        check(b"\x01\0", with(b"\0"));
    }

    #[test]
    fn what_is_too_short_says_nothing() {
        check(&[], [&[0, 0], &[0, 0], &[0; 4], &[0; 4], &[0]]);
        check(&[2], [&[0, 0], &[0, 0], &[0; 4], &[0; 4], &[0]]);
        check(&[2, 0, 1], [&[2, 0], &[0, 0], &[0; 4], &[0; 4], &[0]]);
        check(
            &[10, 0, 0, 1, 9, 9, 9, 9],
            [&[10, 0], &[0, 1], &[0; 4], &[0; 4], &[0]],
        );
    }
}
