//! Rows into a builder, field by field.

use prost::Message;

use super::wire::{self, Access, Consultation, Person, Population, Unreadable};
use crate::domain::field::Field;
use crate::domain::submission::Builder;
use crate::proto::v1;

/// Takes a batch of consultations.
///
/// # Errors
/// It is none.
pub(in crate::rpc) fn consultations(builder: &mut Builder, batch: &[u8]) -> Result<(), Unreadable> {
    for row in wire::rows(batch)? {
        if let Some(read) = Consultation::of(row) {
            consultation(builder, &read, row);
            continue;
        }
        let plain = wire::plain::<v1::ConsultationRecord>(row)?;
        let read = Consultation::of(&plain).ok_or(Unreadable::CutShort)?;
        consultation(builder, &read, &plain);
    }
    Ok(())
}

/// Takes a batch of people.
///
/// # Errors
/// It is none.
pub(in crate::rpc) fn populations(builder: &mut Builder, batch: &[u8]) -> Result<(), Unreadable> {
    for row in wire::rows(batch)? {
        if let Some(read) = Population::of(row) {
            population(builder, &read, row);
            continue;
        }
        let plain = wire::plain::<v1::PopulationRecord>(row)?;
        let read = Population::of(&plain).ok_or(Unreadable::CutShort)?;
        population(builder, &read, &plain);
    }
    Ok(())
}

/// Takes a batch of access records.
///
/// # Errors
/// It is none.
pub(in crate::rpc) fn access_records(
    builder: &mut Builder,
    batch: &[u8],
) -> Result<(), Unreadable> {
    for row in wire::rows(batch)? {
        if let Some(read) = Access::of(row) {
            access(builder, &read, row);
            continue;
        }
        let plain = wire::plain::<v1::AccessRecord>(row)?;
        let read = Access::of(&plain).ok_or(Unreadable::CutShort)?;
        access(builder, &read, &plain);
    }
    Ok(())
}

/// The bytes of a row that is left out, in the one form that all encodings of it have.
fn left_out<M: Message + Default>(row: &[u8]) -> Vec<u8> {
    wire::plain::<M>(row).unwrap_or_else(|_| row.to_vec())
}

fn consultation(builder: &mut Builder, record: &Consultation<'_>, row: &[u8]) {
    builder.begin_row();
    builder.date(record.text(1));
    builder.code(Field::CareSetting, record.text(2));
    builder.code(Field::Channel, record.text(3));
    builder.code(Field::ChannelProvenance, record.text(4));
    builder.code(Field::Attendance, record.text(5));
    builder.code(Field::StaffType, record.text(6));
    builder.code(Field::FirstOrFollowUp, record.text(7));
    builder.lead_time(record.lead_time_days, record.text(9));
    builder.code(Field::ResidenceLsoa, record.text(13));
    builder.code(Field::FaceToFaceOffered, record.text(14));
    builder.code(Field::FaceToFaceRequested, record.text(15));
    builder.code(Field::InterpreterPresent, record.text(16));
    builder.code(Field::AccessibleNeedMet, record.text(17));
    builder.code(Field::PreferredChannel, record.text(18));
    builder.weight("record_count", record.record_count, 1);
    builder.person(record.text(11));
    builder.source_record(record.text(12));
    characteristics(builder, &record.person);
    builder.end_row(|| left_out::<v1::ConsultationRecord>(row));
}

fn population(builder: &mut Builder, record: &Population<'_>, row: &[u8]) {
    builder.begin_row();
    builder.weight("person_count", Some(record.person_count), 0);
    builder.code(Field::ResidenceLsoa, record.residence_lsoa);
    characteristics(builder, &record.person);
    builder.end_row(|| left_out::<v1::PopulationRecord>(row));
}

fn access(builder: &mut Builder, record: &Access<'_>, row: &[u8]) {
    builder.begin_row();
    builder.code(Field::ResidenceLsoa, record.text(3));
    builder.code(Field::OnlineAppointments, record.text(4));
    builder.code(Field::OnlinePrescriptions, record.text(5));
    builder.code(Field::OnlineRecord, record.text(6));
    builder.code(Field::AppRegistered, record.text(7));
    builder.code(Field::AppActive, record.text(8));
    builder.code(Field::ProxyAccess, record.text(9));
    builder.code(Field::MobileRecorded, record.text(10));
    builder.code(Field::EmailRecorded, record.text(11));
    builder.codes(Field::ExclusionReason, &record.exclusion_reason);
    builder.code(Field::SupportOffered, record.text(13));
    builder.code(Field::SupportAccepted, record.text(14));
    builder.code(Field::PreferredChannel, record.text(15));
    builder.weight("record_count", record.record_count, 1);
    builder.person(record.text(2));
    characteristics(builder, &record.person);
    builder.end_row(|| left_out::<v1::AccessRecord>(row));
}

fn characteristics(builder: &mut Builder, person: &Person<'_>) {
    builder.age(person.age_years, person.text(2));
    builder.code(Field::Sex, person.text(3));
    builder.code(Field::GenderIdentity, person.text(4));
    builder.code(Field::GenderSameAtBirth, person.text(5));
    builder.code(Field::MaritalStatus, person.text(6));
    builder.code(Field::PregnancyMaternity, person.text(7));
    builder.code(Field::EthnicCategory, person.text(8));
    builder.code(Field::Religion, person.text(9));
    builder.code(Field::SexualOrientation, person.text(10));
    builder.codes(Field::Disability, &person.disability);
    builder.code(Field::Deprivation, person.text(12));
    builder.codes(Field::InclusionGroup, &person.inclusion_group);
    builder.codes(Field::LocalGroup, &person.local_group);
    builder.code(Field::Carer, person.text(15));
    builder.code(Field::Veteran, person.text(16));
    builder.code(Field::InterpreterNeeded, person.text(17));
    builder.code(Field::AccessibleNeed, person.text(18));
    builder.code(Field::DigitalAccess, person.text(19));
    builder.code(Field::MainLanguage, person.text(20));
}
