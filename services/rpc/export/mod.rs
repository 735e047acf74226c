//! `ExportService`: every area and period of a table, read at one position, as flat rows. A broken export continues at its cursor.
//!
//! - `plan` the tables and their order
//! - `flat` the cells of one answer, one cell a row
//! - `cursor` where a broken export continues

mod cursor;
mod flat;
mod plan;

use std::iter::Peekable;
use std::pin::Pin;
use std::sync::Arc;

use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

use super::Service;
use super::audit::{Record, cells_of};
use super::caller::Caller;
use super::convert::int;
use super::convert::trim::{trim, trim_question};
use super::deadline::Deadline;
use crate::engine::Engine;
use crate::engine::cache::Shown;
use crate::proto::server::export_service_server::ExportService;
use crate::proto::v1;
use cursor::Place;
#[cfg(test)]
pub(super) use flat::rows;
use plan::Plan;

/// Answers `ExportService`.
pub struct Export(pub Service);

/// Most rows of a message, and most bytes of its rows.
const ROWS: usize = 1_000;
const BYTES: usize = 2 << 20;
/// Messages made ahead of a slow client.
const AHEAD: usize = 2;

type Sender = mpsc::Sender<Result<v1::ExportBreakdownsResponse, Status>>;
type Exported = Pin<Box<dyn Stream<Item = Result<v1::ExportBreakdownsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl ExportService for Export {
    type ExportBreakdownsStream = Exported;

    async fn export_breakdowns(
        &self,
        request: Request<v1::ExportBreakdownsRequest>,
    ) -> Result<Response<Exported>, Status> {
        let (caller, record) = (self.0.caller(&request)?, Record::of(&request));
        let (mut request, key) = (request.into_inner(), self.0.page_key);
        trim(&mut request.area_types);
        if let Some(table) = request.question.as_mut().and_then(|asked| asked.table.as_mut()) {
            trim_question(table);
        }
        // Goes through every area: not for a thread that others wait for.
        let reader = caller.reader();
        let planning = move |engine: &Engine| Plan::new(engine, &key, reader, &request);
        let (plan, from) = self.0.work(&caller, planning).await??;
        let (send, receive) = mpsc::channel(AHEAD);
        let service = self.0.clone();
        let producing = Deadline::current().beside(async move {
            let failed = produce((&service, &caller, &record), plan, from, &send).await.err();
            if let Some(status) = failed {
                // A client that has gone does not want to know.
                drop(send.send(Err(status)).await);
            }
        });
        // Within the span of the call, of which the work of each table is a part.
        tokio::spawn(producing.in_current_span());
        Ok(Response::new(Box::pin(ReceiverStream::new(receive))))
    }
}

/// Sends table after table from a place on, until the end or until the client has gone.
async fn produce(
    (service, caller, record): (&Service, &Caller, &Record),
    plan: Plan,
    from: Place,
    send: &Sender,
) -> Result<(), Status> {
    let plan = Arc::new(plan);
    let (table_count, position) = (plan.len(), plan.position);
    for number in from.table..table_count {
        service.goes_on(caller)?;
        let planned = Arc::clone(&plan);
        let answer = move |engine: &Engine| {
            let answer = planned.answer(engine, number)?;
            // Whole tables: a receiver replaces them, so that rows which are no longer there go too.
            let mut rows = flat::rows(&answer, &planned.reference);
            let is_wanted = planned.since == 0 || rows.any(|row| row.data_position > planned.since);
            drop(rows);
            Ok::<_, Status>((answer, is_wanted))
        };
        let worked = tokio::select! {
            worked = service.work(caller, answer) => worked?,
            () = send.closed() => return Ok(()),
        };
        let (answer, is_wanted) = worked?;
        let mut done = if number == from.table { from.row } else { 0 };
        let rows = flat::rows(&answer, &plan.reference).filter(|_| is_wanted);
        let mut rows = rows.skip(done).peekable();
        loop {
            let part = part(&mut rows);
            done += part.len();
            let is_last = rows.peek().is_none();
            let (table, row) = if is_last { (number + 1, 0) } else { (number, done) };
            let place = Place { position, table, row };
            let release = part.first().map(|row| row.release.as_str()).unwrap_or_default();
            let release = (!release.is_empty()).then(|| release.into());
            let shown = Shown { cells: cells_of(&part), release };
            let message = v1::ExportBreakdownsResponse {
                rows: part,
                cursor: plan.seal.cursor(&place),
                position: int(position),
                done_table_count: int(place.table),
                table_count: int(table_count),
            };
            if send.send(Ok(message)).await.is_err() {
                return Ok(());
            }
            record.shows(shown.cells, shown.release.as_ref(), position);
            if is_last {
                break;
            }
        }
    }
    Ok(())
}

/// The rows of one message.
fn part(rows: &mut Peekable<impl Iterator<Item = v1::ExportRow>>) -> Vec<v1::ExportRow> {
    let (mut part, mut bytes) = (Vec::new(), 0);
    while part.len() < ROWS
        && bytes < BYTES
        && let Some(row) = rows.next()
    {
        bytes += row.encoded_len();
        part.push(row);
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_bounded_in_rows_and_bytes_and_lose_nothing() {
        let small = |n: i64| v1::ExportRow { position: n, ..Default::default() };
        let mut rows = (0..2_500).map(small).peekable();
        let sizes: Vec<_> = (0..4).map(|_| part(&mut rows).len()).collect();
        assert_eq!(sizes, [1_000, 1_000, 500, 0]);
        let large = |_| v1::ExportRow { provenance: "x".repeat(1 << 20), ..Default::default() };
        let mut rows = (0..5).map(large).peekable();
        let sizes: Vec<_> = (0..4).map(|_| part(&mut rows).len()).collect();
        assert_eq!(sizes, [2, 2, 1, 0]);
    }
}
