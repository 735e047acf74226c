//! Answers as flat rows: one figure a row, with everything it takes to read it alone. Made from the contract's own messages, so
//! that a row cannot say more than the unary call does.

mod channels;
mod exclusion;
mod impact;
mod outcomes;
mod provision;
mod risk;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::answer::Answered;
use crate::domain::reference::Reference;
use crate::proto::v1;

type Rows<'a> = Box<dyn Iterator<Item = v1::ExportRow> + Send + 'a>;

/// The rows of an answer, made one by one. An answer that has none is one row which says why.
pub(super) fn of<'a>(answered: &'a Answered, reference: &'a Reference, position: i64) -> Rows<'a> {
    let base = |table, context: &'a Option<v1::BreakdownContext>| {
        Base::new(table, context.as_ref(), reference, position)
    };
    let (base, main, rows): (Base<'a>, &str, Rows<'a>) = match answered {
        Answered::Channels(table) => {
            let base = base("CHANNELS", &table.context);
            (base.clone(), base.channel_indicator(), channels::rows(base, table))
        }
        Answered::Outcomes(table) => {
            let base = base("OUTCOMES", &table.context);
            (base.clone(), "CH-09", outcomes::rows(base, table))
        }
        Answered::Exclusion(table) => {
            let base = base("EXCLUSION", &table.context);
            (base.clone(), "DX-21", exclusion::rows(base, table))
        }
        Answered::Provision(table) => {
            let base = base("PROVISION", &table.context);
            (base.clone(), "CH-07", provision::rows(base, table))
        }
        Answered::Impact(table) => {
            let base = base("IMPACT", &table.context);
            (base.clone(), "CH-10", impact::rows(base, table))
        }
        Answered::Risk(table) => {
            let base = base("RISK", &table.context);
            let base = risk::marked(base, table);
            (base.clone(), "DX-11", risk::rows(base, table))
        }
    };
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        return Box::new(rows.map(move |row| base.of_empty(row)));
    }
    Box::new(std::iter::once(base.nothing(main)))
}

/// What all rows of an answer share.
#[derive(Clone)]
struct Base<'a> {
    context: Option<&'a v1::BreakdownContext>,
    reference: &'a Reference,
    words: BTreeMap<(&'a str, &'a str), &'a str>,
    row: v1::ExportRow,
}

impl<'a> Base<'a> {
    fn new(
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
                organisation_count: context.organisation_count,
                expected_organisation_count: context.expected_organisation_count,
                data_position: context.data_position,
                provenance: context.provenance.clone(),
                ..row
            };
        }
        Self { context, reference, words: words.collect(), row }
    }

    /// A row without a figure.
    fn row(&self, keys: &[v1::CategoryKey], indicator: &str) -> v1::ExportRow {
        let known = self.reference.indicator(indicator);
        let quality = || {
            let lines = self.context.iter().flat_map(|context| &context.quality);
            lines.filter(|line| keys.iter().any(|key| key.dimension == line.dimension))
        };
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
            ..self.row.clone()
        }
    }

    /// Why the whole answer is empty, where it is.
    fn empty(&self) -> Option<&v1::Absence> {
        self.context?.empty.as_ref()
    }

    /// The one row of an answer without figures.
    fn nothing(&self, indicator: &str) -> v1::ExportRow {
        let none = || absence(v1::AbsenceReason::NoData, "there is nothing of it");
        let why = Some(self.empty().cloned().unwrap_or_else(none));
        valued(self.row(&[], indicator), ALL, None, &why)
    }

    /// The row with the reason why the whole answer is empty, where it is and the row has neither value nor count: each cell of an
    /// empty answer would say of itself only that there is nothing to divide by.
    fn of_empty(&self, row: v1::ExportRow) -> v1::ExportRow {
        let counts = [
            row.numerator_count,
            row.denominator_count,
            row.unknown_count,
            row.not_collected_count,
        ];
        let uncounted = counts.into_iter().flatten().all(|count| count == 0);
        match self.empty() {
            Some(why) if row.absence.is_some() && uncounted => {
                v1::ExportRow { absence: Some(why.clone()), ..row }
            }
            _ => row,
        }
    }

    /// CH-01, or CH-02 where persons were counted.
    fn channel_indicator(&self) -> &'static str {
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
    fn cell(
        &self,
        keys: &[v1::CategoryKey],
        group: (&str, v1::CategoryState),
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

/// All people or consultations of a row.
const ALL: (&str, v1::CategoryState) = ("", v1::CategoryState::Any);

/// The row with its group and its figure, or why it has none.
fn valued(
    row: v1::ExportRow,
    (group, state): (&str, v1::CategoryState),
    value: Option<&v1::Interval>,
    why: &Option<v1::Absence>,
) -> v1::ExportRow {
    let none = || absence(v1::AbsenceReason::NotComputable, "nothing to take it of");
    v1::ExportRow {
        group: group.to_owned(),
        group_state: state.into(),
        value: value.map(|value| value.value),
        lower: value.and_then(|value| value.lower),
        upper: value.and_then(|value| value.upper),
        absence: value.is_none().then(|| why.clone().unwrap_or_else(none)),
        ..row
    }
}

fn absence(reason: v1::AbsenceReason, detail: &str) -> v1::Absence {
    v1::Absence { reason: reason.into(), detail: detail.to_owned() }
}
