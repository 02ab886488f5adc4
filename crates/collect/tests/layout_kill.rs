//! A process that writes as fast as it can is killed at random instants by SIGKILL: the kernel
//! itself decides where a write is cut.

#[allow(dead_code, unreachable_pub, reason = "shared by several test binaries")]
mod layout_support;

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use layout_support::script::{
    Written, append as append_pages, go_on, identity, in_pages, kernel_layout, one_string, records,
};
use layout_support::verify::babeltrace_agrees;
use thalweg_collect::sink::{EventHeader, PacketContext, PacketHead, StreamId, TraceWriter};
use thalweg_model::Timestamp;
use thalweg_testkit::packet::{broken_order, packets};

const CHILD_DIR: &str = "THALWEG_TEST_WRITE_FOREVER_IN";
const KILLS: u64 = 50;

#[test]
fn a_writer_under_kill_9_leaves_a_whole_trace() {
    if let Some(dir) = std::env::var_os(CHILD_DIR) {
        write_forever(Path::new(&dir));
    }
    // In memory, and on what the machine's own file system is.
    let scratches = [
        tempfile::tempdir_in("/dev/shm").unwrap(),
        tempfile::tempdir().unwrap(),
    ];
    let mut total = 0;
    for number in 0..KILLS {
        let dir = scratches[number as usize % 2]
            .path()
            .join(format!("{number}"));
        let mut child = spawn(&dir);
        wait_for(&dir.join("k_0"));
        // Spread over the life of a growth: no two kills at the same distance.
        std::thread::sleep(Duration::from_micros(number * 613 % 20_000));
        child.kill().unwrap();
        assert_eq!(
            child.wait().unwrap().signal(),
            Some(9),
            "it was killed, and did not end before"
        );
        total += check(&dir);
        std::fs::remove_dir_all(&dir).unwrap();
    }
    println!("{KILLS} kills, {total} packets, every one whole");
}

fn spawn(dir: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "a_writer_under_kill_9_leaves_a_whole_trace",
        "--nocapture",
    ]);
    command
        .env(CHILD_DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

fn wait_for(file: &Path) {
    for _ in 0..10_000 {
        if file.metadata().is_ok_and(|file| file.len() > 0) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the writer does not write {}", file.display());
}

fn check(dir: &Path) -> usize {
    let found = packets(&dir.join("k_0")).unwrap();
    assert_eq!(broken_order(&found), None);
    for packet in &found {
        let begin = 1_000 + packet.sequence * 10_000;
        let events = &packet.behind_fixed()[4..];
        let is_whole = |bytes| events == records(EventHeader::Compact, 0, begin, bytes);
        let size = size(packet.sequence);
        assert!(
            events.is_empty() || is_whole(size) || is_whole(page_size(size)),
            "packet {} is torn",
            packet.sequence
        );
    }
    babeltrace_agrees(dir);
    let (mut again, report) = TraceWriter::reopen(dir).unwrap();
    assert_eq!(
        report
            .streams
            .iter()
            .map(|stream| stream.cut_bytes)
            .sum::<u64>(),
        0
    );
    go_on(&mut again, &mut Written::default()).unwrap();
    again.close().unwrap();
    assert_eq!(broken_order(&packets(&dir.join("k_0")).unwrap()), None);
    found.len()
}

fn size(sequence: u64) -> usize {
    (sequence as usize * 7_919) % 130_000 + 1
}

/// Records of a page.
fn page_size(size: usize) -> usize {
    size % 1_900
}

fn write_forever(dir: &Path) -> ! {
    let mut trace = TraceWriter::create(dir, &identity()).unwrap();
    let class = trace.stream_class(&kernel_layout()).unwrap();
    let event = trace
        .event_class(class, "sched_waking", None, &one_string())
        .unwrap();
    let context = PacketContext::Kernel { cpu_id: 0 }.encode();
    let stream = trace
        .open_stream(class, "k_0", Timestamp(1_000), &context)
        .unwrap();
    loop {
        append(&mut trace, stream, event, &context);
        let sequence = trace.next_sequence(stream).unwrap();
        let begin = Timestamp(1_000 + sequence * 10_000);
        let records = records(EventHeader::Compact, event, begin.0, size(sequence));
        let end = Timestamp(begin.0 + 10_000);
        let head = PacketHead {
            begin,
            end,
            discarded_total: 0,
            context: &context,
        };
        trace.write_packet(stream, &head, &records).unwrap();
    }
}

/// Appends pages: so many that they go past the page cache, where there is one.
fn append(trace: &mut TraceWriter, stream: StreamId, event: u32, context: &[u8]) {
    // What is left of the open packet at the first time becomes one without events.
    let first = trace.next_sequence(stream).unwrap().max(1);
    let made = (first..first + 60).map(|sequence| {
        let begin = 1_000 + sequence * 10_000;
        let bytes = page_size(size(sequence));
        (begin, records(EventHeader::Compact, event, begin, bytes))
    });
    let (heads, pages) = in_pages(&made.collect::<Vec<_>>(), context.len());
    let (whole, error) = append_pages(trace, stream, (context, 0), (&heads, pages));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(whole, heads.len());
}
