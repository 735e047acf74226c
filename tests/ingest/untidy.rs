//! Files as spreadsheets and other programs leave them: taken where they have one meaning, refused with the true reason.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use equity_indicators::ingest::{Defaults, IngestError, Records, SubmissionFile, read, read_all};
use equity_indicators::proto::v1::ConsultationRecord;

use super::{read_and_notes, read_bytes, read_text};
use crate::support::{Refusal, TestServer};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ingest/cases").join(name)
}

/// What the command line says of a file with the options of a practice.
fn practice() -> Defaults {
    Defaults {
        organisation: Some("C82001".to_owned()),
        month: Some("2026-04".to_owned()),
        collection: Some("practice-feed".to_owned()),
        person_key_scheme: Some("local".to_owned()),
        ..Defaults::default()
    }
}

/// The one submission of a file, and what is said of the file.
fn read_case(name: &str) -> (SubmissionFile, String) {
    let mut files = read(&case(name), &practice()).unwrap();
    let (notes, submission) = (files.notes().join("\n"), files.next().unwrap().unwrap());
    assert!(files.next().is_none(), "{name}");
    (submission, notes)
}

fn rows(submission: &SubmissionFile) -> &[ConsultationRecord] {
    match &submission.rows {
        Records::Consultations(rows) => rows,
        other => panic!("expected consultations: {other:?}"),
    }
}

#[test]
fn rows_of_commas_are_no_rows() {
    for name in ["blank_rows.csv", "blank_rows_access.csv"] {
        let (submission, notes) = read_case(name);
        assert_eq!(submission.rows.len(), 1, "{name}");
        assert!(notes.contains("passed over: 2"), "{notes}");
    }
    // Shorter, longer, with blanks, at the end of the file: whatever a spreadsheet leaves.
    let text = "organisation,month,channel\nC82001,2026-04,VIDEO\n,\n ,  ,\n,,,,\nC82001,2026-04,VIDEO,,\n,,";
    let (all, notes) = read_and_notes(text);
    assert_eq!((all.len(), all[0].rows.len()), (1, 2));
    assert!(notes.contains("passed over: 4"), "{notes}");
    assert!(read_text("organisation,month\n,\n,\n").unwrap().is_empty());
}

#[test]
fn files_in_other_forms_are_taken() {
    for (name, words) in [
        ("header_caps.csv", "`Channel` as `channel`"),
        ("index_column.csv", "row numbers"),
        ("semicolon.csv", "separated by `;`"),
        ("tab.csv", "separated by a tab"),
    ] {
        let (submission, notes) = read_case(name);
        assert_eq!(rows(&submission).len(), 1, "{name}");
        let row = &rows(&submission)[0];
        let sex = row.person.as_ref().map(|person| person.sex.as_str());
        assert_eq!(
            (row.channel.as_str(), row.attendance.as_str(), sex),
            ("FACE_TO_FACE", "5", Some("1")),
            "{name}"
        );
        assert!(notes.contains(words), "{name}: {notes}");
    }
    assert_eq!(rows(&read_case("zip.zip").0).len(), 1);
    let published = read_all(&case("iso_month.csv"), &Defaults::default()).unwrap();
    assert_eq!((published[0].month.as_str(), published[0].rows.total()), ("2022-06", 13));
    let text = std::fs::read_to_string(case("trailing_space_label.csv")).unwrap();
    let (published, notes) = read_and_notes(&text);
    assert_eq!(rows(&published[0])[0].channel, "Face-to-Face");
    assert!(notes.contains("cut off: 1"), "{notes}");
}

const TABLE: &str = "channel,person_key\nVIDEO,Ren\u{e9}\nTELEPHONE,p2\n";

#[test]
fn every_encoding_and_packing_gives_the_same_records() {
    let expected = read_bytes(TABLE.as_bytes(), &practice()).unwrap();
    let utf_16 = |bytes: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        format!("{mark}{TABLE}").encode_utf16().flat_map(bytes).collect()
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(TABLE.as_bytes()).unwrap();
    for (what, bytes) in [
        ("UTF-8 with a mark", format!("\u{feff}{TABLE}").into_bytes()),
        ("UTF-16, little end first", utf_16(u16::to_le_bytes, "\u{feff}")),
        ("UTF-16, big end first", utf_16(u16::to_be_bytes, "\u{feff}")),
        ("UTF-16 without a mark", utf_16(u16::to_le_bytes, "")),
        ("Windows-1252", TABLE.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()),
        ("Windows lines", TABLE.replace('\n', "\r\n").into_bytes()),
        ("sep=", format!("sep=;\r\n{}", TABLE.replace(',', ";")).into_bytes()),
        ("sep= in quotes", format!("\"sep=,\"\n{TABLE}").into_bytes()),
        ("tabs", TABLE.replace(',', "\t").into_bytes()),
        ("bars", TABLE.replace(',', "|").into_bytes()),
        ("gzip", gzip.finish().unwrap()),
        ("ZIP", zip_of(&[("a.csv", TABLE), ("__MACOSX/._a.csv", "x")])),
        ("empty columns", TABLE.replace('\n', ",,\n").into_bytes()),
    ] {
        let all = read_bytes(&bytes, &practice()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(all[0].rows, expected[0].rows, "{what}");
    }
}

fn zip_of(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let how = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, text) in files {
        archive.start_file(*name, how).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn what_cannot_be_taken_is_called_what_it_is() {
    let two = zip_of(&[("a.csv", TABLE), ("b.csv", TABLE)]);
    let book = zip_of(&[("[Content_Types].xml", "<x/>"), ("xl/workbook.xml", "<x/>")]);
    for (bytes, words) in [
        (two, "a.csv, b.csv"),
        (book, "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "an Excel workbook (.xls)"),
        (b"PAR1\x15\x04".to_vec(), "a Parquet file"),
        (b"%PDF-1.7".to_vec(), "a PDF document"),
        (b"\n<!DOCTYPE html><html>".to_vec(), "a web page"),
    ] {
        let error = read_bytes(&bytes, &practice()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let mut damaged = zip_of(&[("a.csv", TABLE)]);
    let place = damaged.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    damaged[place + 16] ^= 1; // of the checksum
    let error = read_bytes(&damaged, &practice()).unwrap_err();
    assert!(matches!(error, IngestError::Read { .. } | IngestError::Open { .. }), "{error}");
}

#[test]
fn a_file_has_one_encoding() {
    // Windows-1252 in line 2, UTF-8 in line 4; and the other way round.
    let (latin, utf_8) = (&b"VIDEO,Ren\xe9\n"[..], "VIDEO,Ren\u{e9}\n".as_bytes());
    for (first, second) in [(latin, utf_8), (utf_8, latin)] {
        let bytes = [b"channel,person_key\n", first, b"VIDEO,p\n", second].concat();
        let error = read_bytes(&bytes, &practice()).unwrap_err();
        assert!(matches!(error, IngestError::Encoding { line: 4 }), "{error}");
    }
    let error = read_bytes(b"channel,person_key\nVIDEO,a\x81\n", &practice()).unwrap_err();
    assert!(matches!(error, IngestError::Encoding { line: 2 }), "{error}");
}

#[test]
fn a_column_without_a_name_must_be_empty_or_number_the_rows() {
    let error = read_bytes(b",channel\nx,VIDEO\n", &practice()).unwrap_err();
    assert!(matches!(error, IngestError::UnnamedColumn { line: 2, column: 1, .. }), "{error}");
    let error = read_bytes(b"channel,,\nVIDEO,,3\n", &practice()).unwrap_err();
    assert!(matches!(error, IngestError::UnnamedColumn { line: 2, column: 3, .. }), "{error}");
    let pandas = read_bytes(b"Unnamed: 0,channel\n17,VIDEO\n", &practice()).unwrap();
    assert_eq!(rows(&pandas[0]).len(), 1);
    // A row that has nothing but its number is no row.
    let numbered = read_bytes(b",channel\n0,VIDEO\n1,\n", &practice()).unwrap();
    assert_eq!(rows(&numbered[0]).len(), 1);
}

#[test]
fn months_follow_from_every_form_of_one_meaning() {
    let all = read_all(&case("date_named_month.csv"), &Defaults::default()).unwrap();
    assert_eq!((all[0].month.as_str(), rows(&all[0])[0].date.as_str()), ("2026-04", "01/04/2026"));
    for text in
        ["2026-04", "2026-04-01", "01/04/2026", "2026-04-01 00:00:00", "Apr 2026", "APR2026"]
    {
        let file = format!("organisation,month,channel\nC82001,{text},VIDEO\n");
        let (all, notes) = read_and_notes(&file);
        assert_eq!(all[0].month, "2026-04", "{text}");
        assert_eq!(notes.contains("months in another form"), text != "2026-04", "{text}");
    }
    let cell = |text: &str| match read_text(text).unwrap_err() {
        IngestError::Value { column, value, .. } => (column, value),
        other => panic!("{other}"),
    };
    let wrong = cell("organisation,date,channel\nC82001,04/13/2026,VIDEO\n");
    assert_eq!(
        wrong,
        ("date".to_owned(), "04/13/2026".to_owned()),
        "the whole cell, under its name"
    );
    assert_eq!(cell("organisation,month\nC82001,Apr-26\n").1, "Apr-26");
}

#[test]
fn a_word_for_nothing_is_answered_with_what_to_do() {
    for (column, value) in [
        ("organisation", "NA"),
        ("month", "NULL"),
        ("age_years", "nan"),
        ("record_count", "#N/A"),
        ("collection", "None"),
        ("person_key_scheme", "-"),
    ] {
        let text = match column {
            "organisation" => format!("organisation,month,sex\n{value},2026-04,1\n"),
            "month" => format!("organisation,month,sex\nC82001,{value},1\n"),
            column => format!("organisation,month,{column}\nC82001,2026-04,{value}\n"),
        };
        let error = read_text(&text).unwrap_err().to_string();
        assert!(error.contains("leave the cell empty where nothing is recorded"), "{error}");
    }
}

/// What the service says of a file of a practice: the receipt, or the problems by field.
#[tokio::test]
async fn the_service_refuses_what_would_give_wrong_numbers() {
    let server = TestServer::start().await;
    for (name, problems) in [
        ("lsoa_2011_under_2021.csv", 1),
        // `NA` and `NULL` twice each: a problem is named once.
        ("person_key_na.csv", 4),
        ("leading_zero.csv", 2),
        ("month_2099.csv", 1),
    ] {
        let mut defaults = practice();
        if name == "month_2099.csv" {
            defaults.month = None; // the file names its month
        }
        if name == "leading_zero.csv" {
            defaults.code_systems.insert("channel".into(), "consultation_medium_used".into());
        }
        let file = read_all(&case(name), &defaults).unwrap().remove(0);
        let header = file.header(&uuid::Uuid::new_v4().to_string());
        let refused = server.submit(header, rows(&file).to_vec()).await.unwrap_err();
        let found = Refusal::of(&refused).fields;
        assert_eq!(found.len(), problems, "{name}: {found:?}");
        let words = match name {
            "lsoa_2011_under_2021.csv" => "`lsoa_2011` (LSOA, Census 2011)",
            "person_key_na.csv" => "leave the cell empty where nothing is recorded",
            "leading_zero.csv" => "nearest `01`",
            _ => "is after the present month",
        };
        assert!(found[0].1.contains(words), "{name}: {found:?}");
    }
}

#[tokio::test]
async fn the_receipt_counts_what_was_passed_over_and_read_in_another_form() {
    let server = TestServer::start().await;
    let text =
        "channel,sex,date,person_key\ntelephone,F,01/04/2026,p1\nVIDEO,2,2026-04-02T00:00:00,p1\n";
    let file = read_bytes(text.as_bytes(), &practice()).unwrap().remove(0);
    let mut all = rows(&file).to_vec();
    all.insert(1, ConsultationRecord::default());
    all[2].person_key = " p1".to_owned();
    let mut header = file.header(&uuid::Uuid::new_v4().to_string());
    header.expected_record_count = Some(3);
    let first = server.submit(header.clone(), all.clone()).await.unwrap();
    let made = first.submission.clone().unwrap();
    assert_eq!((made.accepted_count, made.blank_count, made.total_count), (2, 1, 2));
    let read: Vec<_> =
        made.readings.iter().map(|r| (r.field.as_str(), r.value.as_str(), r.count)).collect();
    assert_eq!(
        read,
        [
            ("channel", "telephone", 1),
            ("date", "01/04/2026", 1),
            ("date", "2026-04-02T00:00:00", 1),
            ("person.sex", "F", 1),
            ("person_key", "", 1),
        ]
    );
    let again = server.submit(header, all).await.unwrap();
    assert_eq!(again.submission, first.submission, "the first receipt again");
}
