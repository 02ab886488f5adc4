//! The keeper: a process that holds what a killed recorder would take with it.
//!
//! ```text
//!   recorder ──socket──▶ keeper          session; kernel PAGES; hold RING; drop NONCE; done
//!      ✗  (killed)         │  end of the socket
//!                          └─▶ stop the instance, turn events off, recover, close the trace
//! ```
//!
//! A memfd dies with its last holder, so a recorder and a program that die together would take the
//! program's last events along. The keeper has each ring's descriptor, the pages of the kernel that
//! are being read, the locks of the slots and the sockets that programs call; it does nothing while the recorder lives.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::{Errno, IoSlice, IoSliceMut};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use crate::process::Process;
use crate::program::Program;
use crate::recover::{Held, Remains, recover_remains};
use crate::rendezvous::{Advert, Folder, Post};
use crate::session::Session;

/// The most descriptors of one message.
const MAX_DESCRIPTORS: usize = 32;
/// The longest message.
const MAX_MESSAGE: usize = 16 << 10;

/// The recorder's side.
pub(crate) struct Keeper {
    socket: OwnedFd,
    child: Child,
}

impl Keeper {
    /// Starts a keeper and tells it of the session.
    pub(crate) fn spawn(
        program: &Path,
        session: &Session,
        advert: &Advert,
        posts: &[Post],
    ) -> std::io::Result<Self> {
        let flags = SocketFlags::CLOEXEC;
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        let child = Command::new(program)
            .arg("__keeper")
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Of its own group, so that a Ctrl-C at the terminal is the recorder's alone.
            .process_group(0)
            .spawn()?;
        let keeper = Self {
            socket: ours,
            child,
        };
        let mut text = format!("session\ntrace {}\nstart {}\n", advert.trace, session.start);
        if let Some(instance) = &advert.instance {
            text.push_str(&format!("instance {instance}\n"));
        }
        let mut descriptors = Vec::new();
        for post in posts.iter().take(MAX_DESCRIPTORS / 2) {
            text.push_str(&format!(
                "post {} {} {}\n",
                post.slot,
                post.folder.uid,
                post.folder.path.display()
            ));
            descriptors.extend([post.listener.as_fd(), post.lock.as_fd()]);
        }
        keeper.send(&text, &descriptors)?;
        Ok(keeper)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn send(&self, text: &str, descriptors: &[BorrowedFd<'_>]) -> Result<(), Errno> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        let parts = [IoSlice::new(text.as_bytes())];
        sendmsg(&self.socket, &parts, &mut control, SendFlags::NOSIGNAL).map(drop)
    }

    /// Gives the keeper the memory in which the kernel's pages land.
    pub(crate) fn hold_landings(&self, landings: BorrowedFd<'_>) {
        // A keeper that is gone keeps nothing.
        let _ = self.send("kernel\n", &[landings]);
    }

    /// Gives a program's ring to the keeper.
    pub(crate) fn hold(&self, program: &Program, uid: u32, slot: usize) {
        let pid = program.process.pid().unwrap_or(0);
        let text = format!(
            "hold\nnonce {}\nowner {uid} {slot} {pid}\n",
            program.nonce()
        );
        let mut descriptors = vec![program.memory.file().as_fd(), program.rendezvous.as_fd()];
        // Who has no number here is known by nothing else.
        let hidden = program.process.pidfd().filter(|_| pid == 0);
        descriptors.extend(hidden.map(AsFd::as_fd));
        // A keeper that is gone keeps nothing: the next run recovers what it can.
        let _ = self.send(&text, &descriptors);
    }

    /// Lets the keeper let go of a program that was drained to its end.
    pub(crate) fn release(&self, nonce: u64) {
        let _ = self.send(&format!("drop\nnonce {nonce}\n"), &[]);
    }

    /// The recording has ended well.
    pub(crate) fn dismiss(mut self) {
        let _ = self.send("done\n", &[]);
        let _ = self.child.wait();
    }
}

/// The keeper's whole life: what `thalweg __keeper` does. Its standard input is the socket.
pub fn keeper_main() -> ExitCode {
    let socket = std::io::stdin();
    let mut remains = None;
    loop {
        match receive(socket.as_fd()) {
            Ok(Some(message)) if message.kind() == "done" => return ExitCode::SUCCESS,
            Ok(Some(message)) => message.note(&mut remains),
            Ok(None) | Err(_) => break,
        }
    }
    match remains {
        Some(remains) => {
            remains.silence();
            recover_remains(remains);
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

/// What the recorder sent.
struct Message {
    text: String,
    descriptors: Vec<OwnedFd>,
}

impl Message {
    fn kind(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    fn value(&self, key: &str) -> Option<&str> {
        let mut pairs = self.text.lines().filter_map(|line| line.split_once(' '));
        pairs
            .find(|(found, _)| *found == key)
            .map(|(_, value)| value)
    }

    /// Takes up what the message says.
    fn note(self, remains: &mut Option<Remains>) {
        match (self.kind(), remains) {
            ("session", remains) => *remains = self.session(),
            ("kernel", Some(remains)) => remains.landings = self.descriptors.into_iter().next(),
            ("hold", Some(remains)) => remains.held.extend(self.held()),
            ("drop", Some(remains)) => {
                let nonce = self.value("nonce").and_then(|nonce| nonce.parse().ok());
                remains.held.retain(|held| Some(held.nonce) != nonce);
            }
            _ => {}
        }
    }

    fn session(self) -> Option<Remains> {
        let mut remains = Remains {
            trace: PathBuf::from(self.value("trace")?),
            start: self.value("start")?.parse().ok()?,
            instance: self.value("instance").map(str::to_owned),
            landings: None,
            held: Vec::new(),
            posts: Vec::new(),
        };
        let posts = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("post "));
        let posts: Vec<(usize, u32, PathBuf)> = posts.filter_map(post).collect();
        let mut descriptors = self.descriptors.into_iter();
        for (slot, uid, path) in posts {
            let (listener, lock) = (descriptors.next()?, descriptors.next()?);
            let Ok(folder) = Folder::open(&path, uid) else {
                continue;
            };
            let name = advert_name(&listener);
            remains
                .posts
                .push(Post::of_another(folder, slot, listener, lock, name));
        }
        Some(remains)
    }

    fn held(self) -> Option<Held> {
        let nonce = self.value("nonce")?.parse().ok()?;
        let owner: Vec<u32> = self
            .value("owner")?
            .split(' ')
            .filter_map(|number| number.parse().ok())
            .collect();
        let [uid, slot, pid] = owner[..] else {
            return None;
        };
        let mut descriptors = self.descriptors.into_iter();
        let (memfd, file) = (descriptors.next()?, descriptors.next()?);
        let process = match descriptors.next() {
            Some(pidfd) => Process::of(None, pidfd),
            None => Process::open(pid),
        };
        Some(Held {
            nonce,
            uid,
            slot: slot as usize,
            process,
            memfd,
            file,
        })
    }
}

fn post(text: &str) -> Option<(usize, u32, PathBuf)> {
    let mut parts = text.splitn(3, ' ');
    let slot = parts.next()?.parse().ok()?;
    let uid = parts.next()?.parse().ok()?;
    Some((slot, uid, PathBuf::from(parts.next()?)))
}

/// The advert's name, which is that of the socket without its ending.
fn advert_name(listener: &OwnedFd) -> String {
    let address = rustix::net::getsockname(listener).ok();
    let address = address.and_then(|any| rustix::net::SocketAddrUnix::try_from(any).ok());
    let path = address
        .as_ref()
        .and_then(|address| address.path_bytes().map(<[u8]>::to_vec));
    let path = path
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".sock").unwrap_or(name).to_owned()
}

/// The next message; `None` at the end of the socket.
fn receive(socket: BorrowedFd<'_>) -> Result<Option<Message>, Errno> {
    let mut bytes = vec![0; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        match recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR) => {}
            other => break other?,
        }
    };
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(found) = message {
            descriptors.extend(found);
        }
    }
    bytes.truncate(received.bytes);
    let text = String::from_utf8(bytes).map_err(|_| Errno::ILSEQ)?;
    Ok((received.bytes > 0).then_some(Message { text, descriptors }))
}
