//! Readers of releases: they read, follow and export releases and nothing else, beside a reader who sees the newest state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost::Message as _;
use tokio_stream::StreamExt as _;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::breakdowns::Breakdowns;
use super::cached_answers::Watched;
use super::export::Export;
use super::releases::Releases;
use super::single_flight::SingleFlight;
use super::{Encoded, Service};
use crate::domain::collection::Dataset;
use crate::domain::disclosure::ProfileName;
use crate::domain::field::Field;
use crate::domain::submission::Header;
use crate::engine::Engine;
use crate::engine::answer::tests::running::opened;
use crate::proto::server::breakdown_service_server::BreakdownService as _;
use crate::proto::server::export_service_server::ExportService as _;
use crate::proto::server::release_service_server::ReleaseService as _;
use crate::proto::v1::breakdown_question::Table;
use crate::proto::v1::{self, as_of::At};

const MONTH: &str = "2020-04";

/// One engine, and two services over it: one for who sees all, one for partners.
struct World {
    internal: Service,
    partner: Service,
    /// Practices of a PCN with at least five, and of a PCN with two.
    large: Vec<String>,
    small: Vec<String>,
    of_large: String,
    of_small: String,
    requests: usize,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (engine, _) = opened(folder.path());
        let internal = Service {
            engine: Arc::new(engine),
            single_flight: Arc::new(SingleFlight::new(4)),
            profile_without_identity: Some(ProfileName::Internal),
            page_key: [0; 32],
            message_bytes: (1 << 20, 1 << 20),
        };
        let partner =
            Service { profile_without_identity: Some(ProfileName::Partner), ..internal.clone() };
        let reference = internal.engine.reference();
        let pcn = |wanted: fn(usize) -> bool| {
            let areas = reference.areas();
            let pcns = areas.iter().filter(|area| area.kind == "pcn");
            let mut pcns = pcns.filter(|area| areas.ancestors(&area.code).contains("QK1"));
            let found = pcns.find(|area| wanted(reference.members(&area.code).len())).unwrap();
            let members = reference.members(&found.code);
            (found.code.clone(), members.keys().take(5).cloned().collect::<Vec<_>>())
        };
        let (of_large, large) = pcn(|members| members >= 5);
        let (of_small, small) = pcn(|members| members == 2);
        Self { internal, partner, large, small, of_large, of_small, requests: 0, _folder: folder }
    }

    fn engine(&self) -> &Engine {
        &self.internal.engine
    }

    /// Submits so many consultations.
    async fn submit(&mut self, organisation: &str, month: &str, rows: usize) {
        self.requests += 1;
        let header = Header {
            organisation: organisation.to_owned(),
            collection: "practice-feed".to_owned(),
            dataset: Dataset::Consultations,
            month: month.parse().unwrap(),
            request_id: format!("r{}", self.requests),
            code_systems: BTreeMap::new(),
            collected: [Field::Sex, Field::SexualOrientation].into(),
            person_key_scheme: String::new(),
            source: None,
            expected_record_count: None,
            allow_partial: false,
            validate_only: false,
            allow_shrinking: true,
        };
        let mut builder = self.engine().builder(header.clone());
        for row in 0..rows {
            builder.begin_row();
            builder.code(Field::Channel, ["TELEPHONE", "VIDEO"][row % 2]);
            builder.code(Field::Sex, ["1", "2"][row % 2]);
            builder.code(Field::SexualOrientation, ["1", "2"][row % 2]);
            builder.end_row(Vec::new);
        }
        let draft = builder.finish();
        assert_eq!(draft.rejected_count, 0, "{:?}", draft.problems);
        let prepared = Engine::prepare("test", &header, &draft);
        self.engine().store().submit(prepared.into(), None).await.unwrap();
    }

    /// Everybody submits.
    async fn fill(&mut self, month: &str, rows: usize) {
        for organisation in [self.large.clone(), self.small.clone()].concat() {
            self.submit(&organisation, month, rows).await;
        }
    }

    async fn create(&self, id: &str) -> Result<v1::Release, Status> {
        create(&self.internal, id).await
    }

    async fn ask(&self, question: Table) -> Result<Answer, Status> {
        Ok(read(
            self.partner.ask(Request::new(question), std::convert::identity).await?.into_inner(),
        ))
    }

    async fn watch(&self, question: Table, after_position: i64) -> Result<Watched, Status> {
        let question = Some(v1::BreakdownQuestion { table: Some(question) });
        let request = v1::WatchBreakdownRequest { question, after_position };
        let watched = Breakdowns(self.partner.clone()).watch_breakdown(Request::new(request)).await;
        Ok(watched?.into_inner())
    }

    async fn export(
        &self,
        question: Table,
        area_types: &[&str],
        cursor: &str,
    ) -> Result<Vec<v1::ExportBreakdownsResponse>, Status> {
        let request = v1::ExportBreakdownsRequest {
            question: Some(v1::BreakdownQuestion { table: Some(question) }),
            area_types: area_types.iter().map(|kind| (*kind).to_owned()).collect(),
            cursor: cursor.to_owned(),
            ..Default::default()
        };
        let export = Export(self.partner.clone());
        let mut stream = export.export_breakdowns(Request::new(request)).await?.into_inner();
        let mut all = Vec::new();
        while let Some(message) = stream.next().await {
            all.push(message?);
        }
        Ok(all)
    }
}

async fn create(service: &Service, id: &str) -> Result<v1::Release, Status> {
    let request = v1::CreateReleaseRequest {
        release_id: id.to_owned(),
        request_id: uuid::Uuid::new_v4().to_string(),
        validate_only: false,
    };
    let made = Releases(service.clone()).create_release(Request::new(request)).await?;
    Ok(made.into_inner().release.unwrap())
}

/// An answer as it was sent.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    breakdown: v1::Breakdown,
    position: i64,
}

impl Answer {
    fn release(&self) -> &str {
        &self.breakdown.context.as_ref().unwrap().release
    }

    /// The figure of the total row.
    fn total(&self) -> Option<f64> {
        self.breakdown.rows[0].cells[0].value
    }
}

fn read(sent: Encoded) -> Answer {
    let message = v1::WatchBreakdownResponse::decode(sent.body).unwrap();
    Answer { breakdown: message.breakdown.unwrap(), position: sent.position }
}

fn question(area: &str, months: (&str, &str), by: &[&str], at: Option<At>) -> Table {
    let period = v1::PeriodRange { first: months.0.to_owned(), last: months.1.to_owned() };
    let query = v1::BreakdownQuery {
        collection: "practice-feed".to_owned(),
        area: area.to_owned(),
        period: Some(period),
        by: by.iter().map(|id| (*id).to_owned()).collect(),
        as_of: at.map(|at| v1::AsOf { at: Some(at) }),
        ..Default::default()
    };
    Table::Channels(v1::GetChannelBreakdownRequest { query: Some(query), ..Default::default() })
}

fn april(area: &str) -> Table {
    question(area, (MONTH, ""), &[], None)
}

fn of_release(area: &str, id: &str) -> Table {
    question(area, (MONTH, ""), &[], Some(At::Release(id.to_owned())))
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap().reason.clone()
}

/// Nothing comes for a while.
async fn quiet(watched: &mut Watched) {
    let came = tokio::time::timeout(Duration::from_millis(300), watched.next()).await;
    assert!(came.is_err(), "{:?}", came.map(|next| next.map(|next| next.map(read))));
}

async fn next(watched: &mut Watched) -> Answer {
    let came = tokio::time::timeout(Duration::from_secs(10), watched.next()).await;
    read(came.unwrap().unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_release_there_is_no_answer_and_afterwards_that_of_the_release() {
    let mut world = World::new();
    world.fill(MONTH, 40).await;
    let refused = [
        world.ask(april("QK1")).await.map(drop),
        world.watch(april("QK1"), 0).await.map(drop),
        world.export(april("QK1"), &[], "").await.map(drop),
    ];
    for refused in refused {
        let refused = refused.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, "NO_RELEASE")
        );
        assert!(refused.message().contains("ListReleases"), "{}", refused.message());
    }
    let refused = create(&world.partner, "mine").await.unwrap_err();
    assert_eq!(reason(&refused), "QUERY_REFUSED");

    let first = world.create("first").await.unwrap();
    let answer = world.ask(april("QK1")).await.unwrap();
    assert_eq!((answer.release(), answer.position), ("first", first.shown_position));
    assert_eq!(world.ask(of_release("QK1", "first")).await.unwrap(), answer);
    // What comes between two releases is not seen, and the answer is kept.
    world.fill(MONTH, 80).await;
    assert_eq!(world.ask(april("QK1")).await.unwrap(), answer);
    let second = world.create("second").await.unwrap();
    let newest = world.ask(april("QK1")).await.unwrap();
    assert_eq!((newest.release(), newest.position), ("second", second.shown_position));
    assert!(newest.total().unwrap() > answer.total().unwrap() + 100.0);
    // The first stays what it was.
    assert_eq!(world.ask(of_release("QK1", "first")).await.unwrap(), answer);
    let unknown = world.ask(of_release("QK1", "frist")).await.unwrap_err();
    assert_eq!(reason(&unknown), "RELEASE_NOT_FOUND");
    assert!(unknown.message().contains("the nearest is `first`"), "{}", unknown.message());
    let time = prost_types::Timestamp { seconds: 1_600_000_000, nanos: 0 };
    for at in [At::Position(first.shown_position), At::Time(time)] {
        let refused = world.ask(question("QK1", (MONTH, ""), &[], Some(at))).await.unwrap_err();
        assert!(refused.message().contains("name a release"), "{}", refused.message());
    }
    // Who sees all sees the newest state, and each release by its name.
    let ask = async |table| {
        let answer = world.internal.ask(Request::new(table), std::convert::identity).await;
        read(answer.unwrap().into_inner())
    };
    assert_eq!(ask(april("QK1")).await.total(), Some(560.0));
    assert_eq!(ask(of_release("QK1", "first")).await.total(), Some(280.0));
    assert_eq!(ask(of_release("QK1", "first")).await.position, first.shown_position);
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "`--nocapture` shows what was measured")]
async fn a_watch_gets_a_table_when_a_release_is_made_and_only_then() {
    let mut world = World::new();
    world.fill(MONTH, 40).await;
    world.create("r0").await.unwrap();
    let mut watched = world.watch(april("QK1"), 0).await.unwrap();
    let first = next(&mut watched).await;
    assert_eq!(first.release(), "r0");
    let mut times = Vec::new();
    for number in 1..=20 {
        let rows = 40 + 10 * number;
        world.fill(MONTH, rows).await;
        if number == 1 {
            quiet(&mut watched).await;
        }
        let id = format!("r{number}");
        world.create(&id).await.unwrap();
        let made = Instant::now();
        let answer = next(&mut watched).await;
        times.push(made.elapsed());
        assert_eq!(answer.release(), id);
        assert_eq!(answer, world.ask(april("QK1")).await.unwrap());
    }
    times.sort();
    println!("release made to table at its watcher: p50 {:?}, most {:?}", times[10], times[19]);
    assert!(times[19] < Duration::from_secs(1), "{times:?}");
    // A release without a change of the table sends nothing; a watch that goes on gets what it has not seen.
    world.create("same").await.unwrap();
    quiet(&mut watched).await;
    let mut resumed = world.watch(april("QK1"), first.position).await.unwrap();
    assert_eq!(next(&mut resumed).await.release(), "same");
    let newest = world.ask(april("QK1")).await.unwrap();
    let mut resumed = world.watch(april("QK1"), newest.position).await.unwrap();
    quiet(&mut resumed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_stays_in_its_release() {
    let mut world = World::new();
    world.fill(MONTH, 40).await;
    let first = world.create("first").await.unwrap();
    let by_sex = || question("QK1", (MONTH, ""), &["sex"], None);
    let messages = world.export(by_sex(), &["system", "sub_icb", "pcn"], "").await.unwrap();
    assert!(messages.len() > 2);
    let rows = |messages: &[v1::ExportBreakdownsResponse]| {
        messages.iter().flat_map(|message| message.rows.clone()).collect::<Vec<_>>()
    };
    let all = rows(&messages);
    let of_first = |row: &v1::ExportRow| {
        (row.release.as_str(), row.position) == ("first", first.shown_position)
    };
    assert!(!all.is_empty() && all.iter().all(of_first));
    // Areas that the release does not show are left out.
    assert!(all.iter().any(|row| row.area == world.of_large));
    assert!(all.iter().all(|row| row.area != world.of_small));
    world.fill(MONTH, 80).await;
    world.create("second").await.unwrap();
    for (place, message) in messages.iter().enumerate() {
        let rest = world.export(by_sex(), &["system", "sub_icb", "pcn"], &message.cursor).await;
        assert_eq!(rest.unwrap(), messages[place + 1..], "behind message {place}");
    }
    let of_first = question("QK1", (MONTH, ""), &["sex"], Some(At::Release("first".into())));
    let again = world.export(of_first, &["system", "sub_icb", "pcn"], "").await.unwrap();
    assert_eq!(rows(&again), all);
    let newest = rows(&world.export(by_sex(), &[], "").await.unwrap());
    assert!(newest.iter().all(|row| row.release == "second"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_area_with_too_few_organisations_is_not_shown() {
    let mut world = World::new();
    world.fill(MONTH, 60).await;
    world.create("first").await.unwrap();
    assert!(world.ask(april(&world.of_large)).await.is_ok());
    let refused = world.ask(april(&world.of_small)).await.unwrap_err();
    assert_eq!(reason(&refused), "QUERY_REFUSED");
    let told = refused.message();
    let parts = [
        "`first` does not show",
        "fewer than 3 of its organisations",
        "ask about `",
        "which contains it",
    ];
    assert!(parts.iter().all(|part| told.contains(part)), "{told}");
    let table = world.ask(question("QK1", (MONTH, ""), &["pcn"], None)).await.unwrap();
    let value = |pcn: &str| {
        let mut rows = table.breakdown.rows.iter();
        let row = rows.find(|row| row.keys.iter().any(|key| key.code == pcn)).unwrap();
        (row.cells[0].value, row.cells[0].absence.as_ref().map(v1::Absence::reason))
    };
    assert!(value(&world.of_large).0.is_some());
    assert_eq!(value(&world.of_small), (None, Some(v1::AbsenceReason::Withheld)));
    // Two of the large one change: too few. The small one never counts.
    for organisation in world.small.clone() {
        world.submit(&organisation, MONTH, 99).await;
    }
    let refused = world.create("second").await.unwrap_err();
    assert!(!refused.message().contains(&world.of_small), "{}", refused.message());
    assert!(refused.message().contains("QK1"), "{}", refused.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sensitive_characteristic_has_one_release_for_each_closed_month() {
    let mut world = World::new();
    world.fill(MONTH, 60).await;
    world.create("first").await.unwrap();
    let by = |months: (&str, &str), at: Option<&str>| {
        let at = at.map(|id| At::Release(id.to_owned()));
        question("QK1", months, &["sexual_orientation"], at)
    };
    let answer = world.ask(by((MONTH, ""), None)).await.unwrap();
    assert_eq!(answer.release(), "first");
    world.fill(MONTH, 90).await;
    world.fill("2020-05", 60).await;
    world.fill("2199-01", 60).await;
    world.create("second").await.unwrap();
    // Other questions read the second release; this one stays with the first.
    assert_eq!(world.ask(april("QK1")).await.unwrap().release(), "second");
    assert_eq!(world.ask(by((MONTH, ""), None)).await.unwrap(), answer);
    assert_eq!(world.ask(by((MONTH, ""), Some("first"))).await.unwrap(), answer);
    assert_eq!(world.ask(by(("2020-05", ""), None)).await.unwrap().release(), "second");
    for (question, part) in [
        (by((MONTH, ""), Some("second")), "2020-04 in `first`"),
        (by(("2020-Q2", ""), None), "2020-04 in `first`; 2020-05 in `second`"),
        (by(("2199-01", ""), None), "2199-01 has not closed in any release"),
    ] {
        let refused = world.ask(question).await.unwrap_err();
        assert_eq!(reason(&refused), "QUERY_REFUSED");
        assert!(refused.message().contains(part), "{part}: {}", refused.message());
    }
}
