//! Answers and refusals in a form that cases can be compared with.

use std::collections::BTreeMap;

use equity_indicators::proto::v1::channel_cell::Value;
use equity_indicators::proto::v1::{ChannelBreakdown, ChannelRow};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// Counts of one row by channel, without zeros.
pub(crate) fn counts(row: &ChannelRow) -> BTreeMap<&str, i64> {
    let count = |value: &Option<Value>| match value {
        Some(Value::Estimate(estimate)) => estimate.count,
        other => panic!("no figures: {other:?}"),
    };
    row.channels
        .iter()
        .map(|cell| (cell.channel.as_str(), count(&cell.value)))
        .filter(|(_, count)| *count != 0)
        .collect()
}

fn key(row: &ChannelRow) -> Vec<&str> {
    row.keys.iter().map(|key| key.code.as_str()).collect()
}

/// The row with this key, joined with `|`; the total has the empty one.
pub(crate) fn row<'a>(breakdown: &'a ChannelBreakdown, wanted: &str) -> &'a ChannelRow {
    let found = breakdown.rows.iter().find(|row| key(row).join("|") == wanted);
    found.unwrap_or_else(|| panic!("no row `{wanted}` in {:?}", totals(breakdown)))
}

/// Total of each row by its key.
pub(crate) fn totals(breakdown: &ChannelBreakdown) -> BTreeMap<String, i64> {
    let totals: BTreeMap<_, _> =
        breakdown.rows.iter().map(|row| (key(row).join("|"), row.total_count)).collect();
    assert_eq!(totals.len(), breakdown.rows.len(), "a key stands there twice: {breakdown:?}");
    totals
}

/// Every cell that is not zero, by the key of its row and its channel.
pub(crate) fn cells(breakdown: &ChannelBreakdown) -> BTreeMap<(String, String), i64> {
    let rows = breakdown.rows.iter();
    rows.flat_map(|row| {
        let key = key(row).join("|");
        counts(row).into_iter().map(move |(channel, n)| ((key.clone(), channel.to_owned()), n))
    })
    .collect()
}

/// What a refusal says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// Field and description of each violation.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Refusal {
    /// Reads a status, which has to carry our details.
    pub(crate) fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info().unwrap_or_else(|| panic!("no reason: {status:?}"));
        assert_eq!(info.domain, "equity-indicators");
        let violations = details.bad_request().map(|bad| bad.field_violations.as_slice());
        Self {
            code: status.code(),
            reason: info.reason.clone(),
            message: status.message().to_owned(),
            fields: violations
                .unwrap_or_default()
                .iter()
                .map(|violation| (violation.field.clone(), violation.description.clone()))
                .collect(),
            metadata: info.metadata.clone().into_iter().collect(),
        }
    }

    /// The reason and the first field, for comparing.
    pub(crate) fn short(&self) -> (&str, &str) {
        (&self.reason, self.fields.first().map_or("", |(field, _)| field))
    }
}
