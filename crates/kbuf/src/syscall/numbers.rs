//! The numbers of x86-64's system calls, and which of the kernel's events is whose.
//!
//! `numbers.txt` holds `NUMBER NAME` lines as they stand in the header `asm/unistd_64.h` of Linux 6.19:
//!
//! ```text
//!   awk '$1 == "#define" && sub("__NR_", "", $2) { print $3, $2 }' asm/unistd_64.h
//! ```
//!
//! A number never changes its meaning, so the list fits every kernel. The kernel's events are named
//! after its functions, which differ in some: `stat` is `sys_newstat`, `sendfile` is `sys_sendfile64`,
//! `umount2` is `sys_umount`.

static TEXT: &str = include_str!("numbers.txt");

/// Numbers of system calls are below it, but for x32's.
pub const SYSCALL_LIMIT: u32 = 512;

/// Each call's number and name.
pub fn syscall_numbers() -> impl Iterator<Item = (u32, &'static str)> {
    TEXT.lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(number, name)| Some((number.parse().ok()?, name)))
}

/// The names, behind `sys_enter_`, that the kernel's event of a call may have; none is another call's.
pub(super) fn event_names(call: &str) -> Vec<String> {
    let others = [
        format!("new{call}"),
        format!("{call}64"),
        call.trim_end_matches('2').to_owned(),
    ];
    let is_free = |name: &String| syscall_numbers().all(|(_, known)| known != name);
    let others = others.into_iter().filter(is_free);
    std::iter::once(call.to_owned()).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_number_of_its_own_and_a_name() {
        let all: Vec<_> = syscall_numbers().collect();
        assert_eq!(all.len(), TEXT.lines().count());
        assert!(all.is_sorted_by(|a, b| a.0 < b.0));
        assert!(all.iter().all(|(number, _)| *number < SYSCALL_LIMIT));
        assert!(all.contains(&(257, "openat")) && all.contains(&(0, "read")));
    }

    #[test]
    fn no_call_takes_another_ones_name() {
        assert_eq!(event_names("stat"), ["stat", "newstat", "stat64"]);
        assert_eq!(event_names("umount2")[3], "umount");
        assert!(!event_names("openat2").contains(&"openat".to_owned()));
    }

    #[test]
    fn the_machines_header_says_the_same() {
        let path = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";
        let Ok(header) = std::fs::read_to_string(path) else {
            return eprintln!("no {path}: not compared");
        };
        let all: Vec<_> = syscall_numbers().collect();
        let mut compared = 0;
        for line in header.lines() {
            let Some((name, number)) = line
                .strip_prefix("#define __NR_")
                .and_then(|rest| rest.split_once(' '))
            else {
                continue;
            };
            let number = number.trim().parse().expect("a number");
            assert!(all.contains(&(number, name)), "{line}");
            compared += 1;
        }
        assert!(compared > 300);
    }
}
