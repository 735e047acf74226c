//! Every fault of an endpoint over gRPC.

use std::time::Duration;

use equity_indicators::engine::outbox::State;
use tonic::Code;

use super::plane::{LOCAL, Plane, entry, logs, until};
use super::receiver::{Answer, Received};

const CODES: [Code; 16] = [
    Code::Cancelled,
    Code::Unknown,
    Code::InvalidArgument,
    Code::DeadlineExceeded,
    Code::NotFound,
    Code::AlreadyExists,
    Code::PermissionDenied,
    Code::ResourceExhausted,
    Code::FailedPrecondition,
    Code::Aborted,
    Code::OutOfRange,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    Code::DataLoss,
    Code::Unauthenticated,
];

/// What becomes of a batch whose first attempt is answered like this, without and with `RetryInfo`.
fn expected(code: Code, with_retry_info: bool) -> &'static str {
    match code {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => "again",
        Code::ResourceExhausted if with_retry_info => "again",
        Code::PermissionDenied | Code::Unimplemented | Code::Unauthenticated => "pause",
        _ => "never",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_of_grpc_is_taken_as_the_specification_says() {
    let (mut entries, mut cases) = (Vec::new(), Vec::new());
    for code in CODES {
        for retry in [None, Some(Duration::from_millis(150))] {
            let name = format!("code-{}-{}", i32::from(code), u8::from(retry.is_some()));
            let (received, endpoint) =
                Received::start(vec![Answer::Status(code, retry, "no")]).await;
            entries.push(entry(&name, &endpoint, LOCAL));
            cases.push((name, code, retry.is_some(), received));
        }
    }
    let mut plane = Plane::with(&entries);
    let names: Vec<_> = cases.iter().map(|(name, ..)| name.as_str()).collect();
    plane.add(&names, 3);
    for (name, code, with_info, received) in &cases {
        let sequences =
            || received.logs().iter().map(super::receiver::Got::sequence).collect::<Vec<_>>();
        match expected(*code, *with_info) {
            "again" => {
                until(name, || plane.is_settled(name)).await;
                assert_eq!((sequences(), received.attempts()), (vec![1, 2, 3], 2), "{name}");
                assert_eq!(plane.status(name).dead_letter_count, 0, "{name}");
            }
            "never" => {
                until(name, || plane.is_settled(name)).await;
                let dead = plane.outbox.dead_letters(&logs(name), 0, 10).unwrap();
                assert_eq!((dead.len(), received.logs().len()), (3, 0), "{name}");
                assert_eq!((received.attempts(), dead[0].message.as_str()), (1, "no"), "{name}");
            }
            _ => {
                until(name, || plane.status(name).state == State::Paused).await;
                let status = plane.status(name);
                assert_eq!((status.settled, status.dead_letter_count), (0, 0), "{name}");
                // Mended: somebody lets it go on.
                plane.outbox.hold(&logs(name), false).unwrap();
                until(name, || plane.is_settled(name)).await;
                assert_eq!(sequences(), [1, 2, 3], "{name}");
            }
        }
    }
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_endpoint_asks_for_is_kept_to_and_partial_success_is_never_sent_again() {
    let wait = Duration::from_secs(2);
    let unavailable = Answer::Status(Code::Unavailable, Some(wait), "later");
    let (later, later_at) = Received::start(vec![unavailable]).await;
    let (partial, partial_at) = Received::start(vec![Answer::Partial(2)]).await;
    let large = "grpc: received message larger than max (9 vs. 4)";
    let large = || Answer::Status(Code::ResourceExhausted, None, large);
    let (halved, halved_at) = Received::start(vec![large()]).await;
    let (never, never_at) = Received::start(vec![large(), large(), large()]).await;
    let (hangs, hangs_at) = Received::start(vec![Answer::Hang]).await;
    let mut plane = Plane::with(&[
        entry("later", &later_at, LOCAL),
        entry("partial", &partial_at, LOCAL),
        entry("halved", &halved_at, LOCAL),
        entry("never", &never_at, LOCAL),
        entry("hangs", &hangs_at, LOCAL),
    ]);
    let begin = std::time::Instant::now();
    plane.add(&["later", "partial", "halved", "never", "hangs"], 5);
    until("partial", || plane.is_settled("partial")).await;
    let status = plane.status("partial");
    assert_eq!((status.rejected_count, status.dead_letter_count, partial.attempts()), (2, 0, 1));
    assert_eq!(status.message, "some were malformed");
    until("later", || plane.is_settled("later")).await;
    assert!(begin.elapsed() >= wait && later.attempts() == 2, "{:?}", begin.elapsed());
    until("halved", || plane.is_settled("halved")).await;
    let sequences: Vec<_> = halved.logs().iter().map(super::receiver::Got::sequence).collect();
    assert_eq!(
        (sequences, halved.attempts()),
        (vec![1, 2, 3, 4, 5], 3),
        "the halves are two requests"
    );
    until("never", || plane.is_settled("never")).await;
    assert_eq!((plane.status("never").dead_letter_count, never.attempts()), (5, 3));
    // Ten seconds for an answer, then again.
    until("hangs", || plane.is_settled("hangs")).await;
    assert!(begin.elapsed() >= Duration::from_secs(10) && hangs.attempts() == 2);
    assert_eq!(hangs.logs().len(), 5);
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_address_that_was_not_named_is_never_called() {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let mut plane = Plane::with(&[
        entry("private", &endpoint, "metrics = false"),
        entry("other", &endpoint, "allow_addresses = [\"10.0.0.0/8\"]\nmetrics = false"),
        entry("name", &endpoint.replace("127.0.0.1", "localhost"), "metrics = false"),
    ]);
    let all = ["private", "other", "name"];
    plane.add(&all, 2);
    for name in all {
        until(name, || plane.status(name).state == State::Paused).await;
        assert_eq!(plane.status(name).error, "ADDRESS_REFUSED", "{name}");
    }
    assert_eq!(received.attempts(), 0);
    plane.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secret_headers_are_sent_and_kept_nowhere() {
    let (received, endpoint) = Received::start(Vec::new()).await;
    let mut plane = Plane::new();
    let file = plane.folder.path().join("headers");
    std::fs::write(&file, "authorization: Bearer secret-of-alpha\nx-tenant: 7\n").unwrap();
    let more = format!("{LOCAL}headers_file = \"{}\"\n", file.display());
    drop(plane.stop().await);
    plane = Plane::with(&[entry("alpha", &endpoint, &more)]);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "authorization: Bearer secret-of-alpha\nx-tenant: 7\n").unwrap();
    plane.add(&["alpha"], 1);
    until("paused or sent", || {
        plane.is_settled("alpha") || plane.status("alpha").state == State::Paused
    })
    .await;
    plane.outbox.hold(&logs("alpha"), false).unwrap();
    until("sent", || plane.is_settled("alpha")).await;
    let headers = received.headers().remove(0);
    assert_eq!(headers["authorization"], "Bearer secret-of-alpha");
    assert_eq!(
        (&headers["x-tenant"], &headers["grpc-encoding"]),
        (&"7".parse().unwrap(), &"gzip".parse().unwrap())
    );
    std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    let folder = plane.stop().await;
    for file in std::fs::read_dir(folder.path().join("outbox")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                !bytes.windows(15).any(|part| part == b"secret-of-alpha"),
                "{}",
                path.display()
            );
        }
    }
}
