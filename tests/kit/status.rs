//! `equity status`: each state of a service, and its exit code.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::run::{Ended, Served, equity, run};

const MONTH: [&str; 6] =
    ["--collection", "practice-feed", "--organisation", "C82001", "--month", "2025-02"];

fn with_data(folder: &Path) -> Served {
    let served = Served::start(&folder.join("data"));
    let file = folder.join("rows.csv");
    fs::write(&file, "channel\nTELEPHONE\nVIDEO\n").unwrap();
    served.ask(&[&["submit", file.to_str().unwrap()][..], &MONTH].concat()).well();
    served
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.answer).unwrap()
}

#[test]
fn a_service_that_works_says_how_far_it_is_and_how_old_its_data_is() {
    let folder = tempfile::tempdir().unwrap();
    let served = with_data(folder.path());
    let said = served.ask(&["status", "--format", "json"]).json();
    assert_eq!((&said["serves"], &said["accepts_changes"]), (&true.into(), &true.into()));
    let info = served.ask(&["info", "--format", "json"]).json();
    let of = |name: &str| info["info"][name].clone();
    assert_eq!(
        (&said["position"], said["position"].as_i64().unwrap() > 2),
        (&of("position"), true)
    );
    assert_eq!((&said["instance_id"], &said["version"]), (&of("instance_id"), &of("version")));
    let collection = &said["collections"][0];
    assert_eq!(
        (&collection["collection"], &collection["last_month"], &collection["submission_count"]),
        (&"practice-feed".into(), &"2025-02".into(), &1.into())
    );
    let age = collection["age_seconds"].as_i64().unwrap();
    assert!((0..300).contains(&age), "{said}");
    let table = served.ask(&["status"]).well();
    for words in ["accepts changes", "practice-feed", "up to 2025-02, received"] {
        assert!(table.contains(words), "{words} is missing:\n{table}");
    }
    // Data that is too old, and a collection that has none.
    assert_eq!(served.ask(&["status", "--max-age", "practice-feed=1"]).code, Some(0));
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let old = served.ask(&["status", "--max-age", "practice-feed=0", "--max-age", "mhsds=900"]);
    assert_eq!(old.code, Some(6), "{old:?}");
    for words in ["practice-feed:", "at most 0 days", "mhsds: no submission"] {
        assert!(old.remarks.contains(words), "{words} is missing: {old:?}");
    }
    assert_eq!(served.ask(&["status", "--max-age", "practice-feed"]).code, Some(2));
}

#[test]
fn a_service_that_only_answers_has_a_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let served = with_data(folder.path());
    assert_eq!(served.terminate().0, Some(0));
    let log = folder.path().join("data/log");
    let segment = fs::read_dir(&log).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let served = Served::start(&folder.path().join("data"));
    let ended = served.ask(&["status", "--format", "json"]);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert_eq!(
        (&json(&ended)["serves"], &json(&ended)["accepts_changes"]),
        (&true.into(), &false.into())
    );
    assert_eq!(served.ask(&["status", "--ignore-writing"]).code, Some(0));
    // Nothing of a damaged log becomes a snapshot.
    let (data, to) = (folder.path().join("data"), folder.path().join("snapshot"));
    let taken =
        run(&["snapshot", "--data-folder", data.to_str().unwrap(), "--to", to.to_str().unwrap()]);
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert!(taken.remarks.contains("the log is damaged"), "{taken:?}");
    assert!(!to.join("manifest.json").exists());
}

/// A service that can record no call is reached, and serves nothing.
#[test]
fn a_service_that_cannot_record_calls_does_not_serve() {
    let folder = tempfile::tempdir().unwrap();
    let served = with_data(folder.path());
    assert_eq!(served.terminate().0, Some(0));
    let audit = folder.path().join("data/audit");
    let files = fs::read_dir(&audit).unwrap().map(|file| file.unwrap().path());
    let segment = files.filter(|file| file.extension().is_some_and(|of| of == "seg")).max();
    let segment = segment.unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let served = Served::start(&folder.path().join("data"));
    for options in [&[][..], &["--ignore-writing"]] {
        let ended = served.ask(&[&["status", "--format", "json"][..], options].concat());
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert_eq!(
            (&json(&ended)["serves"], &json(&ended)["accepts_changes"]),
            (&false.into(), &false.into())
        );
        assert_eq!(json(&ended)["position"], Value::Null);
    }
    let table = served.ask(&["status"]);
    assert!(table.code == Some(3) && table.remarks.contains("does not serve"), "{table:?}");
}

#[test]
fn no_service_is_no_status() {
    let ended = run(&["status", "--service", "127.0.0.1:1", "--wait", "0"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
}

/// A probe has a certificate of the authority and is no partner: the health service answers it all the same.
#[test]
fn a_certificate_without_a_partner_learns_whether_the_service_serves() {
    let folder = tempfile::tempdir().unwrap();
    let certs = folder.path().join("certs");
    run(&[
        "certs",
        "dev",
        certs.to_str().unwrap(),
        "--partner",
        "alpha=C82001/emis",
        "--partner",
        "probe=C82002/probe",
    ])
    .well();
    let partners = certs.join("partners.toml");
    let all = fs::read_to_string(&partners).unwrap();
    let (before, _) = all.split_once("[partners.probe]").unwrap();
    fs::write(&partners, before).unwrap();
    let mut command = equity();
    command.args(["serve", "--config"]).arg(certs.join("equity.toml"));
    command.stderr(std::process::Stdio::null()).current_dir(folder.path());
    let served = Served::by(command, "127.0.0.1:0", &folder.path().join("data"));
    let address = served.address.replace("127.0.0.1", "localhost");
    let ask = |name: &str| {
        let file = |of: String| certs.join(of).to_str().unwrap().to_owned();
        let mut command = equity();
        command.args(["status", "--format", "json", "--service", &address]);
        command.args(["--ca", &file("ca.crt".into()), "--cert", &file(format!("{name}.crt"))]);
        command.args(["--key", &file(format!("{name}.key"))]);
        Ended::of(command.output().unwrap())
    };
    let alpha = ask("alpha");
    assert_eq!(alpha.code, Some(0), "{alpha:?}");
    assert!(json(&alpha)["position"].is_i64());
    let probe = ask("probe");
    assert_eq!(probe.code, Some(0), "{probe:?}");
    assert_eq!((&json(&probe)["serves"], &json(&probe)["position"]), (&true.into(), &Value::Null));
    assert!(probe.remarks.contains("says no more to this caller"), "{probe:?}");
}
