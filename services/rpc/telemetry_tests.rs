use std::collections::BTreeMap;

use super::*;
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::delivery::{Event, EventKind};
use crate::domain::field::Field;
use crate::domain::reference::PARTNERS;
use crate::domain::submission::Header;
use crate::engine::answer::Protected;
use crate::engine::answer::tests::running::open_with;
use crate::engine::delivery::{NotAnswered, NotProjected, scope_key};
use crate::engine::outbox::Outbox;
use crate::engine::query::Reader;
use crate::engine::{NewRelease, ReleaseReason};
use crate::proto::v1::breakdown_question::Table;

/// Two partners that read the same.
const PARTNERS_FILE: &str = r#"
trust_domain = "equity.example"
[partners.alpha]
organisation = "QK1"
read = { profile = "INTERNAL", areas = ["*"], datasets = ["*"], indicators = ["*"] }
[partners.alpha.telemetry]
endpoint = "http://127.0.0.1:1"
protocol = "grpc"
metrics = false
areas = ["QK1"]
[partners.beta]
organisation = "04V"
read = { profile = "INTERNAL", areas = ["*"], datasets = ["*"], indicators = ["*"] }
[partners.beta.telemetry]
endpoint = "http://127.0.0.1:1"
protocol = "grpc"
metrics = false
areas = ["QK1"]
"#;

async fn submit(engine: &Engine) {
    let header = Header {
        organisation: "C82007".to_owned(),
        collection: "synthetic-llr".to_owned(),
        dataset: Dataset::Consultations,
        month: "2020-04".parse().unwrap(),
        request_id: "r".to_owned(),
        code_systems: BTreeMap::new(),
        collected: [Field::Sex].into(),
        person_key_scheme: String::new(),
        source: None,
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
        allow_shrinking: true,
    };
    let mut builder = engine.builder(header.clone());
    for row in 0..100 {
        builder.begin_row();
        builder.code(Field::Channel, ["TELEPHONE", "VIDEO"][row % 2]);
        builder.code(Field::Sex, ["1", "2"][row % 2]);
        builder.code(Field::Attendance, "5");
        builder.end_row(Vec::new);
    }
    let prepared = Engine::prepare("test", &header, &builder.finish());
    engine.store().submit(prepared.into(), None).await.unwrap();
    let release = NewRelease {
        id: "one".to_owned(),
        shown: engine.told(),
        after: 0,
        reason: ReleaseReason::Operator,
        closed: "2020-04".parse().unwrap(),
        least: 1,
    };
    engine.store().release(release, "test", "s").await.unwrap();
}

/// Whether it is alpha's question to the outcomes.
fn is_meant(reader: &Reader, table: &Table) -> bool {
    reader.organisation.as_deref() == Some("QK1") && matches!(table, Table::Outcomes(_))
}

fn damaged(
    engine: &Engine,
    reader: &Reader,
    table: &Table,
) -> Result<Option<Protected>, NotAnswered> {
    if is_meant(reader, table) {
        return Err(NotAnswered::Damaged("a pack".to_owned()));
    }
    told(engine, reader, table)
}

fn busy(engine: &Engine, reader: &Reader, table: &Table) -> Result<Option<Protected>, NotAnswered> {
    if is_meant(reader, table) {
        return Err(NotAnswered::ForNow("later".to_owned()));
    }
    told(engine, reader, table)
}

fn words(event: &Event, signal: Signal) -> Option<Vec<u8>> {
    (signal == Signal::Logs).then(|| format!("{event:?}").into_bytes())
}

#[tokio::test]
async fn what_cannot_be_read_is_told_as_missing_and_stops_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let content = Content::embedded().and(PARTNERS, PARTNERS_FILE.to_owned());
    let (engine, _followers) = open_with(folder.path(), content);
    let outbox = Outbox::open(folder.path(), engine.told(), 1).unwrap();
    submit(&engine).await;
    // A failure that passes stops all: nothing may be lost.
    let waits = Projector { ask: busy, encode: words };
    while outbox.position() + 1 < engine.told() {
        assert!(waits.step(&engine, &outbox).unwrap());
    }
    let failed = waits.step(&engine, &outbox);
    assert!(matches!(failed, Err(NotProjected::Answer(_))), "{failed:?}");
    assert!(outbox.position() < engine.told());
    // Damage does not pass.
    let goes_on = Projector { ask: damaged, encode: words };
    while goes_on.step(&engine, &outbox).unwrap() {}
    assert_eq!(outbox.position(), engine.told());
    let reference = engine.reference();
    let events = |partner: &str| {
        let stream = StreamId { partner: partner.to_owned(), signal: Signal::Logs };
        let scope = scope_key(reference.partners().named(partner).unwrap());
        let waiting = outbox.next((&stream, scope), 10_000, usize::MAX).unwrap();
        let told = waiting
            .into_iter()
            .map(|waiting| (waiting.event.kind, String::from_utf8(waiting.payload).unwrap()));
        told.collect::<Vec<_>>()
    };
    let of = |all: &[(EventKind, String)], kind, word: &str| {
        all.iter().filter(|(of, said)| *of == kind && said.contains(word)).count()
    };
    let (alpha, beta) = (events("alpha"), events("beta"));
    let revised = EventKind::IndicatorRevised;
    assert_eq!(of(&alpha, EventKind::DeliveryGap, "DATA_DAMAGED"), 1, "{alpha:?}");
    assert_eq!(of(&alpha, EventKind::DeliveryGap, "\"OUTCOMES\""), 1, "{alpha:?}");
    assert_eq!(of(&alpha, revised, "\"OUTCOMES\""), 0);
    assert_eq!(of(&beta, EventKind::DeliveryGap, ""), 0, "{beta:?}");
    let channels = of(&beta, revised, "\"CHANNELS\"");
    assert!(channels > 0 && of(&beta, revised, "\"OUTCOMES\"") > 0, "{beta:?}");
    assert_eq!(of(&alpha, revised, "\"CHANNELS\""), channels);
}
