//! What partners are told of a second release, of a state that was restored, and of a log that is read again.

use std::collections::BTreeSet;
use std::path::Path;

use equity_indicators::proto::v1::{self, Receipt, WithdrawSubmissionRequest};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use serde_json::json;

use super::telemetry::{PRACTICES, of_kind, partner, ready, started, submit, telemetry};
use crate::delivery::plane::until;
use crate::delivery::receiver::{Got, Received, text, value};
use crate::support::{TestServer, header, message, records};

const FIELDS: &[&str] = &["sex", "ethnic_category"];

/// Consultations of women and men, of two ethnic categories: how many of a thousand in each group did not attend.
async fn attended(server: &TestServer, practice: &str, missed: [[i64; 2]; 2]) -> Receipt {
    let mut rows = Vec::new();
    for (sex, missed) in ["1", "2"].into_iter().zip(missed) {
        for (ethnic, missed) in ["A", "H"].into_iter().zip(missed) {
            for (attendance, count) in [("3", missed), ("5", 1_000 - missed)] {
                rows.push(json!({"channel": "FACE_TO_FACE", "recordCount": count, "attendance": attendance,
                    "person": {"sex": sex, "ethnicCategory": ethnic}}));
            }
        }
    }
    let head = header(practice, "practice-feed", "2020-04", FIELDS);
    server.submit(head, records(&json!(rows))).await.unwrap()
}

/// Counts of two submitted indicators, of a thousand people each.
async fn counted(server: &TestServer, practice: &str, smi: i64, cancer: i64) {
    let row = |indicator: &str, numerator: i64| {
        message(
            json!({"indicator": indicator, "numeratorCount": numerator, "denominatorCount": 1_000}),
        )
    };
    let rows = vec![row("C20-SMI", smi), row("C20-CAN", cancer)];
    let head = header(practice, "practice-feed", "2020-04", &[]);
    server.submit_counts(head, rows).await.unwrap();
}

fn of_release(received: &Received, kind: &str, release: &str) -> Vec<Got> {
    let all = of_kind(received, kind).into_iter();
    all.filter(|got| got.text("release") == release).collect()
}

/// Waits until nothing more comes.
async fn quiet(received: &Received) {
    let mut before = usize::MAX;
    while received.logs().len() != before {
        before = received.logs().len();
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    }
}

/// Whose own figures or gaps they are.
fn organisations(got: &Got) -> String {
    let name = "nhs.equity.organisations";
    value(&got.record.attributes, name).map_or(String::new(), |of| format!("{of:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_release_tells_only_the_gaps_and_targets_that_are_new() {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let (server, _folder) =
        started(&partner("alpha", &endpoint, "INTERNAL", "indicators = [\"C20-CAN\"]")).await;
    for practice in PRACTICES {
        attended(&server, practice, [[50, 50], [300, 300]]).await;
        counted(&server, practice, 500, 10).await;
    }
    server.release("first").await;
    until("gaps", || !of_kind(&received, "gap.alert").is_empty()).await;
    until("targets", || !of_kind(&received, "target.status").is_empty()).await;
    quiet(&received).await;
    let missed = |got: &Got| {
        let figure = got.text("figure");
        (got.text("characteristic"), got.text("category"), figure.starts_with("CH-09"))
    };
    let of_women = ("sex".to_owned(), "2".to_owned(), true);
    let first = of_release(&received, "gap.alert", "first");
    assert!(first.iter().all(|got| got.text("characteristic") == "sex"), "{first:?}");
    // Of the area, and of the practice itself, which has data of its own.
    let [area, own] = ["QK1", ""].map(|area| {
        let of = first.iter().filter(|got| got.text("area.code") == area);
        of.cloned().collect::<Vec<_>>()
    });
    assert!(area.iter().any(|got| missed(got) == of_women), "{area:?}");
    assert!(own.iter().any(|got| missed(got) == of_women), "{own:?}");
    assert!(own.iter().all(|got| organisations(got).contains("C82007")), "{own:?}");

    // Submitted indicators are figures like all others, and only the wanted one is told.
    let revised = of_release(&received, "indicator.revised", "first");
    let indicators: BTreeSet<_> = revised.iter().map(|got| got.text("indicator")).collect();
    assert!(indicators.contains("C20-CAN"), "{indicators:?}");
    let others = indicators.iter().filter(|of| of.contains('-') && *of != "C20-CAN");
    assert_eq!(others.count(), 0, "{indicators:?}");
    let cancer = revised.iter().find(|got| got.text("indicator") == "C20-CAN").unwrap();
    assert_eq!(
        (cancer.text("table"), cancer.whole("numerator"), cancer.whole("denominator")),
        ("INDICATORS".to_owned(), Some(40), Some(4_000))
    );

    for practice in PRACTICES {
        attended(&server, practice, [[50, 150], [300, 400]]).await;
        // The status of the one target stays, that of the other does not.
        counted(&server, practice, 505, 990).await;
    }
    server.release("second").await;
    let second = |kind| of_release(&received, kind, "second");
    until("new gaps", || !second("gap.alert").is_empty()).await;
    until("new statuses", || !second("target.status").is_empty()).await;
    quiet(&received).await;
    let gaps = second("gap.alert");
    assert!(gaps.iter().all(|got| got.text("characteristic") != "sex"), "{gaps:?}");
    let statuses = second("target.status");
    let targets: BTreeSet<_> = statuses.iter().map(|got| got.text("target")).collect();
    assert!(targets.iter().all(|of| of.starts_with("C20-CAN")), "{targets:?}");
    assert!(statuses.iter().any(|got| got.text("verdict") == "MET"), "{statuses:?}");
}

/// What is told of a second release before which a month was withdrawn by all who had sent it.
async fn withdrawn(profile: &str, others: bool) {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let entry = partner("alpha", &endpoint, profile, "");
    // Its organisation has sent nothing: it has no figures of its own.
    let (server, _folder) = started(&entry.replace("C82007", "C82030")).await;
    let mut names = Vec::new();
    for practice in PRACTICES {
        // A release needs data; of one organisation alone it does not show the area to partners.
        if others || practice == PRACTICES[0] {
            submit(&server, practice, "2020-05", 400).await;
        }
        names.push(submit(&server, practice, "2020-04", 400).await.submission.unwrap().name);
    }
    server.release("first").await;
    until("figures", || of_kind(&received, "indicator.revised").len() > 10).await;
    quiet(&received).await;
    for name in names {
        let request_id = uuid::Uuid::new_v4().to_string();
        let request = WithdrawSubmissionRequest { name, request_id };
        server.submissions().withdraw_submission(request).await.unwrap();
    }
    server.release("second").await;
    until("the end of the figures", || {
        !of_release(&received, "indicator.revised", "second").is_empty()
    })
    .await;
    quiet(&received).await;
    let identity = |got: &Got| {
        ["column", "period.start", "characteristic", "category"].map(|name| got.text(name))
    };
    let published =
        |got: &&Got| got.text("state") == "PUBLISHED" && got.text("period.start") == "2020-04-01";
    let first = of_release(&received, "indicator.revised", "first");
    let had: BTreeSet<_> = first.iter().filter(published).map(identity).collect();
    let gone = of_release(&received, "indicator.revised", "second");
    let told: BTreeSet<_> = gone.iter().map(identity).collect();
    let said = format!("{profile}, other months of all: {others}");
    assert!(had.len() > 10 && had.is_subset(&told), "{said}: {:?}", had.difference(&told));
    for got in &gone {
        let states = ["WITHDRAWN", "NO_DATA"];
        assert!(states.contains(&&*got.text("state")), "{said}: {got:?}");
        assert!(value(&got.record.attributes, "nhs.equity.value").is_none(), "{said}: {got:?}");
        assert_eq!(got.text("period.start"), "2020-04-01", "{said}");
    }
    // The series of each figure ends.
    let metrics = received.metrics();
    let gauges = metrics.iter().filter_map(|of| match &of.data {
        Some(Data::Gauge(gauge)) => Some(&gauge.data_points),
        _ => None,
    });
    let mut alive = BTreeSet::new();
    for point in gauges.flatten() {
        let of = |name: &str| text(&point.attributes, &format!("nhs.equity.{name}"));
        let series = ["column", "period.start", "characteristic", "category"].map(of);
        assert_eq!(point.value.is_none(), point.flags == 1, "{said}: {point:?}");
        if point.value.is_some() {
            alive.insert(series)
        } else {
            alive.remove(&series)
        };
    }
    let stale: Vec<_> = alive.iter().filter(|of| of[1] == "2020-04-01").collect();
    assert!(stale.is_empty(), "{said}: {stale:?}");
    assert!(!others || !alive.is_empty(), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_figure_that_a_release_shows_no_more_is_told_and_its_series_ends() {
    withdrawn("INTERNAL", true).await;
    withdrawn("PARTNER", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_an_area_that_is_shown_no_more_are_told_too() {
    withdrawn("INTERNAL", false).await;
    withdrawn("PARTNER", false).await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_change_at_the_same_position_has_other_ids() {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let more = "metrics = false";
    let (server, folder) = started(&partner("alpha", &endpoint, "PARTNER", more)).await;
    submit(&server, "C82007", "2020-04", 100).await;
    until("the first", || !received.logs().is_empty()).await;
    quiet(&received).await;
    let (settings, data) = (server.config(), server.data_folder());
    let copied = folder.path().join("copy");
    let kept = server.stop().await;
    copy(&data, &copied);
    let reopened = || async {
        let server = TestServer::on_settings(kept.clone(), settings.clone()).await;
        ready(&server).await;
        server
    };
    let server = reopened().await;
    submit(&server, "C82007", "2020-05", 200).await;
    server.release("one").await;
    until("the second", || !of_release(&received, "indicator.revised", "one").is_empty()).await;
    quiet(&received).await;
    drop(server.stop().await);
    let lost = received.logs();
    // The copy is restored, and the same release made of other data, at the same position.
    std::fs::remove_dir_all(&data).unwrap();
    copy(&copied, &data);
    let server = reopened().await;
    submit(&server, "C82007", "2020-05", 300).await;
    server.release("one").await;
    let since = |all: &[Got]| all[lost.len()..].to_vec();
    until("the new ones", || {
        since(&received.logs()).iter().any(|got| got.text("release") == "one")
    })
    .await;
    quiet(&received).await;
    let new = since(&received.logs());
    let position = |all: &[Got]| all.iter().filter_map(|got| got.whole("log.position")).max();
    assert_eq!(position(&lost), position(&new), "it is the same position");
    let ids = |all: &[Got]| all.iter().map(|got| got.text("event.id")).collect::<BTreeSet<_>>();
    let both: Vec<_> = ids(&lost).intersection(&ids(&new)).cloned().collect();
    assert!(both.is_empty(), "{both:?}");
    drop(server.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_read_again_gives_the_same_events_also_of_versions_that_were_replaced() {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let more = "metrics = false";
    let (server, _folder) = started(&partner("alpha", &endpoint, "INTERNAL", more)).await;
    let request = || v1::PauseDeliveryRequest { partner: "alpha".into(), signal: 0 };
    telemetry(&server).pause_delivery(request()).await.unwrap();
    // Of the first version nobody's sex is known, of the second everybody's.
    let head = || header("C82007", "practice-feed", "2020-04", &["sex"]);
    let row = json!([{"channel": "VIDEO", "recordCount": 500, "attendance": "5"}]);
    server.submit(head(), records(&row)).await.unwrap();
    listed(&server, 3).await;
    let row = json!([{"channel": "VIDEO", "recordCount": 500, "attendance": "5", "person": {"sex": "1"}}]);
    server.submit(head(), records(&row)).await.unwrap();
    server.release("one").await;
    let before = listed(&server, 20).await;
    assert!(received.logs().is_empty());
    let (settings, data) = (server.config(), server.data_folder());
    let kept = server.stop().await;
    // The outbox is lost. Nothing of it was settled, so all is made again, now that both versions are there.
    std::fs::remove_dir_all(data.join("outbox")).unwrap();
    let server = TestServer::on_settings(kept, settings).await;
    ready(&server).await;
    until("all of them", || received.logs().len() >= before.len()).await;
    quiet(&received).await;
    let again = received.logs();
    let known = again.iter().filter(|got| got.text("finding.code") == "LITTLE_KNOWN").count();
    assert_eq!(known, 1, "the version that was replaced");
    let again: Vec<_> = again
        .iter()
        .map(|got| (got.text("event.id"), got.record.event_name.replace("nhs.equity.", "")))
        .collect();
    assert_eq!(again, before);
}

/// Id and kind of every event of alpha, as soon as there are so many and no more come.
async fn listed(server: &TestServer, least: usize) -> Vec<(String, String)> {
    let mut before = Vec::new();
    loop {
        let request = v1::ListTelemetryEventsRequest {
            partner: "alpha".to_owned(),
            page_size: 1_000,
            ..Default::default()
        };
        let page = telemetry(server).list_telemetry_events(request).await.unwrap().into_inner();
        assert!(page.next_page_token.is_empty());
        let now: Vec<_> = page.events.into_iter().map(|of| (of.event_id, of.kind)).collect();
        if now.len() >= least && now == before {
            return now;
        }
        before = now;
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    }
}
