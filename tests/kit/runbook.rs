//! The runbook, command by command and in its order, as the person on call would type it: in a folder with `DATA`, `BACKUP` and `SAFE`, beside a
//! service that runs where the section needs one.
//!
//! - `<!-- stopped -->` behind a block: the service is stopped for it.
//! - `equity serve` without `--check` starts the service, and the test goes on when it is ready.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Parser as _;
use clap::error::ErrorKind;
use equity_indicators::cli::args::Cli;

use super::text;
use crate::cli::run::{Ended, Served, equity};

const STOPPED: &str = "<!-- stopped -->";
const SETTINGS: &str = "/etc/equity/equity.toml";

/// A block of commands, and the section that it is in.
struct Block {
    section: String,
    commands: Vec<String>,
    stopped: bool,
}

fn blocks(runbook: &str) -> Vec<Block> {
    let (mut found, mut section) = (Vec::new(), String::new());
    let mut lines = runbook.lines();
    while let Some(line) = lines.next() {
        if line.starts_with('#') {
            line.trim_start_matches('#').trim().clone_into(&mut section);
        }
        let Some(language) = line.strip_prefix("```") else { continue };
        let inside: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if language == "sh" {
            let commands = inside.iter().map(|line| line.split("  #").next().unwrap().trim());
            let commands = commands.filter(|line| !line.is_empty()).map(str::to_owned).collect();
            let stopped = lines.clone().next() == Some(STOPPED);
            found.push(Block { section: section.clone(), commands, stopped });
        }
    }
    found
}

/// The place of the person on call.
struct Place {
    folder: tempfile::TempDir,
    served: Option<Served>,
    ran: Vec<String>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["BACKUP", "SAFE"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let path = |name: &str| folder.path().join(name).display().to_string();
        // A partner whose endpoint does not answer.
        let partners = "trust_domain = \"equity.example\"\n[partners.alpha]\norganisation = \"C82007\"\nsystems = [\"alpha\"]\nsubmit_for = [\"C82007\"]\n\
             read = { profile = \"PARTNER\", areas = [\"QK1\"], datasets = [\"*\"], indicators = [\"*\"] }\n\
             [partners.alpha.telemetry]\nendpoint = \"http://127.0.0.1:1\"\nprotocol = \"grpc\"\nallow_addresses = [\"127.0.0.0/8\"]\nareas = [\"QK1\"]\ncharacteristics = [\"sex\"]\n";
        fs::write(path("partners.toml"), partners).unwrap();
        let settings = format!(
            "address = \"127.0.0.1:0\"\ndata_folder = \"{}\"\npartners_file = \"{}\"\n",
            path("DATA"),
            path("partners.toml")
        );
        fs::write(path("equity.toml"), settings).unwrap();
        Self { folder, served: None, ran: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&mut self) {
        self.stop();
        let mut command = equity();
        command.arg("serve").arg("--config").arg(self.path("equity.toml"));
        let said = fs::File::create(self.path("service.log")).unwrap();
        command.stderr(said).current_dir(self.folder.path());
        self.served = Some(Served::by(command, "127.0.0.1:0", &self.path("DATA")));
    }

    fn stop(&mut self) {
        if let Some(served) = self.served.take() {
            assert_eq!(served.terminate().0, Some(0));
        }
    }

    fn submit(&self, month: &str) {
        let file = self.path("rows.csv");
        fs::write(&file, "channel,sex\nTELEPHONE,1\nVIDEO,2\n").unwrap();
        let place = ["--collection", "practice-feed", "--organisation", "C82007", "--month", month];
        let file = file.to_str().unwrap().to_owned();
        self.served.as_ref().unwrap().ask(&[&["submit", &file][..], &place].concat()).well();
    }

    /// What has happened before a section is read.
    fn before(&mut self, section: &str) {
        match section {
            "Back up" => {
                self.submit("2025-01");
                self.submit("2025-02");
            }
            "Restore" => self.submit("2025-03"),
            "The log is damaged" => {
                self.stop();
                let segment = self.path("DATA/log/00000000000000000001.seg");
                let mut bytes = fs::read(&segment).unwrap();
                bytes[300] ^= 1;
                fs::write(segment, bytes).unwrap();
                self.start();
                let served = self.served.as_ref().unwrap();
                assert_eq!(served.ask(&["status"]).code, Some(5), "the damage is seen");
            }
            _ => {}
        }
    }

    fn run(&mut self, command: &str) {
        self.ran.push(command.to_owned());
        if command.starts_with("equity serve ") && !command.contains("--check") {
            assert_eq!(command, format!("equity serve --config {SETTINGS}"));
            return self.start();
        }
        let command = command.replace(SETTINGS, "equity.toml");
        let program = Path::new(env!("CARGO_BIN_EXE_equity")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &command]).env("PATH", path);
        bash.current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("EQUITY_")) {
            bash.env_remove(name);
        }
        if let Some(served) = &self.served {
            bash.env("EQUITY_SERVICE", &served.address);
        }
        let ended = Ended::of(bash.output().unwrap());
        assert_eq!(ended.code, Some(0), "{command}\n{ended:?}\nbefore it: {:#?}", self.ran);
    }

    /// What a section promises.
    fn after(&self, section: &str) {
        let listed = || {
            let list = ["submissions", "list", "--past", "--format", "csv"];
            self.served.as_ref().unwrap().ask(&list).well()
        };
        match section {
            "Restore" => {
                let list = listed();
                assert!(list.contains("2025-01") && list.contains("2025-02"), "{list}");
                assert!(!list.contains("2025-03"), "it came after the snapshot: {list}");
                assert!(self.path("DATA-before/log").exists());
            }
            "A partner does not answer" => {
                let status = ["partners", "delivery", "status", "alpha", "--format", "json"];
                let status = self.served.as_ref().unwrap().ask(&status).json();
                assert!(!status["statuses"].as_array().unwrap().is_empty(), "{status}");
            }
            _ => {}
        }
    }
}

#[test]
fn every_command_of_the_runbook_does_what_it_says() {
    let mut place = Place::new();
    let mut last = String::new();
    for block in blocks(&text("runbook.md")) {
        if block.section != last {
            place.after(&last);
            place.before(&block.section);
        }
        match block.stopped {
            true => place.stop(),
            // `Start and stop` starts it itself.
            false if place.served.is_none() && block.section != "Start and stop" => {
                let starts =
                    block.commands.iter().any(|one| one.starts_with("equity serve --config"));
                if !starts {
                    place.start();
                }
            }
            false => {}
        }
        block.commands.iter().for_each(|command| place.run(command));
        last = block.section;
    }
    place.after(&last);
    for needed in
        ["equity snapshot", "equity restore", "equity status", "equity verify", "equity rebuild"]
    {
        assert!(
            place.ran.iter().any(|one| one.starts_with(needed)),
            "{needed} is not in the runbook"
        );
    }
    assert!(place.ran.len() > 25, "{:#?}", place.ran);
    // In the end a service serves and accepts changes.
    place.start();
    place.submit("2025-04");
}

/// Commands within sentences exist, with the options that are named there.
#[test]
fn commands_in_sentences_can_be_typed() {
    let runbook = text("runbook.md");
    let outside: String = runbook.split("```").step_by(2).collect();
    let spans = outside.split('`').skip(1).step_by(2);
    let mut tried = 0;
    for span in spans.filter(|span| span.starts_with("equity ")) {
        match Cli::try_parse_from(span.split_whitespace()) {
            Ok(_) => {}
            // The name of a command alone.
            Err(error)
                if [
                    ErrorKind::MissingRequiredArgument,
                    ErrorKind::MissingSubcommand,
                    ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
                ]
                .contains(&error.kind()) => {}
            Err(error) => panic!("{span}: {error}"),
        }
        tried += 1;
    }
    assert!(tried > 15, "{tried}");
}

#[test]
fn blocks_and_marks_are_found() {
    let found = blocks(
        "## A b\nx\n```sh\nequity c   # d\n\nmv e f\n```\n<!-- stopped -->\n```text\ny\n```\n### G\n```sh\nh\n```\n",
    );
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].section.as_str(), found[0].stopped), ("A b", true));
    assert_eq!(found[0].commands, ["equity c", "mv e f"]);
    assert_eq!((found[1].section.as_str(), found[1].stopped), ("G", false));
}
