//! No side door: everything that leaves the service in two worlds that differ by withheld counts alone, compared byte by byte. Every call,
//! export, command, error, log line, metric and trace is in it, and a call or a command that is new and has no row fails the test.
//!
//! In both worlds the same people come equally often, so every cell that holds all of those who differ has the same true count and the same
//! key. The cells that tell them apart are of few people. So a partner has to get the same bytes; who sees all gets others.

mod calls;
mod commands;
mod outlets;
mod service;
mod world;

use std::collections::BTreeMap;

use outlets::Said;
use service::Running;
use world::{NUMBERS, World};

/// Everything that leaves a service of a world to partners, by what was asked.
async fn all(world: World) -> Vec<Said> {
    let folder = tempfile::tempdir().unwrap();
    world.fill(folder.path()).await;
    let service = Running::start(folder.path(), "PARTNER").await;
    let mut said = calls::all(&service).await;
    said.extend(commands::all(&service).await);
    said.extend(service.stop().await);
    said
}

/// What is answered to who sees all.
async fn shown(world: World) -> Vec<Said> {
    let folder = tempfile::tempdir().unwrap();
    world.fill(folder.path()).await;
    let service = Running::start(folder.path(), "INTERNAL").await;
    let said = calls::all(&service).await;
    service.stop().await;
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_leaves_the_service_depends_on_a_withheld_count() {
    let (first, second) = tokio::join!(all(World::FIRST), all(World::SECOND));
    let names = |said: &[Said]| said.iter().map(|one| one.asked.clone()).collect::<Vec<_>>();
    assert_eq!(names(&first), names(&second));
    let differ = first.iter().zip(&second).filter(|(first, second)| first != second);
    let differ: Vec<_> = differ.map(|(first, second)| first.difference(second)).collect();
    assert!(differ.is_empty(), "{} differ:\n{}", differ.len(), differ.join("\n"));
    let told = first
        .iter()
        .flat_map(|one| NUMBERS.iter().filter(|n| one.tells(**n)).map(move |n| (n, one)));
    let told: Vec<_> = told.map(|(number, one)| format!("{number} in {one:?}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    // What was compared has figures and withheld cells, not refusals alone.
    let words = |word: &str| first.iter().filter(|one| one.text().contains(word)).count();
    assert!(words("WITHHELD") > 100 && words("numerator") > 100, "{}", words("WITHHELD"));
}

/// The same comparison finds the difference where all is shown: so it can find one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sees_all_gets_what_differs() {
    let (first, second) = tokio::join!(shown(World::FIRST), shown(World::SECOND));
    let mut differ: BTreeMap<&str, usize> = BTreeMap::new();
    for (first, second) in first.iter().zip(&second).filter(|(first, second)| first != second) {
        *differ.entry(first.door()).or_default() += usize::from(first.asked == second.asked);
    }
    for door in [
        "GetChannelBreakdown",
        "GetAccessOutcomes",
        "GetDigitalExclusionBreakdown",
        "GetFaceToFaceProvision",
        "GetChannelImpact",
        "WatchBreakdown",
        "ExportBreakdowns",
        "ListSubmissions",
        "GetSubmission",
        "ListAvailability",
        "SubmitConsultations",
    ] {
        assert!(differ.contains_key(door), "{door} is the same: {differ:?}");
    }
}

/// What the last call did is in the telemetry, however soon the service stops: so all that is told is compared.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_call_is_in_the_telemetry() {
    let folder = tempfile::tempdir().unwrap();
    let service = Running::start(folder.path(), "INTERNAL").await;
    let query = serde_json::json!({"collection": world::COLLECTION, "area": "QK1", "period": {"first": world::MONTH}});
    service.well("GetChannelBreakdown", &[serde_json::json!({"query": query})]).await;
    let said = service.stop().await;
    let metrics = said.iter().find(|one| one.asked == "telemetry: metrics").unwrap().text();
    assert!(metrics.contains("nhs.equity.cache.misses  Some(AsInt(1))"), "{metrics}");
}
