//! `equity partners delivery` beside a running service, and the demo with a partner.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient;
use serde_json::json;
use tonic::transport::Channel;

use super::plane::{LOCAL, entry, until};
use super::receiver::{Answer, Got, Received};
use crate::cli::run::{Served, equity};
use crate::support::{consultations, header, records};

async fn serve(folder: PathBuf) -> Served {
    let started = tokio::task::spawn_blocking(move || {
        let mut command = equity();
        command.arg("serve").env("EQUITY_PARTNERS_FILE", folder.join("partners.toml"));
        command.stderr(Stdio::null());
        Served::by(command, "127.0.0.1:0", &folder.join("data"))
    });
    started.await.unwrap()
}

async fn submit(address: &str, month: &str) {
    let address =
        if address.starts_with("http") { address.to_owned() } else { format!("http://{address}") };
    let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
    let rows = records(&json!([{"channel": "VIDEO"}]));
    let messages = consultations(header("C82001", "practice-feed", month, &[]), vec![rows]);
    let mut client = SubmissionServiceClient::new(channel);
    client.submit_consultations(tokio_stream::iter(messages)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_show_and_change_what_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let (received, endpoint) = Received::start(Vec::new()).await;
    let more = format!("{LOCAL}events = [\"submission.accepted\", \"delivery.gap\"]\n");
    let entry = entry("alpha", &endpoint, &more).replace("QK1", "C82001");
    let text = format!("trust_domain = \"equity.example\"\n{entry}");
    std::fs::write(folder.path().join("partners.toml"), text).unwrap();
    let served = serve(folder.path().to_owned()).await;
    submit(&served.address, "2020-04").await;
    until("the event", || received.logs().len() == 1).await;
    let ask = |arguments: &[&str]| served.ask(&[&["partners", "delivery"][..], arguments].concat());
    let subscriptions = ask(&["subscriptions"]).well();
    assert!(
        subscriptions.contains("alpha") && subscriptions.contains(&endpoint),
        "{subscriptions}"
    );
    let settled = || {
        ask(&["status", "alpha", "--format", "json"]).json()["statuses"][0]["settled_sequence"] == 1
    };
    until("settled", settled).await;
    let status = ask(&["status", "alpha"]).well();
    assert!(status.contains("SENDING"), "{status}");
    let events =
        ask(&["events", "alpha", "--first", "1", "--last", "9", "--format", "json"]).json();
    let id = received.logs()[0].text("event.id");
    assert_eq!(events["events"][0]["event_id"], json!(id));
    let again = ask(&["replay", "alpha", "--id", &id]);
    assert!(again.remarks.contains("1 events are sent again"), "{again:?}");
    until("the event again", || received.logs().len() == 2).await;
    let paused = ask(&["pause", "alpha", "--signal", "logs"]).well();
    assert!(paused.contains("HELD"), "{paused}");
    submit(&served.address, "2020-05").await;
    let waits = || {
        ask(&["status", "alpha", "--format", "json"]).json()["statuses"][0]["waiting_count"] == 1
    };
    until("it waits", waits).await;
    let asked = ask(&["purge", "alpha"]);
    assert!(asked.code == Some(2) && asked.remarks.contains("--yes"), "{asked:?}");
    let purged = ask(&["purge", "alpha", "--yes"]);
    assert!(purged.remarks.contains("1 events are not sent any more"), "{purged:?}");
    assert!(ask(&["resume", "alpha"]).well().contains("SENDING"));
    until("the gap", || received.logs().len() == 3).await;
    assert_eq!(ask(&["dead-letters", "alpha", "--format", "json"]).code, Some(0));
    let nobody = ask(&["status", "beta"]);
    assert!(nobody.code != Some(0) && nobody.remarks.contains("beta"), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_show_dead_letters_and_send_again_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let never = Answer::Status(tonic::Code::InvalidArgument, None, "not like this");
    let (received, endpoint) = Received::start(vec![never]).await;
    let more = format!("{LOCAL}events = [\"submission.accepted\"]\n");
    let entry = entry("alpha", &endpoint, &more).replace("QK1", "C82001");
    let text = format!("trust_domain = \"equity.example\"\n{entry}");
    std::fs::write(folder.path().join("partners.toml"), text).unwrap();
    let served = serve(folder.path().to_owned()).await;
    let ask = |arguments: &[&str]| served.ask(&[&["partners", "delivery"][..], arguments].concat());
    let status = || ask(&["status", "alpha", "--format", "json"]).json()["statuses"][0].clone();
    submit(&served.address, "2020-04").await;
    until("given up", || status()["dead_letter_count"] == 1).await;
    submit(&served.address, "2020-05").await;
    until("the second", || received.logs().len() == 1).await;
    let said = status();
    assert_eq!(
        (&said["newest_sequence"], &said["rejected_count"]),
        (&json!(2), &json!(0)),
        "{said}"
    );

    let plain = ask(&["dead-letters", "alpha"]).well();
    assert!(plain.contains("not like this") && !plain.contains("period.start"), "{plain}");
    let shown = ask(&["dead-letters", "alpha", "--content", "--format", "csv"]).well();
    assert!(shown.lines().next().unwrap().ends_with("body,attributes"), "{shown}");
    assert!(shown.contains("nhs.equity.period.start=2020-04-01; "), "{shown}");
    let json = ask(&["dead-letters", "alpha", "--content", "--format", "json"]).json();
    assert_eq!(json["dead_letters"][0]["attributes"]["nhs.equity.organisation"], json!("C82001"));

    // Both, by time; what comes after the first number; and nothing of another year.
    let begin = "2000-01-01T00:00:00Z";
    let all = ask(&["replay", "alpha", "--from", begin]);
    assert!(all.remarks.contains("2 events are sent again, from sequence number 3 on"), "{all:?}");
    until("both again", || received.logs().len() == 3).await;
    let after = ask(&["replay", "alpha", "--from", begin, "--after", "1"]);
    assert!(
        after.remarks.contains("1 events are sent again, from sequence number 5 on"),
        "{after:?}"
    );
    let none = ask(&["replay", "alpha", "--from", begin, "--to", "2001-01-01T00:00:00Z"]);
    assert!(none.remarks.contains("0 events are sent again"), "{none:?}");
    until("the second again", || received.logs().len() == 4).await;
    let months: Vec<_> = received.logs().iter().map(|got| got.text("period.start")).collect();
    assert_eq!(months, ["2020-05-01", "2020-04-01", "2020-05-01", "2020-05-01"]);
    let alone = ask(&["replay", "alpha", "--first", "1", "--after", "1"]);
    assert_eq!(alone.code, Some(2), "{alone:?}");
}

/// From the last submission of the demo to its first figure in the collector, on a busy machine.
const LATEST: std::time::Duration = std::time::Duration::from_secs(60);

/// The demo until it is dropped.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn demo(folder: &Path, endpoint: &str) -> Demo {
    let mut command = equity();
    command.args(["demo", "--rows", "2000", "--address", "127.0.0.1:0", "--partner", endpoint]);
    command.arg("--data-folder").arg(folder).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let remarks = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || remarks.lines().for_each(drop));
    Demo(child)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_sends_indicators_to_a_collector() {
    let folder = tempfile::tempdir().unwrap();
    let (received, endpoint) = Received::start(Vec::new()).await;
    let _demo = demo(folder.path(), &endpoint);
    let begin = std::time::Instant::now();
    let has = || {
        let logs = received.logs();
        logs.iter().any(|got| got.record.event_name == "nhs.equity.indicator.revised")
    };
    // Loading the data takes a while on a busy machine.
    while !has() {
        assert!(begin.elapsed().as_secs() < 400, "{} events", received.logs().len());
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let arrived = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let all = received.of("demo-partner");
    // From the last submission, whatever the loading before it took.
    let stored = all.iter().filter(|got| got.record.event_name.ends_with("submission.accepted"));
    let stored = stored.map(|got| got.record.time_unix_nano).max().unwrap();
    let late = arrived.saturating_sub(std::time::Duration::from_nanos(stored));
    assert!(late < LATEST, "{late:?} after the last submission");
    let mut sequences: Vec<_> = all.iter().map(Got::sequence).collect();
    sequences.dedup();
    assert!(sequences.is_sorted() && sequences[0] == 1);
    let figure =
        all.iter().find(|got| got.record.event_name.ends_with("indicator.revised")).unwrap();
    assert_eq!((figure.text("area.code"), figure.text("release")), ("QK1".into(), "demo".into()));
}
