//! The columns of an exported file: the same for every table, so that files can be put one below the other.

use std::sync::LazyLock;

use crate::cli::show::sheet::Sheet;
use crate::cli::show::words;
use crate::proto::v1::{CategoryKey, ExportRow};

/// Keys that a row can have: three dimensions.
pub const KEYS: usize = 3;
/// Keys that a group can have: a channel and a band of days.
pub const GROUPS: usize = 2;

/// The type of a column, and how its value is read from a row. Empty text means an absent value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text; empty text is an empty cell.
    Text(fn(&ExportRow) -> String),
    /// A whole number; absent is an empty cell or null.
    Count(fn(&ExportRow) -> Option<i64>),
    /// A share, rate, score or limit, unrounded.
    Real(fn(&ExportRow) -> Option<f64>),
    /// `true` or `false`.
    Flag(fn(&ExportRow) -> bool),
}

/// A column of an exported file, and its value for a row.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Its content, in a sentence.
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

/// Reads one column from a key and its label.
type Part = fn(&CategoryKey, &str) -> String;

fn part(keys: &[CategoryKey], labels: &[String], number: usize, read: Part) -> String {
    let label = labels.get(number).map_or("", String::as_str);
    keys.get(number).map(|key| read(key, label)).unwrap_or_default()
}

fn key<const N: usize>(row: &ExportRow, read: Part) -> String {
    part(&row.keys, &row.key_labels, N, read)
}

fn group<const N: usize>(row: &ExportRow, read: Part) -> String {
    part(&row.group, &row.group_labels, N, read)
}

/// The four columns of a key of the row, or of its group.
macro_rules! key_columns {
    ($name:literal, $of:ident, $n:literal) => {
        [
            column(
                concat!($name, "_dimension"),
                Text(|r| $of::<$n>(r, |key, _| key.dimension.clone())),
                DIMENSION,
            ),
            column(
                concat!($name, "_code"),
                Text(|r| $of::<$n>(r, |key, _| key.code.clone())),
                CODE,
            ),
            column(
                concat!($name, "_label"),
                Text(|r| $of::<$n>(r, |_, label| label.to_owned())),
                LABEL,
            ),
            column(
                concat!($name, "_state"),
                Text(|r| $of::<$n>(r, |key, _| words::state(key.state))),
                STATE,
            ),
        ]
    };
}

use Kind::{Count, Flag, Real, Text};

const DIMENSION: &str = "Dimension of this key; empty if there is no such key (the total has no keys, a figure about the whole row has no group)";
const CODE: &str = "Code of the category; the name of the state if the state is not KNOWN";
const LABEL: &str = "Label of the category";
const STATE: &str = "KNOWN, ANY, NONE, COARSER or a missing state: NOT_STATED, NOT_RECORDED, NOT_COLLECTED and so on";

/// Columns before the keys.
const BEFORE: &[Column] = &[
    column(
        "table_name",
        Text(|r| r.table.clone()),
        "CHANNELS, OUTCOMES, EXCLUSION, PROVISION, IMPACT or RISK; ESTIMATES: published figures; ASSESSMENTS: texts of providers",
    ),
    column("collection", Text(|r| r.collection.clone()), "Collection of the figure"),
    column(
        "data_class",
        Text(|r| asked(r.data_class, words::data_class)),
        "REAL; or SYNTHETIC: the data says nothing about real people",
    ),
    column(
        "area",
        Text(|r| r.area.clone()),
        "Area code; empty if the question names organisations",
    ),
    column("area_name", Text(|r| r.area_name.clone()), "Name of the area"),
    column(
        "area_type",
        Text(|r| r.area_type.clone()),
        "Type of the area: system, place, sub_icb, pcn and so on",
    ),
    column(
        "area_basis",
        Text(|r| asked(r.area_basis, words::area_basis)),
        "PROVIDER: where care is given; RESIDENCE: where people live; empty: the publisher does not say",
    ),
    column("first_month", Text(|r| r.first_month.clone()), "First month covered"),
    column("last_month", Text(|r| r.last_month.clone()), "Last month covered"),
];

/// Columns behind the keys and the group.
const BEHIND: &[Column] = &[
    column(
        "indicator",
        Text(|r| r.indicator.clone()),
        "Indicator id, or the name of a count: CONTACTS, PEOPLE and so on",
    ),
    column("indicator_label", Text(|r| r.indicator_label.clone()), "Label of the indicator"),
    column(
        "unit",
        Text(|r| asked(r.unit, words::unit)),
        "COUNT, RATIO (0 to 1), PER_1000_MONTH, SCORE, DIFFERENCE (-1 to 1), DAYS",
    ),
    column("value", Real(|r| r.value), "The value, unrounded; empty if absence_reason says why"),
    column("lower", Real(|r| r.lower), "Lower confidence limit"),
    column("upper", Real(|r| r.upper), "Upper confidence limit"),
    column(
        "numerator_count",
        Count(|r| r.numerator_count),
        "Numerator; if the unit is COUNT, the count itself",
    ),
    column(
        "denominator_count",
        Count(|r| r.denominator_count),
        "Denominator; for ESTIMATES the unweighted base",
    ),
    column(
        "unknown_count",
        Count(|r| r.unknown_count),
        "Records whose answer is not known; in no denominator",
    ),
    column(
        "not_collected_count",
        Count(|r| r.not_collected_count),
        "Records whose source does not collect the field; in no denominator; empty is not 0",
    ),
    column(
        "outside_count",
        Count(|r| r.outside_count),
        "Records to which the figure does not apply; with the three counts before, everybody; empty is not 0",
    ),
    column(
        "absence_reason",
        Text(|r| {
            r.absence.as_ref().map(|why| words::absence_reason(why.reason)).unwrap_or_default()
        }),
        "NO_DATA, NOT_COLLECTED, WITHHELD, OUT_OF_SCOPE, NOT_COMPUTABLE or ERASED; empty if there is a value",
    ),
    column(
        "absence_detail",
        Text(|r| r.absence.as_ref().map(|why| why.detail.clone()).unwrap_or_default()),
        "The reason in a sentence",
    ),
    column(
        "coverage_ratio",
        Real(|r| r.coverage_ratio),
        "Share of records whose source collects the characteristics of the keys (the lowest share); on total rows, the measured field",
    ),
    column(
        "unknown_ratio",
        Real(|r| r.unknown_ratio),
        "Share of covered records whose category is unknown (the highest share of the keys); on total rows, of the measured field",
    ),
    column(
        "organisation_count",
        Count(|r| counted(r, r.organisation_count)),
        "Number of organisations that have submitted",
    ),
    column(
        "expected_organisation_count",
        Count(|r| counted(r, r.expected_organisation_count)),
        "Number of organisations that are expected to submit",
    ),
    column(
        "submission_count",
        Count(|r| counted(r, r.submission_count)),
        "Number of submissions that the answer was computed from",
    ),
    column(
        "month_count",
        Count(|r| counted(r, r.month_count)),
        "Number of months with at least one submission",
    ),
    column(
        "expected_month_count",
        Count(|r| counted(r, r.expected_month_count)),
        "Number of requested months; if month_count is lower, the figure does not cover the whole period",
    ),
    column(
        "position",
        Count(|r| Some(r.position)),
        "Log position at which the figure was read: the same for the whole file",
    ),
    column(
        "data_position",
        Count(|r| Some(r.data_position)),
        "Log position of the last change that affects the figure",
    ),
    column("provenance", Text(|r| r.provenance.clone()), "Publisher and licence of the data"),
    column(
        "ecological",
        Flag(|r| r.ecological),
        "Whether the figure is about an area and says nothing about any one person in it",
    ),
    column(
        "not_for_targets",
        Flag(|r| r.not_for_targets),
        "Whether the figure must not be used for targets or to judge performance",
    ),
    column(
        "statement",
        Text(|r| r.statement.clone()),
        "Sentences that must appear with the figure; for ASSESSMENTS the text of the assessment",
    ),
    column(
        "measure",
        Text(|r| asked(r.measure, words::measure)),
        "What was counted: CONTACTS, ATTENDED_CONTACTS or PERSONS",
    ),
    column(
        "denominator",
        Text(|r| asked(r.denominator, words::denominator)),
        "Denominator of the shares of channels: KNOWN_ONLY or ALL",
    ),
    column(
        "confidence_level",
        Real(|r| Some(r.confidence_level).filter(|level| *level > 0.0)),
        "Confidence level of the limits; empty: there are none, or it is not known",
    ),
    column(
        "conditions",
        Text(|r| r.conditions.clone()),
        "Conditions of the question, in order: lead_time=SAME_DAY;sex=1,2; empty: none",
    ),
    column(
        "parameters",
        Text(|r| r.parameters.clone()),
        "Other settings of the question: late_counts_as_missed=true;request_met_days=14; empty: none",
    ),
    column(
        "organisation",
        Text(|r| r.organisation.clone()),
        "Organisation that the figure is about: the only requested one, or that of the key; empty: several",
    ),
    column("organisation_name", Text(|r| r.organisation_name.clone()), "Name of the organisation"),
    column(
        "unattributed_count",
        Count(|r| r.unattributed_count),
        "Consultations or people that cannot be attributed to the area; empty: none",
    ),
    column(
        "unattributed_detail",
        Text(|r| r.unattributed_detail.clone()),
        "Why they cannot be attributed, and which organisations",
    ),
    column("notes", Text(|r| r.notes.join(" ")), "Sentences that a reader has to know"),
    column(
        "series",
        Text(|r| r.series.clone()),
        "ESTIMATES: figures of several periods can be compared within one series and base",
    ),
    column(
        "series_break",
        Flag(|r| r.series_break),
        "ESTIMATES: whether the figure of the period before has another series or base; do not draw a line between the two",
    ),
    column(
        "base",
        Text(|r| r.base.clone()),
        "ESTIMATES: wording of the question, and who was asked; figures with different bases are not comparable",
    ),
    column(
        "weight",
        Real(|r| r.weight),
        "ESTIMATES: sum of the weights or weighted number, if it was published",
    ),
];

/// Every column, in order.
pub static COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let id = [column(
        "column",
        Text(|r| r.column.clone()),
        "Stable id of the figure's column: CH-01/TELEPHONE",
    )];
    [
        BEFORE,
        &key_columns!("key_1", key, 0),
        &key_columns!("key_2", key, 1),
        &key_columns!("key_3", key, 2),
        &id,
        &key_columns!("group_1", group, 0),
        &key_columns!("group_2", group, 1),
        BEHIND,
    ]
    .concat()
});

/// The name of an enumeration's value; empty if it is unspecified.
fn asked(value: i32, name: fn(i32) -> String) -> String {
    if value == 0 { String::new() } else { name(value) }
}

/// A number from the answer's context; none for estimates and assessments, which are not computed from submissions of records.
fn counted(row: &ExportRow, count: i32) -> Option<i64> {
    let beside = ["ESTIMATES", "ASSESSMENTS"].contains(&row.table.as_str());
    (!beside).then_some(count.into())
}

/// The columns as a list.
pub fn sheet() -> Sheet {
    let mut sheet = Sheet::new(["column", "type", "about"]);
    for column in COLUMNS.iter() {
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
        assert_eq!(texts.collect::<Vec<_>>(), ["0", "1", "2"]);
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
        ] {
            assert_eq!(shown(&row, name), is, "{name}");
            assert_eq!(shown(&ExportRow::default(), name), is_not, "{name}");
        }
    }
}
