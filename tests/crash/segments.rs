//! A service whose log has small segments, as a process of its own: it can be killed as `equity serve` can. 64 MiB, which a segment of
//! the service has, would take a test minutes to fill.

use std::{path::Path, process::Command};

use equity_indicators::{app::Service, config::Config};
use tokio::signal::unix::{SignalKind, signal};

use super::child;

/// So small that all but a few changes begin a new segment.
const SEGMENT_BYTES: u64 = 4 << 10;
/// The data folder, if this process is the service.
const FOLDER: &str = "EQUITY_TEST_SMALL_SEGMENTS";

/// The process: it says where it listens, as `equity serve` does, and stops at SIGTERM. Alone this test does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let config = Config {
        address: "127.0.0.1:0".parse().unwrap(),
        data_folder: folder.into(),
        segment_bytes: Some(SEGMENT_BYTES),
        ..Config::default()
    };
    let service = Service::start(&config).await.unwrap();
    let mut told = signal(SignalKind::terminate()).unwrap();
    let address = format!("http://{}", service.address());
    println!("\n{}", serde_json::json!({ "address": address }));
    told.recv().await;
    service.stop().await.unwrap();
}

/// Its command.
pub(super) fn with_small_segments(folder: &Path) -> Command {
    let mut command = child(concat!(module_path!(), "::service"));
    command.env(FOLDER, folder);
    command
}
