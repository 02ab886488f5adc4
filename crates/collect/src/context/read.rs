//! Looks at a thread in `/proc`.
//!
//! What cannot be read leaves the value as it was: a thread that has just ended keeps what it had.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::kind::Context;
use super::set::ContextSet;
use super::text::{IdMap, cgroup, container, ids, name_of_comm, namespace};
use super::values::Values;
use crate::process::Process;
use crate::program::Program;

impl Values {
    /// The values of a program's main thread, as far as `set` needs them.
    pub(crate) fn of_main_thread(program: &Program, set: ContextSet) -> Self {
        let vpid = program.vpid();
        let mut values = Self::new(vpid, vpid, program.procname(), 0);
        let process = &program.process;
        if let Some(task) = process
            .task(vpid.cast_unsigned())
            .filter(|_| !set.is_empty())
        {
            values.look_at(process, &task, set);
        }
        values
    }

    /// Brings the values of a thread of a process up to date; `task` is its folder.
    pub(super) fn look_at(&mut self, process: &Process, task: &Path, set: ContextSet) {
        let mut seen = self.clone();
        refresh(&mut seen, set, task);
        // Else another process may have its number by now.
        if !process.is_reaped() {
            *self = seen;
        }
    }
}

/// Reads what `set` needs.
fn refresh(values: &mut Values, set: ContextSet, task: &Path) {
    if set.has(Context::Procname)
        && let Ok(comm) = fs::read(task.join("comm"))
    {
        values.procname = name_of_comm(&comm).to_vec();
    }
    for (value, context) in values.namespaces.iter_mut().zip(Context::NAMESPACES) {
        if set.has(context) {
            *value = namespace_of(task, context.namespace_file()).unwrap_or(*value);
        }
    }
    if Context::IDS.into_iter().any(|id| set.has(id)) {
        values.ids = ids_of(task).unwrap_or(values.ids);
    }
    if set.has(Context::Cgroup) || set.has(Context::Container) {
        read_cgroup(values, task);
    }
}

fn namespace_of(task: &Path, file: &str) -> Option<u64> {
    let link = fs::read_link(task.join("ns").join(file)).ok()?;
    namespace(link.as_os_str().as_bytes())
}

/// The thread's users and groups, as its own user namespace calls them.
fn ids_of(task: &Path) -> Option<[u32; 6]> {
    let mut found = ids(&fs::read_to_string(task.join("status")).ok()?)?;
    let theirs = namespace_of(task, "user");
    if theirs.is_some() && theirs != namespace_of(Path::new("/proc/self"), "user") {
        let map = |file: &str| {
            let text = fs::read_to_string(task.join(file));
            text.map(|text| IdMap::parse(&text)).unwrap_or_default()
        };
        let (users, groups) = (map("uid_map"), map("gid_map"));
        let (of_users, of_groups) = found.split_at_mut(3);
        of_users.iter_mut().for_each(|id| *id = users.inside(*id));
        of_groups.iter_mut().for_each(|id| *id = groups.inside(*id));
    }
    Some(found)
}

fn read_cgroup(values: &mut Values, task: &Path) {
    let Ok(text) = fs::read(task.join("cgroup")) else {
        return;
    };
    let path = cgroup(&text).unwrap_or_default();
    values.cgroup = path.to_vec();
    values.container = container(path).unwrap_or_default().to_vec();
}
