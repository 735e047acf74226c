//! Endpoints with TLS, over gRPC and over HTTP: authorities that are trusted and that are not, and certificates of the service.

use std::path::Path;
use std::sync::{Arc, Mutex};

use equity_indicators::engine::outbox::State;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::plane::{LOCAL, Plane, entry, until};
use super::receiver::{Received, http};
use crate::support::certificates::{Certificates, uri};

/// The certificates of the clients that came through, none for a client without one.
type Shown = Arc<Mutex<Vec<Option<Vec<u8>>>>>;

/// TLS before a receiver that has none: its address, and who came. `asks`: a client has to show a certificate of the authority.
async fn secured(certificates: &Certificates, asks: bool, plain: String) -> (String, Shown) {
    let files = certificates.files();
    let read = |file: &Path| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(file).unwrap().map(Result::unwrap).collect()
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if asks {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(read(&files.client_authorities));
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::from_pem_file(files.key).unwrap();
    let mut config = builder.with_single_cert(read(&files.certificate), key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let (acceptor, shown) = (TlsAcceptor::from(Arc::new(config)), Shown::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let (behind, came) = (plain.trim_start_matches("http://").to_owned(), Arc::clone(&shown));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, behind, came) = (acceptor.clone(), behind.clone(), Arc::clone(&came));
            tokio::spawn(async move {
                // A client that is refused, or that does not trust the certificate, goes no further.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let certificate = stream.get_ref().1.peer_certificates().map(|all| all[0].to_vec());
                came.lock().unwrap().push(certificate);
                let mut behind = TcpStream::connect(&*behind).await.unwrap();
                let _closed = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
            });
        }
    });
    (endpoint, shown)
}

fn quoted(file: &Path) -> String {
    format!("\"{}\"", file.display())
}

async fn receiver(protocol: &str) -> (Received, String) {
    if protocol == "grpc" { Received::start(Vec::new()).await } else { http(Vec::new()).await }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endpoints_with_tls_are_trusted_and_shown_what_the_settings_say() {
    let (ours, foreign) = (Certificates::make(), Certificates::make());
    let trusts =
        |of: &Certificates| format!("authorities_file = {}\n", quoted(&of.authority.certificate()));
    let shows = |of: &Certificates, name: &str| {
        let pair = of.authority.client(name, &uri("QK1", "sender")).unwrap();
        let certificate = std::fs::read(&pair.certificate).unwrap();
        let text = format!(
            "certificate_file = {}\nkey_file = {}\n",
            quoted(&pair.certificate),
            quoted(&pair.key)
        );
        (text, CertificateDer::from_pem_slice(&certificate).unwrap().to_vec())
    };
    let (own, own_certificate) = shows(&ours, "own");
    let (other, _) = shows(&foreign, "other");
    // What the settings have, whether the endpoint asks for a certificate, and the word of the reason; empty: it is sent.
    let cases = [
        ("trusted", trusts(&ours), false, ""),
        ("untrusted", trusts(&foreign), false, "invalid peer certificate"),
        ("shown", trusts(&ours) + &own, true, ""),
        ("shown-unasked", trusts(&ours) + &own, false, ""),
        ("not-shown", trusts(&ours), true, "CertificateRequired"),
        ("wrong-shown", trusts(&ours) + &other, true, "received fatal alert"),
    ];
    let (mut entries, mut all) = (Vec::new(), Vec::new());
    for protocol in ["grpc", "http"] {
        for (case, settings, asks, reason) in &cases {
            let name = format!("{protocol}-{case}");
            let (received, plain) = receiver(protocol).await;
            let (endpoint, shown) = secured(&ours, *asks, plain).await;
            let of = |settings: &str| {
                entry(&name, &endpoint, &format!("protocol = \"{protocol}\"\n{LOCAL}{settings}"))
            };
            entries.push(of(settings));
            let mended = of(&(trusts(&ours) + &own));
            all.push((name, *case, *reason, mended, received, shown));
        }
    }
    let mut plane = Plane::with(&entries);
    let names: Vec<_> = all.iter().map(|(name, ..)| name.as_str()).collect();
    plane.add(&names, 3);
    for (name, case, reason, _, received, shown) in &all {
        if reason.is_empty() {
            until(name, || plane.is_settled(name)).await;
            assert_eq!((received.logs().len(), received.attempts()), (3, 1), "{name}");
            let expected = (*case == "shown").then(|| own_certificate.clone());
            assert_eq!(*shown.lock().unwrap(), [expected], "{name}");
        } else {
            until(name, || plane.status(name).failures > 0).await;
            let status = plane.status(name);
            assert_eq!(
                (status.state, status.error.as_str()),
                (State::Paused, "TLS_FAILED"),
                "{name}: {status:?}"
            );
            assert!(status.message.contains(reason), "{name}: {status:?}");
            assert_eq!((status.settled, status.dead_letter_count, received.attempts()), (0, 0, 0));
        }
    }
    // Mended, and everything comes.
    let mended: Vec<_> = all.iter().map(|(_, _, _, mended, ..)| mended.clone()).collect();
    plane.keep_to(&mended);
    for (name, _, _, _, received, _) in &all {
        until(name, || plane.is_settled(name)).await;
        assert_eq!(received.logs().len(), 3, "{name}");
    }
    plane.stop().await;
}
