//! Sending against a service whose answers come late, out of order, or not at all.

use std::future::pending;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;
use crate::cli::encoded::Encoded;
use crate::cli::fake_service::{Fake, serve};
use crate::cli::trust::Trust;
use crate::ingest::{Lines, Records, SubmissionFile};
use crate::proto::v1::ConsultationRecord;

/// Long enough for anything to happen that is going to.
const WHILE: Duration = Duration::from_millis(200);

fn parcel(organisation: &str, rows: usize) -> SubmissionFile {
    SubmissionFile {
        organisation: organisation.into(),
        collection: "practice-feed".into(),
        month: "2020-04".into(),
        code_systems: Default::default(),
        collected: vec![],
        person_key_scheme: String::new(),
        source: None,
        rows: Records::Consultations(vec![ConsultationRecord::default(); rows]),
        lines: Lines::default(),
    }
}

/// Read or encoded: every other one.
fn outgoing(organisation: &str, rows: usize) -> Outgoing {
    let parcel = parcel(organisation, rows);
    if rows.is_multiple_of(2) {
        Outgoing::Read(Box::new(parcel))
    } else {
        Outgoing::Encoded(Box::new(Encoded::of(parcel, &how())))
    }
}

fn how() -> Sending {
    Sending { run_id: "test".into(), allow_partial: true, validate_only: false, replace: false }
}

fn refusal(code: Code, retry_after: Option<Duration>) -> Status {
    let mut details = ErrorDetails::new();
    details.set_retry_info(retry_after);
    Status::with_error_details(code, "refused by the script", details)
}

/// Sends one parcel for each name, of as many rows as its place; what came of it.
async fn sent(fake: &Fake, names: &[&str]) -> (Result<(), Failure>, Sent, ProgressBar) {
    let service = Service::connect(&serve(fake.clone()).await, &Trust::default()).await.unwrap();
    let parcels = names.iter().zip(1..).map(|(name, rows)| Ok(outgoing(name, rows)));
    let (bar, mut sent) = (ProgressBar::hidden(), Sent::default());
    let result = send_all(&service, parcels, &how(), &bar, &mut sent).await;
    (result, sent, bar)
}

fn organisations(sent: &Sent) -> Vec<&str> {
    let submissions = sent.receipts().map(|receipt| receipt.submission.as_ref().unwrap());
    submissions.map(|submission| submission.organisation.as_str()).collect()
}

fn unanswered(sent: &Sent) -> Vec<&str> {
    sent.unanswered().map(|slot| slot.organisation.as_str()).collect()
}

#[tokio::test]
async fn receipts_keep_the_order_of_sending_whatever_is_answered_first() {
    // Six are on their way at once, and the last of them is answered first.
    let turn = watch::Sender::new(6);
    let fake = Fake::new(move |header| {
        let turn = turn.clone();
        async move {
            let number: usize = header.organisation.parse().unwrap();
            if number <= 6 {
                turn.subscribe().wait_for(|turn| *turn == number).await.unwrap();
                turn.send_modify(|turn| *turn -= 1);
            }
            Ok(())
        }
    });
    let names = ["1", "2", "3", "4", "5", "6", "7", "8"];
    let (result, sent, bar) = timeout(10 * WHILE, sent(&fake, &names)).await.unwrap();
    result.unwrap();
    assert_eq!(organisations(&sent), names);
    assert_eq!(fake.organisations()[0], "6", "answered in another order than sent");
    assert_eq!((bar.position(), bar.message().as_str()), (36, " in 8 submissions"));
}

#[tokio::test]
async fn a_slow_service_holds_six_submissions_and_the_reading() {
    let here = watch::Sender::new((0, 0));
    let seen = here.clone();
    let fake = Fake::new(move |_| {
        let here = here.clone();
        async move {
            here.send_modify(|(now, most)| (*now, *most) = (*now + 1, (*now + 1).max(*most)));
            sleep(WHILE / 10).await;
            here.send_modify(|(now, _)| *now -= 1);
            Ok(())
        }
    });
    let service = Service::connect(&serve(fake).await, &Trust::default()).await.unwrap();
    let (bar, mut sent, mut furthest) = (ProgressBar::hidden(), Sent::default(), 0);
    let parcels = (0..40).map(|number| {
        furthest = furthest.max(number - bar.position());
        Ok(outgoing(&number.to_string(), 1))
    });
    send_all(&service, parcels, &how(), &bar, &mut sent).await.unwrap();
    assert_eq!(sent.receipts().count(), 40);
    assert_eq!(seen.borrow().1, MOST);
    assert!(furthest <= MOST as u64, "{furthest} were read and had no answer yet");
}

#[tokio::test]
async fn the_bar_counts_what_is_acknowledged() {
    let fake = Fake::new(|header| async move {
        match header.organisation.as_str() {
            "A" => Ok(()),
            _ => pending().await,
        }
    });
    let service = Service::connect(&serve(fake).await, &Trust::default()).await.unwrap();
    let (bar, mut sent) = (ProgressBar::hidden(), Sent::default());
    let parcels = ["A", "B", "C", "D"].map(|name| Ok(outgoing(name, 10)));
    let how = how();
    let sending = send_all(&service, parcels.into_iter(), &how, &bar, &mut sent);
    // Ctrl-C: the future is dropped, and the answers until then are kept.
    assert!(timeout(2 * WHILE, sending).await.is_err());
    assert_eq!((bar.position(), bar.message().as_str()), (10, " in 1 submission"));
    assert_eq!(organisations(&sent), ["A"]);
    assert_eq!(unanswered(&sent), ["B", "C", "D"]);
}

#[test]
fn snapshots_of_one_month_keep_their_order_whoever_they_are_of() {
    let slot = |organisation: &str, rows: Records| {
        Slot::of(&SubmissionFile { rows, ..parcel(organisation, 0) })
    };
    let (access, consultations) = (|| Records::Access(vec![]), || Records::Consultations(vec![]));
    assert!(slot("A", access()).keeps_order_with(&slot("B", access())));
    assert!(slot("A", consultations()).keeps_order_with(&slot("A", consultations())));
    assert!(!slot("A", consultations()).keeps_order_with(&slot("B", consultations())));
    assert!(!slot("A", consultations()).keeps_order_with(&slot("A", access())));
    let later = Slot { month: "2020-05".into(), ..slot("B", access()) };
    assert!(!slot("A", access()).keeps_order_with(&later));
}

#[tokio::test]
async fn submissions_of_one_slot_never_overtake_each_other() {
    // The shorter a submission, the sooner it is answered: each of A would overtake the one before.
    let begun = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&begun);
    let fake = Fake::new(move |header| {
        let rows = header.expected_record_count.unwrap();
        noted.lock().unwrap().push((header.organisation, rows));
        async move {
            sleep(Duration::from_millis(20 * rows.unsigned_abs())).await;
            Ok(())
        }
    });
    let service = Service::connect(&serve(fake.clone()).await, &Trust::default()).await.unwrap();
    let parcels = [("A", 5), ("B", 1), ("A", 3), ("C", 1), ("A", 1), ("D", 1)];
    let mut sent = Sent::default();
    let submissions = parcels.map(|(name, rows)| Ok(outgoing(name, rows)));
    let bar = ProgressBar::hidden();
    send_all(&service, submissions.into_iter(), &how(), &bar, &mut sent).await.unwrap();
    let of_a = |all: Vec<(String, i64)>| -> Vec<i64> {
        all.into_iter().filter(|(name, _)| name == "A").map(|(_, rows)| rows).collect()
    };
    assert_eq!(of_a(begun.lock().unwrap().clone()), [5, 3, 1]);
    let received = fake.received.lock().unwrap().clone();
    let received = received.into_iter().map(|(header, rows)| (header.organisation, rows as i64));
    assert_eq!(of_a(received.collect()), [5, 3, 1]);
    assert_eq!(organisations(&sent), ["A", "B", "A", "C", "A", "D"]);
}

#[tokio::test]
async fn a_refused_submission_does_not_keep_the_others_back() {
    let fake = Fake::new(|header| async move {
        match header.organisation.as_str() {
            "BAD" => Err(Status::invalid_argument("1 row has problems")),
            _ => Ok(()),
        }
    });
    let (result, sent, bar) = sent(&fake, &["A", "BAD", "B"]).await;
    result.unwrap();
    assert_eq!(organisations(&sent), ["A", "B"]);
    let refused: Vec<_> = sent.refusals().map(|one| one.slot.organisation.as_str()).collect();
    assert_eq!(refused, ["BAD"]);
    assert_eq!(bar.position(), 6);
    let received = fake.received.lock().unwrap().clone();
    let (header, rows) = received.iter().find(|(header, _)| header.organisation == "B").unwrap();
    assert_eq!((*rows, header.expected_record_count), (3, Some(3)));
    assert_eq!(header.request_id, Encoded::of(parcel("B", 3), &how()).request_id);
    assert!(header.allow_partial && !header.validate_only);
    assert!(matches!(sent.verdict(false), Err(Failure::SomeRefused { refused: 1, of: 3, .. })));
}

#[tokio::test]
async fn an_error_in_the_middle_starts_nothing_more_and_waits_for_what_is_on_its_way() {
    let fake = Fake::new(|header| async move {
        match header.organisation.as_str() {
            "FULL" => Err(refusal(Code::ResourceExhausted, Some(Duration::from_secs(60)))),
            "LATE" => Err(refusal(Code::Unavailable, None)),
            "B" => {
                sleep(WHILE).await;
                Ok(())
            }
            _ => Ok(()),
        }
    });
    let names = ["A", "B", "FULL", "LATE", "C", "B", "D"];
    let (result, sent, _) = sent(&fake, &names).await;
    // Of two errors, that of the earlier submission.
    let Err(Failure::Refused(status)) = result else { panic!("{result:?}") };
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(sent.stopped_at().unwrap().organisation, "FULL");
    assert_eq!(unanswered(&sent), ["FULL", "LATE"]);
    // The second B would have had to wait for the first, and by then there was an error.
    assert_eq!(organisations(&sent), ["A", "B", "C"]);
}

#[tokio::test]
async fn a_file_that_ends_in_an_error_keeps_what_was_acknowledged() {
    let service = Service::connect(&serve(Fake::default()).await, &Trust::default()).await.unwrap();
    let broken = Failure::Usage("a broken row".to_owned());
    let parcels = [Ok(outgoing("A", 1)), Ok(outgoing("B", 1)), Err(broken), Ok(outgoing("C", 1))];
    let (bar, mut sent) = (ProgressBar::hidden(), Sent::default());
    let result = send_all(&service, parcels.into_iter(), &how(), &bar, &mut sent).await;
    assert!(matches!(result, Err(Failure::Usage(_))));
    assert_eq!(organisations(&sent), ["A", "B"]);
    assert_eq!((unanswered(&sent).len(), sent.stopped_at()), (0, None));
}

#[tokio::test]
async fn a_service_at_its_limit_is_asked_again_under_the_same_request_id() {
    for code in [Code::Unavailable, Code::ResourceExhausted] {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let fake = Fake::new(move |header| {
            let mut asked = noted.lock().unwrap();
            asked.push(header.request_id);
            let busy = asked.len() < 4;
            async move {
                match busy {
                    true => Err(refusal(code, Some(WHILE / 10))),
                    false => Ok(()),
                }
            }
        });
        let (result, sent, _) = sent(&fake, &["A"]).await;
        result.unwrap();
        assert_eq!(organisations(&sent), ["A"]);
        let asked = asked.lock().unwrap().clone();
        assert_eq!(asked, vec![Encoded::of(parcel("A", 1), &how()).request_id; 4]);
    }
}

#[tokio::test]
async fn a_lost_connection_is_unreachable_and_names_what_has_no_answer() {
    // Hangs up when the first submission is there: what a service that is killed looks like.
    let (stop, mut stopped) = watch::channel(false);
    let fake = Fake::new(move |header| {
        let stop = stop.clone();
        async move {
            if header.organisation == "C" {
                stop.send_replace(true);
            }
            if header.organisation != "A" { pending().await } else { Ok(()) }
        }
    });
    let address = serve(fake).await;
    let near = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let between = near.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (mut client, _) = near.accept().await.unwrap();
        drop(near);
        let mut service = tokio::net::TcpStream::connect(address).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut service) => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    });
    let service =
        Service::connect(&between, &Trust::default()).await.unwrap().waiting(Duration::ZERO);
    let (bar, mut sent) = (ProgressBar::hidden(), Sent::default());
    let parcels = ["A", "B", "C", "D"].map(|name| Ok(outgoing(name, 1)));
    let result = send_all(&service, parcels.into_iter(), &how(), &bar, &mut sent).await;
    let failure = result.unwrap_err();
    assert_eq!(failure.code(), 3, "{failure:?}");
    assert_eq!(sent.stopped_at().unwrap().organisation, unanswered(&sent)[0]);
    assert!(unanswered(&sent).contains(&"C"));
}
