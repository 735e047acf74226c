//! What calls say and change of telemetry that does not get through: lag, the last error, dead letters and what they say, sending again by time, and
//! what is kept no longer.

use std::time::Duration;

use equity_indicators::proto::v1;
use equity_indicators::proto::v1::replay_events_request::Which;
use prost_types::Timestamp;
use tonic::Code;

use super::access::{Guarded, reason};
use super::telemetry::{of_kind, partner, ready, started, submit, telemetry};
use crate::delivery::plane::until;
use crate::delivery::receiver::{Answer, Received};
use crate::support::TestServer;

const FEW: &str = "metrics = false\nevents = [\"submission.accepted\", \"delivery.gap\"]";
const MONTHS: [&str; 4] = ["2020-04", "2020-05", "2020-06", "2020-07"];

fn alpha() -> String {
    "alpha".to_owned()
}

async fn status(server: &TestServer) -> v1::DeliveryStatus {
    let request = v1::GetDeliveryStatusRequest { partner: alpha() };
    telemetry(server).get_delivery_status(request).await.unwrap().into_inner().statuses.remove(0)
}

/// The status when something holds for it.
async fn status_when(
    server: &TestServer,
    holds: impl Fn(&v1::DeliveryStatus) -> bool,
) -> v1::DeliveryStatus {
    for _ in 0..1_000 {
        let status = status(server).await;
        if holds(&status) {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", status(server).await)
}

async fn letters(server: &TestServer, with_content: bool) -> Vec<v1::DeadLetter> {
    let request =
        v1::ListDeadLettersRequest { partner: alpha(), with_content, ..Default::default() };
    telemetry(server).list_dead_letters(request).await.unwrap().into_inner().dead_letters
}

async fn replay(server: &TestServer, which: Which) -> v1::ReplayEventsResponse {
    let request = v1::ReplayEventsRequest { partner: alpha(), signal: 0, which: Some(which) };
    telemetry(server).replay_events(request).await.unwrap().into_inner()
}

fn now() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_busy_is_seen_in_the_status() {
    let busy = Answer::Status(Code::Unavailable, Some(Duration::from_secs(500)), "busy");
    let (received, endpoint) = Received::start(vec![busy]).await;
    let (server, _folder) = started(&partner("alpha", &endpoint, "PARTNER", FEW)).await;
    let before = now();
    submit(&server, "C82007", MONTHS[0], 10).await;
    submit(&server, "C82007", MONTHS[1], 10).await;
    let status = status_when(&server, |of| of.failure_count > 0 && of.waiting_count == 2).await;
    assert_eq!(status.state(), v1::DeliveryState::Waiting);
    assert_eq!((status.last_error.as_str(), status.last_message.as_str()), ("UNAVAILABLE", "busy"));
    assert_eq!((status.newest_sequence, status.settled_sequence, status.failure_count), (2, 0, 1));
    let (oldest, next) = (status.oldest_waiting_time.unwrap(), status.next_attempt_time.unwrap());
    assert!((before.seconds - 1..=now().seconds).contains(&oldest.seconds), "{oldest:?}");
    assert!((490..=500).contains(&(next.seconds - now().seconds)), "{next:?}");
    assert!(status.last_success_time.is_none() && status.kept_bytes > 200, "{status:?}");
    assert_eq!((received.attempts(), received.logs().len()), (1, 0));
    let resume = v1::ResumeDeliveryRequest { partner: alpha(), signal: 0 };
    telemetry(&server).resume_delivery(resume).await.unwrap();
    let status = status_when(&server, |of| of.waiting_count == 0).await;
    assert_eq!((status.state(), status.last_error.as_str()), (v1::DeliveryState::Sending, ""));
    assert!(status.oldest_waiting_time.is_none() && status.last_success_time.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_show_what_they_say_and_events_are_sent_again_by_time() {
    let never = || Answer::Status(Code::InvalidArgument, None, "not like this");
    let (received, endpoint) = Received::start(vec![never(), never()]).await;
    let (server, _folder) = started(&partner("alpha", &endpoint, "PARTNER", FEW)).await;
    let begin = now();
    submit(&server, "C82007", MONTHS[0], 10).await;
    status_when(&server, |of| of.settled_sequence == 1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let between = now();
    tokio::time::sleep(Duration::from_millis(50)).await;
    submit(&server, "C82007", MONTHS[1], 10).await;
    status_when(&server, |of| of.settled_sequence == 2).await;
    submit(&server, "C82007", MONTHS[2], 10).await;
    until("the third", || received.logs().len() == 1).await;

    let plain = letters(&server, false).await;
    assert!(
        plain.len() == 2 && plain.iter().all(|of| of.body.is_empty() && of.attributes.is_empty())
    );
    let shown = letters(&server, true).await;
    assert_eq!(shown.len(), 2);
    for (letter, month) in shown.iter().zip(MONTHS) {
        assert!(letter.body.len() > 10, "{letter:?}");
        let of = |name: &str| letter.attributes[&format!("nhs.equity.{name}")].as_str();
        assert_eq!((of("organisation"), of("submission.accepted_count")), ("C82007", "2"));
        assert_eq!(of("period.start"), format!("{month}-01"));
    }

    // From one time to another, and behind a number.
    let times = |from: &Timestamp, to: Option<&Timestamp>, after_sequence| {
        Which::Times(v1::EventTimeRange {
            from_time: Some(*from),
            to_time: to.copied(),
            after_sequence,
        })
    };
    let first = replay(&server, times(&begin, Some(&between), 0)).await;
    assert_eq!((first.event_count, first.first_new_sequence, first.last_sequence), (1, 4, 1));
    until("the first again", || received.logs().len() == 2).await;
    assert_eq!(received.logs()[1].text("period.start"), "2020-04-01");
    let rest = replay(&server, times(&between, None, 0)).await;
    assert_eq!((rest.event_count, rest.last_sequence), (2, 3));
    let behind = replay(&server, times(&begin, None, 2)).await;
    assert_eq!((behind.event_count, behind.last_sequence, behind.has_more), (1, 3, false));
    until("all of them", || received.logs().len() == 5).await;
    let wrong = v1::ReplayEventsRequest {
        partner: alpha(),
        signal: 0,
        which: Some(times(&begin, None, -1)),
    };
    let refused = telemetry(&server).replay_events(wrong).await.unwrap_err();
    assert_eq!(reason(&refused), "FIELD_INVALID");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_no_room_for_is_told_and_can_be_looked_at() {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let (server, _folder) = started(&partner("alpha", &endpoint, "PARTNER", FEW)).await;
    let pause = v1::PauseDeliveryRequest { partner: alpha(), signal: 0 };
    telemetry(&server).pause_delivery(pause).await.unwrap();
    for month in MONTHS {
        submit(&server, "C82007", month, 10).await;
    }
    let full = status_when(&server, |of| of.waiting_count == 4).await;
    // Room for one of the four.
    let bytes = u64::try_from(full.kept_bytes / 3).unwrap();
    let server = server.reopen_with(|config| config.delivery.keep_bytes = bytes).await;
    ready(&server).await;
    let status = status_when(&server, |of| of.dead_letter_count > 0).await;
    assert_eq!((status.dead_letter_count, status.waiting_count), (3, 2), "one event, and the gap");
    for letter in letters(&server, true).await {
        assert_eq!(letter.reason, "EXPIRED");
        assert!(
            letter.message.contains("delivery.keep_bytes") && letter.body.is_empty(),
            "{letter:?}"
        );
    }
    let resume = v1::ResumeDeliveryRequest { partner: alpha(), signal: 0 };
    telemetry(&server).resume_delivery(resume).await.unwrap();
    until("the rest", || received.logs().len() == 2).await;
    let gap = of_kind(&received, "delivery.gap").remove(0);
    assert_eq!(
        (gap.text("gap.reason"), gap.text("gap.signal"), gap.sequence()),
        ("EXPIRED".to_owned(), "logs".to_owned(), 5)
    );
    assert_eq!(
        (gap.whole("gap.first_sequence"), gap.whole("gap.last_sequence")),
        (Some(1), Some(3))
    );
    let accepted = of_kind(&received, "submission.accepted");
    assert_eq!((accepted.len(), accepted[0].sequence()), (1, 4));
}

/// An administrator may read less than a partner whose telemetry it looks after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_sees_that_a_record_failed_and_not_what_it_says() {
    let (_received, endpoint) = Received::start(Vec::new()).await;
    let entries = partner("alpha", &endpoint, "INTERNAL", FEW)
        + "[partners.office]\norganisation = \"QK1\"\nroles = [\"admin\"]\n";
    let text = format!(
        "trust_domain = \"equity.example\"\n{}",
        entries.replace("systems = [\"alpha\"]", "systems = [\"emis\"]")
    );
    let guarded = Guarded::start(|config| {
        std::fs::write(config.partners_file.as_ref().unwrap(), &text).unwrap()
    })
    .await;
    let ask = async |name: &str, organisation: &str, with_content| {
        let channel = guarded.channel(name, organisation).await;
        let mut client =
            v1::partner_telemetry_service_client::PartnerTelemetryServiceClient::new(channel);
        let request =
            v1::ListDeadLettersRequest { partner: alpha(), with_content, ..Default::default() };
        loop {
            match client.list_dead_letters(request.clone()).await {
                // The service delivers a moment after it answers.
                Err(status) if status.code() == Code::Unavailable => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                answer => return answer.map_err(|status| reason(&status)).map(drop),
            }
        }
    };
    assert_eq!(ask("alpha", "C82007", true).await, Ok(()));
    assert_eq!(ask("office", "QK1", false).await, Ok(()));
    assert_eq!(ask("office", "QK1", true).await, Err("QUERY_REFUSED".to_owned()));
}
