//! The registers of x86 as probes name them: by any of their widths.

/// A register that the kernel's probes can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register(&'static str);

impl Register {
    /// The register of which `name` (`eax`, `r8d`, `sil`) is all or the low part. The second byte of
    /// one (`ah`) is none: the kernel does not read it alone.
    pub fn named(name: &str) -> Option<Self> {
        numbered(name).or_else(|| old(name)).map(Self)
    }

    /// The kernel's name for it.
    pub fn kernel_name(self) -> &'static str {
        self.0
    }
}

const OLD: [&str; 8] = ["ax", "bx", "cx", "dx", "si", "di", "bp", "sp"];
const NUMBERED: [&str; 8] = ["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

fn old(name: &str) -> Option<&'static str> {
    let word = name.strip_prefix(['r', 'e']).unwrap_or(name);
    let low_byte = |known: &&&str| match known.strip_suffix('x') {
        Some(letter) => name.strip_prefix(letter) == Some("l"),
        None => name.strip_suffix('l') == Some(known),
    };
    let is_it = |known: &&&str| **known == word || low_byte(known);
    OLD.iter().find(is_it).copied()
}

fn numbered(name: &str) -> Option<&'static str> {
    let word = name.strip_suffix(['d', 'w', 'b']).unwrap_or(name);
    NUMBERED.iter().find(|known| **known == word).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_of_a_register_is_known_and_nothing_else() {
        let named = |name: &str| Register::named(name).map(Register::kernel_name);
        for name in ["rax", "eax", "ax", "al"] {
            assert_eq!(named(name), Some("ax"), "{name}");
        }
        for name in ["rsi", "esi", "si", "sil"] {
            assert_eq!(named(name), Some("si"), "{name}");
        }
        for name in ["r13", "r13d", "r13w", "r13b"] {
            assert_eq!(named(name), Some("r13"), "{name}");
        }
        assert_eq!(named("rsp"), Some("sp"));
        for name in ["ah", "xmm0", "rip", "r16", "", "l", "r", "ral", "axl"] {
            assert_eq!(named(name), None, "{name}");
        }
    }
}
