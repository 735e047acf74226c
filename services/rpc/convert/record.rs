//! Rows into a builder, field by field.

use prost::Message;

use crate::domain::field::Field;
use crate::domain::submission::Builder;
use crate::proto::v1::{AccessRecord, ConsultationRecord, PersonCharacteristics, PopulationRecord};

/// Takes a consultation.
pub(in crate::rpc) fn consultation(builder: &mut Builder, record: &ConsultationRecord) {
    builder.begin_row();
    builder.date(&record.date);
    builder.code(Field::CareSetting, &record.care_setting);
    builder.code(Field::Channel, &record.channel);
    builder.code(Field::ChannelProvenance, &record.channel_provenance);
    builder.code(Field::Attendance, &record.attendance);
    builder.code(Field::StaffType, &record.staff_type);
    builder.code(Field::FirstOrFollowUp, &record.first_or_follow_up);
    builder.lead_time(record.lead_time_days, &record.lead_time_band);
    builder.code(Field::ResidenceLsoa, &record.residence_lsoa);
    builder.code(Field::FaceToFaceOffered, &record.face_to_face_offered);
    builder.code(Field::FaceToFaceRequested, &record.face_to_face_requested);
    builder.code(Field::InterpreterPresent, &record.interpreter_present);
    builder.code(Field::AccessibleNeedMet, &record.accessible_need_met);
    builder.code(Field::PreferredChannel, &record.preferred_channel);
    builder.weight("record_count", record.record_count, 1);
    builder.person(&record.person_key);
    builder.source_record(&record.source_record_id);
    if let Some(person) = &record.person {
        characteristics(builder, person);
    }
    builder.end_row(|| record.encode_to_vec());
}

/// Takes people.
pub(in crate::rpc) fn population(builder: &mut Builder, record: &PopulationRecord) {
    builder.begin_row();
    builder.weight("person_count", Some(record.person_count), 0);
    builder.code(Field::ResidenceLsoa, &record.residence_lsoa);
    if let Some(person) = &record.person {
        characteristics(builder, person);
    }
    builder.end_row(|| record.encode_to_vec());
}

/// Takes somebody's digital access.
pub(in crate::rpc) fn access(builder: &mut Builder, record: &AccessRecord) {
    builder.begin_row();
    builder.code(Field::ResidenceLsoa, &record.residence_lsoa);
    builder.code(Field::OnlineAppointments, &record.online_appointments);
    builder.code(Field::OnlinePrescriptions, &record.online_prescriptions);
    builder.code(Field::OnlineRecord, &record.online_record);
    builder.code(Field::AppRegistered, &record.app_registered);
    builder.code(Field::AppActive, &record.app_active);
    builder.code(Field::ProxyAccess, &record.proxy_access);
    builder.code(Field::MobileRecorded, &record.mobile_recorded);
    builder.code(Field::EmailRecorded, &record.email_recorded);
    builder.codes(Field::ExclusionReason, &record.exclusion_reason);
    builder.code(Field::SupportOffered, &record.support_offered);
    builder.code(Field::SupportAccepted, &record.support_accepted);
    builder.code(Field::PreferredChannel, &record.preferred_channel);
    builder.weight("record_count", record.record_count, 1);
    builder.person(&record.person_key);
    if let Some(person) = &record.person {
        characteristics(builder, person);
    }
    builder.end_row(|| record.encode_to_vec());
}

fn characteristics(builder: &mut Builder, person: &PersonCharacteristics) {
    builder.age(person.age_years, &person.age_band);
    builder.code(Field::Sex, &person.sex);
    builder.code(Field::GenderIdentity, &person.gender_identity);
    builder.code(Field::GenderSameAtBirth, &person.gender_same_at_birth);
    builder.code(Field::MaritalStatus, &person.marital_status);
    builder.code(Field::PregnancyMaternity, &person.pregnancy_maternity);
    builder.code(Field::EthnicCategory, &person.ethnic_category);
    builder.code(Field::Religion, &person.religion);
    builder.code(Field::SexualOrientation, &person.sexual_orientation);
    builder.codes(Field::Disability, &person.disability);
    builder.code(Field::Deprivation, &person.deprivation);
    builder.codes(Field::InclusionGroup, &person.inclusion_group);
    builder.codes(Field::LocalGroup, &person.local_group);
    builder.code(Field::Carer, &person.carer);
    builder.code(Field::Veteran, &person.veteran);
    builder.code(Field::InterpreterNeeded, &person.interpreter_needed);
    builder.code(Field::AccessibleNeed, &person.accessible_need);
    builder.code(Field::DigitalAccess, &person.digital_access);
    builder.code(Field::MainLanguage, &person.main_language);
}
