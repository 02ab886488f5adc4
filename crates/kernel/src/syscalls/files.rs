//! The part of a program that finds the path of a descriptor.
//!
//! ```text
//!   task ─▶ files ─▶ table[fd] ─▶ file ─▶ dentry "passwd" ─▶ parent "etc" ─▶ root of the mount
//!                                    └──▶ mount ───────────────────────────▶ parent's mount, mount point
//! ```
//!
//! Names are copied as they are met, the last one first. What `bpf_d_path` does the kernel allows few
//! programs only. Nothing is locked: while a file is renamed its path may be half the old one.

use thalweg_bpf::Register::{R0, R1, R2, R3, R4, R5, R10};
use thalweg_bpf::{Assembler, Btf, BtfError, Condition, Helper, Label, Size};
use thalweg_kbuf::{Copy, PathLayout, RecordLayout};

use super::copies::{Ends, SAVED, WORD, add_used, finish_list, load_used, set_place, set_used};
use super::program::{SCRATCH, STATE};
use crate::bpf::find_offset;

/// A descriptor that stands for the folder that the thread works in.
const AT_FDCWD: i32 = -100;
/// Room for a name and its NUL.
const NAME_BYTES: i32 = 256;

/// On the stack: how many names have been met; parts of the kernel's structures.
const INDEX: i16 = -56;
const PART: i16 = -192;
const PART_BYTES: i16 = 96;
/// In the CPU's state.
const DENTRY: i16 = SCRATCH + 16;
const MOUNT: i16 = SCRATCH + 24;
const ROOT: i16 = SCRATCH + 32;

/// Where the kernel keeps what.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileOffsets {
    files: i16,
    work: i16,
    work_path: i16,
    table: i16,
    most: i16,
    array: i16,
    path: i16,
    magic: i16,
    mount: i16,
    root: i16,
    dentry: Dentry,
    inode: Inode,
    parent_mount: ParentMount,
}

/// Parts of a structure that are read together: their first byte, how many they are, and from there on
/// where each is.
#[derive(Clone, Copy, Debug)]
struct Parts<const N: usize> {
    first: i16,
    bytes: i16,
    at: [i16; N],
}

type Dentry = Parts<4>;
type Inode = Parts<3>;
type ParentMount = Parts<2>;

impl<const N: usize> Parts<N> {
    fn find(btf: &Btf, structure: &str, members: [&str; N]) -> Result<Self, BtfError> {
        let mut at = [0; N];
        for (offset, member) in at.iter_mut().zip(members) {
            *offset = find_offset(btf, structure, member)?;
        }
        let (first, last) = (at.iter().min(), at.iter().max());
        let (first, last) = (first.copied().unwrap_or(0), last.copied().unwrap_or(0));
        let bytes = last - first + 8;
        if bytes > PART_BYTES {
            let what = format!("{structure} with {members:?} together");
            return Err(BtfError::Missing { what });
        }
        Ok(Self {
            first,
            bytes,
            at: at.map(|offset| offset - first),
        })
    }

    /// Reads them of the structure at R3 to the stack.
    fn read(&self, a: &mut Assembler, failed: Label) {
        a.add(R3, i32::from(self.first));
        read(a, PART, self.bytes, failed);
    }

    const fn place(&self, part: usize) -> i16 {
        PART + self.at[part]
    }
}

impl FileOffsets {
    pub(super) fn find(btf: &Btf) -> Result<Self, BtfError> {
        let find = |structure, path| find_offset(btf, structure, path);
        let dentry = ["d_hash.pprev", "d_parent", "d_name.name", "d_inode"];
        Ok(Self {
            files: find("task_struct", "files")?,
            work: find("task_struct", "fs")?,
            work_path: find("fs_struct", "pwd")?,
            table: find("files_struct", "fdt")?,
            most: find("fdtable", "max_fds")?,
            array: find("fdtable", "fd")?,
            path: find("file", "f_path")?,
            magic: find("super_block", "s_magic")?,
            mount: find("mount", "mnt")?,
            root: find("vfsmount", "mnt_root")?,
            dentry: Parts::find(btf, "dentry", dentry)?,
            inode: Parts::find(btf, "inode", ["i_mode", "i_sb", "i_ino"])?,
            parent_mount: Parts::find(btf, "mount", ["mnt_parent", "mnt_mountpoint"])?,
        })
    }
}

const PPREV: usize = 0;
const PARENT: usize = 1;
const NAME: usize = 2;
const INODE: usize = 3;

/// So many bytes at R3 to the stack.
fn read(a: &mut Assembler, to: i16, bytes: i16, failed: Label) {
    a.set(R1, R10);
    a.add(R1, i32::from(to));
    a.set(R2, i32::from(bytes));
    a.call(Helper::ProbeReadKernel);
    a.jump_if(Condition::NotEqual, R0, 0, failed);
}

fn load_state(a: &mut Assembler, register: thalweg_bpf::Register, at: i16) {
    a.load(Size::Eight, register, (R10, STATE));
    a.load(Size::Eight, register, (register, at));
}

/// Copies the names of the file whose descriptor is in R3.
pub(super) fn write(a: &mut Assembler, of: FileOffsets, ends: &Ends) {
    let (up, again, over, cut, faulty) = (a.label(), a.label(), a.label(), a.label(), a.label());
    write_file(a, of, ends);
    write_head(a, of, ends);
    a.store(Size::Eight, (R10, INDEX), 0);
    a.bind(again);
    a.load(Size::Eight, R1, (R10, INDEX));
    a.jump_if(Condition::Above, R1, Copy::NAMES as i32 - 1, cut);
    a.add(R1, 1);
    a.store(Size::Eight, (R10, INDEX), R1);
    load_state(a, R3, DENTRY);
    load_state(a, R4, ROOT);
    a.jump_if(Condition::Equal, R3, R4, up);
    of.dentry.read(a, faulty);
    load_used(a, R4);
    a.jump_if(Condition::Above, R4, Copy::NAMES_BYTES as i32, cut);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    a.add(R1, R4);
    a.set(R2, NAME_BYTES);
    a.load(Size::Eight, R3, (R10, of.dentry.place(NAME)));
    a.call(Helper::ProbeReadKernelStr);
    a.jump_if(Condition::Above, R0, NAME_BYTES, faulty);
    add_used(a);
    a.load(Size::Eight, R3, (R10, of.dentry.place(PARENT)));
    a.load(Size::Eight, R4, (R1, DENTRY));
    a.store(Size::Eight, (R1, DENTRY), R3);
    // Pipes and the like have no folder.
    a.jump_if(Condition::NotEqual, R3, R4, again);
    a.jump(over);
    a.bind(up);
    write_up(a, of, over, faulty);
    a.jump(again);
    a.bind(cut);
    a.set(R5, Copy::CUT.cast_signed());
    finish_list(a, ends);
    a.bind(faulty);
    a.set(R5, Copy::FAULTY.cast_signed());
    finish_list(a, ends);
    a.bind(over);
    a.set(R5, 0);
    finish_list(a, ends);
}

/// The file's dentry and mount, to the state.
fn write_file(a: &mut Assembler, of: FileOffsets, ends: &Ends) {
    let (work, known, found) = (a.label(), a.label(), a.label());
    a.shift_left(R3, 32);
    a.shift_right(R3, 32);
    a.store(Size::Eight, (R10, SAVED), R3);
    a.call(Helper::GetCurrentTaskBtf);
    a.load(Size::Eight, R3, (R10, SAVED));
    a.set(R2, AT_FDCWD);
    a.shift_left(R2, 32);
    a.shift_right(R2, 32);
    a.jump_if(Condition::Equal, R3, R2, work);
    a.load(Size::Eight, R1, (R0, of.files));
    a.load(Size::Eight, R1, (R1, of.table));
    a.load(Size::Four, R2, (R1, of.most));
    a.load(Size::Eight, R4, (R1, of.array));
    a.set(R0, Copy::CLOSED);
    a.jump_if(Condition::Above, R2, R3, known);
    a.jump(ends.failed);
    a.bind(known);
    a.shift_left(R3, 3);
    a.add(R3, R4);
    read(a, WORD, 8, ends.failed);
    a.load(Size::Eight, R3, (R10, WORD));
    a.set(R0, Copy::CLOSED);
    a.jump_if(Condition::Equal, R3, 0, ends.failed);
    a.add(R3, i32::from(of.path));
    a.jump(found);
    a.bind(work);
    a.load(Size::Eight, R3, (R0, of.work));
    a.add(R3, i32::from(of.work_path));
    a.bind(found);
    // A mount, and a dentry.
    read(a, PART, 16, ends.failed);
    a.load(Size::Eight, R2, (R10, PART + 8));
    a.load(Size::Eight, R3, (R10, PART));
    a.load(Size::Eight, R1, (R10, STATE));
    a.store(Size::Eight, (R1, DENTRY), R2);
    a.store(Size::Eight, (R1, MOUNT), R3);
    write_root(a, of, ends.failed);
}

/// The root of the mount at R3, to the state.
fn write_root(a: &mut Assembler, of: FileOffsets, failed: Label) {
    a.add(R3, i32::from(of.root));
    read(a, WORD, 8, failed);
    a.load(Size::Eight, R2, (R10, WORD));
    a.load(Size::Eight, R1, (R10, STATE));
    a.store(Size::Eight, (R1, ROOT), R2);
}

/// What the file is, whatever its name.
fn write_head(a: &mut Assembler, of: FileOffsets, ends: &Ends) {
    let linked = a.label();
    load_state(a, R3, DENTRY);
    of.dentry.read(a, ends.failed);
    a.load(Size::Eight, R3, (R10, of.dentry.place(PPREV)));
    set_place(a, R1, RecordLayout::COPY_HEAD);
    a.store(Size::Four, (R1, PathLayout::FLAGS), 0);
    a.jump_if(Condition::NotEqual, R3, 0, linked);
    load_state(a, R3, DENTRY);
    load_state(a, R4, ROOT);
    a.jump_if(Condition::Equal, R3, R4, linked);
    a.store(Size::Four, (R1, PathLayout::FLAGS), PathLayout::DELETED);
    a.bind(linked);
    a.load(Size::Eight, R3, (R10, of.dentry.place(INODE)));
    of.inode.read(a, ends.failed);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    a.load(Size::Two, R2, (R10, of.inode.place(0)));
    a.store(Size::Four, (R1, PathLayout::MODE), R2);
    a.load(Size::Eight, R2, (R10, of.inode.place(2)));
    a.store(Size::Eight, (R1, PathLayout::INODE), R2);
    a.load(Size::Eight, R3, (R10, of.inode.place(1)));
    a.add(R3, i32::from(of.magic));
    read(a, WORD, 8, ends.failed);
    set_place(a, R1, RecordLayout::COPY_HEAD);
    a.load(Size::Eight, R2, (R10, WORD));
    a.store(Size::Eight, (R1, PathLayout::MAGIC), R2);
    set_used(a, i32::from(PathLayout::NAMES));
}

/// From the root of a mount to the place where it is mounted; it is over where nothing is above.
fn write_up(a: &mut Assembler, of: FileOffsets, over: Label, faulty: Label) {
    load_state(a, R3, MOUNT);
    a.add(R3, -i32::from(of.mount));
    of.parent_mount.read(a, faulty);
    a.load(Size::Eight, R3, (R10, of.parent_mount.place(0)));
    a.add(R3, i32::from(of.mount));
    a.load(Size::Eight, R2, (R10, of.parent_mount.place(1)));
    load_state(a, R4, MOUNT);
    a.jump_if(Condition::Equal, R3, R4, over);
    a.load(Size::Eight, R1, (R10, STATE));
    a.store(Size::Eight, (R1, MOUNT), R3);
    a.store(Size::Eight, (R1, DENTRY), R2);
    write_root(a, of, faulty);
}
