//! The result of sending a file: receipts, row problems, refusals.

use tonic_types::StatusExt as _;

use super::table::printable;
use super::{Format, Out, json, receipts};
use crate::cli::exit::Failure;
use crate::cli::send_all::{Refusal, Sent};

/// Shows receipts as the answer, and row problems and refusals as remarks (in JSON: as part of the answer).
///
/// # Errors
/// The answer cannot be written.
pub fn show(sent: &Sent, out: &mut Out) -> Result<(), Failure> {
    if out.format == Format::Json {
        return Ok(out.answer(&json::text(&as_json(sent)?, false))?);
    }
    if !sent.receipts.is_empty() {
        let sheet = receipts::receipts(&sent.receipts);
        let csv = out.format == Format::Csv;
        let text = if csv { sheet.csv() } else { sheet.table(&out.look) };
        out.answer(&text)?;
    }
    for receipt in sent.receipts.iter().filter(|receipt| !receipt.problems.is_empty()) {
        let submission = receipt.submission.clone().unwrap_or_default();
        out.remark(&format!(
            "{} {}: rows that were left out: {}",
            submission.organisation, submission.month, submission.rejected_count
        ))?;
        out.remark(&receipts::problems(&receipt.problems).table(&out.look))?;
        if !receipt.next_page_token.is_empty() {
            out.remark(&format!("the rest: equity submissions problems {}", submission.name))?;
        }
    }
    // A single refusal is the failure of the command and shown as that.
    if sent.receipts.len() + sent.refusals.len() > 1 {
        for refusal in &sent.refusals {
            out.remark(&refused(refusal))?;
        }
    }
    Ok(())
}

fn refused(refusal: &Refusal) -> String {
    let mut text = format!(
        "refused: {} {}: {}",
        refusal.organisation,
        refusal.month,
        refusal.status.message()
    );
    for (field, description) in violations(refusal) {
        text.push_str(&format!("\n  {field}: {description}"));
    }
    text
}

fn violations(refusal: &Refusal) -> Vec<(String, String)> {
    let details = refusal.status.get_details_bad_request();
    let violations = details.map(|details| details.field_violations).unwrap_or_default();
    violations
        .into_iter()
        .map(|violation| (printable(&violation.field), printable(&violation.description)))
        .collect()
}

fn as_json(sent: &Sent) -> anyhow::Result<serde_json::Value> {
    let receipts = sent.receipts.iter().map(|receipt| json::of("equity.v1.Receipt", receipt));
    let refusals = sent.refusals.iter().map(|refusal| {
        let info = refusal.status.get_details_error_info();
        let violations: Vec<_> = violations(refusal)
            .into_iter()
            .map(|(field, description)| serde_json::json!({"field": field, "description": description}))
            .collect();
        serde_json::json!({
            "organisation": refusal.organisation,
            "month": refusal.month,
            "code": format!("{:?}", refusal.status.code()),
            "reason": info.map(|info| info.reason).unwrap_or_default(),
            "message": refusal.status.message(),
            "violations": violations,
        })
    });
    Ok(serde_json::json!({
        "receipts": receipts.collect::<Result<Vec<_>, _>>()?,
        "refusals": refusals.collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::show::captured;
    use crate::proto::v1::{Receipt, RowProblem, Submission};
    use tonic_types::ErrorDetails;

    fn sent() -> Sent {
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("records[3].channel", "`99` is no channel; nearest: 98");
        let status = tonic::Status::with_error_details(
            tonic::Code::InvalidArgument,
            "1 row has problems",
            details,
        );
        Sent {
            receipts: vec![Receipt {
                submission: Some(Submission {
                    organisation: "04C".into(),
                    month: "2020-04".into(),
                    rejected_count: 1,
                    ..Default::default()
                }),
                problems: vec![RowProblem {
                    row_index: 17,
                    field: "person.sex".into(),
                    value: "7".into(),
                    expected: "a code of sex".into(),
                    nearest: "1".into(),
                }],
                ..Default::default()
            }],
            refusals: vec![Refusal {
                organisation: "03W".into(),
                month: "2020-05".into(),
                status: Box::new(status),
            }],
        }
    }

    #[test]
    fn left_out_and_refused_are_both_named() {
        let (mut out, answers, remarks) = captured::out(Format::Table);
        show(&sent(), &mut out).unwrap();
        assert!(answers.text().contains("04C"));
        let remarks = remarks.text();
        assert!(
            remarks.contains("|  17 | person.sex | 7     | a code of sex | 1       |"),
            "{remarks}"
        );
        assert!(remarks.contains("refused: 03W 2020-05: 1 row has problems"), "{remarks}");
        assert!(
            remarks.contains("records[3].channel: `99` is no channel; nearest: 98"),
            "{remarks}"
        );
    }

    #[test]
    fn json_holds_everything() {
        let (mut out, answers, remarks) = captured::out(Format::Json);
        show(&sent(), &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_str(&answers.text()).unwrap();
        assert_eq!(value["receipts"][0]["problems"][0]["row_index"], 17);
        assert_eq!(value["refusals"][0]["violations"][0]["field"], "records[3].channel");
        assert_eq!(remarks.text(), "");
    }

    #[test]
    fn the_verdict_counts() {
        assert!(matches!(sent().verdict(), Err(Failure::SomeRefused { refused: 1, of: 2 })));
        assert!(Sent::default().verdict().is_ok());
        let alone = Sent { receipts: vec![], ..sent() };
        assert!(matches!(alone.verdict(), Err(Failure::Refused(_))));
    }
}
