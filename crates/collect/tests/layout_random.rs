//! Events of a thousand classes drawn at random: babeltrace2 reads from our bytes and our metadata
//! the values that went in.

#[allow(dead_code, unreachable_pub, reason = "shared by several test binaries")]
mod layout_support;

use layout_support::script::{identity, kernel_layout};
use thalweg_collect::sink::{EventHeader, PacketContext, PacketHead, TraceWriter};
use thalweg_model::{
    ArrayClass, ByteOrder, DisplayBase, EnumClass, EnumMapping, FieldClass, FloatClass,
    IntegerClass, Member, SequenceClass, StructClass, Timestamp,
};
use thalweg_testkit::babeltrace2_clean;

/// A class, a value of it as bytes, and as babeltrace2 prints it.
struct Drawn {
    class: FieldClass,
    bytes: Vec<u8>,
    text: String,
}

struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn field(&mut self, depth: u32) -> Drawn {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 | 1 => self.integer(),
            2 => self.float(),
            3 => self.string(),
            4 => self.label(),
            5 => self.array(),
            6 => self.sequence(),
            _ => {
                let (members, bytes, text) = self.members(depth - 1);
                let class = FieldClass::Struct(StructClass {
                    min_align_bits: 1,
                    members,
                });
                Drawn { class, bytes, text }
            }
        }
    }

    fn integer_class(&mut self) -> IntegerClass {
        let bits = [8, 16, 32, 64][self.below(4) as usize];
        let order = [ByteOrder::Little, ByteOrder::Big][self.below(2) as usize];
        let mut class = IntegerClass::le(bits, self.below(2) == 0);
        class.byte_order = order;
        if !class.signed && self.below(2) == 0 {
            class = class.in_base(DisplayBase::Hexadecimal);
        }
        class
    }

    /// A value of this class: bytes and number.
    fn number(&mut self, class: &IntegerClass) -> (Vec<u8>, i128) {
        let raw = (self.below(1 << 31) << 33) ^ (self.below(1 << 31) << 7) ^ self.below(1 << 31);
        let shift = 64 - class.size_bits;
        let number = if class.signed {
            i128::from((raw as i64) >> shift)
        } else {
            i128::from(raw >> shift)
        };
        let len = class.size_bits as usize / 8;
        let mut bytes = number.to_le_bytes()[..len].to_vec();
        if class.byte_order == ByteOrder::Big {
            bytes.reverse();
        }
        (bytes, number)
    }

    fn integer(&mut self) -> Drawn {
        let class = self.integer_class();
        let (bytes, number) = self.number(&class);
        let text = number_text(&class, number);
        Drawn {
            class: FieldClass::Integer(class),
            bytes,
            text,
        }
    }

    fn float(&mut self) -> Drawn {
        // Quarters below 1000: exact in both sizes, and short in print.
        let value = self.below(4_000) as f64 / 4.0;
        let (class, bytes) = match self.below(2) {
            0 => (FloatClass::f32_le(), (value as f32).to_le_bytes().to_vec()),
            _ => (FloatClass::f64_le(), value.to_le_bytes().to_vec()),
        };
        Drawn {
            class: FieldClass::Float(class),
            bytes,
            text: format!("{value}"),
        }
    }

    fn string(&mut self) -> Drawn {
        let len = self.below(12);
        let text: String = (0..len)
            .map(|_| (b'a' + self.below(26) as u8) as char)
            .collect();
        let bytes = [text.as_bytes(), b"\0"].concat();
        Drawn {
            class: FieldClass::string(),
            bytes,
            text: format!("\"{text}\""),
        }
    }

    fn label(&mut self) -> Drawn {
        let mut integer = self.integer_class();
        integer.base = DisplayBase::Decimal;
        let (bytes, number) = self.number(&integer);
        let mappings = vec![
            EnumMapping {
                label: "that one".into(),
                first: number,
                last: number,
            },
            EnumMapping {
                label: "zero".into(),
                first: 0,
                last: 0,
            },
        ];
        let text = match number {
            0 => "( \"that one\", \"zero\" : container = 0 )".to_owned(),
            _ => format!("( \"that one\" : container = {number} )"),
        };
        Drawn {
            class: FieldClass::Enum(EnumClass { integer, mappings }),
            bytes,
            text,
        }
    }

    /// So many elements of one integer class: the class, bytes, text.
    fn elements(&mut self, count: u64) -> (Box<FieldClass>, Vec<u8>, String) {
        let class = self.integer_class();
        let drawn: Vec<_> = (0..count).map(|_| self.number(&class)).collect();
        let texts: Vec<String> = drawn
            .iter()
            .enumerate()
            .map(|(i, (_, number))| format!("[{i}] = {}", number_text(&class, *number)))
            .collect();
        let bytes = drawn.into_iter().flat_map(|(bytes, _)| bytes).collect();
        let text = if count == 0 {
            "[ ]".into()
        } else {
            format!("[ {} ]", texts.join(", "))
        };
        (Box::new(FieldClass::Integer(class)), bytes, text)
    }

    fn array(&mut self) -> Drawn {
        let length = 1 + self.below(5);
        let (element, bytes, text) = self.elements(length);
        Drawn {
            class: FieldClass::Array(ArrayClass { element, length }),
            bytes,
            text,
        }
    }

    /// Its length field comes with `members`.
    fn sequence(&mut self) -> Drawn {
        let count = self.below(6);
        let (element, bytes, text) = self.elements(count);
        let length = vec![format!("_length_{count}")];
        Drawn {
            class: FieldClass::Sequence(SequenceClass { element, length }),
            bytes,
            text,
        }
    }

    fn members(&mut self, depth: u32) -> (Vec<Member>, Vec<u8>, String) {
        let (mut members, mut bytes, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..self.below(5) {
            let drawn = self.field(depth);
            if let FieldClass::Sequence(sequence) = &drawn.class {
                let name = &sequence.length[0];
                let count: u16 = name.rsplit_once('_').unwrap().1.parse().unwrap();
                if !members.iter().any(|member: &Member| member.name == *name) {
                    members.push(Member::new(name, FieldClass::uint(16)));
                    bytes.extend(count.to_le_bytes());
                    texts.push(format!("{name} = {count}"));
                }
            }
            members.push(Member::new(format!("f{number}"), drawn.class));
            bytes.extend(drawn.bytes);
            texts.push(format!("f{number} = {}", drawn.text));
        }
        let text = if texts.is_empty() {
            "{ }".into()
        } else {
            format!("{{ {} }}", texts.join(", "))
        };
        (members, bytes, text)
    }
}

fn number_text(class: &IntegerClass, number: i128) -> String {
    match class.base {
        DisplayBase::Hexadecimal => format!("0x{number:X}"),
        _ => number.to_string(),
    }
}

#[test]
fn a_thousand_classes_drawn_at_random_are_read_as_they_were_written() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().join("trace");
    let mut trace = TraceWriter::create(&dir, &identity()).unwrap();
    let class = trace.stream_class(&kernel_layout()).unwrap();
    let context = PacketContext::Kernel { cpu_id: 0 }.encode();
    let stream = trace
        .open_stream(class, "c_0", Timestamp(1), &context)
        .unwrap();
    let mut draw = Draw(20_261_122);
    let (mut records, mut expected) = (Vec::new(), Vec::new());
    for number in 0..1_000 {
        let (members, bytes, text) = draw.members(3);
        let payload = StructClass {
            min_align_bits: 1,
            members,
        };
        let name = format!("event {number}");
        let id = trace.event_class(class, &name, None, &payload).unwrap();
        assert_eq!(
            trace.event_class(class, &name, None, &payload).unwrap(),
            id,
            "the same id"
        );
        EventHeader::Compact.encode(id, Timestamp(1 + number), Timestamp(number), &mut records);
        records.extend(bytes);
        expected.push(format!("{name}: {{ cpu_id = 0 }}, {text}"));
    }
    let head = PacketHead {
        begin: Timestamp(1),
        end: Timestamp(1_000),
        discarded_total: 0,
        context: &context,
    };
    trace.write_packet(stream, &head, &records).unwrap();
    trace.close().unwrap();
    let text = babeltrace2_clean(&dir);
    let read: Vec<&str> = text
        .lines()
        .map(|line| &line[line.find("event ").unwrap()..])
        .collect();
    for (read, expected) in read.iter().zip(&expected) {
        assert_eq!(read, expected);
    }
    assert_eq!(read.len(), expected.len());
}
