//! What a program says it can emit: the rendezvous file, read with doubt.
//!
//! Every length is a claim until it is seen to lie in the file; nothing is allocated for a claim.

use thalweg_abi::VERSION;
use thalweg_abi::field::NOWRITE;
use thalweg_abi::program::{GATE_COUNT, MAX_SITES};
use thalweg_abi::rendezvous::{self, HEAD_LEN, Head, MAX_FIELDS, MAX_LEN};
use thalweg_model::{LogLevel, Member, StructClass};

use super::class::Classes;
use super::input::Input;
use super::plan::{Plan, Step};

/// A program's definitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definitions {
    /// Who the program says it is.
    pub head: Head,
    /// Its call sites; a record names one by its index.
    pub sites: Vec<Site>,
    /// What each payload begins with, see [`Self::lead_with`].
    leading: Plan,
}

/// A call site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The event's name.
    pub name: String,
    /// How severe it is.
    pub level: LogLevel,
    /// The gate that the site tests.
    pub gate: u16,
    /// The model that the event is described in, if there is one.
    pub model_uri: Option<String>,
    /// Its fields, in the order of the indexes that a filter has for them.
    pub fields: Vec<Declared>,
    /// Where its blobs are, as paths of names with dots between them, and what they are. CTF 1.8 has
    /// no place for that.
    pub media_types: Vec<(String, String)>,
    /// The fields that are written.
    pub payload: StructClass,
    /// How a payload of these fields is checked.
    pub plan: Plan,
}

/// A field, as its definition has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declared {
    /// It is in the payload.
    Written {
        /// Its index among the payload's members; a length or a tag may stand before it.
        member: usize,
    },
    /// Only filters see it.
    FilterOnly {
        /// A structure of the field, behind a length or a tag if it needs one.
        class: StructClass,
    },
}

impl Site {
    /// A field's name and class, by the index that a filter has for it.
    pub fn field(&self, index: usize) -> Option<&Member> {
        match self.fields.get(index)? {
            Declared::Written { member } => self.payload.members.get(*member),
            Declared::FilterOnly { class } => class.members.last(),
        }
    }
}

/// Why a rendezvous file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The file is too short, too long, or says so of itself.
    #[error("the file has {found} bytes and says {claimed}")]
    Length {
        /// Bytes that there are.
        found: usize,
        /// Bytes that it claims.
        claimed: u64,
    },
    /// Not a rendezvous file.
    #[error("no rendezvous file")]
    Foreign,
    /// A rendezvous file of another version, or of another machine's program.
    #[error(
        "its library has {}, this recorder {}: build both of one version, for one machine",
        named(*.found), named(VERSION)
    )]
    OtherVersion {
        /// Its version.
        found: u32,
    },
    /// A definition ends beyond the file.
    #[error("the definitions end at byte {at}, in the middle of one")]
    Truncated {
        /// Where the file ends.
        at: usize,
    },
    /// A number that means nothing.
    #[error("byte {at} holds {what}")]
    Meaningless {
        /// Where it stands.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
}

/// Why a file's head is none.
fn refusal(head: &[u8]) -> DefinitionError {
    match rendezvous::version(head) {
        Some(found) if found != VERSION => DefinitionError::OtherVersion { found },
        _ => DefinitionError::Foreign,
    }
}

/// A version in words.
fn named(version: u32) -> String {
    let (number, machine) = (version & 0xffff, version >> 16);
    let machine = match machine {
        0 => "x86-64".to_owned(),
        183 => "AArch64".to_owned(),
        other => format!("ELF machine {other}"),
    };
    format!("version {number} for {machine}")
}

impl Definitions {
    /// Reads the bytes of a whole rendezvous file.
    pub fn parse(bytes: &[u8]) -> Result<Self, DefinitionError> {
        let Some(head) = bytes.first_chunk::<HEAD_LEN>() else {
            return Err(DefinitionError::Length {
                found: bytes.len(),
                claimed: HEAD_LEN as u64,
            });
        };
        let head = Head::decode(head).ok_or_else(|| refusal(head))?;
        if head.len as usize != bytes.len() || bytes.len() > MAX_LEN {
            let claimed = head.len.into();
            return Err(DefinitionError::Length {
                found: bytes.len(),
                claimed,
            });
        }
        let mut definitions = Self {
            head,
            sites: Vec::new(),
            leading: Plan::default(),
        };
        let mut input = Input {
            bytes,
            at: HEAD_LEN,
        };
        definitions.read(&mut input)?;
        if definitions.sites.len() as u64 != definitions.head.sites {
            return Err(input.meaningless("fewer definitions than the head promises"));
        }
        Ok(definitions)
    }

    /// Reads definitions that came later, see [`thalweg_abi::program`]. One that makes no sense, or
    /// is missing, becomes a site without a name, whose records are never believed.
    pub fn extend(&mut self, bytes: &[u8]) {
        let mut input = Input { bytes, at: 0 };
        while let Ok((index, definition)) = framed(&mut input) {
            if index >= self.room() {
                return;
            }
            if index < self.sites.len() {
                continue;
            }
            self.sites.resize_with(index, Site::unknown);
            let mut input = Input {
                bytes: definition,
                at: 0,
            };
            let site = site(&mut input).ok().filter(|_| input.is_at_end());
            let site = site.unwrap_or_else(Site::unknown);
            self.sites.push(site.led_by(&self.leading));
        }
    }

    /// Lets the payload of each event begin with what `plan` says, also of those that are defined
    /// later.
    pub(crate) fn lead_with(&mut self, plan: Plan) {
        let sites = std::mem::take(&mut self.sites);
        self.sites = sites.into_iter().map(|site| site.led_by(&plan)).collect();
        self.leading = plan;
    }

    /// How many sites there can be.
    fn room(&self) -> usize {
        MAX_SITES.min(self.head.capacity as usize)
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), DefinitionError> {
        while input.at < input.bytes.len() {
            if self.sites.len() == self.room() {
                return Err(input.meaningless("one definition too many"));
            }
            self.sites.push(site(input)?);
        }
        Ok(())
    }
}

/// The next index and the bytes of its definition.
fn framed<'b>(input: &mut Input<'b>) -> Result<(usize, &'b [u8]), DefinitionError> {
    let index = input.u32()? as usize;
    let len = input.u32()? as usize;
    Ok((index, input.take(len)?))
}

impl Site {
    /// A site of which nothing is known.
    fn unknown() -> Self {
        let mut plan = Plan::default();
        plan.push(Step::Bytes(usize::MAX));
        Self {
            name: String::new(),
            level: LogLevel::Debug,
            gate: 0,
            model_uri: None,
            fields: Vec::new(),
            media_types: Vec::new(),
            payload: StructClass::default(),
            plan,
        }
    }

    fn led_by(mut self, leading: &Plan) -> Self {
        let own = std::mem::replace(&mut self.plan, leading.clone());
        self.plan.append(own);
        self
    }

    /// Whether it can be recorded.
    pub fn is_known(&self) -> bool {
        !self.name.is_empty()
    }
}

fn site(input: &mut Input<'_>) -> Result<Site, DefinitionError> {
    let level = LogLevel::from_number(input.u8()?);
    let level = level.ok_or_else(|| input.meaningless("no log level"))?;
    let gate = input.u16()?;
    if usize::from(gate) >= GATE_COUNT {
        return Err(input.meaningless("no gate"));
    }
    let _line = input.u32()?;
    let name = input.text()?;
    let _file = input.text()?;
    let model_uri = Some(input.text()?).filter(|uri| !uri.is_empty());
    let count = usize::from(input.u8()?);
    if count > MAX_FIELDS {
        return Err(input.meaningless("too many fields"));
    }
    let mut site = Site {
        name,
        level,
        gate,
        model_uri,
        fields: Vec::new(),
        media_types: Vec::new(),
        payload: StructClass::default(),
        plan: Plan::default(),
    };
    let mut classes = Classes::new(input);
    for _ in 0..count {
        field(&mut classes, &mut site)?;
    }
    site.media_types = classes.media_types;
    Ok(site)
}

fn field(classes: &mut Classes<'_, '_>, site: &mut Site) -> Result<(), DefinitionError> {
    let name = classes.input.text()?;
    let flags = classes.input.u8()?;
    if flags & !NOWRITE != 0 {
        return Err(classes.input.meaningless("no flag of a field"));
    }
    let class = classes.field(&name)?;
    let place = if flags & NOWRITE == 0 {
        site.plan.append(class.plan.clone());
        class.add_to(&mut site.payload, name);
        Declared::Written {
            member: site.payload.members.len() - 1,
        }
    } else {
        let mut alone = StructClass::default();
        class.add_to(&mut alone, name);
        Declared::FilterOnly { class: alone }
    };
    site.fields.push(place);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use thalweg_abi::field::tag::*;
    use thalweg_abi::field::{MAX_CLASSES, MAX_DEPTH, form};
    use thalweg_model::EventClass;

    const U8: &[u8] = &[INTEGER, 1, 0, 10];

    fn text(text: &str) -> Vec<u8> {
        [&(text.len() as u16).to_le_bytes(), text.as_bytes()].concat()
    }

    fn field(name: &str, flags: u8, class: &[u8]) -> Vec<u8> {
        [&text(name), &[flags][..], class].concat()
    }

    fn structure(members: &[(&str, &[u8])]) -> Vec<u8> {
        let members = members
            .iter()
            .map(|(name, class)| [&text(name), *class].concat());
        let count = members.len() as u8;
        members.fold(vec![STRUCT, count], |all, member| [all, member].concat())
    }

    fn label(first: i64, last: i64, name: &str) -> Vec<u8> {
        [&first.to_le_bytes()[..], &last.to_le_bytes(), &text(name)].concat()
    }

    fn enumeration(bytes: u8, form: u8, labels: &[Vec<u8>]) -> Vec<u8> {
        let head = [ENUM, bytes, form, labels.len() as u8, 0];
        [&head[..], &labels.concat()].concat()
    }

    /// A rendezvous file with one event, of these fields.
    fn file(model_uri: &str, fields: &[Vec<u8>]) -> Vec<u8> {
        let site = [
            &[6, 1, 0, 9, 0, 0, 0][..],
            &text("p:n"),
            &text("f.rs"),
            &text(model_uri),
            &[fields.len() as u8],
            &fields.concat(),
        ];
        let site = site.concat();
        let head = Head {
            len: (HEAD_LEN + site.len()) as u32,
            pid: 1,
            ring_fd: 3,
            start_time: 0,
            image: 0,
            nonce: 0,
            pid_ns: 0,
            ring_ino: 0,
            ring_len: 0,
            sites: 1,
            tid: 1,
            capacity: 1000,
            procname: [0; 16],
        };
        [&head.encode()[..], &site].concat()
    }

    #[track_caller]
    fn parse(fields: &[Vec<u8>]) -> Site {
        let definitions = Definitions::parse(&file("", fields)).unwrap();
        definitions.sites.into_iter().next().unwrap()
    }

    /// The fields of the payload as the metadata has them.
    fn metadata(site: &Site) -> String {
        let class = EventClass {
            id: 0,
            name: site.name.clone(),
            stream_id: 0,
            log_level: None,
            model_uri: site.model_uri.clone(),
            specific_context: None,
            payload: site.payload.clone(),
        };
        let text = thalweg_ctf::write::event_text(&class).unwrap();
        let (_, fields) = text.split_once("fields := struct {\n").unwrap();
        let (fields, _) = fields.split_once("\t};\n};\n").unwrap();
        let plain = |text: &str| {
            text.replace("align = 8; ", "")
                .replace("encoding = none; ", "")
        };
        plain(&fields.replace("\t\t", ""))
    }

    #[track_caller]
    fn check(class: &[u8], expected: &str) {
        assert_eq!(metadata(&parse(&[field("x", 0, class)])), expected);
    }

    #[track_caller]
    fn check_refused(class: &[u8], expected: &str) {
        let found = Definitions::parse(&file("", &[field("x", 0, class)]));
        match found {
            Err(DefinitionError::Meaningless { what, .. }) => assert_eq!(what, expected),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_of_another_version_is_told_from_what_is_none() {
        let mut bytes = [0; HEAD_LEN];
        assert_eq!(Definitions::parse(&bytes), Err(DefinitionError::Foreign));
        bytes[..8].copy_from_slice(&rendezvous::MAGIC.to_le_bytes());
        bytes[8..12].copy_from_slice(&(3_u32 | 183 << 16).to_le_bytes());
        let refused = Definitions::parse(&bytes).unwrap_err().to_string();
        let says = "its library has version 3 for AArch64, this recorder version";
        assert!(refused.starts_with(says), "{refused}");
    }

    #[test]
    fn numbers_have_bases_and_byte_orders() {
        let network = form::SIGNED | form::BIG_ENDIAN;
        check(
            &[INTEGER, 2, network, 16],
            "integer { size = 16; signed = 1; base = 16; byte_order = be; } _x;\n",
        );
        check(
            &[INTEGER, 8, 0, 2],
            "integer { size = 64; signed = 0; base = 2; } _x;\n",
        );
        check(
            &[FLOAT, 4, form::BIG_ENDIAN],
            "floating_point { exp_dig = 8; mant_dig = 24; byte_order = be; } _x;\n",
        );
        check_refused(&[INTEGER, 3, 0, 10], "an integer of no known size");
        check_refused(&[INTEGER, 4, 4, 10], "no form of a number");
        check_refused(&[INTEGER, 4, 0, 7], "an integer in no known base");
        check_refused(&[FLOAT, 2, 0], "a float of no known size");
        check_refused(
            &[FLOAT, 4, form::SIGNED],
            "a float that is a signed integer",
        );
        check_refused(&[99], "no class of a field");
    }

    #[test]
    fn labels_have_ranges_within_their_integer() {
        let labels = [label(-128, -1, "below"), label(7, 7, "seven")];
        let expected = "enum : integer { size = 8; signed = 1; base = 10; } {\n\
                        \t\"below\" = -128 ... -1,\n\t\"seven\" = 7,\n} _x;\n";
        check(&enumeration(1, form::SIGNED, &labels), expected);
        let all = [label(0, -1, "all")];
        let expected = "enum : integer { size = 64; signed = 0; base = 10; } {\n\
                        \t\"all\" = 0 ... 18446744073709551615,\n} _x;\n";
        check(&enumeration(8, 0, &all), expected);
        check_refused(&enumeration(8, form::SIGNED, &all), "a label of no number");
        check_refused(
            &enumeration(1, 0, &[label(0, 256, "a")]),
            "a label beyond its integer",
        );
        check_refused(
            &enumeration(1, 0, &[label(-1, -1, "a")]),
            "a label beyond its integer",
        );
        check_refused(
            &enumeration(4, form::SIGNED, &[label(i64::MIN, 0, "a")]),
            "a label beyond its integer",
        );
        check_refused(&enumeration(1, 0, &[]), "an enumeration without labels");
    }

    #[test]
    fn lists_and_options_have_a_field_before_them() {
        let list = [&[SEQUENCE], U8].concat();
        check(
            &list,
            "integer { size = 32; signed = 0; base = 10; } __x_length;\n\
                      integer { size = 8; signed = 0; base = 10; } _x[ __x_length ];\n",
        );
        let tag = "enum : integer { size = 8; signed = 0; base = 10; } {\n\
                   \t\"none\" = 0,\n\t\"some\" = 1,\n} __x_tag;\n";
        let option = "variant <__x_tag> {\n\tstruct {\n\t} none;\n\tstring some;\n} _x;\n";
        check(&[OPTIONAL, TEXT], &format!("{tag}{option}"));
        // Where none can be before it, both are in a structure.
        let ragged = [&[ARRAY, 2, 0, 0, 0], &list[..]].concat();
        check(
            &ragged,
            "struct {\n\tinteger { size = 32; signed = 0; base = 10; } __value_length;\n\
                        \tinteger { size = 8; signed = 0; base = 10; } _value[ __value_length ];\n} _x[2];\n",
        );
    }

    #[test]
    fn a_list_has_no_elements_without_bytes() {
        let without = "a list of elements without bytes";
        check_refused(&[&[SEQUENCE], &structure(&[])[..]].concat(), without);
        check_refused(
            &[&[ARRAY, 255, 255, 255, 255, ARRAY, 0, 0, 0, 0], U8].concat(),
            without,
        );
        let huge = [ARRAY, 255, 255, 255, 255];
        check_refused(
            &[&huge[..], &huge, &huge, U8].concat(),
            "an array larger than memory",
        );
        check_refused(
            &[&huge[..], &huge, &huge, &[TEXT]].concat(),
            "an array larger than memory",
        );
    }

    #[test]
    fn classes_are_as_deep_in_each_other_as_the_limit_and_no_deeper() {
        for around in [
            &[OPTIONAL][..],
            &[SEQUENCE],
            &[ARRAY, 1, 0, 0, 0],
            &[STRUCT, 1, 1, 0, b'm'],
        ] {
            let class = |depth| [around.repeat(depth - 1), U8.to_vec()].concat();
            // The metadata's own limit is further away.
            metadata(&parse(&[field("x", 0, &class(MAX_DEPTH))]));
            check_refused(&class(MAX_DEPTH + 1), "a class too deep in others");
        }
        let deep = [SEQUENCE].repeat(1_000_000);
        check_refused(&deep, "a class too deep in others");
    }

    #[test]
    fn an_event_has_as_many_classes_as_the_limit_and_no_more() {
        let members = |count| structure(&vec![("m", U8); count]);
        let most: Vec<_> = (0..8).map(|_| field("x", 0, &members(63))).collect();
        assert_eq!(parse(&most).plan.fixed_len(), Some(8 * 63));
        assert_eq!(8 * 64, MAX_CLASSES);
        let more = [most, vec![field("y", 0, U8)]].concat();
        let found = Definitions::parse(&file("", &more));
        let what = "too many classes of an event";
        assert!(
            matches!(found, Err(DefinitionError::Meaningless { what: found, .. }) if found == what)
        );
        check_refused(&members(65), "too many members");
    }

    #[test]
    fn a_field_for_filters_is_defined_and_not_in_the_payload() {
        let list = [&[SEQUENCE], U8].concat();
        let fields = [
            field("a", 0, &list),
            field("hidden", NOWRITE, &list),
            field("b", 0, U8),
            field("option", NOWRITE, &[OPTIONAL, TEXT]),
        ];
        let site = parse(&fields);
        let members: Vec<&str> = site
            .payload
            .members
            .iter()
            .map(|m| m.name.as_str())
            .collect();
        assert_eq!(members, ["_a_length", "a", "b"]);
        assert_eq!(site.plan.measure(&[1, 0, 0, 0, 9, 8, 7]), Some(6));
        let name = |index| site.field(index).map(|member| member.name.as_str());
        let names: Vec<_> = (0..5).map(name).collect();
        assert_eq!(
            names,
            [Some("a"), Some("hidden"), Some("b"), Some("option"), None]
        );
        let written = |field: &Declared| matches!(field, Declared::Written { .. });
        let written: Vec<bool> = site.fields.iter().map(written).collect();
        assert_eq!(written, [true, false, true, false]);
        let found = Definitions::parse(&file("", &[field("x", 2, U8)]));
        let what = "no flag of a field";
        assert!(
            matches!(found, Err(DefinitionError::Meaningless { what: found, .. }) if found == what)
        );
    }

    #[test]
    fn media_types_and_models_are_kept() {
        let blob = [&[BLOB][..], &text("image/png")].concat();
        let inner = [&[OPTIONAL][..], &structure(&[("a", U8), ("icon", &blob)])].concat();
        let fields = [field("picture", 0, &blob), field("page", 0, &inner)];
        let bytes = file("http://example.com/m", &fields);
        let site = Definitions::parse(&bytes).unwrap().sites.remove(0);
        assert_eq!(site.model_uri.as_deref(), Some("http://example.com/m"));
        let kept = |path: &str| (path.to_owned(), "image/png".to_owned());
        assert_eq!(site.media_types, [kept("picture"), kept("page.icon")]);
        assert_eq!(parse(&[field("x", 0, U8)]).model_uri, None);
    }

    #[test]
    fn definitions_that_end_too_early_are_refused() {
        let class = structure(&[("a", U8), ("b", &enumeration(1, 0, &[label(0, 1, "l")]))]);
        let whole = file("", &[field("x", 0, &class)]);
        Definitions::parse(&whole).unwrap();
        for len in HEAD_LEN + 1..whole.len() {
            let mut cut = whole[..len].to_vec();
            cut[12..16].copy_from_slice(&(len as u32).to_le_bytes());
            let found = Definitions::parse(&cut);
            assert_eq!(found, Err(DefinitionError::Truncated { at: len }), "{len}");
        }
    }

    #[test]
    fn late_definitions_that_are_missing_or_make_no_sense_hide_no_others() {
        let one = |name: &str| {
            let head = [
                &[6, 1, 0, 9, 0, 0, 0][..],
                &text(name),
                &text("f.rs"),
                &text(""),
            ];
            [&head.concat()[..], &[0]].concat()
        };
        let framed = |index: u32, definition: &[u8]| {
            let len = definition.len() as u32;
            [&index.to_le_bytes()[..], &len.to_le_bytes(), definition].concat()
        };
        let mut definitions = Definitions::parse(&file("", &[])).unwrap();
        let late = [
            framed(1, &one("p:b")),
            framed(2, b"nonsense"),
            framed(4, &one("p:e")),
            framed(1, &one("p:again")),
            framed(u32::MAX, &one("p:far")),
        ];
        definitions.extend(&late.concat());
        let names = definitions.sites.iter().map(|site| site.name.as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["p:n", "p:b", "", "", "p:e"]);
        assert_eq!(definitions.sites[2].plan.measure(&[0; 64]), None);
    }
}
