//! A server on port 0 whose services misbehave on request, and a client that calls them by path.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use equity_indicators::rpc::incoming::PassedOn;
use equity_indicators::server::{self, Callers, Health, ServerError, ServerSettings};
use http::uri::PathAndQuery;
use http::{Request as HttpRequest, Response as HttpResponse};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::{Stream, StreamExt as _};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};
use tracing::subscriber::DefaultGuard;

/// Long enough for anything that should happen on a busy machine.
pub(super) const SOON: Duration = Duration::from_secs(10);

pub(super) const ECHO: &str = "/equity.test.Trial/Echo";
pub(super) const SLEEP: &str = "/equity.test.Trial/Sleep";
pub(super) const NAP: &str = "/equity.test.Trial/Nap";
pub(super) const PANIC: &str = "/equity.test.Trial/Panic";
pub(super) const PANIC_IN_STREAM: &str = "/equity.test.Trial/PanicInStream";
pub(super) const TICK: &str = "/equity.test.Trial/Tick";
pub(super) const FLOOD: &str = "/equity.test.Trial/Flood";
pub(super) const HEAVY_FLOOD: &str = "/equity.test.Trial/HeavyFlood";
pub(super) const SUBMIT: &str = "/equity.v1.SubmissionService/SubmitConsultations";
pub(super) const WATCH: &str = "/equity.v1.BreakdownService/WatchBreakdown";

type Codec = ProstCodec<String, String>;
type Answer = Result<HttpResponse<Body>, Infallible>;
type Words = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

/// A service that misbehaves, under the name that gives its methods the kind wanted.
macro_rules! trial {
    ($service:ident, $name:literal) => {
        #[derive(Clone)]
        struct $service;

        impl NamedService for $service {
            const NAME: &'static str = $name;
        }

        impl Service<HttpRequest<Body>> for $service {
            type Response = HttpResponse<Body>;
            type Error = Infallible;
            type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
                Box::pin(misbehave(request))
            }
        }
    };
}

trial!(Trial, "equity.test.Trial");
trial!(Submissions, "equity.v1.SubmissionService");
trial!(Breakdowns, "equity.v1.BreakdownService");

/// What was said by calls that last: their handlers have begun.
static BEGUN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes that a call has begun.
fn begins(word: &str) {
    BEGUN.lock().unwrap().insert(word.to_owned());
}

/// Waits until the handler of a call that says this has begun.
pub(super) async fn until_begun(word: &str) {
    let begun = async {
        while !BEGUN.lock().unwrap().contains(word) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(begun).await;
}

async fn misbehave(request: HttpRequest<Body>) -> Answer {
    let mut grpc = tonic::server::Grpc::new(Codec::default())
        .apply_max_message_size_config(Some(1 << 20), Some(4 << 20));
    let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let response = match method.as_str() {
        "Tick" | "Flood" | "HeavyFlood" | "PanicInStream" | "WatchBreakdown" => {
            let words = words(&method);
            let mut words = Some(words);
            let answer = service_fn(move |_: Request<String>| {
                let words = words.take().unwrap();
                async { Ok(Response::new(words)) }
            });
            grpc.server_streaming(answer, request).await
        }
        "SubmitConsultations" => {
            let count = |request: Request<Streaming<String>>| async {
                let passed_on: PassedOn = request.extensions().get().cloned().unwrap();
                let mut rows = request.into_inner();
                let mut count = 0;
                // What a row says goes past tonic.
                while rows.message().await?.is_some() {
                    begins(&String::decode(passed_on.take().unwrap()).unwrap());
                    count += 1;
                }
                Ok(Response::new(count.to_string()))
            };
            grpc.client_streaming(service_fn(count), request).await
        }
        _ => {
            let answer = move |request: Request<String>| {
                let method = method.clone();
                async move {
                    begins(request.get_ref());
                    match method.as_str() {
                        "Sleep" => std::future::pending().await,
                        "Nap" => tokio::time::sleep(Duration::from_millis(700)).await,
                        "Panic" => panic!("the secret of the handler"),
                        _ => {}
                    }
                    Ok(Response::new(request.into_inner()))
                }
            };
            grpc.unary(service_fn(answer), request).await
        }
    };
    Ok(response)
}

fn words(method: &str) -> Words {
    let word = || Ok("word".to_owned());
    match method {
        "Flood" => Box::pin(tokio_stream::iter(std::iter::repeat_with(word))),
        "HeavyFlood" => {
            Box::pin(tokio_stream::iter(std::iter::repeat_with(|| Ok("x".repeat(1 << 20)))))
        }
        "PanicInStream" => Box::pin(tokio_stream::iter(0..2).map(move |index| {
            assert!(index == 0, "the secret of the stream");
            word()
        })),
        "Tick" => Box::pin(
            tokio_stream::iter(std::iter::repeat_with(word)).throttle(Duration::from_millis(20)),
        ),
        _ => Box::pin(tokio_stream::once(word()).chain(tokio_stream::pending())),
    }
}

/// A running server.
pub(super) struct TestServer {
    pub(super) address: SocketAddr,
    pub(super) shutdown: CancellationToken,
    pub(super) health: Health,
    pub(super) running: JoinHandle<Result<(), ServerError>>,
}

impl TestServer {
    pub(super) async fn start(settings: ServerSettings) -> Self {
        Self::start_for(Callers::default(), settings).await
    }

    pub(super) async fn start_for(callers: Callers, settings: ServerSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Routes::new(Trial).add_service(Submissions).add_service(Breakdowns);
        let (routes, health) = server::standard_services(routes, true).unwrap();
        let shutdown = CancellationToken::new();
        let (stop, told) = (shutdown.clone(), health.clone());
        let running = tokio::spawn(async move {
            server::run(listener, routes, &settings, told, callers, stop).await
        });
        Self { address, shutdown, health, running }
    }

    /// A client on a connection of its own.
    pub(super) async fn client(&self) -> Client {
        Client::on(self.endpoint().connect().await.unwrap())
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Calls methods by path.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) channel: Channel,
    /// Whether it compresses its messages.
    packs: bool,
}

impl Client {
    pub(super) fn on(channel: Channel) -> Self {
        Self { channel, packs: false }
    }

    /// The same client, whose messages are compressed.
    pub(super) fn packing(&self) -> Self {
        Self { packs: true, ..self.clone() }
    }

    pub(super) async fn unary(&self, path: &'static str) -> Result<String, Status> {
        self.send(path, Request::new("word".to_owned())).await
    }

    pub(super) async fn send(
        &self,
        path: &'static str,
        request: Request<String>,
    ) -> Result<String, Status> {
        let mut grpc = self.ready().await?;
        grpc.unary(request, PathAndQuery::from_static(path), Codec::default())
            .await
            .map(Response::into_inner)
    }

    pub(super) async fn watch(&self, path: &'static str) -> Result<Streaming<String>, Status> {
        let mut grpc = self.ready().await?;
        let request = Request::new("word".to_owned());
        let path = PathAndQuery::from_static(path);
        grpc.server_streaming(request, path, Codec::default()).await.map(Response::into_inner)
    }

    pub(super) async fn submit(
        &self,
        rows: impl Stream<Item = String> + Send + 'static,
    ) -> Result<String, Status> {
        let mut grpc = self.ready().await?;
        let path = PathAndQuery::from_static(SUBMIT);
        let sent = grpc.client_streaming(Request::new(rows), path, Codec::default()).await;
        sent.map(Response::into_inner)
    }

    async fn ready(&self) -> Result<tonic::client::Grpc<Channel>, Status> {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(if self.packs { grpc.send_compressed(CompressionEncoding::Gzip) } else { grpc })
    }
}

/// Reads a stream to its end: how many words came, and how it ended.
pub(super) async fn drain(stream: &mut Streaming<String>) -> (usize, Option<Status>) {
    let mut words = 0;
    loop {
        match stream.message().await {
            Ok(Some(_)) => words += 1,
            Ok(None) => return (words, None),
            Err(status) => return (words, Some(status)),
        }
    }
}

/// What is logged on this thread: all of a server, in a test whose runtime has no other.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Logs here until the second is dropped.
    pub(super) fn here() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    pub(super) fn said(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits for something that has to happen soon.
pub(super) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(SOON, future).await.expect("this waits without a bound")
}
