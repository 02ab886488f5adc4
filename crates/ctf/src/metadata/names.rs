//! Names as people say them.
//!
//! TSDL text puts `_` before a field's name, so that it cannot be a reserved word. One `_` is taken
//! off each name of a structure, unless that would make two names equal. Paths follow their fields;
//! labels and the options that they choose keep their spelling.

use std::collections::HashSet;

use thalweg_model::{FieldClass, Member, StructClass, TraceClass};

use super::parts::{Part, parts, root_mut, scopes_of};
use crate::path::{Place, Scopes, Want, class_at, resolve};

/// What a path in `part` means, by place.
pub(super) struct Target {
    pub(super) part: Part,
    pub(super) site: Place,
    pub(super) target: Place,
    /// Whether the path began with the name of a scope.
    pub(super) named_scope: bool,
    pub(super) length: usize,
}

/// Takes the `_` off the names and lets the paths follow.
pub(super) fn rename(class: &mut TraceClass, targets: &[Target]) {
    for part in parts(class) {
        if let Some(root) = root_mut(class, &part) {
            rename_members(&mut root.members);
        }
    }
    for target in targets {
        let path = new_path(class, target);
        if let Some(root) = root_mut(class, &target.part) {
            set_path(root, &target.site, path);
        }
    }
}

fn rename_members(members: &mut [Member]) {
    let mut taken: HashSet<String> = members.iter().map(|m| m.name.clone()).collect();
    for member in members {
        if let Some(short) = member.name.strip_prefix('_')
            && taken.insert(short.to_owned())
        {
            member.name = short.to_owned();
        }
        rename_inside(&mut member.class);
    }
}

fn rename_inside(class: &mut FieldClass) {
    match class {
        FieldClass::Struct(class) => rename_members(&mut class.members),
        FieldClass::Array(class) => rename_inside(&mut class.element),
        FieldClass::Sequence(class) => rename_inside(&mut class.element),
        FieldClass::Variant(class) => class
            .options
            .iter_mut()
            .for_each(|m| rename_inside(&mut m.class)),
        _ => {}
    }
}

/// The path as it was written, in new names; or the whole path from its scope, where the new names
/// would mean another field.
fn new_path(class: &TraceClass, target: &Target) -> Vec<String> {
    let scopes = scopes_of(class, &target.part);
    let names = names_of(&scopes, &target.target);
    let scope = target
        .target
        .scope
        .words()
        .iter()
        .map(|word| (*word).to_owned());
    let written = &names[names.len().saturating_sub(target.length)..];
    if target.named_scope {
        return scope.chain(written.iter().cloned()).collect();
    }
    let want = sites_want(&scopes, target);
    if resolve(&scopes, &target.site, written, want).as_ref() == Some(&target.target) {
        return written.to_vec();
    }
    scope.chain(names).collect()
}

fn sites_want(scopes: &Scopes<'_>, target: &Target) -> Want {
    match class_at(scopes, &target.site) {
        Some(FieldClass::Variant(_)) => Want::Tag,
        _ => Want::Length,
    }
}

/// The names of the fields on the way to `place`; elements have none.
fn names_of(scopes: &Scopes<'_>, place: &Place) -> Vec<String> {
    let Some(root) = scopes.get(place.scope) else {
        return Vec::new();
    };
    let mut names = Vec::new();
    let mut members = Some(&root.members);
    for depth in 0..place.steps.len() {
        if let Some(member) = members.and_then(|members| members.get(place.steps[depth])) {
            names.push(member.name.clone());
        }
        let here = Place {
            scope: place.scope,
            steps: place.steps[..=depth].to_vec(),
        };
        members = match class_at(scopes, &here) {
            Some(FieldClass::Struct(class)) => Some(&class.members),
            Some(FieldClass::Variant(class)) => Some(&class.options),
            _ => None,
        };
    }
    names
}

fn set_path(root: &mut StructClass, site: &Place, path: Vec<String>) {
    let Some((first, rest)) = site.steps.split_first() else {
        return;
    };
    let Some(member) = root.members.get_mut(*first) else {
        return;
    };
    let mut class = &mut member.class;
    for step in rest {
        class = match class {
            FieldClass::Struct(class) => &mut class.members[*step].class,
            FieldClass::Variant(class) => &mut class.options[*step].class,
            FieldClass::Array(class) => &mut class.element,
            FieldClass::Sequence(class) => &mut class.element,
            _ => return,
        };
    }
    match class {
        FieldClass::Sequence(class) => class.length = path,
        FieldClass::Variant(class) => class.tag = path,
        _ => {}
    }
}
