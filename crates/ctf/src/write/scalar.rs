//! Classes without members: integers, floats, strings.

use thalweg_model::{ByteOrder, Encoding, FieldClass, FloatClass, IntegerClass, StringClass};

use super::TsdlError;
use super::name::plain_name;

/// The alias that the metadata defines for this very class.
pub(super) fn alias(class: &IntegerClass) -> Option<&'static str> {
    let plain = *class == IntegerClass::le(class.size_bits, false);
    match class.size_bits {
        8 if plain => Some("uint8_t"),
        16 if plain => Some("uint16_t"),
        32 if plain => Some("uint32_t"),
        64 if plain => Some("uint64_t"),
        _ => None,
    }
}

pub(super) fn integer_text(class: &IntegerClass) -> Result<String, TsdlError> {
    let IntegerClass {
        size_bits,
        align_bits,
        signed,
        byte_order,
        base,
        encoding,
        clock,
    } = class;
    if !(1..=64).contains(size_bits) || !align_bits.is_power_of_two() {
        return Err(TsdlError::Integer {
            size_bits: *size_bits,
            align_bits: *align_bits,
        });
    }
    let (signed, base) = (u8::from(*signed), *base as u8);
    let encoding = match encoding {
        Encoding::None => "none",
        Encoding::Utf8 => "UTF8",
        Encoding::Ascii => "ASCII",
    };
    let order = order_text(*byte_order);
    let map = clock
        .as_ref()
        .map(|c| format!(" map = clock.{}.value;", plain_name(c)))
        .unwrap_or_default();
    Ok(format!(
        "integer {{ size = {size_bits}; align = {align_bits}; signed = {signed}; encoding = {encoding}; base = {base};{order}{map} }}"
    ))
}

pub(super) fn float_text(class: &FloatClass) -> String {
    let FloatClass {
        exponent_bits,
        mantissa_bits,
        align_bits,
        byte_order,
    } = class;
    let order = order_text(*byte_order);
    format!(
        "floating_point {{ exp_dig = {exponent_bits}; mant_dig = {mantissa_bits}; align = {align_bits};{order} }}"
    )
}

pub(super) fn string_text(class: &StringClass) -> &'static str {
    match class.encoding {
        Encoding::Ascii => "string { encoding = ASCII; }",
        Encoding::Utf8 | Encoding::None => "string",
    }
}

/// Little-endian is what the trace declares, and goes without saying.
fn order_text(order: ByteOrder) -> &'static str {
    match order {
        ByteOrder::Little => "",
        ByteOrder::Big => " byte_order = be;",
    }
}

pub(super) fn integer_range(class: &IntegerClass) -> (i128, i128) {
    match class.signed {
        true => (
            -(1 << (class.size_bits - 1)),
            (1 << (class.size_bits - 1)) - 1,
        ),
        false => (0, (1 << class.size_bits) - 1),
    }
}

/// Bytes of a packet-context field; `None` if its length is not fixed or not in whole bytes.
pub(super) fn fixed_len(class: &FieldClass) -> Option<usize> {
    match class {
        FieldClass::Integer(class) => whole_bytes(class.size_bits, class.align_bits),
        FieldClass::Float(class) => {
            whole_bytes(class.exponent_bits + class.mantissa_bits, class.align_bits)
        }
        FieldClass::Array(class) => {
            fixed_len(&class.element)?.checked_mul(usize::try_from(class.length).ok()?)
        }
        _ => None,
    }
}

fn whole_bytes(size_bits: u32, align_bits: u32) -> Option<usize> {
    (size_bits.is_multiple_of(8) && align_bits <= 8).then_some(size_bits as usize / 8)
}
