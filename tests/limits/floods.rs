//! Floods of frames that ask for nothing: the connection is cut, and a client that asks every 100 ms goes on.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use equity_indicators::server::ServerSettings;
use tokio::net::TcpStream;

use super::good::goes_on_beside;
use super::support::{ECHO, TestServer, soon};
use crate::support::hostile::{Flood, floods, other_floods, until_cut};

/// Floods a server on a connection of its own until that is cut.
async fn flood_it(server: &TestServer, flood: &Flood) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    soon(until_cut(stream, flood)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_flood_are_cut_and_others_go_on() {
    let server = TestServer::start(ServerSettings::default()).await;
    let client = server.client().await;
    let ask = move || {
        let client = client.clone();
        async move { client.unary(ECHO).await.map(drop) }
    };
    for (what, flood) in floods(ECHO).into_iter().chain(other_floods(ECHO)) {
        // Each comes again as soon as it is cut.
        let again = async || {
            let until = Instant::now() + Duration::from_millis(1_500);
            let one = async || {
                while Instant::now() < until {
                    let left = until.saturating_duration_since(Instant::now());
                    drop(tokio::time::timeout(left, flood_it(&server, &flood)).await);
                }
            };
            tokio::join!(one(), one(), one(), one());
        };
        goes_on_beside(what, ask.clone(), again).await;
    }
}

/// What is logged on a thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// It is our count that ends a flood: HTTP/2 would let the most of them go on, and ends others for reasons of its own.
#[tokio::test]
async fn a_flood_is_cut_because_it_is_a_flood() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _logged_here = tracing::subscriber::set_default(subscriber);
    let server = TestServer::start(ServerSettings::default()).await;
    for (what, flood) in floods(ECHO) {
        log.0.lock().unwrap().clear();
        flood_it(&server, &flood).await;
        let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(said.contains("it sent a flood of frames that ask for nothing"), "{what}: {said}");
    }
}
