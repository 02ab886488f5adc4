//! Whose calls are recorded, by what the running thread is at the moment.

use thalweg_bpf::Register::{R0, R1, R2, R3, R8};
use thalweg_bpf::{Assembler, Btf, BtfError, Condition, Helper, Label, Size};

use crate::attribute::Sets;
use crate::bpf::{find_offset, set_unsigned};
use crate::numbers::NumberOffsets;

/// The sets, and where the kernel keeps what they are about.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    /// One of each list; none of any.
    sets: [Sets; 2],
    credentials: i16,
    user: i16,
    group: i16,
    leader: i16,
    numbers: NumberOffsets,
}

impl Attributes {
    pub(super) fn find(btf: &Btf, sets: [Sets; 2]) -> Result<Self, BtfError> {
        let find = |structure, path| find_offset(btf, structure, path);
        Ok(Self {
            sets,
            credentials: find("task_struct", "cred")?,
            user: find("cred", "uid")?,
            group: find("cred", "gid")?,
            leader: find("task_struct", "group_leader")?,
            numbers: NumberOffsets::find(btf)?,
        })
    }

    /// Writes code that goes on at `out` if the running thread is not wanted; R8 is lost.
    pub(super) fn write(&self, a: &mut Assembler, out: Label) {
        if self.sets.iter().all(Sets::is_empty) {
            return;
        }
        a.call(Helper::GetCurrentTaskBtf);
        a.set(R8, R0);
        let [wanted, left_out] = &self.sets;
        self.write_wanted(a, wanted, out);
        self.write_left_out(a, left_out, out);
    }

    fn write_wanted(&self, a: &mut Assembler, sets: &Sets, out: Label) {
        for (kind, values) in [&sets.vpids, &sets.users, &sets.groups].iter().enumerate() {
            if values.is_empty() {
                continue;
            }
            let found = a.label();
            self.load(a, kind);
            write_values(a, values, found);
            a.jump(out);
            a.bind(found);
        }
        if !sets.places.is_empty() {
            let found = a.label();
            write_places(a, sets, found);
            a.jump(out);
            a.bind(found);
        }
    }

    fn write_left_out(&self, a: &mut Assembler, sets: &Sets, out: Label) {
        for (kind, values) in [&sets.vpids, &sets.users, &sets.groups].iter().enumerate() {
            if !values.is_empty() {
                self.load(a, kind);
                write_values(a, values, out);
            }
        }
        write_places(a, sets, out);
    }

    /// R1 = the number in the process's own pid namespace, the user, or the group.
    fn load(&self, a: &mut Assembler, kind: usize) {
        if kind == 0 {
            return self.load_vpid(a);
        }
        let at = if kind == 1 { self.user } else { self.group };
        a.load(Size::Eight, R1, (R8, self.credentials));
        a.load(Size::Four, R1, (R1, at));
    }

    /// 0, if it is deeper than is looked at.
    fn load_vpid(&self, a: &mut Assembler) {
        a.load(Size::Eight, R2, (R8, self.leader));
        self.numbers.write_own(a, R2, [R2, R3], R1);
    }
}

/// Goes on at `found` if R1 is one of them.
fn write_values(a: &mut Assembler, values: &[u32], found: Label) {
    for &value in values {
        set_unsigned(a, R2, value);
        a.jump_if(Condition::Equal, R1, R2, found);
    }
}

/// Goes on at `found` if the thread's control group is one of them, or below.
fn write_places(a: &mut Assembler, sets: &Sets, found: Label) {
    for place in &sets.places {
        a.set(R1, place.level);
        a.call(Helper::GetCurrentAncestorCgroupId);
        set_unsigned(a, R1, (place.number >> 32) as u32);
        a.shift_left(R1, 32);
        set_unsigned(a, R2, place.number as u32);
        a.add(R1, R2);
        a.jump_if(Condition::Equal, R0, R1, found);
    }
}
