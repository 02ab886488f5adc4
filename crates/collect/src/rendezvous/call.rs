//! Programs that call: each hands over its memfd and its rendezvous file, and does not wait.

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::IoSliceMut;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketFlags, accept_with, recvmsg,
    sockopt,
};
use std::mem::MaybeUninit;

use super::file::{FileError, read};
use crate::program::Definitions;

/// A program that called.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) pid: u32,
    pub(crate) memfd: OwnedFd,
    pub(crate) file: OwnedFd,
    pub(crate) definitions: Result<Definitions, FileError>,
}

/// Everybody who is waiting at the socket. `uid`: whose the folder is.
pub(crate) fn accept_all(listener: impl AsFd, uid: u32) -> Vec<Call> {
    let mut calls = Vec::new();
    while let Ok(socket) = accept_with(&listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
        calls.extend(receive(&socket, uid));
    }
    calls
}

fn receive(socket: &OwnedFd, uid: u32) -> Option<Call> {
    let caller = sockopt::socket_peercred(socket).ok()?;
    let [memfd, file] = receive_two(socket)?;
    let definitions = read(&file, uid);
    let pid = caller.pid.as_raw_nonzero().get().cast_unsigned();
    Some(Call {
        pid,
        memfd,
        file,
        definitions,
    })
}

/// The two descriptors of a message, if it has just two.
pub(crate) fn receive_two(socket: &OwnedFd) -> Option<[OwnedFd; 2]> {
    let mut byte = [0; 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(&mut byte)];
    recvmsg(socket, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC).ok()?;
    let mut received = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            received.extend(descriptors);
        }
    }
    received.try_into().ok()
}
