//! The packets of a stream file, by the offsets that LTTng's layout fixes and nothing else.
//!
//! This is a second opinion on our writer: it shares no code with it.

use std::fs;
use std::path::Path;

/// One packet, as its bytes say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where it begins in its file.
    pub offset: usize,
    /// The trace's id.
    pub uuid: [u8; 16],
    /// The stream class.
    pub stream_id: u32,
    /// The stream.
    pub instance: u64,
    /// Time of its begin.
    pub begin: u64,
    /// Time of its end.
    pub end: u64,
    /// Bits of header, context and events.
    pub content_bits: u64,
    /// Bits in all.
    pub packet_bits: u64,
    /// Its number in the stream.
    pub sequence: u64,
    /// Discarded events so far.
    pub discarded: u64,
    /// All its bytes.
    pub bytes: Vec<u8>,
}

impl Packet {
    /// The bytes behind LTTng's 80, up to the end of the content.
    pub fn behind_fixed(&self) -> &[u8] {
        &self.bytes[80..self.content_bits as usize / 8]
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// All packets of `file`, or where and why it is not made of packets from begin to end.
pub fn packets(file: &Path) -> Result<Vec<Packet>, String> {
    let bytes = fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let packet =
            packet_at(&bytes, at).map_err(|why| format!("{} byte {at}: {why}", file.display()))?;
        at += packet.bytes.len();
        found.push(packet);
    }
    Ok(found)
}

fn packet_at(file: &[u8], offset: usize) -> Result<Packet, String> {
    let bytes = &file[offset..];
    if bytes.len() < 80 {
        return Err(format!("{} bytes are no packet header", bytes.len()));
    }
    if u32_at(bytes, 0) != 0xC1FC_1FC1 {
        return Err(format!("magic number {:#x}", u32_at(bytes, 0)));
    }
    let (content_bits, packet_bits) = (u64_at(bytes, 48), u64_at(bytes, 56));
    if packet_bits == 0 || packet_bits % 8 != 0 || packet_bits / 8 > bytes.len() as u64 {
        return Err(format!(
            "packet of {packet_bits} bits in {} bytes of file",
            bytes.len()
        ));
    }
    if content_bits % 8 != 0 || !(80 * 8..=packet_bits).contains(&content_bits) {
        return Err(format!(
            "content of {content_bits} bits in a packet of {packet_bits}"
        ));
    }
    Ok(Packet {
        offset,
        uuid: bytes[4..20].try_into().expect("sixteen bytes"),
        stream_id: u32_at(bytes, 20),
        instance: u64_at(bytes, 24),
        begin: u64_at(bytes, 32),
        end: u64_at(bytes, 40),
        content_bits,
        packet_bits,
        sequence: u64_at(bytes, 64),
        discarded: u64_at(bytes, 72),
        bytes: bytes[..packet_bits as usize / 8].to_vec(),
    })
}

/// The first rule that the packets of one stream break, if any.
pub fn broken_order(packets: &[Packet]) -> Option<String> {
    packets
        .iter()
        .find_map(broken_alone)
        .or_else(|| packets.windows(2).find_map(broken_pair))
}

fn broken_alone(packet: &Packet) -> Option<String> {
    let at = packet.offset;
    if packet.begin > packet.end {
        return Some(format!("packet at {at} ends before it begins"));
    }
    (!packet.packet_bits.is_multiple_of(4096 * 8))
        .then(|| format!("packet at {at} is not whole pages"))
}

fn broken_pair(pair: &[Packet]) -> Option<String> {
    let [a, b] = pair else { return None };
    let at = b.offset;
    let rules = [
        (b.uuid == a.uuid, "has another uuid than the one before it"),
        (b.stream_id == a.stream_id, "changes the stream class"),
        (b.instance == a.instance, "changes the stream instance"),
        (b.sequence == a.sequence + 1, "skips a sequence number"),
        (b.begin >= a.end, "begins before the one before it ended"),
        (b.discarded >= a.discarded, "takes discarded events back"),
    ];
    rules
        .iter()
        .find(|(kept, _)| !kept)
        .map(|(_, why)| format!("packet at {at} {why}"))
}
