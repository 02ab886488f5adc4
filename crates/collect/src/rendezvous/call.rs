//! Programs that call: each hands over its memfd and its rendezvous file, and does not wait.

use rustix::fd::OwnedFd;
use rustix::io::{Errno, IoSliceMut};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, accept_with, recvmsg,
};
use std::cell::RefCell;
use std::mem::MaybeUninit;
use thalweg_sys::peer_of;

use super::advert::Post;
use super::file::{FileError, read};
use crate::process::Process;
use crate::program::Definitions;

/// A program that called.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) process: Option<Process>,
    pub(crate) memfd: OwnedFd,
    pub(crate) file: OwnedFd,
    pub(crate) definitions: Result<Definitions, FileError>,
}

/// The most callers that have not said anything yet: the oldest is let go, and found by its file.
const MAX_SILENT: usize = 256;

/// Callers that have connected and not said anything yet: a program may be stopped between the
/// two, and who hangs up on it turns it away.
#[derive(Debug, Default)]
pub(crate) struct Silent(RefCell<Vec<OwnedFd>>);

impl Silent {
    /// Whether there is one.
    pub(crate) fn is_any(&self) -> bool {
        !self.0.borrow().is_empty()
    }
}

/// Everybody who has called at a post.
pub(crate) fn accept_all(post: &Post) -> Vec<Call> {
    let mut callers = post.silent.0.take();
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    while let Ok(socket) = accept_with(&post.listener, flags) {
        callers.push(socket);
    }
    let mut calls = Vec::new();
    let mut silent = Vec::new();
    for socket in callers {
        match receive(&socket, post.folder.uid) {
            Ok(call) => calls.push(call),
            Err(Errno::AGAIN) => silent.push(socket),
            Err(_) => {}
        }
    }
    silent.drain(..silent.len().saturating_sub(MAX_SILENT));
    post.silent.0.replace(silent);
    calls
}

fn receive(socket: &OwnedFd, uid: u32) -> Result<Call, Errno> {
    let [memfd, file] = receive_two(socket)?;
    let process = caller(socket)?;
    let definitions = read(&file, uid);
    Ok(Call {
        process,
        memfd,
        file,
        definitions,
    })
}

/// The process that has connected; `None` if nothing can be known of it: it is in a pid namespace that
/// is not seen from here, and the kernel is older than 6.5.
fn caller(socket: &OwnedFd) -> Result<Option<Process>, Errno> {
    let peer = peer_of(socket)?;
    Ok(match (peer.pid, peer.pidfd) {
        (pid, Ok(pidfd)) => Some(Process::of(pid, pidfd)),
        (Some(pid), Err(Errno::NOPROTOOPT)) => Some(Process::open(pid)),
        (None, Err(Errno::NOPROTOOPT)) => None,
        (_, Err(_)) => Some(Process::default()),
    })
}

/// The two descriptors of a message, if it has just two.
fn receive_two(socket: &OwnedFd) -> Result<[OwnedFd; 2], Errno> {
    let mut byte = [0; 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut byte)];
    recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut received = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            received.extend(descriptors);
        }
    }
    received.try_into().map_err(|_| Errno::INVAL)
}
