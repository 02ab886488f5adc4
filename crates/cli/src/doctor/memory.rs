//! The memory that a program and its recorder share.

use std::fs;

use rustix::fs::{
    MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, ftruncate, memfd_create,
};
use rustix::io::Errno;

use super::finding::Finding;

/// The auxiliary vector's entry with the size of the kernel's rseq area, from Linux 6.3 on.
const AT_RSEQ_FEATURE_SIZE: u64 = 27;

/// What memory can be shared, and how a program learns its CPU.
pub(crate) fn findings() -> Vec<Finding> {
    vec![
        memory(seal()),
        rseq(&fs::read("/proc/self/auxv").unwrap_or_default()),
    ]
}

/// What a program does before `main`: a memory file whose size nobody can change.
fn seal() -> Result<bool, Errno> {
    let file = memfd_create(
        "thalweg-doctor",
        MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
    )?;
    ftruncate(&file, 1 << 16)?;
    let size = SealFlags::SHRINK | SealFlags::GROW;
    fcntl_add_seals(&file, size)?;
    let kept = fcntl_get_seals(&file)?.contains(size);
    Ok(kept && ftruncate(&file, 0) == Err(Errno::PERM))
}

fn memory(sealed: Result<bool, Errno>) -> Finding {
    let id = "programs.memory";
    match sealed {
        Ok(true) => Finding::ok(id, "memory files can be sealed"),
        Ok(false) => Finding::missing(id, "memory files do not keep their seals"),
        Err(why) => Finding::missing(id, format!("memory files cannot be sealed: {why}")),
    }
}

fn rseq(auxv: &[u8]) -> Finding {
    let word = |bytes: &[u8]| u64::from_ne_bytes(bytes.try_into().expect("eight bytes"));
    let (entries, _) = auxv.as_chunks::<16>();
    let size = entries
        .iter()
        .find(|entry| word(&entry[..8]) == AT_RSEQ_FEATURE_SIZE)
        .map(|entry| word(&entry[8..]));
    let id = "programs.rseq";
    match size {
        Some(bytes) => Finding::ok(id, format!("{bytes} bytes: a program's CPU costs no call")),
        None => Finding::warn(
            id,
            "the kernel does not announce it (Linux 6.3 and later do): \
             a program's CPU may cost a call for each event",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn the_auxiliary_vector_is_searched_to_its_end() {
        let entry = |key: u64, value: u64| [key.to_ne_bytes(), value.to_ne_bytes()].concat();
        let auxv = [entry(6, 4096), entry(27, 28), entry(0, 0)].concat();
        assert_eq!(rseq(&auxv).words, "28 bytes: a program's CPU costs no call");
        assert_eq!(rseq(&auxv[..16]).state, State::Warn);
        assert_eq!(rseq(&[]).state, State::Warn);
    }
}
