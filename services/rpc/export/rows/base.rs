//! What all rows of an answer share, and rows made of it.

use std::collections::BTreeMap;

use super::{absence, valued};
use crate::domain::reference::Reference;
use crate::proto::v1;

/// A group of people or consultations within a row.
#[derive(Clone, Debug)]
pub(super) struct Group<'a> {
    /// Code; empty: all.
    pub(super) code: &'a str,
    /// Words for it.
    pub(super) label: String,
    /// What the code is.
    pub(super) state: v1::CategoryState,
}

impl<'a> Group<'a> {
    /// All people or consultations of a row.
    pub(super) fn all() -> Self {
        Self { code: "", label: "all".into(), state: v1::CategoryState::Any }
    }

    /// One that has its own words.
    pub(super) fn known(code: &'a str, label: &str) -> Self {
        Self { code, label: label.to_owned(), state: v1::CategoryState::Known }
    }
}

/// What all rows of an answer share.
#[derive(Clone)]
pub(super) struct Base<'a> {
    pub(super) context: Option<&'a v1::BreakdownContext>,
    pub(super) reference: &'a Reference,
    words: BTreeMap<(&'a str, &'a str), &'a str>,
    pub(super) row: v1::ExportRow,
}

impl<'a> Base<'a> {
    pub(super) fn new(
        table: &str,
        context: Option<&'a v1::BreakdownContext>,
        reference: &'a Reference,
        position: i64,
    ) -> Self {
        let legend = context.iter().flat_map(|context| &context.legend);
        let words = legend.flat_map(|dimension| {
            let id = dimension.dimension.as_str();
            dimension.categories.iter().map(move |c| ((id, c.code.as_str()), c.label.as_str()))
        });
        let mut row = v1::ExportRow { table: table.into(), position, ..Default::default() };
        if let Some(context) = context {
            let area = reference.areas().get(&context.area);
            row = v1::ExportRow {
                collection: context.collection.clone(),
                data_class: context.data_class,
                area: context.area.clone(),
                area_name: context.area_name.clone(),
                area_type: area.map(|area| area.kind.clone()).unwrap_or_default(),
                area_basis: context.area_basis,
                first_month: context.first_month.clone(),
                last_month: context.last_month.clone(),
                measure: context.measure,
                denominator: context.denominator,
                confidence_level: context.confidence_level,
                conditions: conditions(&context.conditions),
                late_counts_as_missed: context.late_counts_as_missed,
                submission_count: context.submission_count,
                month_count: context.month_count,
                expected_month_count: context.expected_month_count,
                unattributed_count: context.unattributed.as_ref().map(|of| of.count),
                unattributed_detail: context
                    .unattributed
                    .as_ref()
                    .map(|of| of.detail.clone())
                    .unwrap_or_default(),
                notes: context.notes.clone(),
                organisation_count: context.organisation_count,
                expected_organisation_count: context.expected_organisation_count,
                data_position: context.data_position,
                provenance: context.provenance.clone(),
                ..row
            };
        }
        Self { context, reference, words: words.collect(), row }
    }

    /// The same, of requests that are met within so many days.
    pub(super) fn met_within(mut self, days: i32) -> Self {
        self.row.request_met_days = days;
        self
    }

    /// A row without a figure.
    pub(super) fn row(&self, keys: &[v1::CategoryKey], indicator: &str) -> v1::ExportRow {
        let known = self.reference.indicator(indicator);
        let quality = || {
            let lines = self.context.iter().flat_map(|context| &context.quality);
            lines.filter(|line| match keys {
                [] => dimension_of(indicator) == Some(&line.dimension),
                keys => keys.iter().any(|key| key.dimension == line.dimension),
            })
        };
        let (organisation, organisation_name) = self.organisation(keys);
        v1::ExportRow {
            keys: keys.to_vec(),
            key_labels: keys.iter().map(|key| self.label(key)).collect(),
            indicator: indicator.to_owned(),
            indicator_label: known.map(|known| known.label.clone()).unwrap_or_default(),
            unit: known.map_or("RATIO", |known| known.unit.name()).to_owned(),
            coverage_ratio: quality().filter_map(|line| line.coverage_ratio).reduce(f64::min),
            unknown_ratio: quality().filter_map(|line| line.unknown_ratio).reduce(f64::max),
            not_for_targets: self.row.not_for_targets
                || known.is_some_and(|known| known.not_for_targets),
            organisation,
            organisation_name,
            ..self.row.clone()
        }
    }

    /// Code and name of the organisation that a row is of: of its key, or the only one that was asked for.
    fn organisation(&self, keys: &[v1::CategoryKey]) -> (String, String) {
        let none = (String::new(), String::new());
        if let Some(key) = keys.iter().find(|key| key.dimension == "organisation") {
            let known = key.state() == v1::CategoryState::Known;
            return if known { (key.code.clone(), self.label(key)) } else { none };
        }
        match self.context.map(|context| context.organisations.as_slice()) {
            Some([only]) => (only.code.clone(), only.name.clone()),
            _ => none,
        }
    }

    /// A row that is a count.
    #[allow(clippy::cast_precision_loss)] // counts are below 2^53
    pub(super) fn count(
        &self,
        keys: &[v1::CategoryKey],
        group: Group<'_>,
        (name, label): (&str, &str),
        count: i64,
    ) -> v1::ExportRow {
        let exact = v1::Interval { value: count as f64, lower: None, upper: None };
        v1::ExportRow {
            indicator_label: label.to_owned(),
            unit: "COUNT".into(),
            numerator_count: Some(count),
            ..valued(self.row(keys, name), group, Some(&exact), &None)
        }
    }

    /// The group of a category or state of a dimension; `ALL` of any of them is all.
    pub(super) fn group<'g>(
        &self,
        dimension: &str,
        code: &'g str,
        state: v1::CategoryState,
    ) -> Group<'g> {
        if state == v1::CategoryState::Any {
            return Group::all();
        }
        let key =
            v1::CategoryKey { dimension: dimension.into(), code: code.into(), state: state.into() };
        Group { code, label: self.label(&key), state }
    }

    /// Why the whole answer is empty, where it is.
    pub(super) fn empty(&self) -> Option<&v1::Absence> {
        self.context?.empty.as_ref()
    }

    /// The one row of an answer without figures.
    pub(super) fn nothing(&self, indicator: &str) -> v1::ExportRow {
        let none = || absence(v1::AbsenceReason::NoData, "there is nothing of it");
        let why = Some(self.empty().cloned().unwrap_or_else(none));
        valued(self.row(&[], indicator), Group::all(), None, &why)
    }

    /// The row with the reason why the whole answer is empty, where it is and nothing was counted for the row: its zeros count
    /// nothing, and each cell would say of itself only that there is nothing to divide by.
    pub(super) fn of_empty(&self, row: v1::ExportRow) -> v1::ExportRow {
        let counts = [
            row.numerator_count,
            row.denominator_count,
            row.unknown_count,
            row.not_collected_count,
        ];
        let is_nothing = row.absence.is_some() || row.unit == "COUNT";
        let uncounted = is_nothing && counts.into_iter().flatten().all(|count| count == 0);
        match self.empty() {
            Some(why) if uncounted && row.table == self.row.table => v1::ExportRow {
                absence: Some(why.clone()),
                value: None,
                numerator_count: None,
                denominator_count: None,
                unknown_count: None,
                not_collected_count: None,
                ..row
            },
            _ => row,
        }
    }

    /// CH-01, or CH-02 where persons were counted.
    pub(super) fn channel_indicator(&self) -> &'static str {
        let measure = self.context.map(v1::BreakdownContext::measure);
        if measure == Some(v1::Measure::Persons) { "CH-02" } else { "CH-01" }
    }

    /// Words for a key: those of the legend, of an area, of the state.
    fn label(&self, key: &v1::CategoryKey) -> String {
        if let Some(words) = self.words.get(&(key.dimension.as_str(), key.code.as_str())) {
            return (*words).to_owned();
        }
        if let Some(area) = self.reference.areas().get(&key.code) {
            return area.name.clone();
        }
        let dimension = self.reference.dimension(&key.dimension);
        let category =
            dimension.and_then(|found| found.categories.iter().find(|(code, _)| *code == key.code));
        match category {
            Some((_, words)) => words.clone(),
            None if key.state() == v1::CategoryState::Known => key.code.clone(),
            None => key.code.replace('_', " ").to_lowercase(),
        }
    }

    /// A row of a counted indicator.
    pub(super) fn cell(
        &self,
        keys: &[v1::CategoryKey],
        group: Group<'_>,
        cell: &v1::IndicatorCell,
    ) -> v1::ExportRow {
        let row =
            valued(self.row(keys, &cell.indicator), group, cell.share.as_ref(), &cell.absence);
        if row.unit == "DIFFERENCE" {
            // Of two shares: it has no counts of its own.
            return row;
        }
        v1::ExportRow {
            numerator_count: Some(cell.numerator_count),
            denominator_count: Some(cell.denominator_count),
            unknown_count: Some(cell.unknown_count),
            not_collected_count: Some(cell.not_collected_count),
            ..row
        }
    }
}

/// What an indicator is of, where the answer tells the quality of it.
fn dimension_of(indicator: &str) -> Option<&'static str> {
    match indicator {
        "CH-01" | "CH-02" | "CH-03" => Some("channel"),
        "CH-09" => Some("attendance_outcome"),
        "CH-11" | "CH-11-SAME-DAY" | "CH-11-OVER-14" => Some("lead_time"),
        _ => None,
    }
}

/// Conditions on one line: `lead_time=SAME_DAY;sex=1,2`.
fn conditions(asked: &[v1::AskedCondition]) -> String {
    let each = |one: &v1::AskedCondition| format!("{}={}", one.dimension, one.codes.join(","));
    asked.iter().map(each).collect::<Vec<_>>().join(";")
}
