//! Tables that everybody may read: which there are is reference content.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::domain::codes::Source;
use crate::domain::period::Month;

/// All tables that are published together.
#[derive(Debug)]
pub struct PublishedTables {
    /// The number that the content gives, and eight digits of a hash of the content.
    pub version: String,
    /// The tables, in the order of the content.
    pub tables: Vec<PublishedTable>,
}

/// A table that is published.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedTable {
    /// Id, which its files are named by: `channels-by-age`.
    pub id: String,
    /// Words for people.
    pub title: String,
    /// Collection of the consultations.
    pub collection: String,
    /// Area of the organisations.
    pub area: String,
    /// One or two dimensions. Shares are of the first, among each category of the second.
    pub dimensions: Vec<String>,
    /// What a period is.
    pub period: Period,
    /// How many periods, the newest.
    pub periods: usize,
}

/// What a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)] // the names say it
pub enum Period {
    Month,
    Quarter,
    FinancialYear,
    CalendarYear,
}

impl Period {
    /// The period of a month, as questions name it: `2020-04`, `2020-Q2`, `2020/21`, `2020`.
    #[must_use]
    pub fn of(self, month: Month) -> String {
        let source = match self {
            Self::Month => Source::Month,
            Self::Quarter => Source::Quarter,
            Self::FinancialYear => Source::FinancialYear,
            Self::CalendarYear => Source::CalendarYear,
        };
        source.period(month).unwrap_or_default()
    }
}

impl PublishedTable {
    /// The newest of its periods among those of these months, the newest first.
    #[must_use]
    pub fn newest(&self, months: &BTreeSet<Month>) -> Vec<String> {
        let mut periods: Vec<String> = Vec::new();
        for period in months.iter().rev().map(|month| self.period.of(*month)) {
            if periods.last() != Some(&period) {
                periods.push(period);
            }
        }
        periods.truncate(self.periods);
        periods
    }
}
