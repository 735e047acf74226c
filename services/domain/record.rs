//! The fields of the contract's records: the number, the name and the content of each.
//!
//! This is the only list of them. The reader of submissions, the columns of the service's CSV and the fields that a source may
//! list as collected follow from it. A test in `ingest` compares it with the compiled contract.

use super::collection::Dataset;
use super::field::Field;

/// What a field of a record holds, with its protobuf type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// `string`: one code.
    Code(Field),
    /// `repeated string`: any number of codes.
    Codes(Field),
    /// `optional int32`: a number that a row gives instead of the field's code.
    Number(Field),
    /// `string`: the day or month of the record.
    Date,
    /// `optional int64`: how many consultations or people the row stands for.
    RecordCount,
    /// `int64`: how many people a row of a population stands for.
    PersonCount,
    /// `int64`: people of a row who are in the numerator of its indicator.
    Numerator,
    /// `int64`: people of a row who are in the denominator of its indicator.
    Denominator,
    /// `bool`: whether the publisher suppressed how many the row stands for.
    Suppressed,
    /// `string`: the pseudonymous key of the person.
    PersonKey,
    /// `string`: the source's own id of the record.
    SourceRecordId,
    /// `PersonCharacteristics`: the fields of [`PERSON`].
    Person,
}

impl Holds {
    /// The coded field that a value goes into.
    #[must_use]
    pub const fn coded(self) -> Option<Field> {
        match self {
            Self::Code(field) | Self::Codes(field) | Self::Number(field) => Some(field),
            Self::Date
            | Self::RecordCount
            | Self::PersonCount
            | Self::Numerator
            | Self::Denominator
            | Self::Suppressed
            | Self::PersonKey
            | Self::SourceRecordId
            | Self::Person => None,
        }
    }
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub struct RecordField {
    /// Number in the contract.
    pub number: u8,
    /// Name in the contract, in paths of row problems and in the header of a CSV file.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
}

const fn field(number: u8, name: &'static str, holds: Holds) -> RecordField {
    RecordField { number, name, holds }
}

const fn code(number: u8, code: Field) -> RecordField {
    let holds = if code.is_multiple() { Holds::Codes(code) } else { Holds::Code(code) };
    field(number, code.name(), holds)
}

/// Name of the field that says that the publisher suppressed a count or a figure.
pub const SUPPRESSED: &str = "suppressed";

/// One more than the greatest number of a field.
pub const NUMBER_LIMIT: usize = 22;

/// The fields of one message of the contract.
#[derive(Debug)]
pub struct RecordType {
    /// In the order of their numbers.
    pub fields: &'static [RecordField],
    /// What each number holds: the reader of submissions looks every field of every row up here.
    by_number: [Option<Holds>; NUMBER_LIMIT],
}

impl RecordType {
    const fn new(fields: &'static [RecordField]) -> Self {
        let mut by_number = [None; NUMBER_LIMIT];
        let mut place = 0;
        while place < fields.len() {
            by_number[fields[place].number as usize] = Some(fields[place].holds);
            place += 1;
        }
        Self { fields, by_number }
    }

    /// The records of a dataset. Estimates have none: they are figures.
    #[must_use]
    pub fn of(dataset: Dataset) -> Option<&'static Self> {
        match dataset {
            Dataset::Consultations => Some(&CONSULTATION),
            Dataset::Populations => Some(&POPULATION),
            Dataset::DigitalAccess => Some(&ACCESS),
            Dataset::IndicatorCounts => Some(&INDICATOR_COUNT),
            Dataset::Estimates => None,
        }
    }

    /// What the field with this number holds.
    #[must_use]
    #[inline]
    pub fn holds(&self, number: usize) -> Option<Holds> {
        self.by_number.get(number).copied().flatten()
    }

    fn gives(&self, field: Field) -> bool {
        self.fields.iter().any(|given| given.holds.coded() == Some(field))
    }
}

impl Field {
    /// The coded field that a field of a dataset's records gives, by its name there: `age_years` and `age_band` give the same one.
    #[must_use]
    pub fn of_record(dataset: Dataset, name: &str) -> Option<Self> {
        let record = RecordType::of(dataset)?;
        let given = record.fields.iter().chain(PERSON.fields).find(|field| field.name == name)?;
        given.holds.coded()
    }

    /// Whether records of a dataset give the field as a code, so that their source can say whether it collects it.
    #[must_use]
    pub fn is_collected_in(self, dataset: Dataset) -> bool {
        RecordType::of(dataset).is_some_and(|record| record.gives(self) || PERSON.gives(self))
    }
}

/// `ConsultationRecord`.
pub static CONSULTATION: RecordType = RecordType::new(&[
    field(1, "date", Holds::Date),
    code(2, Field::CareSetting),
    code(3, Field::Channel),
    code(4, Field::ChannelProvenance),
    code(5, Field::Attendance),
    code(6, Field::StaffType),
    code(7, Field::FirstOrFollowUp),
    field(8, "lead_time_days", Holds::Number(Field::LeadTime)),
    code(9, Field::LeadTime),
    field(10, "record_count", Holds::RecordCount),
    field(11, "person_key", Holds::PersonKey),
    field(12, "source_record_id", Holds::SourceRecordId),
    code(13, Field::ResidenceLsoa),
    code(14, Field::FaceToFaceOffered),
    code(15, Field::FaceToFaceRequested),
    code(16, Field::InterpreterPresent),
    code(17, Field::AccessibleNeedMet),
    code(18, Field::PreferredChannel),
    field(19, SUPPRESSED, Holds::Suppressed),
    field(20, "person", Holds::Person),
    code(21, Field::NationalCategory),
]);

/// `PopulationRecord`.
pub static POPULATION: RecordType = RecordType::new(&[
    field(1, "person_count", Holds::PersonCount),
    code(2, Field::ResidenceLsoa),
    field(3, "person", Holds::Person),
    field(4, SUPPRESSED, Holds::Suppressed),
]);

/// `AccessRecord`.
pub static ACCESS: RecordType = RecordType::new(&[
    field(1, "record_count", Holds::RecordCount),
    field(2, "person_key", Holds::PersonKey),
    code(3, Field::ResidenceLsoa),
    code(4, Field::OnlineAppointments),
    code(5, Field::OnlinePrescriptions),
    code(6, Field::OnlineRecord),
    code(7, Field::AppRegistered),
    code(8, Field::AppActive),
    code(9, Field::ProxyAccess),
    code(10, Field::MobileRecorded),
    code(11, Field::EmailRecorded),
    code(12, Field::ExclusionReason),
    code(13, Field::SupportOffered),
    code(14, Field::SupportAccepted),
    code(15, Field::PreferredChannel),
    field(16, SUPPRESSED, Holds::Suppressed),
    field(20, "person", Holds::Person),
]);

/// `IndicatorCountRecord`.
pub static INDICATOR_COUNT: RecordType = RecordType::new(&[
    code(1, Field::Indicator),
    field(2, "numerator_count", Holds::Numerator),
    field(3, "denominator_count", Holds::Denominator),
    code(4, Field::ResidenceLsoa),
    field(5, SUPPRESSED, Holds::Suppressed),
    field(20, "person", Holds::Person),
]);

/// `PersonCharacteristics`, which every record holds in `person`.
pub static PERSON: RecordType = RecordType::new(&[
    field(1, "age_years", Holds::Number(Field::Age)),
    code(2, Field::Age),
    code(3, Field::Sex),
    code(4, Field::GenderIdentity),
    code(5, Field::GenderSameAtBirth),
    code(6, Field::MaritalStatus),
    code(7, Field::PregnancyMaternity),
    code(8, Field::EthnicCategory),
    code(9, Field::Religion),
    code(10, Field::SexualOrientation),
    code(11, Field::Disability),
    code(12, Field::Deprivation),
    code(13, Field::InclusionGroup),
    code(14, Field::LocalGroup),
    code(15, Field::Carer),
    code(16, Field::Veteran),
    code(17, Field::InterpreterNeeded),
    code(18, Field::AccessibleNeed),
    code(19, Field::DigitalAccess),
    code(20, Field::MainLanguage),
]);
