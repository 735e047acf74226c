//! Takes the rows of one submission, and decides at the end of the stream: to store them, only to validate them, or to refuse
//! them.

use std::sync::Arc;

use tokio::task::JoinError;

use super::Engine;
use crate::domain::collection::Dataset;
use crate::domain::estimate::EstimateSource;
use crate::domain::submission::{
    Builder, Draft, EstimateBuilder, Header, Loss, Outline, ProblemCounts, RowProblem,
};
use crate::store::{Prepared, StoreError, Submission, WriteError};

/// Most consultations or people in one row.
const MOST_ALIKE: u32 = 10_000_000;
const MOST_PEOPLE: u32 = 100_000_000;
/// Most estimates of one submission, because all are held in memory. Enough for six for each small area of Great Britain.
const MOST_ESTIMATES: u64 = 300_000;

/// A builder of a submission: rows go in, a draft comes out.
pub trait Rows: Send + 'static {
    /// The header that the rows belong to.
    fn header(&self) -> &Header;
    /// Number of rows so far, with or without problems or values.
    fn rows_seen(&self) -> u64;
    /// Number of rows so far that have no value.
    fn blank_rows(&self) -> u64;
    /// Makes the draft: packed columns, row problems, content hash.
    fn finish(self) -> Draft;
}

macro_rules! rows {
    ($builder:ty) => {
        impl Rows for $builder {
            fn header(&self) -> &Header {
                self.header()
            }

            fn rows_seen(&self) -> u64 {
                self.rows_seen()
            }

            fn blank_rows(&self) -> u64 {
                self.blank_rows()
            }

            fn finish(self) -> Draft {
                self.finish()
            }
        }
    };
}

rows!(Builder);
rows!(EstimateBuilder);

/// Why a submission is not stored.
#[derive(Debug)]
pub enum Refused {
    /// The header announced another number of rows than came.
    RecordCount {
        /// Number of rows in the header.
        expected: u64,
        /// Number of rows in the stream.
        received: u64,
    },
    /// The stream had no rows with a value.
    Empty,
    /// More rows came than a submission may have.
    TooLarge {
        /// Most rows that a submission may have.
        most: u64,
    },
    /// Rows have problems. The header does not allow to leave them out, or every row has problems.
    Rows(BadRows),
    /// Rows have problems, and the request id has stored this submission before. The rows may be the same: a code may have left
    /// its list since then.
    StoredBefore(Arc<Submission>, BadRows),
    /// It would replace a submission and lose most of what that has, and its header does not allow this.
    Shrinks(Arc<Submission>, Loss),
    /// It would replace a submission whose content its caller may not know, and its header does not say that less is right too.
    Stands(Arc<Submission>),
    /// It was not written, or the service cannot tell whether it was.
    Write(WriteError),
    /// The store cannot be read.
    Store(StoreError),
    /// The service is stopping.
    Stopping,
    /// A task of the service failed.
    Fault(JoinError),
}

/// Problems of a submission's rows.
#[derive(Debug)]
pub struct BadRows {
    /// The first problems, in order of rows.
    pub problems: Vec<RowProblem>,
    /// Number of rows with problems.
    pub count: u64,
    /// How many problems there are, by field and code: all of them.
    pub by_code: ProblemCounts,
}

/// A submission whose rows are coming in.
pub struct Intake<B> {
    caller: String,
    rows: B,
    most_rows: u64,
}

/// A submission whose rows have all come, and the decision about it.
pub struct Taken {
    pub(super) caller: String,
    pub(super) header: Header,
    pub(super) decision: Decision,
}

impl Taken {
    /// Whether it is going to be stored, unless that is refused.
    #[must_use]
    pub fn changes_data(&self) -> bool {
        matches!(self.decision, Decision::Store(..))
    }
}

/// The decision about a submission.
pub(super) enum Decision {
    Store(Arc<Prepared>, Outline),
    Validate(Box<Draft>, Outline),
    Refuse(BadRows),
}

impl Engine {
    /// Begins a submission of records.
    #[must_use]
    pub fn intake(&self, caller: &str, header: Header) -> Intake<Builder> {
        Intake {
            caller: caller.to_owned(),
            most_rows: self.settings.max_rows,
            rows: self.builder(header),
        }
    }

    /// Begins a submission of estimates.
    #[must_use]
    pub fn estimate_intake(
        &self,
        caller: &str,
        header: Header,
        source: EstimateSource,
    ) -> Intake<EstimateBuilder> {
        Intake {
            caller: caller.to_owned(),
            most_rows: self.settings.max_rows.min(MOST_ESTIMATES),
            rows: self.estimate_builder(header, source),
        }
    }

    pub(crate) fn builder(&self, header: Header) -> Builder {
        let most = match header.dataset {
            Dataset::Consultations | Dataset::DigitalAccess => MOST_ALIKE,
            Dataset::Populations | Dataset::Estimates | Dataset::IndicatorCounts => MOST_PEOPLE,
        };
        Builder::new(self.reference(), header, self.keyer.clone(), most)
    }

    pub(super) fn estimate_builder(
        &self,
        header: Header,
        source: EstimateSource,
    ) -> EstimateBuilder {
        EstimateBuilder::new(self.reference(), header, source)
    }

    pub(crate) fn prepare(caller: &str, header: &Header, draft: &Draft) -> Prepared {
        Prepared::new(caller, header, draft)
    }
}

impl<B: Rows> Intake<B> {
    /// Header of the submission, checked.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.rows.header()
    }

    /// Takes a batch: `take` puts its rows into the builder.
    ///
    /// # Errors
    /// That of `take`, or [`Refused::TooLarge`].
    pub fn batch<E: From<Refused>>(
        &mut self,
        take: impl FnOnce(&mut B) -> Result<(), E>,
    ) -> Result<(), E> {
        take(&mut self.rows)?;
        if self.rows.rows_seen() > self.most_rows {
            return Err(Refused::TooLarge { most: self.most_rows }.into());
        }
        Ok(())
    }

    /// Ends the stream and decides. This takes longer the more rows there are: call it on a thread that may block.
    ///
    /// # Errors
    /// [`Refused::RecordCount`] or [`Refused::Empty`].
    pub fn finish(self) -> Result<Taken, Refused> {
        let Self { caller, rows, .. } = self;
        let (header, received) = (rows.header().clone(), rows.rows_seen());
        if let Some(expected) = header.expected_record_count.filter(|count| *count != received) {
            return Err(Refused::RecordCount { expected, received });
        }
        if received == rows.blank_rows() {
            return Err(Refused::Empty);
        }
        let draft = rows.finish();
        let decision = if header.validate_only {
            let outline = Outline::of(header.dataset, &draft);
            Decision::Validate(Box::new(draft), outline)
        } else if header.takes(&draft) {
            let outline = Outline::of(header.dataset, &draft);
            Decision::Store(Arc::new(Engine::prepare(&caller, &header, &draft)), outline)
        } else {
            let Draft { problems, problem_counts: by_code, rejected_count: count, .. } = draft;
            Decision::Refuse(BadRows { problems, count, by_code })
        };
        Ok(Taken { caller, header, decision })
    }
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
