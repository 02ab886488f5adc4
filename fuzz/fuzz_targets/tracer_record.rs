//! Any text as the kernel's table of symbols, and any bytes as records of ftrace's own: what comes out is
//! whole events, or nothing.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use thalweg_kbuf::{EventFormat, HeaderKind, PageLayout, Symbols, TracerEvent, Transcoder};

const COMMON: &str = "format:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
    \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

/// The kinds with their records' fields: name, type, offset, size.
const FORMATS: [(TracerEvent, &str); 5] = [
    (
        TracerEvent::Function,
        "unsigned long ip 8 8,unsigned long parent_ip 16 8",
    ),
    (
        TracerEvent::GraphEntry,
        "unsigned long func 8 8,int depth 16 4",
    ),
    (
        TracerEvent::GraphExit,
        "unsigned long func 8 8,int depth 16 4,unsigned long calltime 24 8,unsigned long rettime 32 8",
    ),
    (
        TracerEvent::KernelStack,
        "int size 8 4,unsigned long caller[8] 16 64",
    ),
    (TracerEvent::Print, "unsigned long ip 8 8,char buf[] 16 0"),
];

static PARSED: LazyLock<Vec<(TracerEvent, EventFormat)>> = LazyLock::new(|| {
    let format = |(id, (kind, fields)): (usize, (TracerEvent, &str))| {
        let lines: String = fields.split(',').map(line).collect();
        let name = kind.kernel_name();
        let text = format!("name: {name}\nID: {id}\n{COMMON}{lines}\nprint fmt: \"\"");
        (kind, EventFormat::parse(&text).expect("a format"))
    };
    (1..).zip(FORMATS).map(format).collect()
});

fn line(field: &str) -> String {
    let mut words = field.rsplitn(3, ' ');
    let (size, offset) = (words.next().unwrap_or("0"), words.next().unwrap_or("0"));
    let declaration = words.next().unwrap_or_default();
    format!("\tfield:{declaration};\toffset:{offset};\tsize:{size};\tsigned:0;\n")
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&depth, rest)) = bytes.split_first() else {
        return;
    };
    let (table, page) = rest.split_at(
        rest.iter()
            .position(|&byte| byte == 0xff)
            .unwrap_or(rest.len()),
    );
    let symbols = Arc::new(Symbols::parse(&String::from_utf8_lossy(table)));
    let depth = (depth > 0).then_some(u32::from(depth));
    let describe = |(kind, format): &(TracerEvent, EventFormat)| {
        let event = kind.describe(format, &symbols, depth);
        event.expect("the format has all fields")
    };
    let events: Vec<_> = PARSED.iter().map(describe).collect();
    let transcoder = Transcoder::new(&events, HeaderKind::Compact);
    let mut out = Vec::new();
    let layout = PageLayout::of_64_bit(page.len());
    if let Ok(summary) = transcoder.page(page.get(1..).unwrap_or_default(), &layout, &mut out) {
        assert_eq!(summary.events == 0, out.is_empty());
    }
});
