//! The addresses of this machine.

use std::ffi::CStr;

/// The name of each network interface with each of its IPv4 addresses, as they stand in packets; zeros for
/// one without any.
pub fn ipv4_addresses() -> Vec<(Vec<u8>, [u8; 4])> {
    let mut list = std::ptr::null_mut();
    // SAFETY: the pointer is to room for one.
    if unsafe { libc::getifaddrs(&raw mut list) } != 0 {
        return Vec::new();
    }
    let (mut all, mut named) = (Vec::new(), Vec::new());
    let mut next: *const libc::ifaddrs = list;
    // SAFETY: the list's own, until it is freed below.
    while let Some(entry) = unsafe { next.as_ref() } {
        next = entry.ifa_next;
        // SAFETY: each entry has a name.
        let name = unsafe { CStr::from_ptr(entry.ifa_name) }
            .to_bytes()
            .to_vec();
        match ipv4(entry.ifa_addr) {
            Some(address) => all.push((name, address)),
            None => named.push(name),
        }
    }
    // SAFETY: got from the call above, and used no more.
    unsafe { libc::freeifaddrs(list) };
    named.sort_unstable();
    named.dedup();
    named.retain(|name| all.iter().all(|(known, _)| known != name));
    all.extend(named.into_iter().map(|name| (name, [0; 4])));
    all
}

fn ipv4(address: *const libc::sockaddr) -> Option<[u8; 4]> {
    // SAFETY: null, or an address with its family.
    let family = unsafe { address.as_ref() }?.sa_family;
    (libc::c_int::from(family) == libc::AF_INET).then(|| {
        // SAFETY: of that family.
        let address = unsafe { address.cast::<libc::sockaddr_in>().read_unaligned() };
        address.sin_addr.s_addr.to_ne_bytes()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_has_its_address() {
        let all = ipv4_addresses();
        let names: Vec<_> = std::fs::read_dir("/sys/class/net").unwrap().collect();
        assert!(all.len() >= names.len(), "{all:?}");
        let of_loopback = all.iter().find(|(name, _)| name == b"lo").unwrap();
        assert!([[127, 0, 0, 1], [0; 4]].contains(&of_loopback.1));
    }
}
