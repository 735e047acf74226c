//! Assumptions about how characteristics go together: no published table of the area has this.
//!
//! They are rounded guesses, close to national publications, and make synthetic records plausible. They say nothing about people
//! in Leicester, Leicestershire and Rutland. Draw no conclusions from them.

/// Number of age bands of the assumptions: the default bands of indicators.
pub(super) const BANDS: usize = 8;

/// The band of an age: 0-15, 16-24, 25-34, 35-44, 45-54, 55-64, 65-74, 75+.
pub(super) fn band(age: u8) -> usize {
    match age {
        0..=15 => 0,
        16..=24 => 1,
        25..=34 => 2,
        35..=44 => 3,
        45..=54 => 4,
        55..=64 => 5,
        65..=74 => 6,
        75.. => 7,
    }
}

/// The share of women at an age, minus the share at all ages.
pub(super) fn more_women(age: u8) -> f64 {
    match age {
        0..=24 => -0.018,
        25..=64 => 0.0,
        65..=74 => 0.012,
        75..=84 => 0.04,
        85.. => 0.12,
    }
}

/// Risk of disability by age; only the proportions count.
pub(super) const DISABILITY: [f64; BANDS] = [0.42, 0.7, 0.72, 0.8, 1.05, 1.35, 1.55, 2.5];

/// Kinds of disability in the order of DISABILITY CODE (01 to 10, XX): under 65, from 65.
pub(super) const DISABILITY_KINDS: [[f64; 11]; 2] = [
    [18.0, 6.0, 5.0, 16.0, 20.0, 3.0, 5.0, 17.0, 4.0, 3.0, 12.0],
    [2.0, 19.0, 9.0, 9.0, 34.0, 2.0, 9.0, 22.0, 9.0, 2.0, 6.0],
];
/// Chance of one more disability after each, up to four.
pub(super) const DISABILITY_MORE: f64 = 0.38;

/// Marital status S, M, D, W, P by age; asked from 16.
pub(super) const MARITAL: [[f64; 5]; BANDS] = [
    [100.0, 0.0, 0.0, 0.0, 0.0],
    [97.0, 2.5, 0.2, 0.0, 0.3],
    [63.0, 34.0, 1.5, 0.1, 1.4],
    [34.0, 55.0, 7.0, 0.5, 3.5],
    [23.0, 59.0, 13.0, 1.3, 3.7],
    [14.0, 62.0, 17.0, 4.0, 3.0],
    [8.0, 65.0, 15.0, 10.0, 2.0],
    [6.0, 52.0, 8.0, 33.0, 1.0],
];

/// Share of unpaid carers, by age.
pub(super) const CARER: [f64; BANDS] = [0.015, 0.05, 0.07, 0.09, 0.14, 0.15, 0.12, 0.08];
/// Share of veterans among men, by age. Women have a tenth of the share.
pub(super) const VETERAN: [f64; BANDS] = [0.0, 0.005, 0.015, 0.025, 0.04, 0.06, 0.09, 0.22];

/// How often people consult, by age (only the proportions count).
pub(super) const USE: [f64; BANDS] = [0.75, 0.65, 0.8, 0.85, 1.0, 1.15, 1.4, 1.9];
/// The same: women of 16 to 44, disabled people.
pub(super) const USE_OF_WOMEN: f64 = 1.35;
pub(super) const USE_OF_DISABLED: f64 = 1.6;

/// Missed appointments by age, and from the most to the least deprived tenth (only the proportions count).
pub(super) const MISSED: [f64; BANDS] = [0.95, 1.6, 1.5, 1.25, 1.0, 0.75, 0.55, 0.6];
pub(super) const MISSED_BY_DECILE: [f64; 10] =
    [1.6, 1.45, 1.3, 1.15, 1.0, 0.95, 0.85, 0.8, 0.72, 0.65];

// Digital access. UNABLE: the ONS rates of 2018 of adults who did not use the internet in three months, by age and sex, by age and
// disability, and by ethnic group (`offline` meets each rate), adjusted for deprivation and English as below. WITH_HELP: 4 in 100 of
// the others, and more in groups with more UNABLE people. The ONS table is not about care: using the internet is not the same as
// being able to have a consultation by video.

/// Odds of being unable to use remote care, from the most to the least deprived tenth, and for people who do not speak English
/// well; only the proportions count.
pub(super) const UNABLE_BY_DECILE: [f64; 10] =
    [1.4, 1.32, 1.24, 1.16, 1.08, 1.0, 0.92, 0.85, 0.78, 0.7];
pub(super) const UNABLE_WITHOUT_ENGLISH: f64 = 1.7;

/// Use of channels by age, against the average: in person, at home, by telephone, online, not known. Only the proportions within
/// a column count: the published totals of the months are always met.
pub(super) const CHANNEL_BY_AGE: [[f64; 5]; 5] = [
    [1.1, 0.1, 0.95, 0.5, 1.0],
    [1.0, 0.15, 1.05, 1.6, 1.0],
    [1.0, 0.4, 1.05, 1.1, 1.0],
    [1.05, 1.0, 0.95, 0.6, 1.0],
    [1.1, 6.0, 0.85, 0.25, 1.0],
];
/// The same for people who can use remote care, with help, not at all.
pub(super) const CHANNEL_BY_ACCESS: [[f64; 5]; 3] =
    [[1.0, 1.0, 1.0, 1.0, 1.0], [1.15, 1.3, 0.8, 0.4, 1.0], [1.5, 1.9, 0.5, 0.05, 1.0]];
/// The same for people who need an interpreter.
pub(super) const CHANNEL_WITH_INTERPRETER: [f64; 5] = [1.25, 1.0, 0.6, 0.5, 1.0];

/// Place of an age in [`CHANNEL_BY_AGE`].
pub(super) fn channel_age(age: u8) -> usize {
    match age {
        0..=17 => 0,
        18..=44 => 1,
        45..=64 => 2,
        65..=74 => 3,
        75.. => 4,
    }
}

/// Religion by ethnic group (E1 to E19), columns as in the published table: B, C, D, F, G, I, other, none, not answered.
#[rustfmt::skip]
pub(super) const RELIGION: [[f64; 9]; 19] = [
    [0.3, 1.0, 2.0, 0.1, 91.0, 0.1, 0.1, 2.0, 3.4], // Bangladeshi
    [13.0, 18.0, 0.1, 0.1, 0.3, 0.1, 0.4, 60.0, 8.0], // Chinese
    [0.3, 5.0, 45.0, 0.1, 20.0, 18.0, 2.6, 5.0, 4.0], // Indian
    [0.1, 1.5, 0.2, 0.1, 92.0, 0.3, 0.1, 1.8, 4.0], // Pakistani
    [8.0, 14.0, 24.0, 0.1, 34.0, 3.0, 1.0, 9.0, 6.9], // other Asian
    [0.1, 60.0, 0.2, 0.1, 28.0, 0.1, 0.5, 4.0, 7.0], // African
    [0.3, 62.0, 0.3, 0.1, 2.0, 0.1, 1.5, 22.0, 11.7], // Caribbean
    [0.3, 50.0, 0.3, 0.1, 25.0, 0.2, 1.1, 12.0, 11.0], // other Black
    [1.0, 35.0, 2.5, 0.3, 9.0, 1.5, 0.7, 41.0, 9.0], // White and Asian
    [0.3, 46.0, 0.2, 0.2, 10.0, 0.1, 0.6, 33.0, 9.6], // White and Black African
    [0.3, 37.0, 0.1, 0.1, 1.5, 0.1, 0.6, 51.0, 9.3], // White and Black Caribbean
    [1.0, 36.0, 1.5, 0.4, 9.0, 1.0, 0.9, 41.0, 9.2], // other Mixed
    [0.2, 49.0, 0.05, 0.1, 0.2, 0.03, 0.5, 44.0, 5.9], // White British
    [0.3, 68.0, 0.05, 0.1, 0.3, 0.05, 0.5, 24.0, 6.7], // White Irish
    [0.3, 60.0, 0.1, 0.2, 0.7, 0.2, 1.0, 24.0, 13.5], // Gypsy or Irish Traveller
    [0.2, 62.0, 0.2, 0.2, 6.0, 0.2, 0.6, 17.0, 13.6], // Roma
    [0.5, 58.0, 0.2, 0.6, 5.0, 0.1, 0.6, 28.0, 7.0], // other White
    [0.1, 5.0, 0.2, 0.2, 85.0, 0.1, 0.4, 3.0, 6.0], // Arab
    [2.0, 24.0, 6.0, 0.4, 33.0, 10.0, 2.0, 14.0, 8.6], // any other
];

/// English by ethnic group: main language; another, and spoken very well, well, not well, not at all.
#[rustfmt::skip]
pub(super) const ENGLISH: [[f64; 5]; 19] = [
    [62.0, 14.0, 12.0, 9.0, 3.0],
    [45.0, 24.0, 20.0, 9.0, 2.0],
    [60.0, 16.0, 13.0, 8.0, 3.0],
    [65.0, 14.0, 12.0, 7.0, 2.0],
    [50.0, 22.0, 18.0, 8.0, 2.0],
    [72.0, 14.0, 10.0, 3.2, 0.8],
    [98.0, 1.0, 0.6, 0.3, 0.1],
    [85.0, 8.0, 5.0, 1.7, 0.3],
    [95.0, 2.5, 1.7, 0.7, 0.1],
    [93.0, 3.5, 2.5, 0.9, 0.1],
    [99.0, 0.5, 0.3, 0.1, 0.1],
    [92.0, 4.0, 2.8, 1.0, 0.2],
    [99.7, 0.15, 0.1, 0.04, 0.01],
    [98.0, 1.5, 0.3, 0.15, 0.05],
    [88.0, 6.0, 4.0, 1.6, 0.4],
    [25.0, 25.0, 28.0, 17.0, 5.0],
    [42.0, 22.0, 22.0, 12.0, 2.0],
    [42.0, 23.0, 20.0, 11.0, 4.0],
    [48.0, 22.0, 18.0, 9.0, 3.0],
];

/// Languages of people whose main language is not English, by ethnic group: ISO 639-1 or NHS extension, and weight.
pub(super) const LANGUAGES: [&[(&str, f64)]; 19] = [
    &[("bn", 96.0), ("ur", 2.0), ("hi", 2.0)],
    &[("zh", 98.0), ("ms", 2.0)],
    &[("gu", 57.0), ("pa", 20.0), ("hi", 9.0), ("ml", 5.0), ("ta", 4.0), ("te", 3.0), ("ur", 2.0)],
    &[("ur", 62.0), ("pa", 30.0), ("ps", 8.0)],
    &[
        ("ta", 24.0),
        ("tl", 14.0),
        ("ml", 13.0),
        ("fa", 13.0),
        ("ne", 11.0),
        ("gu", 11.0),
        ("si", 7.0),
        ("ar", 7.0),
    ],
    &[
        ("so", 34.0),
        ("sn", 14.0),
        ("pt", 13.0),
        ("fr", 12.0),
        ("yo", 9.0),
        ("ar", 8.0),
        ("sw", 6.0),
        ("ti", 4.0),
    ],
    &[("fr", 60.0), ("es", 40.0)],
    &[("so", 40.0), ("fr", 20.0), ("pt", 20.0), ("ar", 20.0)],
    &[("gu", 30.0), ("ur", 30.0), ("fa", 20.0), ("tr", 20.0)],
    &[("pt", 40.0), ("fr", 40.0), ("ar", 20.0)],
    &[("fr", 50.0), ("es", 50.0)],
    &[("pt", 35.0), ("es", 35.0), ("ar", 30.0)],
    &[("q4", 40.0), ("pl", 30.0), ("cy", 20.0), ("fr", 10.0)],
    &[("ga", 80.0), ("q4", 20.0)],
    &[("ga", 60.0), ("ro", 40.0)],
    &[("ro", 55.0), ("sk", 25.0), ("cs", 20.0)],
    &[
        ("pl", 46.0),
        ("ro", 18.0),
        ("pt", 7.0),
        ("lt", 7.0),
        ("it", 6.0),
        ("lv", 5.0),
        ("es", 5.0),
        ("bg", 4.0),
        ("hu", 2.0),
    ],
    &[("ar", 95.0), ("fr", 5.0)],
    &[("ku", 26.0), ("ar", 20.0), ("pa", 18.0), ("fa", 16.0), ("tr", 12.0), ("pt", 8.0)],
];
/// Chance of needing an interpreter, by English as in [`ENGLISH`]; of people whose language is a sign language.
pub(super) const INTERPRETER: [f64; 5] = [0.0005, 0.005, 0.04, 0.55, 0.96];
pub(super) const INTERPRETER_SIGNED: f64 = 0.9;

/// Percentages of missing states: not stated, asked and unsure, not known, empty.
pub(super) type Missing = [f64; 4];
pub(super) mod missing {
    use super::Missing;

    pub(in super::super) const SEX: Missing = [0.0, 0.0, 0.1, 0.1];
    pub(in super::super) const GENDER_IDENTITY: Missing = [1.0, 0.0, 10.0, 25.0];
    pub(in super::super) const SAME_AT_BIRTH: Missing = [2.0, 0.1, 8.0, 30.0];
    pub(in super::super) const MARITAL: Missing = [2.0, 0.0, 12.0, 20.0];
    pub(in super::super) const ETHNIC: Missing = [3.0, 0.0, 8.0, 4.0];
    /// In addition to people who did not answer the census: the published table counts them.
    pub(in super::super) const RELIGION: Missing = [2.0, 0.5, 12.0, 22.0];
    /// As for religion.
    pub(in super::super) const ORIENTATION: Missing = [4.0, 1.0, 20.0, 32.0];
    pub(in super::super) const DISABILITY: Missing = [2.0, 0.3, 6.0, 15.0];
    pub(in super::super) const INCLUSION: Missing = [1.0, 0.0, 10.0, 30.0];
    pub(in super::super) const LOCAL: Missing = [0.0, 0.0, 5.0, 20.0];
    pub(in super::super) const CARER: Missing = [1.0, 0.5, 10.0, 25.0];
    pub(in super::super) const VETERAN: Missing = [1.0, 0.5, 15.0, 30.0];
    pub(in super::super) const INTERPRETER: Missing = [0.1, 0.2, 3.0, 10.0];
    pub(in super::super) const NEED: Missing = [0.5, 0.5, 6.0, 20.0];
    pub(in super::super) const ACCESS: Missing = [1.0, 0.5, 5.0, 10.0];
    pub(in super::super) const LANGUAGE: Missing = [0.5, 0.0, 5.0, 8.0];
    /// Of proxy access, contact details and support in a snapshot.
    pub(in super::super) const ACCESS_FLAG: Missing = [0.2, 0.1, 1.7, 3.0];
    /// Share of people whose address is not known.
    pub(in super::super) const HOME: f64 = 0.02;
}

/// Ages from which and to which a year's pregnancies are drawn; months of the cycle of 200 that are pregnancy, then maternity.
pub(super) const FERTILE: std::ops::RangeInclusive<u8> = 16..=45;
pub(super) const PREGNANT_MONTHS: u32 = 9;
pub(super) const MATERNITY_MONTHS: u32 = 6;
pub(super) const PREGNANCY_CYCLE: u32 = 200;

/// Shares of adults in inclusion-health groups that no table has.
pub(super) const DEPENDENCE: f64 = 0.009;
pub(super) const JUSTICE: f64 = 0.005;
pub(super) const SLAVERY: f64 = 0.0003;
pub(super) const SEX_WORK: f64 = 0.0006;
pub(super) const MARGINALISED: f64 = 0.001;

/// Shares in local groups: of people with a learning or a behavioural disability, of adults, by age, of children, of young adults.
pub(super) const LEARNING_DISABILITY: f64 = 0.12;
pub(super) const AUTISM: f64 = 0.35;
pub(super) const MENTAL_ILLNESS: f64 = 0.011;
pub(super) const DEMENTIA: [f64; BANDS] = [0.0, 0.0, 0.0, 0.0, 0.001, 0.004, 0.02, 0.12];
pub(super) const MULTIMORBIDITY: [f64; BANDS] = [0.0, 0.01, 0.03, 0.07, 0.13, 0.22, 0.35, 0.52];
pub(super) const FRAILTY: [f64; BANDS] = [0.0, 0.0, 0.0, 0.0, 0.005, 0.01, 0.05, 0.22];
pub(super) const LOOKED_AFTER: f64 = 0.006;
pub(super) const CARE_LEAVERS: f64 = 0.005;
pub(super) const FORCES_FAMILY: f64 = 0.01;
pub(super) const RURAL_ISOLATION: f64 = 0.05;
/// Districts in which people are taken to be isolated: Rutland, Harborough, Melton.
pub(super) const RURAL: [&str; 3] = ["E06000017", "E07000131", "E07000133"];

/// Share with an accessible-information need: of people who hear, see, speak or learn with difficulty, of others.
pub(super) const NEED: f64 = 0.45;
pub(super) const NEED_OF_OTHERS: f64 = 0.01;

/// Share of people whose gender identity is not the same as at birth, and who are neither man nor woman.
pub(super) const NOT_SAME_AT_BIRTH: f64 = 0.005;
pub(super) const NON_BINARY: f64 = 0.001;

/// Preferred channel by digital access (able, with help, unable), in the order of the codes.
pub(super) const PREFERRED: [[f64; 7]; 3] = [
    [55.0, 0.3, 22.0, 6.0, 3.0, 6.7, 7.0],
    [72.0, 1.0, 21.0, 2.0, 1.0, 2.0, 1.0],
    [88.0, 5.0, 7.0, 0.0, 0.0, 0.0, 0.0],
];
/// Share of people whose preference is recorded.
pub(super) const PREFERENCE_RECORDED: f64 = 0.4;

/// By access: whether a face-to-face appointment was offered where the contact was remote, and asked for.
pub(super) const OFFERED: [f64; 3] = [0.6, 0.72, 0.85];
pub(super) const REQUESTED: [f64; 3] = [0.25, 0.45, 0.7];
/// Shares of records that have these fields.
pub(super) const OFFER_RECORDED: f64 = 0.75;
pub(super) const REQUEST_RECORDED: f64 = 0.65;
/// Interpreter present where one is needed: in person, at home, by telephone, online, channel not known.
pub(super) const INTERPRETER_PRESENT: [f64; 5] = [0.72, 0.5, 0.6, 0.35, 0.5];
/// Accessible need met, and how often it is recorded.
pub(super) const NEED_MET: f64 = 0.7;
pub(super) const NEED_MET_RECORDED: f64 = 0.75;
/// First contacts among all.
pub(super) const FIRST: f64 = 0.62;
/// Attended, but late; missed by arriving too late; of what was published as unknown: cancelled by the person, by the provider.
pub(super) const LATE: f64 = 0.06;
pub(super) const TOO_LATE: f64 = 0.08;
pub(super) const CANCELLED_BY_PERSON: f64 = 0.2;
pub(super) const CANCELLED_BY_PROVIDER: f64 = 0.12;
/// Calls of people who hear or speak with difficulty that are talk type.
pub(super) const TALK_TYPE: f64 = 0.2;
/// Share of unknown values that are empty, not coded as unknown.
pub(super) const LEFT_EMPTY: f64 = 0.6;
/// Share of consultations without digital access although their source collects it: only the snapshot has it.
pub(super) const ACCESS_LEFT_OUT: f64 = 0.35;

/// Enabled for online services, by access; children. Of those who are: for appointments, prescriptions, the record.
pub(super) const ENABLED: [f64; 3] = [0.42, 0.3, 0.1];
pub(super) const ENABLED_CHILD: f64 = 0.04;
pub(super) const SERVICES: [f64; 3] = [0.9, 0.93, 0.45];
/// Registered with the NHS App in the end, by access, and of those active; half of the way after so many months from the start
/// (December 2018, in months since January 1970); from this age.
pub(super) const APP: [f64; 3] = [0.75, 0.4, 0.06];
pub(super) const APP_ACTIVE: [f64; 3] = [0.75, 0.55, 0.3];
pub(super) const APP_START: u16 = 587;
pub(super) const APP_HALF: f64 = 24.0;
pub(super) const APP_AGE: u8 = 13;
/// Share of people with proxy access, by digital access; share of children.
pub(super) const PROXY: [f64; 3] = [0.004, 0.08, 0.16];
pub(super) const PROXY_CHILD: f64 = 0.2;
/// Contact details on record, by access.
pub(super) const MOBILE: [f64; 3] = [0.96, 0.85, 0.6];
pub(super) const EMAIL: [f64; 3] = [0.72, 0.45, 0.12];
/// Reasons of people who are assessed as unable or able with help: the first two times [`UNABLE_BY_DECILE`]; skills from 65 and
/// under; language with and without need of an interpreter; disability with and without one.
pub(super) const NO_DEVICE: f64 = 0.34;
pub(super) const NO_CONNECTION: f64 = 0.18;
pub(super) const SKILLS: [f64; 2] = [0.62, 0.3];
pub(super) const LANGUAGE_REASON: [f64; 2] = [0.8, 0.01];
pub(super) const DISABILITY_REASON: [f64; 2] = [0.45, 0.02];
pub(super) const TRUST: f64 = 0.2;
pub(super) const NO_PRIVATE_SPACE: f64 = 0.06;
/// Share of assessed people with recorded reasons, or a recorded NONE.
pub(super) const REASON_RECORDED: f64 = 0.8;
/// Support towards digital inclusion: share offered among people who need support, share accepted among offers.
pub(super) const SUPPORT_OFFERED: f64 = 0.45;
pub(super) const SUPPORT_ACCEPTED: f64 = 0.55;
