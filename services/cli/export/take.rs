//! The stream of an export. If it breaks, it continues after the last message, for as long as a command waits.

use std::collections::BTreeSet;
use std::time::Duration;

use tonic::{Code, Status};

use crate::cli::client::{LONGEST_WAIT, Service, pause};
use crate::cli::exit::Failure;
use crate::cli::show::{Look, errors, progress};
use crate::proto::v1::{ExportBreakdownsRequest, ExportBreakdownsResponse, ExportRow};

/// Pause after the first break.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Totals of an export, for its closing line and the metadata of its file.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Number of rows received.
    pub(super) rows: u64,
    /// Tables, areas times periods.
    pub(super) tables: i64,
    /// Log position at which all rows were read.
    pub(super) position: i64,
    /// Ids of the indicators in the rows.
    pub(super) indicators: BTreeSet<String>,
    /// Publishers and licences of the figures.
    pub(super) provenances: BTreeSet<String>,
    /// Sentences that must appear with the figures.
    pub(super) statements: BTreeSet<String>,
    /// Sentences that a reader has to know.
    pub(super) notes: BTreeSet<String>,
}

impl Taken {
    fn add(&mut self, message: &ExportBreakdownsResponse) {
        self.rows += message.rows.len() as u64;
        self.tables = message.done_table_count;
        self.position = message.position;
        for row in &message.rows {
            let one = [
                (&mut self.indicators, &row.indicator),
                (&mut self.provenances, &row.provenance),
                (&mut self.statements, &row.statement),
            ];
            for (known, text) in one {
                keep(known, text);
            }
            row.notes.iter().for_each(|note| keep(&mut self.notes, note));
        }
    }
}

/// Adds a text that is not known yet.
fn keep(known: &mut BTreeSet<String>, text: &String) {
    if !text.is_empty() && !known.contains(text) {
        known.insert(text.clone());
    }
}

/// Takes a whole export and passes each row to `write` once, even if the stream breaks. `first_pause` is the shortest time before it
/// is asked for again; each break without a message in between doubles it, to ten seconds at most. The pauses add up to at most the time that
/// the service is waited for. Each message restarts that time.
pub(super) async fn take(
    service: &Service,
    mut request: ExportBreakdownsRequest,
    look: &Look,
    first_pause: Duration,
    mut write: impl FnMut(&[ExportRow]) -> Result<(), Failure>,
) -> Result<Taken, Failure> {
    let mut taken = Taken::default();
    let bar = progress::bar("exporting", "tables", Some(0), look);
    let (mut shortest, mut left) = (first_pause, service.patience());
    loop {
        let before = request.cursor.clone();
        let status = match service.export().export_breakdowns(request.clone()).await {
            Err(status) => status,
            Ok(stream) => {
                let mut stream = stream.into_inner();
                loop {
                    match stream.message().await {
                        Ok(Some(message)) => {
                            write(&message.rows)?;
                            bar.set_length(u64::try_from(message.table_count).unwrap_or(0));
                            bar.set_position(u64::try_from(message.done_table_count).unwrap_or(0));
                            taken.add(&message);
                            request.cursor = message.cursor;
                        }
                        Ok(None) => {
                            bar.finish_and_clear();
                            return Ok(taken);
                        }
                        Err(status) => break status,
                    }
                }
            }
        };
        let got_on = request.cursor != before;
        if got_on {
            (shortest, left) = (first_pause, service.patience());
        }
        let (passes, failure) = (may_pass(&status, got_on), service.failure(status));
        let asked = pause(&failure);
        let (passes, asked) = (passes || asked.is_some(), asked.unwrap_or_default());
        if !passes || left.is_zero() || asked > left {
            return Err(failure);
        }
        let wait = shortest.min(left).max(asked);
        (shortest, left) = ((2 * shortest).min(LONGEST_WAIT), left - wait);
        tokio::time::sleep(wait).await;
    }
}

/// Whether to continue: the service is away or full for a while, or ended a stream that had made progress.
fn may_pass(status: &Status, got_on: bool) -> bool {
    let code = status.code();
    code == Code::Unavailable
        || (code == Code::DeadlineExceeded && got_on)
        || errors::connection_lost(status).is_some()
}

#[cfg(test)]
#[path = "take_tests.rs"]
mod tests;
