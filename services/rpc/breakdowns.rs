//! `BreakdownService`, and what all calls of tables share: a question in, an encoded answer out.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use tonic::{Request, Response, Status};

use super::cached_answers::{Made, Watched};
use super::convert::trim::trim_question;
use super::convert::{breakdown, query, query_error, question};
use super::encoded::{self, Encoded};
use super::{SENT_BYTES, Service, status};
use crate::engine::answer::AnyQuestion;
use crate::engine::query::{AsOf, Reader};
use crate::engine::{Engine, QueryError};
use crate::proto::server::breakdown_service_server::BreakdownService;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Answers `BreakdownService`.
pub struct Breakdowns(pub Service);

/// A checked question. A watch asks it again after each change.
type Asked = Arc<dyn AnyQuestion>;

/// Computes an answer. Every response of a table has the same two fields: 1 the answer, 2 the position.
fn compute(engine: &Engine, question: &dyn AnyQuestion) -> Result<Made, QueryError> {
    let answer = question.answer(&engine.within(SENT_BYTES))?;
    let body = encoded::response(breakdown::parts(&answer), SENT_BYTES)
        .map_err(|bytes| QueryError::TooLong { bytes, limit: SENT_BYTES })?;
    let data_position = answer.provenance().data_position;
    Ok(Made { body, position: answer.position(), data_position, scope: answer.scope().cloned() })
}

/// The same for a question that is a field of a request, so that errors name the field.
fn make_followed(
    engine: &Engine,
    (name, question): &(&'static str, Asked),
) -> Result<Made, Status> {
    let made = compute(engine, &**question);
    made.map_err(|refused| query_error(refused.within(&question::path(name))))
}

/// Checks a question and computes its answer, with the reference content of the state that it is about. Both take time, so both are
/// done here.
fn make(engine: &Engine, asked: &(Reader, v1::BreakdownQuestion)) -> Result<Made, Status> {
    let table = asked.1.table.as_ref().and_then(Table::query);
    // What cannot be read of it is refused with everything else that is wrong.
    let then = query::as_of(table.and_then(|query| query.as_of.as_ref())).unwrap_or(AsOf::Head);
    let then = match then {
        AsOf::Head => None,
        AsOf::Position(_) | AsOf::Time(_) => Some(engine.at(&then).map_err(query_error)?),
    };
    let engine = then.as_ref().unwrap_or(engine);
    compute(engine, &*check(engine, asked)?).map_err(query_error)
}

fn check(
    engine: &Engine,
    (reader, asked): &(Reader, v1::BreakdownQuestion),
) -> Result<Asked, Status> {
    let table = asked.table.as_ref().ok_or_else(|| question::missing("question"))?;
    question::question(&engine.reference(), reader, table)
}

impl Service {
    /// A question with its reader, and the cache key of both: the reader's bytes, then the encoded question, which begins with the number
    /// of its table. Two readers who may see different things never share an answer.
    fn keyed(&self, mut table: Table) -> ((Reader, v1::BreakdownQuestion), Bytes) {
        trim_question(&mut table);
        let (reader, question) = (self.reader(), v1::BreakdownQuestion { table: Some(table) });
        let key = [reader.key(), question.encode_to_vec()].concat().into();
        ((reader, question), key)
    }
}

impl Service {
    /// Answers a question to a table.
    pub(super) async fn ask(&self, table: Table) -> Result<Response<Encoded>, Status> {
        let as_of = table.query().and_then(|query| query.as_of.as_ref());
        let newest = as_of.is_none_or(|as_of| as_of.at.is_none());
        let (asked, key) = self.keyed(table);
        self.answer(key, asked, newest, make).await
    }
}

#[tonic::async_trait]
impl BreakdownService for Breakdowns {
    type WatchBreakdownStream = Watched;

    async fn watch_breakdown(
        &self,
        request: Request<v1::WatchBreakdownRequest>,
    ) -> Result<Response<Watched>, Status> {
        let v1::WatchBreakdownRequest { question: asked, after_position } = request.into_inner();
        let table =
            asked.and_then(|asked| asked.table).ok_or_else(|| question::missing("question"))?;
        let name = question::name(&table);
        let (asked, key) = self.0.keyed(table);
        let checked = self.0.aside(move |engine| check(engine, &asked)).await?;
        let checked = checked.map_err(|refused| status::within(&question::path(name), refused))?;
        if checked.query().as_of != AsOf::Head {
            let field = format!("question.{name}.query.as_of");
            let why = "must be empty: a watch always sends the newest answer";
            return Err(status::field_invalid(field, why));
        }
        self.0.watch(key, (name, checked), after_position, make_followed)
    }
}
