//! What a program says it can emit: the rendezvous file, read with doubt.
//!
//! Every length is a claim until it is seen to lie in the file; nothing is allocated for a claim.

use thalweg_abi::field::tag;
use thalweg_abi::program::{GATE_COUNT, MAX_SITES};
use thalweg_abi::rendezvous::{HEAD_LEN, Head, MAX_FIELDS, MAX_LEN};
use thalweg_model::{
    ArrayClass, EnumClass, EnumMapping, FieldClass, FloatClass, IntegerClass, LogLevel, Member,
    SequenceClass, StructClass,
};

use super::plan::{Plan, Step};

/// A program's definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions {
    /// Who the program says it is.
    pub head: Head,
    /// Its call sites; a record names one by its index.
    pub sites: Vec<Site>,
}

/// A call site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The event's name.
    pub name: String,
    /// How severe it is.
    pub level: LogLevel,
    /// The gate that the site tests.
    pub gate: u16,
    /// Its fields.
    pub payload: StructClass,
    /// How a payload of these fields is checked.
    pub plan: Plan,
}

/// Why a rendezvous file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The file is too short, too long, or says so of itself.
    #[error("the file has {found} bytes and says {claimed}")]
    Length {
        /// Bytes that there are.
        found: usize,
        /// Bytes that it claims.
        claimed: u64,
    },
    /// Not a rendezvous file, or one of another version.
    #[error("no rendezvous file of a version that this collector knows")]
    Foreign,
    /// A definition ends beyond the file.
    #[error("the definitions end at byte {at}, in the middle of one")]
    Truncated {
        /// Where the file ends.
        at: usize,
    },
    /// A number that means nothing.
    #[error("byte {at} holds {what}")]
    Meaningless {
        /// Where it stands.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
}

impl Definitions {
    /// Reads the bytes of a whole rendezvous file.
    pub fn parse(bytes: &[u8]) -> Result<Self, DefinitionError> {
        let Some(head) = bytes.first_chunk::<HEAD_LEN>() else {
            return Err(DefinitionError::Length {
                found: bytes.len(),
                claimed: HEAD_LEN as u64,
            });
        };
        let head = Head::decode(head).ok_or(DefinitionError::Foreign)?;
        if head.len as usize != bytes.len() || bytes.len() > MAX_LEN {
            let claimed = head.len.into();
            return Err(DefinitionError::Length {
                found: bytes.len(),
                claimed,
            });
        }
        let mut definitions = Self {
            head,
            sites: Vec::new(),
        };
        let mut input = Input {
            bytes,
            at: HEAD_LEN,
        };
        definitions.read(&mut input)?;
        if definitions.sites.len() as u64 != definitions.head.sites {
            return Err(input.meaningless("fewer definitions than the head promises"));
        }
        Ok(definitions)
    }

    /// Reads definitions that came later; those before a mistake are kept.
    pub fn extend(&mut self, bytes: &[u8]) -> Result<(), DefinitionError> {
        self.read(&mut Input { bytes, at: 0 })
    }

    /// How many sites there can be.
    fn room(&self) -> usize {
        MAX_SITES.min(self.head.capacity as usize)
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), DefinitionError> {
        while input.at < input.bytes.len() {
            if self.sites.len() == self.room() {
                return Err(input.meaningless("one definition too many"));
            }
            self.sites.push(site(input)?);
        }
        Ok(())
    }
}

fn site(input: &mut Input<'_>) -> Result<Site, DefinitionError> {
    let level = LogLevel::from_number(input.u8()?);
    let level = level.ok_or_else(|| input.meaningless("no log level"))?;
    let gate = input.u16()?;
    if usize::from(gate) >= GATE_COUNT {
        return Err(input.meaningless("no gate"));
    }
    let _line = input.u32()?;
    let name = input.text()?;
    let _file = input.text()?;
    let fields = usize::from(input.u8()?);
    if fields > MAX_FIELDS {
        return Err(input.meaningless("too many fields"));
    }
    let mut payload = StructClass::default();
    let mut plan = Plan::default();
    for _ in 0..fields {
        let name = input.text()?;
        let class = class(input)?;
        plan.push(class.step);
        add_member(&mut payload, name, class.class);
    }
    Ok(Site {
        name,
        level,
        gate,
        payload,
        plan,
    })
}

/// Adds a field; a sequence's length stands before it, under LTTng's name for it.
fn add_member(payload: &mut StructClass, name: String, class: FieldClass) {
    let class = match class {
        FieldClass::Sequence(mut sequence) => {
            let length = format!("_{name}_length");
            payload
                .members
                .push(Member::new(length.clone(), FieldClass::uint(32)));
            sequence.length = vec![length];
            FieldClass::Sequence(sequence)
        }
        other => other,
    };
    payload.members.push(Member::new(name, class));
}

struct Class {
    class: FieldClass,
    step: Step,
}

fn class(input: &mut Input<'_>) -> Result<Class, DefinitionError> {
    match input.u8()? {
        tag::TEXT => Ok(Class {
            class: FieldClass::string(),
            step: Step::Text,
        }),
        tag::ARRAY => {
            let length = u64::from(input.u32()?);
            let (element, bytes) = scalar(input)?;
            let class = FieldClass::Array(ArrayClass {
                element: Box::new(element),
                length,
            });
            let total = usize::try_from(length)
                .ok()
                .and_then(|length| length.checked_mul(bytes));
            let total = total.ok_or_else(|| input.meaningless("an array larger than memory"))?;
            Ok(Class {
                class,
                step: Step::Bytes(total),
            })
        }
        tag::SEQUENCE => {
            let (element, bytes) = scalar(input)?;
            let class = FieldClass::Sequence(SequenceClass {
                element: Box::new(element),
                length: vec![],
            });
            Ok(Class {
                class,
                step: Step::Sequence { element: bytes },
            })
        }
        tag => {
            let (class, bytes) = scalar_of(tag, input)?;
            Ok(Class {
                class,
                step: Step::Bytes(bytes),
            })
        }
    }
}

fn scalar(input: &mut Input<'_>) -> Result<(FieldClass, usize), DefinitionError> {
    let tag = input.u8()?;
    scalar_of(tag, input)
}

fn scalar_of(tag: u8, input: &mut Input<'_>) -> Result<(FieldClass, usize), DefinitionError> {
    match tag {
        tag::INTEGER => {
            let (integer, bytes) = integer(input)?;
            let hexadecimal = input.u8()? == 16;
            let base = thalweg_model::DisplayBase::Hexadecimal;
            let integer = if hexadecimal {
                integer.in_base(base)
            } else {
                integer
            };
            Ok((FieldClass::Integer(integer), bytes))
        }
        tag::FLOAT => match input.u8()? {
            4 => Ok((FieldClass::Float(FloatClass::f32_le()), 4)),
            8 => Ok((FieldClass::Float(FloatClass::f64_le()), 8)),
            _ => Err(input.meaningless("a float of no known size")),
        },
        tag::ENUM => {
            let (integer, bytes) = integer(input)?;
            let mappings = labels(input, integer.signed)?;
            Ok((FieldClass::Enum(EnumClass { integer, mappings }), bytes))
        }
        _ => Err(input.meaningless("no class of a field")),
    }
}

fn integer(input: &mut Input<'_>) -> Result<(IntegerClass, usize), DefinitionError> {
    let bytes = input.u8()?;
    if !matches!(bytes, 1 | 2 | 4 | 8) {
        return Err(input.meaningless("an integer of no known size"));
    }
    let signed = input.u8()? != 0;
    Ok((IntegerClass::le(u32::from(bytes) * 8, signed), bytes.into()))
}

fn labels(input: &mut Input<'_>, signed: bool) -> Result<Vec<EnumMapping>, DefinitionError> {
    let count = input.u16()?;
    let mut mappings = Vec::new();
    for _ in 0..count {
        let number = i64::from_le_bytes(input.array()?);
        let number = if signed {
            number.into()
        } else {
            i128::from(number.cast_unsigned())
        };
        let label = input.text()?;
        mappings.push(EnumMapping {
            label,
            first: number,
            last: number,
        });
    }
    if mappings.is_empty() {
        return Err(input.meaningless("an enumeration without labels"));
    }
    Ok(mappings)
}

/// The bytes, and how far they have been read.
struct Input<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Input<'b> {
    fn take(&mut self, count: usize) -> Result<&'b [u8], DefinitionError> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or(DefinitionError::Truncated {
            at: self.bytes.len(),
        })?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DefinitionError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn u8(&mut self) -> Result<u8, DefinitionError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, DefinitionError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, DefinitionError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Text; what is not UTF-8 is replaced, so that a strange name does not hide an event.
    fn text(&mut self) -> Result<String, DefinitionError> {
        let len = self.u16()?;
        let bytes = self.take(len.into())?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn meaningless(&self, what: &'static str) -> DefinitionError {
        DefinitionError::Meaningless { at: self.at, what }
    }
}
