//! `ErasureService`: destroys data, and lists what was destroyed.

use tonic::{Request, Response, Status};

use super::audit::Record;
use super::convert::erasure::erasure;
use super::convert::header;
use super::convert::name::version_name;
use super::convert::store_error;
use super::convert::trim::trim;
use super::page::Page;
use super::{Service, status, submissions};
use crate::engine::{Engine, WriteError};
use crate::proto::server::erasure_service_server::ErasureService;
use crate::proto::v1;

/// Answers `ErasureService`.
pub struct Erasures(pub Service);

/// A page of erasures, newest first: each page goes on below the position where the one before ended.
fn list(
    engine: &Engine,
    page_key: &[u8; 32],
    request: &v1::ListErasuresRequest,
) -> Result<v1::ListErasuresResponse, Status> {
    let page = Page::new(page_key, &["erasures"], request.page_size, &request.page_token)?;
    let mut found = engine.erasures(page.cursor, page.size + 1);
    let more = found.len() > page.size;
    found.truncate(page.size);
    let last = found.last().filter(|_| more).map(|last| page.token(last.position));
    let erasures = found.iter().map(|found| erasure(found)).collect();
    Ok(v1::ListErasuresResponse { erasures, next_page_token: last.unwrap_or_default() })
}

/// The request id, if that and the other fields can be used.
fn checked(texts: &[(&str, &str)], request_id: &str) -> Result<String, Status> {
    let missing = texts.iter().filter(|(_, text)| text.is_empty());
    let mut wrong: Vec<_> = missing
        .map(|(field, _)| {
            let what = match *field {
                "reason" => "is missing: say in a sentence why the data is erased",
                _ => "is missing",
            };
            ((*field).to_owned(), what.to_owned())
        })
        .collect();
    let id = header::request_id(request_id);
    wrong.extend(id.as_ref().err().map(|what| ("request_id".to_owned(), what.to_string())));
    match id {
        Ok(id) if wrong.is_empty() => Ok(id),
        _ => Err(status::fields_invalid(wrong)),
    }
}

#[tonic::async_trait]
impl ErasureService for Erasures {
    async fn erase_submission(
        &self,
        request: Request<v1::EraseSubmissionRequest>,
    ) -> Result<Response<v1::EraseSubmissionResponse>, Status> {
        let (caller, record) = (self.0.caller(&request)?, Record::of(&request));
        self.0.may_erase(&caller)?;
        let v1::EraseSubmissionRequest { mut name, all_versions, mut reason, request_id } =
            request.into_inner();
        trim([&mut name, &mut reason]);
        let id = checked(&[("name", &name), ("reason", &reason)], &request_id)?;
        let named = name.clone();
        let found = self.0.aside(move |engine| {
            let found = engine.submission(&version_name("name", &named)?);
            found.map_err(|error| store_error(&error))
        });
        let found = found.await??.ok_or_else(|| submissions::no_submission(&name))?;
        let ordered = (&*reason, caller.name(), &*id);
        record.intends().await?;
        let made = self.0.engine.erase_submission(&found.submission, all_versions, ordered).await;
        let made = made.map_err(|error| {
            if matches!(error, WriteError::AlreadyErased) {
                return status::already_erased(&name);
            }
            submissions::refused(&error, &id)
        })?;
        record.made(made.erasure.position);
        let erasure = Some(erasure(&made.erasure));
        Ok(Response::new(v1::EraseSubmissionResponse { erasure, replayed: made.replayed }))
    }

    async fn erase_person(
        &self,
        request: Request<v1::ErasePersonRequest>,
    ) -> Result<Response<v1::ErasePersonResponse>, Status> {
        let (caller, record) = (self.0.caller(&request)?, Record::of(&request));
        self.0.may_erase(&caller)?;
        let v1::ErasePersonRequest {
            person_key: mut key,
            person_key_scheme: mut scheme,
            mut reason,
            request_id,
        } = request.into_inner();
        trim([&mut key, &mut scheme, &mut reason]);
        let texts = [("person_key", &*key), ("person_key_scheme", &*scheme), ("reason", &*reason)];
        let id = checked(&texts, &request_id)?;
        let ordered = (&*reason, caller.name(), &*id);
        record.intends().await?;
        let made = self.0.engine.erase_person((&scheme, &key), ordered).await;
        let made = made.map_err(|error| submissions::refused(&error, &id))?;
        record.made(made.erasure.position);
        let erasure = Some(erasure(&made.erasure));
        Ok(Response::new(v1::ErasePersonResponse { erasure, replayed: made.replayed }))
    }

    async fn list_erasures(
        &self,
        request: Request<v1::ListErasuresRequest>,
    ) -> Result<Response<v1::ListErasuresResponse>, Status> {
        self.0.may_erase(&self.0.caller(&request)?)?;
        let (request, page_key) = (request.into_inner(), self.0.page_key);
        let listed = self.0.aside(move |engine| list(engine, &page_key, &request)).await?;
        listed.map(Response::new)
    }
}
