use std::collections::HashMap;
use std::time::Duration;

use super::*;

fn shown(failure: &Failure) -> String {
    text(failure, &Look::PLAIN)
}

#[test]
fn rows_are_named_field_by_field() {
    let mut details = ErrorDetails::new();
    details
        .add_bad_request_violation(
            "records[17].person.ethnic_category",
            "\"Q\" is no code of ethnic_category_2001; nearest: P",
        )
        .set_error_info(
            "ROWS_INVALID",
            "equity-indicators",
            HashMap::from([("problem_count".to_owned(), "1".to_owned())]),
        );
    let status = Status::with_error_details(Code::InvalidArgument, "1 row has problems", details);
    assert_eq!(
        shown(&Failure::Refused(Box::new(status))),
        "\
equity: the service refused (InvalidArgument): 1 row has problems
  records[17].person.ethnic_category: \"Q\" is no code of ethnic_category_2001; nearest: P
  reason ROWS_INVALID (problem_count = 1)
next: correct the rows, or leave them out with --allow-partial; `equity reference code-lists --list LIST` shows the codes \
that are taken"
    );
}

#[test]
fn waiting_times_are_passed_on() {
    let mut details = ErrorDetails::new();
    details
        .set_error_info("OVERLOADED", "equity-indicators", HashMap::new())
        .set_retry_info(Some(Duration::from_millis(1_200)));
    let status = Status::with_error_details(Code::Unavailable, "too many calls", details);
    let text = shown(&Failure::Refused(Box::new(status)));
    assert!(
        text.ends_with(
            "next: try again a little later, or wait longer with --wait (the service suggests 2 s)"
        ),
        "{text}"
    );
}

#[test]
fn a_status_without_details_is_shown_by_its_code() {
    let text = shown(&Failure::Refused(Box::new(Status::unimplemented(""))));
    assert!(text.starts_with("equity: the service refused (Unimplemented)\nnext: "), "{text}");
}

#[test]
fn nobody_there_says_how_to_start_one() {
    let text = shown(&Failure::Unreachable {
        address: "http://127.0.0.1:1".into(),
        cause: "Connection refused (os error 111)".into(),
    });
    assert!(text.contains("no service answers at http://127.0.0.1:1"), "{text}");
    assert!(text.contains("Connection refused"), "{text}");
    assert!(text.contains("`equity serve`"), "{text}");
}

#[test]
fn every_reason_of_the_contract_has_advice() {
    use crate::proto::v1::ErrorReason;
    for reason in (1..100).filter_map(|value| ErrorReason::try_from(value).ok()) {
        let name = reason.as_str_name().trim_start_matches("ERROR_REASON_");
        assert!(!next(Code::Ok, name, &ErrorDetails::new()).is_empty(), "{name}");
    }
}

#[test]
fn statuses_of_the_service_are_no_lost_connection() {
    assert_eq!(connection_lost(&Status::unavailable("stopping")), None);
    let mut lost = Status::unknown("transport error");
    lost.set_source(std::sync::Arc::new(std::io::Error::other("reset by peer")));
    assert_eq!(connection_lost(&lost).as_deref(), Some("reset by peer"));
}

#[test]
fn nothing_is_said_twice() {
    let missing = || std::io::Error::other("No such file");
    let cause = anyhow::Error::new(missing()).context("a.csv: No such file");
    let text = shown(&Failure::data("a.csv", cause));
    assert!(text.starts_with("equity: a.csv: No such file\nnext:"), "{text}");
    let text = shown(&Failure::data("a.csv", missing()));
    assert!(text.starts_with("equity: a.csv: No such file\nnext:"), "{text}");
}

#[test]
fn what_the_service_says_does_not_steer_the_terminal() {
    let text = shown(&Failure::Refused(Box::new(Status::internal("a\u{1b}[2Jb"))));
    assert!(!text.contains('\u{1b}'), "{text}");
}
