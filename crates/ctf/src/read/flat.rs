//! The short way through an event whose fields all lie at bytes: one list of operations for all its
//! parts.
//!
//! ```text
//!   Struct 1 · u32 · Struct 3 · u64 · i64 │ string │ u16 kept as a length │ list of so many u16
//!   ╰──────────── one run: one check ────╯
//! ```
//!
//! Where it cannot go (a bit field, bytes that the window does not show, a claim that is wrong) it
//! ends without a result, and the common way finds out what there is to say.

use thalweg_model::{ByteOrder, Node, Tape};

use super::cursor::{MAX_VALUES, Notes};
use super::plan::{Array, Fixed, Length, Note, Run, RunField, Step, StructPlan, Variant};

/// What to do for the contexts and fields of an event.
#[derive(Clone, Debug, Default)]
pub(super) struct Flat {
    ops: Vec<Op>,
}

#[derive(Clone, Debug)]
enum Op {
    Run {
        bytes: usize,
        loads: Vec<Load>,
        noted: Vec<RunField>,
    },
    /// Text up to a NUL.
    String,
    /// Text in as many bytes.
    Text(Length),
    List {
        length: Length,
        element_bytes: usize,
        load: Load,
    },
    /// A structure of which the number of nodes varies.
    Struct(Flat),
    Variant {
        variant: Variant,
        options: Vec<Flat>,
    },
}

/// A node of the tape, and where its bits come from.
#[derive(Clone, Copy, Debug)]
struct Load {
    node: Node,
    offset: u32,
    from: From,
}

#[derive(Clone, Copy, Debug)]
enum From {
    /// Eight bytes of the run, low first, but for the bits that the node's own have not.
    Low,
    /// Eight bytes of the run, but for so many bits.
    Number {
        unused_bits: u32,
        signed: bool,
        order: ByteOrder,
    },
    /// The run's place.
    Place,
    /// The node.
    Node,
}

/// Bytes that are read from, and what comes of it.
pub(super) struct Walk<'w> {
    pub(super) bytes: &'w [u8],
    /// Where the content ends, which may be behind the bytes.
    pub(super) end: usize,
    pub(super) at: usize,
    /// Whether nobody wants the values: only lengths and tags are kept then.
    pub(super) skips: bool,
    pub(super) tape: &'w mut Tape,
    pub(super) notes: &'w mut Notes,
}

impl Flat {
    /// The operations for the parts of an event; `None` if they need the common way.
    pub(super) fn of(parts: [Option<&StructPlan>; 3]) -> Option<Self> {
        let mut flat = Self::default();
        for plan in parts.into_iter().flatten() {
            flat.structure(plan)?;
        }
        Some(flat)
    }

    fn structure(&mut self, plan: &StructPlan) -> Option<()> {
        if plan.align_bits > 8 {
            return None;
        }
        if let Some(nodes) = nodes_of(plan) {
            self.load(Load::node(Node::structure(nodes)));
            return self.steps(&plan.steps);
        }
        let mut inside = Self::default();
        inside.steps(&plan.steps)?;
        self.ops.push(Op::Struct(inside));
        Some(())
    }

    fn steps(&mut self, steps: &[Step]) -> Option<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Run(run) => return self.run(run),
            Step::String => self.ops.push(Op::String),
            Step::Struct(plan) => return self.structure(plan),
            Step::Array(array) => self.ops.push(list(array)?),
            Step::Variant(variant) => {
                let option = |step: &Step| {
                    let mut flat = Self::default();
                    flat.step(step).map(|()| flat)
                };
                self.ops.push(Op::Variant {
                    options: variant.options.iter().map(option).collect::<Option<_>>()?,
                    variant: (**variant).clone(),
                });
            }
            Step::Integer(_) | Step::Float(_) => return None,
        }
        Some(())
    }

    /// The run at the end of the operations.
    fn last_run(&mut self) -> (&mut usize, &mut Vec<Load>, &mut Vec<RunField>) {
        if !matches!(self.ops.last(), Some(Op::Run { .. })) {
            self.ops.push(Op::Run {
                bytes: 0,
                loads: Vec::new(),
                noted: Vec::new(),
            });
        }
        match self.ops.last_mut() {
            Some(Op::Run {
                bytes,
                loads,
                noted,
            }) => (bytes, loads, noted),
            _ => unreachable!("a run was added"),
        }
    }

    fn load(&mut self, load: Load) {
        self.last_run().1.push(load);
    }

    fn run(&mut self, run: &Run) -> Option<()> {
        if run.align_bits != 8 {
            return None;
        }
        let (bytes, loads, noted) = self.last_run();
        for field in &run.fields {
            let field = RunField {
                offset: *bytes + field.offset,
                ..*field
            };
            loads.push(Load::of(&field)?);
            if field.note != Note::NONE {
                noted.push(field);
            }
        }
        *bytes += run.bytes;
        Some(())
    }

    /// Reads an event's parts; `None` leaves the tape and the notes in any state.
    #[inline]
    pub(super) fn walk(&self, walk: &mut Walk<'_>) -> Option<()> {
        for op in &self.ops {
            match op {
                Op::Run {
                    bytes,
                    loads,
                    noted,
                } => walk.run(*bytes, loads, noted)?,
                Op::String => walk.string()?,
                Op::Text(length) => walk.text(*length)?,
                Op::List {
                    length,
                    element_bytes,
                    load,
                } => walk.list(*length, *element_bytes, load)?,
                Op::Struct(inside) => {
                    let opened = walk.tape.end();
                    walk.tape.node(Node::structure(0));
                    inside.walk(walk)?;
                    walk.tape.close(opened);
                }
                Op::Variant { variant, options } => walk.variant(variant, options)?,
            }
        }
        Some(())
    }
}

impl Walk<'_> {
    #[inline]
    fn run(&mut self, bytes: usize, loads: &[Load], noted: &[RunField]) -> Option<()> {
        let after = self.after(bytes)?;
        // Each value is taken out of eight bytes: those of the last ones are not in the run.
        let run = self.bytes.get(self.at..)?;
        if run.len() < bytes + 8 {
            return None;
        }
        let at = self.at;
        if !self.skips {
            self.tape
                .extend(loads.iter().map(|load| load.of_run(run, at)));
        }
        for field in noted {
            let value = Load::of(field)?.of_run(run, self.at).bits();
            self.notes
                .take(value, field.kind.bytes() as u32 * 8, field.note);
        }
        self.at = after;
        Some(())
    }

    /// Where so many bytes of content end.
    #[inline]
    fn after(&self, bytes: usize) -> Option<usize> {
        let after = self.at.checked_add(bytes)?;
        (after <= self.end).then_some(after)
    }

    #[inline]
    fn string(&mut self) -> Option<()> {
        let ahead = self.bytes.get(self.at..self.bytes.len().min(self.end))?;
        let length = memchr::memchr(0, ahead)?;
        self.tape.node(Node::text(self.at, length as u32));
        self.at += length + 1;
        Some(())
    }

    fn text(&mut self, length: Length) -> Option<()> {
        let count = self.count(length)?;
        let after = self.after(count)?;
        self.tape
            .node(Node::room(self.at, u32::try_from(count).ok()?));
        self.at = after;
        Some(())
    }

    fn count(&self, length: Length) -> Option<usize> {
        let claimed = match length {
            Length::Fixed(length) => length,
            Length::Slot(slot) => self.notes.get(slot),
        };
        usize::try_from(claimed).ok()
    }

    fn list(&mut self, length: Length, element_bytes: usize, load: &Load) -> Option<()> {
        let count = self.count(length)?;
        let bytes = count.checked_mul(element_bytes)?;
        let after = self.after(bytes)?;
        let run = self.bytes.get(self.at..)?;
        if run.len() < bytes + 8 || count > MAX_VALUES - self.tape.end().min(MAX_VALUES) {
            return None;
        }
        if self.skips {
            self.at = after;
            return Some(());
        }
        self.tape.node(Node::list(count));
        let at = self.at;
        let element = |index: usize| {
            let offset = (index * element_bytes) as u32;
            Load { offset, ..*load }.of_run(run, at)
        };
        self.tape.extend((0..count).map(element));
        self.at = after;
        Some(())
    }

    fn variant(&mut self, variant: &Variant, options: &[Flat]) -> Option<()> {
        let chosen = variant.choose(self.notes.get(variant.slot))?;
        let option = options.get(chosen)?;
        let opened = self.tape.end();
        self.tape.node(Node::variant(chosen as u32, 0));
        option.walk(self)?;
        self.tape.close(opened);
        Some(())
    }
}

impl Load {
    const fn node(node: Node) -> Self {
        let (offset, from) = (0, From::Node);
        Self { node, offset, from }
    }

    fn of(field: &RunField) -> Option<Self> {
        let unused_bits = 64_u32.saturating_sub(field.kind.bytes() as u32 * 8);
        let number = |node: Node, signed: bool, order| match order {
            ByteOrder::Little if !signed => (node.with_bits(u64::MAX >> unused_bits), From::Low),
            _ => (
                node,
                From::Number {
                    unused_bits,
                    signed,
                    order,
                },
            ),
        };
        let (node, from) = match field.kind {
            Fixed::U8 => number(Node::unsigned(0), false, ByteOrder::Little),
            Fixed::I8 => number(Node::signed(0), true, ByteOrder::Little),
            Fixed::U16(order) | Fixed::U32(order) | Fixed::U64(order) => {
                number(Node::unsigned(0), false, order)
            }
            Fixed::I16(order) | Fixed::I32(order) | Fixed::I64(order) => {
                number(Node::signed(0), true, order)
            }
            Fixed::F32(order) => number(Node::f32(0), false, order),
            Fixed::F64(order) => number(Node::f64(0), false, order),
            Fixed::Text(length) => (Node::room(0, u32::try_from(length).ok()?), From::Place),
        };
        let offset = u32::try_from(field.offset).ok()?;
        Some(Self { node, offset, from })
    }

    /// The node for a run that begins at `at` of the window.
    #[inline]
    fn of_run(&self, run: &[u8], at: usize) -> Node {
        match self.from {
            From::Low => self.node.with_bits(self.word(run) & self.node.bits()),
            From::Number {
                unused_bits,
                signed,
                order,
            } => {
                let word = self.word(run);
                let high = match order {
                    ByteOrder::Little => word << unused_bits,
                    ByteOrder::Big => word.swap_bytes(),
                };
                self.node.with_bits(if signed {
                    (high as i64 >> unused_bits) as u64
                } else {
                    high >> unused_bits
                })
            }
            From::Place => self.node.with_bits(at as u64 + u64::from(self.offset)),
            From::Node => self.node,
        }
    }

    #[inline]
    fn word(&self, run: &[u8]) -> u64 {
        let begin = self.offset as usize;
        let bytes = run.get(begin..begin + 8);
        let bytes = bytes.and_then(|bytes| bytes.first_chunk::<8>());
        u64::from_le_bytes(bytes.copied().unwrap_or_default())
    }
}

/// Text, or a list of elements of one known size.
fn list(array: &Array) -> Option<Op> {
    let length = array.length;
    if array.align_bits > 8 {
        return None;
    }
    match &array.element {
        None => Some(Op::Text(length)),
        Some(Step::Run(run)) => {
            let [field] = run.fields.as_slice() else {
                return None;
            };
            let is_plain = run.align_bits == 8 && field.note == Note::NONE;
            is_plain.then_some(Op::List {
                length,
                element_bytes: run.bytes,
                load: Load::of(field)?,
            })
        }
        Some(_) => None,
    }
}

/// How many nodes are inside a structure, if that is always the same.
fn nodes_of(plan: &StructPlan) -> Option<usize> {
    plan.steps.iter().try_fold(0, |sum, step| {
        Some(match step {
            Step::Run(run) => sum + run.fields.len(),
            Step::String | Step::Integer(_) | Step::Float(_) => sum + 1,
            Step::Struct(plan) => sum + 1 + nodes_of(plan)?,
            Step::Array(array) if array.element.is_none() => sum + 1,
            Step::Array(_) | Step::Variant(_) => return None,
        })
    })
}
