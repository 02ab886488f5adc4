//! Any bytes as a record of the program in the kernel, for events of every form: what is written is
//! what the event's class says, to the byte.

#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use thalweg_ctf::metadata;
use thalweg_ctf::read::{Batch, Cursor, Decoder, Wanted, Window};
use thalweg_ctf::write::event_text;
use thalweg_kbuf::{
    EventFormat, MemberClass, Side, Structure, StructureMember, SyscallEvent, SyscallOptions,
    SyscallRecord, syscall_context,
};
use thalweg_model::{EventClass, FieldClass, Member, StructClass};

/// Calls with each kind of argument: declared as the kernel does.
const CALLS: [&[&str]; 13] = [
    &[
        "writev",
        "unsigned long fd",
        "const struct iovec * vec",
        "unsigned long vlen",
    ],
    &[
        "recvmsg",
        "int fd",
        "struct user_msghdr * msg",
        "unsigned int flags",
    ],
    &[
        "ppoll",
        "struct pollfd * ufds",
        "unsigned int nfds",
        "struct __kernel_timespec * tsp",
    ],
    &[
        "select",
        "int n",
        "fd_set * inp",
        "fd_set * outp",
        "fd_set * exp",
        "struct __kernel_old_timeval * tvp",
    ],
    &["read", "unsigned int fd", "char * buf", "size_t count"],
    &[
        "openat",
        "int dfd",
        "const char * filename",
        "int flags",
        "umode_t mode",
    ],
    &[
        "connect",
        "int fd",
        "struct sockaddr * uservaddr",
        "int addrlen",
    ],
    &[
        "accept",
        "int fd",
        "struct sockaddr * upeer_sockaddr",
        "int * upeer_addrlen",
    ],
    &[
        "execve",
        "const char * filename",
        "const char *const * argv",
        "const char *const * envp",
    ],
    &["pipe2", "int * fildes", "int flags"],
    &[
        "renameat2",
        "int olddfd",
        "const char * oldname",
        "int newdfd",
        "const char * newname",
    ],
    &[
        "epoll_ctl",
        "int epfd",
        "int op",
        "int fd",
        "struct epoll_event * event",
    ],
    &["newer", "const char * a", "const char * buf", "long b"],
];

/// An event and how our reader reads it.
struct Known {
    event: SyscallEvent,
    decoder: Decoder,
}

fn known() -> &'static [Known] {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let formats = CALLS.map(format);
        let sides = [Side::Entry, Side::Exit];
        let options = SyscallOptions {
            data_bytes: 64,
            fd_paths: true,
        };
        let of_calls = formats
            .iter()
            .flat_map(|format| sides.map(|side| SyscallEvent::new(side, format, options)));
        let of_compat = formats
            .iter()
            .flat_map(|format| sides.map(|side| SyscallEvent::compat(side, "x", format, options)));
        let unknown = sides.map(|side| SyscallEvent::unknown(side, true));
        let limits = format(&[
            "prlimit64",
            "pid_t pid",
            "unsigned int resource",
            "const struct rlimit64 * new_rlim",
            "struct rlimit64 * old_rlim",
        ]);
        let structures = [Structure {
            name: "rlimit64".to_owned(),
            size_bytes: 24,
            members: [
                ("rlim_cur", 0, MemberClass::Integer(8, false)),
                ("rlim_max", 8, MemberClass::Integers(2, true, 4)),
                ("text", 16, MemberClass::Text(8)),
            ]
            .map(|(name, offset, class)| StructureMember {
                name: name.to_owned(),
                offset,
                class,
            })
            .to_vec(),
        }];
        let structured = sides
            .map(|side| SyscallEvent::with_structures(side, &limits, options, &structures));
        of_calls
            .chain(of_compat)
            .chain(unknown)
            .chain(structured)
            .map(Known::new)
            .collect()
    })
}

fn format(call: &[&str]) -> EventFormat {
    let mut text = format!("name: sys_enter_{}\nID: 7\nformat:\n", call[0]);
    text.push_str("\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n");
    text.push_str("\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n");
    text.push_str("\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n");
    for (place, argument) in call[1..].iter().enumerate() {
        let offset = 16 + 8 * place;
        text.push_str(&format!(
            "\tfield:{argument};\toffset:{offset};\tsize:8;\tsigned:0;\n"
        ));
    }
    EventFormat::parse(&text).expect("it is of the kernel's form")
}

impl Known {
    fn new(event: SyscallEvent) -> Self {
        let context = Member::new(
            "context",
            FieldClass::Struct(StructClass {
                min_align_bits: 0,
                members: syscall_context(),
            }),
        );
        let payload = StructClass {
            min_align_bits: 0,
            members: [vec![context], event.payload.members.clone()].concat(),
        };
        let class = EventClass {
            id: 0,
            name: event.name.clone(),
            stream_id: 0,
            log_level: None,
            model_uri: None,
            specific_context: None,
            payload,
        };
        let event_text = event_text(&class).expect("an event can be declared");
        let text = format!(
            "/* CTF 1.8 */\ntrace {{ major = 1; minor = 8; byte_order = le; }};\nstream {{ id = 0; }};\n{event_text}"
        );
        let class = metadata::parse(text.as_bytes()).expect("what we write we can read");
        Self {
            event,
            decoder: Decoder::new(Arc::new(class)),
        }
    }

    /// Our reader takes all of what is written, and no more.
    fn check(&self, record: &SyscallRecord<'_>) {
        let mut bytes = Vec::new();
        record.encode_context(&mut bytes);
        self.event.encode(record, &mut bytes);
        let window = Window {
            bytes: &bytes,
            begin_bytes: 0,
        };
        let mut cursor = Cursor::default();
        let bits = bytes.len() as u64 * 8;
        let decoder = &self.decoder;
        decoder
            .begin_packet(&mut cursor, window, bits)
            .expect("no head");
        let mut batch = Batch::default();
        decoder
            .read_events(&mut cursor, window, &Wanted::default(), &mut batch)
            .unwrap_or_else(|error| panic!("{error:?}: {}", self.event.name));
        assert_eq!(batch.len(), 1, "{}", self.event.name);
        assert_eq!(
            cursor.from_bytes(),
            bytes.len() as u64,
            "{}",
            self.event.name
        );
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some(record) = SyscallRecord::parse(bytes) else {
        return;
    };
    let _ = (record.time_ns(), record.number(), record.is_compat());
    known().iter().for_each(|known| known.check(&record));
});
