//! A file that comes through a pipe, and what the command says of an untidy one.

use std::io::Write as _;
use std::process::Stdio;

use super::run::{Served, equity};

#[test]
fn standard_input_is_submitted_and_what_was_read_in_another_form_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    let mut submit = equity()
        .args(["submit", "-", "--collection", "practice-feed", "--organisation", "C82001"])
        .args(["--month", "2026-04", "--format", "csv", "--service", &served.address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = "Channel;Sex;Date\ntelephone;F;01/04/2026\n;;\nVIDEO;2;\n";
    submit.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let ended = submit.wait_with_output().unwrap();
    let remarks = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{remarks}");
    let receipt = String::from_utf8(ended.stdout).unwrap();
    assert!(receipt.contains("C82001,2026-04,CONSULTATIONS,stored,1,2,0,2"), "{receipt}");
    for words in [
        "separated by `;`",
        "passed over: 1",
        "`Channel` as `channel`",
        "channel was read as a word or label with one meaning in the code system (rows: 1; `telephone` is `TELEPHONE`)",
        "person.sex was read as a word or label with one meaning in the code system (rows: 1; `F` is `2`)",
        "date was read as day, month and year (rows: 1; `01/04/2026` is `2026-04-01`)",
    ] {
        assert!(remarks.contains(words), "{words}: {remarks}");
    }
}
