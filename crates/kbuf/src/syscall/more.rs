//! The fields that LTTng lacks, behind its own: what else is behind a pointer or a number.
//!
//! ```text
//!   struct sockaddr *, struct user_msghdr *   family, port, v4addr, v6addr, sun_path
//!   const char *const * argv, envp            argv_strings, envp_strings
//!   const struct iovec * vec                  vec_iov { iov_base, iov_len }
//!   buf, vec, msg        when data is asked for: buf_data
//!   struct rlimit64 *    new_rlim_value { rlim_cur, rlim_max }
//!   fd                   when paths are asked for: fd_path
//!   flags, op, whence    flags_labels
//! ```

use thalweg_model::{FieldClass, Member};

use super::address::Part;
use super::element::Element;
use super::encode::Step;
use super::lower::{ADDRESS_PARTS, Lowered, argument_index, is_pointer};
use super::{Copy, CopyKind, Length, Side, Slot, class, labels};
use crate::format::{EventFormat, Field};

/// `(call, buffer, its length)`: what a program hands over, at the entry.
const WRITES: &[(&str, &str, &str)] = &[
    ("write", "buf", "count"),
    ("pwrite64", "buf", "count"),
    ("sendto", "buff", "len"),
];

/// The same, for what it is given: as many bytes as the call returns.
const READS: &[(&str, &str)] = &[("read", "buf"), ("pread64", "buf"), ("recvfrom", "ubuf")];

/// Calls whose vectors' bytes are copied: at the entry, and at the exit, where the result says how many
/// they are.
const GATHERS: &[&str] = &["writev", "pwritev", "pwritev2", "sendmsg", "sendmmsg"];
const SCATTERS: &[&str] = &["readv", "preadv", "preadv2", "recvmsg"];

/// Texts that the kernel gives back, as long as the call returns.
const TEXTS: &[(&str, &str)] = &[
    ("readlink", "buf"),
    ("readlinkat", "buf"),
    ("getcwd", "buf"),
];

/// Calls that return a descriptor; `*` at the end stands for anything.
const OPENS: &[&str] = &[
    "open",
    "openat",
    "openat2",
    "creat",
    "dup",
    "dup2",
    "dup3",
    "socket",
    "accept",
    "accept4",
    "epoll_create*",
    "eventfd*",
    "inotify_init*",
    "signalfd*",
    "timerfd_create",
    "memfd_*",
    "pidfd_open",
    "pidfd_getfd",
    "open_by_handle_at",
    "open_tree*",
    "fsopen",
    "fsmount",
    "fspick",
    "userfaultfd",
    "perf_event_open",
    "mq_open",
    "io_uring_setup",
    "fanotify_init",
];

/// Where `struct msghdr` has what, for programs of 64 and of 32 bits.
struct MessageHeader {
    name: u8,
    name_length: u8,
    vectors: u8,
    vectors_length: u8,
}

const WIDE_HEADER: MessageHeader = MessageHeader {
    name: 0,
    name_length: 8,
    vectors: 16,
    vectors_length: 24,
};
const NARROW_HEADER: MessageHeader = MessageHeader {
    name: 0,
    name_length: 4,
    vectors: 8,
    vectors_length: 12,
};

impl<'f> Lowered<'f> {
    pub(super) fn more(&mut self) {
        self.whole_address();
        if self.side == Side::Entry {
            self.all_strings();
            self.all_vectors();
            self.all_labels();
        } else {
            self.messages();
            self.given_text();
        }
        self.all_structures();
        if self.options.data_bytes > 0 {
            self.data();
        }
        if self.options.fd_paths {
            self.paths();
        }
    }

    /// The parts of an address that LTTng does not tell.
    fn whole_address(&mut self) {
        if self.address().is_none() {
            return;
        }
        for (name, part) in ADDRESS_PARTS {
            let has_port = self.has("dport") || self.has("sport");
            let (name, is_there) = match part {
                Part::Port => ("port", has_port || self.has("port")),
                _ => (name, self.has(name)),
            };
            if !is_there {
                self.address_part(name, part);
            }
        }
        self.address_part("sun_path", Part::Path);
    }

    fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    pub(super) fn address_part(&mut self, name: &str, part: Part) {
        let Some((copy, what)) = self.address() else {
            return;
        };
        let Some(copy) = self.copy(copy, &what) else {
            return;
        };
        match part {
            Part::Family => self.members.push(Member::new(name, FieldClass::uint(16))),
            Part::Port => self.members.push(Member::new(name, class::network(16))),
            Part::V4 => self
                .members
                .extend(class::sequence(name, class::network(8))),
            Part::V6 => self
                .members
                .extend(class::sequence(name, class::network(16))),
            Part::Path => self.members.push(Member::new(name, FieldClass::string())),
        }
        self.steps.push(Step::Address { copy, part });
    }

    /// The address that the call has at this side: its length is an argument when the program gives
    /// it, and behind an argument when the kernel does; or both are in a message's header.
    fn address(&self) -> Option<(Copy, String)> {
        if let Some((message, slot)) = self.message() {
            let sends = self.call().starts_with("send");
            let header = self.header();
            let copy = Copy {
                length: Length::IntWithin(header.name_length),
                limit: Copy::ADDRESS_BYTES,
                through: Some(header.name),
                ..Copy::of(CopyKind::Bytes, slot)
            };
            let is_told = sends == (self.side == Side::Entry);
            return is_told.then(|| (copy, format!("{}_name", message.name)));
        }
        let fields = &self.format.fields;
        let at = fields
            .iter()
            .position(|field| field.c_type == "struct sockaddr *")?;
        let (source, length) = (&fields[at], fields.get(at + 1)?);
        let slot = Slot::Argument(argument_index(length)?);
        let length = match (self.side, is_pointer(length)) {
            (Side::Entry, false) => Length::Int(slot),
            (Side::Exit, true) => Length::Behind(slot),
            _ => return None,
        };
        let copy = Copy {
            length,
            limit: Copy::ADDRESS_BYTES,
            ..Copy::of(CopyKind::Bytes, Slot::Argument(argument_index(source)?))
        };
        Some((copy, source.name.clone()))
    }

    /// The argument that is a message's header, or the first of several.
    fn message(&self) -> Option<(&'f Field, Slot)> {
        let is_message = |f: &&Field| {
            matches!(
                f.c_type.as_str(),
                "struct user_msghdr *" | "struct mmsghdr *"
            )
        };
        let source = self.format.fields.iter().find(is_message)?;
        Some((source, Slot::Argument(argument_index(source)?)))
    }

    fn header(&self) -> &'static MessageHeader {
        if self.narrow {
            &NARROW_HEADER
        } else {
            &WIDE_HEADER
        }
    }

    /// How long each of several messages is.
    fn messages(&mut self) {
        let Some((source, slot)) = self.message().filter(|m| m.0.c_type.contains("mmsg")) else {
            return;
        };
        let element = if self.narrow {
            Element::NarrowMessage
        } else {
            Element::Message
        };
        let copy = Copy {
            length: Length::Long(Slot::Result),
            unit: element.len() as u8,
            limit: Copy::LIST_BYTES,
            ..Copy::of(CopyKind::Bytes, slot)
        };
        self.list(copy, &source.name, "len", element);
    }

    fn list(&mut self, copy: Copy, source: &str, what: &str, element: Element) {
        let name = format!("{source}_{what}");
        if let Some(copy) = self.copy(copy, &name) {
            self.counted(copy, &name, element, 4);
        }
    }

    fn all_strings(&mut self) {
        for field in &self.format.fields {
            let is_array = field.c_type == "const char *const *";
            if let Some(index) = argument_index(field).filter(|_| is_array) {
                let copy = Copy::of(CopyKind::Strings, Slot::Argument(index));
                if let Some(copy) = self.copy(copy, &field.name) {
                    let name = format!("{}_strings", field.name);
                    let members = class::sequence(&name, FieldClass::string());
                    self.members.extend(members);
                    self.steps.push(Step::Strings { copy });
                }
            }
        }
    }

    fn all_vectors(&mut self) {
        let vectors: Vec<_> = self
            .format
            .fields
            .iter()
            .filter_map(|f| self.vectors(f))
            .collect();
        let element = if self.narrow {
            Element::NarrowVector
        } else {
            Element::Vector
        };
        for (copy, source) in vectors {
            self.list(copy, source, "iov", element);
        }
    }

    /// The vectors that an argument points at, or that are in the header there.
    fn vectors(&self, source: &'f Field) -> Option<(Copy, &'f str)> {
        let slot = Slot::Argument(argument_index(source)?);
        let (length, through) = match source.c_type.as_str() {
            "const struct iovec *" => (
                Length::Long(Slot::Argument(argument_index(source)? + 1)),
                None,
            ),
            "struct user_msghdr *" | "struct mmsghdr *" => {
                let header = self.header();
                (
                    Length::LongWithin(header.vectors_length),
                    Some(header.vectors),
                )
            }
            _ => return None,
        };
        let element = if self.narrow {
            Element::NarrowVector
        } else {
            Element::Vector
        };
        let copy = Copy {
            length,
            unit: element.len() as u8,
            limit: Copy::LIST_BYTES,
            through,
            ..Copy::of(CopyKind::Bytes, slot)
        };
        Some((copy, &source.name))
    }

    fn given_text(&mut self) {
        let Some((source, slot)) = self.named(TEXTS) else {
            return;
        };
        let copy = Copy {
            length: Length::Long(Slot::Result),
            ..Copy::of(CopyKind::Bytes, slot)
        };
        if let Some(copy) = self.copy(copy, &format!("{}_text", source.name)) {
            let member = Member::new(format!("{}_text", source.name), FieldClass::string());
            self.push(member, Step::Text { copy });
        }
    }

    fn named(&self, table: &[(&str, &str)]) -> Option<(&'f Field, Slot)> {
        let row = table.iter().find(|(call, _)| *call == self.call())?;
        argument(self.format, row.1)
    }

    /// The first bytes of what is moved.
    fn data(&mut self) {
        let found = match self.side {
            Side::Entry => self.written(),
            Side::Exit => self.read(),
        };
        if let Some((copy, source)) = found {
            let copy = Copy {
                limit: self.options.data_bytes.min(Copy::PLAIN_BYTES),
                ..copy
            };
            self.list(copy, source, "data", Element::Byte);
        }
    }

    fn written(&self) -> Option<(Copy, &'f str)> {
        if GATHERS.contains(&self.call()) {
            return self.gathered();
        }
        let row = WRITES.iter().find(|(call, ..)| *call == self.call())?;
        let (source, slot) = argument(self.format, row.1)?;
        let (_, length) = argument(self.format, row.2)?;
        let copy = Copy {
            length: Length::Long(length),
            ..Copy::of(CopyKind::Bytes, slot)
        };
        Some((copy, &source.name))
    }

    fn read(&self) -> Option<(Copy, &'f str)> {
        if SCATTERS.contains(&self.call()) {
            return self.gathered();
        }
        let (source, slot) = self.named(READS)?;
        let copy = Copy {
            length: Length::Long(Slot::Result),
            ..Copy::of(CopyKind::Bytes, slot)
        };
        Some((copy, &source.name))
    }

    fn gathered(&self) -> Option<(Copy, &'f str)> {
        let (copy, source) = self.format.fields.iter().find_map(|f| self.vectors(f))?;
        let kind = CopyKind::Gather;
        Some((
            Copy {
                kind,
                unit: 1,
                ..copy
            },
            source,
        ))
    }

    fn paths(&mut self) {
        if self.side == Side::Exit {
            if OPENS.iter().any(|call| is_called(self.call(), call)) {
                self.path("ret", Slot::Result);
            }
            return;
        }
        let format = self.format;
        for field in format.fields.iter().filter(|field| is_descriptor(field)) {
            if let Some(index) = argument_index(field) {
                self.path(&field.name, Slot::Argument(index));
            }
        }
    }

    fn path(&mut self, name: &str, slot: Slot) {
        let name = format!("{name}_path");
        if let Some(copy) = self.copy(Copy::of(CopyKind::Path, slot), &name) {
            self.push(Member::new(name, FieldClass::string()), Step::Path { copy });
        }
    }

    fn all_labels(&mut self) {
        for (index, name) in self.told.clone() {
            let argument = |field: &&Field| argument_index(field) == Some(index);
            let Some(field) = self.format.fields.iter().find(argument) else {
                continue;
            };
            if let Some(set) = labels::set_of(self.call(), &field.name) {
                let name = format!("{name}_labels");
                let length = format!("_{name}_length");
                let list = class::list(&name, set.class(), &length);
                self.members.push(Member::new(length, FieldClass::uint(8)));
                self.push(list, Step::Labels { index, set });
            }
        }
    }
}

fn argument<'f>(format: &'f EventFormat, name: &str) -> Option<(&'f Field, Slot)> {
    let source = format.field(name)?;
    Some((source, Slot::Argument(argument_index(source)?)))
}

fn is_called(call: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => call.starts_with(prefix),
        None => pattern == call,
    }
}

/// Arguments that are descriptors have names that say so.
fn is_descriptor(field: &Field) -> bool {
    let name = field.name.as_str();
    let is_named =
        name.ends_with("fd") || matches!(name, "fildes" | "fd_in" | "fd_out" | "fdin" | "fdout");
    is_named && !is_pointer(field) && name != "max_fd"
}
