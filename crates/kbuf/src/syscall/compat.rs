//! The calls of 32-bit programs: i386's numbers, and what their arguments are.
//!
//! The kernel describes none of them to tracefs. `numbers_32.txt`, which `scripts/calls_of_i386.py`
//! makes of the kernel's headers, holds a call a line:
//!
//! ```text
//!   5 open                                     arguments of the 64-bit call of this name
//!   221 fcntl64 = fcntl                        those of another one
//!   7 waitpid pid_t pid, int * stat_addr, …    its own, or - for none
//! ```

use crate::format::EventFormat;

static TEXT: &str = include_str!("numbers_32.txt");

/// A call of 32-bit programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompatCall {
    /// Its number, below the limit of those of 64-bit programs.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    arguments: Arguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arguments {
    OfCall(&'static str),
    Own(&'static str),
}

/// All of them, in the order of their numbers.
pub fn compat_calls() -> impl Iterator<Item = CompatCall> {
    TEXT.lines().filter_map(|line| {
        let (number, rest) = line.split_once(' ')?;
        let (name, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
        Some(CompatCall {
            number: number.parse().ok()?,
            name,
            arguments: match arguments.strip_prefix("= ") {
                Some(call) => Arguments::OfCall(call),
                None if arguments.is_empty() => Arguments::OfCall(name),
                None => Arguments::Own(arguments),
            },
        })
    })
}

impl CompatCall {
    /// The 64-bit call that has the same arguments, if one has.
    pub fn same_as(&self) -> Option<&'static str> {
        match self.arguments {
            Arguments::OfCall(call) => Some(call),
            Arguments::Own(_) => None,
        }
    }

    /// Its arguments in the words of tracefs, if no 64-bit call has the same.
    pub fn format(&self) -> Option<EventFormat> {
        let Arguments::Own(arguments) = self.arguments else {
            return None;
        };
        let mut text = format!("name: sys_enter_{}\nID: 0\nformat:\n", self.name);
        text.push_str("\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n");
        text.push_str("\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n");
        let declared = arguments.split(", ").filter(|argument| *argument != "-");
        for (place, argument) in declared.enumerate() {
            let offset = 16 + 8 * place;
            text.push_str(&format!(
                "\tfield:{argument};\toffset:{offset};\tsize:8;\tsigned:0;\n"
            ));
        }
        EventFormat::parse(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syscall::{SYSCALL_LIMIT, syscall_numbers};

    #[test]
    fn each_line_is_a_number_of_its_own_and_a_call_whose_arguments_are_known() {
        let all: Vec<_> = compat_calls().collect();
        assert_eq!(all.len(), TEXT.lines().count());
        assert!(all.is_sorted_by(|a, b| a.number < b.number));
        for call in all {
            assert!(call.number < SYSCALL_LIMIT, "{}", call.name);
            match call.same_as() {
                Some(same) => assert!(
                    syscall_numbers().any(|(_, name)| name == same),
                    "{}: {same}",
                    call.name
                ),
                None => {
                    let format = call.format();
                    let format = format.unwrap_or_else(|| panic!("{}", call.name));
                    assert!(format.fields.len() <= 7, "{}", call.name);
                }
            }
        }
    }

    #[test]
    fn the_machines_header_says_the_same() {
        let path = "/usr/include/x86_64-linux-gnu/asm/unistd_32.h";
        let Ok(header) = std::fs::read_to_string(path) else {
            return eprintln!("no {path}: not compared");
        };
        let mut compared = 0;
        for call in compat_calls() {
            let lines = header
                .lines()
                .filter_map(|l| l.strip_prefix("#define __NR_"));
            let mut known = lines.filter_map(|line| line.split_once(' '));
            if let Some((_, number)) = known.find(|(name, _)| *name == call.name) {
                assert_eq!(number.trim(), call.number.to_string(), "{}", call.name);
                compared += 1;
            }
        }
        assert!(compared > 380, "{compared}");
    }
}
