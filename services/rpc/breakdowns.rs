//! `BreakdownService`, and what all calls of tables share: a question in, an encoded answer out.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use tonic::{Code, Request, Response, Status};

use super::audit::Record;
use super::cached_answers::{Follows, Made, Watched, key_at};
use super::caller::Caller;
use super::convert::trim::trim_question;
use super::convert::{breakdown, query, query_error, question};
use super::encoded::{self, Encoded};
use super::{SENT_BYTES, Service, status};
use crate::engine::Engine;
use crate::engine::answer::{AnyQuestion, Protected};
use crate::engine::cache::Shown;
use crate::engine::delivery::NotAnswered;
use crate::engine::query::{AsOf, Reader};
use crate::proto::server::breakdown_service_server::BreakdownService;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Answers `BreakdownService`.
pub struct Breakdowns(pub Service);

/// A checked question.
type Checked = Arc<dyn AnyQuestion>;

/// A question and its reader.
pub(super) type Asked = (Reader, v1::BreakdownQuestion);

/// The same for a question that is a field of a request, so that errors name the field.
fn make_followed(engine: &Engine, (name, asked): &(&'static str, Asked)) -> Result<Made, Status> {
    make(engine, asked).map_err(|refused| status::within(&question::path(name), refused))
}

/// Checks a question and computes its answer, with the reference content of the state that it is about. Both take time, so both are
/// done here. Every response of a table has the same two fields: 1 the answer, 2 the position.
fn make(engine: &Engine, (reader, asked): &Asked) -> Result<Made, Status> {
    let table = asked.table.as_ref().ok_or_else(|| question::missing("question"))?;
    let (engine, question) = at_its_state(engine, reader, table)?;
    let answer = question.answer(&engine.within(SENT_BYTES)).map_err(query_error)?;
    let body = tracing::debug_span!("encode")
        .in_scope(|| encoded::response(breakdown::parts(&answer), SENT_BYTES))
        .map_err(|bytes| status::answer_too_large(bytes, SENT_BYTES))?;
    let (scope, provenance) = (answer.scope().cloned(), answer.provenance());
    let (data_position, released) = (provenance.data_position, !provenance.release.is_empty());
    let release = released.then(|| provenance.release.as_str().into());
    let shown = Shown { cells: answer.cells(), release };
    Ok(Made { body, position: answer.position(), data_position, scope, released, shown })
}

/// The answer to a question as a reader gets it, for what is sent without a call; none: the reader is refused.
///
/// # Errors
/// The service failed: the same question may be answered later. Or data that it reads is damaged.
pub fn told(
    engine: &Engine,
    reader: &Reader,
    table: &Table,
) -> Result<Option<Protected>, NotAnswered> {
    let answer = at_its_state(engine, reader, table)
        .and_then(|(engine, question)| question.answer(&engine).map_err(query_error));
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(status) => match status.code() {
            Code::InvalidArgument
            | Code::NotFound
            | Code::FailedPrecondition
            | Code::PermissionDenied => {
                tracing::debug!(why = status.message(), "a partner is not told a figure");
                Ok(None)
            }
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::DeadlineExceeded
            | Code::AlreadyExists
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::Unauthenticated => Err(NotAnswered::ForNow(status.message().to_owned())),
            Code::DataLoss => Err(NotAnswered::Damaged(status.message().to_owned())),
        },
    }
}

/// A checked question, and the engine at the state that answers it: the requested one, or the release that its reader gets.
pub(super) fn at_its_state(
    engine: &Engine,
    reader: &Reader,
    table: &Table,
) -> Result<(Engine, Checked), Status> {
    // What cannot be read of it is refused with everything else that is wrong.
    let as_of = query::as_of(table.query().and_then(|query| query.as_of.as_ref()));
    let as_of = as_of.unwrap_or(AsOf::Head);
    let engine = &engine.asked_by(reader);
    let at = |as_of: &AsOf| match as_of {
        AsOf::Head => Ok(engine.clone()),
        AsOf::Position(_) | AsOf::Time(_) | AsOf::Release(_) => {
            engine.at(as_of).map_err(query_error)
        }
    };
    let then = at(&as_of)?;
    let checked = question::question(&then.reference(), reader, table)?;
    let release = then.release_for(checked.query()).map_err(query_error)?;
    let release = release.map(|release| AsOf::Release(Arc::clone(&release.id)));
    let Some(AsOf::Release(id)) = release.filter(|release| *release != as_of) else {
        return Ok((then, checked));
    };
    let mut table = table.clone();
    if let Some(query) = table.query_mut() {
        query.as_of = Some(v1::AsOf { at: Some(v1::as_of::At::Release(id.to_string())) });
    }
    let then = at(&AsOf::Release(id))?;
    let checked = question::question(&then.reference(), reader, &table)?;
    Ok((then, checked))
}

fn check(engine: &Engine, (reader, asked): &Asked) -> Result<Checked, Status> {
    let table = asked.table.as_ref().ok_or_else(|| question::missing("question"))?;
    question::question(&engine.reference(), reader, table)
}

impl Service {
    /// A question with its reader, and the cache key of both: the reader's bytes, then the encoded question, which begins with the number
    /// of its table. Two readers who may see different things never share an answer.
    fn keyed(caller: &Caller, mut table: Table) -> (Asked, Bytes) {
        trim_question(&mut table);
        let (reader, question) = (caller.reader(), v1::BreakdownQuestion { table: Some(table) });
        let key = [reader.key(), question.encode_to_vec()].concat().into();
        ((reader, question), key)
    }
}

impl Service {
    /// Answers a question to a table.
    pub(super) async fn ask<T>(
        &self,
        request: Request<T>,
        table: fn(T) -> Table,
    ) -> Result<Response<Encoded>, Status> {
        let record = Record::of(&request);
        let (caller, table) = (self.caller(&request)?, table(request.into_inner()));
        let as_of = table.query().and_then(|query| query.as_of.as_ref());
        let keeps = match as_of.and_then(|as_of| as_of.at.as_ref()) {
            None | Some(v1::as_of::At::Release(_)) => true,
            Some(v1::as_of::At::Position(_) | v1::as_of::At::Time(_)) => false,
        };
        let (asked, key) = Self::keyed(&caller, table);
        let key = key_at(&key, self.engine.newest_released());
        let answer = self.answer(&caller, (key, asked), keeps, make).await?;
        answer.is_shown(&record);
        Ok(Response::new(answer.into()))
    }
}

#[tonic::async_trait]
impl BreakdownService for Breakdowns {
    type WatchBreakdownStream = Watched;

    async fn watch_breakdown(
        &self,
        request: Request<v1::WatchBreakdownRequest>,
    ) -> Result<Response<Watched>, Status> {
        let (caller, record) = (self.0.caller(&request)?, Record::of(&request));
        let v1::WatchBreakdownRequest { question: asked, after_position } = request.into_inner();
        let table =
            asked.and_then(|asked| asked.table).ok_or_else(|| question::missing("question"))?;
        let name = table.name();
        let (asked, key) = Service::keyed(&caller, table);
        let followed = asked.clone();
        let checked = self.0.aside(move |engine| {
            let checked = check(engine, &asked)?;
            let reads_releases = engine.reads_releases(checked.query());
            Ok((checked.query().as_of.clone(), reads_releases))
        });
        let checked = checked.await?;
        let (as_of, reads_releases) =
            checked.map_err(|refused| status::within(&question::path(name), refused))?;
        if as_of != AsOf::Head {
            let field = format!("question.{name}.query.as_of");
            let why = "must be empty: a watch always sends the newest answer";
            return Err(status::field_invalid(field, why));
        }
        if reads_releases && self.0.engine.newest_release().is_none() {
            return Err(status::no_release());
        }
        let follows = if reads_releases { Follows::Releases } else { Follows::Changes };
        let followed = ((name, followed), record);
        self.0.watch(caller, (key, follows), followed, after_position, make_followed)
    }
}

#[cfg(test)]
#[path = "breakdowns_tests.rs"]
mod tests;
