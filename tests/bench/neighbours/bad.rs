//! The bad neighbours: a partner with a certificate that does what no partner should, and strangers without one.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::hostile::{Flood, bomb, floods, marked, other_floods, until_cut};
use crate::support::Outcome;
use crate::tables::questions::{channels, query};
use crate::{FIRST_MONTH, LAST_MONTH};

const CHANNELS: &str = "/equity.v1.ConsultationChannelService/GetChannelBreakdown";
/// A short path that takes a message.
const INFO: &str = "/equity.v1.ServiceInfoService/GetServiceInfo";
/// Connections at once of those who open many, and of those who send much.
const MANY: usize = 300;
const SOME: usize = 4;
/// Calls at once on each connection.
const CALLS: usize = 64;
/// Long enough for the service to have cut what makes no progress.
const HOLD: Duration = Duration::from_millis(2_500);

const OTHERS: [&str; 7] = [
    "messages that become very large",
    "handshakes of a byte at a time",
    "connections that say nothing",
    "connections that say nothing after TLS",
    "calls whose messages never come",
    "answers that are not taken",
    "a partner over its quota",
];

/// Every kind of bad neighbour.
pub fn kinds() -> Vec<String> {
    let of_floods = floods(INFO).into_iter().chain(other_floods(INFO)).map(|(name, _)| name);
    of_floods.chain(OTHERS).map(str::to_owned).collect()
}

/// Is a bad neighbour of this kind at an address, until it is killed.
pub async fn be(kind: &str, address: &str, certificates: &Path) -> Outcome {
    let target = Target::new(address, certificates)?;
    let found = floods(INFO).into_iter().chain(other_floods(INFO)).find(|(name, _)| *name == kind);
    if let Some((_, flood)) = found {
        return target.floods(&flood).await;
    }
    let number = OTHERS.iter().position(|other| *other == kind).ok_or("no such neighbour")?;
    loop {
        match number {
            0 => target.calls(CHANNELS, Body::Whole(bomb().into()), u32::MAX >> 1).await?,
            1 => target.strangers(&[22, 3, 1, 2, 0]).await?,
            2 => target.strangers(&[]).await?,
            3 => target.says_nothing().await?,
            4 => target.calls(CHANNELS, Body::Begun, u32::MAX >> 1).await?,
            5 => target.calls(CHANNELS, Body::Whole(question()), 0).await?,
            _ => target.calls(CHANNELS, Body::Whole(question()), u32::MAX >> 1).await?,
        }
    }
}

/// A question to the whole system, as a message of gRPC.
fn question() -> Bytes {
    let asked = channels(query(&["sex", "age_band"], FIRST_MONTH, LAST_MONTH));
    let mut message = marked(&asked);
    message[0] = 0;
    message.into()
}

/// What a call sends after its head.
#[derive(Clone)]
enum Body {
    Whole(Bytes),
    /// The first bytes of a message.
    Begun,
}

/// Whom it attacks.
struct Target {
    address: String,
    tls: TlsConnector,
}

impl Target {
    fn new(address: &str, folder: &Path) -> Outcome<Self> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(folder.join("ca.crt"))?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_file(folder.join("rude.crt"))?],
                PrivateKeyDer::from_pem_file(folder.join("rude.key"))?,
            )?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { address: address.to_owned(), tls: Arc::new(config).into() })
    }

    async fn connect(&self) -> Outcome<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(&self.address).await?;
        Ok(self.tls.connect(ServerName::try_from("localhost")?, stream).await?)
    }

    /// Floods on some connections; each comes again as soon as it is cut.
    async fn floods(&self, flood: &Flood) -> Outcome {
        let one = || self.floods_again(flood);
        tokio::try_join!(one(), one(), one(), one())?;
        Ok(())
    }

    async fn floods_again(&self, flood: &Flood) -> Outcome {
        loop {
            until_cut(self.connect().await?, flood).await;
        }
    }

    /// Opens many connections that say this and no more, or a byte of zero now and then if they said something.
    async fn strangers(&self, said: &[u8]) -> Outcome {
        let mut open = Vec::new();
        for _ in 0..MANY {
            let mut stream = TcpStream::connect(&self.address).await?;
            // It may have been cut by now.
            let _ = stream.write_all(said).await;
            open.push(stream);
        }
        for _ in 0..5 {
            tokio::time::sleep(HOLD / 5).await;
            for stream in open.iter_mut().filter(|_| !said.is_empty()) {
                let _ = stream.write_all(&[0]).await;
            }
        }
        Ok(())
    }

    async fn says_nothing(&self) -> Outcome {
        let mut open = Vec::new();
        for _ in 0..MANY / 10 {
            open.push(self.connect().await?);
        }
        tokio::time::sleep(HOLD).await;
        Ok(())
    }

    /// Fills some connections with calls; holds those that are not answered.
    async fn calls(&self, path: &str, body: Body, window: u32) -> Outcome {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..SOME {
            let mut client = h2::client::Builder::new();
            client.initial_window_size(window).initial_connection_window_size(u32::MAX >> 1);
            let (requests, connection) = client.handshake(self.connect().await?).await?;
            tokio::spawn(async move { drop(connection.await) });
            for _ in 0..CALLS {
                tasks.spawn(call(requests.clone(), path.to_owned(), body.clone()));
            }
        }
        let all = async { while tasks.join_next().await.is_some() {} };
        // What is never answered has been held for long enough.
        let _ = tokio::time::timeout(HOLD, all).await;
        Ok(())
    }
}

/// One call to its end; a refusal of any kind is an end.
async fn call(requests: SendRequest<Bytes>, path: String, body: Body) -> Option<()> {
    let request = http::Request::post(format!("https://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("grpc-encoding", "gzip")
        .header("te", "trailers")
        .body(())
        .ok()?;
    let mut requests = requests.ready().await.ok()?;
    let (answer, mut sending) = requests.send_request(request, false).ok()?;
    match body {
        Body::Whole(message) => sending.send_data(message, true).ok()?,
        Body::Begun => sending.send_data(Bytes::from_static(b"\0\0\0"), false).ok()?,
    }
    let mut answer = answer.await.ok()?.into_body();
    while let Some(data) = answer.data().await {
        let length = data.ok()?.len();
        answer.flow_control().release_capacity(length).ok()?;
    }
    Some(())
}
