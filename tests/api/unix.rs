//! A service at a Unix socket: found by clients, closed to others, and without a trace when it has stopped.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use equity_indicators::app::{Service, check};
use equity_indicators::config::Config;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus::Serving;
use tonic_health::pb::health_client::HealthClient;

use crate::cli::run::{Served, run};

fn config(folder: &Path, data: &str) -> Config {
    let address = format!("unix:{}", folder.join("equity.sock").display());
    Config {
        address: address.parse().unwrap(),
        data_folder: folder.join(data),
        ..Config::default()
    }
}

async fn serves(service: &Service) -> bool {
    let channel = Endpoint::from_shared(service.address().url("http")).unwrap().connect().await;
    let answer = HealthClient::new(channel.unwrap()).check(HealthCheckRequest::default()).await;
    answer.unwrap().into_inner().status() == Serving
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_is_served_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("equity.sock");
    let config_one = config(folder.path(), "one");
    assert_eq!(check(&config_one).unwrap(), None);
    let service = Service::start(&config_one).await.unwrap();
    assert!(serves(&service).await);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660, "others may not connect");

    let second = config(folder.path(), "two");
    let refused = Service::start(&second).await.map(drop).unwrap_err();
    assert!(format!("{refused:#}").contains("cannot listen on unix:"), "{refused:#}");
    assert!(check(&second).unwrap().unwrap().contains("is in use now"));
    assert!(serves(&service).await, "the second start took the socket away");
    service.stop().await.unwrap();
    assert!(!file.exists(), "the socket is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_took_the_place_of_the_socket_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("equity.sock");
    let first = Service::start(&config(folder.path(), "one")).await.unwrap();
    std::fs::rename(&file, folder.path().join("away.sock")).unwrap();
    let second = Service::start(&config(folder.path(), "two")).await.unwrap();
    first.stop().await.unwrap();
    assert!(serves(&second).await, "the first service took the socket of the second away");
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_service_left_is_replaced_and_other_files_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("equity.sock");
    drop(std::os::unix::net::UnixListener::bind(&file).unwrap());
    assert!(file.exists(), "as after kill -9");
    let config = config(folder.path(), "data");
    assert_eq!(check(&config).unwrap(), None);
    let service = Service::start(&config).await.unwrap();
    assert!(serves(&service).await);
    service.stop().await.unwrap();

    std::fs::write(&file, "somebody's").unwrap();
    let started = Service::start(&config).await.map(drop).unwrap_err();
    for refused in [started, check(&config).unwrap_err()] {
        assert!(format!("{refused:#}").contains("a file that is no socket"), "{refused:#}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "somebody's");
}

#[test]
fn a_socket_that_cannot_be_is_refused_before_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("a".repeat(100));
    for place in [folder.path().join("none"), long] {
        let refused = format!("{:#}", check(&config(&place, "data")).unwrap_err());
        assert!(refused.contains("name a new file in a folder"), "{refused}");
    }
}

/// The program itself: a service that was killed leaves its socket, the next one takes its place, and each command finds it.
#[test]
fn commands_call_at_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("equity.sock"), folder.path().join("data"));
    let address = format!("unix:{}", file.display());
    let killed = Served::start_at(&address, &data);
    assert_eq!(killed.address, address);
    drop(killed);
    assert!(file.exists(), "kill -9 lets nobody remove it");
    let served = Served::start_at(&address, &data);
    let listed = served.ask(&["reference", "areas"]).well();
    assert!(listed.contains("QK1"), "{listed}");
    assert_eq!(served.terminate().0, Some(0));
    assert!(!file.exists(), "the socket is left");
    let gone = run(&["reference", "areas", "--wait", "0", "--service", &address]);
    assert_eq!(gone.code, Some(3), "{gone:?}");
    assert!(gone.remarks.contains(&address), "{gone:?}");
}

#[test]
fn a_unix_socket_and_tls_exclude_each_other() {
    let text = "address = \"unix:/run/equity.sock\"\n[tls]\ncertificate_file = \"a\"";
    let refused = Config::parse(text, |_| None).unwrap_err().to_string();
    assert!(refused.contains("address: a Unix socket has no TLS"), "{refused}");
}
