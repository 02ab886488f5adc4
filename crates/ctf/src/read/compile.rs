//! From classes to plans.

use thalweg_model::{
    ArrayClass, Encoding, EnumClass, FieldClass, FloatClass, IntegerClass, Member, SequenceClass,
    StructClass, VariantClass,
};

use super::plan::{
    Array, Fixed, Float, Integer, Length, NO_SLOT, Note, Run, RunField, Step, StructPlan, Variant,
};
use super::slots::Slots;
use crate::path::{Place, Scope, Scopes, class_at};

/// Longer text is not worth a place in a run.
const MAX_RUN_BYTES: usize = 1 << 20;

/// Compiles the fields of one scope.
pub(super) struct Compiler<'s> {
    scopes: &'s Scopes<'s>,
    slots: &'s Slots,
    place: Place,
}

/// The plan for the structure of a scope.
pub(super) fn compile(scopes: &Scopes<'_>, slots: &Slots, scope: Scope) -> Option<StructPlan> {
    let root = scopes.get(scope)?;
    let mut compiler = Compiler {
        scopes,
        slots,
        place: Place::root(scope),
    };
    Some(compiler.structure(root))
}

impl Compiler<'_> {
    fn structure(&mut self, class: &StructClass) -> StructPlan {
        let mut steps = Vec::with_capacity(class.members.len());
        for (index, member) in class.members.iter().enumerate() {
            let step = self.inside(index, |compiler| compiler.step(&member.class, &member.name));
            join(&mut steps, step);
        }
        StructPlan {
            align_bits: struct_align(class),
            members: class.members.len(),
            steps: steps.into(),
        }
    }

    fn inside<T>(&mut self, step: usize, compile: impl FnOnce(&mut Self) -> T) -> T {
        self.place.steps.push(step);
        let result = compile(self);
        self.place.steps.pop();
        result
    }

    fn step(&mut self, class: &FieldClass, name: &str) -> Step {
        match class {
            FieldClass::Integer(class) => self.integer(class, name),
            FieldClass::Enum(class) => self.integer(&class.integer, name),
            FieldClass::Float(class) => float(class),
            FieldClass::String(_) => Step::String,
            FieldClass::Array(class) => self.array(class),
            FieldClass::Sequence(class) => self.sequence(class),
            FieldClass::Struct(class) => Step::Struct(Box::new(self.structure(class))),
            FieldClass::Variant(class) => self.variant(class),
        }
    }

    fn integer(&mut self, class: &IntegerClass, name: &str) -> Step {
        let note = Note {
            slot: self.slots.of_target(&self.place).unwrap_or(NO_SLOT),
            clock: class.clock.is_some() && !class.signed,
            id: self.place.scope == Scope::EventHeader && name == "id",
        };
        if let Some(kind) = fixed_integer(class) {
            return single(class.align_bits, kind, note);
        }
        Step::Integer(Integer {
            align_bits: u64::from(class.align_bits.max(1)),
            size_bits: class.size_bits.clamp(1, 64),
            signed: class.signed,
            order: class.byte_order,
            note,
        })
    }

    fn array(&mut self, class: &ArrayClass) -> Step {
        match usize::try_from(class.length) {
            Ok(length) if length <= MAX_RUN_BYTES && is_text(&class.element) => {
                single(8, Fixed::Text(length), Note::NONE)
            }
            _ => self.elements(&class.element, Length::Fixed(class.length)),
        }
    }

    fn sequence(&mut self, class: &SequenceClass) -> Step {
        let slot = self
            .slots
            .of_site(&self.place)
            .map_or(NO_SLOT, |(slot, _)| slot);
        self.elements(&class.element, Length::Slot(slot))
    }

    fn elements(&mut self, element: &FieldClass, length: Length) -> Step {
        let step =
            (!is_text(element)).then(|| self.inside(0, |compiler| compiler.step(element, "")));
        Step::Array(Box::new(Array {
            align_bits: align(element),
            length,
            element_bits: least_bits(element),
            element: step,
        }))
    }

    fn variant(&mut self, class: &VariantClass) -> Step {
        let (slot, signed) = self.slots.of_site(&self.place).unwrap_or((NO_SLOT, false));
        let options = class.options.iter().enumerate();
        let options =
            options.map(|(i, o)| self.inside(i, |compiler| compiler.step(&o.class, &o.name)));
        let options = options.collect();
        let ranges = self
            .tag(class)
            .map_or_else(Vec::new, |tag| ranges(tag, &class.options));
        Step::Variant(Box::new(Variant {
            slot,
            signed,
            ranges: ranges.into(),
            options,
        }))
    }

    fn tag(&self, class: &VariantClass) -> Option<&EnumClass> {
        let want = crate::path::Want::Tag;
        let target = crate::path::resolve(self.scopes, &self.place, &class.tag, want)?;
        match class_at(self.scopes, &target)? {
            FieldClass::Enum(class) => Some(class),
            _ => None,
        }
    }
}

fn ranges(tag: &EnumClass, options: &[Member]) -> Vec<(i128, i128, usize)> {
    let named = |label: &str| options.iter().position(|option| option.name == label);
    let ranges = tag
        .mappings
        .iter()
        .filter_map(|m| Some((m.first, m.last, named(&m.label)?)));
    ranges.collect()
}

fn float(class: &FloatClass) -> Step {
    let size_bits = class.exponent_bits + class.mantissa_bits;
    if class.align_bits.is_multiple_of(8) {
        let kind = if size_bits == 32 {
            Fixed::F32(class.byte_order)
        } else {
            Fixed::F64(class.byte_order)
        };
        return single(class.align_bits, kind, Note::NONE);
    }
    let size_bits = if size_bits == 32 { 32 } else { 64 };
    Step::Float(Float {
        align_bits: u64::from(class.align_bits.max(1)),
        size_bits,
        order: class.byte_order,
    })
}

fn fixed_integer(class: &IntegerClass) -> Option<Fixed> {
    let order = class.byte_order;
    if class.align_bits == 0 || !class.align_bits.is_multiple_of(8) {
        return None;
    }
    match (class.size_bits, class.signed) {
        (8, false) => Some(Fixed::U8),
        (8, true) => Some(Fixed::I8),
        (16, false) => Some(Fixed::U16(order)),
        (16, true) => Some(Fixed::I16(order)),
        (32, false) => Some(Fixed::U32(order)),
        (32, true) => Some(Fixed::I32(order)),
        (64, false) => Some(Fixed::U64(order)),
        (64, true) => Some(Fixed::I64(order)),
        _ => None,
    }
}

/// A run of one field.
fn single(align_bits: u32, kind: Fixed, note: Note) -> Step {
    let mut run = Run {
        align_bits: align_bits.into(),
        bytes: 0,
        fields: Vec::new(),
        noted: Vec::new(),
    };
    push(
        &mut run,
        RunField {
            offset: 0,
            kind,
            note,
        },
    );
    Step::Run(run)
}

fn push(run: &mut Run, field: RunField) {
    run.bytes = field.offset + field.kind.bytes();
    run.fields.push(field);
    if field.note != Note::NONE {
        run.noted.push(field);
    }
}

/// Adds a step; a run joins the run before it where its distance from that run's begin is known.
fn join(steps: &mut Vec<Step>, step: Step) {
    match (steps.last_mut(), step) {
        (Some(Step::Run(before)), Step::Run(after)) if joins(before, &after) => {
            let step_bytes = usize::try_from(after.align_bits / 8).unwrap_or(1).max(1);
            let begin = before.bytes.next_multiple_of(step_bytes);
            let moved = after.fields.iter().map(|f| RunField {
                offset: begin + f.offset,
                ..*f
            });
            moved.for_each(|field| push(before, field));
        }
        (_, step) => steps.push(step),
    }
}

fn joins(before: &Run, after: &Run) -> bool {
    after.align_bits <= before.align_bits && before.bytes + after.bytes <= MAX_RUN_BYTES
}

/// Whether elements of this class are characters.
pub(crate) fn is_text(class: &FieldClass) -> bool {
    match class {
        FieldClass::Integer(class) => {
            class.size_bits == 8 && class.align_bits == 8 && class.encoding != Encoding::None
        }
        _ => false,
    }
}

fn struct_align(class: &StructClass) -> u64 {
    let members = class.members.iter().map(|member| align(&member.class));
    members.fold(u64::from(class.min_align_bits.max(1)), u64::max)
}

fn align(class: &FieldClass) -> u64 {
    match class {
        FieldClass::Integer(class) => u64::from(class.align_bits.max(1)),
        FieldClass::Enum(class) => u64::from(class.integer.align_bits.max(1)),
        FieldClass::Float(class) => u64::from(class.align_bits.max(1)),
        FieldClass::String(_) => 8,
        FieldClass::Array(class) => align(&class.element),
        FieldClass::Sequence(class) => align(&class.element),
        FieldClass::Struct(class) => struct_align(class),
        FieldClass::Variant(_) => 1,
    }
}

fn least_bits(class: &FieldClass) -> u64 {
    match class {
        FieldClass::Integer(class) => class.size_bits.into(),
        FieldClass::Enum(class) => class.integer.size_bits.into(),
        FieldClass::Float(class) => (class.exponent_bits + class.mantissa_bits).into(),
        FieldClass::String(_) => 8,
        FieldClass::Array(class) => least_bits(&class.element).saturating_mul(class.length),
        FieldClass::Sequence(_) | FieldClass::Variant(_) => 0,
        FieldClass::Struct(class) => class.members.iter().fold(0, |sum: u64, member| {
            sum.saturating_add(least_bits(&member.class))
        }),
    }
}

/// The clock that a field of this class shows, if one does.
pub(super) fn clock_name(class: &FieldClass) -> Option<&str> {
    match class {
        FieldClass::Integer(class) => class.clock.as_deref().filter(|_| !class.signed),
        FieldClass::Enum(class) => class
            .integer
            .clock
            .as_deref()
            .filter(|_| !class.integer.signed),
        FieldClass::Array(class) => clock_name(&class.element),
        FieldClass::Sequence(class) => clock_name(&class.element),
        FieldClass::Struct(class) => class.members.iter().find_map(|m| clock_name(&m.class)),
        FieldClass::Variant(class) => class.options.iter().find_map(|m| clock_name(&m.class)),
        FieldClass::Float(_) | FieldClass::String(_) => None,
    }
}
