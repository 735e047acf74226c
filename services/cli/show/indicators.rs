//! Words and units of indicators, as the service's reference has them.

use super::{Look, numbers, words, wrap};
use crate::proto::v1::{Absence, Indicator, IndicatorCell, Interval};

/// The indicators that a service has.
#[derive(Debug, Clone, Default)]
pub struct Indicators(pub Vec<Indicator>);

impl Indicators {
    fn find(&self, id: &str) -> Option<&Indicator> {
        self.0.iter().find(|indicator| indicator.id == id)
    }

    /// Its words; empty where the service has none.
    pub fn label(&self, id: &str) -> &str {
        self.find(id).map_or("", |indicator| &indicator.label)
    }

    /// Id and words: `DX-06 Registered with the NHS App`.
    pub fn titled(&self, id: &str) -> String {
        format!("{id} {}", self.label(id)).trim_end().to_owned()
    }

    /// Its unit; RATIO where the service does not say.
    pub fn unit(&self, id: &str) -> &str {
        self.find(id).map(|indicator| indicator.unit.as_str()).unwrap_or("RATIO")
    }

    /// Id, words, what is counted of what, in lines.
    pub fn definition(&self, id: &str, look: &Look) -> String {
        let of = match self.find(id) {
            Some(found) if !found.numerator.is_empty() => {
                format!(": {}, of: {}", found.numerator, found.denominator)
            }
            _ => String::new(),
        };
        wrap::text("  ", &format!("{}{of}", self.titled(id)), look)
    }

    /// A figure in its unit, with its limits; without one, why.
    pub fn figure(&self, cell: &IndicatorCell, why: &mut Reasons) -> String {
        self.interval(&cell.indicator, cell.share.as_ref(), cell.absence.as_ref(), why)
    }

    /// As [`Self::figure`], from its parts.
    pub fn interval(
        &self,
        id: &str,
        interval: Option<&Interval>,
        absence: Option<&Absence>,
        why: &mut Reasons,
    ) -> String {
        match interval {
            Some(interval) => numbers::figure(self.unit(id), interval),
            None => why.of(id, absence),
        }
    }
}

/// Why figures are absent: short in the table, in full below it, each once.
#[derive(Debug, Default)]
pub struct Reasons(Vec<String>);

impl Reasons {
    /// The reason for `what` in short: `not computable`.
    pub fn of(&mut self, what: &str, absence: Option<&Absence>) -> String {
        let Some(absence) = absence else { return "no figure".to_owned() };
        if !absence.detail.is_empty() {
            let line = format!("{what}: {}", words::absence(absence));
            if !self.0.contains(&line) {
                self.0.push(line);
            }
        }
        words::plain(&words::absence_reason(absence.reason))
    }

    /// The details, as lines.
    pub fn lines(&self, look: &Look) -> String {
        self.0.iter().map(|line| wrap::text("  ", line, look)).collect::<Vec<_>>().join("\n")
    }
}
