//! Whose rows are sent of published files of many organisations.

use super::client::{Service, pages};
use super::exit::Failure;
use super::spool::Input;
use super::whom;
use crate::ingest::{self, Only};
use crate::proto::v1;

/// The value of `--area` that takes every row.
const ALL: &str = "ALL";

/// The organisations whose rows are taken: those of the area that was named, or of the area that the service is for. None: all, because
/// no file has rows of many organisations, all of them are wanted, or the service is for no area.
///
/// # Errors
/// The service cannot be reached, does not know the area, or knows no organisation in it.
pub(super) async fn only(
    service: &Service,
    area: Option<&str>,
    files: &[Input],
) -> Result<Option<Only>, Failure> {
    if area == Some(ALL) || !files.iter().any(|file| ingest::is_of_many(&file.path)) {
        return Ok(None);
    }
    let area = match area {
        Some(area) => area.to_owned(),
        None => whom::info(service).await?.home_area,
    };
    if area.is_empty() {
        return Ok(None);
    }
    let request = v1::ListOrganisationsRequest { area: area.clone(), ..Default::default() };
    let found = pages!(service, reference, list_organisations, request, organisations, usize::MAX);
    if found.is_empty() {
        let why =
            format!("the service knows no organisation in {area}; `--area {ALL}` takes all rows");
        return Err(Failure::Usage(why));
    }
    let organisations = found.into_iter().map(|of| of.code).collect();
    Ok(Some(Only { organisations, area }))
}
