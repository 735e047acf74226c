//! Runs `equity` as people and scripts do.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The command, without anything of the environment that could change what it does.
pub(crate) fn equity() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_equity"));
    for (name, _) in std::env::vars() {
        if name.starts_with("EQUITY_")
            || name.starts_with("OTEL_")
            || name.starts_with("LC_")
            || name == "LANG"
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    Ended::of(equity().args(arguments).output().unwrap())
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) answer: String,
    /// Standard error.
    pub(crate) remarks: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            answer: String::from_utf8(output.stdout).unwrap(),
            remarks: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The answer of a command that has to have ended well.
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.answer
    }

    /// The answer as JSON.
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.well()).unwrap()
    }
}

/// `equity serve` on a free port, killed when the test is over.
pub(crate) struct Served {
    child: Child,
    /// Where it serves.
    pub(crate) address: String,
}

impl Served {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_at("127.0.0.1:0", folder)
    }

    /// The same at an address, where a service was before.
    pub(crate) fn start_at(address: &str, folder: &Path) -> Self {
        Self::with(address, folder, &[])
    }

    /// The same with further options.
    pub(crate) fn with(address: &str, folder: &Path, options: &[&str]) -> Self {
        let mut command = equity();
        command.arg("serve").args(options).stderr(Stdio::null());
        Self::by(command, address, folder)
    }

    /// The same with this environment; the second is its log, a file in the folder.
    pub(crate) fn logged(folder: &Path, environment: &[(&str, &str)]) -> (Self, PathBuf) {
        let log = folder.join("service.log");
        let mut command = equity();
        command.arg("serve").envs(environment.iter().copied()).stderr(File::create(&log).unwrap());
        (Self::by(command, "127.0.0.1:0", &folder.join("data")), log)
    }

    /// The same by a command that has its options, its environment and a place for its log.
    pub(crate) fn by(mut command: Command, address: &str, folder: &Path) -> Self {
        let mut child = command
            .args(["--address", address, "--format", "json", "--data-folder"])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { child, address: ready["address"].as_str().unwrap().to_owned() }
    }

    /// Asks this service.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Ended {
        Ended::of(equity().args(arguments).args(["--service", &self.address]).output().unwrap())
    }

    /// Sends SIGTERM and returns the exit code and how long it took.
    pub(crate) fn terminate(self) -> (Option<i32>, Duration) {
        self.signal("-TERM");
        self.ends()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Waits for its end: the exit code, and how long it took.
    pub(crate) fn ends(mut self) -> (Option<i32>, Duration) {
        let begin = Instant::now();
        let code = self.child.wait().unwrap().code();
        (code, begin.elapsed())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The count of a row in a column of an answer as JSON.
pub(crate) fn count(answer: &serde_json::Value, row: &serde_json::Value, column: &str) -> i64 {
    let columns = answer["columns"].as_array().unwrap();
    let place = columns.iter().position(|known| known["id"] == column);
    let place = place.unwrap_or_else(|| panic!("no column {column}"));
    row["cells"][place]["numerator_count"].as_i64().unwrap()
}
