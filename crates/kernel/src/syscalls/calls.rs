//! The calls of this kernel: their numbers, their events, and which of them are wanted.

use thalweg_filter::near_names;
use thalweg_kbuf::{
    Copy, SYSCALL_LIMIT, Side, Structure, SyscallEvent, SyscallOptions, SyscallRecord,
    compat_calls, syscall_numbers,
};

use super::structures;
use crate::bpf::read_btf;
use crate::catalogue::KnownEvent;
use crate::{Error, EventRule, Tracefs, glob};

const SIDES: [Side; 2] = [Side::Entry, Side::Exit];

/// The row behind those of the numbers: of calls without one. Then the same again for 32-bit programs.
const UNKNOWN: u32 = SYSCALL_LIMIT;
const COMPAT: u32 = SYSCALL_LIMIT + 1;

/// The wanted calls' events.
#[derive(Debug)]
pub(crate) struct Calls {
    events: Vec<SyscallEvent>,
    /// For each row of the map and each side, the place of its event.
    places: Vec<[Option<u16>; 2]>,
}

impl Calls {
    /// Rows that the map has.
    pub(crate) const ROWS: u32 = 2 * COMPAT;
    /// The first row of 32-bit programs' calls.
    pub(crate) const COMPAT: u32 = COMPAT;
    /// Bytes of a row: the sides that are wanted, and the copies of each.
    pub(crate) const ROW_BYTES: u32 = Self::copies_at(2) as u32;

    /// Where in a row the number of a side's filter is.
    pub(crate) const fn filter_at(side: i16) -> i16 {
        2 + 2 * side
    }

    /// Where in a row the copies of a side begin.
    pub(crate) const fn copies_at(side: i16) -> i16 {
        8 + side * (Copy::MOST * Copy::LEN) as i16
    }

    /// The calls that `patterns` name, or all if there are none.
    pub(crate) fn choose(
        tracefs: &Tracefs,
        patterns: &[String],
        (options, structures): (SyscallOptions, &[Structure]),
    ) -> Result<Self, Error> {
        let mut calls = Self {
            events: Vec::new(),
            places: vec![[None; 2]; Self::ROWS as usize],
        };
        let known = tracefs.events()?;
        for (number, event) in wanted(&known, patterns)? {
            let format = tracefs.format(event)?;
            for side in SIDES {
                let event = SyscallEvent::with_structures(side, &format, options, structures);
                calls.put(number, side, event);
            }
        }
        calls.add_compat(tracefs, &known, patterns, options)?;
        if patterns.is_empty() {
            calls.add_unknown();
        }
        Ok(calls)
    }

    /// The calls of 32-bit programs, by their own names: with the arguments of a 64-bit call, or their own.
    fn add_compat(
        &mut self,
        tracefs: &Tracefs,
        known: &[KnownEvent],
        patterns: &[String],
        options: SyscallOptions,
    ) -> Result<(), Error> {
        for call in compat_calls() {
            let event = call.same_as().and_then(|same| event_of(known, same));
            let by_event = event.is_some_and(|event| is_meant(patterns, call_of(event)));
            if !by_event && !is_meant(patterns, call.name) {
                continue;
            }
            let format = match event {
                Some(event) => Some(tracefs.format(event)?),
                None => call.format(),
            };
            let Some(format) = format else {
                continue;
            };
            for side in SIDES {
                let event = SyscallEvent::compat(side, call.name, &format, options);
                self.put(COMPAT + call.number, side, event);
            }
        }
        Ok(())
    }

    /// Calls whose numbers are newer than this program, or which the kernel does not describe.
    fn add_unknown(&mut self) {
        for (first, compat) in [(0, false), (COMPAT, true)] {
            for side in SIDES {
                self.put(first + UNKNOWN, side, SyscallEvent::unknown(side, compat));
                let place = self.places[(first + UNKNOWN) as usize][side as usize];
                for row in &mut self.places[first as usize..(first + UNKNOWN) as usize] {
                    row[side as usize] = row[side as usize].or(place);
                }
            }
        }
    }

    fn put(&mut self, row: u32, side: Side, event: SyscallEvent) {
        // A kernel has a few hundred calls.
        self.places[row as usize][side as usize] = Some(self.events.len() as u16);
        self.events.push(event);
    }

    pub(crate) fn events(&self) -> &[SyscallEvent] {
        &self.events
    }

    /// The place of a record's event; `None` if it is not wanted.
    pub(crate) fn place(&self, record: &SyscallRecord<'_>) -> Option<usize> {
        let number = u32::try_from(record.number()).unwrap_or(UNKNOWN);
        let first = if record.is_compat() { COMPAT } else { 0 };
        let row = first + number.min(UNKNOWN);
        let place = self.places[row as usize][record.side() as usize];
        place.map(usize::from)
    }

    /// Leaves events out.
    pub(crate) fn leave_out(&mut self, out: &[usize]) {
        let mut kept = Vec::new();
        let mut moved = vec![None; self.events.len()];
        for (place, event) in std::mem::take(&mut self.events).into_iter().enumerate() {
            if !out.contains(&place) {
                moved[place] = Some(kept.len() as u16);
                kept.push(event);
            }
        }
        self.events = kept;
        for place in self.places.iter_mut().flatten() {
            *place = place.and_then(|place| moved[usize::from(place)]);
        }
    }

    /// The row for the map; `None` if nothing of the call is wanted. `filters` has a number for each event.
    pub(crate) fn row(&self, row: u32, filters: &[u16]) -> Option<[u8; Self::ROW_BYTES as usize]> {
        let mut bytes = [0; Self::ROW_BYTES as usize];
        for side in SIDES {
            let Some(place) = self.places[row as usize][side as usize] else {
                continue;
            };
            bytes[0] |= 1 << side as u8;
            let filter = filters[usize::from(place)].to_le_bytes();
            bytes[Self::filter_at(side as i16) as usize..][..2].copy_from_slice(&filter);
            let at = Self::copies_at(side as i16) as usize;
            let copies = &self.events[usize::from(place)].copies;
            let rooms = bytes[at..].chunks_exact_mut(Copy::LEN).take(Copy::MOST);
            for (room, copy) in rooms.zip(copies) {
                room.copy_from_slice(&copy.encode());
            }
        }
        (bytes[0] != 0).then_some(bytes)
    }
}

/// The kernel's event for a call's entry.
fn event_of<'a>(known: &'a [KnownEvent], call: &str) -> Option<&'a KnownEvent> {
    let names = SyscallEvent::kernel_names(call);
    names.iter().find_map(|name| {
        known
            .iter()
            .find(|event| event.system == "syscalls" && call_of(event) == name)
    })
}

fn call_of(event: &KnownEvent) -> &str {
    let name = event.kernel_name.as_str();
    // An exit's name is that of no call.
    name.strip_prefix("sys_enter_").unwrap_or_default()
}

/// A system call of this kernel.
#[derive(Clone, Debug)]
pub struct KnownCall {
    /// Its number.
    pub number: u32,
    /// Its name, as the kernel calls its function.
    pub name: String,
    /// Its entry and its exit, with payload.
    pub events: [SyscallEvent; 2],
}

/// The calls that `patterns` name, or all if there are none, in the order of their numbers.
///
/// # Errors
/// A pattern means no call, or tracefs cannot be read.
pub fn find_syscalls(tracefs: &Tracefs, patterns: &[String]) -> Result<Vec<KnownCall>, Error> {
    let known = tracefs.events()?;
    let calls = wanted(&known, patterns)?.into_iter();
    // Without BTF there are no programs either, that would look there.
    let structures = read_btf()
        .map(|btf| structures::find(&btf))
        .unwrap_or_default();
    let options = SyscallOptions::default();
    let describe = |(number, event)| {
        let format = tracefs.format(event)?;
        Ok(KnownCall {
            number,
            name: call_of(event).to_owned(),
            events: SIDES
                .map(|side| SyscallEvent::with_structures(side, &format, options, &structures)),
        })
    };
    calls.map(describe).collect()
}

/// The rules by which tracefs records the same calls: with less of each, as it follows no pointer.
///
/// # Errors
/// A pattern means no call, or tracefs cannot be read.
pub fn plain_syscall_rules(
    tracefs: &Tracefs,
    patterns: &[String],
) -> Result<Vec<EventRule>, Error> {
    let known = tracefs.events()?;
    let calls = wanted(&known, patterns)?;
    let sides = |event| {
        ["enter", "exit"].map(|side| {
            let name = format!("syscalls:sys_{side}_{}", call_of(event));
            EventRule::new(name)
        })
    };
    Ok(calls
        .into_iter()
        .flat_map(|(_, event)| sides(event))
        .collect())
}

/// The calls that the patterns name, or all if there are none, each with its number and event.
fn wanted<'a>(
    known: &'a [KnownEvent],
    patterns: &[String],
) -> Result<Vec<(u32, &'a KnownEvent)>, Error> {
    let is_compat = |pattern| compat_calls().any(|call| glob::matches(pattern, call.name));
    let mut matched: Vec<bool> = patterns.iter().map(|pattern| is_compat(pattern)).collect();
    let mut found = Vec::new();
    for (number, name) in syscall_numbers() {
        let Some(event) = event_of(known, name) else {
            continue;
        };
        let mut is_wanted = patterns.is_empty();
        for (pattern, matched) in patterns.iter().zip(&mut matched) {
            if [name, call_of(event)]
                .iter()
                .any(|name| glob::matches(pattern, name))
            {
                (is_wanted, *matched) = (true, true);
            }
        }
        if is_wanted {
            found.push((number, event));
        }
    }
    match matched.iter().position(|matched| !matched) {
        None => Ok(found),
        Some(place) => Err(unknown(known, &patterns[place])),
    }
}

fn is_meant(patterns: &[String], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| glob::matches(pattern, name))
}

fn unknown(known: &[KnownEvent], pattern: &str) -> Error {
    let names = syscall_numbers().filter(|(_, name)| event_of(known, name).is_some());
    Error::UnknownSyscall {
        pattern: pattern.to_owned(),
        near_names: near_names(
            pattern.trim_matches(['*', '?']),
            names.map(|(_, name)| name),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> KnownEvent {
        KnownEvent {
            system: "syscalls".to_owned(),
            kernel_name: name.to_owned(),
            name: String::new(),
        }
    }

    #[test]
    fn a_call_has_the_event_of_the_kernels_function() {
        let known = [
            "sys_exit_newstat",
            "sys_enter_newstat",
            "sys_enter_sendfile64",
            "sys_enter_umount",
            "sys_enter_dup2",
            "sys_enter_dup",
        ]
        .map(known);
        let name = |call| event_of(&known, call).map(call_of);
        assert_eq!(name("stat"), Some("newstat"));
        assert_eq!(name("sendfile"), Some("sendfile64"));
        assert_eq!(name("umount2"), Some("umount"));
        assert_eq!(name("dup2"), Some("dup2"));
        assert_eq!(name("vserver"), None);
    }

    #[test]
    fn patterns_mean_calls_by_either_name() {
        let known = ["sys_enter_newstat", "sys_enter_openat", "sys_enter_open"].map(known);
        let numbers = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|&p| p.to_owned()).collect();
            let found = wanted(&known, &patterns).map_err(|error| error.to_string());
            found.map(|found| found.iter().map(|(number, _)| *number).collect::<Vec<_>>())
        };
        assert_eq!(numbers(&[]), Ok(vec![2, 4, 257]));
        assert_eq!(numbers(&["stat"]), Ok(vec![4]));
        assert_eq!(numbers(&["newstat", "open"]), Ok(vec![2, 4]));
        assert_eq!(numbers(&["open*"]), Ok(vec![2, 257]));
        let told = numbers(&["openat", "opnat"]).expect_err("it means nothing");
        let expected = "find a system call `opnat` in this kernel; did you mean openat";
        assert!(told.starts_with(expected), "{told}");
        assert!(
            numbers(&["vserver"]).is_err(),
            "it has a number, and no event"
        );
    }
}
