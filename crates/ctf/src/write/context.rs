//! The packet contexts of our two kinds of streams.
//!
//! ```text
//!   kernel    80       84           program   80     84     88         105
//!             | cpu_id |                      | vpid | vtid | procname |
//!               u32                             i32    i32    17 bytes, UTF-8, NUL-padded
//! ```
//!
//! Invariant: a context's bytes have a fixed length, the one that its declaration says.

use thalweg_model::{FieldClass, Member};

/// Bytes of a program's name with its NUL, as LTTng-UST writes it.
pub const PROCNAME_LEN: usize = 17;

/// What a stream says of each packet beside LTTng's fixed fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketContext {
    /// The processor on which the packet's events happened.
    Kernel {
        /// Its number.
        cpu_id: u32,
    },
    /// The thread to which the packet's events happened.
    Program {
        /// The process, as it sees itself.
        vpid: i32,
        /// The thread, as its process sees it.
        vtid: i32,
        /// The thread's name, up to the first NUL.
        procname: [u8; PROCNAME_LEN],
    },
}

impl PacketContext {
    /// A program's context; a name that is too long is cut.
    pub fn program(vpid: i32, vtid: i32, name: &[u8]) -> Self {
        let mut procname = [0; PROCNAME_LEN];
        let len = name.len().min(PROCNAME_LEN - 1);
        procname[..len].copy_from_slice(&name[..len]);
        Self::Program {
            vpid,
            vtid,
            procname,
        }
    }

    /// The declaration of kernel streams.
    pub fn kernel_members() -> Vec<Member> {
        vec![Member::new("cpu_id", FieldClass::uint(32))]
    }

    /// The declaration of programs' streams.
    pub fn program_members() -> Vec<Member> {
        vec![
            Member::new("vpid", FieldClass::int(32)),
            Member::new("vtid", FieldClass::int(32)),
            Member::new("procname", FieldClass::text_array(PROCNAME_LEN as u64)),
        ]
    }

    /// The bytes behind the packet header's fixed part.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Kernel { cpu_id } => cpu_id.to_le_bytes().to_vec(),
            Self::Program {
                vpid,
                vtid,
                procname,
            } => [&vpid.to_le_bytes()[..], &vtid.to_le_bytes(), procname].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_context_is_the_processor() {
        assert_eq!(
            PacketContext::Kernel { cpu_id: 0x0102 }.encode(),
            [2, 1, 0, 0]
        );
    }

    #[test]
    fn a_program_context_is_process_thread_and_name() {
        let bytes = PacketContext::program(1, -2, b"shop").encode();
        assert_eq!(bytes[..8], [1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF]);
        assert_eq!(&bytes[8..], b"shop\0\0\0\0\0\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn a_long_name_keeps_its_nul() {
        let bytes = PacketContext::program(1, 1, b"a-name-that-is-far-too-long").encode();
        assert_eq!(&bytes[8..], b"a-name-that-is-f\0");
    }
}
