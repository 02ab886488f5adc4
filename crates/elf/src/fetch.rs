//! An argument in the kernel's words: the fetch argument of a dynamic probe, and its type.

use crate::argument::{Argument, Operand};
use crate::points::Place;

/// What a probe of the kernel's is to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// From where: `%di`, `+8(%bp)`, `\7`, `+4096(%ip)`.
    pub from: String,
    /// The type that the file gives it: `s32`, `u64`, or `x64` of a number with a fraction, whose bits
    /// are all that the kernel hands out.
    pub kind: String,
}

impl Argument {
    /// How the kernel fetches it at `probe`; none if it cannot. `symbol` finds a symbol's address.
    pub fn fetch(&self, probe: Place, symbol: impl Fn(&str) -> Option<u64>) -> Option<Fetch> {
        let from = match self.operand.as_ref()? {
            Operand::Register(register) => format!("%{}", register.kernel_name()),
            Operand::Constant(value) => format!("\\{value}"),
            Operand::Memory { base, offset } => format!("{offset:+}(%{})", base.kernel_name()),
            Operand::Data {
                symbol: name,
                offset,
            } => {
                // In memory both are as far apart as in the file. The kernel's own way to say it,
                // `@+OFFSET`, counts the offset twice in Linux 6.1.
                let address = symbol(name)?.wrapping_add_signed(*offset);
                let far = address.wrapping_sub(probe.address).cast_signed();
                format!("{far:+}(%ip)")
            }
        };
        let letter = match (self.is_float, self.is_signed) {
            (true, _) => 'x',
            (_, true) => 's',
            _ => 'u',
        };
        let kind = format!("{letter}{}", u32::from(self.size_bytes) * 8);
        Some(Fetch { from, kind })
    }
}

/// Where a function finds its argument with this number, from one, at its first instruction: the
/// calling convention of x86-64, for integers and pointers.
pub fn function_argument(number: usize) -> Option<String> {
    const REGISTERS: [&str; 6] = ["di", "si", "dx", "cx", "r8", "r9"];
    match number {
        0 => None,
        1..=6 => Some(format!("%{}", REGISTERS[number - 1])),
        // Behind the return address.
        7..=64 => Some(format!("+{}(%sp)", (number - 6) * 8)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argument::parse_all;

    const PROBE: Place = Place {
        address: 0x1150,
        offset: 0x150,
    };

    #[track_caller]
    fn check(text: &str, want: &str) {
        let symbol = |name: &str| match name {
            "behind" => Some(0x4010),
            "before" => Some(0x1000),
            _ => None,
        };
        let told = |argument: &Argument| match argument.fetch(PROBE, symbol) {
            Some(fetch) => format!("{}:{}", fetch.from, fetch.kind),
            None => "none".to_owned(),
        };
        let all: Vec<String> = parse_all(text).iter().map(told).collect();
        assert_eq!(all.join(" "), want, "{text}");
    }

    #[test]
    fn arguments_become_fetch_arguments() {
        check(
            "-4@%eax 8@8(%rbp) 1@(%rdi)",
            "%ax:s32 +8(%bp):u64 +0(%di):u8",
        );
        check("-2@-6(%rsp) 4@$7 -8@$-3", "-6(%sp):s16 \\7:u32 \\-3:s64");
        check("8f@(%rax) 8f@%xmm1", "+0(%ax):x64 none");
    }

    #[test]
    fn data_is_as_far_from_the_probe_as_its_address() {
        check("8@behind(%rip)", &format!("+{}(%ip):u64", 0x4010 - 0x1150));
        check(
            "4@behind+4(%rip)",
            &format!("+{}(%ip):u32", 0x4014 - 0x1150),
        );
        check("4@before(%rip)", &format!("-{}(%ip):u32", 0x150));
        check("4@unknown(%rip)", "none");
    }

    #[test]
    fn a_function_s_arguments_are_in_registers_and_then_on_the_stack() {
        let all: Vec<_> = (0..=8).map(function_argument).collect();
        let want = [
            "%di", "%si", "%dx", "%cx", "%r8", "%r9", "+8(%sp)", "+16(%sp)",
        ];
        let want = want.map(|text| Some(text.to_owned()));
        assert_eq!(all[0], None);
        assert_eq!(all[1..], want);
    }
}
