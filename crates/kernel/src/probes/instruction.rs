//! Places where a probe would harm the program.
//!
//! Linux 6.18 makes a `nop` of five bytes that is probed a call, which writes its return address below
//! the stack pointer: there functions that call no others keep their data (the red zone).

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// The first kernel that does.
const FIRST: (u32, u32) = (6, 18);

/// Refuses such a place in the middle of a function.
pub(super) fn check_instruction(file: &File, offset: u64, what: &str) -> Result<(), String> {
    let mut bytes = [0; 5];
    let is_read = file.read_exact_at(&mut bytes, offset).is_ok();
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    match is_read && is_wide_nop(bytes) && version(&release) >= Some(FIRST) {
        true => Err(format!(
            "a probe at {what} could damage the program: the instruction is a nop of five bytes, which \
             this kernel makes a call that writes below the stack"
        )),
        false => Ok(()),
    }
}

fn is_wide_nop(bytes: [u8; 5]) -> bool {
    matches!(
        bytes,
        [0x0f, 0x1f, 0x44, _, _] | [0x66, 0x0f, 0x1f, 0x40, _]
    )
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let mut number = || numbers.next()?.parse().ok();
    Some((number()?, number()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nops_of_five_bytes_and_kernels_are_known() {
        assert!(is_wide_nop([0x0f, 0x1f, 0x44, 0, 0]));
        assert!(is_wide_nop([0x66, 0x0f, 0x1f, 0x40, 0]));
        assert!(!is_wide_nop([0x90, 0x0f, 0x1f, 0x44, 0]));
        assert_eq!(version("6.18.44-x86\n"), Some((6, 18)));
        assert!(version("6.1.0-48-amd64") < Some(FIRST));
        assert!(version("7.0.1") > Some(FIRST));
        assert_eq!(version("?"), None);
    }
}
