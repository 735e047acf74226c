//! A cell to the bytes of its field, and a record's bytes to its fields.
//!
//! Rows are read and written as the protobuf bytes of their records. So the number and the kind of a column are all that is
//! needed to reach a field; the generated code does the rest.

use prost::bytes::Buf;
use prost::encoding::{self, WireType};

use super::super::cells::{self, Cell};
use super::super::{IngestError, symbols};
use super::columns::{CellKind, Column};
use crate::domain::codes::expected_of;
use crate::proto::v1::EstimateKey;

/// Appends the field of a cell to a message. `suppressed` is the number of the field that says that a count or a figure is.
pub(super) fn encode(
    column: &Column,
    suppressed: u8,
    cell: &Cell<'_>,
    message: &mut Vec<u8>,
) -> Result<(), IngestError> {
    let number = u32::from(column.number);
    match column.kind {
        CellKind::Text => delimited(number, cell.text.as_bytes(), message),
        CellKind::Codes => {
            set(cell.text).for_each(|code| delimited(number, code.as_bytes(), message));
        }
        CellKind::Int32 => encoding::int32::encode(number, &whole(cell)?, message),
        CellKind::RecordCount | CellKind::Count | CellKind::Figure if cell.is_suppressed() => {
            encoding::bool::encode(suppressed.into(), &true, message);
        }
        CellKind::RecordCount => {
            // The service says which numbers are too small or too large.
            let count = whole(cell).or_else(|_| cell.count_from(1))?;
            encoding::int64::encode(number, &count, message);
        }
        CellKind::Int64 => encoding::int64::encode(number, &whole(cell)?, message),
        CellKind::Count => encoding::int64::encode(number, &cell.count()?, message),
        CellKind::Flag => match cell.text {
            "Y" => encoding::bool::encode(number, &true, message),
            "N" => {}
            _ => return Err(cell.wrong("Y or N")),
        },
        CellKind::Figure => {
            let symbols = || format!("; or, if the publisher does not give it, {}", symbols::TAKEN);
            encoding::double::encode(number, &finite(cell, symbols)?, message);
        }
        CellKind::Double => {
            encoding::double::encode(number, &finite(cell, String::new)?, message);
        }
        CellKind::Keys => {
            for key in keys(cell)? {
                encoding::message::encode(number, &key, message);
            }
        }
    }
    Ok(())
}

/// Appends a text or a message as a field.
pub(super) fn delimited(number: u32, bytes: &[u8], message: &mut Vec<u8>) {
    encoding::encode_key(number, WireType::LengthDelimited, message);
    encoding::encode_varint(bytes.len() as u64, message);
    message.extend_from_slice(bytes);
}

/// The texts of a cell, joined with `;`.
pub(super) fn set(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|text| !text.is_empty())
}

/// The error that a cell has a wrong value, with advice if the cell has a word for nothing.
fn wrong(cell: &Cell<'_>, expected: &str) -> IngestError {
    cell.wrong(expected_of(cell.text, expected.to_owned()))
}

/// A whole number, perhaps negative: the service knows the range of each field.
fn whole<N: std::str::FromStr>(cell: &Cell<'_>) -> Result<N, IngestError> {
    cells::whole(cell.text)
        .parse()
        .map_err(|_| wrong(cell, "a whole number with digits only, not too large for the column"))
}

fn finite(cell: &Cell<'_>, or: impl FnOnce() -> String) -> Result<f64, IngestError> {
    let number = cell.text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| wrong(cell, &format!("a number, for example 0.436{}", or())))
}

fn keys(cell: &Cell<'_>) -> Result<Vec<EstimateKey>, IngestError> {
    let key = |text: &str| {
        let (dimension, code) = text.split_once('=')?;
        let (dimension, code) = (dimension.trim().to_owned(), code.trim().to_owned());
        let good = !dimension.is_empty() && !code.is_empty();
        good.then_some(EstimateKey { dimension, code })
    };
    let keys: Option<_> = set(cell.text).map(key).collect();
    keys.ok_or_else(|| {
        wrong(cell, "pairs of dimension and code, joined with `;`: age_band=75+;sex=2")
    })
}

/// A value in the bytes of a record.
pub(super) enum Value<'a> {
    Whole(i64),
    Real(f64),
    /// A text or a message.
    Bytes(&'a [u8]),
}

/// The values of a record, in the order of their numbers.
#[derive(Default)]
pub(super) struct Values<'a>(Vec<(u32, Value<'a>)>);

impl<'a> Values<'a> {
    /// Of bytes that the generated code wrote; `None` for others.
    pub(super) fn of(mut bytes: &'a [u8]) -> Option<Self> {
        let mut values = Vec::new();
        while !bytes.is_empty() {
            let (number, wire_type) = encoding::decode_key(&mut bytes).ok()?;
            let value = match wire_type {
                WireType::Varint => {
                    Value::Whole(encoding::decode_varint(&mut bytes).ok()?.cast_signed())
                }
                WireType::SixtyFourBit => Value::Real(bytes.try_get_f64_le().ok()?),
                WireType::LengthDelimited => {
                    let length = encoding::decode_varint(&mut bytes).ok()?;
                    let (value, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
                    bytes = rest;
                    Value::Bytes(value)
                }
                WireType::ThirtyTwoBit | WireType::StartGroup | WireType::EndGroup => return None,
            };
            values.push((number, value));
        }
        Some(Values(values))
    }

    /// The values of one field.
    pub(super) fn field(&self, number: u8) -> impl Iterator<Item = &Value<'a>> {
        let number = u32::from(number);
        let start = self.0.partition_point(|(earlier, _)| *earlier < number);
        self.0[start..].iter().take_while(move |(same, _)| *same == number).map(|(_, value)| value)
    }

    /// The texts or messages of one field.
    pub(super) fn bytes(&self, number: u8) -> impl Iterator<Item = &'a [u8]> {
        self.field(number).filter_map(|value| match value {
            Value::Bytes(bytes) => Some(*bytes),
            Value::Whole(_) | Value::Real(_) => None,
        })
    }

    /// The texts of one field.
    pub(super) fn texts(&self, number: u8) -> impl Iterator<Item = &'a str> {
        self.bytes(number).filter_map(|bytes| std::str::from_utf8(bytes).ok())
    }
}
