//! The layers without a network: what they do to headers, bodies, permits and time.

use std::convert::Infallible;
use std::future::{Ready, poll_fn, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

use super::*;
use crate::rpc::deadline::Deadline;
use crate::rpc::incoming::PassedOn;
use crate::server::ServerSettings;
use crate::server::unread_budget::UnreadBudget;

const QUERY: &str = "/equity.v1.ReferenceService/ListAreas";
const WATCH: &str = "/equity.v1.BreakdownService/WatchBreakdown";

/// An answer that says `frames` times something and then waits for ever.
struct Says(usize);

impl http_body::Body for Says {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.0 == 0 {
            return Poll::Pending;
        }
        self.0 -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"word")))))
    }
}

fn says(
    frames: usize,
) -> impl FnMut(Request<Body>) -> Ready<Result<Response<Body>, Infallible>> + Clone {
    move |_| ready(Ok(Response::new(Body::new(Says(frames)))))
}

/// The answer of a handler that reads its request first. Refused if the request is.
fn reads(
    answer: fn() -> Body,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone
{
    service_fn(move |request: Request<Body>| async move {
        let mut body = request.into_body();
        loop {
            match poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut body), cx)).await {
                Some(Ok(_)) => {}
                Some(Err(refused)) => return Ok(refused.into_http()),
                None => return Ok(Response::new(answer())),
            }
        }
    })
}

fn one_word() -> Body {
    Body::new(Says(1))
}

/// A word and the status OK, as tonic sends an answer of one message.
fn whole_answer() -> Body {
    let mut trailers = http::HeaderMap::new();
    trailers.insert(Status::GRPC_STATUS, http::HeaderValue::from_static("0"));
    Body::new(Ends(vec![Frame::trailers(trailers), Frame::data(Bytes::from_static(b"word"))]))
}

fn admission(most: usize) -> Around<Admission> {
    let (max_in_flight, max_watches) = (most, most);
    let settings = ServerSettings { max_in_flight, max_watches, ..ServerSettings::default() };
    Around(Admission::new(&settings, Stop::default().begins))
}

/// These frames, the last one first, and the end.
struct Ends(Vec<Frame<Bytes>>);

impl http_body::Body for Ends {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Ready(self.0.pop().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

/// A request whose message is empty and whole.
fn whole(path: &str) -> Request<Body> {
    Request::builder()
        .uri(path)
        .body(Body::new(Ends(vec![Frame::data(Bytes::from_static(&[0; 5]))])))
        .unwrap()
}

fn request(path: &str) -> Request<Body> {
    Request::builder().uri(path).body(Body::empty()).unwrap()
}

async fn next_frame<B: http_body::Body<Data = Bytes> + Unpin>(body: &mut B) -> Option<Frame<Bytes>>
where
    B::Error: std::fmt::Debug,
{
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await.map(Result::unwrap)
}

/// The status with which an answer ends, and how many frames of data came before it.
async fn ends_with<B>(response: Response<B>) -> (usize, Status)
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    if let Some(status) = Status::from_header_map(response.headers()) {
        return (0, status);
    }
    let mut body = Box::pin(response.into_body());
    let mut said = 0;
    while let Some(frame) = next_frame(&mut body).await {
        match frame.into_trailers() {
            Ok(trailers) => return (said, Status::from_header_map(&trailers).unwrap()),
            Err(_) => said += 1,
        }
    }
    panic!("the answer ended without a status")
}

fn deadlines(query: Duration) -> (Around<Deadlines>, Stop) {
    let stop = Stop::default();
    let settings = ServerSettings { request_deadline: query, ..ServerSettings::default() };
    let unread = UnreadBudget::new(&settings);
    (Around(Deadlines::new(&settings, stop.clone(), unread)), stop)
}

#[tokio::test]
async fn the_shorter_deadline_wins() {
    for (own, callers, expected) in
        [(3_000, Some("2000S"), 2_000), (1_000, Some("2000S"), 1_000), (3_000, None, 3_000)]
    {
        let (layer, _stop) = deadlines(Duration::from_secs(own));
        let service = layer.layer(service_fn(|_: Request<Body>| async move {
            tokio::task::yield_now().await;
            let left = Deadline::current().remaining();
            Ok::<_, Infallible>(
                Response::builder().header("left", left.as_secs()).body(Body::empty()).unwrap(),
            )
        }));
        let mut request = request(QUERY);
        if let Some(callers) = callers {
            request.headers_mut().insert("grpc-timeout", callers.parse().unwrap());
        }
        let response = service.oneshot(request).await.unwrap();
        let left: u64 = response.headers()["left"].to_str().unwrap().parse().unwrap();
        assert!((expected - 60..=expected).contains(&left), "{left} of {expected}");
    }
}

#[tokio::test]
async fn the_callers_deadline_ends_the_stream() {
    for path in [QUERY, WATCH] {
        let (layer, _stop) = deadlines(Duration::from_secs(3_000));
        let mut request = request(path);
        request.headers_mut().insert("grpc-timeout", "50m".parse().unwrap());
        let response = layer.layer(service_fn(says(1))).oneshot(request).await.unwrap();
        let (said, status) = ends_with(response).await;
        assert_eq!((said, status.code()), (1, Code::DeadlineExceeded), "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_never_begins_ends() {
    let (layer, _stop) = deadlines(Duration::from_millis(50));
    let never =
        service_fn(|_: Request<Body>| std::future::pending::<Result<Response<Body>, Infallible>>());
    let (_, status) = ends_with(layer.layer(never).oneshot(request(WATCH)).await.unwrap()).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn an_answer_that_never_stops_ends() {
    let (layer, _stop) = deadlines(Duration::from_millis(50));
    let service = layer.layer(service_fn(says(usize::MAX)));
    let (said, status) = ends_with(service.oneshot(request(QUERY)).await.unwrap()).await;
    assert!(said > 0);
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_watch_goes_on_until_the_service_stops() {
    let (layer, stop) = deadlines(Duration::from_millis(50));
    let response = layer.layer(service_fn(says(1))).oneshot(request(WATCH)).await.unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.begins.cancel();
    });
    let begun = tokio::time::Instant::now();
    let (said, status) = ends_with(response).await;
    assert_eq!((said, status.code()), (1, Code::Unavailable));
    assert!(begun.elapsed() >= Duration::from_millis(300), "the deadline of queries ended it");
}

#[tokio::test]
async fn an_export_may_take_as_long_as_a_submission_and_ends_when_the_service_stops() {
    let export = "/equity.v1.ExportService/ExportBreakdowns";
    let (layer, stop) = deadlines(Duration::from_millis(50));
    let response = layer.layer(service_fn(says(1))).oneshot(request(export)).await.unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.begins.cancel();
    });
    let (said, status) = ends_with(response).await;
    assert_eq!((said, status.code()), (1, Code::Unavailable), "the deadline of queries ended it");
    let settings = ServerSettings {
        submission_deadline: Duration::from_millis(50),
        ..ServerSettings::default()
    };
    let unread = UnreadBudget::new(&settings);
    let layer = Around(Deadlines::new(&settings, Stop::default(), unread));
    let response = layer.layer(service_fn(says(1))).oneshot(request(export)).await.unwrap();
    let (said, status) = ends_with(response).await;
    assert_eq!((said, status.code()), (1, Code::DeadlineExceeded));
}

#[tokio::test]
async fn a_seat_is_held_until_the_answer_is_gone() {
    let mut service = admission(1).layer(reads(one_word));
    let first = service.call(whole(QUERY)).await.unwrap();
    let (_, refused) = ends_with(service.call(whole(QUERY)).await.unwrap()).await;
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(refused.metadata().get("grpc-retry-pushback-ms").unwrap(), "1000");

    let watch = service.call(whole(WATCH)).await.unwrap();
    assert!(Status::from_header_map(watch.headers()).is_none(), "watches have seats of their own");
    let health = service.call(whole("/grpc.health.v1.Health/Check")).await.unwrap();
    assert!(Status::from_header_map(health.headers()).is_none(), "health is never refused");

    drop(first);
    let again = service.call(whole(QUERY)).await.unwrap();
    assert!(Status::from_header_map(again.headers()).is_none(), "the seat was not given back");
}

#[tokio::test]
async fn a_seat_is_given_back_with_the_trailers() {
    let (deadline, _stop) = deadlines(Duration::from_millis(20));
    let mut service = admission(1).layer(deadline.layer(reads(one_word)));
    let mut body = Box::pin(service.call(whole(QUERY)).await.unwrap().into_body());
    while next_frame(&mut body).await.is_some_and(|frame| !frame.is_trailers()) {}
    let next = service.call(whole(QUERY)).await.unwrap();
    assert!(Status::from_header_map(next.headers()).is_none(), "a body kept alive keeps its seat");
}

/// A request whose message never comes.
struct Never;

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Pending
    }
}

fn never(path: &str) -> Request<Body> {
    Request::builder().uri(path).body(Body::new(Never)).unwrap()
}

#[tokio::test]
async fn messages_that_never_come_take_no_seat_and_give_way_to_others() {
    let service = admission(1).layer(reads(one_word));
    let calls = (0..3).map(|_| tokio::spawn(service.clone().oneshot(never(QUERY))));
    let calls: Vec<_> = calls.collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let ended = calls.iter().filter(|call| call.is_finished()).count();
    assert_eq!(ended, 2, "there is one place to wait for a message");
    let taken = service.clone().oneshot(whole(QUERY)).await.unwrap();
    assert!(
        Status::from_header_map(taken.headers()).is_none(),
        "a call that never came has a seat"
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    let next = tokio::spawn(service.clone().oneshot(never(QUERY)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!next.is_finished() && calls.iter().all(tokio::task::JoinHandle::is_finished));
}

/// A submission whose second message has a megabyte, which has all come.
fn submission(first: &Bytes, second: &Bytes) -> Request<Body> {
    let framed = |message: &Bytes| {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0][..], &length, message].concat()
    };
    let sent = Bytes::from([framed(first), framed(second)].concat());
    let parts: Vec<_> =
        sent.chunks(1 << 14).map(|part| Frame::data(sent.slice_ref(part))).rev().collect();
    let path = "/equity.v1.SubmissionService/SubmitConsultations";
    Request::builder().uri(path).body(Body::new(Ends(parts))).unwrap()
}

#[tokio::test]
async fn long_messages_go_past_tonic_and_let_others_have_their_turns() {
    let (first, second) = (Bytes::from_static(b""), Bytes::from(vec![0; 1 << 20]));
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = std::sync::Arc::new(std::sync::Mutex::new(Some(tell)));
    let handler = service_fn(move |request: Request<Body>| {
        let tell = tell.lock().unwrap().take().unwrap();
        async move {
            let passed_on: PassedOn = request.extensions().get().cloned().unwrap();
            let mut body = request.into_body();
            let (mut turns, mut came) = (0, Vec::new());
            loop {
                let next = poll_fn(|cx| {
                    let next = http_body::Body::poll_frame(Pin::new(&mut body), cx);
                    turns += usize::from(next.is_pending());
                    next
                });
                let Some(frame) = next.await else { break };
                assert_eq!(frame.unwrap().into_data().unwrap()[..], [0; 5], "an empty message");
                came.push(passed_on.take().unwrap());
            }
            tell.send((turns, came)).unwrap();
            Ok::<_, Infallible>(Response::new(one_word()))
        }
    });
    drop(admission(1).layer(handler).oneshot(submission(&first, &second)).await.unwrap());
    let (turns, came) = told.await.unwrap();
    assert_eq!(came, [first, second]);
    assert!((15..=17).contains(&turns), "a turn after each 64 KiB: {turns}");
}

#[tokio::test]
async fn an_answer_is_taken_at_once_and_the_call_is_over() {
    let layered = AtOnce.layer(admission(1).layer(reads(whole_answer)));
    let unread = layered.clone().oneshot(whole(QUERY)).await.unwrap();
    let next = layered.clone().oneshot(whole(QUERY)).await.unwrap();
    assert!(Status::from_header_map(next.headers()).is_none(), "an unread answer keeps its seat");
    let (said, status) = ends_with(unread).await;
    assert_eq!((said, status.code()), (1, Code::Ok));
}

#[tokio::test]
async fn panics_become_internal_wherever_they_happen() {
    let before = crate::telemetry::metrics::panics();
    let at_once = service_fn(|_: Request<Body>| -> Ready<Result<Response<Body>, Infallible>> {
        panic!("secret one")
    });
    let later = service_fn(|_: Request<Body>| async {
        tokio::task::yield_now().await;
        if true {
            panic!("secret {}", "two");
        }
        Ok::<_, Infallible>(Response::new(Body::empty()))
    });
    let (_, first) =
        ends_with(Around(CatchPanic).layer(at_once).oneshot(request(QUERY)).await.unwrap()).await;
    let (_, second) =
        ends_with(Around(CatchPanic).layer(later).oneshot(request(QUERY)).await.unwrap()).await;
    for status in [first, second] {
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("secret"), "{status:?}");
    }
    assert!(crate::telemetry::metrics::panics() >= before + 2);
}

/// Refuses every call with one code.
#[derive(Clone)]
struct Refuses(Code);

impl middleware::Middleware for Refuses {
    type Call = ();

    fn begin(&self, _: Request<Body>) -> Result<(Request<Body>, ()), Status> {
        Err(Status::new(self.0, "no"))
    }
}

#[tokio::test]
async fn a_caller_without_quota_learns_so_after_a_pause() {
    for (code, waits) in [(Code::ResourceExhausted, true), (Code::PermissionDenied, false)] {
        let mut refuses = Around(Refuses(code)).layer(service_fn(says(1)));
        let mut answer = std::pin::pin!(refuses.call(request(QUERY)));
        let first = poll_fn(|cx| Poll::Ready(answer.as_mut().poll(cx))).await;
        assert_eq!(first.is_pending(), waits, "{code}");
        let answer = match first {
            Poll::Ready(answer) => answer.unwrap(),
            Poll::Pending => answer.await.unwrap(),
        };
        assert_eq!(Status::from_header_map(answer.headers()).unwrap().code(), code);
    }
}
