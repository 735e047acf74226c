//! Words and units of indicators, and words of dimensions, as the service's reference has them.

use super::{Look, words, wrap};
use crate::proto::v1::{Absence, AbsenceReason, Category, Dimension, Indicator, Unit};

/// The indicators and dimensions of a service. An answer has labels of a dimension only if it counted something.
#[derive(Debug, Clone, Default)]
pub struct Indicators {
    /// Every indicator of the service.
    pub all: Vec<Indicator>,
    /// The dimensions; empty if the legends of answers are enough.
    pub dimensions: Vec<Dimension>,
}

impl Indicators {
    fn find(&self, id: &str) -> Option<&Indicator> {
        self.all.iter().find(|indicator| indicator.id == id)
    }

    /// The dimension with this id; none: the service has no such dimension.
    pub fn dimension(&self, id: &str) -> Option<&Dimension> {
        self.dimensions.iter().find(|dimension| dimension.id == id)
    }

    /// A category of a dimension, and its place.
    pub fn category(&self, dimension: &str, code: &str) -> Option<(usize, &Category)> {
        let categories = &self.dimension(dimension)?.categories;
        categories.iter().enumerate().find(|(_, category)| category.code == code)
    }

    /// Its words; empty where the service has none.
    pub fn label(&self, id: &str) -> &str {
        self.find(id).map_or("", |indicator| &indicator.label)
    }

    /// Id and words: `DX-06 Registered with the NHS App`.
    pub fn titled(&self, id: &str) -> String {
        format!("{id} {}", self.label(id)).trim_end().to_owned()
    }

    /// Its unit; not said where the service has none.
    pub fn unit(&self, id: &str) -> Unit {
        self.find(id).map_or(Unit::Unspecified, Indicator::unit)
    }

    /// Id, label, numerator and denominator, in lines.
    pub fn definition(&self, id: &str, look: &Look) -> String {
        let of = match self.find(id) {
            Some(found) if !found.numerator.is_empty() => {
                let of = if found.unit() == Unit::Difference { "" } else { "of: " };
                format!(": {}, {of}{}", found.numerator, found.denominator)
            }
            _ => String::new(),
        };
        wrap::text("  ", &format!("{}{of}", self.titled(id)), look)
    }
}

/// Why figures are absent: short in the table, in full below it, each sentence once with the columns that it is true of.
#[derive(Debug, Default)]
pub struct Reasons(Vec<(String, Vec<String>)>);

impl Reasons {
    /// The reason for the figure of a column in short: `not computable`.
    pub fn of(&mut self, column: &str, absence: Option<&Absence>) -> String {
        let Some(absence) = absence else { return "no figure".to_owned() };
        if !absence.detail.is_empty() {
            let sentence = words::absence(absence);
            match self.0.iter_mut().find(|(known, _)| *known == sentence) {
                Some((_, columns)) if columns.iter().any(|known| known == column) => {}
                Some((_, columns)) => columns.push(column.to_owned()),
                None => self.0.push((sentence, vec![column.to_owned()])),
            }
        }
        words::plain(&words::name(absence.reason, AbsenceReason::as_str_name))
    }

    /// The details, as lines: one for each indicator, even if it has several columns.
    pub fn lines(&self, look: &Look) -> String {
        let line = |(sentence, columns): &(String, Vec<String>)| {
            let indicator = |column: &String| column.split('/').next().map(str::to_owned);
            let mut told = columns.clone();
            if told.len() > 1 {
                told = columns.iter().filter_map(indicator).collect();
                told.dedup();
            }
            wrap::text("  ", &format!("{}: {sentence}", told.join(", ")), look)
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
