//! The service as a program of its own, as an operator runs it: it is stopped, killed and started again on its folder.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::Outcome;

/// A running program. Dropping it kills it.
pub struct Program {
    child: Child,
    uri: String,
}

impl Program {
    /// Starts it on a data folder; how long it took until it said that it is ready.
    pub fn start(data: &Path) -> Outcome<(Self, Duration)> {
        Self::start_with(data, &[])
    }

    /// The same with settings in its environment.
    pub fn start_with(data: &Path, settings: &[(&str, OsString)]) -> Outcome<(Self, Duration)> {
        let begin = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_equity"))
            .args(["serve", "--format", "json", "--address", "127.0.0.1:0", "--data-folder"])
            .arg(data)
            .env("EQUITY_LOG", "error")
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let time = begin.elapsed();
        let mut program = Self { child, uri: String::new() };
        let ready: serde_json::Value =
            serde_json::from_str(&line).map_err(|_| "the service did not start")?;
        program.uri = ready["address"].as_str().ok_or("no address")?.to_owned();
        Ok((program, time))
    }

    /// Its address.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Its resident memory in megabytes; none where the system does not tell.
    pub fn resident(&self) -> Option<f64> {
        self.megabytes("VmRSS:")
    }

    /// The most that it was since the start.
    pub fn most_resident(&self) -> Option<f64> {
        self.megabytes("VmHWM:")
    }

    fn megabytes(&self, name: &str) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kib / 1024.0)
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(mut self) -> Outcome {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let ended = self.child.wait()?;
        if ended.success() { Ok(()) } else { Err(format!("the service ended with {ended}").into()) }
    }

    /// SIGKILL: it has no time for anything.
    pub fn kill(mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the command line; what it says on standard error is the error.
pub fn equity(arguments: &[&str]) -> Outcome {
    let ended = Command::new(env!("CARGO_BIN_EXE_equity")).args(arguments).output()?;
    if ended.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ended.stderr).into()) }
}

/// A file of the bundled demo data.
pub fn demo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/demo").join(name)
}
