//! Rows are numbered one way: the line of the file, and the index in the submission beside it.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::run::{Ended, Served, equity};

const ABOUT: [&str; 6] =
    ["--collection", "practice-feed", "--organisation", "C82001", "--month", "2026-04"];
/// The second record is wrong.
const TABLE: &str = "channel,sex\nVIDEO,1\n\n,\nTELEPHONE,Q\nVIDEO,2\n";

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

fn zip(text: &str) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("a.csv", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(text.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

fn json(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    serde_json::from_str(&ended.answer).unwrap()
}

#[test]
fn every_form_of_a_file_has_the_lines_that_an_editor_shows() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    let map = write(folder.path(), "map.toml", "[columns]\n\"Type\" = \"channel\"\n");
    let semicolons = TABLE.replace(',', ";");
    for (name, bytes, line, options) in [
        ("plain.csv", TABLE.as_bytes().to_vec(), 5, &[][..]),
        ("windows.csv", TABLE.replace('\n', "\r\n").into_bytes(), 5, &[]),
        ("old-mac.csv", TABLE.replace('\n', "\r").into_bytes(), 5, &[]),
        ("packed.csv.gz", gzip(TABLE), 5, &[]),
        ("packed.zip", zip(TABLE), 5, &[]),
        ("separator.csv", format!("sep=;\n{semicolons}").into_bytes(), 6, &[]),
        ("numbered.csv", b",channel,sex\n0,VIDEO,1\n1,VIDEO,Q\n".to_vec(), 3, &[]),
        ("mapped.csv", TABLE.replace("channel", "Type").into_bytes(), 5, &["--map", &map]),
    ] {
        let file = write(folder.path(), name, bytes);
        let submit = |format: &str| {
            served.ask(&[&["submit", &file, "--format", format], &ABOUT[..], options].concat())
        };
        let refusal = &json(&submit("json"))["refusals"][0];
        assert_eq!(refusal["file"], file.as_str());
        let mut violation = refusal["violations"][0].clone();
        let description = violation["description"].take();
        assert!(description.as_str().unwrap().starts_with("`Q`: expected"), "{description}");
        let expected =
            json!({"line": line, "row_index": 1, "field": "person.sex", "description": null});
        assert_eq!(violation, expected, "{name}");
        let remarks = submit("table").remarks;
        let words = format!("line {line}, records[1].person.sex: `Q`: expected");
        assert_eq!(remarks.matches("records[1]").count(), 1, "said once: {remarks}");
        assert!(remarks.contains(&words), "{name}: {remarks}");
    }
}

#[test]
fn standard_input_has_lines_and_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    let submit = |text: &str| {
        let mut child = equity()
            .args(
                [&["submit", "-", "--format", "json", "--to", &served.address], &ABOUT[..]]
                    .concat(),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Ended::of(child.wait_with_output().unwrap())
    };
    let refusal = &json(&submit(TABLE))["refusals"][0];
    assert_eq!(
        (&refusal["file"], &refusal["violations"][0]["line"]),
        (&"standard input".into(), &5.into())
    );
    let ended = submit("channel,age_years\nVIDEO,old\n");
    assert!(ended.remarks.contains("standard input: line 2, column \"age_years\""), "{ended:?}");
}

#[test]
fn rows_that_were_left_out_have_both_numbers_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    // Two submissions, row by row.
    let text = "month,channel,sex\n2026-04,VIDEO,1\n2026-03,VIDEO,1\n2026-04,VIDEO,Q\n2026-03,VIDEO,1\n\n2026-03,VIDEO,W\n";
    let file = write(folder.path(), "both.csv", text);
    let submit = |format: &str| {
        let about = [&ABOUT[..4], &["--allow-partial", "--run-id", "r"]].concat();
        served.ask(&[&["submit", &file, "--format", format], &about[..]].concat())
    };
    let answer = submit("json").json();
    let problem = |receipt: &Value| {
        let problem = &receipt["problems"][0];
        (
            receipt["submission"]["month"].clone(),
            problem["line"].clone(),
            problem["row_index"].clone(),
        )
    };
    let receipts = answer["receipts"].as_array().unwrap();
    let mut found: Vec<_> = receipts.iter().map(problem).collect();
    found.sort_by_key(|(month, ..)| month.to_string());
    let expected = [("2026-03", 7, 2), ("2026-04", 4, 1)];
    assert_eq!(found, expected.map(|(month, line, row)| (month.into(), line.into(), row.into())));
    let remarks = submit("csv").remarks;
    assert!(remarks.contains("C82001 2026-03 of "), "{remarks}");
    assert!(remarks.contains("|    7 |         2 | person.sex | W"), "{remarks}");
    // The service knows no file: it lists the index alone.
    let name = receipts[0]["submission"]["name"].as_str().unwrap();
    let listed = served.ask(&["submissions", "problems", name, "--format", "csv"]).well();
    assert!(listed.starts_with("row_index,field,value,expected,nearest"), "{listed}");
}

#[test]
fn each_file_of_several_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    let one = write(folder.path(), "one.csv", TABLE);
    let two = write(folder.path(), "two.csv", TABLE.replace("VIDEO,1\n", "VIDEO,1\nVIDEO,1\n"));
    let ended = served.ask(&[&["submit", &one, &two], &ABOUT[..]].concat());
    for (file, line, row) in [(one, 5, 1), (two, 6, 2)] {
        let words = format!(
            "refused: C82001 2026-04 of {file}: nothing was stored: 1 row has problems; the first is line {line}, records[{row}].person.sex"
        );
        assert!(ended.remarks.contains(&words), "{words}: {ended:?}");
    }
}
