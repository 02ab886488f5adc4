//! The events of a state dump: LTTng's names, fields and bytes.

use thalweg_ctf::write::PROCNAME_LEN;
use thalweg_model::{
    DisplayBase, FieldClass, IntegerClass, LogLevel, Member, SequenceClass, StructClass,
};

use super::objects::Object;
use crate::context::{Values, procname, put_text};

/// Which event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are LTTng's")]
pub(crate) enum DumpKind {
    Start,
    Procname,
    BinInfo,
    BuildId,
    DebugLink,
    End,
}

/// How severe LTTng takes these events to be.
pub(crate) const LEVEL: LogLevel = LogLevel::DebugLine;

/// An event, but for its header and its contexts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DumpEvent {
    pub(crate) kind: DumpKind,
    pub(crate) time: u64,
    /// The number of the processor, and the fields.
    pub(crate) payload: Vec<u8>,
}

/// A state dump, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dump {
    /// Whose trace it belongs to.
    pub(crate) uid: u32,
    /// Whose it is.
    pub(crate) nonce: u64,
    /// What is known of the main thread, for contexts.
    pub(crate) values: Values,
    pub(crate) parts: Vec<Part>,
}

/// What a dump says of one thread, or in its name: a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) vtid: i32,
    /// The thread's name.
    pub(crate) name: Vec<u8>,
    pub(crate) events: Vec<DumpEvent>,
}

impl Dump {
    /// How many events it has.
    pub(crate) fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.events.len() as u64).sum()
    }
}

impl DumpKind {
    /// All, in the order of their numbers.
    pub(crate) const ALL: [Self; 6] = [
        Self::Start,
        Self::Procname,
        Self::BinInfo,
        Self::BuildId,
        Self::DebugLink,
        Self::End,
    ];

    /// The event's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "lttng_ust_statedump:start",
            Self::Procname => "lttng_ust_statedump:procname",
            Self::BinInfo => "lttng_ust_statedump:bin_info",
            Self::BuildId => "lttng_ust_statedump:build_id",
            Self::DebugLink => "lttng_ust_statedump:debug_link",
            Self::End => "lttng_ust_statedump:end",
        }
    }

    /// The event's fields.
    pub(crate) fn class(self) -> StructClass {
        let base = || Member::new("baddr", FieldClass::hex(64));
        let members = match self {
            Self::Start | Self::End => Vec::new(),
            Self::Procname => {
                let class = FieldClass::text_array(PROCNAME_LEN as u64);
                vec![Member::new("procname", class)]
            }
            Self::BinInfo => vec![
                base(),
                Member::new("memsz", FieldClass::uint(64)),
                Member::new("path", FieldClass::string()),
                Member::new("is_pic", FieldClass::uint(8)),
                Member::new("has_build_id", FieldClass::uint(8)),
                Member::new("has_debug_link", FieldClass::uint(8)),
            ],
            Self::BuildId => {
                let byte = IntegerClass::le(8, false).in_base(DisplayBase::Hexadecimal);
                let class = FieldClass::Sequence(SequenceClass {
                    element: Box::new(FieldClass::Integer(byte)),
                    length: vec!["_build_id_length".to_owned()],
                });
                vec![
                    base(),
                    Member::new("_build_id_length", FieldClass::uint(64)),
                    Member::new("build_id", class),
                ]
            }
            Self::DebugLink => vec![
                base(),
                Member::new("crc", FieldClass::uint(32)),
                Member::new("filename", FieldClass::string()),
            ],
        };
        StructClass {
            min_align_bits: 1,
            members,
        }
    }
}

/// Gathers events that happen on one processor.
pub(super) struct Events<'a> {
    pub(super) cpu: u32,
    pub(super) now: &'a dyn Fn() -> u64,
    pub(super) wanted: [bool; DumpKind::ALL.len()],
    pub(super) done: Vec<DumpEvent>,
}

impl Events<'_> {
    /// An event, if it is wanted; `fields` appends its fields.
    pub(super) fn push(&mut self, kind: DumpKind, fields: impl FnOnce(&mut Vec<u8>)) {
        if self.wanted[kind as usize] {
            let mut payload = self.cpu.to_le_bytes().to_vec();
            fields(&mut payload);
            let time = (self.now)();
            self.done.push(DumpEvent {
                kind,
                time,
                payload,
            });
        }
    }

    /// The events since this was asked last.
    pub(super) fn take(&mut self) -> Vec<DumpEvent> {
        std::mem::take(&mut self.done)
    }

    /// The name of the process, or of one of its threads.
    pub(super) fn push_procname(&mut self, name: &[u8]) {
        self.push(DumpKind::Procname, |out| out.extend(procname(name)));
    }

    /// All that there is to say of an object.
    pub(super) fn push_object(&mut self, object: &Object) {
        let Object { base, path, elf } = object;
        let (build_id, debug_link) = (&elf.build_id, &elf.debug_link);
        self.push(DumpKind::BinInfo, |out| {
            out.extend(base.to_le_bytes());
            out.extend(elf.memory_bytes.to_le_bytes());
            put_text(path, out);
            let flags = [elf.is_pic, build_id.is_some(), debug_link.is_some()];
            out.extend(flags.map(u8::from));
        });
        if let Some(id) = build_id {
            self.push(DumpKind::BuildId, |out| {
                out.extend(base.to_le_bytes());
                out.extend((id.len() as u64).to_le_bytes());
                out.extend_from_slice(id);
            });
        }
        if let Some(link) = debug_link {
            self.push(DumpKind::DebugLink, |out| {
                out.extend(base.to_le_bytes());
                out.extend(link.crc.to_le_bytes());
                put_text(&link.filename, out);
            });
        }
    }
}
