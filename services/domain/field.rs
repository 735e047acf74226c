//! The fields of a record: their names, their numbers on disk, their code lists.

use crate::domain::collection::Dataset;

/// Whether a field describes the consultation or the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// About the consultation, or about a person's use of digital services.
    Attribute,
    /// About the person. A submission has to list it as collected if a row has it.
    Characteristic,
}

/// A coded field of a record. The number is on disk: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // the names are those of the contract, where each is described
pub enum Field {
    Day = 1,
    CareSetting = 2,
    Channel = 3,
    ChannelProvenance = 4,
    Attendance = 5,
    StaffType = 6,
    FirstOrFollowUp = 7,
    LeadTime = 8,
    ResidenceLsoa = 9,
    FaceToFaceOffered = 10,
    FaceToFaceRequested = 11,
    InterpreterPresent = 12,
    AccessibleNeedMet = 13,
    PreferredChannel = 14,
    Age = 20,
    Sex = 21,
    GenderIdentity = 22,
    GenderSameAtBirth = 23,
    MaritalStatus = 24,
    PregnancyMaternity = 25,
    EthnicCategory = 26,
    Religion = 27,
    SexualOrientation = 28,
    Disability = 29,
    Deprivation = 30,
    InclusionGroup = 31,
    LocalGroup = 32,
    Carer = 33,
    Veteran = 34,
    InterpreterNeeded = 35,
    AccessibleNeed = 36,
    DigitalAccess = 37,
    MainLanguage = 38,
    OnlineAppointments = 40,
    OnlinePrescriptions = 41,
    OnlineRecord = 42,
    /// Derived: any of the three before.
    OnlineAny = 43,
    AppRegistered = 44,
    AppActive = 45,
    ProxyAccess = 46,
    MobileRecorded = 47,
    EmailRecorded = 48,
    ExclusionReason = 49,
    SupportOffered = 50,
    SupportAccepted = 51,
}

/// Numbers on disk of columns and blocks without codes.
pub mod number {
    /// Number of consultations or people of a row (`record_count`).
    pub const WEIGHT: u8 = 60;
    /// Keyed hash of the person key; 0 where there is none.
    pub const PERSON: u8 = 61;
    /// Keyed hash of the source's record id; 0 where there is none.
    pub const SOURCE_RECORD: u8 = 62;
    /// Blocks of estimates, which have no columns.
    pub const ESTIMATES: u8 = 63;
    /// No column: the roll-up without a characteristic.
    pub const TOTAL: u8 = 0;
}

/// One more than the greatest number of a coded field.
pub const FIELD_LIMIT: usize = 52;

struct Facts {
    field: Field,
    name: &'static str,
    path: &'static str,
    list: &'static str,
    kind: FieldKind,
    multiple: bool,
}

const fn attribute(field: Field, name: &'static str, list: &'static str) -> Facts {
    Facts { field, name, path: name, list, kind: FieldKind::Attribute, multiple: false }
}

const fn person(
    field: Field,
    name: &'static str,
    path: &'static str,
    list: &'static str,
    multiple: bool,
) -> Facts {
    Facts { field, name, path, list, kind: FieldKind::Characteristic, multiple }
}

/// Facts of each field. `Day` has no code list, so it has no dimension.
const FIELDS: &[Facts] = &[
    attribute(Field::Day, "date", ""),
    attribute(Field::CareSetting, "care_setting", "care_setting"),
    attribute(Field::Channel, "channel", "channel"),
    attribute(Field::ChannelProvenance, "channel_provenance", "channel_provenance"),
    attribute(Field::Attendance, "attendance", "attendance"),
    attribute(Field::StaffType, "staff_type", "staff_type"),
    attribute(Field::FirstOrFollowUp, "first_or_follow_up", "first_or_follow_up"),
    Facts { path: "lead_time_band", ..attribute(Field::LeadTime, "lead_time", "lead_time") },
    attribute(Field::ResidenceLsoa, "residence_lsoa", "residence_lsoa"),
    attribute(Field::FaceToFaceOffered, "face_to_face_offered", "yes_no"),
    attribute(Field::FaceToFaceRequested, "face_to_face_requested", "yes_no"),
    attribute(Field::InterpreterPresent, "interpreter_present", "yes_no"),
    attribute(Field::AccessibleNeedMet, "accessible_need_met", "yes_no"),
    attribute(Field::PreferredChannel, "preferred_channel", "channel"),
    person(Field::Age, "age", "person.age_band", "age", false),
    person(Field::Sex, "sex", "person.sex", "sex", false),
    person(
        Field::GenderIdentity,
        "gender_identity",
        "person.gender_identity",
        "gender_identity",
        false,
    ),
    person(
        Field::GenderSameAtBirth,
        "gender_same_at_birth",
        "person.gender_same_at_birth",
        "gender_same_at_birth",
        false,
    ),
    person(
        Field::MaritalStatus,
        "marital_status",
        "person.marital_status",
        "marital_status",
        false,
    ),
    person(
        Field::PregnancyMaternity,
        "pregnancy_maternity",
        "person.pregnancy_maternity",
        "pregnancy_maternity",
        false,
    ),
    person(Field::EthnicCategory, "ethnic_category", "person.ethnic_category", "ethnicity", false),
    person(Field::Religion, "religion", "person.religion", "religion", false),
    person(
        Field::SexualOrientation,
        "sexual_orientation",
        "person.sexual_orientation",
        "sexual_orientation",
        false,
    ),
    person(Field::Disability, "disability", "person.disability", "disability", true),
    person(Field::Deprivation, "deprivation", "person.deprivation", "deprivation", false),
    person(
        Field::InclusionGroup,
        "inclusion_group",
        "person.inclusion_group",
        "inclusion_group",
        true,
    ),
    person(Field::LocalGroup, "local_group", "person.local_group", "local_group", true),
    person(Field::Carer, "carer", "person.carer", "yes_no", false),
    person(Field::Veteran, "veteran", "person.veteran", "yes_no", false),
    person(
        Field::InterpreterNeeded,
        "interpreter_needed",
        "person.interpreter_needed",
        "yes_no",
        false,
    ),
    person(Field::AccessibleNeed, "accessible_need", "person.accessible_need", "yes_no", false),
    person(
        Field::DigitalAccess,
        "digital_access",
        "person.digital_access",
        "digital_access",
        false,
    ),
    person(Field::MainLanguage, "main_language", "person.main_language", "main_language", false),
    attribute(Field::OnlineAppointments, "online_appointments", "yes_no"),
    attribute(Field::OnlinePrescriptions, "online_prescriptions", "yes_no"),
    attribute(Field::OnlineRecord, "online_record", "yes_no"),
    attribute(Field::OnlineAny, "online_any", "yes_no"),
    attribute(Field::AppRegistered, "app_registered", "yes_no"),
    attribute(Field::AppActive, "app_active", "yes_no"),
    attribute(Field::ProxyAccess, "proxy_access", "yes_no"),
    attribute(Field::MobileRecorded, "mobile_recorded", "yes_no"),
    attribute(Field::EmailRecorded, "email_recorded", "yes_no"),
    Facts {
        multiple: true,
        ..attribute(Field::ExclusionReason, "exclusion_reason", "exclusion_reason")
    },
    attribute(Field::SupportOffered, "support_offered", "yes_no"),
    attribute(Field::SupportAccepted, "support_accepted", "yes_no"),
];

/// Index in `FIELDS` by number: looked up for every field of every submitted row.
const PLACES: [usize; FIELD_LIMIT] = {
    let mut places = [usize::MAX; FIELD_LIMIT];
    let mut place = 0;
    while place < FIELDS.len() {
        places[FIELDS[place].field as usize] = place;
        place += 1;
    }
    places
};

impl Field {
    /// Every field, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        FIELDS.iter().map(|facts| facts.field)
    }

    fn facts(self) -> &'static Facts {
        &FIELDS[PLACES[self.index()]]
    }

    /// Number on disk; never changes.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The number as an index into arrays of length [`FIELD_LIMIT`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// The field with this number on disk.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Self> {
        let place = PLACES.get(usize::try_from(number).ok()?)?;
        FIELDS.get(*place).map(|facts| facts.field)
    }

    /// The field of this name: `ethnic_category`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        FIELDS.iter().find(|facts| facts.name == name).map(|facts| facts.field)
    }

    /// Name in headers, files and dimensions.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Path within a record of the contract, for row problems.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.facts().path
    }

    /// Id of the code list; `None` where values are numbers.
    #[must_use]
    pub fn list(self) -> Option<&'static str> {
        let list = self.facts().list;
        (!list.is_empty()).then_some(list)
    }

    /// Whether the field is about the person.
    #[must_use]
    pub fn is_characteristic(self) -> bool {
        self.facts().kind == FieldKind::Characteristic
    }

    /// Whether records of a dataset have the field as a code, so that a source can say whether it collects the field.
    #[must_use]
    pub fn is_collected_in(self, dataset: Dataset) -> bool {
        match (dataset, self) {
            (Dataset::Estimates, _) | (_, Self::Day | Self::OnlineAny) => false,
            (_, Self::ResidenceLsoa) => true,
            (_, field) if field.is_characteristic() => true,
            (Dataset::Populations, _) => false,
            (Dataset::Consultations, field) => field < Self::Age,
            (Dataset::DigitalAccess, Self::PreferredChannel) => true,
            (Dataset::DigitalAccess, field) => field >= Self::OnlineAppointments,
        }
    }

    /// Whether a record can have several values.
    #[must_use]
    pub fn is_multiple(self) -> bool {
        self.facts().multiple
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_in_order() {
        let numbers: Vec<_> = Field::all().map(Field::number).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert!(Field::all().all(|f| f.index() < FIELD_LIMIT));
        assert!(Field::all().all(|f| Field::from_number(f.number().into()) == Some(f)));
        assert!(Field::all().all(|f| Field::from_name(f.name()) == Some(f)));
    }
}
