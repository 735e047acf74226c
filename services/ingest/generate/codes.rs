//! The codes of synthetic records, as static texts: making a record formats nothing.

/// The codes of one characteristic: the categories first, then the missing states not stated, asked and unsure, not known, empty.
#[derive(Debug)]
pub(super) struct Codes {
    codes: &'static [&'static str],
    known: u8,
}

/// A code, by its place in [`Codes`].
pub(super) type Code = u8;

impl Codes {
    const fn new(codes: &'static [&'static str]) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "no list is that long")]
        Codes { codes, known: codes.len() as u8 - 4 }
    }

    /// The text of a code; empty if nothing was recorded.
    #[inline]
    pub(super) fn text(&self, code: Code) -> &'static str {
        self.codes.get(usize::from(code)).copied().unwrap_or("")
    }

    /// The first place with the same code: two groups of one list may share a code of another.
    pub(super) fn first_alike(&self, code: Code) -> Code {
        let place = self.codes.iter().position(|known| *known == self.text(code));
        place.and_then(|place| Code::try_from(place).ok()).unwrap_or(code)
    }

    /// Every code, with those of missing states.
    pub(super) fn all(&self) -> impl Iterator<Item = Code> {
        0..=self.known + EMPTY
    }

    /// The code of a missing state, 0 to 3.
    #[inline]
    pub(super) fn missing(&self, state: u8) -> Code {
        self.known + state
    }
}

/// Place of the missing state that is an empty field.
pub(super) const EMPTY: u8 = 3;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = [$($known:literal),*] + [$($missing:literal),*];)*) => {
        $($(#[$doc])* pub(super) const $name: Codes = Codes::new(&[$($known,)* $($missing,)* ""]);)*
    };
}

codes! {
    /// PERSON STATED GENDER CODE.
    SEX = ["1", "2", "9"] + ["NOT_STATED", "ASKED_UNSURE", "X"];
    GENDER_IDENTITY = ["1", "2", "3", "4"] + ["Z", "ASKED_UNSURE", "X"];
    SAME_AT_BIRTH = ["Y", "N"] + ["Z", "ASKED_UNSURE", "X"];
    MARITAL = ["S", "M", "D", "W", "P"] + ["N", "ASKED_UNSURE", "9"];
    /// ETHNIC CATEGORY 2001, in the order of the groups of Census 2021, E1 to E19.
    ETHNIC_2001 = ["K", "R", "H", "J", "L", "N", "M", "P", "F", "E", "D", "G", "A", "B", "C", "C", "C", "S", "S", "INVALID"]
        + ["Z", "ASKED_UNSURE", "99"];
    /// Census 2021.
    ETHNIC_2021 = [
        "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "INVALID"
    ] + ["NOT_STATED", "ASKED_UNSURE", "NOT_KNOWN"];
    /// RELIGIOUS OR OTHER BELIEF SYSTEM AFFILIATION GROUP CODE, in the order of the assumptions; "other" as Jain and Other.
    RELIGION = ["B", "C", "D", "F", "G", "I", "K", "L"] + ["M", "ASKED_UNSURE", "N"];
    ORIENTATION = ["1", "2", "3", "4"] + ["Z", "U", "9"];
    YES_NO = ["Y", "N"] + ["Z", "U", "X"];
    ACCESS = ["ABLE", "WITH_HELP", "UNABLE", "NOT_ASSESSED"] + ["NOT_STATED", "ASKED_UNSURE", "NOT_KNOWN"];
    /// ISO 639-1 and NHS extensions: English, then every language of the assumptions.
    LANGUAGE = [
        "en", "ar", "bg", "bn", "cs", "cy", "es", "fa", "fr", "ga", "gu", "hi", "hu", "it", "ku", "lt", "lv", "ml", "ms", "ne",
        "pa", "pl", "ps", "pt", "q4", "ro", "si", "sk", "sn", "so", "sw", "ta", "te", "ti", "tl", "tr", "ur", "yo", "zh"
    ] + ["NOT_STATED", "ASKED_UNSURE", "NOT_KNOWN"];
    /// Preferred channels, in codes of the service.
    PREFERRED = ["FACE_TO_FACE", "HOME_VISIT", "TELEPHONE", "VIDEO", "EMAIL", "TEXT_ASYNC", "ONLINE_TRIAGE"]
        + ["NOT_STATED", "ASKED_UNSURE", "NOT_KNOWN"];
}

/// The code for yes or no.
pub(super) fn yes_no(yes: bool) -> Code {
    u8::from(!yes)
}

/// Place of the ethnic code that is in no code list.
pub(super) const ETHNIC_INVALID: Code = 19;
/// Place of the code for people who were not assessed.
pub(super) const NOT_ASSESSED: Code = 3;
/// Place of British Sign Language.
pub(super) const SIGNED: &str = "q4";

/// The place of a language among the codes.
pub(super) fn language(code: &str) -> Code {
    let place = LANGUAGE.codes.iter().position(|known| *known == code);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(LANGUAGE.missing(EMPTY))
}

/// Sets are bits, in the order of the codes.
pub(super) const DISABILITY: [&str; 14] =
    ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "XX", "NN", "ZZ", "NOT_KNOWN"];
pub(super) const NO_DISABILITY: u32 = 1 << 11;
pub(super) const DISABILITY_MISSING: [u32; 4] = [1 << 12, 1 << 12, 1 << 13, 0];
/// Every kind of disability.
pub(super) const ANY_DISABILITY: u32 = NO_DISABILITY - 1;
pub(super) const HEARING: u32 = 1 << 1;
pub(super) const LEARNING: u32 = 1 << 3;
pub(super) const SIGHT: u32 = 1 << 8;
pub(super) const SPEECH: u32 = 1 << 9;
pub(super) const BEHAVIOUR: u32 = 1;
pub(super) const PROGRESSIVE: u32 = 1 << 7;

pub(super) const INCLUSION: [&str; 11] = [
    "HOMELESSNESS",
    "DRUG_AND_ALCOHOL_DEPENDENCE",
    "VULNERABLE_MIGRANTS_AND_REFUGEES",
    "GYPSY_ROMA_AND_TRAVELLER",
    "JUSTICE_SYSTEM_CONTACT",
    "MODERN_SLAVERY",
    "SEX_WORKERS",
    "OTHER_MARGINALISED",
    "NONE",
    "NOT_STATED",
    "NOT_KNOWN",
];
pub(super) const IN_NO_GROUP: u32 = 1 << 8;
pub(super) const INCLUSION_MISSING: [u32; 4] = [1 << 9, 1 << 9, 1 << 10, 0];

pub(super) const LOCAL: [&str; 18] = [
    "ETHNIC_MINORITY_COMMUNITIES",
    "LEARNING_DISABILITY",
    "AUTISM",
    "SEVERE_MENTAL_ILLNESS",
    "DEMENTIA",
    "MULTIMORBIDITY",
    "FRAILTY",
    "SENSORY_IMPAIRMENT",
    "LGBTQ_PLUS",
    "ASYLUM_SEEKERS",
    "LIMITED_ENGLISH",
    "LOOKED_AFTER_CHILDREN",
    "CARE_LEAVERS",
    "YOUNG_CARERS",
    "ARMED_FORCES_COMMUNITY",
    "RURAL_ISOLATION",
    "NONE",
    "NOT_KNOWN",
];
pub(super) const IN_NO_LOCAL_GROUP: u32 = 1 << 16;
pub(super) const LOCAL_MISSING: [u32; 4] = [1 << 17, 1 << 17, 1 << 17, 0];

/// Reasons why remote care cannot be used, in the order of the assumptions.
pub(super) const REASONS: [&str; 7] = [
    "NO_DEVICE",
    "NO_CONNECTION",
    "SKILLS",
    "LANGUAGE",
    "DISABILITY_OR_ACCESS_NEED",
    "TRUST_OR_CHOICE",
    "NO_PRIVATE_SPACE",
];

/// The codes of a set.
#[inline]
pub(super) fn set(codes: &[&'static str], mut bits: u32) -> Vec<String> {
    let mut set = Vec::with_capacity(bits.count_ones() as usize);
    while bits != 0 {
        if let Some(code) = codes.get(bits.trailing_zeros() as usize) {
            set.push((*code).to_owned());
        }
        bits &= bits - 1;
    }
    set
}

/// Channels in codes of the service, by published mode. Online contacts have the codes of [`ONLINE`].
pub(super) const CHANNEL: [&str; 5] =
    ["FACE_TO_FACE", "HOME_VISIT", "TELEPHONE", "ONLINE_UNSPECIFIED", "NOT_KNOWN"];
pub(super) const TALK_TYPE: [&str; 2] = ["TALK_TYPE", "04"];
/// Online channels in codes of the service, with weights.
pub(super) const ONLINE: [(&str, f64); 7] = [
    ("VIDEO", 38.0),
    ("ONLINE_UNSPECIFIED", 24.0),
    ("ONLINE_TRIAGE", 16.0),
    ("TEXT_ASYNC", 12.0),
    ("EMAIL", 6.0),
    ("CHAT_SYNC", 3.0),
    ("MESSAGE_BOARD", 1.0),
];
/// CONSULTATION MECHANISM by published mode. It has one code for home visits and other face-to-face consultations.
pub(super) const MECHANISM: [&str; 5] = ["01", "01", "02", "98", "NOT_KNOWN"];
/// CONSULTATION MECHANISM of online contacts, with weights.
pub(super) const MECHANISM_ONLINE: [(&str, f64); 7] =
    [("11", 45.0), ("09", 22.0), ("98", 18.0), ("05", 9.0), ("10", 3.0), ("12", 2.0), ("13", 1.0)];
/// Age bands of populations. Each lies within one band of every dimension of age, except single years.
pub(super) const POPULATION_AGES: [(u8, &str); 22] = [
    (0, "0-4"),
    (5, "5-9"),
    (10, "10-14"),
    (15, "15"),
    (16, "16-17"),
    (18, "18"),
    (19, "19"),
    (20, "20-24"),
    (25, "25-29"),
    (30, "30-34"),
    (35, "35-39"),
    (40, "40-44"),
    (45, "45-49"),
    (50, "50-54"),
    (55, "55-59"),
    (60, "60-64"),
    (65, "65-69"),
    (70, "70-74"),
    (75, "75-79"),
    (80, "80-84"),
    (85, "85-89"),
    (90, "90+"),
];
pub(super) const DECILES: [&str; 11] = ["", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
