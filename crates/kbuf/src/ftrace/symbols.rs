//! The kernel's functions and where they begin: `/proc/kallsyms`.

use std::fmt;

/// Names by address.
#[derive(Clone, Default)]
pub struct Symbols {
    names: String,
    /// `(address, begin in names, length)`, by address.
    functions: Vec<(u64, u32, u16)>,
}

impl Symbols {
    /// Parses `ADDRESS TYPE NAME` lines; what is no function, or has no address, is left out.
    pub fn parse(text: &str) -> Self {
        let mut symbols = Self::default();
        let end = end_of_text(text);
        let is_there = |function: &Function<'_>| function.is_of_module || function.address <= end;
        for Function { address, name, .. } in text.lines().filter_map(function).filter(is_there) {
            let begin = u32::try_from(symbols.names.len());
            if let (Ok(begin), Ok(len)) = (begin, u16::try_from(name.len())) {
                symbols.names.push_str(name);
                symbols.functions.push((address, begin, len));
            }
        }
        // Of several names of one function the first is the one that the kernel shows.
        symbols.functions.sort_by_key(|&(address, ..)| address);
        symbols.functions.dedup_by_key(|&mut (address, ..)| address);
        symbols
    }

    /// Whether it knows no function: the kernel hides addresses from who may not see them.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// The function that an address lies in.
    pub fn name_at(&self, address: u64) -> Option<&str> {
        let behind = self.functions.partition_point(|&(at, ..)| at <= address);
        let &(at, begin, len) = self.functions.get(behind.checked_sub(1)?)?;
        let name = self.names.get(begin as usize..)?.get(..usize::from(len))?;
        (address - at < LONGEST && name != END_OF_TEXT).then_some(name)
    }

    /// Appends the name at an address and a NUL; the address itself where nothing is known.
    pub(crate) fn write(&self, address: u64, out: &mut Vec<u8>) {
        match self.name_at(address) {
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None => out.extend_from_slice(format!("{address:#x}").as_bytes()),
        }
        out.push(0);
    }
}

/// Too long to be shown.
impl fmt::Debug for Symbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} symbols", self.functions.len())
    }
}

/// No function is longer; what lies further behind one is something else, which has no name.
const LONGEST: u64 = 1 << 17;
/// Behind it lie functions that are gone when the kernel has started.
const END_OF_TEXT: &str = "_etext";

/// Tracers' own code, which comes and goes.
const TRAMPOLINES: &str = "[__builtin__ftrace]";

struct Function<'a> {
    address: u64,
    name: &'a str,
    is_of_module: bool,
}

fn function(line: &str) -> Option<Function<'_>> {
    let mut words = line.split_ascii_whitespace();
    let (address, kind, name) = (words.next()?, words.next()?, words.next()?);
    let address = u64::from_str_radix(address, 16).ok()?;
    let module = words.next();
    let is_function = matches!(kind, "t" | "T" | "w" | "W") && module != Some(TRAMPOLINES);
    (address > 0 && is_function).then(|| Function {
        address,
        name,
        is_of_module: module.is_some(),
    })
}

fn end_of_text(text: &str) -> u64 {
    let mut functions = text.lines().filter_map(function);
    let end = functions.find(|function| function.name == END_OF_TEXT);
    end.map_or(u64::MAX, |end| end.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "ffffffff81000200 t work.cold\nffffffff81000100 T work\nffffffff81000100 T alias\n\
        ffffffff81000150 D table\nffffffffc0000000 t run\t[module]\n0000000000000000 T hidden\nx y\n\
        ffffffff81001000 T _etext\nffffffff81002000 t gone_exit\n\
        ffffffffc0400000 t ftrace_trampoline\t[__builtin__ftrace]\n";

    #[test]
    fn an_address_is_named_by_the_function_that_it_lies_in() {
        let symbols = Symbols::parse(TEXT);
        for (address, name) in [
            (0xffff_ffff_8100_0100, Some("work")),
            (0xffff_ffff_8100_01ff, Some("work")),
            (0xffff_ffff_8100_0200, Some("work.cold")),
            (0xffff_ffff_c000_0010, Some("run")),
            (0xffff_ffff_c002_0000, None),
            (0xffff_ffff_c040_0000, None),
            (0xffff_ffff_8100_0fff, Some("work.cold")),
            (0xffff_ffff_8100_1000, None),
            (0xffff_ffff_8100_2010, None),
            (0xffff_ffff_8100_00ff, None),
            (0, None),
        ] {
            assert_eq!(symbols.name_at(address), name, "{address:#x}");
        }
    }

    #[test]
    fn what_has_no_name_is_its_address() {
        let written = |symbols: &Symbols, address| {
            let mut out = Vec::new();
            symbols.write(address, &mut out);
            out
        };
        let symbols = Symbols::parse(TEXT);
        assert_eq!(written(&symbols, 0x10), b"0x10\0");
        assert_eq!(written(&symbols, 0xffff_ffff_8100_0101), b"work\0");
        assert!(Symbols::parse("0 T hidden\n").is_empty());
    }
}
