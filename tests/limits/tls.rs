//! TLS: who is let in, how long a handshake may take, and new files without a restart.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use equity_indicators::server::{Callers, ServerSettings, Tls, TlsFiles};
use equity_indicators::telemetry::metrics::has_unusable_tls_files;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::{ClientTlsConfig, Endpoint};

use super::raw::{Raw, WORD};
use super::support::{Client, ECHO, NAP, TICK, TestServer, drain, soon};
use crate::support::certificates::{Certificates, expired, until};

fn settings() -> ServerSettings {
    ServerSettings { renewal: Duration::from_millis(50), ..ServerSettings::default() }
}

async fn start(certificates: &Certificates, settings: ServerSettings) -> TestServer {
    let tls = Some(Tls::load(&certificates.files()).unwrap());
    TestServer::start_for(Callers { tls, ..Callers::default() }, settings).await
}

async fn connect(
    server: &TestServer,
    tls: ClientTlsConfig,
) -> Result<Client, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(format!("https://{}", server.address)).unwrap();
    let channel = endpoint.tls_config(tls).unwrap().connect().await?;
    Ok(Client::on(channel))
}

/// Whether a client gets an answer. TLS 1.3 tells a client that it was refused after its own handshake has ended.
async fn answers(server: &TestServer, tls: ClientTlsConfig) -> bool {
    match soon(connect(server, tls)).await {
        Ok(client) => soon(client.unary(ECHO)).await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn only_certificates_of_the_authority_that_are_valid_and_not_revoked_are_let_in() {
    let (ours, foreign) = (Certificates::make(), Certificates::make());
    ours.client("revoked", "C82003");
    ours.authority.revoke("revoked").unwrap();
    let server = start(&ours, settings()).await;
    assert!(answers(&server, ours.client("good", "C82001")).await);
    assert!(!answers(&server, ours.nobody()).await, "no certificate");
    assert!(!answers(&server, ours.odd(expired)).await, "expired");
    assert!(!answers(&server, ours.client("revoked", "C82003")).await, "revoked");
    let of_foreign = foreign.client("good", "C82001");
    let ca = std::fs::read(ours.authority.certificate()).unwrap();
    let of_foreign = of_foreign.ca_certificate(tonic::transport::Certificate::from_pem(ca));
    assert!(!answers(&server, of_foreign).await, "another authority");
    assert!(
        !answers(&server, foreign.client("good", "C82001")).await,
        "a client that trusts another"
    );
    let plain = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let plain = soon(plain.connect()).await.map(Client::on);
    let answered = match plain {
        Ok(client) => soon(client.unary(ECHO)).await.is_ok(),
        Err(_) => false,
    };
    assert!(!answered, "plain text");
}

/// A socket with TLS done and nothing said.
async fn shaken(
    server: &TestServer,
    of: &Certificates,
    name: &str,
) -> tokio_rustls::client::TlsStream<TcpStream> {
    let file = |end: &str| of.path().join(format!("{name}.{end}"));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(of.authority.certificate()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_file(file("crt")).unwrap()],
            PrivateKeyDer::from_pem_file(file("key")).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn handshake_and_preface_share_one_deadline() {
    let certificates = Certificates::make();
    let good = certificates.client("good", "C82001");
    let preface = Duration::from_millis(700);
    let server = start(&certificates, ServerSettings { preface, ..settings() }).await;
    let client = soon(connect(&server, good)).await.unwrap();

    let began = Instant::now();
    let mut stalled = TcpStream::connect(server.address).await.unwrap();
    // The head of a record that never comes.
    stalled.write_all(&[22, 3, 1, 2, 0]).await.unwrap();
    let mut answer = Vec::new();
    let _cut = soon(stalled.read_to_end(&mut answer)).await;
    assert!((preface..preface * 5).contains(&began.elapsed()), "{:?}", began.elapsed());

    let mut silent = soon(shaken(&server, &certificates, "good")).await;
    let began = Instant::now();
    let _cut = soon(silent.read_to_end(&mut answer)).await;
    assert!(began.elapsed() < preface * 5, "{:?}", began.elapsed());
    soon(client.unary(ECHO)).await.expect("who has opened HTTP/2 stays");
}

#[tokio::test]
async fn old_connections_end_without_harm_under_tls_too() {
    let certificates = Certificates::make();
    let good = certificates.client("good", "C82001");
    let max_connection_age = Duration::from_millis(200);
    let server = start(&certificates, ServerSettings { max_connection_age, ..settings() }).await;
    let client = soon(connect(&server, good)).await.unwrap();
    for _ in 0..4 {
        soon(client.unary(NAP)).await.expect("a call that was under way");
    }
    let old = Raw::over(soon(shaken(&server, &certificates, "good")).await).await;
    assert_eq!(old.call(NAP, WORD).await.body, WORD);
    old.ends().await;
}

fn put(from: &Certificates, name: &str, to: &Certificates) {
    std::fs::copy(from.path().join(name), to.path().join(name)).unwrap();
}

/// The certificate that the service shows.
async fn shown(server: &TestServer, of: &Certificates) -> Vec<u8> {
    let stream = soon(shaken(server, of, "good")).await;
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn der(file: &Path) -> Vec<u8> {
    CertificateDer::from_pem_file(file).unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_files_are_used_under_load_and_a_broken_pair_is_not() {
    let certificates = Certificates::make();
    let good = certificates.client("good", "C82001");
    let server = start(&certificates, settings()).await;
    let address = server.address;
    let load = tokio::spawn(async move {
        let mut calls = 0;
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap();
            let channel = endpoint.tls_config(good.clone()).unwrap().connect().await.unwrap();
            let client = Client::on(channel);
            for _ in 0..5 {
                client.unary(ECHO).await.unwrap();
                calls += 1;
            }
        }
        calls
    });
    let server_files = ["server.crt", "server.key"].map(|name| certificates.path().join(name));
    let first = der(&server_files[0]);
    for _ in 0..4 {
        // As an operator renews: both files, one after the other.
        server_files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
        certificates.authority.server(&["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    assert_ne!(der(&server_files[0]), first);
    assert_eq!(shown(&server, &certificates).await, der(&server_files[0]), "the new certificate");
    let calls = load.await.unwrap();
    assert!(calls > 20, "{calls} calls");

    let in_use = der(&server_files[0]);
    let other = Certificates::make();
    put(&other, "server.crt", &certificates);
    let broken = async {
        while !has_unusable_tls_files() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon(broken).await;
    assert_eq!(shown(&server, &certificates).await, in_use, "the old pair stays");
    put(&other, "server.key", &certificates);
    let mended = async {
        while has_unusable_tls_files() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon(mended).await;
}

#[tokio::test]
async fn a_connection_whose_certificate_is_revoked_ends_and_others_stay() {
    let certificates = Certificates::make();
    let (good, bad) = (certificates.client("good", "C82001"), certificates.client("bad", "C82002"));
    let server = start(&certificates, settings()).await;
    let (good, bad) =
        (soon(connect(&server, good)).await.unwrap(), soon(connect(&server, bad)).await.unwrap());
    let mut watch = bad.watch(TICK).await.unwrap();
    let mut stays = good.watch(TICK).await.unwrap();
    watch.message().await.unwrap().expect("a word");
    certificates.authority.revoke("bad").unwrap();
    let (_, ended) = soon(drain(&mut watch)).await;
    let ended = ended.expect("the stream is cut");
    assert!(
        matches!(
            ended.code(),
            Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled
        ),
        "{ended:?}"
    );
    assert!(soon(bad.unary(ECHO)).await.is_err(), "no new connection either");
    stays.message().await.unwrap().expect("the other goes on");
    soon(good.unary(ECHO)).await.unwrap();
}

/// Waits until the service cuts a watch, and a new connection of the same client is refused.
async fn is_cut_off(client: &Client, mut watch: tonic::Streaming<String>) {
    let (_, ended) = soon(drain(&mut watch)).await;
    ended.expect("the stream is cut");
    assert!(soon(client.unary(ECHO)).await.is_err(), "no new connection either");
}

#[tokio::test]
async fn a_connection_whose_certificate_expires_ends_and_others_stay() {
    let certificates = Certificates::make();
    let good = certificates.client("good", "C82001");
    let server = start(&certificates, settings()).await;
    let good = soon(connect(&server, good)).await.unwrap();
    // Certificates have whole seconds.
    let ends = SystemTime::now() + Duration::from_secs(4);
    let short = certificates.odd(|params| until(params, ends));
    let short = soon(connect(&server, short)).await.unwrap();
    let (mut watch, mut stays) =
        (short.watch(TICK).await.unwrap(), good.watch(TICK).await.unwrap());
    watch.message().await.unwrap().expect("a word before it expires");
    is_cut_off(&short, watch).await;
    assert!(ends.elapsed().is_ok_and(|since| since < Duration::from_secs(3)), "not before its end");
    stays.message().await.unwrap().expect("the other goes on");
    soon(good.unary(ECHO)).await.unwrap();
}

#[tokio::test]
async fn connections_of_an_authority_that_is_taken_away_end_and_others_stay() {
    let (ours, other) = (Certificates::make(), Certificates::make());
    let file = ours.path().join("authorities.pem");
    let write = |of: &[&Certificates]| {
        let pem = |of: &&Certificates| std::fs::read_to_string(of.authority.certificate()).unwrap();
        let new = file.with_extension("new");
        std::fs::write(&new, of.iter().map(pem).collect::<String>()).unwrap();
        std::fs::rename(new, &file).unwrap();
    };
    write(&[&ours, &other]);
    let files = TlsFiles { client_authorities: file.clone(), revocations: None, ..ours.files() };
    let callers = Callers { tls: Some(Tls::load(&files).unwrap()), ..Callers::default() };
    let server = TestServer::start_for(callers, settings()).await;
    // Both trust the authority of the service.
    let ca = std::fs::read(ours.authority.certificate()).unwrap();
    let of_other = other.client("other", "C82002");
    let of_other = of_other.ca_certificate(tonic::transport::Certificate::from_pem(ca));
    let stays = soon(connect(&server, of_other)).await.unwrap();
    let goes = soon(connect(&server, ours.client("ours", "C82001"))).await.unwrap();
    let (watch, mut goes_on) = (goes.watch(TICK).await.unwrap(), stays.watch(TICK).await.unwrap());
    write(&[&other]);
    is_cut_off(&goes, watch).await;
    goes_on.message().await.unwrap().expect("the other goes on");
    soon(stays.unary(ECHO)).await.unwrap();
}

#[tokio::test]
async fn files_that_do_not_fit_together_are_refused_at_the_start() {
    let (certificates, other) = (Certificates::make(), Certificates::make());
    let files = certificates.files();
    Tls::load(&files).unwrap();
    let refused = |files: TlsFiles| Tls::load(&files).unwrap_err().to_string();
    let wrong_key = TlsFiles { key: other.path().join("server.key"), ..files.clone() };
    assert!(refused(wrong_key).contains("is not the key of the certificate"));
    let missing = TlsFiles { certificate: other.path().join("none.crt"), ..files.clone() };
    assert!(refused(missing).contains("none.crt"));
    let no_certificate = TlsFiles { client_authorities: files.key.clone(), ..files.clone() };
    assert!(refused(no_certificate).contains("has no certificate in PEM"));
    let old = certificates.odd_file("old", expired);
    let expired = TlsFiles { certificate: old.0, key: old.1, ..files };
    assert!(refused(expired).contains("was valid until 2020"));
}
