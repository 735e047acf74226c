//! Floods of frames that ask for nothing: the connection is cut, and a client that asks every 100 ms goes on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use equity_indicators::server::ServerSettings;
use tokio::net::TcpStream;

use super::good::goes_on_beside;
use super::support::{ECHO, Log, TestServer, soon};
use crate::support::hostile::{Flood, floods, other_floods, until_cut};

/// Floods a server on a connection of its own until that is cut.
async fn flood_it(address: SocketAddr, flood: &Flood) {
    let stream = TcpStream::connect(address).await.unwrap();
    soon(until_cut(stream, flood)).await;
}

/// Floods a server for 1.5 s on four connections. Each comes again as soon as it is cut.
pub(super) async fn flood_again_and_again(address: SocketAddr, flood: &Flood) {
    let until = Instant::now() + Duration::from_millis(1_500);
    let one = async || {
        while Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            drop(tokio::time::timeout(left, flood_it(address, flood)).await);
        }
    };
    tokio::join!(one(), one(), one(), one());
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
        let again = async || flood_again_and_again(server.address, &flood).await;
        goes_on_beside(what, ask.clone(), again).await;
    }
}

/// It is our count that ends a flood: HTTP/2 would let the most of them go on, and ends others for reasons of its own.
#[tokio::test]
async fn a_flood_is_cut_because_it_is_a_flood() {
    let (log, _logged_here) = Log::here();
    let server = TestServer::start(ServerSettings::default()).await;
    for (what, flood) in floods(ECHO) {
        log.clear();
        flood_it(server.address, &flood).await;
        let said = log.said();
        assert!(said.contains("it sent a flood of frames that ask for nothing"), "{what}: {said}");
    }
}
