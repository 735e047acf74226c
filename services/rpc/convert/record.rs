//! Rows into a builder, field by field.

use prost::Message;

use super::wire::{self, Fields, Row, Unreadable};
use crate::domain::field::Field;
use crate::domain::record::{
    ACCESS, CONSULTATION, Holds, INDICATOR_COUNT, PERSON, POPULATION, RecordType,
};
use crate::domain::submission::Builder;
use crate::proto::v1;

/// Takes a batch of consultations.
///
/// # Errors
/// The bytes are no batch of consultations.
pub(in crate::rpc) fn consultations(builder: &mut Builder, batch: &[u8]) -> Result<(), Unreadable> {
    rows::<v1::ConsultationRecord>(builder, &CONSULTATION, batch)
}

/// Takes a batch of populations.
///
/// # Errors
/// The bytes are no batch of populations.
pub(in crate::rpc) fn populations(builder: &mut Builder, batch: &[u8]) -> Result<(), Unreadable> {
    rows::<v1::PopulationRecord>(builder, &POPULATION, batch)
}

/// Takes a batch of access records.
///
/// # Errors
/// The bytes are no batch of access records.
pub(in crate::rpc) fn access_records(
    builder: &mut Builder,
    batch: &[u8],
) -> Result<(), Unreadable> {
    rows::<v1::AccessRecord>(builder, &ACCESS, batch)
}

/// Takes a batch of counts of indicators.
///
/// # Errors
/// The bytes are no batch of counts.
pub(in crate::rpc) fn indicator_counts(
    builder: &mut Builder,
    batch: &[u8],
) -> Result<(), Unreadable> {
    rows::<v1::IndicatorCountRecord>(builder, &INDICATOR_COUNT, batch)
}

/// Rows that are taken before others may have the processor: some tenths of a millisecond.
const AT_ONCE: usize = 128;

fn rows<M: Message + Default>(
    builder: &mut Builder,
    record: &RecordType,
    batch: &[u8],
) -> Result<(), Unreadable> {
    for (number, bytes) in wire::rows(batch)?.into_iter().enumerate() {
        if number % AT_ONCE == 0 {
            std::thread::yield_now();
        }
        if let Some(row) = Row::of(record, bytes) {
            take::<M>(builder, record, &row, bytes);
            continue;
        }
        let plain = wire::plain::<M>(bytes)?;
        let row = Row::of(record, &plain).ok_or(Unreadable::CutShort)?;
        take::<M>(builder, record, &row, &plain);
    }
    Ok(())
}

fn take<M: Message + Default>(
    builder: &mut Builder,
    record: &RecordType,
    row: &Row<'_>,
    bytes: &[u8],
) {
    builder.begin_row();
    values(builder, record, &row.own);
    builder.weight("record_count", row.own.record_count, 1);
    if row.own.suppressed {
        builder.suppressed();
    }
    builder.person(row.own.person_key);
    builder.source_record(row.own.source_record_id);
    values(builder, &PERSON, &row.person);
    // The content hash covers a rejected row in the one form that all its encodings share.
    builder.end_row(|| wire::plain::<M>(bytes).unwrap_or_else(|_| bytes.to_vec()));
}

fn values(builder: &mut Builder, record: &RecordType, given: &Fields<'_>) {
    for field in record.fields {
        match field.holds {
            Holds::Code(Field::Age) => builder.age(given.number, given.text(field.number)),
            Holds::Code(Field::LeadTime) => {
                builder.lead_time(given.number, given.text(field.number));
            }
            Holds::Code(code) => builder.code(code, given.text(field.number)),
            Holds::Codes(code) => builder.codes(code, given.codes(field.number)),
            Holds::Date => builder.date(given.text(field.number)),
            Holds::PersonCount => builder.weight("person_count", Some(given.person_count), 0),
            Holds::Denominator => builder.counts(given.numerator_count, given.denominator_count),
            // A number goes with the code of its field. The others follow all codes: a person key depends on the count.
            Holds::Number(_)
            | Holds::Numerator
            | Holds::RecordCount
            | Holds::Suppressed
            | Holds::PersonKey
            | Holds::SourceRecordId
            | Holds::Person => {}
        }
    }
}
