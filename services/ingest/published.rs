//! What all readers of published files share: header and collection of the file, and the sources of figures.

use super::cells::{Cell, cell};
use super::defaults::Defaults;
use super::{IngestError, Records, SubmissionFile};
use crate::proto::v1::{EstimateRecord, EstimateSource};

/// The licence of most publications.
pub(super) const OGL: &str = "Open Government Licence v3.0";

/// A published file.
pub(super) struct Published {
    /// Where its submissions go.
    collection: String,
    pub(super) header: csv::StringRecord,
}

impl Published {
    /// A file with this header. Its publication has a collection, unless the caller names another.
    pub(super) fn new(header: &csv::StringRecord, defaults: &Defaults, collection: &str) -> Self {
        let collection = defaults.collection.as_deref().unwrap_or(collection).to_owned();
        Self { collection, header: header.clone() }
    }

    /// The cell of a row in a column.
    pub(super) fn cell<'a>(&'a self, row: &'a csv::StringRecord, column: usize) -> Cell<'a> {
        cell(row, &self.header, column)
    }

    /// Begins a submission of records of a publication, which are told apart by these fields, each with its code system; none: the usual one.
    pub(super) fn start_records(
        &self,
        submission: &mut SubmissionFile,
        (rows, source): (Records, Source<'_>),
        systems: &[(&str, &str)],
        collected: &[&str],
    ) {
        self.start(submission, rows, systems, collected);
        submission.source = Some(source.into());
    }

    fn start(
        &self,
        submission: &mut SubmissionFile,
        rows: Records,
        systems: &[(&str, &str)],
        collected: &[&str],
    ) {
        let owned = |(field, system): &(&str, &str)| ((*field).to_owned(), (*system).to_owned());
        submission.collection.clone_from(&self.collection);
        submission.code_systems = systems.iter().map(owned).collect();
        submission.collected = collected.iter().map(|field| (*field).to_owned()).collect();
        submission.rows = rows;
    }

    /// Begins a submission of published figures.
    pub(super) fn start_figures(&self, submission: &mut SubmissionFile, source: EstimateSource) {
        self.start(submission, Records::Estimates(source, Vec::new()), &[], &[]);
    }
}

/// Where the figures of a publication come from.
pub(super) struct Source<'a> {
    pub(super) publisher: &'a str,
    pub(super) title: &'a str,
    pub(super) edition: &'a str,
    pub(super) licence: &'a str,
    pub(super) uri: &'a str,
    /// The same for figures that are comparable. Empty for records, which are comparable if they are of one collection.
    pub(super) series: &'a str,
}

impl From<Source<'_>> for EstimateSource {
    fn from(of: Source<'_>) -> Self {
        let [publisher, title, edition, licence, uri, series] =
            [of.publisher, of.title, of.edition, of.licence, of.uri, of.series].map(str::to_owned);
        Self { publisher, title, edition, licence, uri, series, not_for_targets: false }
    }
}

/// A record with the figure of a cell; without one, if the publisher does not give it.
pub(super) fn figure<'a>(
    cell: &Cell<'a>,
    read: impl FnOnce(&Cell<'a>) -> Result<f64, IngestError>,
) -> Result<EstimateRecord, IngestError> {
    let value = cell.unless_suppressed(read)?;
    Ok(EstimateRecord { value, suppressed: value.is_none(), ..EstimateRecord::default() })
}
