//! The values of fields, as they lie on a tape.
//!
//! ```text
//!   Struct 3 | Unsigned 7 | List 2 | Signed -1 | Signed 4 | Text 12..17
//!            └──────────────── Values ──────────────────────────────────┘
//! ```
//!
//! A structure, a list or a variant stands before what is in it. A tape is written again for each
//! event: decoding allocates nothing once the tape has grown. Texts are places in the bytes that were
//! decoded.

use std::fmt;

/// A value, borrowed from a tape and from the bytes of a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// An unsigned integer, or an enumeration over one.
    Unsigned(u64),
    /// A signed integer, or an enumeration over one.
    Signed(i64),
    /// A 32-bit float.
    F32(f32),
    /// A 64-bit float.
    F64(f64),
    /// A string, or an array or sequence of characters up to its first NUL; not always UTF-8.
    Text(&'a [u8]),
    /// An array's or a sequence's elements.
    List(Values<'a>),
    /// A structure's fields, in the order of its class.
    Struct(Values<'a>),
    /// The chosen option's index in the variant's class, and its only value.
    Variant(usize, Values<'a>),
}

/// One value on a tape. All of them are of one form, so that those of an event are written without
/// asking what each is.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    kind: Kind,
    extra: u32,
    bits: u64,
}

/// What a node's numbers mean; `nodes` is how many nodes are inside a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    F32,
    F64,
    /// `extra` bytes from `bits` on.
    Text,
    /// As `Text`, up to a NUL.
    Room,
    /// `bits` nodes.
    List,
    /// `bits` nodes.
    Struct,
    /// Option `extra`, `bits` nodes.
    Variant,
}

impl Node {
    const fn new(kind: Kind, bits: u64) -> Self {
        let extra = 0;
        Self { kind, extra, bits }
    }

    /// An unsigned integer.
    pub const fn unsigned(value: u64) -> Self {
        Self::new(Kind::Unsigned, value)
    }

    /// A signed integer.
    pub const fn signed(value: i64) -> Self {
        Self::new(Kind::Signed, value as u64)
    }

    /// A 32-bit float, by its bits.
    pub const fn f32(bits: u32) -> Self {
        Self::new(Kind::F32, bits as u64)
    }

    /// A 64-bit float, by its bits.
    pub const fn f64(bits: u64) -> Self {
        Self::new(Kind::F64, bits)
    }

    /// The text at a place of the bytes.
    pub const fn text(at: usize, len: u32) -> Self {
        Self::new(Kind::Text, at as u64).with_extra(len)
    }

    /// The text up to the first NUL in the room at a place of the bytes.
    pub const fn room(at: usize, len: u32) -> Self {
        Self::new(Kind::Room, at as u64).with_extra(len)
    }

    /// A list of what is in so many nodes.
    pub const fn list(nodes: usize) -> Self {
        Self::new(Kind::List, nodes as u64)
    }

    /// A structure of what is in so many nodes.
    pub const fn structure(nodes: usize) -> Self {
        Self::new(Kind::Struct, nodes as u64)
    }

    /// The option with this index, whose value is in so many nodes.
    pub const fn variant(option: u32, nodes: usize) -> Self {
        Self::new(Kind::Variant, nodes as u64).with_extra(option)
    }

    const fn with_extra(mut self, extra: u32) -> Self {
        self.extra = extra;
        self
    }

    /// The same with other bits: for a number its value, for a text its place, for a group the number
    /// of its nodes.
    #[must_use]
    #[inline]
    pub const fn with_bits(mut self, bits: u64) -> Self {
        self.bits = bits;
        self
    }

    /// Its bits.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.bits
    }
}

/// Values, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
}

impl Tape {
    /// Forgets all values, and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.nodes.clear();
    }

    /// Where the next value goes.
    #[inline]
    pub fn end(&self) -> usize {
        self.nodes.len()
    }

    /// Makes room for so many values.
    #[inline]
    pub fn reserve(&mut self, values: usize) {
        self.nodes.reserve(values);
    }

    /// Adds a value.
    #[inline]
    pub fn node(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Adds values.
    #[inline]
    pub fn extend(&mut self, nodes: impl Iterator<Item = Node>) {
        self.nodes.extend(nodes);
    }

    /// Forgets the values from `end` on.
    pub fn truncate(&mut self, end: usize) {
        self.nodes.truncate(end);
    }

    /// Ends the group that began at `opened`.
    pub fn close(&mut self, opened: usize) {
        let inside = self.nodes.len().saturating_sub(opened + 1);
        if let Some(group) = self.nodes.get_mut(opened) {
            *group = group.with_bits(inside as u64);
        }
    }

    /// The values from `begin` on and before `end`; texts are places in `bytes`.
    #[inline]
    pub fn values<'a>(&'a self, begin: usize, end: usize, bytes: &'a [u8]) -> Values<'a> {
        let nodes = self.nodes.get(begin..end).unwrap_or_default();
        Values { nodes, bytes }
    }
}

/// Values that lie one after the other.
#[derive(Clone, Copy, Default)]
pub struct Values<'a> {
    nodes: &'a [Node],
    bytes: &'a [u8],
}

impl<'a> Values<'a> {
    /// The values in order.
    #[inline]
    pub const fn iter(self) -> Iter<'a> {
        Iter(self)
    }

    /// The value with this index: steps over those before it.
    pub fn get(self, index: usize) -> Option<Value<'a>> {
        self.iter().nth(index)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.nodes.is_empty()
    }
}

impl<'a> IntoIterator for Values<'a> {
    type Item = Value<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl PartialEq for Values<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Goes over [`Values`].
#[derive(Clone, Debug)]
pub struct Iter<'a>(Values<'a>);

impl<'a> Iter<'a> {
    /// What is inside a group, which is stepped over.
    #[inline]
    fn inside(&mut self, rest: &'a [Node], nodes: u64) -> Values<'a> {
        let count = usize::try_from(nodes).map_or(rest.len(), |count| count.min(rest.len()));
        let (nodes, after) = rest.split_at(count);
        self.0.nodes = after;
        let bytes = self.0.bytes;
        Values { nodes, bytes }
    }

    #[inline]
    fn text(&self, node: Node) -> &'a [u8] {
        let from = self.0.bytes.get(node.bits as usize..).unwrap_or_default();
        from.get(..node.extra as usize).unwrap_or_default()
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        let (&first, rest) = self.0.nodes.split_first()?;
        self.0.nodes = rest;
        let bits = first.bits;
        Some(match first.kind {
            Kind::Unsigned => Value::Unsigned(bits),
            Kind::Signed => Value::Signed(bits as i64),
            Kind::F32 => Value::F32(f32::from_bits(bits as u32)),
            Kind::F64 => Value::F64(f64::from_bits(bits)),
            Kind::Text => Value::Text(self.text(first)),
            Kind::Room => Value::Text(up_to_nul(self.text(first))),
            Kind::List => Value::List(self.inside(rest, bits)),
            Kind::Struct => Value::Struct(self.inside(rest, bits)),
            Kind::Variant => Value::Variant(first.extra as usize, self.inside(rest, bits)),
        })
    }
}

/// Rooms are small: most hold 16 bytes.
#[inline]
fn up_to_nul(room: &[u8]) -> &[u8] {
    let length = room.iter().position(|byte| *byte == 0);
    &room[..length.unwrap_or(room.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_a_group_is_stepped_over() {
        let mut tape = Tape::default();
        tape.node(Node::structure(0));
        tape.node(Node::unsigned(7));
        tape.node(Node::list(4));
        tape.node(Node::signed(-1));
        tape.node(Node::variant(2, 2));
        tape.node(Node::text(1, 2));
        tape.node(Node::room(3, 2));
        tape.node(Node::f32(0.5_f32.to_bits()));
        tape.close(0);
        let values = tape.values(0, tape.end(), b"abcd\0");
        assert_eq!(
            format!("{values:?}"),
            "[Struct([Unsigned(7), List([Signed(-1), Variant(2, [Text([98, 99]), Text([100])])]), F32(0.5)])]"
        );
        let Some(Value::Struct(fields)) = values.get(0) else {
            panic!("{values:?}");
        };
        assert_eq!(fields.get(2), Some(Value::F32(0.5)));
        assert_eq!(fields.get(3), None);
    }

    #[test]
    fn texts_of_other_bytes_are_empty_and_groups_never_leave_the_tape() {
        let mut tape = Tape::default();
        tape.extend([Node::text(9, 1), Node::list(9)].into_iter());
        let values = tape.values(0, 2, b"short");
        assert_eq!(values.get(0), Some(Value::Text(b"")));
        assert_eq!(values.get(1), Some(Value::List(Values::default())));
        assert_eq!(tape.values(0, 3, b"").get(0), None);
    }
}
