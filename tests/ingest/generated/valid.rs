//! Every row, as the service would check it.

use std::collections::BTreeMap;
use std::sync::Arc;

use equity_indicators::domain::codes::{Content, State};
use equity_indicators::domain::collection::Dataset;
use equity_indicators::domain::field::Field;
use equity_indicators::domain::reference::Reference;
use equity_indicators::domain::submission::{Builder, Draft, Header, Keyer};
use equity_indicators::ingest::{Records, SubmissionFile};
use equity_indicators::proto::v1::{AccessRecord, ConsultationRecord, PersonCharacteristics};

use super::large;

fn reference() -> Arc<Reference> {
    Arc::new(Reference::new(&Content::embedded()).unwrap())
}

/// The submission's header in the domain's words.
fn header(reference: &Reference, submission: &SubmissionFile) -> Header {
    let field = |name: &String| Field::from_name(name).unwrap_or_else(|| panic!("field {name}"));
    let system = |(name, system): (&String, &String)| {
        let list = reference.list_of(field(name)).unwrap();
        (field(name), list.system(system).unwrap_or_else(|| panic!("system {system}")))
    };
    assert!(reference.collection(&submission.collection).is_some());
    assert!(
        reference.organisation(&submission.organisation).is_some(),
        "{}",
        submission.organisation
    );
    Header {
        organisation: submission.organisation.clone(),
        collection: submission.collection.clone(),
        dataset: match submission.rows {
            Records::Consultations(_) => Dataset::Consultations,
            Records::Populations(_) => Dataset::Populations,
            Records::Access(_) => Dataset::DigitalAccess,
            Records::IndicatorCounts(_) => Dataset::IndicatorCounts,
            Records::Estimates(..) => panic!("nobody makes up what others published"),
        },
        month: submission.month.parse().unwrap(),
        request_id: String::new(),
        code_systems: submission.code_systems.iter().map(system).collect(),
        collected: submission.collected.iter().map(field).collect(),
        person_key_scheme: submission.person_key_scheme.clone(),
        source: None,
        expected_record_count: None,
        allow_partial: true,
        validate_only: true,
        allow_shrinking: false,
    }
}

fn person(builder: &mut Builder, person: &PersonCharacteristics) {
    builder.age(person.age_years, &person.age_band);
    for (field, code) in [
        (Field::Sex, &person.sex),
        (Field::GenderIdentity, &person.gender_identity),
        (Field::GenderSameAtBirth, &person.gender_same_at_birth),
        (Field::MaritalStatus, &person.marital_status),
        (Field::PregnancyMaternity, &person.pregnancy_maternity),
        (Field::EthnicCategory, &person.ethnic_category),
        (Field::Religion, &person.religion),
        (Field::SexualOrientation, &person.sexual_orientation),
        (Field::Deprivation, &person.deprivation),
        (Field::Carer, &person.carer),
        (Field::Veteran, &person.veteran),
        (Field::InterpreterNeeded, &person.interpreter_needed),
        (Field::AccessibleNeed, &person.accessible_need),
        (Field::DigitalAccess, &person.digital_access),
        (Field::MainLanguage, &person.main_language),
    ] {
        builder.code(field, code);
    }
    builder.codes(Field::Disability, &person.disability);
    builder.codes(Field::InclusionGroup, &person.inclusion_group);
    builder.codes(Field::LocalGroup, &person.local_group);
}

fn consultation(builder: &mut Builder, row: &ConsultationRecord) {
    builder.begin_row();
    builder.date(&row.date);
    for (field, code) in [
        (Field::CareSetting, &row.care_setting),
        (Field::Channel, &row.channel),
        (Field::ChannelProvenance, &row.channel_provenance),
        (Field::Attendance, &row.attendance),
        (Field::StaffType, &row.staff_type),
        (Field::FirstOrFollowUp, &row.first_or_follow_up),
        (Field::ResidenceLsoa, &row.residence_lsoa),
        (Field::FaceToFaceOffered, &row.face_to_face_offered),
        (Field::FaceToFaceRequested, &row.face_to_face_requested),
        (Field::InterpreterPresent, &row.interpreter_present),
        (Field::AccessibleNeedMet, &row.accessible_need_met),
        (Field::PreferredChannel, &row.preferred_channel),
        (Field::NationalCategory, &row.national_category),
    ] {
        builder.code(field, code);
    }
    builder.lead_time(row.lead_time_days, &row.lead_time_band);
    builder.weight("record_count", row.record_count, 1);
    builder.person(&row.person_key);
    builder.source_record(&row.source_record_id);
    person(builder, row.person.as_ref().unwrap());
    builder.end_row(Vec::new);
}

fn access(builder: &mut Builder, row: &AccessRecord) {
    builder.begin_row();
    for (field, code) in [
        (Field::ResidenceLsoa, &row.residence_lsoa),
        (Field::OnlineAppointments, &row.online_appointments),
        (Field::OnlinePrescriptions, &row.online_prescriptions),
        (Field::OnlineRecord, &row.online_record),
        (Field::AppRegistered, &row.app_registered),
        (Field::AppActive, &row.app_active),
        (Field::ProxyAccess, &row.proxy_access),
        (Field::MobileRecorded, &row.mobile_recorded),
        (Field::EmailRecorded, &row.email_recorded),
        (Field::SupportOffered, &row.support_offered),
        (Field::SupportAccepted, &row.support_accepted),
        (Field::PreferredChannel, &row.preferred_channel),
    ] {
        builder.code(field, code);
    }
    builder.codes(Field::ExclusionReason, &row.exclusion_reason);
    builder.weight("record_count", row.record_count, 1);
    builder.person(&row.person_key);
    person(builder, row.person.as_ref().unwrap());
    builder.end_row(Vec::new);
}

fn draft(reference: &Arc<Reference>, submission: &SubmissionFile) -> Draft {
    let header = header(reference, submission);
    let mut builder = Builder::new(Arc::clone(reference), header, Keyer::new(&[1; 32]), 10_000_000);
    match &submission.rows {
        Records::Consultations(rows) => rows.iter().for_each(|row| consultation(&mut builder, row)),
        Records::Populations(rows) => {
            for row in rows {
                builder.begin_row();
                builder.weight("person_count", Some(row.person_count), 0);
                builder.code(Field::ResidenceLsoa, &row.residence_lsoa);
                person(&mut builder, row.person.as_ref().unwrap());
                builder.end_row(Vec::new);
            }
        }
        Records::Access(rows) => rows.iter().for_each(|row| access(&mut builder, row)),
        Records::IndicatorCounts(rows) => {
            for row in rows {
                builder.begin_row();
                builder.code(Field::Indicator, &row.indicator);
                builder.counts(row.numerator_count, row.denominator_count);
                person(&mut builder, row.person.as_ref().unwrap());
                builder.end_row(Vec::new);
            }
        }
        Records::Estimates(..) => panic!("nobody makes up what others published"),
    }
    builder.finish()
}

#[test]
fn every_row_is_accepted_and_every_field_and_missing_state_is_there() {
    let reference = reference();
    let mut states: BTreeMap<Field, Vec<String>> = BTreeMap::new();
    let (mut not_collected, mut filled) = (0, BTreeMap::new());
    for submission in &large().consultations {
        let draft = draft(&reference, submission);
        assert_eq!(draft.problems, [], "{} {}", submission.organisation, submission.month);
        assert_eq!(draft.accepted_count, submission.rows.len() as u64);
        assert!(draft.persons.is_some());
        let listed = |field: &Field| submission.collected.iter().any(|name| name == field.name());
        let characteristics = Field::all().filter(|field| field.is_characteristic());
        not_collected += characteristics.filter(|field| !listed(field)).count();
        for column in &draft.columns {
            *filled.entry(column.field).or_insert(0) += column.values.len();
            let missing = column.values.iter().filter(|value| value.starts_with('!')).cloned();
            states.entry(column.field).or_default().extend(missing);
        }
    }
    for submission in &large().populations {
        let draft = draft(&reference, submission);
        assert_eq!(draft.problems, [], "{} {}", submission.organisation, submission.month);
        assert_eq!(draft.total_count as i64, submission.rows.total());
    }
    for submission in &large().access {
        let draft = draft(&reference, submission);
        assert_eq!(draft.problems, [], "{} {}", submission.organisation, submission.month);
        assert_eq!(draft.accepted_count, submission.rows.len() as u64);
        assert!(draft.persons.is_some(), "one row a person");
        for column in &draft.columns {
            *filled.entry(column.field).or_insert(0) += column.values.len();
            let missing = column.values.iter().filter(|value| value.starts_with('!')).cloned();
            states.entry(column.field).or_default().extend(missing);
        }
    }
    // Nobody suppresses what is made, and national categories are of published appointments; counts of indicators are looked at below.
    let others = [Field::Suppressed, Field::Indicator, Field::InNumerator, Field::NationalCategory];
    for field in Field::all().filter(|field| !others.contains(field)) {
        assert!(filled.contains_key(&field), "{}", field.name());
    }
    assert!(not_collected > 0);
    let has = |field: Field, state: State| {
        let text = format!("!{}", state.name());
        assert!(states[&field].contains(&text), "{} {text}", field.name());
    };
    has(Field::EthnicCategory, State::NotStated);
    has(Field::EthnicCategory, State::NotKnown);
    has(Field::EthnicCategory, State::NotRecorded);
    has(Field::EthnicCategory, State::Invalid);
    has(Field::SexualOrientation, State::AskedUnsure);
    has(Field::SexualOrientation, State::NotApplicable);
    has(Field::MaritalStatus, State::NotApplicable);
    has(Field::PregnancyMaternity, State::NotApplicable);
    has(Field::Disability, State::None);
    has(Field::Disability, State::NotStated);
    has(Field::InclusionGroup, State::None);
    has(Field::LocalGroup, State::NotRecorded);
    has(Field::Channel, State::NotKnown);
    has(Field::Channel, State::NotRecorded);
    has(Field::Attendance, State::NotKnown);
    has(Field::LeadTime, State::NotRecorded);
    has(Field::AppRegistered, State::NotApplicable);
    has(Field::ExclusionReason, State::None);
    has(Field::ExclusionReason, State::NotRecorded);
    for field in [Field::ProxyAccess, Field::MobileRecorded, Field::EmailRecorded] {
        has(field, State::NotStated);
        has(field, State::AskedUnsure);
    }
    for field in [Field::Religion, Field::Carer, Field::DigitalAccess, Field::MainLanguage] {
        has(field, State::NotStated);
        has(field, State::NotKnown);
        has(field, State::NotRecorded);
    }
}

#[test]
fn every_count_of_an_indicator_is_accepted() {
    let (reference, mut people) = (reference(), 0);
    let generator = equity_indicators::ingest::generate::Generator::new(super::small(3)).unwrap();
    for submission in generator.indicator_counts() {
        let draft = draft(&reference, &submission);
        assert_eq!(draft.problems, [], "{} {}", submission.organisation, submission.month);
        people += draft.total_count;
    }
    assert!(people > 0);
}
