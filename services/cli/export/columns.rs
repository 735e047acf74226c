//! The columns of an exported file: the same for every table, so that files can be put one below the other.

use crate::cli::show::sheet::Sheet;
use crate::cli::show::words;
use crate::proto::v1::{CategoryKey, ExportRow};

/// Keys that a row can have: three dimensions and a band of lead time.
pub const KEYS: usize = 4;

/// What a column holds, and how it is read from a row. Empty text is nothing.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text.
    Text(fn(&ExportRow) -> String),
    /// A whole number.
    Count(fn(&ExportRow) -> Option<i64>),
    /// A share, rate, score or limit, unrounded.
    Real(fn(&ExportRow) -> Option<f64>),
    /// Yes or no.
    Flag(fn(&ExportRow) -> bool),
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// What it holds, in a sentence.
    pub about: &'static str,
    /// Its type and content.
    pub kind: Kind,
}

impl Column {
    /// Name of its type.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Text(_) => "text",
            Kind::Count(_) => "integer",
            Kind::Real(_) => "real",
            Kind::Flag(_) => "boolean",
        }
    }
}

const fn column(name: &'static str, kind: Kind, about: &'static str) -> Column {
    Column { name, about, kind }
}

fn key<const N: usize>(row: &ExportRow, read: fn(&CategoryKey) -> String) -> String {
    row.keys.get(N).map(read).unwrap_or_default()
}

fn dimension<const N: usize>(row: &ExportRow) -> String {
    key::<N>(row, |key| key.dimension.clone())
}

fn code<const N: usize>(row: &ExportRow) -> String {
    key::<N>(row, |key| key.code.clone())
}

fn state<const N: usize>(row: &ExportRow) -> String {
    key::<N>(row, |key| words::state(key.state))
}

fn label<const N: usize>(row: &ExportRow) -> String {
    row.key_labels.get(N).cloned().unwrap_or_default()
}

use Kind::{Count, Flag, Real, Text};

const DIMENSION: &str =
    "Dimension of this key; empty where the row has no such key: the total has none";
const CODE: &str = "Code of the category; the name of the state where the state is not KNOWN";
const LABEL: &str = "Words for the category";
const STATE: &str = "KNOWN, ANY, NONE, COARSER or a missing state: NOT_STATED, NOT_RECORDED, NOT_COLLECTED and so on";

/// Every column, in order.
pub const COLUMNS: &[Column] = &[
    column(
        "table_name",
        Text(|r| r.table.clone()),
        "CHANNELS, OUTCOMES, EXCLUSION, ESTIMATES, PROVISION, IMPACT or RISK",
    ),
    column("collection", Text(|r| r.collection.clone()), "Collection that the figure is made of"),
    column(
        "data_class",
        Text(|r| words::data_class(r.data_class)),
        "REAL, or SYNTHETIC: says nothing about real people; of ESTIMATES that of the collection that holds them",
    ),
    column("area", Text(|r| r.area.clone()), "Area code; empty when organisations were asked for"),
    column("area_name", Text(|r| r.area_name.clone()), "Name of the area"),
    column(
        "area_type",
        Text(|r| r.area_type.clone()),
        "Type of the area: system, place, sub_icb, pcn and so on",
    ),
    column(
        "area_basis",
        Text(|r| words::area_basis(r.area_basis)),
        "PROVIDER: where care is given; RESIDENCE: where people live",
    ),
    column("first_month", Text(|r| r.first_month.clone()), "First month covered"),
    column("last_month", Text(|r| r.last_month.clone()), "Last month covered"),
    column("key_1_dimension", Text(dimension::<0>), DIMENSION),
    column("key_1_code", Text(code::<0>), CODE),
    column("key_1_label", Text(label::<0>), LABEL),
    column("key_1_state", Text(state::<0>), STATE),
    column("key_2_dimension", Text(dimension::<1>), DIMENSION),
    column("key_2_code", Text(code::<1>), CODE),
    column("key_2_label", Text(label::<1>), LABEL),
    column("key_2_state", Text(state::<1>), STATE),
    column("key_3_dimension", Text(dimension::<2>), DIMENSION),
    column("key_3_code", Text(code::<2>), CODE),
    column("key_3_label", Text(label::<2>), LABEL),
    column("key_3_state", Text(state::<2>), STATE),
    column("key_4_dimension", Text(dimension::<3>), DIMENSION),
    column("key_4_code", Text(code::<3>), CODE),
    column("key_4_label", Text(label::<3>), LABEL),
    column("key_4_state", Text(state::<3>), STATE),
    column(
        "group_code",
        Text(|r| r.group.clone()),
        "Channel, mode, need or reason within the row; empty: all",
    ),
    column(
        "group_label",
        Text(|r| r.group_label.clone()),
        "Words for the group; all where it is empty",
    ),
    column(
        "group_state",
        Text(|r| words::state(r.group_state)),
        "What the group is, as the state of a key; ANY: all",
    ),
    column(
        "indicator",
        Text(|r| r.indicator.clone()),
        "Indicator id; of a COUNT what was counted: CONTACTS, PEOPLE and so on",
    ),
    column("indicator_label", Text(|r| r.indicator_label.clone()), "Words for the indicator"),
    column(
        "unit",
        Text(|r| r.unit.clone()),
        "RATIO (0 to 1), PER_1000_MONTH, SCORE, DIFFERENCE (-1 to 1), DAYS, COUNT",
    ),
    column("value", Real(|r| r.value), "The value, unrounded; empty where absence_reason says why"),
    column("lower", Real(|r| r.lower), "Lower confidence limit"),
    column("upper", Real(|r| r.upper), "Upper confidence limit"),
    column(
        "numerator_count",
        Count(|r| r.numerator_count),
        "Numerator, where the value has one; of a COUNT the value",
    ),
    column(
        "denominator_count",
        Count(|r| r.denominator_count),
        "Denominator, where the value has one",
    ),
    column(
        "unknown_count",
        Count(|r| r.unknown_count),
        "Those of whom it is not known; in no denominator",
    ),
    column(
        "absence_reason",
        Text(|r| {
            r.absence.as_ref().map(|why| words::absence_reason(why.reason)).unwrap_or_default()
        }),
        "NO_DATA, NOT_COLLECTED, WITHHELD, OUT_OF_SCOPE, NOT_COMPUTABLE or ERASED; empty where there is a value",
    ),
    column(
        "absence_detail",
        Text(|r| r.absence.as_ref().map(|why| why.detail.clone()).unwrap_or_default()),
        "The reason in a sentence; of an empty answer, why it is empty",
    ),
    column(
        "coverage_ratio",
        Real(|r| r.coverage_ratio),
        "Share of records whose source collects the keys, the least of them; without keys what the value is of",
    ),
    column(
        "unknown_ratio",
        Real(|r| r.unknown_ratio),
        "Share of covered records whose category is unknown, the greatest of the keys; without keys of which the value is unknown",
    ),
    column(
        "organisation_count",
        Count(|r| counted(r, r.organisation_count)),
        "Organisations that have submitted",
    ),
    column(
        "expected_organisation_count",
        Count(|r| counted(r, r.expected_organisation_count)),
        "Organisations that are expected to submit",
    ),
    column(
        "position",
        Count(|r| Some(r.position)),
        "Log position that was read at: one for the whole file",
    ),
    column(
        "data_position",
        Count(|r| Some(r.data_position)),
        "Log position of the last change that bears on the figure",
    ),
    column(
        "provenance",
        Text(|r| r.provenance.clone()),
        "Where the data comes from, and under which licence",
    ),
    column(
        "ecological",
        Flag(|r| r.ecological),
        "Whether it is about areas and says nothing about the people in them",
    ),
    column(
        "not_for_targets",
        Flag(|r| r.not_for_targets),
        "Whether it is not to be used for targets or judging performance",
    ),
    column(
        "not_collected_count",
        Count(|r| r.not_collected_count),
        "Those whose source does not collect it; in no denominator and not in unknown_count; empty: not told, which is not 0",
    ),
    column(
        "series",
        Text(|r| r.series.clone()),
        "ESTIMATES: series within which figures of several periods can be compared",
    ),
    column(
        "series_break",
        Flag(|r| r.series_break),
        "ESTIMATES: whether the period before belongs to another series; no line may be drawn across",
    ),
    column(
        "base",
        Text(|r| r.base.clone()),
        "ESTIMATES: words of the question and of whom it was asked; different bases are not comparable",
    ),
    column(
        "weight",
        Real(|r| r.weight),
        "ESTIMATES: sum of the weights or weighted number, where it was published",
    ),
    column(
        "statement",
        Text(|r| r.statement.clone()),
        "RISK: the sentence that has to stand beside the figure, what it does not mean",
    ),
    column(
        "threshold",
        Real(|r| r.threshold),
        "RISK: score from which an area is of high risk; with a value of DX-11 only",
    ),
    column(
        "organisation",
        Text(|r| r.organisation.clone()),
        "Organisation that the figure is of: the only one asked for, or that of the key; empty: of several",
    ),
    column("organisation_name", Text(|r| r.organisation_name.clone()), "Name of the organisation"),
    column(
        "measure",
        Text(|r| asked(r.measure, words::measure)),
        "What was counted: CONTACTS, ATTENDED_CONTACTS or PERSONS",
    ),
    column(
        "denominator",
        Text(|r| asked(r.denominator, words::denominator)),
        "What shares of channels are shares of: KNOWN_ONLY or ALL",
    ),
    column(
        "confidence_level",
        Real(|r| Some(r.confidence_level).filter(|level| *level > 0.0)),
        "Confidence level of the limits",
    ),
    column(
        "conditions",
        Text(|r| r.conditions.clone()),
        "Conditions that were asked for, in order: lead_time=SAME_DAY;sex=1,2; empty: none",
    ),
    column(
        "late_counts_as_missed",
        Flag(|r| r.late_counts_as_missed),
        "OUTCOMES, IMPACT: whether arriving too late to be seen counts as not attending",
    ),
    column(
        "request_met_days",
        Count(|r| (r.request_met_days > 0).then_some(i64::from(r.request_met_days))),
        "PROVISION: days from booking within which a request for face to face counts as met",
    ),
    column(
        "submission_count",
        Count(|r| counted(r, r.submission_count)),
        "Submissions that the answer was made of",
    ),
    column(
        "month_count",
        Count(|r| counted(r, r.month_count)),
        "Months for which anybody has submitted",
    ),
    column(
        "expected_month_count",
        Count(|r| counted(r, r.expected_month_count)),
        "Months asked for; a figure of fewer is not of the whole period",
    ),
    column(
        "unattributed_count",
        Count(|r| r.unattributed_count),
        "Volume of the same question that cannot be attributed to the area; empty: there is none",
    ),
    column(
        "unattributed_detail",
        Text(|r| r.unattributed_detail.clone()),
        "Why it cannot be attributed, and which organisations",
    ),
    column(
        "notes",
        Text(|r| r.notes.join(" ")),
        "What has to be known to read the figure, in sentences",
    ),
];

/// A word of the question; empty where the row is of none.
fn asked(value: i32, name: fn(i32) -> String) -> String {
    if value == 0 { String::new() } else { name(value) }
}

/// What an answer was made of; of what others published nothing is counted.
fn counted(row: &ExportRow, count: i32) -> Option<i64> {
    (row.table != "ESTIMATES").then_some(count.into())
}

/// The columns as a list.
pub fn sheet() -> Sheet {
    let mut sheet = Sheet::new(["column", "type", "about"]);
    for column in COLUMNS {
        sheet.push(vec![column.name.into(), column.kind_name().into(), column.about.into()]);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_different_and_a_row_has_all_its_keys() {
        let names: BTreeSet<_> = COLUMNS.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), COLUMNS.len());
        let keys = (0..KEYS).map(|n| CategoryKey { code: n.to_string(), ..Default::default() });
        let row = ExportRow { keys: keys.collect(), ..Default::default() };
        let codes =
            COLUMNS.iter().filter(|c| c.name.starts_with("key_") && c.name.ends_with("_code"));
        let texts = codes.filter_map(|column| match column.kind {
            Kind::Text(read) => Some(read(&row)),
            Kind::Count(_) | Kind::Real(_) | Kind::Flag(_) => None,
        });
        assert_eq!(texts.collect::<Vec<_>>(), ["0", "1", "2", "3"]);
    }

    #[test]
    fn what_tells_estimates_and_areas_apart_is_in_columns_and_nothing_is_not_zero() {
        let row = ExportRow {
            not_collected_count: Some(0),
            series: "internet-users-2".into(),
            series_break: true,
            base: "adults".into(),
            weight: Some(912.5),
            statement: "Says nothing about anybody.".into(),
            threshold: Some(6.5),
            ..Default::default()
        };
        let shown = |row: &ExportRow, name: &str| {
            let found = COLUMNS.iter().find(|column| column.name == name).unwrap();
            match found.kind {
                Kind::Text(read) => format!("text {}", read(row)),
                Kind::Count(read) => format!("count {:?}", read(row)),
                Kind::Real(read) => format!("real {:?}", read(row)),
                Kind::Flag(read) => format!("flag {}", read(row)),
            }
        };
        for (name, is, is_not) in [
            ("not_collected_count", "count Some(0)", "count None"),
            ("series", "text internet-users-2", "text "),
            ("series_break", "flag true", "flag false"),
            ("base", "text adults", "text "),
            ("weight", "real Some(912.5)", "real None"),
            ("statement", "text Says nothing about anybody.", "text "),
            ("threshold", "real Some(6.5)", "real None"),
        ] {
            assert_eq!(shown(&row, name), is, "{name}");
            assert_eq!(shown(&ExportRow::default(), name), is_not, "{name}");
        }
    }
}
