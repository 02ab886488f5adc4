//! The clock of time stamps that do not name one.

use thalweg_model::{ClockClass, FieldClass, Member, TraceClass};

use super::blocks::nanoseconds;

/// Old tracers did not say which clock a time stamp shows: with one clock it is that one, with none
/// it is one of nanoseconds.
pub(super) fn map_timestamps(class: &mut TraceClass) {
    let name = match class.clocks.as_slice() {
        [] => "default",
        [clock] => &clock.name,
        _ => return,
    };
    let mut mapper = Mapper {
        clock: name.to_owned(),
        mapped: false,
    };
    for stream in &mut class.streams {
        let context = stream
            .packet_context
            .iter_mut()
            .flat_map(|root| &mut root.members);
        for member in
            context.filter(|m| matches!(m.name.as_str(), "timestamp_begin" | "timestamp_end"))
        {
            mapper.map(&mut member.class);
        }
        let header = stream
            .event_header
            .iter_mut()
            .flat_map(|root| &mut root.members);
        header.for_each(|member| mapper.map_header(member));
    }
    if mapper.mapped && class.clocks.is_empty() {
        class.clocks.push(ClockClass {
            name: mapper.clock,
            ..nanoseconds()
        });
    }
}

struct Mapper {
    clock: String,
    mapped: bool,
}

impl Mapper {
    fn map(&mut self, class: &mut FieldClass) {
        if let FieldClass::Integer(class) = class
            && !class.signed
            && class.clock.is_none()
        {
            class.clock = Some(self.clock.clone());
            self.mapped = true;
        }
    }

    fn map_header(&mut self, member: &mut Member) {
        match &mut member.class {
            FieldClass::Struct(class) => class.members.iter_mut().for_each(|m| self.map_header(m)),
            FieldClass::Variant(class) => class.options.iter_mut().for_each(|m| self.map_header(m)),
            class if member.name == "timestamp" => self.map(class),
            _ => {}
        }
    }
}
