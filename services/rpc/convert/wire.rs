//! Rows as their bytes have them: every text is a part of the message that it came in, none is copied.
//!
//! Only what a client of this contract writes is read here. A row with anything else in it, a field of a later contract or
//! bytes that are no row, goes through the generated code, which passes over the one and refuses the other.

use prost::Message;
use prost::encoding::{self, DecodeContext, WireType};

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

/// Fields are found by their number in the contract.
const CONSULTATION_TEXTS: usize = 19;
const ACCESS_TEXTS: usize = 16;
const PERSON_TEXTS: usize = 21;

/// A consultation.
#[derive(Debug, Default)]
pub(super) struct Consultation<'a> {
    text: [&'a str; CONSULTATION_TEXTS],
    pub(super) lead_time_days: Option<i32>,
    pub(super) record_count: Option<i64>,
    pub(super) person: Person<'a>,
}

/// People.
#[derive(Debug, Default)]
pub(super) struct Population<'a> {
    pub(super) person_count: i64,
    pub(super) residence_lsoa: &'a str,
    pub(super) person: Person<'a>,
}

/// Somebody's digital access.
#[derive(Debug, Default)]
pub(super) struct Access<'a> {
    text: [&'a str; ACCESS_TEXTS],
    pub(super) record_count: Option<i64>,
    pub(super) exclusion_reason: Vec<&'a str>,
    pub(super) person: Person<'a>,
}

/// Characteristics; empty where a row gives none.
#[derive(Debug, Default)]
pub(super) struct Person<'a> {
    text: [&'a str; PERSON_TEXTS],
    pub(super) age_years: Option<i32>,
    pub(super) disability: Vec<&'a str>,
    pub(super) inclusion_group: Vec<&'a str>,
    pub(super) local_group: Vec<&'a str>,
}

/// The value of a field of one of the two kinds that rows have.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl Consultation<'_> {
    /// A text of the consultation itself.
    pub(super) fn text(&self, field: usize) -> &str {
        self.text[field]
    }
}

impl Access<'_> {
    /// A text of the record itself.
    pub(super) fn text(&self, field: usize) -> &str {
        self.text[field]
    }
}

impl Person<'_> {
    /// A text of the person.
    pub(super) fn text(&self, field: usize) -> &str {
        self.text[field]
    }
}

impl<'a> Consultation<'a> {
    /// The row in its bytes; `None` if there is anything in them that is not looked for.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut row = Self::default();
        read(bytes, |field, value| match (field, value) {
            (1..=7 | 9 | 11..=18, Value::Bytes(bytes)) => set(&mut row.text[field], bytes),
            (8, Value::Number(days)) => {
                row.lead_time_days = Some(low_half(days));
                Some(())
            }
            (10, Value::Number(count)) => {
                row.record_count = Some(count.cast_signed());
                Some(())
            }
            (20, Value::Bytes(bytes)) => row.person.read(bytes),
            _ => None,
        })?;
        Some(row)
    }
}

impl<'a> Population<'a> {
    /// The row in its bytes; `None` if there is anything in them that is not looked for.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut row = Self::default();
        read(bytes, |field, value| match (field, value) {
            (1, Value::Number(count)) => {
                row.person_count = count.cast_signed();
                Some(())
            }
            (2, Value::Bytes(bytes)) => set(&mut row.residence_lsoa, bytes),
            (3, Value::Bytes(bytes)) => row.person.read(bytes),
            _ => None,
        })?;
        Some(row)
    }
}

impl<'a> Access<'a> {
    /// The row in its bytes; `None` if there is anything in them that is not looked for.
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut row = Self::default();
        read(bytes, |field, value| match (field, value) {
            (1, Value::Number(count)) => {
                row.record_count = Some(count.cast_signed());
                Some(())
            }
            (12, Value::Bytes(bytes)) => add(&mut row.exclusion_reason, bytes),
            (2..=11 | 13..=15, Value::Bytes(bytes)) => set(&mut row.text[field], bytes),
            (20, Value::Bytes(bytes)) => row.person.read(bytes),
            _ => None,
        })?;
        Some(row)
    }
}

impl<'a> Person<'a> {
    fn read(&mut self, bytes: &'a [u8]) -> Option<()> {
        read(bytes, |field, value| match (field, value) {
            (1, Value::Number(years)) => {
                self.age_years = Some(low_half(years));
                Some(())
            }
            (11, Value::Bytes(bytes)) => add(&mut self.disability, bytes),
            (13, Value::Bytes(bytes)) => add(&mut self.inclusion_group, bytes),
            (14, Value::Bytes(bytes)) => add(&mut self.local_group, bytes),
            (2..=10 | 12 | 15..=20, Value::Bytes(bytes)) => set(&mut self.text[field], bytes),
            _ => None,
        })
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

/// The row as the generated code understands it, with nothing in it that is not looked for.
///
/// # Errors
/// It is no row.
pub(super) fn plain<M: Message + Default>(row: &[u8]) -> Result<Vec<u8>, Unreadable> {
    Ok(M::decode(row)?.encode_to_vec())
}

/// Gives each field to `take`, until it wants no more or there is one that rows do not have.
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

fn set<'a>(text: &mut &'a str, bytes: &'a [u8]) -> Option<()> {
    *text = std::str::from_utf8(bytes).ok()?;
    Some(())
}

fn add<'a>(texts: &mut Vec<&'a str>, bytes: &'a [u8]) -> Option<()> {
    texts.push(std::str::from_utf8(bytes).ok()?);
    Some(())
}

/// A number of 32 bits: the contract has it that the upper half is passed over.
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
        AccessRecord, ConsultationBatch, ConsultationRecord, PersonCharacteristics,
        PopulationRecord,
    };

    /// What the generated code reads, put together from what is read here.
    fn person(read: &Person<'_>) -> PersonCharacteristics {
        let text = |field: usize| read.text(field).to_owned();
        let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        PersonCharacteristics {
            age_years: read.age_years,
            age_band: text(2),
            sex: text(3),
            gender_identity: text(4),
            gender_same_at_birth: text(5),
            marital_status: text(6),
            pregnancy_maternity: text(7),
            ethnic_category: text(8),
            religion: text(9),
            sexual_orientation: text(10),
            disability: all(&read.disability),
            deprivation: text(12),
            inclusion_group: all(&read.inclusion_group),
            local_group: all(&read.local_group),
            carer: text(15),
            veteran: text(16),
            interpreter_needed: text(17),
            accessible_need: text(18),
            digital_access: text(19),
            main_language: text(20),
        }
    }

    fn consultation(read: &Consultation<'_>) -> ConsultationRecord {
        let text = |field: usize| read.text(field).to_owned();
        ConsultationRecord {
            date: text(1),
            care_setting: text(2),
            channel: text(3),
            channel_provenance: text(4),
            attendance: text(5),
            staff_type: text(6),
            first_or_follow_up: text(7),
            lead_time_days: read.lead_time_days,
            lead_time_band: text(9),
            record_count: read.record_count,
            person_key: text(11),
            source_record_id: text(12),
            residence_lsoa: text(13),
            face_to_face_offered: text(14),
            face_to_face_requested: text(15),
            interpreter_present: text(16),
            accessible_need_met: text(17),
            preferred_channel: text(18),
            person: Some(person(&read.person)),
        }
    }

    fn access(read: &Access<'_>) -> AccessRecord {
        let text = |field: usize| read.text(field).to_owned();
        AccessRecord {
            record_count: read.record_count,
            person_key: text(2),
            residence_lsoa: text(3),
            online_appointments: text(4),
            online_prescriptions: text(5),
            online_record: text(6),
            app_registered: text(7),
            app_active: text(8),
            proxy_access: text(9),
            mobile_recorded: text(10),
            email_recorded: text(11),
            exclusion_reason: read.exclusion_reason.iter().map(|&text| text.to_owned()).collect(),
            support_offered: text(13),
            support_accepted: text(14),
            preferred_channel: text(15),
            person: Some(person(&read.person)),
        }
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

        /// What is read here is what the generated code reads; what that refuses is not read.
        #[test]
        fn a_row_is_what_the_generated_code_reads(bytes in bytes()) {
            let generated = ConsultationRecord::decode(bytes.as_slice());
            if let Some(read) = Consultation::of(&bytes) {
                let mut expected = generated.clone().unwrap();
                expected.person.get_or_insert_default();
                prop_assert_eq!(consultation(&read), expected);
            }
            if let Ok(generated) = generated {
                let plain = plain::<ConsultationRecord>(&bytes).unwrap();
                let mut expected = generated;
                expected.person.get_or_insert_default();
                prop_assert_eq!(consultation(&Consultation::of(&plain).unwrap()), expected);
            }
            let generated = AccessRecord::decode(bytes.as_slice());
            if let Some(read) = Access::of(&bytes) {
                let mut expected = generated.clone().unwrap();
                expected.person.get_or_insert_default();
                prop_assert_eq!(access(&read), expected);
            }
            if let Ok(mut expected) = generated {
                let plain = plain::<AccessRecord>(&bytes).unwrap();
                expected.person.get_or_insert_default();
                prop_assert_eq!(access(&Access::of(&plain).unwrap()), expected);
            }
            let generated = PopulationRecord::decode(bytes.as_slice());
            let plain = plain::<PopulationRecord>(&bytes);
            prop_assert_eq!(generated.is_ok(), plain.is_ok());
            for bytes in plain.iter().chain([&bytes]) {
                let Some(read) = Population::of(bytes) else {
                    prop_assert!(plain.as_ref().map_or(true, |plain| plain != bytes));
                    continue;
                };
                let expected = generated.clone().unwrap();
                prop_assert_eq!(read.person_count, expected.person_count);
                prop_assert_eq!(read.residence_lsoa, expected.residence_lsoa);
                prop_assert_eq!(person(&read.person), expected.person.unwrap_or_default());
            }
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
