//! Reads rows from their bytes: every text is a part of the message that it came in, none is copied.
//!
//! Only the fields of [`record`] are read here. A row with any other field, or bytes that are no row, goes through the generated
//! code. The generated code skips fields of a later contract and refuses bytes that are no row.

use prost::Message;
use prost::encoding::{self, DecodeContext, WireType};

use crate::domain::record::{self, Holds, RecordType};

/// Bytes that are no batch or no row.
#[derive(Debug, thiserror::Error)]
pub(in crate::rpc) enum Unreadable {
    /// The generated code refuses them.
    #[error(transparent)]
    Decode(#[from] prost::DecodeError),
    /// They end in the middle of a row.
    #[error("a row is cut short")]
    CutShort,
}

/// A row: the fields of its record, and those of its person.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) own: Fields<'a>,
    pub(super) person: Fields<'a>,
}

/// The values of one message. A text is empty where the row does not give it.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    /// Dates and single codes, by number of the field.
    text: [&'a str; record::NUMBER_LIMIT],
    /// The codes of all fields that take several, in the order of the fields' numbers.
    codes: Vec<Code<'a>>,
    /// Age in years or lead time in days: a message has one of the two at most.
    pub(super) number: Option<i32>,
    pub(super) record_count: Option<i64>,
    pub(super) person_count: i64,
    pub(super) numerator_count: i64,
    pub(super) denominator_count: i64,
    pub(super) suppressed: bool,
    pub(super) person_key: &'a str,
    pub(super) source_record_id: &'a str,
}

/// One of several codes, with the number of its field.
#[derive(Debug)]
pub(super) struct Code<'a> {
    number: usize,
    code: &'a str,
}

impl AsRef<str> for Code<'_> {
    fn as_ref(&self) -> &str {
        self.code
    }
}

/// The value of a field: records have no other protobuf types.
#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Row<'a> {
    /// The row in its bytes; `None` if they hold anything else.
    pub(super) fn of(record: &RecordType, bytes: &'a [u8]) -> Option<Self> {
        let mut row = Self::default();
        read(bytes, |number, value| match (record.holds(number)?, value) {
            (Holds::Person, Value::Bytes(person)) => read(person, |number, value| {
                row.person.set(number, record::PERSON.holds(number)?, value)
            }),
            (holds, value) => row.own.set(number, holds, value),
        })?;
        // The contract lets the codes of two fields alternate.
        row.own.codes.sort_by_key(|code| code.number);
        row.person.codes.sort_by_key(|code| code.number);
        Some(row)
    }
}

impl<'a> Fields<'a> {
    #[inline]
    fn set(&mut self, number: usize, holds: Holds, value: Value<'a>) -> Option<()> {
        match value {
            Value::Bytes(bytes) => {
                let text = std::str::from_utf8(bytes).ok()?;
                match holds {
                    Holds::Code(_) | Holds::Date => self.text[number] = text,
                    Holds::Codes(_) => self.codes.push(Code { number, code: text }),
                    Holds::PersonKey => self.person_key = text,
                    Holds::SourceRecordId => self.source_record_id = text,
                    Holds::Number(_)
                    | Holds::RecordCount
                    | Holds::PersonCount
                    | Holds::Numerator
                    | Holds::Denominator
                    | Holds::Suppressed
                    | Holds::Person => return None,
                }
            }
            Value::Number(value) => match holds {
                Holds::Number(_) => self.number = Some(low_half(value)),
                Holds::RecordCount => self.record_count = Some(value.cast_signed()),
                Holds::PersonCount => self.person_count = value.cast_signed(),
                Holds::Numerator => self.numerator_count = value.cast_signed(),
                Holds::Denominator => self.denominator_count = value.cast_signed(),
                Holds::Suppressed => self.suppressed = value != 0,
                Holds::Code(_)
                | Holds::Codes(_)
                | Holds::Date
                | Holds::PersonKey
                | Holds::SourceRecordId
                | Holds::Person => return None,
            },
        }
        Some(())
    }

    /// The date, or the code of a field that takes one.
    #[inline]
    pub(super) fn text(&self, number: u8) -> &'a str {
        self.text[usize::from(number)]
    }

    /// The codes of a field that takes several.
    pub(super) fn codes(&self, number: u8) -> &[Code<'a>] {
        let number = usize::from(number);
        let start = self.codes.partition_point(|code| code.number < number);
        let end = self.codes.partition_point(|code| code.number <= number);
        &self.codes[start..end]
    }
}

/// The bytes of each row of a batch.
///
/// # Errors
/// It is no batch.
pub(super) fn rows(mut batch: &[u8]) -> Result<Vec<&[u8]>, Unreadable> {
    let mut rows = Vec::new();
    while !batch.is_empty() {
        let (field, wire_type) = encoding::decode_key(&mut batch)?;
        if field != 1 {
            encoding::skip_field(wire_type, field, &mut batch, DecodeContext::default())?;
            continue;
        }
        encoding::check_wire_type(WireType::LengthDelimited, wire_type)?;
        let length = usize::try_from(encoding::decode_varint(&mut batch)?).unwrap_or(usize::MAX);
        let (row, rest) = batch.split_at_checked(length).ok_or(Unreadable::CutShort)?;
        rows.push(row);
        batch = rest;
    }
    Ok(rows)
}

/// The row as the generated code reads it: only with fields of the contract.
///
/// # Errors
/// It is no row.
pub(super) fn plain<M: Message + Default>(row: &[u8]) -> Result<Vec<u8>, Unreadable> {
    Ok(M::decode(row)?.encode_to_vec())
}

/// Gives each field to `take`. Stops with `None` when `take` does, or at a type that records do not have.
fn read<'a>(
    mut bytes: &'a [u8],
    mut take: impl FnMut(usize, Value<'a>) -> Option<()>,
) -> Option<()> {
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut bytes)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (value, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Value::Bytes(value)
            }
            _ => return None,
        };
        take(usize::try_from(key >> 3).ok()?, value)?;
    }
    Some(())
}

/// A number of 32 bits: protobuf ignores the upper half.
#[allow(clippy::cast_possible_truncation)]
fn low_half(number: u64) -> i32 {
    (number as u32).cast_signed()
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    if *first < 0x80 {
        return Some(u64::from(*first));
    }
    let mut value = u64::from(first & 0x7F);
    for shift in (7..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7F) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    let (last, rest) = bytes.split_first()?;
    *bytes = rest;
    (*last < 2).then_some(value | u64::from(*last) << 63)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proto::v1::{
        AccessRecord, ConsultationBatch, ConsultationRecord, IndicatorCountRecord, PopulationRecord,
    };

    /// The fields read, as bytes for the generated code.
    fn encoded(record: &RecordType, read: &Fields<'_>, person: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for field in record.fields {
            let number = u32::from(field.number);
            let mut text =
                |text: &str| encoding::string::encode(number, &text.to_owned(), &mut out);
            match field.holds {
                Holds::Code(_) | Holds::Date => text(read.text(field.number)),
                Holds::Codes(_) => read.codes(field.number).iter().for_each(|code| text(code.code)),
                Holds::PersonKey => text(read.person_key),
                Holds::SourceRecordId => text(read.source_record_id),
                Holds::Number(_) => {
                    read.number.iter().for_each(|n| encoding::int32::encode(number, n, &mut out));
                }
                Holds::RecordCount => {
                    let count = read.record_count.iter();
                    count.for_each(|n| encoding::int64::encode(number, n, &mut out));
                }
                Holds::PersonCount => encoding::int64::encode(number, &read.person_count, &mut out),
                Holds::Numerator => {
                    encoding::int64::encode(number, &read.numerator_count, &mut out);
                }
                Holds::Denominator => {
                    encoding::int64::encode(number, &read.denominator_count, &mut out);
                }
                Holds::Suppressed => encoding::bool::encode(number, &read.suppressed, &mut out),
                Holds::Person => encoding::bytes::encode(number, &person.to_vec(), &mut out),
            }
        }
        out
    }

    fn decoded<M: Message + Default>(record: &RecordType, bytes: &[u8]) -> Option<M> {
        let row = Row::of(record, bytes)?;
        let person = encoded(&record::PERSON, &row.person, &[]);
        Some(M::decode(encoded(record, &row.own, &person).as_slice()).unwrap())
    }

    /// What is read here is what the generated code reads; what that refuses is not read.
    fn same<M: Message + Default + PartialEq + std::fmt::Debug>(
        record: &RecordType,
        bytes: &[u8],
        with_person: fn(&mut M),
    ) -> Result<(), TestCaseError> {
        let generated = M::decode(bytes).map(|mut generated| {
            with_person(&mut generated);
            generated
        });
        if let Some(read) = decoded::<M>(record, bytes) {
            prop_assert_eq!(&read, generated.as_ref().unwrap());
        }
        match (generated, plain::<M>(bytes)) {
            (Ok(generated), Ok(plain)) => {
                prop_assert_eq!(decoded::<M>(record, &plain), Some(generated));
            }
            (generated, plain) => prop_assert!(generated.is_err() && plain.is_err()),
        }
        Ok(())
    }

    /// Fields of rows and others, whole and damaged.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let number = (0u8..24, any::<u64>()).prop_map(|(field, value)| {
            let mut bytes = Vec::new();
            encoding::uint64::encode(u32::from(field) + 1, &value, &mut bytes);
            bytes
        });
        let text = (0u8..24, "[a-zé#]{0,12}").prop_map(|(field, value)| {
            let mut bytes = Vec::new();
            encoding::string::encode(u32::from(field) + 1, &value, &mut bytes);
            bytes
        });
        let inner = proptest::collection::vec(prop_oneof![number, text], 0..6)
            .prop_map(|fields| fields.concat());
        let person = (inner.clone(), prop_oneof![Just(3u32), Just(20)]).prop_map(|(p, field)| {
            let mut bytes = Vec::new();
            encoding::bytes::encode(field, &p, &mut bytes);
            bytes
        });
        let damage = proptest::collection::vec(any::<u8>(), 0..4);
        (inner, person.clone(), person, proptest::option::weighted(0.2, damage))
            .prop_map(|(a, b, c, damage)| [a, b, c, damage.unwrap_or_default()].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_row_is_what_the_generated_code_reads(bytes in bytes()) {
            same::<ConsultationRecord>(&record::CONSULTATION, &bytes, |row| {
                row.person.get_or_insert_default();
            })?;
            same::<AccessRecord>(&record::ACCESS, &bytes, |row| {
                row.person.get_or_insert_default();
            })?;
            same::<PopulationRecord>(&record::POPULATION, &bytes, |row| {
                row.person.get_or_insert_default();
            })?;
            same::<IndicatorCountRecord>(&record::INDICATOR_COUNT, &bytes, |row| {
                row.person.get_or_insert_default();
            })?;
        }

        #[test]
        fn a_batch_has_the_rows_that_the_generated_code_finds(
            parts in proptest::collection::vec((0u32..3, bytes()), 0..5),
            cut in 0usize..3,
        ) {
            let mut batch = Vec::new();
            for (field, bytes) in &parts {
                encoding::bytes::encode(field + 1, bytes, &mut batch);
            }
            batch.truncate(batch.len().saturating_sub(cut));
            let found = rows(&batch).ok().and_then(|rows| {
                let decode = |row| ConsultationRecord::decode(row).ok();
                rows.into_iter().map(decode).collect::<Option<Vec<_>>>()
            });
            let expected = ConsultationBatch::decode(batch.as_slice()).ok();
            prop_assert_eq!(found, expected.map(|batch| batch.records));
        }
    }
}
