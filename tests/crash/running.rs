//! The service as a process of its own, to be killed, and its command line beside it.

use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::{
    segments::with_small_segments,
    shim::{Fsync, build_faults, watch},
};

/// Longest that a start, or a command, may take on a busy machine; whatever hangs is found here.
const LONGEST: Duration = Duration::from_secs(120);

/// The command, without anything of the environment that could change what it does.
pub(super) fn equity() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_equity"));
    for (name, _) in std::env::vars() {
        if name.starts_with("EQUITY_") {
            command.env_remove(name);
        }
    }
    command
}

/// How to start the service.
#[derive(Clone, Debug, Default)]
pub(super) struct Start<'a> {
    /// Settings: names and values of environment variables.
    pub(super) settings: &'a [(&'a str, &'a str)],
    /// Watched folder, image, and whether fsync is kept: the service lives under the threat of a power cut.
    pub(super) shim: Option<(&'a Path, &'a Path, Fsync)>,
    /// File of rules: which calls fail, and how far the clock is off (`shim/faults.c`).
    pub(super) faults: Option<&'a Path>,
    /// Options of the command line.
    pub(super) options: &'a [&'a str],
    /// How many files it may have open; 0: as many as the tests.
    pub(super) open_files: u32,
    /// Whether its log has small segments (`segments.rs`). Such a service takes no settings and no options.
    pub(super) small_segments: bool,
}

/// A running service; killed, not stopped, when it is dropped.
pub(super) struct Running {
    child: Child,
    address: String,
    log: PathBuf,
}

/// How a service that did not start ended.
#[derive(Debug)]
pub(super) struct NotStarted {
    /// Exit code; `None` if it was a signal, or if it hung.
    pub(super) code: Option<i32>,
    /// What it said.
    pub(super) said: String,
}

impl Running {
    /// Starts the service on a data folder; it has to come up.
    pub(super) fn start(folder: &Path) -> Self {
        Self::try_start(folder, &Start::default()).unwrap()
    }

    /// Starts the service; says how it ended if it does not come up.
    pub(super) fn try_start(folder: &Path, start: &Start<'_>) -> Result<Self, NotStarted> {
        let (child, log) = spawn(folder, start);
        Self::up(child, log)
    }

    fn up(mut child: Child, log: PathBuf) -> Result<Self, NotStarted> {
        let stdout = child.stdout.take().unwrap();
        let (told, line) = mpsc::channel();
        std::thread::spawn(move || {
            // A process of the tests says other things too. All is read to its end: a process whose output is not read fails.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = told.send(line);
            }
        });
        let begin = Instant::now();
        let mut lines =
            std::iter::from_fn(|| line.recv_timeout(LONGEST.saturating_sub(begin.elapsed())).ok());
        let line = lines.find(|line| line.starts_with('{')).unwrap_or_default();
        let ready: Option<serde_json::Value> = serde_json::from_str(&line).ok();
        if let Some(address) = ready.as_ref().and_then(|ready| ready["address"].as_str()) {
            return Ok(Self { child, address: address.to_owned(), log });
        }
        let code = wait(&mut child, Duration::from_secs(2)).and_then(|status| status.code());
        kill(&mut child);
        Err(NotStarted { code, said: read(&log) })
    }

    /// Everything that services on this folder have logged so far.
    pub(super) fn said(&self) -> String {
        read(&self.log)
    }

    /// Where it listens, without the scheme.
    pub(super) fn address(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// A connection.
    pub(super) async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(self.address.clone()).unwrap();
        endpoint.connect_timeout(Duration::from_secs(5)).connect().await.unwrap()
    }

    /// Whether health says that a service of the contract serves.
    pub(super) async fn serves(&self, service: &str) -> bool {
        let asked = HealthCheckRequest { service: service.to_owned() };
        let answer = HealthClient::new(self.channel().await).check(asked).await.unwrap();
        answer.into_inner().status() == ServingStatus::Serving
    }

    /// What was logged since this length.
    pub(super) fn said_since(&self, length: usize) -> String {
        self.said().get(length..).unwrap_or_default().to_owned()
    }

    /// SIGKILL.
    pub(super) fn kill(mut self) {
        kill(&mut self.child);
    }

    /// SIGTERM; the exit code and how long it took.
    pub(super) fn terminate(self) -> (Option<i32>, Duration) {
        self.terminate_within(LONGEST)
    }

    /// The same; no exit code if it takes longer.
    pub(super) fn terminate_within(self, longest: Duration) -> (Option<i32>, Duration) {
        let begin = Instant::now();
        self.signal("-TERM");
        (self.ends_within(longest), begin.elapsed())
    }

    /// Bytes of memory that the process has.
    pub(super) fn resident_bytes(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
    }

    /// Sends a signal: `-TERM`, `-STOP`, `-CONT`.
    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Waits until it has ended; no exit code if it takes longer.
    pub(super) fn ends_within(mut self, longest: Duration) -> Option<i32> {
        wait(&mut self.child, longest).and_then(|status| status.code())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

/// The command of a process that may have so many files open, and can raise no limit.
fn limited(open_files: u32) -> Command {
    let (equity, mut shell) = (equity(), Command::new("sh"));
    shell.args(["-c", &format!("ulimit -n {open_files} && exec \"$0\" \"$@\"")]);
    shell.arg(equity.get_program());
    equity.get_envs().filter(|(_, value)| value.is_none()).for_each(|(name, _)| {
        shell.env_remove(name);
    });
    shell
}

/// Starts the service without waiting for it; what it says goes to a file beside the data folder.
pub(super) fn spawn(folder: &Path, start: &Start<'_>) -> (Child, PathBuf) {
    let log = folder.with_extension("log");
    let said = OpenOptions::new().create(true).append(true).open(&log).unwrap();
    let mut command = match start.open_files {
        _ if start.small_segments => with_small_segments(folder),
        0 => equity(),
        most => limited(most),
    };
    if !start.small_segments {
        command
            .args(["serve", "--address", "127.0.0.1:0", "--format", "json", "--data-folder"])
            .arg(folder)
            .args(start.options);
    }
    command.envs(start.settings.iter().copied()).stdout(Stdio::piped()).stderr(said);
    if let Some((root, image, fsync)) = start.shim {
        watch(&mut command, root, image, fsync);
    }
    if let Some(rules) = start.faults {
        command.env("LD_PRELOAD", build_faults()).env("EQUITY_FAULTS", rules);
    }
    (command.spawn().unwrap(), log)
}

/// SIGKILL, and gone.
pub(super) fn kill(child: &mut Child) {
    // It may have ended already.
    let _ = child.kill();
    let _ = child.wait();
}

fn wait(child: &mut Child, longest: Duration) -> Option<std::process::ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < longest {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

fn read(log: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned()
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) answer: String,
    pub(super) remarks: String,
}

/// Runs `equity verify` or `equity rebuild`.
pub(super) fn check(what: &str, folder: &Path) -> Ended {
    check_with(&[what.as_ref()], folder)
}

pub(super) fn check_with(what: &[&OsStr], folder: &Path) -> Ended {
    let (out, err) = (folder.with_extension("out"), folder.with_extension("err"));
    let mut child = equity()
        .args(what)
        .args(["--format", "json", "--data-folder"])
        .arg(folder)
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let status = wait(&mut child, LONGEST);
    kill(&mut child);
    Ended { code: status.and_then(|s| s.code()), answer: read(&out), remarks: read(&err) }
}

/// `equity verify` finds every row as the log has it.
#[track_caller]
pub(super) fn verify_clean(folder: &Path) -> serde_json::Value {
    is_clean(&check("verify", folder))
}

/// The same, where the disk of the folder has no room for a second store.
#[track_caller]
pub(super) fn verify_clean_in(folder: &Path, work_folder: &Path) -> serde_json::Value {
    let there = ["verify".as_ref(), "--work-folder".as_ref(), work_folder.as_os_str()];
    let report = is_clean(&check_with(&there, folder));
    assert_eq!(std::fs::read_dir(work_folder).unwrap().count(), 0, "something was left behind");
    report
}

#[track_caller]
fn is_clean(ended: &Ended) -> serde_json::Value {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report: serde_json::Value = serde_json::from_str(&ended.answer).unwrap();
    assert!(report["differences"].as_array().unwrap().is_empty(), "{report}");
    assert!(report["rows"].as_u64().unwrap() > 0, "{report}");
    report
}
