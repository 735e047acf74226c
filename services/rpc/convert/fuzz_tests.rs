//! Rows of strangers: whatever the bytes are, they are taken or refused as the generated code would, and a draft can be made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost::Message;

use super::{Unreadable, estimate, record};
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::estimate::EstimateSource;
use crate::domain::reference::Reference;
use crate::domain::submission::{Builder, EstimateBuilder, Header, Keyer};
use crate::proto::v1;

fn header(collection: &str, dataset: Dataset) -> Header {
    Header {
        organisation: "C82001".into(),
        collection: collection.into(),
        dataset,
        month: "2020-04".parse().unwrap(),
        request_id: "r".into(),
        code_systems: BTreeMap::new(),
        collected: BTreeSet::new(),
        person_key_scheme: "s".into(),
        source: None,
        expected_record_count: None,
        allow_partial: true,
        validate_only: false,
        allow_shrinking: false,
    }
}

fn person() -> Option<v1::PersonCharacteristics> {
    Some(v1::PersonCharacteristics {
        sex: "1".into(),
        age_years: Some(71),
        ethnic_category: "A".into(),
        ..Default::default()
    })
}

/// Batches of one kind, and what has to hold for any bytes.
fn rows<M: Message + Default>(
    reference: &Arc<Reference>,
    dataset: Dataset,
    take: fn(&mut Builder, &[u8]) -> Result<(), Unreadable>,
    good: &M,
) {
    crate::fuzz::fuzz(&format!("rows of {dataset:?}"), &[good.encode_to_vec()], |bytes| {
        let keyer = Keyer::new(&[7; 32]);
        let mut builder =
            Builder::new(Arc::clone(reference), header("practice-feed", dataset), keyer, 1_000);
        assert_eq!(take(&mut builder, bytes).is_ok(), M::decode(bytes).is_ok());
        let _refused_or_not = builder.finish();
    });
}

#[test]
fn fuzz_rows() {
    let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
    let row = v1::ConsultationRecord {
        person: person(),
        channel: "TELEPHONE".into(),
        date: "2020-04-07".into(),
        source_record_id: "x".into(),
        record_count: Some(3),
        ..Default::default()
    };
    let batch = v1::ConsultationBatch { records: vec![row; 3] };
    rows(&reference, Dataset::Consultations, record::consultations, &batch);
    let row = v1::PopulationRecord { person: person(), person_count: 7, ..Default::default() };
    rows(
        &reference,
        Dataset::Populations,
        record::populations,
        &v1::PopulationBatch { records: vec![row; 3] },
    );
    let row = v1::AccessRecord { person: person(), ..Default::default() };
    rows(
        &reference,
        Dataset::DigitalAccess,
        record::access_records,
        &v1::AccessBatch { records: vec![row; 3] },
    );
}

#[test]
fn fuzz_estimates() {
    let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
    let row = v1::EstimateRecord {
        indicator: "DX-12".into(),
        area: "K02000001".into(),
        period: "2018".into(),
        keys: vec![v1::EstimateKey { dimension: "sex".into(), code: "2".into() }],
        value: Some(0.5),
        ..Default::default()
    };
    let good = v1::EstimateBatch { records: vec![row; 2] };
    crate::fuzz::fuzz("estimates", &[good.encode_to_vec()], |bytes| {
        let header = header("ons-internet-users", Dataset::Estimates);
        let mut builder =
            EstimateBuilder::new(Arc::clone(&reference), header, EstimateSource::default());
        assert_eq!(
            estimate::batch(&mut builder, bytes).is_ok(),
            v1::EstimateBatch::decode(bytes).is_ok()
        );
        let _refused_or_not = builder.finish();
    });
}
