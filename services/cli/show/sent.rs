//! The result of sending a file: receipts, row problems, refusals.

use tonic::Status;
use tonic_types::StatusExt as _;

use super::table::printable;
use super::{Format, Out, json, receipts, words};
use crate::cli::exit::Failure;
use crate::cli::row_lines::{is_of_rows, row_of, with_lines};
use crate::cli::sent::{Refusal, Sent, Slot};
use crate::ingest::Lines;
use crate::proto::v1::{Dataset, Reading, Receipt, Submission};

/// Shows receipts as the answer, and row problems and refusals as remarks (in JSON: as part of the answer).
///
/// # Errors
/// The answer cannot be written.
pub fn show(sent: &Sent, out: &mut Out) -> Result<(), Failure> {
    if out.format == Format::Json {
        out.answer(&json::text(&as_json(sent)?, false))?;
        return stopped(sent, out);
    }
    if sent.receipts().next().is_some() {
        let sheet = receipts::receipts(sent.receipts());
        let csv = out.format == Format::Csv;
        let text = if csv { sheet.csv() } else { sheet.table(&out.look) };
        out.answer(&text)?;
    }
    for (receipt, lines) in sent.receipts_and_lines() {
        read_so(receipt, out)?;
        if !receipt.problems.is_empty() {
            problems(receipt, lines, out)?;
        }
    }
    // A single refusal is the failure of the command and shown as that.
    if sent.receipts().count() + sent.refusals().count() > 1 {
        for (slots, file, reason) in alike(sent) {
            out.remark(&refused(&slots, file, &reason))?;
        }
    }
    stopped(sent, out)
}

/// Says at which submission the sending stopped, and which others have no answer.
///
/// # Errors
/// The remark cannot be written.
pub fn stopped(sent: &Sent, out: &mut Out) -> Result<(), Failure> {
    let at = sent.stopped_at();
    if let Some(slot) = at {
        out.remark(&format!("stopped at: {}", name(slot)))?;
    }
    for slot in sent.unanswered().filter(|slot| Some(*slot) != at) {
        out.remark(&format!("sent, but not acknowledged: {}; it may be stored", name(slot)))?;
    }
    Ok(())
}

/// A submission that has no name yet.
fn name(slot: &Slot) -> String {
    let Slot { collection, dataset, organisation, month } = slot;
    let dataset = words::name(i32::from(*dataset), Dataset::as_str_name);
    format!("{organisation} {month}, {dataset} of {collection}")
}

/// Says how many rows have no value or a suppressed one, and which values were read in another form.
fn read_so(receipt: &Receipt, out: &mut Out) -> Result<(), Failure> {
    let Some(submission) = &receipt.submission else { return Ok(()) };
    let Submission { organisation, month, blank_count, suppressed_count, readings, .. } =
        submission;
    if *blank_count > 0 {
        out.remark(&format!(
            "{organisation} {month}: rows without any value, which were passed over: {blank_count}"
        ))?;
    }
    if *suppressed_count > 0 {
        out.remark(&format!(
            "{organisation} {month}: counts or figures that their publisher does not give (suppressed): {suppressed_count}; they are not 0, and what needs them is absent"
        ))?;
    }
    for Reading { field, how, value, read_as, count } in readings {
        let (value, read_as) = (printable(value), printable(read_as));
        let example =
            if value.is_empty() { String::new() } else { format!("; `{value}` is `{read_as}`") };
        out.remark(&format!(
            "{organisation} {month}: {field} was read {how} (rows: {count}{example})"
        ))?;
    }
    Ok(())
}

fn problems(receipt: &Receipt, lines: &Lines, out: &mut Out) -> Result<(), Failure> {
    let submission = receipt.submission.clone().unwrap_or_default();
    let what = match receipt.would_be_refused {
        true => "rows with problems",
        false => "rows that were left out",
    };
    out.remark(&format!(
        "{} {}{}: {what}: {}",
        submission.organisation,
        submission.month,
        of_file(&lines.file),
        submission.rejected_count
    ))?;
    out.remark(&receipts::problems(&receipt.problems, Some(lines)).table(&out.look))?;
    if !receipt.next_page_token.is_empty() {
        out.remark(&format!("the rest: equity submissions problems {}", submission.name))?;
    }
    Ok(())
}

/// The refusals, those of one organisation for one reason together: a location that is not known is said once, not once a month. If
/// the reason is rows: of one file.
fn alike(sent: &Sent) -> Vec<(Vec<&Slot>, &str, String)> {
    let mut found: Vec<(Vec<&Slot>, &str, String)> = Vec::new();
    let mut places = std::collections::BTreeMap::new();
    for refusal in sent.refusals() {
        let Refusal { slot, lines, status } = refusal;
        let file = if is_of_rows(status) { lines.file.as_str() } else { "" };
        let reason = reason(&refusal);
        let place = places.entry((&slot.organisation, file, reason.clone()));
        let place = *place.or_insert(found.len());
        match found.get_mut(place) {
            Some((slots, ..)) => slots.push(slot),
            None => found.push((vec![slot], file, reason)),
        }
    }
    found
}

/// Why a submission was refused, field by field, with the lines of its rows.
pub fn reason(refusal: &Refusal<'_>) -> String {
    let Refusal { lines, status, .. } = refusal;
    let mut text = status.message().to_owned();
    for (field, description) in violations(status) {
        let line = format!("{field}: {description}");
        // What the message says already is not said again.
        if !text.contains(&line) {
            text.push_str(&format!("\n  {line}"));
        }
    }
    with_lines(&text, lines)
}

/// A refusal of some months of an organisation in words.
pub fn refused(slots: &[&Slot], file: &str, reason: &str) -> String {
    let organisation = slots.first().map_or("", |slot| &slot.organisation);
    let months = match slots {
        [first, .., last] => {
            let (first, last) = (&first.month, &last.month);
            format!("{first} … {last} ({} submissions)", slots.len())
        }
        slots => slots.iter().map(|slot| slot.month.as_str()).collect(),
    };
    format!("refused: {organisation} {months}{}: {reason}", of_file(file))
}

/// The file of some rows, after what they are; nothing if they come from none.
fn of_file(file: &str) -> String {
    if file.is_empty() { String::new() } else { format!(" of {file}") }
}

fn violations(status: &Status) -> Vec<(String, String)> {
    let details = status.get_details_bad_request();
    let violations = details.map(|details| details.field_violations).unwrap_or_default();
    violations
        .into_iter()
        .map(|violation| (printable(&violation.field), printable(&violation.description)))
        .collect()
}

fn as_json(sent: &Sent) -> anyhow::Result<serde_json::Value> {
    let receipts = sent.receipts_and_lines().map(|(receipt, lines)| {
        let mut value = json::of("equity.v1.Receipt", receipt)?;
        value["file"] = lines.file.as_str().into();
        for (place, problem) in receipt.problems.iter().enumerate() {
            value["problems"][place]["line"] = receipts::line_of(problem, lines).into();
        }
        anyhow::Ok(value)
    });
    let refusals = sent.refusals().map(|Refusal { slot, lines, status }| {
        let info = status.get_details_error_info();
        let violation = |(field, description): (String, String)| match row_of(&field) {
            Some((row_index, within)) => serde_json::json!({
                "line": lines.line(row_index),
                "row_index": row_index,
                "field": within,
                "description": description,
            }),
            None => serde_json::json!({"field": field, "description": description}),
        };
        serde_json::json!({
            "organisation": slot.organisation,
            "month": slot.month,
            "file": lines.file,
            "code": format!("{:?}", status.code()),
            "reason": info.map(|info| info.reason).unwrap_or_default(),
            "message": status.message(),
            "violations": violations(status).into_iter().map(violation).collect::<Vec<_>>(),
        })
    });
    let unanswered = sent.unanswered().map(|slot| {
        serde_json::json!({
            "organisation": slot.organisation,
            "month": slot.month,
            "collection": slot.collection,
            "dataset": slot.dataset.as_str_name(),
        })
    });
    Ok(serde_json::json!({
        "receipts": receipts.collect::<Result<Vec<_>, _>>()?,
        "refusals": refusals.collect::<Vec<_>>(),
        "unanswered": unanswered.collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sent::Answer;
    use crate::cli::show::captured;
    use crate::proto::v1::{RowProblem, Submission};
    use tonic_types::ErrorDetails;

    fn sent() -> Sent {
        let mut details = ErrorDetails::new();
        details.add_bad_request_violation("records[3].channel", "`99` is no channel; nearest: 98");
        let status = tonic::Status::with_error_details(
            tonic::Code::InvalidArgument,
            "1 row has problems",
            details,
        );
        let receipt = Receipt {
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
        };
        let mut sent = Sent::default();
        for (organisation, month, answer) in [
            ("04C", "2020-04", Answer::Receipt(Box::new(receipt))),
            ("03W", "2020-05", Answer::Refusal(Box::new(status))),
        ] {
            let mut lines = Lines::of_file(&format!("{month}.csv"));
            // A header, a blank line, and records on lines 3 to 22.
            (1..=20).for_each(|row| lines.fill(row, row as u64 + 2));
            let number = sent.begin(slot(organisation, month), lines);
            sent.answered(number, answer);
        }
        sent
    }

    fn slot(organisation: &str, month: &str) -> Slot {
        Slot {
            collection: "practice-feed".into(),
            dataset: Dataset::Consultations,
            organisation: organisation.into(),
            month: month.into(),
        }
    }

    #[test]
    fn left_out_and_refused_are_both_named() {
        let (mut out, answers, remarks) = captured::out(Format::Table);
        show(&sent(), &mut out).unwrap();
        assert!(answers.text().contains("04C"));
        let remarks = remarks.text();
        assert!(
            remarks.contains("|   20 |        17 | person.sex | 7     | a code of sex | 1       |"),
            "{remarks}"
        );
        for words in [
            "04C 2020-04 of 2020-04.csv: rows that were left out: 1",
            "refused: 03W 2020-05 of 2020-05.csv: 1 row has problems\n",
            "  line 6, records[3].channel: `99` is no channel; nearest: 98",
        ] {
            assert!(remarks.contains(words), "{words} is missing: {remarks}");
        }
    }

    #[test]
    fn a_location_that_is_not_known_is_said_once_and_not_once_a_month() {
        let mut sent = Sent::default();
        for (organisation, month) in
            [("X", "2020-01"), ("Y", "2020-01"), ("X", "2020-02"), ("X", "2020-03")]
        {
            let number = sent.begin(slot(organisation, month), Lines::default());
            let status = Status::not_found(format!("no organisation `{organisation}`"));
            sent.answered(number, Answer::Refusal(Box::new(status)));
        }
        let (mut out, _, remarks) = captured::out(Format::Table);
        show(&sent, &mut out).unwrap();
        assert_eq!(
            remarks.text(),
            "refused: X 2020-01 … 2020-03 (3 submissions): no organisation `X`\n\
             refused: Y 2020-01: no organisation `Y`\n"
        );
    }

    #[test]
    fn json_holds_everything() {
        let (mut out, answers, remarks) = captured::out(Format::Json);
        show(&sent(), &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_str(&answers.text()).unwrap();
        let problem = &value["receipts"][0]["problems"][0];
        assert_eq!((&problem["row_index"], &problem["line"]), (&17.into(), &20.into()));
        assert_eq!(value["refusals"][0]["file"], "2020-05.csv");
        let violation = &value["refusals"][0]["violations"][0];
        assert_eq!((&violation["row_index"], &violation["line"]), (&3.into(), &6.into()));
        assert_eq!(violation["field"], "channel");
        assert_eq!(remarks.text(), "");
    }

    #[test]
    fn the_verdict_counts() {
        assert!(matches!(
            sent().verdict(false),
            Err(Failure::SomeRefused { refused: 1, of: 2, .. })
        ));
        assert!(Sent::default().verdict(false).is_ok());
        let mut alone = Sent::default();
        let number = alone.begin(slot("04C", "2020-04"), Lines::default());
        alone.answered(number, Answer::Refusal(Box::new(Status::not_found("no such place"))));
        assert!(matches!(alone.verdict(false), Err(Failure::RowsRefused(..))));
    }

    #[test]
    fn what_has_no_answer_is_named_in_the_order_of_sending() {
        let mut sent = sent();
        for month in ["2020-06", "2020-07", "2020-08"] {
            sent.begin(slot("04C", month), Lines::default());
        }
        sent.stopped(3);
        let (mut out, answers, remarks) = captured::out(Format::Json);
        show(&sent, &mut out).unwrap();
        assert_eq!(
            remarks.text(),
            "stopped at: 04C 2020-07, CONSULTATIONS of practice-feed\n\
             sent, but not acknowledged: 04C 2020-06, CONSULTATIONS of practice-feed; it may be stored\n\
             sent, but not acknowledged: 04C 2020-08, CONSULTATIONS of practice-feed; it may be stored\n"
        );
        let value: serde_json::Value = serde_json::from_str(&answers.text()).unwrap();
        assert_eq!(value["unanswered"].as_array().unwrap().len(), 3);
        assert_eq!(value["unanswered"][1]["month"], "2020-07");
    }
}
