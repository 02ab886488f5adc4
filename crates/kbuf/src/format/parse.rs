//! The lines of a `format` file.

use super::declaration::Declaration;
use super::{EventFormat, Field, FormatError};

/// A field line with its numbers, before it is known to fit a record.
pub(super) struct FieldLine<'a> {
    pub(super) declaration: Declaration<'a>,
    pub(super) offset: u32,
    pub(super) size_bytes: u32,
    pub(super) signed: bool,
}

pub(super) fn event(text: &str) -> Result<EventFormat, FormatError> {
    let (mut name, mut id, mut fields, mut print) = (None, None, Vec::new(), String::new());
    for (line, text) in numbered(text) {
        if let Some(rest) = text.strip_prefix("name:") {
            name = Some(rest.trim().to_owned());
        } else if let Some(rest) = text.strip_prefix("ID:") {
            id = Some(number::<u16>(rest, line, "an event's id")?);
        } else if let Some(rest) = text.trim_start().strip_prefix("field:") {
            push_unique(&mut fields, field(rest, line)?, line)?;
        } else if text.starts_with("print fmt:") {
            note_bases(&mut fields, text);
            print = text.to_owned();
            break;
        }
    }
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or(FormatError::Missing { what: "name:" })?;
    let id = id.ok_or(FormatError::Missing { what: "ID:" })?;
    check_common_type(&fields)?;
    let common_pid = fields
        .iter()
        .find(|field| field.name == "common_pid")
        .cloned();
    fields.retain(|field| !field.name.starts_with("common_"));
    Ok(EventFormat {
        name,
        id,
        common_pid,
        fields,
        print,
    })
}

/// A dynamic probe's type says only here whether a number is hexadecimal: `name=0x%Lx`.
fn note_bases(fields: &mut [Field], print: &str) {
    if !fields
        .iter()
        .any(|field| field.name.starts_with("__probe_"))
    {
        return;
    }
    for field in fields {
        let name = &field.name;
        let forms = [format!(" {name}=0x%"), format!(" {name}={{0x%")];
        field.is_hexadecimal = forms.iter().any(|form| print.contains(form));
    }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

/// Records are told apart by the 16 bits that they begin with; every kernel has them there.
fn check_common_type(fields: &[Field]) -> Result<(), FormatError> {
    let common = fields.iter().find(|field| field.name == "common_type");
    match common {
        Some(field) if field.offset == 0 && field.size_bytes == 2 => Ok(()),
        _ => Err(FormatError::Missing {
            what: "common_type at offset 0 with size 2",
        }),
    }
}

fn push_unique(fields: &mut Vec<Field>, field: Field, line: usize) -> Result<(), FormatError> {
    if fields.iter().any(|other| other.name == field.name) {
        return Err(FormatError::Duplicate {
            line,
            name: field.name,
        });
    }
    fields.push(field);
    Ok(())
}

fn field(text: &str, line: usize) -> Result<Field, FormatError> {
    let parts = field_line(text, line)?;
    let end = u64::from(parts.offset) + u64::from(parts.size_bytes);
    let (element, shape) = parts.declaration.shape(parts.size_bytes, parts.signed);
    let name = parts.declaration.name.to_owned();
    match (
        u16::try_from(parts.offset),
        u16::try_from(parts.size_bytes),
        u16::try_from(end),
    ) {
        (Ok(offset), Ok(size_bytes), Ok(_)) => {
            let c_type = parts.declaration.c_type.to_owned();
            Ok(Field {
                name,
                c_type,
                element,
                shape,
                offset,
                size_bytes,
                is_hexadecimal: false,
            })
        }
        _ => Err(FormatError::TooLarge { line, name, end }),
    }
}

/// `DECLARATION; offset:N; size:N; signed:N;`
pub(super) fn field_line(text: &str, line: usize) -> Result<FieldLine<'_>, FormatError> {
    let mut parts = text.split(';');
    let declaration = parts.next().unwrap_or_default();
    let declaration = Declaration::parse(declaration).ok_or_else(|| FormatError::Declaration {
        line,
        text: declaration.trim().to_owned(),
    })?;
    let (mut offset, mut size_bytes, mut signed) = (None, None, None);
    for part in parts {
        match part.trim().split_once(':') {
            Some(("offset", n)) => offset = Some(number(n, line, "an offset")?),
            Some(("size", n)) => size_bytes = Some(number(n, line, "a size")?),
            Some(("signed", n)) => signed = Some(number::<u8>(n, line, "a flag")? != 0),
            _ => {}
        }
    }
    Ok(FieldLine {
        declaration,
        offset: offset.ok_or(FormatError::Part {
            line,
            what: "offset:",
        })?,
        size_bytes: size_bytes.ok_or(FormatError::Part {
            line,
            what: "size:",
        })?,
        signed: signed.ok_or(FormatError::Part {
            line,
            what: "signed:",
        })?,
    })
}

pub(super) fn number<T: std::str::FromStr>(
    text: &str,
    line: usize,
    what: &'static str,
) -> Result<T, FormatError> {
    let text = text.trim();
    text.parse().map_err(|_| FormatError::Number {
        line,
        what,
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Element, Shape};

    const COMMON: &str = "name: tick\nID: 7\nformat:\n\
        \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\
        \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";

    #[track_caller]
    fn check(lines: &str, want: &str) {
        let error = event(&format!("{COMMON}{lines}")).expect_err("must be refused");
        assert_eq!(error.to_string(), want);
    }

    #[test]
    fn a_format_file_gives_its_fields_in_order_without_the_common_ones() {
        let text = format!(
            "{COMMON}\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n\
             \tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n\nprint fmt: \"field:x\""
        );
        let format = event(&text).unwrap();
        assert_eq!((format.name.as_str(), format.id), ("tick", 7));
        assert_eq!(format.common_pid.as_ref().map(|f| f.offset), Some(4));
        let names: Vec<&str> = format.fields.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["comm", "pid"]);
        assert_eq!(format.fields[0].shape, Shape::Array(16));
        assert_eq!(
            format.fields[1].element,
            Element::Integer {
                size_bytes: 4,
                signed: true
            }
        );
    }

    #[test]
    fn a_probe_s_numbers_have_the_base_that_they_are_printed_in() {
        let text = format!(
            "{COMMON}\tfield:unsigned long __probe_ip;\toffset:8;\tsize:8;\tsigned:0;\n\
             \tfield:u64 a;\toffset:16;\tsize:8;\tsigned:0;\n\
             \tfield:u8 b[];\toffset:24;\tsize:2;\tsigned:0;\n\
             \tfield:u64 aa;\toffset:26;\tsize:8;\tsigned:0;\n\n\
             print fmt: \"(%lx) a=0x%Lx b={{0x%x,0x%x}} aa=%Lu\", REC->a"
        );
        let fields = event(&text).unwrap().fields;
        let bases: Vec<bool> = fields.iter().map(|field| field.is_hexadecimal).collect();
        assert_eq!(bases, [false, true, true, false]);
        assert_eq!(fields[2].shape, Shape::Array(2));
    }

    #[test]
    fn errors_say_which_line_and_why() {
        check(
            "\tfield:int x;\tsize:4;\tsigned:1;",
            "line 7: the field has no `offset:`",
        );
        check(
            "\tfield:int x;\toffset:8;\tsigned:1;",
            "line 7: the field has no `size:`",
        );
        check(
            "\tfield:int;\toffset:8;\tsize:4;",
            "line 7: `int` does not declare a field",
        );
        check(
            "\tfield:int x;\toffset:99999999999;\tsize:4;\tsigned:1;",
            "line 7: `99999999999` is not a number that fits an offset",
        );
        check(
            "\tfield:int x;\toffset:65534;\tsize:4;\tsigned:1;",
            "line 7: field `x` ends at byte 65538, beyond the largest record",
        );
        check(
            "\tfield:int x;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:int x;\toffset:12;\tsize:4;\tsigned:1;",
            "line 8: a second field is called `x`",
        );
        assert_eq!(
            event("").unwrap_err(),
            FormatError::Missing { what: "name:" }
        );
        assert_eq!(
            event("name: x\n").unwrap_err(),
            FormatError::Missing { what: "ID:" }
        );
    }
}
