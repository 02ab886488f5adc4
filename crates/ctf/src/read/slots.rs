//! Which fields must be remembered, because a length or a tag lies in them.

use std::collections::HashMap;

use crate::path::{Place, Scope, Scopes, class_at, resolve, sites};
use thalweg_model::FieldClass;

/// Slots of the fields that others need, and of the fields that need them.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// By the place of the length or tag.
    targets: HashMap<Place, u32>,
    /// By the place of the sequence or variant, with whether its tag is signed.
    sites: HashMap<Place, (u32, bool)>,
    /// How many slots there are.
    pub(super) count: u32,
}

impl Slots {
    /// Adds what the fields of `scope` need; a path that means nothing gets no slot.
    pub(super) fn add(&mut self, scopes: &Scopes<'_>, scope: Scope) {
        self.add_up_to(scopes, scope, Scope::Payload);
    }

    /// The same, for lengths and tags that all events of a stream share.
    pub(super) fn add_shared(&mut self, scopes: &Scopes<'_>, scope: Scope) {
        self.add_up_to(scopes, scope, Scope::CommonContext);
    }

    fn add_up_to(&mut self, scopes: &Scopes<'_>, scope: Scope, last: Scope) {
        let Some(root) = scopes.get(scope) else {
            return;
        };
        for site in sites(scope, root) {
            let found = resolve(scopes, &site.place, site.path, site.want);
            let Some(target) = found.filter(|target| target.scope <= last) else {
                continue;
            };
            let signed = is_signed_tag(class_at(scopes, &target));
            let slot = *self.targets.entry(target).or_insert_with(|| {
                self.count += 1;
                self.count - 1
            });
            self.sites.insert(site.place, (slot, signed));
        }
    }

    pub(super) fn of_target(&self, place: &Place) -> Option<u32> {
        self.targets.get(place).copied()
    }

    pub(super) fn of_site(&self, place: &Place) -> Option<(u32, bool)> {
        self.sites.get(place).copied()
    }
}

fn is_signed_tag(class: Option<&FieldClass>) -> bool {
    matches!(class, Some(FieldClass::Enum(class)) if class.integer.signed)
}
