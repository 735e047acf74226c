//! The guide to TLS, command by command, with a service that it starts; and the demo with certificates.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::run::{Ended, equity};

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/guides/tls.md");

/// A service, killed when the test is over.
struct Guided(Child);

impl Drop for Guided {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The blocks of the guide that are marked, with the mark.
fn blocks() -> Vec<(Vec<String>, String)> {
    let text = std::fs::read_to_string(GUIDE).unwrap();
    let parts: Vec<_> = text.split("```").collect();
    let marked = parts.windows(2).filter(|pair| pair[1].trim_start().starts_with("<!-- tls"));
    let lines = |block: &str| block.lines().skip(1).map(str::to_owned).collect();
    marked
        .map(|pair| (lines(pair[0]), pair[1].trim_start().lines().next().unwrap().to_owned()))
        .collect()
}

fn serve(words: &[&str], folder: &Path) -> (Guided, String) {
    let mut command = equity();
    command.args(words).args(["--address", "127.0.0.1:0", "--format", "json"]).current_dir(folder);
    let mut child = Guided(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = ready["address"].as_str().unwrap().replace("127.0.0.1", "localhost");
    assert!(address.starts_with("https://"), "{address}");
    (child, address)
}

#[test]
fn the_guide_sets_tls_up_for_two_partners() {
    let folder = tempfile::tempdir().unwrap();
    let csv = std::fs::read_to_string(GUIDE).unwrap();
    let csv = csv.split("```csv april.csv\n").nth(1).unwrap().split("```").next().unwrap();
    std::fs::write(folder.path().join("april.csv"), csv).unwrap();
    let (mut service, mut environment) = (None, BTreeMap::new());
    let mut tried = 0;
    for (lines, mark) in blocks() {
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["export", ref set @ ..] => {
                    environment.extend(set.iter().map(|one| {
                        let (name, value) = one.split_once('=').unwrap();
                        (name.to_owned(), value.to_owned())
                    }));
                }
                ["equity", "serve", ..] => service = Some(serve(&words[1..], folder.path())),
                ["equity", ref arguments @ ..] => {
                    let mut command = equity();
                    command.args(arguments).envs(&environment).current_dir(folder.path());
                    if let Some((_, address)) = &service {
                        command.env("EQUITY_SERVICE", address);
                    }
                    let ended = Ended::of(command.output().unwrap());
                    let refused = mark.contains("refused");
                    assert_eq!(ended.code, Some(i32::from(refused)), "{line}: {ended:?}");
                    assert!(!refused || ended.remarks.contains("OUT_OF_SCOPE"), "{ended:?}");
                    assert!(arguments[0] != "info" || ended.answer.contains("alpha"), "{ended:?}");
                    tried += 1;
                }
                _ => panic!("{line} is no command"),
            }
        }
    }
    assert!(tried >= 7, "{tried} commands");
    // The last was that alpha is revoked.
    let (_service, address) = service.unwrap();
    let info = |name: &str| {
        let file = |end: &str| format!("certs/{name}.{end}");
        let mut command = equity();
        command.args(["info", "--wait", "0", "--service", &address, "--ca", "certs/ca.crt"]);
        command.args(["--cert", &file("crt"), "--key", &file("key")]).current_dir(folder.path());
        Ended::of(command.output().unwrap())
    };
    let until = Instant::now() + Duration::from_secs(30);
    while info("alpha").code == Some(0) {
        assert!(Instant::now() < until, "alpha was revoked");
        std::thread::sleep(Duration::from_millis(500));
    }
    let beta = info("beta").well();
    assert!(beta.contains("C82002"), "{beta}");
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        folder.path().join("certs").join(name).metadata().unwrap().permissions().mode() & 0o777
    };
    assert_eq!(["ca.key", "server.key", "alpha.key"].map(mode), [0o600; 3]);
}

#[test]
fn another_instance_than_the_expected_one_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let served = super::run::Served::start(folder.path());
    let info = served.ask(&["info", "--format", "json"]).json();
    let id = info["info"]["instance_id"].as_str().unwrap().to_owned();
    assert_eq!(served.ask(&["reference", "areas", "--expect-instance", &id]).code, Some(0));
    let other = served.ask(&["reference", "areas", "--expect-instance", "0000000000000000"]);
    assert_eq!((other.code, other.answer.as_str()), (Some(2), ""));
    assert!(other.remarks.contains(&id), "{other:?}");
}
