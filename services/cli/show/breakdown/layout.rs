//! How each table is arranged. A table without its own layout has its columns side by side.

use crate::proto::v1::Column;

/// The lines of a section within each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Down {
    /// One line for each row, with the columns side by side.
    Rows,
    /// A line for each group of this dimension: a channel, a need.
    Group(&'static str),
    /// A line for each indicator, with the groups side by side.
    Indicators,
}

/// The counts shown with figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// The numerator before the figure.
    Numerator,
    /// The denominator in a column behind it.
    Denominator,
    /// All counts in columns behind it if a line has one figure; otherwise none.
    All,
}

/// A table of figures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    /// Title of the section; empty: none.
    pub(super) title: &'static str,
    /// Its indicators and counts; empty: all that no other section names.
    pub(super) indicators: &'static [&'static str],
    /// Its lines if the answer has one row, and if it has several.
    pub(super) down: (Down, Down),
    pub(super) counts: Counts,
    /// Whether only the total is shown.
    pub(super) total_only: bool,
}

impl Section {
    const fn of(indicators: &'static [&'static str], down: (Down, Down), counts: Counts) -> Self {
        Self { title: "", indicators, down, counts, total_only: false }
    }
}

/// The main columns of a table: their indicators, and their groups besides all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Main(&'static [&'static str], &'static [&'static str]);

impl Main {
    /// Whether a column is one of them.
    pub(super) fn has(&self, column: &Column) -> bool {
        let group = column.group.first().map(|key| key.code.as_str());
        self.0.contains(&column.indicator.as_str())
            && group.is_none_or(|group| self.1.contains(&group))
    }
}

/// How a table is arranged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) sections: &'static [Section],
    /// What is counted, and the denominator of shares; empty: the measure and the denominator of the question.
    pub(super) counted: &'static str,
    /// Titles of columns, by indicator. Indicators with the same title share a column.
    pub(super) titles: &'static [(&'static str, &'static str)],
    /// Whether the definitions of the indicators are listed.
    pub(super) defined: bool,
    /// Ids of the columns in the chart, for an answer with one row and for one with several. Empty: the first that is not a count.
    pub(super) charted: (&'static [&'static str], &'static [&'static str]),
    /// Title of the chart; empty: the label of the indicator.
    pub(super) chart: &'static str,
    /// What a terminal shows of a long answer with several rows; if that is too long too, the next.
    pub(super) brief: &'static [Main],
}

const DEFAULT: Layout = Layout {
    sections: &[Section::of(&[], (Down::Indicators, Down::Rows), Counts::All)],
    counted: "",
    titles: &[],
    defined: false,
    charted: (&[], &[]),
    chart: "",
    brief: &[],
};

const CHANNEL: Down = Down::Group("channel");
const LEAD_TIME: Down = Down::Group("lead_time");
const NEED: Down = Down::Group("need");
const CHARACTERISTIC: Down = Down::Group("characteristic");
const REASON: Down = Down::Group("exclusion_reason");

const CHANNELS: Layout = Layout {
    sections: &[Section::of(&[], (CHANNEL, Down::Rows), Counts::Numerator)],
    titles: &[("CH-01", ""), ("CH-02", ""), ("CH-03", "per 1,000 a month")],
    brief: &[
        Main(CHANNEL_SHARES, &["FACE_TO_FACE", "TELEPHONE", "VIDEO", "ONLINE_UNSPECIFIED"]),
        Main(CHANNEL_SHARES, &["FACE_TO_FACE", "TELEPHONE"]),
        Main(CHANNEL_SHARES, &["FACE_TO_FACE"]),
    ],
    ..DEFAULT
};

const OUTCOMES: Layout = Layout {
    sections: &[
        Section::of(&[], (CHANNEL, CHANNEL), Counts::Numerator),
        Section {
            title: "Days from booking to appointment",
            total_only: true,
            ..Section::of(&["CH-11"], (LEAD_TIME, LEAD_TIME), Counts::Numerator)
        },
    ],
    titles: &[
        ("CONTACTS", "contacts"),
        ("ATTENDED", "attended"),
        ("OTHER_ATTENDANCE", "other"),
        ("CH-09", "did not attend"),
        ("CH-11-SAME-DAY", "same day"),
        ("CH-11-OVER-14", "over 14 days"),
        ("CH-11", ""),
    ],
    counted: "consultations; did not attend: of those attended or missed; days: of those whose days are known",
    charted: (&[], &["CH-09"]),
    brief: &[
        Main(&["CONTACTS", "CH-09", "CH-11-SAME-DAY", "CH-11-OVER-14"], &[]),
        Main(&["CONTACTS", "CH-09"], &[]),
    ],
    ..DEFAULT
};

const EXCLUSION: Layout = Layout {
    sections: &[
        Section::of(&[], (Down::Indicators, Down::Rows), Counts::All),
        Section {
            title: "Reasons of people who cannot use remote care, or only with help; a person can have several",
            ..Section::of(&["DX-21-REASON"], (REASON, Down::Rows), Counts::Numerator)
        },
    ],
    counted: "people; shares of those to whom an indicator applies and for whom the answer is known",
    titles: &[("PEOPLE", "people"), ("DX-21-REASON", "")],
    defined: true,
    charted: (&[], &["DX-21"]),
    brief: &[
        Main(&["PEOPLE", "DX-01", "DX-07", "DX-20", "DX-21"], &[]),
        Main(&["PEOPLE", "DX-01", "DX-21"], &[]),
        Main(&["PEOPLE", "DX-21"], &[]),
    ],
    ..DEFAULT
};

const PROVISION: Layout = Layout {
    sections: &[
        Section::of(&[], (NEED, NEED), Counts::All),
        Section {
            title: "Where needs are known from: consultations",
            total_only: true,
            ..Section::of(
                &["ACCESS_STATUS", "INTERPRETER_NEEDED", "ACCESSIBLE_NEED"],
                (Down::Indicators, Down::Indicators),
                Counts::All,
            )
        },
    ],
    counted: "consultations; shares of those to which an indicator applies and for which the answer is known",
    titles: &[
        ("CONTACTS", "contacts"),
        ("IN_PERSON", "in person"),
        ("REMOTE", "remote"),
        ("CH-07", "in person or offered"),
        ("CH-05", "in person or offered"),
        ("CH-07-HIGHEST", "at most"),
        ("CH-05-HIGHEST", "at most"),
        ("CH-06", "request met"),
        ("CH-08", "remote against preference"),
        ("CH-13", "interpreter present"),
        ("CH-14", "accessible need met"),
    ],
    defined: true,
    charted: (CHARTED_NEEDS, CHARTED_NEEDS),
    chart: "Seen in person or offered it: people with a need, without, and not known",
    brief: &[
        Main(GIVEN_OR_OFFERED, &["ANY_NEED", "NO_NEED", "NEED_NOT_KNOWN"]),
        Main(GIVEN_OR_OFFERED, &["ANY_NEED"]),
    ],
};

const IMPACT: Layout = Layout {
    sections: &[Section::of(&[], (Down::Indicators, Down::Indicators), Counts::Denominator)],
    counted: "consultations; remote against in person within each row",
    titles: &[("CH-10", "CH-09")],
    defined: true,
    charted: (CHARTED_DIFFERENCES, &[CHARTED_DIFFERENCES[0]]),
    chart: "Remote less in person",
    brief: &[
        Main(&["CH-09", "CH-10"], &["IN_PERSON", "REMOTE", "REMOTE_LESS_IN_PERSON"]),
        Main(&["CH-10"], &["REMOTE_LESS_IN_PERSON"]),
    ],
};

const RISK: Layout = Layout {
    counted: "people where they live; means weighted by them; no limits: a census is no sample",
    titles: &[("PEOPLE", "people"), ("DX-11", "live at high risk")],
    defined: true,
    chart: "Mean score of the areas where people live",
    ..DEFAULT
};

const INDICATORS: Layout = Layout {
    counted: "people in the numerator, of those in the denominator",
    titles: &[("NUMERATOR", "numerator"), ("DENOMINATOR", "denominator")],
    defined: true,
    ..DEFAULT
};

const RECORDING: Layout = Layout {
    sections: &[Section::of(&[], (CHARACTERISTIC, Down::Rows), Counts::Numerator)],
    counted: "consultations; shares of those whose source collects the characteristic and to which it applies",
    titles: &[
        ("CONTACTS", "consultations"),
        ("DQMI", "index"),
        ("DQ-01", "known"),
        ("DQ-02", "not stated"),
        ("DQ-02-UNSURE", "not sure"),
        ("DQ-03", "missing"),
        ("DQ-03-NOT-KNOWN", "not known"),
        ("DQ-03-NOT-RECORDED", "not recorded"),
        ("DQ-04", "valid"),
        ("DQ-04-INVALID", "invalid"),
        ("DQ-05", "score"),
        ("DQ-09", "other"),
        ("DQ-11", "collected"),
    ],
    chart: "Known",
    brief: &[
        Main(&["CONTACTS", "DQ-01", "DQ-03", "DQ-05", "DQ-11"], CHARACTERISTICS),
        Main(&["CONTACTS", "DQ-01", "DQ-11"], CHARACTERISTICS),
    ],
    ..DEFAULT
};

const TIMELINESS: Layout = Layout {
    counted: "submissions, one for each month and organisation that is expected",
    titles: &[
        ("EXPECTED", "expected"),
        ("RECEIVED", "received"),
        ("LATE", "late"),
        ("MISSING", "missing"),
        ("NOT_DUE", "not due"),
        ("DQ-06", "coverage"),
        ("DQ-07", "on time"),
        ("DQ-07-DAYS", "median days"),
    ],
    charted: (&[], &["DQ-07"]),
    ..DEFAULT
};

const REPRESENTATIVENESS: Layout = Layout {
    counted: "shares of the records and of the population with a known category; 1: as in the population",
    titles: &[
        ("CONTACTS", "consultations"),
        ("ATTENDED_CONTACTS", "attended"),
        ("PERSONS", "people"),
        ("DQ-10-RECORDS", "of records"),
        ("DQ-10-POPULATION", "of population"),
        ("DQ-10", "ratio"),
    ],
    charted: (&[], &["DQ-10"]),
    ..DEFAULT
};

const CONSISTENCY: Layout = Layout {
    counted: "people whose records give more than one value, of the people with a value",
    titles: &[("PERSONS", "people"), ("DQ-08", "more than one")],
    charted: (&[], &["DQ-08"]),
    ..DEFAULT
};

/// A line for each measure of each figure.
const INEQUALITY: Layout = Layout {
    sections: &[Section::of(&[], (Down::Indicators, Down::Indicators), Counts::All)],
    counted: "measures of the shares of another table",
    ..DEFAULT
};

const GAP_TREND: Layout = Layout {
    sections: &[
        Section::of(&[], (Down::Rows, Down::Rows), Counts::All),
        Section {
            title: "All periods",
            total_only: true,
            ..Section::of(
                &["D-CHANGE", "D-SLOPE", "TREND-SLOPE", "TREND-CHI-SQUARED", "TREND-P-VALUE"],
                (Down::Indicators, Down::Indicators),
                Counts::All,
            )
        },
    ],
    counted: "the gap between two groups, first less second",
    titles: &[("D", "difference"), ("R", "ratio"), ("VALUE", "")],
    ..DEFAULT
};

const RESTORATION: Layout = Layout {
    counted: "consultations attended in the period, divided by those of the baseline; 1: as many a month",
    titles: &[
        ("ATTENDED_CONTACTS", "attended"),
        ("BASELINE", "baseline"),
        ("RESTORATION", "restored"),
        ("RELATIVE", "to others"),
    ],
    charted: (&[], &["RESTORATION"]),
    ..DEFAULT
};

const STANDARDISED_RATES: Layout = Layout {
    counted: "consultations per 1,000 people a month; standardised by age to the European Standard Population of 2013",
    titles: &[
        ("CONTACTS", "consultations"),
        ("ATTENDED_CONTACTS", "attended"),
        ("CRUDE", "crude"),
        ("STANDARDISED", "standardised"),
    ],
    charted: (&[], &["STANDARDISED"]),
    ..DEFAULT
};

const GAPS: Layout = Layout {
    counted: "groups that are significantly worse than all",
    titles: &[
        ("VALUE", "share"),
        ("WHOLE", "of all"),
        ("D", "difference"),
        ("R", "ratio"),
        ("LEVEL-UP", "to level up"),
        ("P-VALUE", "p"),
    ],
    ..DEFAULT
};

const TARGET_STATUS: Layout = Layout {
    counted: "the value of an indicator, and what its target requires",
    titles: &[
        ("VALUE", "value"),
        ("BASELINE", "baseline"),
        ("BASELINE_STATED", "stated start"),
        ("REQUIRED", "required"),
        ("TARGET", "target"),
        ("TO_TARGET", "to target"),
    ],
    ..DEFAULT
};

const CHANNEL_SHARES: &[&str] = &["CONTACTS", "PERSONS", "CH-01", "CH-02", "CH-03"];
const CHARACTERISTICS: &[&str] =
    &["ethnic_category", "disability", "sexual_orientation", "religion"];
const GIVEN_OR_OFFERED: &[&str] = &["CONTACTS", "CH-07", "CH-05", "CH-07-HIGHEST", "CH-05-HIGHEST"];
const CHARTED_NEEDS: &[&str] = &["CH-07/ANY_NEED", "CH-05/NO_NEED", "CH-05/NEED_NOT_KNOWN"];
const CHARTED_DIFFERENCES: &[&str] = &[
    "CH-10/REMOTE_LESS_IN_PERSON",
    "CH-11-SAME-DAY/REMOTE_LESS_IN_PERSON",
    "CH-11-OVER-14/REMOTE_LESS_IN_PERSON",
    "CH-12/REMOTE_LESS_IN_PERSON",
];

impl Layout {
    /// The layout of a table.
    pub(super) fn of(table: &str) -> Self {
        match table {
            "CHANNELS" => CHANNELS,
            "OUTCOMES" => OUTCOMES,
            "EXCLUSION" => EXCLUSION,
            "PROVISION" => PROVISION,
            "IMPACT" => IMPACT,
            "RISK" => RISK,
            "INDICATORS" => INDICATORS,
            "RECORDING" => RECORDING,
            "TIMELINESS" => TIMELINESS,
            "REPRESENTATIVENESS" => REPRESENTATIVENESS,
            "CONSISTENCY" => CONSISTENCY,
            "INEQUALITY" => INEQUALITY,
            "GAP_TREND" => GAP_TREND,
            "RESTORATION" => RESTORATION,
            "STANDARDISED_RATES" => STANDARDISED_RATES,
            "GAPS" => GAPS,
            "TARGET_STATUS" => TARGET_STATUS,
            _ => DEFAULT,
        }
    }

    /// Whether a section has an indicator: it names the indicator, or no section names it and this one takes the rest.
    pub(super) fn has(&self, section: &Section, indicator: &str) -> bool {
        let named = |section: &Section| section.indicators.contains(&indicator);
        named(section) || (section.indicators.is_empty() && !self.sections.iter().any(named))
    }

    /// Title of an indicator's columns; none: the table has none of its own.
    pub(super) fn title(&self, indicator: &str) -> Option<&'static str> {
        self.titles.iter().find(|(id, _)| *id == indicator).map(|(_, title)| *title)
    }
}
