//! Who a program says it is.

use super::definitions::Definitions;

impl Definitions {
    /// `NAME[PID]`, for people.
    pub fn title(&self) -> String {
        let name = String::from_utf8_lossy(self.procname());
        format!("{name}[{}]", self.head.pid)
    }

    /// The process's name, up to its NUL.
    pub fn procname(&self) -> &[u8] {
        let name = &self.head.procname;
        let len = name.iter().position(|&byte| byte == 0);
        &name[..len.unwrap_or(name.len())]
    }

    /// Its process: the pid namespace, and the number there.
    pub(crate) fn process(&self) -> (u64, u32) {
        (self.head.pid_ns, self.head.pid)
    }
}
