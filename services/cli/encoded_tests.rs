use super::*;
use crate::proto::v1::{
    AccessRecord, ConsultationRecord, EstimateRecord, EstimateSource, PersonCharacteristics,
    PopulationRecord,
};

fn how() -> Sending {
    Sending { run_id: "run".into(), allow_partial: true, validate_only: false, replace: false }
}

fn row(channel: &str) -> ConsultationRecord {
    ConsultationRecord { channel: channel.into(), ..Default::default() }
}

fn submission(rows: Records) -> SubmissionFile {
    SubmissionFile {
        organisation: "04C".into(),
        collection: "practice-feed".into(),
        month: "2020-04".into(),
        code_systems: [("channel".to_owned(), "gpad".to_owned())].into(),
        collected: vec!["sex".into()],
        person_key_scheme: String::new(),
        source: None,
        rows,
        lines: Lines::default(),
    }
}

#[test]
fn batches_keep_every_row_in_order_and_stay_small() {
    let long = ConsultationRecord {
        person: Some(PersonCharacteristics {
            disability: vec!["0123456789".repeat(10); 20],
            ..Default::default()
        }),
        ..Default::default()
    };
    let mut rows: Vec<_> = (0..12_345).map(|index| row(&index.to_string())).collect();
    rows.extend(std::iter::repeat_n(long, 3_000));
    let batches: Vec<_> = batches(rows.clone()).collect();
    assert!(batches.iter().all(|batch| !batch.is_empty() && batch.len() <= BATCH_ROWS));
    let bytes =
        |batch: &Vec<ConsultationRecord>| batch.iter().map(Message::encoded_len).sum::<usize>();
    assert!(batches.iter().all(|batch| bytes(batch) < 2 * BATCH_BYTES));
    assert_eq!(batches.concat(), rows);
}

#[test]
fn the_header_comes_first_and_says_how_many_rows_follow() {
    use consultations::Part;
    let parts = |rows| -> Vec<Part> {
        let encoded = Encoded::of(submission(Records::Consultations(rows)), &how());
        let part = |bytes| SubmitConsultationsRequest::decode(bytes).unwrap().part.unwrap();
        encoded.messages.into_iter().map(part).collect()
    };
    let rows = vec![row("01"), row("02")];
    let id = Encoded::of(submission(Records::Consultations(rows.clone())), &how()).request_id;
    let sent = parts(rows.clone());
    let Part::Header(header) = &sent[0] else { panic!("{sent:?}") };
    assert_eq!((header.expected_record_count, &header.request_id), (Some(2), &id));
    assert!(header.allow_partial && !header.validate_only);
    assert_eq!(sent[1..], [Part::Batch(ConsultationBatch { records: rows })]);
    assert_eq!(
        parts(Vec::new()).len(),
        1,
        "a submission without rows is for the service to refuse"
    );
}

#[test]
fn each_dataset_has_its_own_call() {
    let path = |rows| Encoded::of(submission(rows), &how()).path.as_str().to_owned();
    let calls = [
        ("SubmitConsultations", Records::Consultations(vec![ConsultationRecord::default()])),
        ("SubmitPopulations", Records::Populations(vec![PopulationRecord::default()])),
        ("SubmitDigitalAccess", Records::Access(vec![AccessRecord::default()])),
        (
            "SubmitEstimates",
            Records::Estimates(EstimateSource::default(), vec![EstimateRecord::default()]),
        ),
    ];
    for (method, rows) in calls {
        assert_eq!(path(rows), format!("/equity.v1.SubmissionService/{method}"));
    }
}
