//! What a table has: its name and its kinds of columns. The columns of answers are made of these, and the contract lists them.

use super::model::{Column, Key};
use crate::domain::indicator::Unit;
use crate::domain::reference::Reference;

/// A table of breakdowns.
#[derive(Clone, Copy, Debug)]
pub struct TableDefinition {
    /// Name in the contract: `OUTCOMES`.
    pub name: &'static str,
    /// Name for people: `Access outcomes`.
    pub title: &'static str,
    /// Call of the contract that returns it; empty: none.
    pub rpc: &'static str,
    /// Its kinds of columns, in order.
    pub columns: &'static [ColumnDefinition],
}

/// A kind of column.
#[derive(Clone, Copy, Debug)]
pub struct ColumnDefinition {
    /// Indicator id, or the name of a count; empty: the ids that the question asks for.
    pub indicator: &'static str,
    /// Dimensions of the group, in order.
    pub groups: &'static [&'static str],
    /// Words; empty: those of the indicator.
    pub label: &'static str,
    /// Unit; none: that of the indicator.
    pub unit: Option<Unit>,
    /// Dimension whose quality is that of the figure on total rows; empty: the cell's own counts say it.
    pub measures: &'static str,
    /// What is counted of what, and what is outside; empty: as the indicator says.
    pub definition: &'static str,
}

impl ColumnDefinition {
    /// A kind of column of an indicator, which has words, unit and definition of its own.
    pub(super) const fn indicator(
        indicator: &'static str,
        groups: &'static [&'static str],
        measures: &'static str,
    ) -> Self {
        Self { indicator, groups, label: "", unit: None, measures, definition: "" }
    }

    /// A kind of column that counts.
    pub(super) const fn count(
        indicator: &'static str,
        groups: &'static [&'static str],
        label: &'static str,
        definition: &'static str,
    ) -> Self {
        Self { indicator, groups, label, unit: Some(Unit::Count), measures: "", definition }
    }

    /// The column of this kind about one group.
    pub(super) fn column(&self, reference: &Reference, group: Vec<Key>) -> Column {
        self.column_of(self.indicator, reference, group)
    }

    /// The same of an indicator that the question asks for.
    pub(super) fn column_of(
        &self,
        indicator: &str,
        reference: &Reference,
        group: Vec<Key>,
    ) -> Column {
        let known = reference.indicator(indicator);
        let own = known.map_or("", |known| known.label.as_str());
        let codes = group.iter().map(|key| key.code.as_str());
        Column {
            id: std::iter::once(indicator).chain(codes).collect::<Vec<_>>().join("/"),
            indicator: indicator.to_owned(),
            label: if self.label.is_empty() { own } else { self.label }.to_owned(),
            unit: self.unit.or(known.map(|known| known.unit)).unwrap_or(Unit::Ratio),
            group,
            not_for_targets: known.is_some_and(|known| known.not_for_targets),
            measures: self.measures,
        }
    }

    /// The pattern of its ids: `CH-11/{channel}/{lead_time}`.
    #[must_use]
    pub fn pattern(&self) -> String {
        let indicator = if self.indicator.is_empty() { "{indicator}" } else { self.indicator };
        let groups = self.groups.iter().map(|group| format!("{{{group}}}"));
        std::iter::once(indicator.to_owned()).chain(groups).collect::<Vec<_>>().join("/")
    }
}
