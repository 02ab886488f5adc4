//! System calls with payload, judged by strace: the same execution, seen by both.
//!
//! strace stops a thread before the kernel's tracepoint is reached and reads its memory, which brings
//! the pages in: nothing is left to be a fault here. A dozen commands always, 50 in `cargo xtask nightly`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use thalweg_tests::{Compared, Report, World, beside, calls_of, compile, is_full, straced};

/// Answers each request with a line.
fn serve(listener: &TcpListener) {
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { return };
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nhi\n");
    }
}

/// So many bytes of what is moved are compared.
const DATA_BYTES: u16 = 64;

/// Real commands; `DIR` is a folder of their own. The first ones are always run.
const COMMANDS: [&str; 51] = [
    SOCKETS,
    "git init -q DIR/repository",
    "/usr/bin/python3 -c 'import os; os.pipe(); print(os.listdir(\"/\"))'",
    "curl -s URL",
    "sqlite3 DIR/database 'create table t(a); insert into t values (1); select * from t'",
    "ls -la /usr",
    "cp /etc/passwd DIR/copy",
    "mv DIR/copy DIR/moved",
    "ln -s moved DIR/link",
    "sh -c 'sort /etc/passwd | head -2 | wc -l'",
    "sleep 5 & sleep 0.1; kill $!; wait; true",
    VECTORS,
    "cat /etc/passwd",
    "mkdir -p DIR/a/b/c",
    "git -C DIR/repository status --short",
    "find /etc -name '*.conf'",
    "tar -C /etc -czf DIR/etc.tar.gz apt",
    "ssh-keygen -q -t ed25519 -N '' -f DIR/key",
    "stat DIR/link",
    "df /",
    "xz -k -T2 DIR/moved",
    "grep -r root /etc/apt /etc/passwd",
    "sed -i s/root/toor/ DIR/moved",
    "awk -F: '{ print $1 }' /etc/passwd",
    "perl -e 'print join \",\", sort keys %ENV'",
    "sh -c 'printf \"all:\\n\\techo made\\n\" > DIR/Makefile; make -f DIR/Makefile'",
    "sh -c 'echo \"int main(void){return 0;}\" > DIR/x.c; gcc -o DIR/x DIR/x.c; DIR/x'",
    "sh -c 'diff /etc/passwd DIR/moved; true'",
    "du -s /etc/apt",
    "head -c 100 /dev/zero",
    "tail -n 2 /etc/passwd",
    "od -c /etc/hostname",
    "cut -d: -f1 /etc/passwd",
    "tr a b < /etc/passwd",
    "sh -c 'echo x | tee DIR/tee'",
    "touch -d yesterday DIR/touched",
    "chmod 600 DIR/touched",
    "rm -r DIR/a",
    "dd if=/dev/zero of=DIR/zeros bs=4096 count=8 conv=fsync status=none",
    "date",
    "uname -a",
    "id",
    "env",
    "nproc",
    "gzip -k DIR/zeros",
    "sha256sum /etc/passwd",
    "openssl rand -hex 8",
    "flock DIR/lock true",
    "mkfifo DIR/fifo",
    "timeout 5 true",
    "bash -c 'for i in 1 2 3; do (exit $i); done; read line < /etc/hostname; exec 5>&1'",
];

/// How many of them are run always.
const ALWAYS: usize = 12;

/// Vectors, messages, sets of descriptors.
const VECTORS: &str = "/usr/bin/python3 -c '
import os, socket, select, array, mmap
r, w = os.pipe(); os.writev(w, [b\"ab\", b\"\", b\"cde\" * 40]); os.readv(r, [bytearray(2), bytearray(200)])
a, b = socket.socketpair(); a.sendmsg([b\"one\", b\"two\"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array(\"i\", [r]))])
b.recvmsg(100, 100)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind((\"127.0.0.1\", 0)); u.sendmsg([b\"x\"], [], 0, u.getsockname())
u.recvmsg(9); os.write(w, b\"q\")
p = select.poll(); p.register(r, select.POLLIN); p.register(w, select.POLLOUT); p.poll(10)
select.select([r], [w], [], 0)
e = select.epoll(); e.register(r, select.EPOLLIN); e.modify(r, select.EPOLLIN | select.EPOLLET); e.poll(0); e.close()
f = os.open(\"DIR/gone\", os.O_RDWR | os.O_CREAT); os.unlink(\"DIR/gone\"); os.pwrite(f, b\"gone\", 3); os.pread(f, 9, 0)
os.preadv(f, [bytearray(4)], 3); os.lseek(f, 1, os.SEEK_SET); os.dup2(f, 40); os.close(40); os.readlink(\"/proc/self/exe\")
m = os.memfd_create(\"name\"); os.write(m, b\"m\"); os.getcwd(); os.sendfile(m, f, 0, 2); os.kill(os.getpid(), 0)
'";

/// Sockets of three families and threads.
const SOCKETS: &str = "/usr/bin/python3 -c '
import socket, os, threading
for family, address in (socket.AF_INET, \"127.0.0.1\"), (socket.AF_INET6, \"::1\"):
    s = socket.socket(family); s.bind((address, 0)); s.listen()
    c = socket.socket(family); c.connect(s.getsockname()); a, _ = s.accept(); c.getpeername()
    d = socket.socket(family, socket.SOCK_DGRAM); d.bind((address, 0))
    d.sendto(b\"x\", d.getsockname()); d.recvfrom(9)
u = socket.socket(socket.AF_UNIX); u.bind(\"DIR/socket\"); u.listen()
v = socket.socket(socket.AF_UNIX); v.connect(\"DIR/socket\"); u.accept()
w = socket.socket(socket.AF_UNIX); w.bind(\"\\0thalweg-{}\".format(os.getpid()))
socket.socketpair()
try: open(\"DIR/none\")
except OSError: pass
t = [threading.Thread(target=os.stat, args=(\"DIR\",)) for _ in range(4)]
[x.start() for x in t]; [x.join() for x in t]
'";

#[test]
fn strace_sees_the_same_calls_with_the_same_strings_and_results() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    std::thread::spawn(move || serve(&listener));
    let world = World::new();
    let dir = world.trace("files");
    std::fs::create_dir(&dir).expect("the folder is ours");
    let (mut wrong, mut sum) = (Vec::new(), Compared::default());
    let commands = if is_full() {
        &COMMANDS[..]
    } else {
        &COMMANDS[..ALWAYS]
    };
    for (number, command) in commands.iter().enumerate() {
        let command = command
            .replace("DIR", &dir.to_string_lossy())
            .replace("URL", &url);
        sum = sum.with(judge(&world, number, &command, &mut wrong).0);
    }
    println!("{} commands: {sum:?}", commands.len());
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    assert!(
        sum.calls > 2000 && sum.texts > 500 && sum.paths > 500,
        "{sum:?}"
    );
    assert!(
        sum.data_bytes > 1000 && sum.labels > 500 && sum.nested > 20 && sum.members > 1000,
        "{sum:?}"
    );
}

/// `int $0x80` makes calls of the 32-bit table, with 32-bit pointers and lengths in memory.
#[test]
fn calls_of_32_bit_programs_have_their_own_names_and_unknown_ones_their_number() {
    let world = World::new();
    let program = compile(&world, "compat_calls.c", "compat_calls", &[]);
    let alone = Command::new(&program).status().expect("it was compiled");
    if alone.code() != Some(0) {
        return eprintln!("{alone}: this kernel runs no calls of 32-bit programs");
    }
    let mut wrong = Vec::new();
    let (compared, report) = judge(&world, 0, &program.to_string_lossy(), &mut wrong);
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    assert!(
        compared.nested > 4 && compared.data_bytes > 10,
        "{compared:?}"
    );
    let text = thalweg_tests::our_text(&report.output);
    for name in [
        "compat_syscall_entry_open:",
        "compat_syscall_exit_readv:",
        "compat_syscall_entry_stat64:",
        "compat_syscall_entry__llseek:",
        "compat_syscall_entry_execve:",
        "compat_syscall_exit_unknown:",
        " syscall_entry_unknown:",
    ] {
        assert!(text.contains(name), "{name}");
    }
}

/// Runs a command with strace and our recorder, and compares what they tell.
#[track_caller]
fn judge(
    world: &World,
    number: usize,
    command: &str,
    wrong: &mut Vec<String>,
) -> (Compared, Report) {
    let log = world.trace(&format!("strace-{number}"));
    let strace = Waiting::begin(world, &log, command);
    let recorder = world.recorder(&format!("trace-{number}"));
    let recorder = recorder.syscalls("all").syscall_data(DATA_BYTES).fd_paths();
    // What all others do meanwhile is none of this test's.
    let recorder = recorder.track(strace.0.id()).kernel_buffer_kib(32 << 10);
    let recorder = recorder.start();
    strace.run(command);
    let report = recorder.finish();
    assert_eq!(report.lost(), 0, "{report:?}");
    check_babeltrace2(&report);
    let text = std::fs::read_to_string(&log).expect("strace wrote it");
    let compared = beside(&straced(&text), &calls_of(&report.output), wrong);
    println!(
        "{:6} calls, {:5} texts: {command}",
        compared.calls, compared.texts
    );
    (compared, report)
}

/// A shell that becomes strace when it is told to.
struct Waiting(Child);

impl Waiting {
    fn begin(world: &World, log: &Path, command: &str) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", "read go; exec \"$@\" < /dev/null", "sh", "strace"]);
        shell.args([
            "-f", "-v", "-y", "-X", "verbose", "-xx", "-s", "70000", "-o",
        ]);
        shell
            .arg(log)
            .args(["sh", "-c", &format!("exec {command}")]);
        world.place(&mut shell);
        shell.stdin(Stdio::piped()).stdout(Stdio::null());
        Self(shell.spawn().expect("there is a shell"))
    }

    #[track_caller]
    fn run(mut self, command: &str) {
        let mut stdin = self.0.stdin.take().expect("it is piped");
        stdin.write_all(b"go\n").expect("it waits");
        let status = self.0.wait().expect("it is our child");
        assert!(status.success(), "{command}: {status}");
    }
}

/// babeltrace2 reads it without a word, and prints what our reader prints. Version 2.0.4 prints for an
/// empty text what the field of an older event held (its review 4528): such a text is not compared.
#[track_caller]
fn check_babeltrace2(report: &Report) {
    let theirs = thalweg_testkit::babeltrace2_clean(&report.output);
    let ours = thalweg_tests::our_text(&report.output);
    assert_eq!(ours.lines().count(), theirs.lines().count(), "lines");
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        let mut rest = theirs;
        let mut parts = ours.split(" = \"\"");
        let first = parts.next().unwrap_or_default();
        let mut is_same = rest.starts_with(first);
        rest = rest.get(first.len()..).unwrap_or_default();
        for part in parts {
            let behind = rest
                .strip_prefix(" = \"")
                .and_then(|rest| rest.split_once('"'));
            let behind = behind.and_then(|(_, behind)| behind.strip_prefix(part));
            is_same &= behind.is_some();
            rest = behind.unwrap_or_default();
        }
        assert!(
            is_same && rest.is_empty(),
            "ours and babeltrace2's:\n{ours}\n{theirs}"
        );
    }
}
