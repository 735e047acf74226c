//! The unit of systemd: systemd understands all of it, and what it runs starts.

use std::path::Path;
use std::process::{Command, Stdio};

use super::text;
use crate::cli::run::{Served, equity};

const PROGRAM: &str = "/usr/local/bin/equity";
const SETTINGS: &str = "/etc/equity/equity.toml";

/// The values of a key of the unit.
fn values(unit: &str, key: &str) -> Vec<String> {
    let lines = unit.lines().filter_map(|line| line.split_once('='));
    lines.filter(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).collect()
}

fn value(unit: &str, key: &str) -> String {
    let mut found = values(unit, key);
    assert_eq!(found.len(), 1, "{key}: {found:?}");
    found.remove(0)
}

/// The arguments of a command line of the unit, for other settings.
fn arguments(line: &str, settings: &Path) -> Vec<String> {
    let mut words = line.split_whitespace();
    assert_eq!(words.next(), Some(PROGRAM), "{line}");
    let own = |word: &str| word.replace(SETTINGS, settings.to_str().unwrap());
    let words: Vec<_> = words.map(own).collect();
    assert!(words.contains(&settings.to_str().unwrap().to_owned()), "{line}");
    words
}

#[test]
fn what_the_unit_runs_starts() {
    let (unit, folder) = (text("equity.service"), tempfile::tempdir().unwrap());
    let settings = folder.path().join("equity.toml");
    // The example with every key that has a default.
    std::fs::write(&settings, text("equity.example.toml")).unwrap();
    for key in ["ExecStartPre", "ExecReload"] {
        let line = arguments(&value(&unit, key), &settings);
        assert!(line.contains(&"--check".to_owned()), "{key} must not start a service");
        let ended = equity().args(&line).current_dir(folder.path()).output().unwrap();
        assert!(ended.status.success(), "{key}: {ended:?}");
    }
    let made: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(made.len(), 1, "a check writes nothing");
    let line = arguments(&value(&unit, "ExecStart"), &settings);
    let mut command = equity();
    command.args(&line).current_dir(folder.path()).stderr(Stdio::null());
    let served = Served::by(command, "127.0.0.1:0", &folder.path().join("data"));
    assert_eq!(served.ask(&["status"]).code, Some(0));
    assert_eq!(served.terminate().0, Some(0));
}

#[test]
fn the_unit_gives_the_service_what_it_needs() {
    let unit = text("equity.service");
    let example: toml::Table = text("equity.example.toml").parse().unwrap();
    let limits = &example["limits"];
    let connections = limits["max_connections"].as_integer().unwrap();
    let files: i64 = value(&unit, "LimitNOFILE").parse().unwrap();
    assert!(files >= connections + 256, "{files} files for {connections} connections");
    let drain = limits["drain"].as_str().unwrap().trim_end_matches('s').parse::<u64>().unwrap();
    let stop: u64 = value(&unit, "TimeoutStopSec").parse().unwrap();
    assert!(stop >= drain + 10, "{stop} s for a drain of {drain} s");
    for (key, needed) in [
        ("NoNewPrivileges", "true"),
        ("ProtectSystem", "strict"),
        ("KillSignal", "SIGTERM"),
        ("User", "equity"),
        ("StateDirectory", "equity equity-witness"),
    ] {
        assert_eq!(value(&unit, key), needed, "{key}");
    }
}

/// `tests/run` installs systemd where it can; without it this fails, so that nobody takes the unit for checked.
#[test]
fn systemd_understands_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let unit = text("equity.service").replace(PROGRAM, env!("CARGO_BIN_EXE_equity"));
    let file = folder.path().join("equity.service");
    let verify = |unit: &str| {
        std::fs::write(&file, unit).unwrap();
        let mut command = Command::new("systemd-analyze");
        let output = command.args(["verify", "--man=no"]).arg(&file).output();
        let output =
            output.expect("systemd-analyze is missing: install systemd (apt-get install systemd)");
        String::from_utf8(output.stderr).unwrap()
    };
    let of_ours = |said: String| {
        let lines = said.lines().filter(|line| line.contains("equity"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of_ours(verify(&unit)), [""; 0]);
    let wrong = unit.replace("LimitNOFILE=4096", "LimitNOFILES=4096");
    assert!(!of_ours(verify(&wrong)).is_empty(), "a key that does not exist was not found");
}
