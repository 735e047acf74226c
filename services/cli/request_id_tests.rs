use uuid::Uuid;

use crate::cli::encoded::Encoded;
use crate::cli::sending::Sending;
use crate::ingest::{Lines, Records, SubmissionFile};
use crate::proto::v1::{ConsultationRecord, EstimateSource};

fn request_id(submission: SubmissionFile, how: &Sending) -> String {
    Encoded::of(submission, how).request_id
}

fn sending() -> Sending {
    Sending { run_id: "run".into(), allow_partial: false, validate_only: false, replace: false }
}

fn row(channel: &str) -> ConsultationRecord {
    ConsultationRecord { channel: channel.into(), ..Default::default() }
}

fn submission() -> SubmissionFile {
    SubmissionFile {
        organisation: "04C".into(),
        collection: "practice-feed".into(),
        month: "2020-04".into(),
        code_systems: [("channel".to_owned(), "gpad".to_owned())].into(),
        collected: vec!["sex".into()],
        person_key_scheme: String::new(),
        source: None,
        rows: Records::Consultations(vec![row("01"), row("02")]),
        lines: Lines::default(),
    }
}

#[test]
fn the_same_content_has_the_same_request_id() {
    let id = request_id(submission(), &sending());
    assert_eq!(id, request_id(submission(), &sending()));
    assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4);
    let checked = Sending { validate_only: true, ..sending() };
    assert_eq!(id, request_id(submission(), &checked), "checking first changes nothing");
}

#[test]
fn other_content_has_another_request_id() {
    let mut ids = vec![request_id(submission(), &sending())];
    let mut add = |change: &dyn Fn(&mut SubmissionFile)| {
        let mut changed = submission();
        change(&mut changed);
        ids.push(request_id(changed, &sending()));
    };
    add(&|submission| submission.organisation = "03W".into());
    add(&|submission| submission.collection = "x".into());
    add(&|submission| submission.month = "2020-05".into());
    add(&|submission| submission.code_systems.clear());
    add(&|submission| submission.collected.clear());
    add(&|submission| submission.person_key_scheme = "v1".into());
    add(&|submission| submission.rows = Records::Consultations(vec![row("02"), row("01")]));
    add(&|submission| submission.rows = Records::Consultations(vec![row("01")]));
    add(&|submission| submission.rows = Records::Consultations(vec![]));
    add(&|submission| submission.rows = Records::Populations(vec![]));
    add(&|submission| submission.rows = Records::Access(vec![]));
    add(&|submission| submission.rows = Records::Estimates(EstimateSource::default(), vec![]));
    let edition = EstimateSource { edition: "2".into(), ..Default::default() };
    add(&|submission| submission.rows = Records::Estimates(edition.clone(), vec![]));
    add(&|submission| submission.source = Some(EstimateSource::default()));
    add(&|submission| submission.source = Some(edition.clone()));
    // Where one text ends and the next begins has to matter.
    add(&|submission| {
        submission.organisation = "04".into();
        submission.collection = "Cpractice-feed".into();
    });
    ids.push(request_id(submission(), &Sending { run_id: "other".into(), ..sending() }));
    ids.push(request_id(submission(), &Sending { allow_partial: true, ..sending() }));
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}
