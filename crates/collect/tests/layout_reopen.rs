//! Taking up a trace: the same ids, the same counts, the packets that are there, and nothing
//! believed of what a file claims.

#[allow(dead_code, unreachable_pub, reason = "shared by several test binaries")]
mod layout_support;

use std::fs;
use std::path::{Path, PathBuf};

use layout_support::dying::{Death, DyingDisk};
use layout_support::script::{Written, go_on, kernel_layout, one_string, play, program_layout};
use layout_support::verify::{babeltrace_agrees, verify};
use thalweg_collect::sink::{PacketContext, SinkError, TraceWriter};
use thalweg_model::{LogLevel, Timestamp};

/// A trace whose writer died after so many system calls.
fn abandoned(scratch: &Path, calls: usize) -> (PathBuf, Written) {
    let dir = scratch.join("trace");
    let mut written = Written::default();
    play(DyingDisk::new(Death::Before(calls)), &dir, &mut written).unwrap_err();
    (dir, written)
}

#[test]
fn the_same_declarations_have_the_same_ids_again() {
    let scratch = tempfile::tempdir().unwrap();
    let (dir, _) = abandoned(scratch.path(), 50);
    let before = fs::read_to_string(dir.join("metadata")).unwrap();
    let (mut trace, _) = TraceWriter::reopen(&dir).unwrap();
    let kernel = trace.stream_class(&kernel_layout()).unwrap();
    let program = trace.stream_class(&program_layout()).unwrap();
    assert_eq!(
        trace
            .event_class(kernel, "sched_waking", None, &one_string())
            .unwrap(),
        0
    );
    let level = Some(LogLevel::Info);
    assert_eq!(
        trace
            .event_class(program, "shop:order", level, &one_string())
            .unwrap(),
        0
    );
    trace.flush_metadata().unwrap();
    assert_eq!(fs::read_to_string(dir.join("metadata")).unwrap(), before);
    assert_eq!(
        trace
            .event_class(program, "shop:order", None, &one_string())
            .unwrap(),
        1
    );
    trace.flush_metadata().unwrap();
    let after = fs::read_to_string(dir.join("metadata")).unwrap();
    assert!(after.starts_with(&before) && after.len() > before.len());
}

#[test]
fn the_report_tells_where_each_stream_goes_on() {
    let scratch = tempfile::tempdir().unwrap();
    let (dir, written) = abandoned(scratch.path(), 50);
    fs::write(dir.join("notes.txt"), "not a stream").unwrap();
    fs::write(dir.join("empty"), "").unwrap();
    let (trace, report) = TraceWriter::reopen(&dir).unwrap();
    assert_eq!(report.foreign, [dir.join("notes.txt")]);
    assert_eq!(fs::read(dir.join("notes.txt")).unwrap(), b"not a stream");
    assert!(!dir.join("empty").exists());
    let app = report
        .streams
        .iter()
        .find(|stream| stream.file_name == "p_0")
        .unwrap();
    assert_eq!(
        app.last_context,
        PacketContext::program(7, 8, b"shop").encode()
    );
    assert_eq!(app.last_end, trace.last_end(app.id).unwrap());
    assert_eq!(app.discarded, written.streams["p_0"].discarded);
    let on_disk: Vec<_> = trace
        .packets()
        .map(Result::unwrap)
        .filter(|(id, packet)| *id == app.id && !packet.is_empty())
        .collect();
    assert_eq!(on_disk.len(), written.streams["p_0"].packets.len());
    assert_eq!(on_disk[0].1.header.begin, Timestamp(2_000));
    assert!(
        on_disk
            .iter()
            .all(|(_, packet)| packet.context == app.last_context)
    );
}

/// Whatever byte a file was cut at: whole packets stay, the rest goes and is reported.
#[test]
fn a_torn_tail_is_cut_off_and_reported() {
    let scratch = tempfile::tempdir_in("/dev/shm").unwrap();
    let (dir, written) = abandoned(scratch.path(), 60);
    let whole = fs::read(dir.join("k_0")).unwrap();
    let first_end = 4096;
    for len in [1, 83, 4095, 4096, 4097, 4096 + 84, 60_000, whole.len() - 1] {
        let _ = fs::remove_file(dir.join("index/.k_0.idx"));
        fs::write(dir.join("k_0"), &whole[..len]).unwrap();
        let (trace, report) = TraceWriter::reopen(&dir).unwrap();
        if len < first_end {
            assert_eq!(report.foreign, [dir.join("k_0")], "{len} bytes");
            continue;
        }
        let found = report
            .streams
            .iter()
            .find(|stream| stream.file_name == "k_0")
            .unwrap();
        let left = fs::metadata(dir.join("k_0")).unwrap().len();
        assert_eq!(found.cut_bytes, len as u64 - left, "{len} bytes");
        assert!(found.packets <= written.streams["k_0"].packets.len() as u64);
        drop(trace);
        babeltrace_agrees(&dir);
    }
}

#[test]
fn a_closed_trace_goes_on_and_its_stale_indexes_are_gone() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("trace");
    let mut written = Written::default();
    play(DyingDisk::new(Death::Never), &dir, &mut written).unwrap();
    assert!(dir.join("index/k_0.idx").exists());
    let (mut trace, _) = TraceWriter::reopen(&dir).unwrap();
    assert!(!dir.join("index/k_0.idx").exists());
    go_on(&mut trace, &mut written).unwrap();
    babeltrace_agrees(&dir);
    trace.close().unwrap();
    verify(&dir, &written).unwrap();
    babeltrace_agrees(&dir);
    assert!(dir.join("index/k_0.idx").exists());
}

#[test]
fn what_is_not_ours_is_refused_with_the_reason() {
    let scratch = tempfile::tempdir().unwrap();
    let check = |metadata: &[u8], expected: &str| {
        fs::write(scratch.path().join("metadata"), metadata).unwrap();
        match TraceWriter::reopen(scratch.path()) {
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
            Ok(_) => panic!("{:?} was taken up", metadata.escape_ascii().to_string()),
        }
    };
    check(b"", "not CTF 1.8 as text");
    check(b"\xFF\xFE", "not text");
    check(b"\x57\x1D\xD1\x75", "not text");
    check(b"/* CTF 1.8 */\n", "no uuid");
    check(b"/* CTF 1.8 */\ntrace {\n\tuuid = \"x\";\n};\n", "no uuid");
    let uuid = "trace {\n\tuuid = \"2a6422d0-6cee-11e0-8c08-cb07d7b3a564\";\n};\n";
    check(format!("/* CTF 1.8 */\n{uuid}").as_bytes(), "no clock");
    let clock = "clock {\n\tname = \"monotonic\";\n};\n";
    for stream in [
        "stream {\n\tid = 0;\n};\n",
        "stream {\n\tid = 0; /* events begin at byte 99999999999999 */\n};\n",
        "stream {\n\tid = 1; /* events begin at byte 84 */\n};\n",
        "stream {\n\tid = 0; /* events begin at byte 7 */\n};\n",
        "event {\n\tname = \"a\";\n\tid = 0;\n\tstream_id = 0;\n};\n",
    ] {
        check(
            format!("/* CTF 1.8 */\n{uuid}{clock}{stream}").as_bytes(),
            "not written by thalweg",
        );
    }
    let there = TraceWriter::create(scratch.path(), &layout_support::script::identity());
    assert!(matches!(there.err(), Some(SinkError::Exists(_))));
}

/// Nothing that a damaged file claims leads to a panic, to much memory, or to a broken trace.
#[test]
fn damaged_traces_are_taken_up_or_refused_but_never_believed() {
    let scratch = tempfile::tempdir_in("/dev/shm").unwrap();
    let (dir, _) = abandoned(scratch.path(), 60);
    let files = ["metadata", "k_0", "k_1", "p_0"];
    let whole: Vec<Vec<u8>> = files
        .iter()
        .map(|file| fs::read(dir.join(file)).unwrap())
        .collect();
    let (mut taken, mut refused) = (0, 0);
    for number in 0_usize..2_000 {
        let file = number % files.len();
        let mut bytes = whole[file].clone();
        // Headers and the first packets' bytes, where claims are.
        let at = (number / files.len() * 2_654_435_761) % bytes.len().min(8_300);
        bytes[at] = [0x00, 0xFF, 0x80, bytes[at] ^ 1][number % 7 % 4];
        fs::write(dir.join(files[file]), &bytes).unwrap();
        match TraceWriter::reopen(&dir) {
            Ok((trace, _)) => {
                taken += 1;
                assert!(trace.packets().all(|packet| packet.is_ok()));
            }
            Err(_) => refused += 1,
        }
        for (file, bytes) in files.iter().zip(&whole) {
            fs::write(dir.join(file), bytes).unwrap();
        }
    }
    println!("{taken} taken up, {refused} refused");
    assert!(taken > 1_000 && refused > 20);
}

#[test]
fn packets_that_cannot_be_are_refused() {
    use thalweg_collect::sink::PacketHead;
    let scratch = tempfile::tempdir().unwrap();
    let identity = layout_support::script::identity();
    let mut trace = TraceWriter::create(&scratch.path().join("t"), &identity).unwrap();
    let class = trace.stream_class(&kernel_layout()).unwrap();
    for name in [
        "",
        "metadata",
        "index",
        ".hidden",
        "a/b",
        "../x",
        "nul\0",
        &"x".repeat(201),
    ] {
        let error = trace
            .open_stream(class, name, Timestamp(0), &[0; 4])
            .unwrap_err();
        assert!(
            matches!(error, SinkError::BadFileName(_)),
            "{name:?}: {error}"
        );
    }
    let short = trace
        .open_stream(class, "a", Timestamp(0), &[0; 3])
        .unwrap_err();
    assert!(
        matches!(
            short,
            SinkError::ContextLength {
                given: 3,
                declared: 4
            }
        ),
        "{short}"
    );
    let stream = trace
        .open_stream(class, "a", Timestamp(50), &[0; 4])
        .unwrap();
    let taken = trace
        .open_stream(class, "a", Timestamp(50), &[0; 4])
        .unwrap_err();
    assert!(matches!(taken, SinkError::Io { .. }), "{taken}");
    for (begin, end) in [(49, 60), (70, 60)] {
        let (begin, end) = (Timestamp(begin), Timestamp(end));
        let head = PacketHead {
            begin,
            end,
            discarded_total: 0,
            context: &[0; 4],
        };
        let error = trace.write_packet(stream, &head, b"").unwrap_err();
        assert!(matches!(error, SinkError::OutOfOrder { .. }), "{error}");
    }
}
