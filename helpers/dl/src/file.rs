//! What only an object's file tells: its true path, and its debug link.

use core::ffi::{CStr, c_int};

use thalweg_helper::elf::{self, DebugLink};

const LONGEST_PATH: usize = 4096;

/// A file that was looked at.
pub(crate) struct File {
    path: [u8; LONGEST_PATH],
    path_len: usize,
    debug_link: Option<DebugLink>,
}

/// A descriptor that is closed when dropped.
struct Fd(c_int);

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: the descriptor is ours.
        unsafe { libc::close(self.0) };
    }
}

impl File {
    /// Looks at a file; of one that cannot be opened only the name is known.
    pub(crate) fn look(name: &CStr) -> Self {
        let mut file = Self {
            path: [0; LONGEST_PATH],
            path_len: 0,
            debug_link: None,
        };
        let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
        // SAFETY: the name is a C string.
        let fd = Fd(unsafe { libc::open(name.as_ptr(), flags) });
        if fd.0 >= 0 {
            file.path_len = true_path(&fd, &mut file.path);
            file.debug_link = elf::debug_link(&mut |at, buffer| read(&fd, at, buffer));
        }
        if file.path_len == 0 {
            let bytes = name.to_bytes();
            file.path_len = bytes.len().min(LONGEST_PATH);
            file.path[..file.path_len].copy_from_slice(&bytes[..file.path_len]);
        }
        file
    }

    /// Its path.
    pub(crate) fn path(&self) -> &[u8] {
        &self.path[..self.path_len]
    }

    /// Where its debug information is.
    pub(crate) fn debug_link(&self) -> Option<&DebugLink> {
        self.debug_link.as_ref()
    }
}

fn read(fd: &Fd, at: u64, buffer: &mut [u8]) -> bool {
    let Ok(at) = libc::off_t::try_from(at) else {
        return false;
    };
    // SAFETY: the buffer is writable for its length.
    let read = unsafe { libc::pread(fd.0, buffer.as_mut_ptr().cast(), buffer.len(), at) };
    usize::try_from(read) == Ok(buffer.len())
}

/// The path without links, as the kernel knows it; its length, 0 if it does not tell.
fn true_path(fd: &Fd, path: &mut [u8; LONGEST_PATH]) -> usize {
    let link = Link::new(fd.0);
    // SAFETY: the link is a C string, and the buffer is writable for its length.
    let len = unsafe {
        libc::readlink(
            link.0.as_ptr().cast(),
            path.as_mut_ptr().cast(),
            LONGEST_PATH,
        )
    };
    usize::try_from(len).unwrap_or(0)
}

/// `/proc/self/fd/N`, as a C string.
struct Link([u8; 32]);

impl Link {
    fn new(number: c_int) -> Self {
        const FOLDER: &[u8] = b"/proc/self/fd/";
        let mut text = [0; 32];
        text[..FOLDER.len()].copy_from_slice(FOLDER);
        let mut digits = [0; 10];
        let mut rest = number.unsigned_abs();
        let mut first = digits.len();
        while rest > 0 || first == digits.len() {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let digits = &digits[first..];
        text[FOLDER.len()..FOLDER.len() + digits.len()].copy_from_slice(digits);
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_of_a_descriptor_is_a_path() {
        for (number, expected) in [(0, c"/proc/self/fd/0"), (1234, c"/proc/self/fd/1234")] {
            let link = Link::new(number);
            let text = CStr::from_bytes_until_nul(&link.0).expect("it ends with a zero");
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn a_file_that_is_not_there_keeps_its_name() {
        let file = File::look(c"./not/there.so");
        assert_eq!(file.path(), b"./not/there.so");
        assert!(file.debug_link().is_none());
    }

    #[test]
    fn a_file_is_known_by_its_path_without_links() {
        let file = File::look(c"/proc/self/exe");
        let expected = std::env::current_exe().expect("the kernel knows it");
        assert_eq!(file.path(), expected.as_os_str().as_encoded_bytes());
    }
}
