//! The headers of a packet, as they came over the network, which is how LTTng's fields lie.
//!
//! ```text
//!   body      | protocol | bytes | IPv4: 20 | options | TCP: 20 …
//!   fields    | 1 | IPv4: 20 | 1 | TCP: 20 |       0: neither; 1 IPv4, 2 IPv6; 1 TCP, 2 UDP, 3 ICMP
//! ```

use super::record::{PacketLayout, ToldLayout};

const IPV4: [u8; 2] = [0x08, 0x00];
const IPV6: [u8; 2] = [0x86, 0xdd];
const IPV4_BYTES: usize = 20;
const IPV6_BYTES: usize = 40;
/// What follows in a packet, by its number there: its type here, and its bytes.
const TRANSPORTS: [(u8, u8, usize); 3] = [(6, 1, 20), (17, 2, 8), (1, 3, 8)];

/// Appends which network header there is, and the header with what follows; 0 if there is none.
pub(super) fn encode(body: &[u8], out: &mut Vec<u8>) {
    let place = |at: i16| (at - ToldLayout::BODY) as usize;
    let protocol = body.first_chunk::<2>().copied().unwrap_or_default();
    let len = body.get(place(PacketLayout::LEN)).copied().unwrap_or(0);
    let headers = body.get(place(PacketLayout::HEADERS)..).unwrap_or_default();
    let headers = headers.get(..len.into()).unwrap_or(headers);
    let begin = out.len();
    let done = match protocol {
        IPV4 => ipv4(headers, out),
        IPV6 => ipv6(headers, out),
        _ => None,
    };
    if done.is_none() {
        out.truncate(begin);
        out.push(0);
    }
}

fn ipv4(headers: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let header: &[u8; IPV4_BYTES] = headers.first_chunk().filter(|header| header[0] >> 4 == 4)?;
    out.push(1);
    out.extend_from_slice(header);
    let len = usize::from(header[0] & 0x0f) * 4;
    // Behind a fragment's header, but for the first one's, there is no other.
    let is_first = header[6] & 0x1f == 0 && header[7] == 0;
    let rest = headers.get(len..).filter(|_| len >= IPV4_BYTES && is_first);
    transport(header[9], rest, out);
    Some(())
}

fn ipv6(headers: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let header: &[u8; IPV6_BYTES] = headers.first_chunk().filter(|header| header[0] >> 4 == 6)?;
    out.push(2);
    out.extend_from_slice(header);
    transport(header[6], headers.get(IPV6_BYTES..), out);
    Some(())
}

fn transport(number: u8, rest: Option<&[u8]>, out: &mut Vec<u8>) {
    let found = TRANSPORTS.iter().find_map(|&(known, kind, bytes)| {
        let header = rest?.get(..bytes).filter(|_| known == number)?;
        Some((kind, header))
    });
    let (kind, header) = found.unwrap_or_default();
    out.push(kind);
    out.extend_from_slice(header);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(protocol: [u8; 2], headers: &[u8], want: &[&[u8]]) {
        let mut body = protocol.to_vec();
        body.extend([0, 0, headers.len() as u8, 0, 0, 0]);
        body.extend(headers);
        body.resize(88, 0xaa);
        let mut out = Vec::new();
        encode(&body, &mut out);
        assert_eq!(out, want.concat());
    }

    fn v4(words: u8, protocol: u8, fragment: u8) -> Vec<u8> {
        let mut header = vec![0x40 | words];
        header.resize(usize::from(words) * 4, 1);
        (header[6], header[7], header[9]) = (0x40, fragment, protocol);
        header
    }

    #[test]
    fn headers_are_as_they_came() {
        let (ip, tcp) = (v4(5, 6, 0), [7; 20]);
        check(IPV4, &[&ip[..], &tcp].concat(), &[&[1], &ip, &[1], &tcp]);
        let (ip, udp) = (v4(6, 17, 0), [8; 8]);
        let both = [&ip[..], &udp].concat();
        check(IPV4, &both, &[&[1], &ip[..20], &[2], &udp]);
        let mut ip = [0x60; 40];
        ip[6] = 1;
        check(IPV6, &[&ip[..], &udp].concat(), &[&[2], &ip, &[3], &udp]);
    }

    #[test]
    fn what_is_not_there_is_not_read() {
        check([0x08, 0x06], &v4(5, 6, 0), &[&[0]]);
        check(IPV4, &v4(5, 6, 0)[..19], &[&[0]]);
        check(IPV6, &v4(5, 6, 0), &[&[0]]);
        let ip = v4(5, 6, 0);
        check(IPV4, &[&ip[..], &[7; 19]].concat(), &[&[1], &ip, &[0]]);
        let later = v4(5, 17, 3);
        check(IPV4, &[&later[..], &[8; 8]].concat(), &[&[1], &later, &[0]]);
        let other = v4(5, 47, 0);
        check(
            IPV4,
            &[&other[..], &[8; 30]].concat(),
            &[&[1], &other, &[0]],
        );
        let mut short = v4(5, 6, 0);
        short[0] = 0x41;
        check(
            IPV4,
            &[&short[..], &[7; 20]].concat(),
            &[&[1], &short, &[0]],
        );
        let mut out = Vec::new();
        encode(&[], &mut out);
        assert_eq!(out, [0]);
    }
}
