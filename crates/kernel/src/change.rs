//! Other events, other filters, while a recording runs.
//!
//! ```text
//!   plan_change ─▶ the decoder knows the events ─▶ ids, metadata ─▶ apply_change ─▶ filters ─▶ enabled
//! ```
//!
//! An event that is turned off stays known: its records that are still in the rings are read like all
//! others. So each record that the kernel counts is of a known event, whatever is changed when.

use crate::catalogue;
use crate::setup::set_filter;
use crate::{Error, EventFilter, EventRule, KernelConfig, KernelRecording, Missing, Plan};

/// The filter of an event that everything passes.
const NO_FILTER: &str = "0";

/// Events that are to be recorded from now on, each with its filter.
#[derive(Clone, Debug)]
pub struct KernelChange {
    /// The place among [`KernelRecording::events`], and the condition.
    events: Vec<(usize, Option<String>)>,
    /// The events that a filter leaves out, always, and why.
    pub left_out: Vec<Missing>,
}

impl KernelRecording {
    /// Makes the events of these rules known, behind those that are; what they must pass. They are
    /// recorded when [`Self::set_ids`] has told the ids of all, and [`Self::apply_change`] was called.
    ///
    /// # Errors
    /// As for [`Self::start`]; nothing is changed then.
    pub fn plan_change(
        &mut self,
        rules: Vec<EventRule>,
        filters: Vec<EventFilter>,
    ) -> Result<KernelChange, Error> {
        let mut config = KernelConfig::new("change");
        config.naming = self.naming;
        (config.rules, config.filters) = (rules, filters);
        let mut plan = Plan::make(&self.tracefs, &config)?;
        let mut filters = config.filters.iter();
        if plan.events.iter().any(|planned| !planned.tested.is_empty())
            && let Some(filter) = filters.next()
        {
            return Err(Error::UselessFilter {
                filter: filter.text.clone(),
                why: "the kernel cannot test it, and what is tested when events are read stays as it \
                      was at the start",
            });
        }
        let lacking = self.decoder.tell_of(&mut plan.events, self.clock);
        plan.left_out.extend(lacking);
        let mut events = Vec::new();
        for planned in plan.events {
            let is_it = |known: &crate::KernelEvent| known.type_id == planned.event.type_id;
            let place = match self.events.iter().position(is_it) {
                Some(place) => place,
                None => {
                    self.events.push(planned.event);
                    self.events.len() - 1
                }
            };
            events.push((place, planned.filter));
        }
        self.decoder.learn(&self.events);
        let left_out = plan.left_out;
        Ok(KernelChange { events, left_out })
    }

    /// Records the events of a change from now on, as far as they pass its filters; those that were
    /// recorded before, by these filters only.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn apply_change(&self, change: &KernelChange) -> Result<(), Error> {
        for (place, filter) in &change.events {
            let event = &self.events[*place];
            let filter = filter.as_deref().unwrap_or(NO_FILTER);
            set_filter(&self.instance, event, filter)?;
            let path = format!("{}:{}\n", event.system, event.kernel_name);
            self.instance.write("set_event", &path)?;
        }
        Ok(())
    }

    /// Records the events that a pattern means no more; how many they are. Their records that are in
    /// the rings are read.
    ///
    /// # Errors
    /// The pattern means no event of this kernel, or tracefs refuses.
    pub fn disable(&self, pattern: &str) -> Result<usize, Error> {
        let known = self.tracefs.events()?;
        let mut count = 0;
        for place in catalogue::select(&known, pattern)? {
            let (system, name) = (&known[place].system, &known[place].kernel_name);
            let mut own = self.events.iter();
            if own.any(|event| event.system == *system && event.kernel_name == *name) {
                self.instance
                    .write("set_event", &format!("!{system}:{name}\n"))?;
                count += 1;
            }
        }
        Ok(count)
    }
}
