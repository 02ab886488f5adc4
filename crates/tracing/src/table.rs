//! From the address of a call site's metadata to its place: no lock, no string, nothing removed.
//!
//! ```text
//!   address ─▶ bucket ─▶ node ─▶ node ─▶ …
//! ```

use std::sync::OnceLock;
use tracing_core::Metadata;

use crate::place::Place;

const BUCKET_BITS: u32 = 10;

struct Node {
    address: usize,
    place: Place,
    next: Link,
}

type Link = OnceLock<&'static Node>;

static BUCKETS: [Link; 1 << BUCKET_BITS] = [const { OnceLock::new() }; 1 << BUCKET_BITS];

#[inline]
fn address_of(metadata: &Metadata<'_>) -> usize {
    core::ptr::from_ref(metadata).addr()
}

#[inline]
fn bucket(address: usize) -> &'static Link {
    let hash = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BUCKET_BITS);
    &BUCKETS[hash as usize]
}

/// The nodes behind a link.
#[inline]
fn chain(link: &Link) -> impl Iterator<Item = &'static Node> {
    core::iter::successors(link.get().copied(), |node| node.next.get().copied())
}

/// The place of a call site that was here before.
#[inline]
pub(crate) fn find(metadata: &Metadata<'_>) -> Option<&'static Place> {
    let address = address_of(metadata);
    let mut nodes = chain(bucket(address));
    nodes
        .find(|node| node.address == address)
        .map(|node| &node.place)
}

/// The place of a call site.
#[inline]
pub(crate) fn find_or_add(metadata: &'static Metadata<'static>) -> &'static Place {
    find(metadata).unwrap_or_else(|| add(metadata))
}

#[cold]
fn add(metadata: &'static Metadata<'static>) -> &'static Place {
    let address = address_of(metadata);
    let node: &'static Node = Box::leak(Box::new(Node {
        address,
        place: Place::new(metadata),
        next: OnceLock::new(),
    }));
    let mut link: &'static Link = bucket(address);
    loop {
        // Ours now, or that of a thread that was faster.
        let there = *link.get_or_init(|| node);
        if there.address == address {
            return &there.place;
        }
        link = &there.next;
    }
}

/// All places.
pub(crate) fn each() -> impl Iterator<Item = &'static Place> {
    BUCKETS.iter().flat_map(chain).map(|node| &node.place)
}
