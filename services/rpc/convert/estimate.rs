//! Published figures: from submissions, and to answers.

use jiff::civil::Date;
use prost::Message;
use tonic::Status;

use super::trim::trim;
use super::{Unreadable, header, int, name};
use crate::domain::collection::Dataset;
use crate::domain::estimate::{Estimate, EstimateKey, EstimateSource};
use crate::domain::reference::Reference;
use crate::domain::submission::{EstimateBuilder, EstimateRow, Header};
use crate::engine::answer::PublishedEstimate;
use crate::proto::v1;
use crate::rpc::status;

/// A checked header and source; every problem of the source at once.
pub(in crate::rpc) fn header(
    reference: &Reference,
    today: Date,
    given: &v1::EstimatesHeader,
) -> Result<(Header, EstimateSource), Status> {
    let required = |field: &str| status::field_invalid(field, "is required");
    let submission = given.submission.as_ref().ok_or_else(|| required("header.submission"))?;
    let stated = given.source.as_ref().ok_or_else(|| required("header.source"))?;
    let mut problems = Vec::new();
    let unused = [
        ("collected_characteristics", submission.collected_characteristics.is_empty()),
        ("code_systems", submission.code_systems.is_empty()),
        ("person_key_scheme", submission.person_key_scheme.is_empty()),
    ];
    for (field, _) in unused.into_iter().filter(|(_, empty)| !empty) {
        let what = "must be empty: published figures have no records".to_owned();
        problems.push((format!("header.submission.{field}"), what));
    }
    if submission.source.is_some() {
        let what = "must be absent: `header.source` has the source of published figures";
        problems.push(("header.submission.source".to_owned(), what.to_owned()));
    }
    let source = read_source(stated);
    let of_source = source.problems(true).into_iter();
    problems.extend(of_source.map(|(field, what)| (format!("header.source.{field}"), what)));
    if !problems.is_empty() {
        return Err(status::fields_invalid(problems));
    }
    let header =
        header::header_at("header.submission", reference, Dataset::Estimates, today, submission)?;
    Ok((header, source))
}

/// Puts a batch of figures into the builder.
///
/// # Errors
/// The bytes are not a batch of estimates.
pub(in crate::rpc) fn batch(builder: &mut EstimateBuilder, batch: &[u8]) -> Result<(), Unreadable> {
    let batch = v1::EstimateBatch::decode(batch)?;
    batch.records.iter().for_each(|record| row(builder, record));
    Ok(())
}

fn row(builder: &mut EstimateBuilder, record: &v1::EstimateRecord) {
    let keys = record.keys.iter().map(|key| (key.dimension.as_str(), key.code.as_str()));
    let given = EstimateRow {
        indicator: &record.indicator,
        area: &record.area,
        period: &record.period,
        keys: keys.collect(),
        value: record.value,
        lower: record.lower,
        upper: record.upper,
        base_count: record.base_count,
        weight: record.weight,
        base: &record.base,
        suppressed: record.suppressed,
    };
    builder.row(&given, || record.encode_to_vec());
}

/// A publication as a caller names it, without blanks at the ends of its texts.
pub(super) fn read_source(stated: &v1::EstimateSource) -> EstimateSource {
    let mut stated = stated.clone();
    trim([&mut stated.publisher, &mut stated.title, &mut stated.edition, &mut stated.licence]);
    trim([&mut stated.uri, &mut stated.series]);
    let v1::EstimateSource { publisher, title, edition, licence, uri, series, not_for_targets } =
        stated;
    EstimateSource { publisher, title, edition, licence, uri, series, not_for_targets }
}

/// A publication.
pub(in crate::rpc) fn source(source: &EstimateSource) -> v1::EstimateSource {
    let EstimateSource { publisher, title, edition, licence, uri, series, not_for_targets } =
        source.clone();
    v1::EstimateSource { publisher, title, edition, licence, uri, series, not_for_targets }
}

/// A published figure, with its source.
pub(in crate::rpc) fn published(found: PublishedEstimate) -> v1::PublishedEstimate {
    v1::PublishedEstimate {
        record: Some(record(&found.estimate)),
        source: Some(source(&found.source)),
        submission: name::of(&found.submission),
        position: int(found.submission.position),
        series_break: found.series_break,
        area_name: found.area_name,
    }
}

/// Why a figure that its publisher suppressed has no value.
pub(in crate::rpc) fn suppressed() -> v1::Absence {
    let detail = "its publisher does not give the figure; it is not read as 0".to_owned();
    v1::Absence { reason: v1::AbsenceReason::Suppressed.into(), detail }
}

fn record(row: &Estimate) -> v1::EstimateRecord {
    let key = |key: &EstimateKey| v1::EstimateKey {
        dimension: key.dimension.clone(),
        code: key.code.clone(),
    };
    v1::EstimateRecord {
        indicator: row.indicator.clone(),
        area: row.area.clone(),
        period: row.period.clone(),
        keys: row.keys.iter().map(key).collect(),
        value: row.value,
        lower: row.lower,
        upper: row.upper,
        base_count: row.base_count.map(int),
        weight: row.weight,
        base: row.base.clone(),
        suppressed: row.value.is_none(),
    }
}
