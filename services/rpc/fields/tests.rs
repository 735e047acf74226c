//! Every text and list of every request has a limit that holds, whatever way its bytes take.

use prost::Message as _;
use prost_reflect::DescriptorPool;
use tonic_types::StatusExt as _;

use super::table::{Holds, TABLE};
use super::*;
use crate::proto::v1;

const CHANNELS: &str = "equity.v1.ConsultationChannelService/GetChannelBreakdown";
const WATCH: &str = "equity.v1.BreakdownService/WatchBreakdown";
const CONSULTATIONS: &str = "equity.v1.SubmissionService/SubmitConsultations";
const ASSESSMENT: &str = "equity.v1.DigitalExclusionService/RecordChannelAssessment";

fn question(query: v1::BreakdownQuery) -> v1::GetChannelBreakdownRequest {
    v1::GetChannelBreakdownRequest { query: Some(query), ..Default::default() }
}

/// The fields that are refused, in order.
fn refused(path: &str, message: &[u8]) -> Vec<(String, String)> {
    let Err(status) = check(path, message) else { return Vec::new() };
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "FIELD_INVALID");
    let violations = details.bad_request().unwrap().field_violations.iter();
    violations.map(|problem| (problem.field.clone(), problem.description.clone())).collect()
}

fn fields(path: &str, message: &[u8]) -> Vec<String> {
    refused(path, message).into_iter().map(|(field, _)| field).collect()
}

#[test]
fn texts_and_lists_are_taken_up_to_their_limit() {
    let query = v1::BreakdownQuery {
        area: "x".repeat(256),
        organisations: vec!["y".repeat(256); 1_000],
        by: vec![String::new(); 100],
        r#where: vec![v1::Filter { dimension: "d".into(), codes: vec!["c".into(); 1_000] }; 100],
        ..Default::default()
    };
    assert_eq!(refused(CHANNELS, &question(query.clone()).encode_to_vec()), []);
    let longer = v1::BreakdownQuery {
        area: "x".repeat(257),
        organisations: vec!["y".into(); 1_001],
        by: vec![String::new(); 101],
        r#where: vec![v1::Filter { dimension: "d".repeat(257), codes: vec!["c".into(); 1_001] }],
        ..query
    };
    let expected = [
        ("query.area", "has 257 bytes, and at most 256 are allowed"),
        ("query.organisations", "has more than 1000 entries, and at most 1000 are allowed"),
        ("query.by", "has more than 100 entries, and at most 100 are allowed"),
        ("query.where[0].dimension", "has 257 bytes, and at most 256 are allowed"),
        ("query.where[0].codes", "has more than 1000 entries, and at most 1000 are allowed"),
    ];
    let expected = expected.map(|(field, what)| (field.to_owned(), what.to_owned()));
    assert_eq!(refused(CHANNELS, &question(longer).encode_to_vec()), expected);
}

#[test]
fn fields_are_named_by_their_way_through_the_request() {
    let table = v1::breakdown_question::Table::Channels(question(v1::BreakdownQuery {
        by: vec!["sex".into(), "a\u{1b}[31m".into()],
        ..Default::default()
    }));
    let question = Some(v1::BreakdownQuestion { table: Some(table) });
    let watch = v1::WatchBreakdownRequest { question, after_position: 0 };
    let expected = "has the character U+001B; send text without control characters, line ends and marks of writing direction";
    let found = refused(WATCH, &watch.encode_to_vec());
    assert_eq!(found, [("question.channels.query.by[1]".to_owned(), expected.to_owned())]);
}

#[test]
fn one_rule_holds_for_every_text() {
    for character in ["\0", "\u{1b}", "\n", "\r", "\u{202e}", "\u{2066}", "\u{200f}"] {
        let header = v1::SubmissionHeader {
            organisation: format!("04{character}C"),
            person_key_scheme: format!("a{character}b"),
            code_systems: [("sex".to_owned(), format!("a{character}b"))].into(),
            ..Default::default()
        };
        let part = Some(v1::submit_consultations_request::Part::Header(header));
        let message = v1::SubmitConsultationsRequest { part }.encode_to_vec();
        let mut found = fields(CONSULTATIONS, &message);
        found.sort();
        let expected =
            ["header.code_systems[0].value", "header.organisation", "header.person_key_scheme"];
        assert_eq!(found, expected, "{character:?}");
        let assessment = v1::ChannelAssessment {
            text: format!("two\n\tlines {character}."),
            owner_role: format!("Director {character}."),
            ..Default::default()
        };
        let message = v1::RecordChannelAssessmentRequest {
            assessment: Some(assessment),
            ..Default::default()
        };
        let found = fields(ASSESSMENT, &message.encode_to_vec());
        let both = ["assessment.text", "assessment.owner_role"];
        assert_eq!(found, if character == "\n" { &both[1..] } else { &both[..] }, "{character:?}");
    }
    // A text of several lines is kept as it is: what stands at its ends counts.
    for end in ["\u{2028}", "\r", "\u{85}"] {
        let assessment =
            v1::ChannelAssessment { text: format!("Fine.{end}"), ..Default::default() };
        let assessment = Some(assessment);
        let message = v1::RecordChannelAssessmentRequest { assessment, ..Default::default() };
        assert_eq!(fields(ASSESSMENT, &message.encode_to_vec()), ["assessment.text"], "{end:?}");
    }
}

#[test]
fn parts_of_one_message_are_counted_together() {
    let part = v1::BreakdownQuery { organisations: vec!["y".into(); 300], ..Default::default() };
    let part = question(part).encode_to_vec();
    assert_eq!(fields(CHANNELS, &part.repeat(3)), Vec::<String>::new());
    assert_eq!(fields(CHANNELS, &part.repeat(4)), ["query.organisations"]);
    assert_eq!(fields(CHANNELS, &part.repeat(5_000)), ["query.organisations"]);
}

#[test]
fn a_refusal_lists_twenty_fields_at_most_and_rows_are_left_to_their_reader() {
    let by = vec!["a\nb".to_owned(); 100];
    let query = v1::BreakdownQuery { by, ..Default::default() };
    assert_eq!(fields(CHANNELS, &question(query).encode_to_vec()).len(), 20);
    let row = v1::ConsultationRecord { channel: "\0".repeat(5_000), ..Default::default() };
    let batch = v1::ConsultationBatch { records: vec![row; 200] };
    let part = Some(v1::submit_consultations_request::Part::Batch(batch));
    let message = v1::SubmitConsultationsRequest { part }.encode_to_vec();
    assert_eq!(fields(CONSULTATIONS, &message), Vec::<String>::new());
}

#[test]
fn bytes_that_are_no_message_are_left_to_the_decoder() {
    let whole = question(v1::BreakdownQuery { area: "QK1".into(), ..Default::default() });
    let whole = whole.encode_to_vec();
    for cut in 0..whole.len() {
        assert_eq!(refused(CHANNELS, &whole[..cut]), [], "{cut}");
    }
    for bytes in [&[0xff; 40][..], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], &[0x0b; 200]] {
        assert_eq!(refused(CHANNELS, bytes), [], "{bytes:?}");
    }
    assert_eq!(refused("equity.v1.Nobody/Knows", &[1, 2, 3]), []);
}

/// Whoever adds a field to a request adds no list or text without a limit.
#[test]
fn every_text_and_list_of_every_request_has_a_limit() {
    let pool = DescriptorPool::decode(crate::proto::FILE_DESCRIPTOR_SET).unwrap();
    let (mut texts, mut lists, mut rows) = (0, 0, 0);
    for method in pool.services().flat_map(|s| s.methods().collect::<Vec<_>>()) {
        let path = format!("{}/{}", method.parent_service().full_name(), method.name());
        let mut next = vec![TABLE.root(&path).unwrap_or_else(|| panic!("{path}"))];
        while let Some(message) = next.pop() {
            for field in TABLE.fields(message) {
                match field.holds {
                    Holds::Text { most, .. } => {
                        texts += 1;
                        assert!((1..=3_000).contains(&most), "{path} {field:?}");
                    }
                    Holds::Message(inner) => next.push(inner),
                    Holds::Other => rows += usize::from(field.name == "batch"),
                }
                if let Some(most) = field.entries {
                    lists += 1;
                    assert!((1..=1_000).contains(&most), "{path} {field:?}");
                    // Numbers in a list are packed into one field, which nothing here would count.
                    assert_ne!(field.holds, Holds::Other, "{path} {field:?}");
                }
            }
        }
    }
    assert!(texts > 100 && lists > 50 && rows == 5, "{texts} {lists} {rows}");
}

#[test]
fn fuzz_fields() {
    let query =
        v1::BreakdownQuery { area: "QK1".into(), by: vec!["sex".into()], ..Default::default() };
    let header = v1::SubmissionHeader { organisation: "C82001".into(), ..Default::default() };
    let part = Some(v1::submit_consultations_request::Part::Header(header));
    let good =
        [question(query).encode_to_vec(), v1::SubmitConsultationsRequest { part }.encode_to_vec()];
    crate::fuzz::fuzz("fields of requests", &good, |bytes| {
        for method in [CHANNELS, WATCH, CONSULTATIONS, ASSESSMENT] {
            let problems = refused(method, bytes);
            assert!(problems.iter().all(|(path, _)| !path.is_empty()), "{problems:?}");
        }
    });
}
