//! Why events are missing, in words, and what to do about it.

use thalweg_model::LossCause;

use crate::number::size_argument;

/// The sizes that were in force: advice is twice as much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// All rings of programs.
    pub(crate) ring_bytes: u64,
    /// The kernel's ring for each CPU.
    pub(crate) kernel_bytes: u64,
}

/// Why events of a source are missing; what follows a semicolon is what to do.
pub(crate) fn words(cause: LossCause, is_kernel: bool, sizes: Sizes) -> String {
    match cause {
        LossCause::RingFull if is_kernel => {
            format!(
                "its ring was full; try {}",
                twice("--kernel-buffer", sizes.kernel_bytes)
            )
        }
        LossCause::RingFull => {
            format!(
                "its ring was full; try {}",
                twice("--ring-size", sizes.ring_bytes)
            )
        }
        LossCause::Overwritten => {
            let wider = match is_kernel {
                true => twice("--kernel-buffer", sizes.kernel_bytes),
                false => twice("--ring-size", sizes.ring_bytes),
            };
            format!("newer events took their place; try {wider}")
        }
        LossCause::Torn => "a thread ended or jumped away in the middle of them".to_owned(),
        LossCause::AbiViolation => "the program has overwritten its ring".to_owned(),
        LossCause::TooLarge => {
            "larger than a chunk of the ring; make their fields smaller".to_owned()
        }
        LossCause::TooDeep => "in signal handlers within signal handlers, too deep".to_owned(),
        LossCause::NoThreadSlot => "more threads at once than a ring has room for".to_owned(),
        LossCause::Storage => {
            "the disk refused them; make room, or choose another disk with -o".to_owned()
        }
        LossCause::Late => "a stopped thread delivered them too late to be put in order".to_owned(),
        LossCause::Unreadable => "their bytes do not parse".to_owned(),
        LossCause::PacketGap(packets) => format!("{packets} packets are missing"),
        _ => "the source does not say why".to_owned(),
    }
}

fn twice(flag: &str, bytes: u64) -> String {
    format!("{flag} {}", size_argument(bytes.saturating_mul(2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes {
        ring_bytes: 64 << 10,
        kernel_bytes: 8 << 20,
    };

    #[test]
    fn a_full_ring_is_to_be_doubled() {
        assert_eq!(
            words(LossCause::RingFull, true, SIZES),
            "its ring was full; try --kernel-buffer 16M"
        );
        assert_eq!(
            words(LossCause::RingFull, false, SIZES),
            "its ring was full; try --ring-size 128K"
        );
    }
}
