//! A disk that stops between two system calls, or inside a write at a page boundary.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, IoSlice};
use std::path::Path;
use std::rc::Rc;

use thalweg_collect::sink::{Disk, HostDisk};

/// When the writer is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Not at all.
    Never,
    /// Before system call number so much.
    Before(usize),
    /// In system call `call`, a write, after so many page boundaries.
    Inside { call: usize, boundaries: usize },
    /// No death: system call number so much is refused, and all others are not.
    Refused(usize),
}

/// The machine's disk, until death.
#[derive(Clone)]
pub struct DyingDisk {
    death: Death,
    calls: Rc<Cell<usize>>,
    /// For each call: page boundaries inside of it, if it was a write.
    boundaries: Rc<RefCell<Vec<usize>>>,
}

fn dead<T>() -> io::Result<T> {
    Err(io::Error::other("the writer was killed"))
}

impl DyingDisk {
    pub fn new(death: Death) -> Self {
        Self {
            death,
            calls: Rc::default(),
            boundaries: Rc::default(),
        }
    }

    /// Every way to die in what was played on this disk.
    pub fn possible_deaths(&self) -> Vec<Death> {
        let boundaries = self.boundaries.borrow();
        let inside = |(call, count): (usize, &usize)| {
            (1..=*count).map(move |boundaries| Death::Inside { call, boundaries })
        };
        let before = (0..boundaries.len()).map(Death::Before);
        before
            .chain(boundaries.iter().enumerate().flat_map(inside))
            .collect()
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.calls.get()
    }

    /// Counts a call; says how many of `len` bytes from `at` on are done before death.
    fn step(&self, at: u64, len: usize) -> io::Result<usize> {
        let call = self.calls.replace(self.calls.get() + 1);
        let first = (4096 - at % 4096) as usize;
        let inside = if len > first {
            (len - first).div_ceil(4096)
        } else {
            0
        };
        self.boundaries.borrow_mut().push(inside);
        match self.death {
            Death::Refused(refused) if call == refused => Err(io::Error::from_raw_os_error(5)),
            Death::Before(last) if call >= last => dead(),
            Death::Inside { call: last, .. } if call > last => dead(),
            Death::Inside {
                call: last,
                boundaries,
            } if call == last => Ok(first + (boundaries - 1) * 4096),
            _ => Ok(len),
        }
    }
}

impl Disk for DyingDisk {
    type File = File;

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        self.step(0, 0)?;
        HostDisk.make_dir(path)
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        self.step(0, 0)?;
        HostDisk.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        self.step(0, 0)?;
        HostDisk.open(path)
    }

    fn write_at(&self, file: &File, parts: &[IoSlice<'_>], at: u64) -> io::Result<usize> {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let done = self.step(at, bytes.len())?;
        let written = HostDisk.write_at(file, &[IoSlice::new(&bytes[..done])], at)?;
        if done < bytes.len() {
            dead()
        } else {
            Ok(written)
        }
    }

    /// Changes nothing on disk, and is not refused to the writer: it would only write as usual.
    fn set_direct(&self, file: &File, direct: bool) -> io::Result<()> {
        HostDisk.set_direct(file, direct)
    }

    fn truncate(&self, file: &File, len: u64) -> io::Result<()> {
        self.step(0, 0)?;
        HostDisk.truncate(file, len)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(0, 0)?;
        HostDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(0, 0)?;
        HostDisk.remove(path)
    }
}
