//! What is kept is sent with a position that it is true of; what is asked at the same time is made once; nobody is given what is
//! older than what he was told.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use tokio::time::Instant;
use tokio_stream::StreamExt as _;
use tonic::Code;

use super::*;
use crate::domain::collection::Dataset;
use crate::domain::disclosure::ProfileName;
use crate::engine::answer::tests::running::opened;
use crate::engine::scope::Scope;
use crate::engine::{Followers, Touched};
use crate::rpc::caller::tests::partner;
use crate::rpc::single_flight::SingleFlight;

/// A question whose making is counted, and held up until it is let go.
#[derive(Clone, Default)]
struct Probe(Arc<(AtomicUsize, AtomicBool)>);

impl Probe {
    fn let_go() -> Self {
        let probe = Self::default();
        probe.0.1.store(true, SeqCst);
        probe
    }

    fn made(&self) -> usize {
        self.0.0.load(SeqCst)
    }
}

fn make(engine: &Engine, probe: &Probe) -> Result<Made, Status> {
    let position = engine.told();
    probe.0.0.fetch_add(1, SeqCst);
    while !probe.0.1.load(SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let body = vec![b'x'; 100].into();
    // Not kept: whoever gets it was given it by who made it.
    let shown = Shown::default();
    Ok(Made { body, position, data_position: position, scope: None, released: false, shown })
}

fn anybody() -> Caller {
    Caller::Anybody(ProfileName::Internal)
}

fn key() -> Bytes {
    Bytes::from_static(b"q")
}

fn start(folder: &tempfile::TempDir) -> (Service, Arc<Followers>) {
    let (engine, followers) = opened(folder.path());
    let service = Service {
        engine: Arc::new(engine),
        single_flight: Arc::new(SingleFlight::new(4)),
        profile_without_identity: Some(ProfileName::Internal),
        page_key: [0; 32],
        message_bytes: (1 << 20, 1 << 20),
    };
    (service, followers)
}

/// The tasks that are there have gone as far as they can without a thread.
async fn let_all_go_on() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

async fn until(is: impl Fn() -> bool) {
    let waited = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waited).await.unwrap();
}

fn ask(service: &Service, probe: &Probe) -> tokio::task::JoinHandle<Result<Encoded, Status>> {
    let (service, probe) = (service.clone(), probe.clone());
    tokio::spawn(async move {
        let answer = service.answer(&anybody(), (key(), probe), true, make).await;
        answer.map(Encoded::from)
    })
}

fn watch(service: &Service, probe: &Probe) -> Watched {
    let followed = (probe.clone(), Record::default());
    service.watch(anybody(), (key(), Follows::Changes), followed, 0, make).unwrap().into_inner()
}

#[tokio::test]
async fn what_is_kept_is_sent_with_a_position_that_it_is_true_of() {
    let folder = tempfile::tempdir().unwrap();
    let (service, followers) = start(&folder);
    let told = service.engine.told();
    let month = "2020-04".parse().unwrap();
    let scope = Scope::new(&[(1, Dataset::Consultations)], &[], (month, month));
    let sent = |read: u64| {
        let answer = EncodedAnswer {
            body: "x".into(),
            position: read,
            data_position: read,
            released: false,
            shown: Shown::default(),
        };
        service.engine.answers().keep(key(), answer, scope.clone());
        int(service.kept(&key()).unwrap().position)
    };
    // Read behind a change that is not told yet: as of the position told, the answer would be another.
    assert_eq!(sent(told + 2), int(told + 2));
    // Read long ago, and nothing that was told since bears on it.
    followers.changed(Touched::Nothing, told + 5);
    assert_eq!(sent(told + 2), int(told + 5));
}

#[tokio::test]
async fn who_asks_the_same_at_the_same_time_is_given_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _followers) = start(&folder);
    let probe = Probe::default();
    let calls: Vec<_> = (0..20).map(|_| ask(&service, &probe)).collect();
    let mut watches: Vec<_> = (0..20).map(|_| watch(&service, &probe)).collect();
    let followed = tokio::spawn(async move {
        let mut first = Vec::new();
        for watch in &mut watches {
            first.push(watch.next().await.unwrap().unwrap().body);
        }
        first
    });
    let_all_go_on().await;
    until(|| probe.made() == 2).await;
    probe.0.1.store(true, SeqCst);
    let mut bodies = Vec::new();
    for call in calls {
        bodies.push(call.await.unwrap().unwrap().body);
    }
    assert!(bodies.iter().all(|body| body.as_ptr() == bodies[0].as_ptr()), "made once for all");
    assert_eq!(followed.await.unwrap().len(), 20);
}

#[tokio::test]
async fn nobody_is_given_what_is_older_than_what_he_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let (service, followers) = start(&folder);
    let probe = Probe::default();
    let early = ask(&service, &probe);
    until(|| probe.made() == 1).await;
    let told = service.engine.told() + 1;
    followers.changed(Touched::Nothing, told);
    let late = ask(&service, &probe);
    let_all_go_on().await;
    probe.0.1.store(true, SeqCst);
    assert_eq!(early.await.unwrap().unwrap().position, int(told - 1));
    assert_eq!(late.await.unwrap().unwrap().position, int(told));
    assert_eq!(probe.made(), 2);
}

#[tokio::test]
async fn a_call_that_gives_up_leaves_its_turn_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _followers) = start(&folder);
    let probe = Probe::default();
    let first = ask(&service, &probe);
    until(|| probe.made() == 1).await;
    let second = ask(&service, &probe);
    let_all_go_on().await;
    first.abort();
    until(|| probe.made() == 2).await;
    probe.0.1.store(true, SeqCst);
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn what_is_late_already_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _followers) = start(&folder);
    let probe = Probe::let_go();
    let now = Deadline::at(Instant::now());
    let caller = anybody();
    let mut answer = pin!(service.answer(&caller, (key(), probe.clone()), true, make));
    let late = poll_fn(|cx| now.within(|| answer.as_mut().poll(cx))).await.unwrap_err();
    assert_eq!((late.code(), probe.made()), (Code::DeadlineExceeded, 0));
}

#[tokio::test]
async fn a_watch_that_is_not_read_costs_no_work() {
    let folder = tempfile::tempdir().unwrap();
    let (service, followers) = start(&folder);
    let probe = Probe::let_go();
    let mut tables = watch(&service, &probe);
    let_all_go_on().await;
    assert_eq!(probe.made(), 0);
    let first = tables.next().await.unwrap().unwrap();
    let told = service.engine.told();
    assert_eq!((probe.made(), first.position), (1, int(told)));
    followers.changed(Touched::Nothing, told + 1);
    let_all_go_on().await;
    assert_eq!(probe.made(), 1);
    followers.changed(Touched::Nothing, told + 2);
    let second = tables.next().await.unwrap().unwrap();
    assert_eq!((probe.made(), second.position), (2, int(told + 2)), "the newest alone");
}

/// A connection that takes nothing is not polled any more, in the middle of whatever its answer waits for.
#[tokio::test]
async fn who_is_not_polled_any_more_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _followers) = start(&folder);
    let probe = Probe::default();
    let mut stalled = watch(&service, &probe);
    poll_fn(|cx| Poll::Ready(stalled.as_mut().poll_next(cx).is_ready())).await;
    until(|| probe.made() == 1).await;
    probe.0.1.store(true, SeqCst);
    let mut other = watch(&service, &probe);
    let answered = tokio::time::timeout(Duration::from_secs(10), other.next()).await;
    answered.expect("held up by a watch that is not polled").unwrap().unwrap();
    drop(stalled);
}

/// A partner asks as much as the service works on at once, each about another state, so that nothing of it is made once or kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expensive_questions_of_one_partner_keep_no_other_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _followers) = start(&folder);
    let (service, large) =
        (Service { single_flight: Arc::new(SingleFlight::new(64)), ..service }, Probe::default());
    let mut asked = Vec::new();
    for position in 0..64u64 {
        let (service, large, greedy) = (service.clone(), large.clone(), partner("greedy"));
        asked.push(tokio::spawn(async move {
            let question = (key_at(&key(), position), large);
            service.answer(&greedy, question, false, make).await.map(drop)
        }));
    }
    until(|| service.single_flight.waiting() == 48).await;
    until(|| large.made() == 16).await;
    let other = partner("other");
    let small = service.answer(&other, (key(), Probe::let_go()), false, make);
    let small = tokio::time::timeout(Duration::from_secs(10), small).await;
    small.expect("a question of another partner waits").unwrap();
    let listed = service.work(&other, Engine::position);
    let listed = tokio::time::timeout(Duration::from_secs(10), listed).await;
    listed.expect("a list of another partner waits").unwrap();
    assert_eq!(large.made(), 16, "a share, and no more");
    large.0.1.store(true, SeqCst);
    for answered in asked {
        answered.await.unwrap().unwrap();
    }
}
