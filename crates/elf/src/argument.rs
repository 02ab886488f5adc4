//! An SDT probe's argument: `SIZE@OPERAND`, the operand as the assembler was given it.
//!
//! ```text
//!   -4@%eax    8@-80(%rbx)    4@$7    8@global(%rip)    2@table+4(%rip)    8f@%xmm0
//! ```
//!
//! The compiler writes them, and whoever made the file can write anything there. What the kernel cannot
//! read keeps its text and has no operand.

use crate::register::Register;

/// An argument of an SDT probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// As the file has it.
    pub text: String,
    /// Its size in bytes.
    pub size_bytes: u8,
    /// Whether it may be negative.
    pub is_signed: bool,
    /// Whether it is a floating-point number.
    pub is_float: bool,
    /// Where it is; none if that is no place that the kernel's probes can read.
    pub operand: Option<Operand>,
}

/// Where an argument is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// In a register.
    Register(Register),
    /// Nowhere: it is always the same.
    Constant(i64),
    /// In memory, so far from what a register points at.
    Memory {
        /// The register.
        base: Register,
        /// How far.
        offset: i64,
    },
    /// In the program's own data, so far from a symbol.
    Data {
        /// The symbol.
        symbol: String,
        /// How far.
        offset: i64,
    },
}

/// The arguments of a probe.
pub(crate) fn parse_all(text: &str) -> Vec<Argument> {
    text.split_ascii_whitespace().map(parse).collect()
}

fn parse(text: &str) -> Argument {
    let (form, operand) = text.split_once('@').unwrap_or(("8", text));
    let (is_signed, bare) = match form.strip_prefix('-') {
        Some(bare) => (true, bare),
        None => (false, form),
    };
    let digits = bare.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let size = digits
        .parse()
        .ok()
        .filter(|size| matches!(size, 1 | 2 | 4 | 8));
    Argument {
        text: text.to_owned(),
        size_bytes: size.unwrap_or(8),
        is_signed,
        is_float: bare.ends_with('f'),
        operand: size.and_then(|_| Operand::parse(operand)),
    }
}

impl Operand {
    fn parse(text: &str) -> Option<Self> {
        if let Some(constant) = text.strip_prefix('$') {
            return number(constant).map(Self::Constant);
        }
        if let Some(name) = text.strip_prefix('%') {
            return Register::named(name).map(Self::Register);
        }
        let (offset, base) = match text.strip_suffix(')') {
            Some(inner) => inner.split_once('(')?,
            None => (text, "%rip"),
        };
        match base.strip_prefix('%')? {
            "rip" | "eip" => data(offset),
            // With an index behind a comma it is no register's name.
            base => Some(Self::Memory {
                base: Register::named(base)?,
                offset: if offset.is_empty() {
                    0
                } else {
                    number(offset)?
                },
            }),
        }
    }
}

/// `symbol`, `symbol+4`, `symbol-4`, `4+symbol`.
fn data(text: &str) -> Option<Operand> {
    let is_symbol = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let at = text.get(1..)?.find(['+', '-']).map(|at| at + 1);
    let (first, second) = text.split_at(at.unwrap_or(text.len()));
    let (symbol, offset) = match is_symbol(first) {
        true => (first, second),
        false => (second.trim_start_matches('+'), first),
    };
    let offset = offset.strip_prefix('+').unwrap_or(offset);
    let fits = is_symbol(symbol) && symbol.chars().all(is_in_symbol);
    fits.then_some(Operand::Data {
        symbol: symbol.to_owned(),
        offset: if offset.is_empty() {
            0
        } else {
            number(offset)?
        },
    })
}

fn is_in_symbol(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$')
}

fn number(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse::<u64>().ok()?,
    };
    // The largest unsigned constants are written as they are: the same bits.
    Some(match is_negative {
        true => value.cast_signed().wrapping_neg(),
        false => value.cast_signed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let told = |argument: Argument| {
            let form = match (argument.is_float, argument.is_signed) {
                (true, _) => 'f',
                (_, true) => 's',
                _ => 'u',
            };
            let place = match argument.operand {
                None => "nowhere".to_owned(),
                Some(Operand::Register(register)) => register.kernel_name().to_owned(),
                Some(Operand::Constant(value)) => value.to_string(),
                Some(Operand::Memory { base, offset }) => {
                    format!("{offset}({})", base.kernel_name())
                }
                Some(Operand::Data { symbol, offset }) => format!("{symbol}{offset:+}"),
            };
            format!("{form}{} {place}", argument.size_bytes)
        };
        let all: Vec<String> = parse_all(text).into_iter().map(told).collect();
        assert_eq!(all.join(", "), want, "{text}");
    }

    #[test]
    fn what_compilers_write_is_understood() {
        check("-4@%eax 8@8(%rbp)", "s4 ax, u8 8(bp)");
        check("8@(%r12) -8@-0x10(%rsp)", "u8 0(r12), s8 -16(sp)");
        check("4@$7 -4@$-1 8@$0xffffffffffffffff", "u4 7, s4 -1, u8 -1");
        check("8@global(%rip) 4@table+4(%rip)", "u8 global+0, u4 table+4");
        check(
            "4@8+table(%rip) 2@x-2 1@name",
            "u4 table+8, u2 x-2, u1 name+0",
        );
        check("1@%dil 2@%r9w %rdx", "u1 di, u2 r9, u8 dx");
        check("", "");
    }

    #[test]
    fn what_no_probe_of_the_kernel_can_read_is_nowhere() {
        check("8f@%xmm0 4@(%rax,%rdx,4)", "f8 nowhere, u4 nowhere");
        check(
            "1@%ah 8@%fs:40 8@16(%rip)",
            "u1 nowhere, u8 nowhere, u8 nowhere",
        );
        check(
            "4@$symbol 3@%eax @%eax -@%eax",
            "u4 nowhere, u8 nowhere, u8 nowhere, s8 nowhere",
        );
        check("8@ @ 8@( 8@) 8@() 8@-(%rax)", &["u8 nowhere"; 6].join(", "));
    }
}
