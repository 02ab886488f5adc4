//! Programs that run with more rights than who starts them: the dynamic linker believes nothing
//! of the environment then.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, getxattr, statvfs};
use rustix::process::{getgid, getuid};

const SET_USER: u32 = 0o4000;
/// Without the right to run it for the group, the bit means another thing.
const SET_GROUP: u32 = 0o2010;

/// Whose rights a program has that this user has not; `None` if it has none.
pub(crate) fn gained_by(program: &Path) -> Option<&'static str> {
    let found = program.metadata().ok()?;
    let ignored =
        statvfs(program).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::NOSUID));
    if ignored {
        return None;
    }
    let user = (found.mode(), found.uid() == getuid().as_raw());
    gained(user, found.gid() == getgid().as_raw()).or_else(|| capabilities(program))
}

fn gained((mode, is_own): (u32, bool), is_own_group: bool) -> Option<&'static str> {
    if mode & SET_USER != 0 && !is_own {
        Some("its owner's rights")
    } else if mode & SET_GROUP == SET_GROUP && !is_own_group {
        Some("its group's rights")
    } else {
        None
    }
}

/// Root gains nothing by those.
fn capabilities(program: &Path) -> Option<&'static str> {
    let has = getxattr(program, "security.capability", &mut [0_u8; 64][..]).is_ok();
    (has && !getuid().is_root()).then_some("capabilities of its own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rights_of_others_are_gained() {
        assert_eq!(gained((0o104755, false), true), Some("its owner's rights"));
        assert_eq!(gained((0o104755, true), true), None);
        assert_eq!(gained((0o102755, true), false), Some("its group's rights"));
        assert_eq!(gained((0o102745, true), false), None);
        assert_eq!(gained((0o100755, false), false), None);
    }
}
