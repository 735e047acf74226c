//! The fields of a record: their names, their numbers on disk, their code lists.

#[derive(Clone, Copy)]
struct Facts {
    name: &'static str,
    path: &'static str,
    list: &'static str,
    characteristic: bool,
    multiple: bool,
}

/// A field of the record itself: its name and its code list.
const fn attribute(name: &'static str, list: &'static str) -> Facts {
    Facts { name, path: name, list, characteristic: false, multiple: false }
}

/// A field of the person: its name and its code list.
macro_rules! characteristic {
    ($name:literal, $list:literal) => {
        Facts { path: concat!("person.", $name), characteristic: true, ..attribute($name, $list) }
    };
}

const fn multiple(facts: Facts) -> Facts {
    Facts { multiple: true, ..facts }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident = $number:literal, $facts:expr;)*) => {
        /// A coded field of a record. The number is on disk: never reuse or change one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)] // the names are those of the contract, where each is described
        pub enum Field {
            $($(#[$doc])* $field = $number,)*
        }

        const FIELDS: &[(Field, Facts)] = &[$((Field::$field, $facts)),*];
    };
}

fields! {
    /// A number without a code list: it has no dimension.
    Day = 1, attribute("date", "");
    CareSetting = 2, attribute("care_setting", "care_setting");
    Channel = 3, attribute("channel", "channel");
    ChannelProvenance = 4, attribute("channel_provenance", "channel_provenance");
    Attendance = 5, attribute("attendance", "attendance");
    StaffType = 6, attribute("staff_type", "staff_type");
    FirstOrFollowUp = 7, attribute("first_or_follow_up", "first_or_follow_up");
    LeadTime = 8, attribute("lead_time_band", "lead_time");
    ResidenceLsoa = 9, attribute("residence_lsoa", "residence_lsoa");
    FaceToFaceOffered = 10, attribute("face_to_face_offered", "yes_no");
    FaceToFaceRequested = 11, attribute("face_to_face_requested", "yes_no");
    InterpreterPresent = 12, attribute("interpreter_present", "yes_no");
    AccessibleNeedMet = 13, attribute("accessible_need_met", "yes_no");
    PreferredChannel = 14, attribute("preferred_channel", "channel");
    Age = 20, characteristic!("age_band", "age");
    Sex = 21, characteristic!("sex", "sex");
    GenderIdentity = 22, characteristic!("gender_identity", "gender_identity");
    GenderSameAtBirth = 23, characteristic!("gender_same_at_birth", "gender_same_at_birth");
    MaritalStatus = 24, characteristic!("marital_status", "marital_status");
    PregnancyMaternity = 25, characteristic!("pregnancy_maternity", "pregnancy_maternity");
    EthnicCategory = 26, characteristic!("ethnic_category", "ethnicity");
    Religion = 27, characteristic!("religion", "religion");
    SexualOrientation = 28, characteristic!("sexual_orientation", "sexual_orientation");
    Disability = 29, multiple(characteristic!("disability", "disability"));
    Deprivation = 30, characteristic!("deprivation", "deprivation");
    InclusionGroup = 31, multiple(characteristic!("inclusion_group", "inclusion_group"));
    LocalGroup = 32, multiple(characteristic!("local_group", "local_group"));
    Carer = 33, characteristic!("carer", "yes_no");
    Veteran = 34, characteristic!("veteran", "yes_no");
    InterpreterNeeded = 35, characteristic!("interpreter_needed", "yes_no");
    AccessibleNeed = 36, characteristic!("accessible_need", "yes_no");
    DigitalAccess = 37, characteristic!("digital_access", "digital_access");
    MainLanguage = 38, characteristic!("main_language", "main_language");
    OnlineAppointments = 40, attribute("online_appointments", "yes_no");
    OnlinePrescriptions = 41, attribute("online_prescriptions", "yes_no");
    OnlineRecord = 42, attribute("online_record", "yes_no");
    /// Derived: any of the three before.
    OnlineAny = 43, attribute("online_any", "online_any");
    AppRegistered = 44, attribute("app_registered", "yes_no");
    AppActive = 45, attribute("app_active", "yes_no");
    ProxyAccess = 46, attribute("proxy_access", "yes_no");
    MobileRecorded = 47, attribute("mobile_recorded", "yes_no");
    EmailRecorded = 48, attribute("email_recorded", "yes_no");
    ExclusionReason = 49, multiple(attribute("exclusion_reason", "exclusion_reason"));
    SupportOffered = 50, attribute("support_offered", "yes_no");
    SupportAccepted = 51, attribute("support_accepted", "yes_no");
    /// A number without a code list: 1 where the publisher suppressed how many the row stands for. It has no dimension.
    Suppressed = 52, attribute("suppressed", "");
    /// Of a count: the indicator.
    Indicator = 53, attribute("indicator", "indicator");
    /// Derived, of a count: whether the people are in the numerator, or in the denominator alone.
    InNumerator = 54, attribute("in_numerator", "yes_no");
    NationalCategory = 55, attribute("national_category", "national_category");
}

/// Numbers on disk of columns and runs without codes.
pub mod number {
    /// Key of the record; of a row that stands for several, the sum of their keys.
    pub const KEY: u8 = 59;
    /// Number of consultations or people of a row (`record_count`).
    pub const WEIGHT: u8 = 60;
    /// Keyed hash of the person key; 0 where there is none.
    pub const PERSON: u8 = 61;
    /// Estimates, which have no columns.
    pub const ESTIMATES: u8 = 63;
    /// No column: the roll-up without a characteristic.
    pub const TOTAL: u8 = 0;
}

/// One more than the greatest number of a coded field.
pub const FIELD_LIMIT: usize = 56;

/// Where each number is in the table: the fields of every row of a submission are looked up here.
const PLACES: [usize; FIELD_LIMIT] = {
    let mut places = [usize::MAX; FIELD_LIMIT];
    let mut place = 0;
    while place < FIELDS.len() {
        places[FIELDS[place].0 as usize] = place;
        place += 1;
    }
    places
};

impl Field {
    /// Every field, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        FIELDS.iter().map(|(field, _)| *field)
    }

    const fn facts(self) -> &'static Facts {
        &FIELDS[PLACES[self as usize]].1
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
        FIELDS.get(*place).map(|(field, _)| *field)
    }

    /// The field of this name: `ethnic_category`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        FIELDS.iter().find(|(_, facts)| facts.name == name).map(|(field, _)| *field)
    }

    /// Name in records, headers, files and dimensions.
    #[must_use]
    pub const fn name(self) -> &'static str {
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

    /// Whether the field is about the person. A source that gives such a field lists it as collected.
    #[must_use]
    pub fn is_characteristic(self) -> bool {
        self.facts().characteristic
    }

    /// Whether a record can have several values.
    #[must_use]
    pub const fn is_multiple(self) -> bool {
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
