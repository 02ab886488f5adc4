//! ftrace's own records as events of the trace.

use std::sync::Arc;

use thalweg_model::{DisplayBase, FieldClass, IntegerClass, SequenceClass, StructClass};

use super::{Step, Symbols};
use crate::format::{EventFormat, Field};
use crate::lttng::{Made, TraceEvent, plain_integer};
use crate::plan::{Limit, Op};

/// The subsystem that has their formats; it is not among those whose events can be enabled.
const SYSTEM: &str = "ftrace";

/// A kind of record that ftrace itself writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TracerEvent {
    /// A call, of the tracer `function`.
    Function,
    /// A call, of the tracer `function_graph`.
    GraphEntry,
    /// A return, of the tracer `function_graph`.
    GraphExit,
    /// The callers of what was recorded just before.
    KernelStack,
    /// A text that somebody wrote into `trace_marker`.
    Print,
}

impl TracerEvent {
    /// The kernel's name for its records.
    pub const fn kernel_name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::GraphEntry => "funcgraph_entry",
            Self::GraphExit => "funcgraph_exit",
            Self::KernelStack => "kernel_stack",
            Self::Print => "print",
        }
    }

    /// The event's name in the trace.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Function | Self::GraphEntry => "func_entry",
            Self::GraphExit => "func_exit",
            Self::KernelStack => "kernel_stack",
            Self::Print => "print",
        }
    }

    /// The event, of the kernel's format; calls that lie `depth` deep and deeper are left out. `None`
    /// if this kernel's records lack what the event tells.
    pub fn describe(
        self,
        format: &EventFormat,
        symbols: &Arc<Symbols>,
        depth: Option<u32>,
    ) -> Option<TraceEvent> {
        let mut made = Made::default();
        let limit = match self {
            Self::GraphEntry | Self::GraphExit => limit(format, depth),
            Self::Function | Self::KernelStack | Self::Print => None,
        };
        self.lower(format, &mut made)?;
        Some(TraceEvent {
            system: SYSTEM.to_owned(),
            kernel_name: self.kernel_name().to_owned(),
            name: self.name().to_owned(),
            type_id: format.id,
            payload: StructClass {
                min_align_bits: 0,
                members: made.members,
            },
            sources: made.sources,
            told: None,
            plan: made.plan.finish().naming(Arc::clone(symbols), limit),
        })
    }

    fn lower(self, format: &EventFormat, made: &mut Made) -> Option<()> {
        let own = |name| format.field(name);
        match self {
            Self::Function => {
                let (ip, parent) = (own("ip")?, own("parent_ip")?);
                address("ip", ip, made)?;
                address("parent_ip", parent, made)?;
                thread(format, made)?;
                name("func", ip, made);
                name("parent", parent, made);
            }
            Self::GraphEntry => graph(format, made)?,
            Self::GraphExit => {
                graph(format, made)?;
                let (from, to) = (own("calltime")?, own("rettime")?);
                wide(from).zip(wide(to))?;
                let (from, to) = (from.offset, to.offset);
                let class = FieldClass::Integer(IntegerClass::le(64, false));
                step("duration_ns", class, Step::Span { from, to }, made);
            }
            Self::KernelStack => {
                thread(format, made)?;
                let (count_at, at) = (own("size")?.offset, own("caller")?.offset);
                callers(Step::Callers { count_at, at }, made);
            }
            Self::Print => {
                let (ip, text) = (own("ip")?, own("buf")?);
                address("ip", ip, made)?;
                thread(format, made)?;
                let rest = Step::Rest { at: text.offset };
                step("buf", FieldClass::string(), rest, made);
            }
        }
        Some(())
    }
}

/// What a call and its return have in common.
fn graph(format: &EventFormat, made: &mut Made) -> Option<()> {
    let (func, depth) = (format.field("func")?, format.field("depth")?);
    address("ip", func, made)?;
    thread(format, made)?;
    let class = FieldClass::Integer(IntegerClass::le(32, true));
    made.integer("depth", class, depth, 0).then_some(())?;
    name("func", func, made);
    Some(())
}

fn limit(format: &EventFormat, depth: Option<u32>) -> Option<Limit> {
    let at = format.field("depth")?.offset;
    Some(Limit { at, below: depth? })
}

fn wide(field: &Field) -> Option<()> {
    (field.element.size_bytes() == 8 && field.size_bytes == 8).then_some(())
}

fn address(name: &str, field: &Field, made: &mut Made) -> Option<()> {
    wide(field)?;
    let class = IntegerClass::le(64, false).in_base(DisplayBase::Hexadecimal);
    let is_made = made.integer(name, FieldClass::Integer(class), field, 0);
    is_made.then_some(())
}

fn thread(format: &EventFormat, made: &mut Made) -> Option<()> {
    let thread = format.common_pid.as_ref()?;
    let class = FieldClass::Integer(plain_integer(thread));
    made.integer("tid", class, thread, 0).then_some(())
}

fn name(name: &str, field: &Field, made: &mut Made) {
    let at = field.offset;
    step(name, FieldClass::string(), Step::Name { at }, made);
}

fn callers(callers: Step, made: &mut Made) {
    let length = "_callers_length";
    let count = FieldClass::Integer(IntegerClass::le(16, false));
    made.members.push(thalweg_model::Member::new(length, count));
    let class = FieldClass::Sequence(SequenceClass {
        element: Box::new(FieldClass::string()),
        length: vec![length.to_owned()],
    });
    step("callers", class, callers, made);
}

/// A field that no field of the kernel's has as it is: the kernel's filters cannot test it.
fn step(name: &str, class: FieldClass, step: Step, made: &mut Made) {
    made.members.push(thalweg_model::Member::new(name, class));
    made.plan.push(Op::Tracer(step));
}

impl TraceEvent {
    /// Whether ftrace itself makes it: it is on by its tracer, not by its name.
    pub fn is_of_tracer(&self) -> bool {
        self.system == SYSTEM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str = "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

    fn format(name: &str, fields: &str) -> EventFormat {
        let text = format!("name: {name}\nID: 7\nformat:\n{COMMON}{fields}\nprint fmt: \"x\"");
        EventFormat::parse(&text).unwrap()
    }

    fn names(event: &TraceEvent) -> Vec<&str> {
        let members = event.payload.members.iter();
        members.map(|member| member.name.as_str()).collect()
    }

    const EXITS: [&str; 2] = [
        // 5.10
        "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n\
         \tfield:unsigned long overrun;\toffset:16;\tsize:8;\tsigned:0;\n\
         \tfield:unsigned long long calltime;\toffset:24;\tsize:8;\tsigned:0;\n\
         \tfield:unsigned long long rettime;\toffset:32;\tsize:8;\tsigned:0;\n\
         \tfield:int depth;\toffset:40;\tsize:4;\tsigned:1;\n",
        // 6.1
        "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n\
         \tfield:int depth;\toffset:16;\tsize:4;\tsigned:1;\n\
         \tfield:unsigned int overrun;\toffset:20;\tsize:4;\tsigned:0;\n\
         \tfield:unsigned long long calltime;\toffset:24;\tsize:8;\tsigned:0;\n\
         \tfield:unsigned long long rettime;\toffset:32;\tsize:8;\tsigned:0;\n",
    ];

    #[test]
    fn a_return_has_its_duration_wherever_the_kernel_keeps_it() {
        let symbols = Arc::new(Symbols::parse("1000 T work\n"));
        for fields in EXITS {
            let format = format("funcgraph_exit", fields);
            let event = TracerEvent::GraphExit.describe(&format, &symbols, Some(3));
            let event = event.unwrap();
            assert_eq!(names(&event), ["ip", "tid", "depth", "func", "duration_ns"]);
            let mut record = vec![0; 48];
            record[8..16].copy_from_slice(&0x1004_u64.to_le_bytes());
            record[24..32].copy_from_slice(&50_u64.to_le_bytes());
            record[32..40].copy_from_slice(&90_u64.to_le_bytes());
            let depth = usize::from(format.field("depth").unwrap().offset);
            record[depth] = 2;
            assert!(event.plan.takes(&record));
            let mut out = Vec::new();
            event.plan.run(&record, &mut out).unwrap();
            let mut want = 0x1004_u64.to_le_bytes().to_vec();
            want.extend([0; 4]);
            want.extend(2_u32.to_le_bytes());
            want.extend(b"work\0");
            want.extend(40_u64.to_le_bytes());
            assert_eq!(out, want);
            record[depth] = 3;
            assert!(!event.plan.takes(&record));
        }
    }

    #[test]
    fn a_kernel_whose_records_lack_something_has_no_such_event() {
        let symbols = Arc::default();
        let fields = "\tfield:unsigned long func;\toffset:8;\tsize:8;\tsigned:0;\n";
        let format = format("funcgraph_exit", fields);
        assert!(
            TracerEvent::GraphExit
                .describe(&format, &symbols, None)
                .is_none()
        );
    }

    #[test]
    fn a_text_of_a_marker_is_what_was_written() {
        let fields = "\tfield:unsigned long ip;\toffset:8;\tsize:8;\tsigned:0;\n\
            \tfield:char buf[];\toffset:16;\tsize:0;\tsigned:1;\n";
        let format = format("print", fields);
        let event = TracerEvent::Print
            .describe(&format, &Arc::default(), None)
            .unwrap();
        assert_eq!(names(&event), ["ip", "tid", "buf"]);
        let mut record = vec![0; 16];
        record.extend(b"begin of frame 7\n\0\0\0");
        let mut out = Vec::new();
        event.plan.run(&record, &mut out).unwrap();
        assert_eq!(out[12..], *b"begin of frame 7\0");
    }
}
