//! Files that must be refused, and what the refusal has to say.

use std::io::Write as _;

use equity_indicators::ingest::{Defaults, IngestError, Records, SubmissionFile};

use super::{read_bytes, read_text};

const APPOINTMENTS: &str = "CCG_CODE,STPNM,Appointment_Month,APPT_STATUS,HCP_TYPE,APPT_MODE,\
    TIME_BETWEEN_BOOK_AND_APPT,COUNT_OF_APPOINTMENTS\n";
const COVERAGE: &str = "SUB_ICB_LOCATION_CODE,Appointment_Month,\
    Patients registered at included practices,Patients registered at open practices\n";

fn appointments(rows: &str) -> Result<Vec<SubmissionFile>, IngestError> {
    read_text(&format!("{APPOINTMENTS}{rows}"))
}

/// Line, column, value of a refused cell.
fn refused(result: Result<Vec<SubmissionFile>, IngestError>) -> (u64, String, String) {
    match result {
        Err(IngestError::Value { line, column, value, expected }) => {
            assert!(!expected.is_empty());
            (line, column, value)
        }
        other => panic!("expected a refused cell: {other:?}"),
    }
}

fn cell(line: u64, column: &str, value: &str) -> (u64, String, String) {
    (line, column.to_owned(), value.to_owned())
}

#[test]
fn cells_that_publications_never_hold() {
    let good = "04C,\"A, B\",APR2020,Attended,GP,Telephone,1 Day,7\n";
    assert!(appointments(good).is_ok());
    for (row, column, value) in [
        ("04C,x,2020-13,Attended,GP,Telephone,1 Day,7", "Appointment_Month", "2020-13"),
        ("04C,x,2020-04-02,Attended,GP,Telephone,1 Day,7", "Appointment_Month", "2020-04-02"),
        ("04C,x,02APR2020,Attended,GP,Telephone,1 Day,7", "Appointment_Month", "02APR2020"),
        ("04C,x,APX2020,Attended,GP,Telephone,1 Day,7", "Appointment_Month", "APX2020"),
        (" ,x,MAY2020,Attended,GP,Telephone,1 Day,7", "CCG_CODE", ""),
        ("04C,x,MAY2020,,GP,Telephone,1 Day,7", "APPT_STATUS", ""),
        ("04C,x,MAY2020,Attended,GP,,1 Day,7", "APPT_MODE", ""),
        ("04C,x,MAY2020,Attended,GP,Telephone,1 Day,", "COUNT_OF_APPOINTMENTS", ""),
        ("04C,x,MAY2020,Attended,GP,Telephone,1 Day,0", "COUNT_OF_APPOINTMENTS", "0"),
        ("04C,x,MAY2020,Attended,GP,Telephone,1 Day,-7", "COUNT_OF_APPOINTMENTS", "-7"),
        ("04C,x,MAY2020,Attended,GP,Telephone,1 Day,+7", "COUNT_OF_APPOINTMENTS", "+7"),
        ("04C,x,MAY2020,Attended,GP,Telephone,1 Day,7.5", "COUNT_OF_APPOINTMENTS", "7.5"),
        ("04C,x,MAY2020,Attended,GP,Telephone,1 Day,x", "COUNT_OF_APPOINTMENTS", "x"),
        (
            "04C,x,MAY2020,Attended,GP,Telephone,1 Day,9223372036854775808",
            "COUNT_OF_APPOINTMENTS",
            "9223372036854775808",
        ),
    ] {
        let found = refused(appointments(&format!("{good}\n{row}\n")));
        assert_eq!(found, cell(4, column, value), "the empty line counts as a line");
    }
}

#[test]
fn the_same_row_twice() {
    let row = "04C,x,APR2020,DNA,GP,Telephone,1 Day,";
    let other = "04C,x,APR2020,DNA,GP,Telephone,2 to 7 Days,1";
    let error = appointments(&format!("{row}7\n{other}\n{row}8\n")).unwrap_err();
    assert!(matches!(error, IngestError::DuplicateRow { line: 4, first_line: 2, .. }), "{error}");
    let error = read_text(&format!("{COVERAGE}04C,01APR2020,1,1\n04C,01APR2020,2,2\n"));
    assert!(matches!(error, Err(IngestError::DuplicateRow { line: 3, first_line: 2, .. })));
}

#[test]
fn more_patients_included_than_there_are() {
    let found = refused(read_text(&format!("{COVERAGE}04C,01APR2020,11,10\n")));
    assert_eq!(found, cell(2, "Patients registered at included practices", "11"));
}

#[test]
fn headers() {
    let missing = "CCG_CODE,APPT_MODE,COUNT_OF_APPOINTMENTS\n";
    let error = read_text(missing).unwrap_err();
    let expected = ["Appointment_Month", "APPT_STATUS", "HCP_TYPE", "TIME_BETWEEN_BOOK_AND_APPT"];
    assert!(
        matches!(&error, IngestError::OtherColumns { lacks, .. } if *lacks == expected),
        "{error}"
    );
    let twice = APPOINTMENTS.replace("STPNM", "ccg_code");
    assert!(matches!(read_text(&twice), Err(IngestError::RepeatedColumn { .. })));
    assert!(matches!(read_text("a,b\n1,2\n"), Err(IngestError::UnknownFormat { .. })));
    assert!(matches!(read_text(""), Err(IngestError::Empty)));
    assert!(matches!(read_text("\n\n"), Err(IngestError::Empty)));
    assert!(matches!(read_text(" , \n"), Err(IngestError::Empty)));
    assert!(appointments("").unwrap().is_empty());
}

#[test]
fn the_names_after_the_renaming_of_locations() {
    let text = format!("{APPOINTMENTS}04C,x,apr2021,Attended,GP,Telephone,1 Day,7\n")
        .replace("CCG_CODE", "SUB_ICB_LOCATION_CODE");
    let submissions = read_text(&text).unwrap();
    assert_eq!((&*submissions[0].organisation, &*submissions[0].month), ("04C", "2021-04"));
}

#[test]
fn damaged_files() {
    let error = appointments("04C,x,APR2020\n").unwrap_err();
    assert!(matches!(error, IngestError::Cells { line: 2, found: 3, expected: 8 }), "{error}");
    let latin = [APPOINTMENTS.as_bytes(), b"04C,Caf\x81,APR2020,DNA,GP,Unknown,1 Day,1\n"].concat();
    let error = read_bytes(&latin, &Defaults::default()).unwrap_err();
    assert!(matches!(error, IngestError::Encoding { line: 2 }), "{error}");
    let error = read_bytes(b"\xff\xfem\0\x00\xd8o\0", &Defaults::default()).unwrap_err();
    assert!(matches!(error, IngestError::Encoding { line: 1 }), "half a character: {error}");
    let marked = format!("\u{feff}{APPOINTMENTS}04C,x,APR2020,DNA,GP,Unknown,1 Day,1\n");
    assert_eq!(read_text(&marked).unwrap().len(), 1);
    let error = read_bytes(b"", &Defaults::default()).unwrap_err();
    assert!(matches!(error, IngestError::Empty));
    let error = super::read_all(std::path::Path::new("/nowhere/at/all"), &Defaults::default());
    assert!(matches!(error, Err(IngestError::Open { .. })));
}

#[test]
fn a_compressed_file_that_ends_too_early() {
    let mut text = APPOINTMENTS.to_owned();
    for wait in 0..5_000 {
        text += &format!("04C,x,APR2020,DNA,GP,Unknown,{} days,1\n", wait * 7_919 % 10_007);
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    let submissions = read_bytes(&whole, &Defaults::default()).unwrap();
    assert!(matches!(&submissions[0].rows, Records::Consultations(rows) if rows.len() == 5_000));
    // Two compressed streams one after the other are one file.
    let error = read_bytes(&[&*whole, &whole].concat(), &Defaults::default()).unwrap_err();
    assert!(matches!(error, IngestError::Value { line: 5_002, .. }), "{error}");
    let half = read_bytes(&whole[..whole.len() / 2], &Defaults::default());
    assert!(matches!(half, Err(IngestError::Read { .. })), "{half:?}");
}

#[test]
fn lines_are_counted_as_editors_count_them() {
    let rows = ["", "A,2020-04,1", "", "A,2020-04,1", "A,2020-04,x"];
    for end in ["\n", "\r\n", "\r"] {
        for last in ["", end] {
            let text = format!("organisation,month,age_years{end}{}{last}", rows.join(end));
            assert_eq!(refused(read_text(&text)), cell(6, "age_years", "x"), "{text:?}");
        }
    }
    let mixed = "organisation,month,age_years\r\nA,2020-04,1\n\r\nA,2020-04,1\r\rA,2020-04,x";
    assert_eq!(refused(read_text(mixed)), cell(6, "age_years", "x"));
    let long = format!(
        "organisation,month,age_years\r\n{}A,2020-04,x\r\n",
        "A,2020-04,1\r\n".repeat(50_000)
    );
    assert_eq!(
        refused(read_text(&long)),
        cell(50_002, "age_years", "x"),
        "beyond what is read at once"
    );
    let cells = "organisation,month\r\nA,2020-04\r\nA\r\n";
    assert!(matches!(read_text(cells), Err(IngestError::Cells { line: 3, .. })));
}

/// Whatever stands behind it would become one cell, and its rows be lost without a word.
#[test]
fn a_quote_that_is_not_closed_on_its_line() {
    for end in ["\n", "\r\n"] {
        for rest in [format!("A,2020-04,2{end}"), String::new()] {
            let text = format!(
                "organisation,month,sex{end}A,2020-04,1{end}A,2020-04,\"2{end}A,2020-04,1{end}{rest}"
            );
            let error = read_text(&text).unwrap_err();
            assert!(matches!(error, IngestError::LineBreak { line: 3 }), "{error} of {text:?}");
        }
    }
}
