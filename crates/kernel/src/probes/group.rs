//! The groups that a recording's probes are in: their names follow from the instance's.

use std::collections::BTreeSet;
use std::fs;

use thalweg_kbuf::PROBE_GROUP;

use super::name::{MAX_LEN, name_of};
use crate::Tracefs;

/// What the groups of this instance's probes begin with.
pub(crate) fn group_of(instance: &str) -> String {
    // FNV-1a, so that every version of this program finds the groups of every other.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let hash = instance.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("{PROBE_GROUP}{hash:016x}")
}

/// The group for the events of a provider, or for those without one.
pub(super) fn group_for(group: &str, provider: Option<&str>) -> String {
    match provider {
        Some(provider) => format!("{group}_{}", name_of(provider, MAX_LEN - group.len() - 1)),
        None => group.to_owned(),
    }
}

/// What the groups of all instances that there are begin with, whoever made them.
pub(crate) fn living(tracefs: &Tracefs) -> std::io::Result<BTreeSet<String>> {
    let entries = fs::read_dir(tracefs.root().join("instances"))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.map(|name| group_of(&name)).collect())
}

/// What the group's name begins with, if it is that of probes of ours.
pub(crate) fn beginning(group: &str) -> Option<&str> {
    let hash = group.strip_prefix(PROBE_GROUP)?.get(..16)?;
    let rest = &group[PROBE_GROUP.len() + 16..];
    let is_ours = hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (rest.is_empty() || rest.starts_with('_'));
    is_ours.then(|| &group[..PROBE_GROUP.len() + 16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_tells_whose_it_is() {
        let own = group_of("thalweg-1");
        assert_ne!(own, group_of("thalweg-2"));
        for provider in [None, Some("python"), Some(&*"x".repeat(100))] {
            let group = group_for(&own, provider);
            assert!(group.len() <= MAX_LEN, "{group}");
            assert_eq!(beginning(&group), Some(&*own));
        }
        for other in ["probes", "thalweg_test_1", &format!("{own}x"), "thalweg_"] {
            assert_eq!(beginning(other), None, "{other}");
        }
    }
}
