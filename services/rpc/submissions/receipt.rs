//! Receipts, and further pages of row problems.

use tonic::Status;

use crate::engine::receipt::{Foreseen, Receipt};
use crate::proto::v1;
use crate::rpc::Service;
use crate::rpc::caller::Caller;
use crate::rpc::convert::{name, submission};
use crate::rpc::page::Page;

/// Most row problems in a receipt.
const IN_RECEIPT: usize = 100;

/// The receipt of a submission.
pub(super) fn receipt(
    (service, caller): (&Service, &Caller),
    receipt: Receipt,
) -> Result<v1::Receipt, Status> {
    Ok(match receipt {
        Receipt::Validated(header, draft, foreseen) => v1::Receipt {
            submission: Some(submission::validated(&header, &draft, foreseen)),
            unchanged: foreseen == Foreseen::Unchanged,
            would_be_refused: foreseen == Foreseen::Refused,
            problems: draft
                .problems
                .into_iter()
                .take(IN_RECEIPT)
                .map(submission::problem)
                .collect(),
            validated_only: true,
            ..v1::Receipt::default()
        },
        Receipt::Stored { version, problems, replayed, unchanged } => {
            let page = problems_page((service, caller), &name::of(&version.submission), 0, "")?;
            let more = problems.len() > IN_RECEIPT;
            v1::Receipt {
                submission: Some(submission::submission(&version)),
                problems: problems.into_iter().take(IN_RECEIPT).map(submission::problem).collect(),
                next_page_token: if more { page.token(IN_RECEIPT as u64) } else { String::new() },
                replayed,
                unchanged,
                ..v1::Receipt::default()
            }
        }
    })
}

/// A page of the problems of the submission of this name, for who has its receipt.
pub(super) fn problems_page(
    (service, caller): (&Service, &Caller),
    name: &str,
    size: i32,
    token: &str,
) -> Result<Page, Status> {
    Page::new(&service.page_key, &["problems", name, caller.name()], size, token)
}
