//! Files as spreadsheets and other programs leave them: taken where they have one meaning, refused with the true reason.

use std::io::Write as _;

use equity_indicators::ingest::{Defaults, IngestError, Records, SubmissionFile};
use equity_indicators::proto::v1::ConsultationRecord;

use super::{read_and_notes, read_bytes, read_text};
use crate::support::TestServer;

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

fn rows(submission: &SubmissionFile) -> &[ConsultationRecord] {
    match &submission.rows {
        Records::Consultations(rows) => rows,
        other => panic!("expected consultations: {other:?}"),
    }
}

#[test]
fn rows_of_commas_are_no_rows() {
    // Shorter, longer, with blanks, at the end of the file: whatever a spreadsheet leaves.
    let text = "organisation,month,channel\nC82001,2026-04,VIDEO\n,\n ,  ,\n,,,,\nC82001,2026-04,VIDEO,,\n,,";
    let (all, notes) = read_and_notes(text);
    assert_eq!((all.len(), all[0].rows.len()), (1, 2));
    assert!(notes.contains("passed over: 4"), "{notes}");
    assert!(read_text("organisation,month\n,\n,\n").unwrap().is_empty());
}

/// What a spreadsheet leaves below a table would double the data.
#[test]
fn a_last_row_of_nothing_but_the_sum_is_refused() {
    let rows = "channel,age_band,record_count\nVIDEO,40-44,7\nTELEPHONE,,5\n";
    let read = |last: &str| read_bytes(format!("{rows}{last}\n").as_bytes(), &practice());
    let error = read(",,12").unwrap_err().to_string();
    assert!(error.contains("line 4") && error.contains("12") && error.contains("total"), "{error}");
    // Another number, another cell, or a row before others: records of which nothing else is known.
    assert_eq!(read(",,11").unwrap()[0].rows.len(), 3);
    assert_eq!(read("VIDEO,,12").unwrap()[0].rows.len(), 3);
    assert_eq!(read(",,12\nVIDEO,,1").unwrap()[0].rows.len(), 4);
}

#[test]
fn whole_numbers_may_have_decimals_of_zero() {
    let own = "organisation,month,channel,age_years,lead_time_days,record_count\n\
        C82001,2026-04,VIDEO,77.0,3,2.0\nC82001,2026-04,VIDEO,34,,1\n";
    let (all, notes) = read_and_notes(own);
    let row = &rows(&all[0])[0];
    let age = row.person.as_ref().and_then(|person| person.age_years);
    assert_eq!((age, row.lead_time_days, row.record_count), (Some(77), Some(3), Some(2)));
    assert_eq!(notes, "whole numbers with decimals, `77.0`, which were read as `77`: 2");
    let error = read_text(&own.replace("77.0", "77.5")).unwrap_err();
    assert!(matches!(error, IngestError::Value { line: 2, .. }), "{error}");
    let header = "CCG_CODE,Appointment_Month,APPT_STATUS,HCP_TYPE,APPT_MODE,TIME_BETWEEN_BOOK_AND_APPT,COUNT_OF_APPOINTMENTS\n";
    let (all, notes) =
        read_and_notes(&format!("{header}04C,JUN2022,Attended,GP,Telephone,1 Day,7.0\n"));
    assert_eq!((all[0].rows.total(), notes.ends_with("`77`: 1")), (7, true), "{notes}");
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
        (b"<?xml version=\"1.0\"?><rows/>".to_vec(), "an XML document"),
        (b"[{\"channel\":\"TELEPHONE\"}]".to_vec(), "a JSON document"),
        (b"{\n  \"rows\": []\n}".to_vec(), "a JSON document"),
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
