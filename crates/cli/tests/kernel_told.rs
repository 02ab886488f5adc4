//! What forks and packets tell beyond the kernel's records, beside what the programs themselves know.

mod common;

use std::collections::BTreeMap;
use std::process::Stdio;

use common::{Scene, recorded};
use thalweg_testkit::babeltrace2_clean;

/// The value of a field in a line, without quotes; the first of that name.
fn field<'l>(line: &'l str, name: &str) -> &'l str {
    let (_, rest) = line.split_once(&format!(" {name} = ")).expect(line);
    match rest.strip_prefix('"') {
        Some(text) => text.split_once('"').unwrap().0,
        None => rest.split([',', ' ']).next().unwrap(),
    }
}

/// Records events of a command in Python; the trace as text, and what the command printed.
#[track_caller]
fn record(flags: &[&str], program: &str) -> (String, String) {
    let scene = Scene::new();
    let first = ["record", "--no-user", "-o", "t"];
    let command = ["--", "python3", "-c", program];
    let ended = scene.thalweg(&[&first[..], flags, &command].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    for bad in ["discarded", "kernel counted", "lack"] {
        assert!(!ended.stderr.contains(bad), "{}", ended.stderr);
    }
    let theirs = babeltrace2_clean(&scene.dir().join("t"));
    let ours = scene.thalweg(&["view", "--clock-gmt", "t"]);
    assert!(ours.stdout == theirs, "view and babeltrace2 differ");
    assert_eq!(theirs.lines().count() as u64, recorded(&ended.stderr));
    (theirs, ended.stdout)
}

/// Prints each thread's number and process, and the namespace; then a child in a namespace of its own.
const FAMILY: &str = r#"
import os, threading, subprocess
def space(): return os.readlink("/proc/self/ns/pid")[5:-1]
def say(kind, tid, pid): print(kind, tid, pid, space(), flush=True)
def thread(): say("thread", threading.get_native_id(), os.getpid())
for _ in range(20):
    one = threading.Thread(target=thread); one.start(); one.join()
for _ in range(20):
    child = os.fork()
    if child == 0:
        say("child", os.getpid(), os.getpid()); os._exit(0)
    os.wait()
inner = "readlink /proc/self/ns/pid"
print("inner", subprocess.run(["unshare", "-pf", "sh", "-c", inner + "; exec true"], capture_output=True).stdout.decode()[5:-2])
"#;

#[test]
fn a_fork_tells_whose_process_the_new_thread_is_and_its_numbers_everywhere() {
    let (trace, said) = record(&["--follow", "-k", "sched_process_fork"], FAMILY);
    let forks: BTreeMap<&str, &str> = trace
        .lines()
        .map(|line| (field(line, "child_tid"), line))
        .collect();
    let mut seen = 0;
    for line in said.lines().filter(|line| !line.starts_with("inner")) {
        let words: Vec<&str> = line.split(' ').collect();
        let [kind, tid, pid, space] = words[..] else {
            panic!("{line}")
        };
        let fork = forks[tid];
        assert_eq!(field(fork, "child_pid"), pid, "{fork}");
        assert_eq!(field(fork, "parent_pid") == pid, kind == "thread", "{fork}");
        assert_eq!(field(fork, "child_ns_inum"), space, "{fork}");
        assert_eq!(field(fork, "parent_ns_inum"), space, "{fork}");
        assert!(
            fork.contains(&format!("_vtids_length = 1, vtids = [ [0] = {tid} ]")),
            "{fork}"
        );
        seen += 1;
    }
    assert_eq!(seen, 40, "{said}");
    let inner = said.lines().find_map(|line| line.strip_prefix("inner "));
    let of_inner = format!("child_ns_inum = {} ", inner.unwrap());
    let first = trace.lines().find(|line| line.contains(&of_inner)).unwrap();
    let numbers = format!(
        "_vtids_length = 2, vtids = [ [0] = {}, [1] = 1 ]",
        field(first, "child_tid")
    );
    assert!(first.contains(&numbers), "{first}");
    assert_ne!(field(first, "parent_ns_inum"), inner.unwrap());
}

/// Four processes fork and start threads as fast as they can.
const BOMB: &str = r#"
import os, threading
def bomb():
    for at in range(500):
        child = os.fork()
        if child == 0: os._exit(0)
        os.waitpid(child, 0)
        if at % 5 == 0:
            one = threading.Thread(target=lambda: None); one.start(); one.join()
for _ in range(4):
    if os.fork() == 0: bomb(); os._exit(0)
for _ in range(4): os.wait()
"#;

#[test]
fn a_storm_of_forks_is_told_one_by_one() {
    let contexts = ["--context", "pid,tid"];
    let flags = ["--follow", "-k", "sched_process_fork,sched_process_exit"];
    let (trace, _) = record(&[&flags[..], &contexts].concat(), BOMB);
    let (mut children, mut threads) = (BTreeMap::new(), 0);
    let (mut ends, mut forks) = (0, 0);
    for line in trace.lines() {
        if line.contains(" sched_process_fork:") {
            // What starts Python may be a script.
            forks += usize::from(field(line, "parent_comm") == "python3");
            let (tid, pid) = (field(line, "child_tid"), field(line, "child_pid"));
            let is_thread = tid != pid;
            threads += usize::from(is_thread);
            // The parent is who ran.
            assert_eq!(field(line, "parent_pid"), field(line, "pid"), "{line}");
            assert_eq!(field(line, "parent_pid") == pid, is_thread, "{line}");
            children.insert(tid, pid);
        } else if let Some(pid) = children.remove(field(line, "tid")) {
            ends += 1;
            assert_eq!(field(line, "pid"), pid, "{line}");
        }
    }
    assert_eq!((forks, threads), (4 + 2000 + 400, 400));
    assert!(ends >= forks, "each that began ended: {ends} of {forks}");
}

/// At length it sends more packets than what is told of them has room.
const FLOOD: &str = r#"
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); one.bind(("127.0.0.1", 0))
two = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); two.bind(("127.0.0.1", 0))
for _ in range(int(sys.argv[1])): two.sendto(b"y", one.getsockname()); one.recv(1)
print(one.getsockname()[1])
"#;

#[test]
fn what_found_no_room_is_marked_and_counted() {
    let is_full = std::env::var_os("THALWEG_FULL").is_some_and(|value| value == "1");
    let count = if is_full { 170_000 } else { 2_000 };
    let scene = Scene::new();
    let flags = ["record", "--no-user", "-o", "t", "-k", "net_dev_queue"];
    let recorder = scene.start_with(&flags, |command| {
        command.stdout(Stdio::null());
    });
    recorder.wait_for("recording to");
    recorder.signal("STOP");
    let flood = ["-c", FLOOD, &count.to_string()];
    let sent = scene.command("python3", &flood).output().unwrap();
    let port = String::from_utf8(sent.stdout).unwrap();
    recorder.signal("CONT");
    recorder.signal("INT");
    let ended = recorder.end();
    assert!(!ended.stderr.contains("discarded"), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let unknown = trace
        .lines()
        .filter(|line| line.contains("network_header = { { } }"));
    let unknown = unknown.count();
    let told = format!("note: {unknown} events lack what the kernel's records do not have");
    assert_eq!(ended.stderr.contains(&told), is_full, "{}", ended.stderr);
    assert_eq!(unknown > 10_000, is_full, "{unknown}: {}", ended.stderr);
    let to_port = format!("dest_port = {}, ", port.trim());
    let known = trace.lines().filter(|line| line.contains(&to_port)).count();
    // Others on this machine may send, too.
    let sum = known + unknown;
    assert!((count..count + 1000).contains(&sum), "{known} {unknown}");
}

/// Sends over the loopback, and prints the ports.
const TRAFFIC: &str = r#"
import socket
def pair(family, host):
    one = socket.socket(family); one.bind((host, 0)); one.listen()
    two = socket.create_connection(one.getsockname()[:2])
    three, _ = one.accept()
    for _ in range(10): two.sendall(b"x" * 100); three.recv(100)
    print("tcp", two.getsockname()[1], one.getsockname()[1])
def datagram(family, host):
    one = socket.socket(family, socket.SOCK_DGRAM); one.bind((host, 0))
    two = socket.socket(family, socket.SOCK_DGRAM); two.bind((host, 0))
    for _ in range(10): two.sendto(b"y" * 50, one.getsockname()); one.recv(50)
    print("udp", two.getsockname()[1], one.getsockname()[1])
pair(socket.AF_INET, "127.0.0.1")
datagram(socket.AF_INET, "127.0.0.1")
datagram(socket.AF_INET6, "::1")
"#;

#[test]
fn a_packet_has_its_headers_where_it_is_sent_and_where_it_comes() {
    let (trace, said) = record(&["-k", "net_dev_queue,netif_rx,netif_receive_skb"], TRAFFIC);
    let places = ["net_dev_queue", "net_if_rx", "net_if_receive_skb"];
    for line in said.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [kind, from, to] = words[..] else {
            panic!("{line}")
        };
        let ports = format!("source_port = {from}, dest_port = {to}, ");
        // What follows the packet's address and size: the headers.
        let headers = |place: &str| -> Vec<&str> {
            let of_place = format!(" {place}: ");
            let lines = trace.lines().filter(|line| line.contains(&of_place));
            let own = lines.filter(|line| line.contains(&ports));
            own.map(|line| line.split_once("network_header_type").unwrap().1)
                .collect()
        };
        let [sent, taken, received] = places.map(headers);
        assert_eq!(sent, taken);
        assert_eq!(sent, received);
        if kind == "tcp" {
            assert!(
                sent.len() >= 12 && sent[0].contains("flags = 0x2,"),
                "{sent:?}"
            );
            let rising = |line: &&str| field(line, "seq").parse::<u32>().unwrap();
            let numbers: Vec<u32> = sent.iter().map(rising).collect();
            let rise = |pair: &[u32]| pair[1].wrapping_sub(pair[0]);
            let total: u32 = numbers.windows(2).map(rise).sum();
            // Beginning and end count as one each; a last packet's bytes follow its number.
            assert!((900..=1002).contains(&total), "{numbers:?}");
        } else {
            assert_eq!(sent.len(), 10);
            assert!(
                sent.iter().all(|line| line.contains("len = 58, ")),
                "{sent:?}"
            );
        }
    }
    assert_eq!(said.lines().count(), 3);
    assert!(trace.contains("\"_ipv6\" : container = 2"));
}

/// Datagrams for a socket that has no room for them.
const OVERFLOW: &str = r#"
import socket
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048); one.bind(("127.0.0.1", 0))
two = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(50): two.sendto(b"y" * 500, one.getsockname())
print(one.getsockname()[1])
"#;

#[test]
fn what_the_kernel_calls_otherwise_has_lttngs_names_and_its_own_labels() {
    let (trace, port) = record(&["-k", "udp_fail_queue_rcv_skb,kfree_skb"], OVERFLOW);
    let own = format!("lport = {} }}", port.trim());
    let refused = trace.lines().filter(|line| line.ends_with(&own)).count();
    // The reason is the kernel's word for it, whatever its number is in this kernel.
    let full = "reason = ( \"SOCKET_RCVBUFF\" : container = ";
    let dropped = trace.lines().filter(|line| line.contains(full)).count();
    assert!(
        (30..=50).contains(&refused) && dropped >= refused,
        "{refused} {dropped}"
    );
}

#[test]
fn where_there_are_no_programs_the_fields_are_left_out_with_a_word() {
    let scene = Scene::new();
    let ended = scene.with_own_mounts(
        "mount --bind /dev/null /sys/kernel/btf/vmlinux
         $1 record --no-user -o t -k sched_process_fork,net_dev_queue -- sh -c '/bin/true; :'",
    );
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let note = "what the kernel's record of sched_process_fork, net_dev_queue lacks is not recorded: failed to ";
    assert!(ended.stderr.contains(note), "{}", ended.stderr);
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let forks: Vec<&str> = trace
        .lines()
        .filter(|line| line.contains("_fork: "))
        .collect();
    assert!(!forks.is_empty());
    for fork in forks {
        let of_child = fork.split_once(", child_comm = ").unwrap().1;
        assert!(of_child.ends_with(&format!("child_tid = {} }}", field(fork, "child_tid"))));
        assert!(
            !fork.contains("_pid = ") && !fork.contains("ns_inum"),
            "{fork}"
        );
    }
}

#[test]
fn what_a_dead_recorder_had_not_written_is_marked_and_told() {
    let scene = Scene::new();
    let flags = ["record", "--no-user", "-o", "t", "-k", "sched_process_fork"];
    let recorder = scene.start_with(&flags, |command| {
        command.stdout(Stdio::null());
    });
    recorder.wait_for("recording to");
    recorder.signal("STOP");
    let forks = "i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done";
    assert!(
        scene
            .command("sh", &["-c", forks])
            .status()
            .unwrap()
            .success()
    );
    recorder.die();
    let trace = babeltrace2_clean(&scene.dir().join("t"));
    let unknown = trace
        .lines()
        .filter(|line| line.contains("_vtids_length = 0, "));
    let unknown: Vec<&str> = unknown.collect();
    assert!(unknown.len() >= 100, "{}", unknown.len());
    for fork in unknown {
        let marks = ["parent_pid", "child_pid", "parent_ns_inum", "child_ns_inum"];
        assert_eq!(
            marks.map(|name| field(fork, name)),
            ["-1", "-1", "0", "0"],
            "{fork}"
        );
    }
}
