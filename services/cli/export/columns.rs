//! The columns of an exported file: the same for every table, so that files can be put one below the other.

use std::sync::LazyLock;

use jiff::civil::Date;

use crate::cli::show::sheet::Sheet;
use crate::cli::show::words;
use crate::proto::v1::{
    AbsenceReason, AreaBasis, CategoryKey, CategoryState, DataClass, Denominator, Disclosure,
    ExportRow, Measure, Profile, ProtectionMethod, Unit, Verdict,
};

/// Keys that a row can have: three dimensions.
pub const KEYS: usize = 3;
/// Keys that a group can have: a channel, a band of days, and a comparison.
pub const GROUPS: usize = 3;

/// The type of a column, and how its value is read from a row. Empty text means an absent value.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text.
    Text(fn(&ExportRow) -> String),
    /// A whole number.
    Count(fn(&ExportRow) -> Option<i64>),
    /// A share, rate, score or limit, unrounded.
    Real(fn(&ExportRow) -> Option<f64>),
    /// A day.
    Day(fn(&ExportRow) -> Option<Date>),
    /// Yes or no.
    Flag(fn(&ExportRow) -> bool),
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct FileColumn {
    /// Its name in the header.
    pub name: &'static str,
    /// Its content, in a sentence.
    pub about: &'static str,
    /// Its type and content.
    pub kind: Kind,
}

impl FileColumn {
    /// Name of its type.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Text(_) => "text",
            Kind::Count(_) => "integer",
            Kind::Real(_) => "real",
            Kind::Day(_) => "date",
            Kind::Flag(_) => "boolean",
        }
    }

    /// The value as text; an absent value is empty.
    pub fn text(&self, row: &ExportRow) -> String {
        match self.kind {
            Kind::Text(read) => read(row),
            Kind::Count(read) => read(row).map_or_else(String::new, |value| value.to_string()),
            Kind::Real(read) => read(row).map_or_else(String::new, |value| value.to_string()),
            Kind::Day(read) => read(row).map_or_else(String::new, |day| day.to_string()),
            Kind::Flag(read) => read(row).to_string(),
        }
    }

    /// Whether the row has a value here: text, a number, a day, or yes.
    pub(super) fn is_filled(&self, row: &ExportRow) -> bool {
        match self.kind {
            Kind::Flag(read) => read(row),
            Kind::Text(_) | Kind::Count(_) | Kind::Real(_) | Kind::Day(_) => {
                !self.text(row).is_empty()
            }
        }
    }
}

/// Reads one column from the key of this number and its label; empty if there is no such key.
fn part(
    keys: &[CategoryKey],
    labels: &[String],
    number: usize,
    read: fn(&CategoryKey, &str) -> String,
) -> String {
    let label = labels.get(number).map_or("", String::as_str);
    keys.get(number).map(|key| read(key, label)).unwrap_or_default()
}

/// Columns by type, name, meaning, and how each is read from a row.
macro_rules! columns {
    ($($type:ident $name:expr, $about:literal = $read:expr;)*) => {
        &[$(FileColumn { name: $name, about: $about, kind: Kind::$type($read) }),*]
    };
}

/// The four columns of a key of the row, or of its group.
macro_rules! key_columns {
    ($name:literal, $keys:ident, $labels:ident, $n:literal) => {
        columns! {
            Text concat!($name, "_dimension"), "Dimension of this key; empty if there is no such key (the total has no keys, a figure about the whole row has no group)"
                = |r| part(&r.$keys, &r.$labels, $n, |key, _| key.dimension.clone());
            Text concat!($name, "_code"), "Code of the category; the name of the state if the state is not KNOWN"
                = |r| part(&r.$keys, &r.$labels, $n, |key, _| key.code.clone());
            Text concat!($name, "_label"), "Label of the category"
                = |r| part(&r.$keys, &r.$labels, $n, |_, label| label.to_owned());
            Text concat!($name, "_state"), "KNOWN, ANY, NONE, COARSER or a missing state: NOT_STATED, NOT_RECORDED, NOT_COLLECTED and so on"
                = |r| part(&r.$keys, &r.$labels, $n, |key, _| words::name(key.state, CategoryState::as_str_name));
        }
    };
}

/// Columns before the keys.
const BEFORE: &[FileColumn] = columns! {
    Text "table_name", "CHANNELS, OUTCOMES, EXCLUSION, PROVISION, IMPACT, RISK, INEQUALITY, GAP_TREND, GAPS, TARGET_STATUS, RECORDING, TIMELINESS, REPRESENTATIVENESS, CONSISTENCY, RESTORATION or STANDARDISED_RATES; ESTIMATES: published figures; ASSESSMENTS: texts of providers" = |r| r.table.clone();
    Text "collection", "Collection of the figure" = |r| r.collection.clone();
    Text "data_class", "REAL; or SYNTHETIC: the data says nothing about real people" = |r| asked(r.data_class, DataClass::as_str_name);
    Text "area", "Area code; empty if the question names organisations" = |r| r.area.clone();
    Text "area_name", "Name of the area" = |r| r.area_name.clone();
    Text "area_type", "Type of the area: system, place, sub_icb, pcn and so on" = |r| r.area_type.clone();
    Text "area_basis", "PROVIDER: where care is given; RESIDENCE: where people live; empty: the publisher does not say" = |r| asked(r.area_basis, AreaBasis::as_str_name);
    Text "first_month", "First month covered" = |r| r.first_month.clone();
    Text "last_month", "Last month covered" = |r| r.last_month.clone();
    Day "period_start", "First day covered" = |r| first_day(&r.first_month);
    Day "period_end", "Last day covered" = |r| first_day(&r.last_month).map(Date::last_of_month);
};

/// The column between the keys and the group.
const ID: &[FileColumn] = columns! {
    Text "column", "Stable id of the figure's column: CH-01/TELEPHONE" = |r| r.column.clone();
};

/// Columns behind the keys and the group.
const BEHIND: &[FileColumn] = columns! {
    Text "indicator", "Indicator id, or the name of a count: CONTACTS, PEOPLE and so on" = |r| r.indicator.clone();
    Text "indicator_label", "Label of the indicator" = |r| r.indicator_label.clone();
    Text "unit", "COUNT, RATIO (0 to 1), PER_1000_MONTH, SCORE, DIFFERENCE (-1 to 1), DAYS, TIMES (1: no difference), INDEX, PERCENT" = |r| asked(r.unit, Unit::as_str_name);
    Real "value", "The value, unrounded; empty if absence_reason says why" = |r| r.value;
    Real "lower", "Lower confidence limit" = |r| r.lower;
    Real "upper", "Upper confidence limit" = |r| r.upper;
    Count "numerator_count", "Numerator; if the unit is COUNT, the count itself" = |r| r.numerator_count;
    Count "denominator_count", "Denominator; for ESTIMATES the unweighted base" = |r| r.denominator_count;
    Count "unknown_count", "Records whose answer is not known; in no denominator" = |r| r.unknown_count;
    Count "not_collected_count", "Records whose source does not collect the field; in no denominator; empty is not 0" = |r| r.not_collected_count;
    Count "outside_count", "Records to which the figure does not apply; with the three counts before, everybody; empty is not 0" = |r| r.outside_count;
    Text "absence_reason", "NO_DATA, NOT_COLLECTED, WITHHELD, OUT_OF_SCOPE, NOT_COMPUTABLE, ERASED or SUPPRESSED; empty if there is a value" = |r| { r.absence.as_ref().map(|why| words::name(why.reason, AbsenceReason::as_str_name)).unwrap_or_default() };
    Text "absence_detail", "The reason in a sentence" = |r| r.absence.as_ref().map(|why| why.detail.clone()).unwrap_or_default();
    Text "verdict", "Of a comparison: BETTER, SIMILAR, WORSE, HIGHER or LOWER than the reference; empty: no comparison" = |r| asked(r.verdict, Verdict::as_str_name);
    Text "sentence", "The row in a sentence, in tables of gaps; otherwise empty" = |r| r.sentence.clone();
    Text "source_table", "Table that the figures of the row are computed from, in tables of inequality and gaps; otherwise empty" = |r| r.source_table.clone();
    Real "coverage_ratio", "Share of records whose source collects the characteristics of the keys (the lowest share); on total rows, the measured field" = |r| r.coverage_ratio;
    Real "unknown_ratio", "Share of covered records whose category is unknown (the highest share of the keys); on total rows, of the measured field" = |r| r.unknown_ratio;
    Count "organisation_count", "Number of organisations that have submitted" = |r| counted(r, r.organisation_count);
    Count "expected_organisation_count", "Number of organisations that are expected to submit" = |r| counted(r, r.expected_organisation_count);
    Count "submission_count", "Number of submissions that the answer was computed from" = |r| counted(r, r.submission_count);
    Count "month_count", "Number of months with at least one submission" = |r| counted(r, r.month_count);
    Count "expected_month_count", "Number of requested months; if month_count is lower, the figure does not cover the whole period" = |r| counted(r, r.expected_month_count);
    Count "position", "Log position at which the figure was read: the same for the whole file" = |r| Some(r.position);
    Count "data_position", "Log position of the last change that affects the figure" = |r| Some(r.data_position);
    Text "release", "Release that the figure shows: 2026-11; empty: none was asked for" = |r| r.release.clone();
    Text "provenance", "Publisher and licence of the data" = |r| r.provenance.clone();
    Flag "ecological", "Whether the figure is about an area and says nothing about any one person in it" = |r| r.ecological;
    Flag "not_for_targets", "Whether the figure must not be used for targets or to judge performance" = |r| r.not_for_targets;
    Text "statement", "Sentences that must appear with the figure; for ASSESSMENTS the text of the assessment" = |r| r.statement.clone();
    Text "measure", "What was counted: CONTACTS, ATTENDED_CONTACTS or PERSONS" = |r| asked(r.measure, Measure::as_str_name);
    Text "denominator", "Denominator of the shares of channels: KNOWN_ONLY or ALL" = |r| asked(r.denominator, Denominator::as_str_name);
    Real "confidence_level", "Confidence level of the limits; empty: there are none, or it is not known" = |r| Some(r.confidence_level).filter(|level| *level > 0.0);
    Text "conditions", "Conditions of the question, in order: lead_time=SAME_DAY;sex=1,2; empty: none" = |r| r.conditions.clone();
    Text "parameters", "Other settings of the question: late_counts_as_missed=true;request_met_days=14; empty: none" = |r| r.parameters.clone();
    Text "organisation", "Organisation that the figure is about: the only requested one, or that of the key; empty: several" = |r| r.organisation.clone();
    Text "organisation_name", "Name of the organisation" = |r| r.organisation_name.clone();
    Count "unattributed_count", "Consultations or people that cannot be attributed to the area; empty: none" = |r| r.unattributed_count;
    Text "unattributed_detail", "Why they cannot be attributed, and which organisations" = |r| r.unattributed_detail.clone();
    Text "notes", "Sentences that a reader has to know" = |r| r.notes.join(" ");
    Text "profile", "Disclosure profile that the figure was made for: INTERNAL, PARTNER or PUBLIC; empty: a published figure of others" = |r| told(r, |of| words::name(of.profile, Profile::as_str_name));
    Text "profile_version", "Version of the rules of the profile" = |r| told(r, |of| of.profile_version.clone());
    Text "protection", "How counts are protected: EXACT, PERTURBED (changed a little) or ROUNDED" = |r| told(r, |of| words::name(of.method, ProtectionMethod::as_str_name));
    Count "withheld_cell_count", "Number of figures of the same table that are withheld: of too few, or of nobody" = |r| r.disclosure.as_ref().map(|of| of.withheld_cell_count.into());
    Text "series", "ESTIMATES: figures of several periods can be compared within one series and base" = |r| r.series.clone();
    Flag "series_break", "ESTIMATES: whether the figure of the period before has another series or base; do not draw a line between the two" = |r| r.series_break;
    Text "base", "ESTIMATES: wording of the question, and who was asked; figures with different bases are not comparable" = |r| r.base.clone();
    Real "weight", "ESTIMATES: sum of the weights or weighted number, if it was published" = |r| r.weight;
};

/// Every column, in order.
pub static COLUMNS: LazyLock<Vec<FileColumn>> = LazyLock::new(|| {
    [
        BEFORE,
        key_columns!("key_1", keys, key_labels, 0),
        key_columns!("key_2", keys, key_labels, 1),
        key_columns!("key_3", keys, key_labels, 2),
        ID,
        key_columns!("group_1", group, group_labels, 0),
        key_columns!("group_2", group, group_labels, 1),
        key_columns!("group_3", group, group_labels, 2),
        BEHIND,
    ]
    .concat()
});

/// Names of all columns, in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|column| column.name)
}

/// The columns with these names, in the order of the names; the values of an option, so all exist.
pub(super) fn named(names: &[String]) -> Vec<FileColumn> {
    let find = |name: &String| COLUMNS.iter().find(|column| column.name == name).copied();
    names.iter().filter_map(find).collect()
}

/// The first day of a month like `2020-04`; none: the row is about no month.
fn first_day(month: &str) -> Option<Date> {
    format!("{month}-01").parse().ok()
}

/// The name of an enumeration's value; empty if it is unspecified.
fn asked<E: TryFrom<i32> + Default>(value: i32, name: fn(&E) -> &'static str) -> String {
    if value == 0 { String::new() } else { words::name(value, name) }
}

/// A number from the answer's context; none for estimates and assessments, which are not computed from submissions of records.
fn counted(row: &ExportRow, count: i32) -> Option<i64> {
    let beside = ["ESTIMATES", "ASSESSMENTS"].contains(&row.table.as_str());
    (!beside).then_some(count.into())
}

/// What disclosure control says of a row; empty if it does not apply.
fn told(row: &ExportRow, read: fn(&Disclosure) -> String) -> String {
    row.disclosure.as_ref().map(read).unwrap_or_default()
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
            Kind::Count(_) | Kind::Real(_) | Kind::Day(_) | Kind::Flag(_) => None,
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
            first_month: "2020-01".into(),
            last_month: "2020-02".into(),
            ..Default::default()
        };
        let shown = |row: &ExportRow, name: &str| {
            let found = COLUMNS.iter().find(|column| column.name == name).unwrap();
            match found.kind {
                Kind::Text(read) => format!("text {}", read(row)),
                Kind::Count(read) => format!("count {:?}", read(row)),
                Kind::Real(read) => format!("real {:?}", read(row)),
                Kind::Day(read) => format!("day {:?}", read(row)),
                Kind::Flag(read) => format!("flag {}", read(row)),
            }
        };
        for (name, is, is_not) in [
            ("not_collected_count", "count Some(0)", "count None"),
            ("series", "text internet-users-2", "text "),
            ("series_break", "flag true", "flag false"),
            ("base", "text adults", "text "),
            ("weight", "real Some(912.5)", "real None"),
            ("period_start", "day Some(2020-01-01)", "day None"),
            ("period_end", "day Some(2020-02-29)", "day None"),
            ("statement", "text Says nothing about anybody.", "text "),
        ] {
            assert_eq!(shown(&row, name), is, "{name}");
            assert_eq!(shown(&ExportRow::default(), name), is_not, "{name}");
        }
    }
}
