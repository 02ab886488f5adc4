//! What is known of an event's thread, as filters see it.

use thalweg_filter::Value;
use thalweg_kbuf::{RecordHead, container};
use thalweg_model::FieldClass;

use super::kind::KernelContext;
use super::writer::{NONE, number_of};
use crate::tasks::Task;

/// Who was running, and where.
#[derive(Debug)]
pub(crate) struct Known<'k> {
    pub(crate) head: RecordHead,
    pub(crate) task: Task,
    pub(crate) cpu: u32,
    /// The path of its control group.
    pub(crate) group: &'k [u8],
    pub(crate) hostname: &'k [u8],
}

impl Known<'_> {
    /// A context's value, as the trace has it.
    pub(crate) fn value(&self, context: KernelContext) -> Value<'_> {
        let truth = |truth: bool| Value::Int(truth.into());
        match context {
            KernelContext::Tid => Value::Int(self.head.tid.into()),
            KernelContext::Procname => Value::Text(text(&self.task.comm)),
            KernelContext::Hostname => Value::Text(text(self.hostname)),
            KernelContext::Interruptible => truth(self.head.is_interruptible()),
            KernelContext::Preemptible => truth(self.head.is_preemptible()),
            KernelContext::NeedReschedule => truth(self.head.needs_reschedule()),
            KernelContext::Migratable => truth(self.head.is_migratable()),
            KernelContext::CgroupId => Value::Uint(self.task.attributes.cgroup),
            KernelContext::Cgroup => Value::Text(some(self.group)),
            KernelContext::Container => {
                Value::Text(some(container(self.group).unwrap_or_default()))
            }
            number => {
                let value = number_of(number, &self.task);
                match number.class() {
                    FieldClass::Integer(class) if class.signed => {
                        Value::Int(value.cast_signed().into())
                    }
                    _ => Value::Uint(value.into()),
                }
            }
        }
    }
}

fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn some(text: &[u8]) -> &[u8] {
    if text.is_empty() { NONE } else { text }
}
