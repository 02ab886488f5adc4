//! A writer of ring pages, as far as the kernel's writes them; and a source of numbers.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod deviations;
pub(crate) mod listing;

/// A page while it is written.
pub(crate) struct PageWriter {
    stamp: u64,
    clock: u64,
    data: Vec<u8>,
    capacity: usize,
    flags: u64,
    behind: Vec<u8>,
}

impl PageWriter {
    pub(crate) fn new(stamp: u64, page_bytes: usize) -> Self {
        let capacity = page_bytes - 16;
        Self {
            stamp,
            clock: stamp,
            data: Vec::new(),
            capacity,
            flags: 0,
            behind: Vec::new(),
        }
    }

    /// Bytes that a record of `len` bytes at `at` takes, with the time that it needs before it.
    pub(crate) fn need(&self, len: usize, at: u64) -> usize {
        let long = len > 112 || !len.is_multiple_of(4) || len == 0;
        let time = if at - self.clock >= 1 << 27 { 8 } else { 0 };
        time + if long {
            8 + len.next_multiple_of(4)
        } else {
            4 + len
        }
    }

    pub(crate) fn room(&self) -> usize {
        self.capacity - self.data.len()
    }

    fn word(&mut self, word: u32) {
        self.data.extend(word.to_le_bytes());
    }

    /// A record, with a time extend before it when the distance asks for one.
    pub(crate) fn record(&mut self, at: u64, bytes: &[u8]) -> &mut Self {
        let mut delta = at - self.clock;
        if delta >= 1 << 27 {
            self.word(30 | ((delta as u32) << 5));
            self.word((delta >> 27) as u32);
            delta = 0;
        }
        self.clock = at;
        self.body(delta as u32, bytes)
    }

    /// A record behind an absolute stamp.
    pub(crate) fn stamped(&mut self, at: u64, bytes: &[u8]) -> &mut Self {
        let stamp = at & ((1 << 59) - 1);
        self.word(31 | ((stamp as u32) << 5));
        self.word((stamp >> 27) as u32);
        self.clock = at;
        self.body(0, bytes)
    }

    fn body(&mut self, delta: u32, bytes: &[u8]) -> &mut Self {
        if bytes.len() > 112 || !bytes.len().is_multiple_of(4) || bytes.is_empty() {
            self.word(delta << 5);
            self.word(bytes.len() as u32 + 4);
        } else {
            self.word(delta << 5 | (bytes.len() / 4) as u32);
        }
        self.data.extend_from_slice(bytes);
        self.data.resize(self.data.len().next_multiple_of(4), 0);
        self
    }

    /// A record that a filter discarded after later ones were reserved.
    pub(crate) fn discarded(&mut self, at: u64, len: usize) -> &mut Self {
        let delta = (at - self.clock).max(1);
        // The kernel cannot tell a delta of 1 from its mark for 0; nor can a reader.
        self.clock += if delta == 1 { 0 } else { delta };
        self.word(29 | ((delta as u32) << 5));
        self.word(len as u32 + 4);
        self.data.resize(self.data.len() + len, 0xaa);
        self
    }

    /// The padding that the kernel ends a page with.
    pub(crate) fn close(&mut self) -> &mut Self {
        match self.room() {
            0 => {}
            left @ 1..8 => {
                self.word(29);
                self.data.resize(self.data.len() + left - 4, 0);
            }
            left => {
                self.word(29 | 1 << 5);
                self.word(left as u32 - 4);
                self.data.resize(self.data.len() + left - 8, 0x55);
            }
        }
        self
    }

    /// Says that events before this page are missing, with the number behind the records.
    pub(crate) fn missed(&mut self, count: u64) -> &mut Self {
        self.flags = 1 << 31 | 1 << 30;
        self.behind = count.to_le_bytes().to_vec();
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.stamp.to_le_bytes().to_vec();
        bytes.extend((self.data.len() as u64 | self.flags).to_le_bytes());
        bytes.extend(&self.data);
        bytes.extend(&self.behind);
        bytes.resize(16 + self.capacity, 0);
        bytes
    }
}

/// Numbers that are the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
