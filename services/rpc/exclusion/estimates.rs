//! `ListEstimates`: published figures, in pages.

use tonic::Status;

use crate::engine::answer::{EstimateList, Place};
use crate::proto::v1;
use crate::rpc::Service;
use crate::rpc::caller::Caller;
use crate::rpc::convert::trim::trim;
use crate::rpc::convert::{estimate, query_error};
use crate::rpc::page::Page;

/// Bits of a row number in a cursor. No submission has more rows, and positions fit into the other bits.
const ROW_BITS: u32 = 23;

/// The cursor of a page that begins after a row.
fn cursor((position, row): Place) -> u64 {
    (position << ROW_BITS) | row as u64
}

/// The row after which a page begins; none: the first page. No submission has position 0.
fn place(cursor: u64) -> Option<Place> {
    let row = usize::try_from(cursor & ((1 << ROW_BITS) - 1)).unwrap_or(usize::MAX);
    (cursor > 0).then_some((cursor >> ROW_BITS, row))
}

pub(super) async fn list(
    (service, caller): (&Service, &Caller),
    request: v1::ListEstimatesRequest,
) -> Result<v1::ListEstimatesResponse, Status> {
    let v1::ListEstimatesRequest {
        mut collection,
        mut indicator,
        mut area,
        mut period,
        page_size,
        page_token,
    } = request;
    trim([&mut collection, &mut indicator, &mut area, &mut period]);
    let query = ["estimates", &collection, &indicator, &area, &period];
    let page = Page::new(&service.page_key, &query, page_size, &page_token)?;
    let list = EstimateList { collection, indicator, area, period };
    let (after, size) = (place(page.cursor), page.size);
    let mut found = service
        .work(caller, move |engine| engine.list_estimates(&list, after, size + 1))
        .await?
        .map_err(query_error)?;
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more).map(|(place, _)| page.token(cursor(*place)));
    let estimates = found.into_iter().map(|(_, one)| estimate::published(one)).collect();
    Ok(v1::ListEstimatesResponse { estimates, next_page_token: last.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_the_place_that_it_was_made_of() {
        assert_eq!(place(0), None);
        for found in [(1, 0), (1, 4_999_999), (1 << 40, 7)] {
            assert_eq!(place(cursor(found)), Some(found));
        }
    }
}
