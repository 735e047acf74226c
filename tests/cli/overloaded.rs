//! A service at its limit: each command waits as long as the service says, and tries again, for as long as `--wait` lets it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

use equity_indicators::rpc::status;
use http::{Request, Response};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::{Channel, Server};
use tower::{Service, ServiceExt as _};

use super::run::{Ended, Served, equity};

/// How long it says that callers are to wait.
const DELAY: Duration = Duration::from_millis(50);

/// In front of a service: the first calls of a method are refused, as a service at its limit refuses. Everything else goes to the service.
#[derive(Clone)]
struct Door {
    behind: Channel,
    method: &'static str,
    refusals: usize,
    calls: Arc<AtomicUsize>,
}

impl Door {
    async fn answer(self, request: Request<Body>) -> Response<Body> {
        if request.uri().path().ends_with(self.method)
            && self.calls.fetch_add(1, SeqCst) < self.refusals
        {
            return status::overloaded(DELAY).into_http();
        }
        self.behind.oneshot(request).await.unwrap()
    }
}

/// The door under the names of the services that commands call.
macro_rules! named {
    ($($service:ident $name:literal)+) => {
        $(
            #[derive(Clone)]
            struct $service(Door);

            impl NamedService for $service {
                const NAME: &'static str = $name;
            }

            impl Service<Request<Body>> for $service {
                type Response = Response<Body>;
                type Error = Infallible;
                type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

                fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                    Poll::Ready(Ok(()))
                }

                fn call(&mut self, request: Request<Body>) -> Self::Future {
                    let door = self.0.clone();
                    Box::pin(async move { Ok(door.answer(request).await) })
                }
            }
        )+

        impl Door {
            /// Serves on a free port; the address.
            async fn serve(self) -> String {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = format!("http://{}", listener.local_addr().unwrap());
                let mut server = Server::builder();
                let router = server$(.add_service($service(self.clone())))+;
                tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
                address
            }
        }
    };
}

named! {
    Channels "equity.v1.ConsultationChannelService"
    Exports "equity.v1.ExportService"
    Infos "equity.v1.ServiceInfoService"
    References "equity.v1.ReferenceService"
    Submissions "equity.v1.SubmissionService"
}

/// Runs a command through a door that refuses so many calls of a method; how it ended, and how often the method was called.
async fn through(
    served: &Served,
    (method, refusals): (&'static str, usize),
    arguments: &[&str],
) -> (Ended, usize) {
    let behind = Channel::from_shared(served.address.clone()).unwrap().connect().await.unwrap();
    let calls = Arc::<AtomicUsize>::default();
    let address = Door { behind, method, refusals, calls: Arc::clone(&calls) }.serve().await;
    let mut command = equity();
    command.args(arguments).args(["--service", &address]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    (Ended::of(output.unwrap()), calls.load(SeqCst))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_refused_twice_waits_and_tries_again() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    let file = folder.path().join("rows.csv");
    let rows = ["generate", "--rows", "300", "--from", "2020-04", "--to", "2020-04"];
    super::run::run(&[&rows as &[&str], &["--out", file.to_str().unwrap()]].concat()).well();
    let file = file.to_str().unwrap();
    let april = ["--area", "QK1", "--from", "2020-04", "--collection", "synthetic-llr"];
    let breakdown = [&["breakdown", "channels", "--format", "json"] as &[&str], &april].concat();
    let export = [&["export", "channels", "--output", "-"] as &[&str], &april].concat();
    let list = ["submissions", "list", "--collection", "synthetic-llr", "--format", "json"];
    // Sent first: it is what the others read. Each submission of the file is one call.
    let submit = ["submit", file, "--run-id", "once", "--format", "json"];
    let commands: [(&str, &[&str]); 4] = [
        ("/SubmitConsultations", &submit),
        ("/GetChannelBreakdown", &breakdown),
        ("/ExportBreakdowns", &export),
        ("/ListSubmissions", &list),
    ];
    for (method, command) in commands {
        let (ended, calls) = through(&served, (method, 2), command).await;
        assert_eq!(ended.code, Some(0), "{command:?}: {ended:?}");
        // The same answer as without a refusal, and just two calls more.
        let (plain, of_plain) = through(&served, (method, 0), command).await;
        assert_eq!(calls, of_plain + 2, "{command:?}");
        if method == "/SubmitConsultations" {
            let receipts = |ended: Ended| ended.json()["receipts"].as_array().unwrap().len();
            assert_eq!(receipts(ended), receipts(plain));
        } else {
            assert_eq!(ended.answer, plain.answer, "{command:?}");
        }
        // One that may not wait is told what to do.
        let command = [command, &["--wait", "0"]].concat();
        let (ended, calls) = through(&served, (method, usize::MAX), &command).await;
        // The code of a service that is at its limit.
        assert_eq!(ended.code, Some(3), "{command:?}: {ended:?}");
        assert!(ended.remarks.contains("OVERLOADED"), "{command:?}: {ended:?}");
        assert!(ended.remarks.contains("wait longer with --wait"), "{command:?}: {ended:?}");
        assert!(calls >= 1, "{command:?}");
    }
}
