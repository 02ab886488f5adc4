//! The values of a thread's contexts, and their bytes.

use thalweg_ctf::write::PROCNAME_LEN;

use super::kind::Context;
use super::set::ContextSet;

/// What is written for a user or a group that is not known.
const NO_ID: u32 = u32::MAX;

/// The values of one thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Values {
    pub(super) vpid: i32,
    pub(super) vtid: i32,
    pub(super) procname: Vec<u8>,
    pub(super) pthread_id: u64,
    pub(super) namespaces: [u64; 8],
    pub(super) ids: [u32; 6],
    pub(super) cgroup: Vec<u8>,
    pub(super) container: Vec<u8>,
}

impl Values {
    /// What is known of a thread before it was looked at.
    pub(crate) fn new(vpid: i32, vtid: i32, procname: &[u8], pthread_id: u64) -> Self {
        Self {
            vpid,
            vtid,
            procname: procname.to_vec(),
            pthread_id,
            namespaces: [0; 8],
            ids: [NO_ID; 6],
            cgroup: Vec::new(),
            container: Vec::new(),
        }
    }

    /// The process, as it calls itself.
    pub(crate) fn vpid(&self) -> i32 {
        self.vpid
    }

    /// What is known of a thread of the process, from its number and its name.
    pub(crate) fn of_thread(&self, vtid: i32, procname: &[u8]) -> Self {
        if vtid == self.vtid {
            return self.clone();
        }
        Self {
            vtid,
            procname: procname.to_vec(),
            pthread_id: 0,
            ..self.clone()
        }
    }

    /// The bytes of the contexts in `set`, as [`ContextSet::members`] declares them.
    pub(crate) fn encode(&self, set: ContextSet) -> Vec<u8> {
        let mut out = Vec::new();
        for context in set.iter() {
            self.put(context, &mut out);
        }
        out
    }

    fn put(&self, context: Context, out: &mut Vec<u8>) {
        let at = |list: &[Context]| list.iter().position(|of| *of == context);
        match context {
            Context::Vpid => out.extend(self.vpid.to_le_bytes()),
            Context::Vtid => out.extend(self.vtid.to_le_bytes()),
            Context::Procname => out.extend(procname(&self.procname)),
            Context::PthreadId => out.extend(self.pthread_id.to_le_bytes()),
            Context::Cgroup => put_text(&self.cgroup, out),
            Context::Container => put_text(&self.container, out),
            _ => {
                let namespace = at(&Context::NAMESPACES).map(|at| self.namespaces[at]);
                let id = at(&Context::IDS).map(|at| self.ids[at]);
                out.extend(namespace.map(u64::to_le_bytes).into_iter().flatten());
                out.extend(id.map(u32::to_le_bytes).into_iter().flatten());
            }
        }
    }
}

/// A name in LTTng's room for it: cut to 16 bytes, and zeros.
pub(crate) fn procname(name: &[u8]) -> [u8; PROCNAME_LEN] {
    let mut room = [0; PROCNAME_LEN];
    let len = name.len().min(PROCNAME_LEN - 1);
    room[..len].copy_from_slice(&name[..len]);
    room
}

/// UTF-8 up to the first NUL, and a NUL: what is not UTF-8 is replaced.
pub(crate) fn put_text(text: &[u8], out: &mut Vec<u8>) {
    let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
    out.extend_from_slice(String::from_utf8_lossy(text).as_bytes());
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> ContextSet {
        Context::ALL
            .into_iter()
            .fold(ContextSet::default(), ContextSet::with)
    }

    #[test]
    fn values_stand_in_the_order_of_the_declaration() {
        let mut values = Values::new(1, 2, b"name", 3);
        values.namespaces = [10, 11, 12, 13, 14, 15, 16, 17];
        values.ids = [20, 21, 22, 23, 24, 25];
        values.cgroup = b"/c".to_vec();
        values.container = b"d\xff".to_vec();
        let mut expected = Vec::new();
        expected.extend(1_i32.to_le_bytes());
        expected.extend(2_i32.to_le_bytes());
        expected.extend(b"name\0\0\0\0\0\0\0\0\0\0\0\0\0");
        expected.extend(3_u64.to_le_bytes());
        (10..18_u64).for_each(|number| expected.extend(number.to_le_bytes()));
        (20..26_u32).for_each(|number| expected.extend(number.to_le_bytes()));
        expected.extend("/c\0d\u{fffd}\0".as_bytes());
        assert_eq!(values.encode(all()), expected);
        let ids = ContextSet::named("vegid").unwrap();
        assert_eq!(values.encode(ids), 24_u32.to_le_bytes());
        assert_eq!(values.encode(ContextSet::default()), [0; 0]);
    }

    #[test]
    fn what_was_never_seen_is_nothing() {
        let bytes = Values::new(1, 2, b"a-name-of-seventeen", 0).encode(all());
        assert_eq!(&bytes[8..25], b"a-name-of-sevent\0");
        assert_eq!(bytes[25..33], [0; 8]);
        assert_eq!(bytes[33..97], [0; 64], "namespaces");
        assert_eq!(bytes[97..121], [0xff; 24], "users and groups");
        assert_eq!(bytes[121..], [0, 0], "texts");
    }
}
