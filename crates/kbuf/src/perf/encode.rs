//! The bytes of an event in the trace.

use super::{PerfBody, PerfKind, PerfMapping, PerfRecord, PerfSample};

/// The marks between the addresses of a stack are the 4095 largest numbers.
const MARKS: u64 = (-4095_i64).cast_unsigned();
const KERNEL: u64 = (-128_i64).cast_unsigned();
const USER: u64 = (-512_i64).cast_unsigned();

impl PerfRecord<'_> {
    /// Appends what the record says of its thread, whose name is `comm`.
    pub fn encode_context(&self, comm: [u8; 16], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.pid.to_le_bytes());
        out.extend_from_slice(&self.tid.to_le_bytes());
        out.extend_from_slice(&comm);
    }
}

impl PerfBody<'_> {
    /// Which event it becomes, if it is no sample and is told at all.
    pub const fn kind(&self) -> Option<PerfKind> {
        Some(match self {
            Self::Mmap2(_) => PerfKind::Mmap2,
            Self::Comm { .. } => PerfKind::Comm,
            Self::Fork { .. } => PerfKind::Fork,
            Self::Exit { .. } => PerfKind::Exit,
            Self::Throttle => PerfKind::Throttle,
            Self::Unthrottle => PerfKind::Unthrottle,
            Self::Sample(_) | Self::Lost(_) | Self::Other => return None,
        })
    }

    /// Appends both stacks: a sample's, or none.
    pub fn encode_stacks(&self, out: &mut Vec<u8>) {
        self.encode_kernel_stack(out);
        self.encode_user_stack(out);
    }

    /// Appends the kernel's part of the stack.
    pub fn encode_kernel_stack(&self, out: &mut Vec<u8>) {
        put_stack(self.stack(), KERNEL, out);
    }

    /// Appends the program's part of the stack.
    pub fn encode_user_stack(&self, out: &mut Vec<u8>) {
        put_stack(self.stack(), USER, out);
    }

    const fn stack(&self) -> &[u8] {
        match self {
            Self::Sample(sample) => sample.stack,
            _ => &[],
        }
    }

    /// Appends the event's fields.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Sample(PerfSample { ip, period, .. }) => {
                out.extend_from_slice(&ip.to_le_bytes());
                out.extend_from_slice(&period.to_le_bytes());
            }
            Self::Mmap2(mapping) => mapping.encode(out),
            Self::Comm {
                pid,
                tid,
                name,
                is_exec,
            } => {
                put_ints(&[*pid, *tid], out);
                put_text(name, out);
                out.push((*is_exec).into());
            }
            Self::Fork {
                pid,
                ppid,
                tid,
                ptid,
            }
            | Self::Exit {
                pid,
                ppid,
                tid,
                ptid,
            } => put_ints(&[*pid, *ppid, *tid, *ptid], out),
            Self::Throttle | Self::Unthrottle | Self::Lost(_) | Self::Other => {}
        }
    }
}

impl PerfMapping<'_> {
    /// Appends the event's fields.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_ints(&[self.pid, self.tid], out);
        for word in [self.start, self.length, self.offset] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        // A kernel's has 20 bytes; no file's is longer than a page.
        out.extend_from_slice(&(self.build_id.len() as u32).to_le_bytes());
        out.extend_from_slice(self.build_id);
        put_text(self.filename, out);
    }
}

/// The addresses behind a mark, with their number before them.
fn put_stack(stack: &[u8], mark: u64, out: &mut Vec<u8>) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    let (mut is_wanted, mut count) = (false, 0_u32);
    for word in stack.as_chunks().0 {
        let word = u64::from_ne_bytes(*word);
        if word >= MARKS {
            is_wanted = word == mark;
        } else if is_wanted {
            out.extend_from_slice(&word.to_le_bytes());
            count += 1;
        }
    }
    out[at..at + 4].copy_from_slice(&count.to_le_bytes());
}

fn put_ints(ints: &[i32], out: &mut Vec<u8>) {
    out.extend(ints.iter().flat_map(|int| int.to_le_bytes()));
}

/// A text ends at its first NUL.
fn put_text(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text.iter().take_while(|&&byte| byte != 0));
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_parted_by_its_marks() {
        let words = [1, KERNEL, 2, 3, (-2048_i64).cast_unsigned(), 4, USER, 5];
        let stack: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let sample = PerfBody::Sample(PerfSample {
            ip: 0,
            period: 0,
            read: (&[], 0),
            stack: &stack,
            raw: &[],
        });
        let mut out = Vec::new();
        sample.encode_stacks(&mut out);
        let word = |word: u64| word.to_le_bytes().to_vec();
        let expected = [
            vec![2, 0, 0, 0],
            word(2),
            word(3),
            vec![1, 0, 0, 0],
            word(5),
        ];
        assert_eq!(out, expected.concat());
        out.clear();
        PerfBody::Throttle.encode_stacks(&mut out);
        assert_eq!(out, [0; 8]);
    }
}
