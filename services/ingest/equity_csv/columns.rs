//! The columns of our own CSV and the fields behind them. A column is called what the contract calls the field.

use crate::domain::{self, collection::Dataset};
use crate::proto::v1::{
    AccessRecord, ConsultationRecord, EstimateKey, EstimateRecord, PersonCharacteristics,
    PopulationRecord,
};

/// A column and how to reach its field in a record.
pub(super) struct Field<R: 'static> {
    /// Name in the header.
    pub(super) name: &'static str,
    /// The field behind it.
    pub(super) access: Access<R>,
}

/// The ways in which a cell stands in a record: to look at it, to change it.
pub(super) enum Access<R: 'static> {
    /// A code or a text; empty where absent.
    Text(fn(&R) -> &String, fn(&mut R) -> &mut String),
    /// Codes joined with `;`.
    Set(fn(&R) -> &Vec<String>, fn(&mut R) -> &mut Vec<String>),
    /// A whole number of 32 bits.
    Small(fn(&R) -> Option<i32>, fn(&mut R) -> &mut Option<i32>),
    /// A whole number of 64 bits.
    Large(fn(&R) -> Option<i64>, fn(&mut R) -> &mut Option<i64>),
    /// A finite number.
    Real(fn(&R) -> Option<f64>, fn(&mut R) -> &mut Option<f64>),
    /// Pairs `dimension=code`, joined with `;`.
    Keys(fn(&R) -> &Vec<EstimateKey>, fn(&mut R) -> &mut Vec<EstimateKey>),
}

macro_rules! field {
    ($kind:ident & $name:ident) => {
        Field { name: stringify!($name), access: Access::$kind(|r| &r.$name, |r| &mut r.$name) }
    };
    ($kind:ident $name:ident) => {
        Field { name: stringify!($name), access: Access::$kind(|r| r.$name, |r| &mut r.$name) }
    };
}

/// Organisation and month: which submission a row belongs to.
pub(super) const ORGANISATION: &str = "organisation";
/// Calendar month, `2020-04`.
pub(super) const MONTH: &str = "month";
/// How many people a row of populations stands for; its presence makes the file populations.
pub(super) const PERSON_COUNT: &str = "person_count";

/// What a consultation has of its own.
pub(super) const CONSULTATION: &[Field<ConsultationRecord>] = &[
    field!(Text & date),
    field!(Text & care_setting),
    field!(Text & channel),
    field!(Text & channel_provenance),
    field!(Text & attendance),
    field!(Text & staff_type),
    field!(Text & first_or_follow_up),
    field!(Small lead_time_days),
    field!(Text & lead_time_band),
    field!(Large record_count),
    field!(Text & person_key),
    field!(Text & source_record_id),
    field!(Text & residence_lsoa),
    field!(Text & face_to_face_offered),
    field!(Text & face_to_face_requested),
    field!(Text & interpreter_present),
    field!(Text & accessible_need_met),
    field!(Text & preferred_channel),
];

/// What a row of populations has of its own, besides [`PERSON_COUNT`].
pub(super) const POPULATION: &[Field<PopulationRecord>] = &[field!(Text & residence_lsoa)];

/// What a row of access records has of its own. Those from [`ONLINE`] on stand in no other file and make it access records.
pub(super) const ACCESS: &[Field<AccessRecord>] = &[
    field!(Large record_count),
    field!(Text & person_key),
    field!(Text & residence_lsoa),
    field!(Text & preferred_channel),
    field!(Text & online_appointments),
    field!(Text & online_prescriptions),
    field!(Text & online_record),
    field!(Text & app_registered),
    field!(Text & app_active),
    field!(Text & proxy_access),
    field!(Text & mobile_recorded),
    field!(Text & email_recorded),
    field!(Set & exclusion_reason),
    field!(Text & support_offered),
    field!(Text & support_accepted),
];
/// Place of the first column that only access records have.
pub(super) const ONLINE: usize = 4;

/// Id of an estimate's indicator; its presence makes the file estimates.
pub(super) const INDICATOR: &str = "indicator";

/// What an estimate has.
pub(super) const ESTIMATE: &[Field<EstimateRecord>] = &[
    field!(Text & indicator),
    field!(Text & area),
    field!(Text & period),
    field!(Keys & keys),
    field!(Real value),
    field!(Real lower),
    field!(Real upper),
    field!(Large base_count),
    field!(Real weight),
    field!(Text & base),
];

/// Who the person is.
pub(super) const PERSON: &[Field<PersonCharacteristics>] = &[
    field!(Small age_years),
    field!(Text & age_band),
    field!(Text & sex),
    field!(Text & gender_identity),
    field!(Text & gender_same_at_birth),
    field!(Text & marital_status),
    field!(Text & pregnancy_maternity),
    field!(Text & ethnic_category),
    field!(Text & religion),
    field!(Text & sexual_orientation),
    field!(Set & disability),
    field!(Text & deprivation),
    field!(Set & inclusion_group),
    field!(Set & local_group),
    field!(Text & carer),
    field!(Text & veteran),
    field!(Text & interpreter_needed),
    field!(Text & accessible_need),
    field!(Text & digital_access),
    field!(Text & main_language),
];

/// The coded field that a column gives, if it is one that a source collects: age and lead time are given in two ways.
pub(super) fn collected(dataset: Dataset, column: &str) -> Option<&'static str> {
    let name = match column {
        "age_years" | "age_band" => "age",
        "lead_time_days" | "lead_time_band" => "lead_time",
        other => other,
    };
    let field = domain::field::Field::from_name(name)?;
    field.is_collected_in(dataset).then(|| field.name())
}
