//! The service as an operator runs it, with everything that an operator may switch on.

use std::fs::File;
use std::io::{Cursor, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use equity_indicators::cli::raw::Raw;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor};
use serde_json::Value;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::Channel;
use zip::ZipArchive;

use super::outlets::{Said, ageless, message, settled, telemetry};
use crate::cli::run::{Ended, Served, equity};
use crate::support::{Collector, POOL};

/// What is in a file, or in all files of a folder; it is removed.
fn taken(path: &Path) -> Vec<u8> {
    if !path.is_dir() {
        let bytes = std::fs::read(path).unwrap_or_default();
        // There is none where the command refused.
        drop(std::fs::remove_file(path));
        return if bytes.starts_with(b"PK") { unpacked(bytes) } else { bytes };
    }
    let mut all: Vec<_> = path.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    let bytes = all.iter().flat_map(|inner| taken(inner)).collect();
    std::fs::remove_dir(path).unwrap();
    bytes
}

/// What a spreadsheet is packed of, but when it was made.
fn unpacked(bytes: Vec<u8>) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut all = Vec::new();
    for number in 0..archive.len() {
        let mut part = archive.by_index(number).unwrap();
        if part.name().unwrap() != "docProps/core.xml" {
            part.read_to_end(&mut all).unwrap();
        }
    }
    all
}

/// A service on a folder, its log, and a collector of its telemetry.
pub(super) struct Running {
    served: Served,
    channel: Channel,
    collector: Collector,
    folder: PathBuf,
    log: PathBuf,
}

/// The details of a refusal. The order of their metadata is that of a hash, and no two are alike.
fn details(of: &tonic::Status) -> Vec<u8> {
    use tonic_types::StatusExt as _;
    let mut all = of.get_error_details();
    let several = all.error_info().filter(|info| info.metadata.len() > 1).cloned();
    let Some(info) = several else { return of.details().to_vec() };
    all.set_error_info(&info.reason, &info.domain, std::collections::HashMap::new());
    let metadata: std::collections::BTreeMap<_, _> = info.metadata.iter().collect();
    format!("{all:?} {metadata:?}").into_bytes()
}

impl Running {
    /// Starts it for callers of a profile. The secret is always the same, and with it all keys.
    pub(super) async fn start(folder: &Path, profile: &str) -> Self {
        let (collector, endpoint) = Collector::start().await;
        let path = |name: &str| folder.join(name);
        if !path("secret.key").exists() {
            std::fs::write(path("secret.key"), format!("{}\n", "5".repeat(64))).unwrap();
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(path("secret.key"), private).unwrap();
        }
        let settings = format!(
            "profile_without_identity = \"{profile}\"\nsecret_file = \"{}\"\n[releases]\nautomatic = \"off\"\n\
             [telemetry]\notlp_endpoint = \"{endpoint}\"\nsample_ratio = 1.0\nslow_call = \"24h\"\nlog_format = \"json\"\n",
            path("secret.key").display()
        );
        std::fs::write(path("equity.toml"), settings).unwrap();
        let log = path(&format!("{profile}.log"));
        let mut command = equity();
        command.env("EQUITY_LOG", "info,equity=trace,equity_indicators=trace");
        // Every span is compared: none may be left out because the queue of the SDK is full.
        command.env("OTEL_BSP_MAX_QUEUE_SIZE", "1000000");
        command.args(["serve", "--config"]).arg(path("equity.toml"));
        command.stderr(File::create(&log).unwrap());
        let data = path("data");
        let served = tokio::task::spawn_blocking(move || Served::by(command, "127.0.0.1:0", &data));
        let served = served.await.unwrap();
        let host = served.address.trim_start_matches("http://");
        let address = Channel::from_shared(format!("http://{host}")).unwrap();
        let channel = address.connect().await.unwrap();
        Self { served, channel, collector, folder: folder.to_owned(), log }
    }

    /// Every method of the contract.
    pub(super) fn methods() -> Vec<MethodDescriptor> {
        let ours = POOL.services().filter(|of| of.full_name().starts_with("equity.v1."));
        ours.flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
    }

    /// Calls a method with these messages, and takes everything that comes: of a watch the first table.
    pub(super) async fn call(&self, method: &MethodDescriptor, messages: &[Value]) -> (bool, Said) {
        let encode = |json: &Value| {
            let read = DynamicMessage::deserialize(method.input(), json.clone());
            let read = read
                .unwrap_or_else(|error| panic!("{json} is no {}: {error}", method.input().name()));
            Bytes::from(read.encode_to_vec())
        };
        let encoded: Vec<_> = messages.iter().map(encode).collect();
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let mut client = Grpc::new(self.channel.clone());
        client.ready().await.unwrap();
        let stream = Request::new(tokio_stream::iter(encoded));
        let mut told = Vec::new();
        let called = async {
            let answer = client.streaming(stream, path.parse().unwrap(), Raw).await?;
            let mut stream = answer.into_inner();
            while let Some(part) = stream.message().await? {
                told.extend(message(method.output(), &part));
                if method.name().starts_with("Watch") {
                    break;
                }
            }
            Ok::<_, tonic::Status>(())
        };
        let ended = tokio::time::timeout(Duration::from_secs(60), called).await;
        let ended = ended.unwrap_or_else(|_| panic!("{} {messages:?} does not end", method.name()));
        if let Err(status) = &ended {
            told.push(format!("{:?} {}", status.code(), status.message()).into_bytes());
            told.push(details(status));
            let mut head = status.metadata().clone();
            head.remove("date");
            told.push(format!("{head:?}").into_bytes());
        }
        let asked = serde_json::to_string(messages).unwrap();
        let asked: String = format!("{}: {asked}", method.name()).chars().take(400).collect();
        (ended.is_ok(), Said::new(asked, told.join(&b"\n"[..])))
    }

    /// The same, which has to go well.
    pub(super) async fn well(&self, method: &str, messages: &[Value]) {
        let method = Self::methods().into_iter().find(|of| of.name() == method).unwrap();
        let (well, said) = self.call(&method, messages).await;
        assert!(well, "{said:?}");
    }

    /// Runs a command against this service. `file`: what it may write, which is also looked at.
    pub(super) async fn command(&self, name: &str, arguments: Vec<String>, file: &Path) -> Said {
        let asked = format!("equity {name}: {}", arguments.join(" "));
        let address = self.served.address.clone();
        let run = move || {
            let mut command = equity();
            command.args(&arguments).args(["--service", &address]);
            Ended::of(command.output().unwrap())
        };
        let ended = tokio::task::spawn_blocking(run).await.unwrap();
        let text = format!("{:?}\n{}\n{}\n", ended.code, ended.answer, ended.remarks);
        let text = if name == "status" { ageless(&text) } else { text };
        let mut bytes = settled(&text, &self.places()).into_bytes();
        bytes.extend(taken(file));
        Said::new(settled(&asked, &self.places()), bytes)
    }

    /// The folder of this run.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn places(&self) -> [(String, &'static str); 3] {
        let host = self.served.address.trim_start_matches("http://").to_owned();
        [
            (self.served.address.clone(), "SERVICE"),
            (host, "HOST"),
            (self.folder.display().to_string(), "FOLDER"),
        ]
    }

    /// Stops it; what its log and its telemetry have told.
    pub(super) async fn stop(self) -> Vec<Said> {
        let places = self.places();
        let Self { served, collector, log, channel, .. } = self;
        drop(channel);
        let stopped = tokio::task::spawn_blocking(move || served.terminate()).await.unwrap();
        assert_eq!(stopped.0, Some(0));
        let text = std::fs::read_to_string(log).unwrap();
        let text = settled(&text, &places);
        // How long something took says nothing of what is in it.
        let untimed = |line: &str| {
            ["\"micros\":", "\"seconds\":"].iter().fold(line.to_owned(), |line, key| {
                match line.split_once(key) {
                    Some((before, after)) => {
                        let of_number = |c: char| c.is_ascii_digit() || ".e-".contains(c);
                        before.to_owned() + after.trim_start_matches(of_number)
                    }
                    None => line,
                }
            })
        };
        let mut lines: Vec<_> = text.lines().map(untimed).collect();
        lines.sort_unstable();
        let log = Said::new("log: standard error", lines.join("\n"));
        [vec![log], telemetry(&collector)].concat()
    }
}
