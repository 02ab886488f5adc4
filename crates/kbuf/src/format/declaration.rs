//! A C declaration, as far as `format` files have them: `type name` and `type name[count]`.
//!
//! The size and the signedness stand beside the declaration; from the type's words only comes
//! what they do not tell: that it is text, an address, or how large a dynamic array's elements are.

use super::{Element, Shape};

/// A declaration's parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declaration<'a> {
    pub(super) name: &'a str,
    pub(super) c_type: &'a str,
    brackets: Option<&'a str>,
    place: Place,
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Here,
    DataLoc,
    RelLoc,
}

impl<'a> Declaration<'a> {
    /// Splits a declaration, or `None` if it is not one.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (text, brackets) = split_brackets(text)?;
        let name_at = text.trim_end_matches(is_name_char).len();
        let (c_type, name) = (text[..name_at].trim(), &text[name_at..]);
        if name.is_empty() || name.as_bytes()[0].is_ascii_digit() || c_type.is_empty() {
            return None;
        }
        let (place, c_type) = place_of(c_type);
        Some(Self {
            name,
            c_type,
            brackets,
            place,
        })
    }

    /// What the field is made of and how it lies, given its size and signedness in the file.
    pub(super) fn shape(&self, size_bytes: u32, signed: bool) -> (Element, Shape) {
        match self.place {
            Place::DataLoc => (self.dynamic_element(signed), Shape::DataLoc),
            Place::RelLoc => (self.dynamic_element(signed), Shape::RelLoc),
            Place::Here => self.fixed(size_bytes, signed),
        }
    }

    fn dynamic_element(&self, signed: bool) -> Element {
        match known_size(self.c_type) {
            _ if is_text(self.c_type) => Element::Char,
            Some(size) => integer(size, signed).unwrap_or(Element::Opaque),
            None => Element::Opaque,
        }
    }

    fn fixed(&self, size_bytes: u32, signed: bool) -> (Element, Shape) {
        match self.brackets {
            Some(count) => self.array(count, size_bytes, signed),
            None => match self.scalar(size_bytes, signed) {
                Some(element) => (element, Shape::Scalar),
                None => (Element::Opaque, Shape::Array(size_bytes)),
            },
        }
    }

    fn scalar(&self, size_bytes: u32, signed: bool) -> Option<Element> {
        match integer(size_bytes, signed)? {
            Element::Integer { size_bytes, .. } if self.c_type.ends_with('*') => {
                Some(Element::Pointer { size_bytes })
            }
            element => Some(element),
        }
    }

    /// Older kernels print the count as it stands in the source (`TASK_COMM_LEN`): then the
    /// type's own size tells.
    fn array(&self, count: &str, size_bytes: u32, signed: bool) -> (Element, Shape) {
        if is_text(self.c_type) {
            return (Element::Char, Shape::Array(size_bytes));
        }
        let per_element = match count.trim().parse::<u32>() {
            Ok(count) if count > 0 && size_bytes.is_multiple_of(count) => Some(size_bytes / count),
            _ => known_size(self.c_type),
        };
        let element = per_element.and_then(|size| self.scalar(size, signed));
        match element {
            Some(element) if size_bytes.is_multiple_of(element.size_bytes()) => {
                (element, Shape::Array(size_bytes / element.size_bytes()))
            }
            _ => (Element::Opaque, Shape::Array(size_bytes)),
        }
    }
}

fn split_brackets(text: &str) -> Option<(&str, Option<&str>)> {
    let Some(inner) = text.strip_suffix(']') else {
        return Some((text, None));
    };
    let open = inner.find('[')?;
    Some((inner[..open].trim_end(), Some(&inner[open + 1..])))
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn place_of(c_type: &str) -> (Place, &str) {
    let element = |rest: &'_ str| rest.trim().trim_end_matches("[]").trim_end().len();
    if let Some(rest) = c_type.strip_prefix("__data_loc ") {
        let rest = rest.trim();
        return (Place::DataLoc, &rest[..element(rest)]);
    }
    if let Some(rest) = c_type.strip_prefix("__rel_loc ") {
        let rest = rest.trim();
        return (Place::RelLoc, &rest[..element(rest)]);
    }
    (Place::Here, c_type)
}

fn is_text(c_type: &str) -> bool {
    matches!(c_type.strip_prefix("const ").unwrap_or(c_type), "char")
}

fn integer(size_bytes: u32, signed: bool) -> Option<Element> {
    match size_bytes {
        1 | 2 | 4 | 8 => Some(Element::Integer {
            size_bytes: size_bytes as u8,
            signed,
        }),
        _ => None,
    }
}

/// The size of a type whose name tells it, on a 64-bit kernel.
pub(crate) fn known_size(c_type: &str) -> Option<u32> {
    let bare = c_type.strip_prefix("const ").unwrap_or(c_type);
    match bare {
        "char" | "signed char" | "unsigned char" | "u8" | "s8" | "__u8" | "__s8" | "uint8_t"
        | "int8_t" | "bool" => Some(1),
        "short" | "unsigned short" | "u16" | "s16" | "__u16" | "__s16" | "uint16_t" | "int16_t"
        | "__le16" | "__be16" | "umode_t" => Some(2),
        "int" | "unsigned int" | "unsigned" | "uint" | "u32" | "s32" | "__u32" | "__s32"
        | "uint32_t" | "int32_t" | "__le32" | "__be32" | "pid_t" | "uid_t" | "gid_t" | "dev_t"
        | "key_t" | "mqd_t" | "timer_t" | "clockid_t" | "qid_t" | "key_serial_t" | "rwf_t" => {
            Some(4)
        }
        "long" | "unsigned long" | "long long" | "unsigned long long" | "u64" | "s64" | "__u64"
        | "__s64" | "uint64_t" | "int64_t" | "__le64" | "__be64" | "size_t" | "ssize_t"
        | "loff_t" | "off_t" | "sector_t" | "cpumask_t" | "aio_context_t" => Some(8),
        _ if bare.ends_with('*') => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn int(size_bytes: u8, signed: bool) -> Element {
        Element::Integer { size_bytes, signed }
    }

    const POINTER: Element = Element::Pointer { size_bytes: 8 };

    /// Declaration, size, signedness; then the name and what it is.
    type Row = (&'static str, u32, bool, &'static str, Element, Shape);

    const FORMS: &[Row] = &[
        ("int irq", 4, true, "irq", int(4, true), Shape::Scalar),
        (
            "unsigned long long x",
            8,
            false,
            "x",
            int(8, false),
            Shape::Scalar,
        ),
        (
            "char comm[16]",
            16,
            false,
            "comm",
            Element::Char,
            Shape::Array(16),
        ),
        (
            "char comm[TASK_COMM_LEN]",
            16,
            true,
            "comm",
            Element::Char,
            Shape::Array(16),
        ),
        (
            "unsigned long args[6]",
            48,
            false,
            "args",
            int(8, false),
            Shape::Array(6),
        ),
        ("u32 v[N]", 12, false, "v", int(4, false), Shape::Array(3)),
        (
            "unsigned long rest[]",
            0,
            false,
            "rest",
            int(8, false),
            Shape::Array(0),
        ),
        (
            "__data_loc char[] name",
            4,
            false,
            "name",
            Element::Char,
            Shape::DataLoc,
        ),
        (
            "__rel_loc char[] name",
            4,
            false,
            "name",
            Element::Char,
            Shape::RelLoc,
        ),
        (
            "__data_loc u64[] v",
            4,
            false,
            "v",
            int(8, false),
            Shape::DataLoc,
        ),
        (
            "__data_loc int[] v",
            4,
            true,
            "v",
            int(4, true),
            Shape::DataLoc,
        ),
        (
            "__data_loc cpumask_t m",
            4,
            false,
            "m",
            int(8, false),
            Shape::DataLoc,
        ),
        (
            "__data_loc struct x[] v",
            4,
            false,
            "v",
            Element::Opaque,
            Shape::DataLoc,
        ),
        ("void * p", 8, false, "p", POINTER, Shape::Scalar),
        ("void __seg_gs * p", 8, false, "p", POINTER, Shape::Scalar),
        (
            "const char *const * v",
            8,
            false,
            "v",
            POINTER,
            Shape::Scalar,
        ),
        (
            "struct in6_addr a",
            16,
            false,
            "a",
            Element::Opaque,
            Shape::Array(16),
        ),
        ("Ţx", 4, false, "x", int(4, false), Shape::Scalar),
        (
            "enum x mode",
            4,
            false,
            "mode",
            int(4, false),
            Shape::Scalar,
        ),
    ];

    #[test]
    fn every_form_of_declaration_has_its_shape() {
        for &(text, size, signed, name, element, shape) in FORMS {
            let declaration = Declaration::parse(text).expect(text);
            let found = (declaration.name, declaration.shape(size, signed));
            assert_eq!(found, (name, (element, shape)), "{text}");
        }
    }

    #[test]
    fn what_is_no_declaration_is_refused() {
        for text in [
            "",
            ";",
            "int",
            "int 3x",
            "x]",
            "[4]",
            "int (*f)(void)",
            "*",
            "Ţ",
        ] {
            assert_eq!(Declaration::parse(text), None, "{text}");
        }
    }
}
