//! What people read of disclosure control: at the start, in the terminal, in CSV and in JSON.

use super::run::{Served, equity};

const ROWS: &str = "organisation,month,collection,channel,sex,record_count\n\
    C82002,2020-04,practice-feed,TELEPHONE,1,987\n\
    C82009,2020-04,practice-feed,TELEPHONE,1,987\n\
    C82001,2020-04,practice-feed,TELEPHONE,1,987\n\
    C82001,2020-04,practice-feed,VIDEO,2,3\n";

#[test]
fn withheld_and_perturbed_are_said_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("rows.csv"));
    std::fs::write(&file, ROWS).unwrap();
    let served = Served::start(&data);
    served.ask(&["submit", file.to_str().unwrap()]).well();
    served.ask(&["releases", "create", "first"]).well();
    served.terminate();
    let settings = folder.path().join("equity.toml");
    std::fs::write(&settings, "profile_without_identity = \"PARTNER\"\n").unwrap();
    let served = Served::with("127.0.0.1:0", &data, &["--config", settings.to_str().unwrap()]);
    let ask = |format: &str| {
        let question = ["breakdown", "channels", "--area", "QK1", "--from", "2020-04"];
        let more = ["--collection", "practice-feed", "--by", "sex", "--format", format];
        served.ask(&[&question[..], &more].concat())
    };
    let text = ask("table").well();
    for words in ["protected", "counts are perturbed", "cells withheld", "profile PARTNER 1-"] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }
    assert!(text.contains("withheld"), "{text}");
    let csv = ask("csv").well();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|of| of == name).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let reasons = rows.iter().filter(|row| &row[at("absence_reason")] == "WITHHELD").count();
    assert!(reasons > 0 && reasons < rows.len());
    for row in &rows {
        assert_eq!((&row[at("profile")], &row[at("protection")]), ("PARTNER", "PERTURBED"));
        assert_eq!(row[at("withheld_cell_count")], reasons.to_string());
    }
    let json = ask("json").json();
    let said = &json["breakdown"]["context"]["disclosure"];
    assert_eq!(said["profile"], "PROFILE_PARTNER", "{json:#}");
    assert_eq!(said["method"], "PROTECTION_METHOD_PERTURBED");
}

#[test]
fn a_start_says_which_profile_callers_have() {
    let folder = tempfile::tempdir().unwrap();
    let check = |options: &[&str], profile: &str| {
        let mut command = equity();
        if !profile.is_empty() {
            command.env("EQUITY_PROFILE_WITHOUT_IDENTITY", profile);
        }
        let data = folder.path().join("data");
        let all = ["serve", "--check", "--data-folder", data.to_str().unwrap()];
        let ended = super::run::Ended::of(command.args(all).args(options).output().unwrap());
        ended.remarks
    };
    let loopback = ["--address", "127.0.0.1:0"];
    let open = ["--address", "0.0.0.0:0", "--allow-plaintext"];
    for (options, profile, says) in [
        (&loopback[..], "", "profile INTERNAL (the default for this address)"),
        (&open[..], "", "profile PARTNER (the default for this address)"),
        (&loopback[..], "PUBLIC", "profile PUBLIC (set)"),
        (&loopback[..], "PARTNERS", "has to be \"INTERNAL\" or \"PARTNER\" or \"PUBLIC\""),
    ] {
        let remarks = check(options, profile);
        assert!(remarks.contains(says), "{says}: {remarks}");
    }
}
