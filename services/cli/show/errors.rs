//! Errors for people: what went wrong, field by field, and what to do next.

use std::error::Error as _;
use std::fmt::Write as _;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::Look;
use super::table::printable;
use crate::cli::exit::Failure;
use crate::cli::row_lines::with_lines;
use crate::ingest::{Lines, counted};

/// The whole message, several lines.
pub fn text(failure: &Failure, look: &Look) -> String {
    let (what, details, next) = match failure {
        Failure::Refused(status) => refused(status, &Lines::default()),
        Failure::RowsRefused(status, lines) => refused(status, lines),
        Failure::SomeRefused { refused, of, only_checked } => {
            let was = if *refused == 1 { "was" } else { "were" };
            let (were, rest) = match (only_checked, refused < of) {
                (true, _) => ("would be", "; nothing was stored, only checked"),
                (false, true) => (was, "; the others are stored"),
                (false, false) => (was, ": nothing is stored"),
            };
            (
                format!("{refused} of {of} submissions {were} refused{rest}"),
                Vec::new(),
                "correct the rows that are named above and submit the file again; nothing is counted twice".to_owned(),
            )
        }
        Failure::Data { place, cause } => (
            within(&place.display().to_string(), sentence(cause)),
            Vec::new(),
            "nothing was changed; correct this and try again".to_owned(),
        ),
        Failure::Usage(message) => {
            (message.clone(), Vec::new(), "`equity help` and `equity help COMMAND` show examples".to_owned())
        }
        Failure::Unreachable { address, cause } => (
            format!("no service answers at {address}, or the connection to it broke"),
            vec![cause.clone()],
            "start one with `equity serve` (or `equity demo`, which brings data), or name the right address with --service"
                .to_owned(),
        ),
        Failure::Differences(count) => (
            format!("{} between the stored state and the log", counted(*count as u64, "difference")),
            Vec::new(),
            "keep a copy of the data folder; if the log is named as damaged, put its segment back from the backup (deploy/runbook.md), otherwise run `equity rebuild`: the log rules"
                .to_owned(),
        ),
        Failure::NotServing => (
            "the service can be reached and does not serve".to_owned(),
            Vec::new(),
            "it is stopping, or cannot write its audit log: its log says why (deploy/runbook.md)".to_owned(),
        ),
        Failure::NoChanges => (
            "the service answers questions and accepts no changes".to_owned(),
            Vec::new(),
            "its log says why, in a line of level ERROR (deploy/runbook.md)".to_owned(),
        ),
        Failure::TooOld(lines) => (
            "the newest data is older than --max-age allows".to_owned(),
            lines.clone(),
            "ask the organisations that submit, or see `equity quality timeliness`".to_owned(),
        ),
        Failure::Output(error) => (format!("cannot write the answer: {error}"), Vec::new(), String::new()),
        Failure::Other(error) => (sentence(error), Vec::new(), String::new()),
    };
    let mut text = format!("{} {what}", look.paint(31, "equity:"));
    for line in details {
        let _ = write!(text, "\n  {}", printable(&line));
    }
    if !next.is_empty() {
        let _ = write!(text, "\n{} {next}", look.paint(32, "next:"));
    }
    text
}

fn refused(status: &Status, rows: &Lines) -> (String, Vec<String>, String) {
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let code = format!("{:?}", status.code());
    let mut what = format!("the service refused ({code}): {}", printable(status.message()));
    if status.message().is_empty() {
        what = format!("the service refused ({code})");
    }
    let what = with_lines(&what, rows);
    let lines = lines(&details, &reason).into_iter().map(|line| with_lines(&line, rows));
    let mut lines: Vec<_> = lines.collect();
    // What the message says already is not said again.
    lines.retain(|line| !what.contains(&printable(line)));
    (what, lines, next(status.code(), &reason, &details))
}

/// Field by field, then the reason with what belongs to it.
fn lines(details: &ErrorDetails, reason: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for violation in
        details.bad_request().map(|b| b.field_violations.as_slice()).unwrap_or_default()
    {
        lines.push(format!("{}: {}", violation.field, violation.description));
    }
    let failed = details.precondition_failure().map(|failure| failure.violations.as_slice());
    for violation in failed.unwrap_or_default() {
        lines.push(format!("{}: {}", violation.subject, violation.description));
    }
    if let Some(info) = details.error_info() {
        let mut known: Vec<_> =
            info.metadata.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        known.sort();
        let known =
            if known.is_empty() { known.concat() } else { format!(" ({})", known.join(", ")) };
        lines.push(format!("reason {reason}{known}"));
    }
    if let Some(request) = details.request_info() {
        lines.push(format!("request {}", request.request_id));
    }
    lines
}

/// Advice by reason; by gRPC code if the reason is unknown.
fn next(code: Code, reason: &str, details: &ErrorDetails) -> String {
    let said = match reason {
        "FIELD_INVALID" => "correct the fields that are named above",
        "ROWS_INVALID" => {
            "correct the rows, or leave them out with --allow-partial; `equity reference code-lists --list LIST` shows the \
             codes that are taken"
        }
        "SUBMISSION_EMPTY" => {
            "submit at least one row; to take a month back: `equity submissions withdraw NAME`"
        }
        "RECORD_COUNT_MISMATCH" => "the stream was cut or doubled on its way: submit it again",
        "SUBMISSION_TOO_LARGE" => {
            "submit fewer rows: rows that are alike can be one row with a `record_count`"
        }
        "MESSAGE_TOO_LARGE" => {
            "a row is very long, or many names are asked for at once: shorten it, or ask the operator to raise the limit"
        }
        "REQUEST_ID_REUSED" => {
            "`equity submissions list --past` shows what is stored; use another --run-id or --request-id, or none, for other content"
        }
        "REPLACEMENT_SHRINKS" => {
            "submit what was stored and what is new in one file; or, if less is right, submit it again with --replace"
        }
        "ORGANISATION_NOT_FOUND" => "`equity reference organisations` lists the organisations",
        "COLLECTION_NOT_FOUND" => "`equity reference collections` lists the collections",
        "AREA_NOT_FOUND" => "`equity reference areas` lists the areas",
        "DIMENSION_NOT_FOUND" => "`equity reference dimensions` lists what can be broken down by",
        "INDICATOR_NOT_FOUND" => {
            "`equity reference indicators` lists what is counted and what others publish"
        }
        "CATEGORY_NOT_FOUND" => {
            "`equity reference dimensions --dimension DIMENSION` lists the categories of a dimension"
        }
        "SUBMISSION_NOT_FOUND" => "`equity submissions list --past` lists the submissions",
        "ALREADY_ERASED" => "`equity erase list` says when and why",
        "SUBMISSION_NOT_CURRENT" => "`equity submissions list` shows the current version",
        "PAGE_TOKEN_INVALID" => "start the list again",
        "CURSOR_INVALID" => "start the export again",
        "BREAKDOWN_TOO_LARGE" => {
            "ask for fewer or coarser dimensions, or a shorter period; `equity export` takes large tables in parts"
        }
        "QUERY_REFUSED" => "ask the question that the message names",
        "POSITION_NOT_REACHED" => "ask for an earlier position or time, or leave --as-of out",
        "SUBSCRIPTION_NOT_FOUND" => "`equity partners delivery subscriptions` lists the partners",
        "RELEASE_NOT_FOUND" | "RELEASE_EXISTS" => "`equity releases list` lists the releases",
        "NO_RELEASE" => {
            "`equity releases list` shows when there is one; an operator makes one with `equity releases create NAME`"
        }
        "RELEASE_REFUSED" => {
            "`equity submissions list` shows what has come; `equity releases create NAME --check` tells whether it can be made"
        }
        "STORAGE_FULL" => {
            "make room on the service's disk, then submit again; questions are still answered"
        }
        "STORAGE_FAILED" => {
            "an operator has to look at the service's disk and log; then submit again, or ask again"
        }
        "WRITING_STOPPED" | "AUDIT_STOPPED" => "an operator has to look at the service's log",
        "NO_IDENTITY" | "NO_PARTNER" | "OUT_OF_SCOPE" => {
            "`equity info` shows as whom the service takes you, and what you may do"
        }
        "TOKEN_REFUSED" => {
            "put a new token from its issuer into the file of --token-file; `equity partners check --token-file` says what a token may do"
        }
        "PURPOSE_INVALID" => {
            "`equity reference code-lists --list purpose_of_use` lists the purposes; name one with --purpose"
        }
        "QUOTA_EXCEEDED" => "ask less often, or wait longer with --wait",
        "OVERLOADED" | "PUBLICATION_UNDER_WAY" => {
            "try again a little later, or wait longer with --wait"
        }
        "STOPPING" => "try again when the service is there again, or wait longer with --wait",
        "CHANGE_UNDER_WAY" => "try again a little later, or leave --as-of out",
        "PARTNER_CHANGED" => "call again; `equity info` shows what you may do now",
        "PUBLICATION_REFUSED" => {
            "`equity releases list` shows the releases; the operator makes a new one after the change that the message names"
        }
        "PERSON_NOT_FOUND" => {
            "look whether the key and the scheme are those that the partner has sent"
        }
        "DEADLINE_EXCEEDED" => "ask for less, or try again",
        "DATA_DAMAGED" => "stop the service and run `equity verify --data-folder FOLDER`",
        "INTERNAL" => {
            "give the operator the request named above: the service's log explains the error"
        }
        _ if matches!(code, Code::Unavailable | Code::ResourceExhausted | Code::Aborted) => {
            "try again a little later"
        }
        _ if code == Code::Unimplemented => {
            "this service does not offer that: is it an older version, or another service?"
        }
        _ => "",
    };
    let wait = details.retry_info().and_then(|retry| retry.retry_delay);
    match wait {
        Some(wait) if !wait.is_zero() => {
            format!("{said} (the service suggests {} s)", wait.as_secs_f64().ceil())
        }
        _ => said.to_owned(),
    }
}

/// An error and what caused it, in one sentence that says nothing twice.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said {
        said if said.is_empty() => cause,
        said if said.contains(&cause) => said,
        said => format!("{said}: {cause}"),
    })
}

fn within(place: &str, what: String) -> String {
    if what.starts_with(place) { what } else { format!("{place}: {what}") }
}

/// Whether a status was made on this side because the connection failed, and by what.
pub fn connection_lost(status: &Status) -> Option<String> {
    let mut cause = status.source()?;
    if !matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal
    ) {
        return None;
    }
    if status.get_details_error_info().is_some() {
        return None;
    }
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}

#[cfg(test)]
#[path = "errors_tests.rs"]
mod tests;
