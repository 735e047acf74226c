//! Every reason has a maker, the codes are those of the contract's comments, and no status outgrows the trailers.

use std::collections::BTreeMap;

use prost::Message as _;

use super::details::DOMAIN;
use super::*;
use crate::engine::audit::NotAudited;

/// One status per reason: what a reviewer reads to see what strangers are told.
fn makers() -> Vec<Status> {
    let missing = |reason, kind: &str| {
        not_found(reason, kind, "XYZ", format!("no such {kind}: XYZ; List{kind}s names them"))
    };
    vec![
        field_invalid("query.by[0]", "no such dimension"),
        rows_invalid(vec![("records[3].month".into(), "is not 2020-04".into())], 7),
        submission_empty(),
        already_erased("collections/c"),
        person_not_found(),
        record_count_mismatch(10, 9),
        submission_too_large(5_000_000),
        request_id_reused("5f0c"),
        request_id_made("5f0c", "collections/c", &rows_invalid(Vec::new(), 7)),
        message_too_large(1 << 20),
        missing(ErrorReason::OrganisationNotFound, "organisation"),
        missing(ErrorReason::CollectionNotFound, "collection"),
        missing(ErrorReason::AreaNotFound, "area"),
        missing(ErrorReason::DimensionNotFound, "dimension"),
        missing(ErrorReason::CategoryNotFound, "category"),
        missing(ErrorReason::IndicatorNotFound, "indicator"),
        missing(ErrorReason::SubmissionNotFound, "submission"),
        missing(ErrorReason::ReleaseNotFound, "release"),
        no_subscription("alpha"),
        no_release(),
        release_refused("two areas", 2, 3),
        release_exists("2026-11"),
        publication_refused("two cells"),
        publication_under_way("2026-11"),
        no_identity("it has 2 URIs"),
        no_partner(&"spiffe://equity.example/org/C82001/sys/emis".parse().unwrap()),
        out_of_scope("partner alpha may not do this"),
        no_purpose("purpose-of-use", Some("MARKETING"), &["RESEARCH"]),
        token_refused(TokenProblem::Expired),
        quota_exceeded("alpha", 50, Duration::from_secs(1)),
        replacement_shrinks(
            "collections/c/submissions/1",
            Some(("areas", 634, 0)),
            ("634 areas would become 0", "send both together"),
        ),
        replacement_shrinks("collections/c/submissions/1", None, ("04C has data", "send all")),
        submission_not_current("collections/c/submissions/1"),
        page_token_invalid(),
        cursor_invalid(),
        breakdown_too_large(
            1_000_000,
            50_000,
            Some("`residence_district` in the place of `residence_lsoa`"),
        ),
        answer_too_large(5_000_000, 4_194_304),
        query_refused("rates are not given with MEASURE_PERSONS; ask for CONTACTS"),
        position_not_reached(9, 3),
        storage_full(Fate::NotStored),
        storage_full(Fate::NotKnown),
        storage_failed(Fate::NotStored),
        storage_failed(Fate::NotKnown),
        reading_failed(),
        time_not_reached(1_800_000_000_123, 1_700_000_000_000),
        writing_stopped(Fate::NotStored),
        writing_stopped(Fate::NotKnown),
        audit_stopped(),
        answer_not_audited(&NotAudited::Full("no space".into())),
        answer_not_audited(&NotAudited::Failed("the path /var/x".into())),
        answer_not_audited(&NotAudited::Broken("the path /var/x".into())),
        change_not_audited(&NotAudited::Full("no space".into()), Fate::NotStored),
        change_not_audited(&NotAudited::Failed("the path /var/x".into()), Fate::NotKnown),
        change_not_audited(&NotAudited::Broken("the path /var/x".into()), Fate::NotStored),
        change_not_audited(&NotAudited::Broken("the path /var/x".into()), Fate::NotKnown),
        overloaded(Duration::from_millis(250)),
        stopping(),
        change_under_way(),
        partner_changed(),
        deadline_exceeded(),
        data_damaged("id-1"),
        internal(&std::io::Error::other("the secret path /var/x")),
    ]
}

/// `REASON -> (code name in capitals, comment)` as the descriptor of `error_reason.proto` has them.
fn documented() -> BTreeMap<String, String> {
    let set = prost_types::FileDescriptorSet::decode(crate::proto::FILE_DESCRIPTOR_SET).unwrap();
    let file = set.file.iter().find(|file| file.name().ends_with("error_reason.proto")).unwrap();
    let comments = &file.source_code_info.as_ref().unwrap().location;
    file.enum_type[0]
        .value
        .iter()
        .enumerate()
        .skip(1)
        .map(|(index, value)| {
            let path = [5, 0, 2, i32::try_from(index).unwrap()];
            let place = comments.iter().find(|place| place.path == path).unwrap();
            let reason = value.name().trim_start_matches("ERROR_REASON_").to_owned();
            (reason, place.leading_comments().to_owned())
        })
        .collect()
}

fn screaming(code: Code) -> String {
    let camel = format!("{code:?}");
    let mut name = String::new();
    for (index, letter) in camel.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[test]
fn every_reason_has_a_maker_and_the_code_its_comment_names() {
    let made: BTreeMap<String, Status> = makers()
        .into_iter()
        .map(|status| (status.get_details_error_info().unwrap().reason, status))
        .collect();
    let documented = documented();
    assert!(documented.len() >= 24, "the descriptor lost its comments");
    for (reason, comment) in &documented {
        let status = made.get(reason).unwrap_or_else(|| panic!("no maker for {reason}"));
        let code = screaming(status.code());
        assert!(comment.contains(&code), "{reason}: made {code}, documented:{comment}");
        assert_eq!(status.get_details_error_info().unwrap().domain, DOMAIN);
    }
    assert_eq!(made.len(), documented.len());
}

#[test]
fn messages_speak_to_strangers() {
    for status in makers() {
        let message = status.message();
        assert!(message.len() > 20, "too short to help: {message}");
        assert!(!message.contains("/var/x"), "tells something internal: {message}");
        assert!(!message.contains("  ") && !message.contains('\n'), "badly laid out: {message}");
    }
}

#[test]
fn internal_errors_stay_inside() {
    let status = internal(&std::io::Error::other("the secret path /var/x"));
    let id = status.get_details_request_info().unwrap().request_id;
    assert!(status.message().contains(&id));
    let wire = String::from_utf8_lossy(status.details()).into_owned();
    assert!(!wire.contains("secret"), "{wire}");
}

#[test]
fn retries_are_said_twice() {
    for (status, millis) in
        [(overloaded(Duration::from_millis(250)), "250"), (storage_full(Fate::NotStored), "60000")]
    {
        let delay = status.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert_eq!(delay.as_millis().to_string(), millis);
        assert_eq!(status.metadata().get(PUSHBACK).unwrap().to_str().unwrap(), millis);
    }
}

#[test]
fn fields_of_a_message_within_are_named_from_the_request_on() {
    let inside = vec![("query.by".to_owned(), "twice".to_owned()), ("measure".into(), "9".into())];
    let status = within("request", fields_invalid(inside));
    let listed = status.get_details_bad_request().unwrap().field_violations;
    let named: Vec<_> = listed.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(named, ["request.query.by", "request.measure"]);
    assert!(status.message().starts_with("request.query.by: twice"), "{}", status.message());
    assert_eq!(status.get_details_error_info().unwrap().reason, "FIELD_INVALID");
    for other in makers().into_iter().filter(|made| {
        made.get_details_error_info().is_some_and(|info| info.reason != "FIELD_INVALID")
    }) {
        let same = within("request", other.clone());
        assert_eq!((same.message(), same.details()), (other.message(), other.details()));
    }
    let long = "é".repeat(20_000);
    let moved = within(&long, fields_invalid(vec![(long.clone(), long.clone()); 500]));
    assert!(trailer_bytes(&moved) < 8 * 1024);
}

/// Bytes of the trailers as HPACK counts them.
fn trailer_bytes(status: &Status) -> usize {
    let mut headers = http::HeaderMap::new();
    status.add_header(&mut headers).unwrap();
    headers.iter().map(|(key, value)| key.as_str().len() + value.len() + 32).sum()
}

#[test]
fn no_status_outgrows_the_trailers() {
    for letter in ["x", "é", "\u{1F600}"] {
        let long = letter.repeat(20_000);
        let many = vec![(long.clone(), long.clone()); 500];
        let worst = [
            fields_invalid(many.clone()),
            rows_invalid(many, 500),
            not_found(ErrorReason::AreaNotFound, &long, &long, long.clone()),
            refused(
                ErrorReason::QueryRefused,
                long.clone(),
                [("a", long.clone()), ("b", long.clone())],
            ),
            request_id_reused(&long),
            request_id_made(&long, &long, &rows_invalid(vec![(long.clone(), long.clone())], 7)),
            data_damaged(&long),
        ];
        for status in worst {
            let bytes = trailer_bytes(&status);
            assert!(bytes < 8 * 1024, "{bytes} bytes: {}", status.message());
        }
    }
}

#[test]
fn lists_say_what_was_left_out() {
    let problems = (0..1_000).map(|row| (format!("records[{row}].sex"), "unknown code".to_owned()));
    let status = rows_invalid(problems.collect(), 1_000);
    let listed = status.get_details_bad_request().unwrap().field_violations;
    assert!(listed.len() > 20);
    assert_eq!(listed[0].field, "records[0].sex");
    let left_out = 1_000 - listed.len();
    assert!(status.message().contains(&format!("{left_out} more")), "{}", status.message());
    assert_eq!(status.get_details_error_info().unwrap().metadata["problem_count"], "1000");
}
