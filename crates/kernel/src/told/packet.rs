//! The program at a packet's tracepoints: the headers that lie in its first part.
//!
//! ```text
//!   head                   network header                    tail
//!   | room | link's header | IP | TCP, UDP, ICMP | payload … |
//!                          └── 80 bytes at most ──┘
//! ```
//!
//! A packet that is sent says where the network's header is; one that was received has it in front.
//!
//! Registers: R6 the packet, R7 its head, R8 where the network's header is, R9 how many bytes are copied.

use thalweg_bpf::Register::{R1, R2, R3, R6, R7, R8, R9, R10};
use thalweg_bpf::{Assembler, Btf, BtfError, Condition, Helper, Operation, Size};
use thalweg_kbuf::{PacketLayout, ToldKind, ToldLayout};

use super::program::{RECORD, set_bytes, write_head};
use crate::bpf::find_offset;

/// Where the kernel keeps what is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    protocol: i16,
    network_header: i16,
    head: i16,
    data: i16,
    tail: i16,
}

impl Offsets {
    pub(super) fn find(btf: &Btf) -> Result<Self, BtfError> {
        let packet = |path| find_offset(btf, "sk_buff", path);
        Ok(Self {
            protocol: packet("protocol")?,
            network_header: packet("network_header")?,
            head: packet("head")?,
            data: packet("data")?,
            tail: packet("tail")?,
        })
    }
}

/// The argument is the packet.
pub(super) fn write(a: &mut Assembler, kind: ToldKind, offsets: Offsets) {
    a.load(Size::Eight, R6, (R1, 0));
    write_head(a, kind, PacketLayout::BYTES);
    a.store(Size::Eight, (R10, RECORD + ToldLayout::KEY), R6);
    a.load(Size::Two, R1, (R6, offsets.protocol));
    a.store(Size::Two, (R10, RECORD + PacketLayout::PROTOCOL), R1);
    a.load(Size::Eight, R7, (R6, offsets.head));
    match kind {
        ToldKind::Queued => {
            a.load(Size::Two, R8, (R6, offsets.network_header));
            a.add(R8, R7);
        }
        _ => a.load(Size::Eight, R8, (R6, offsets.data)),
    }
    write_headers(a, offsets);
    set_bytes(a, PacketLayout::BYTES);
}

fn write_headers(a: &mut Assembler, offsets: Offsets) {
    let (some, fits, none) = (a.label(), a.label(), a.label());
    // The end of the first part, on 64 bits, is counted from the head.
    a.load(Size::Four, R9, (R6, offsets.tail));
    a.add(R9, R7);
    a.operate(Operation::Subtract, R9, R8);
    a.jump_if(Condition::Greater, R9, 0, some);
    a.jump(none);
    a.bind(some);
    a.set(R1, i32::from(PacketLayout::HEADER_BYTES));
    a.jump_if(Condition::Above, R1, R9, fits);
    a.set(R9, R1);
    a.bind(fits);
    // The verifier is to know the bound.
    a.jump_if(
        Condition::Above,
        R9,
        i32::from(PacketLayout::HEADER_BYTES),
        none,
    );
    a.store(Size::Four, (R10, RECORD + PacketLayout::LEN), R9);
    a.set(R1, R10);
    a.add(R1, i32::from(RECORD + PacketLayout::HEADERS));
    a.set(R2, R9);
    a.set(R3, R8);
    a.call(Helper::ProbeReadKernel);
    a.bind(none);
}
