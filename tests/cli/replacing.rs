//! A file that would replace a month and lose most of it: told before it is stored, and stored with `--replace`.

use super::run::Served;

const HEADER: &str = "SUB_ICB_LOCATION_CODE,Appointment_Month,APPT_STATUS,HCP_TYPE,APPT_MODE,TIME_BETWEEN_BOOK_AND_APPT,COUNT_OF_APPOINTMENTS\n";

#[test]
fn half_a_file_is_refused_and_named_unless_it_is_to_replace() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    let write = |name: &str, rows: &[(&str, u32)]| {
        let rows = rows.iter().map(|(location, count)| {
            format!("{location},APR2020,Attended,GP,Telephone,1 Day,{count}\n")
        });
        let file = folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(&file, HEADER.to_owned() + &rows.collect::<String>()).unwrap();
        file
    };
    let whole = write("whole.csv", &[("03W", 100), ("04C", 200)]);
    let half = write("half.csv", &[("03W", 90), ("04C", 17)]);
    served.ask(&["submit", &whole]).well();
    for option in [&[] as &[&str], &["--validate-only"]] {
        let refused = served.ask(&[&["submit", &half], option].concat());
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for words in ["04C", "200 consultations", "leave 17", "--replace"] {
            assert!(refused.remarks.contains(words), "{words} is missing: {refused:?}");
        }
    }
    let current = || served.ask(&["submissions", "list", "--format", "csv"]).well();
    let totals = |text: &str| {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let place =
            reader.headers().unwrap().iter().position(|name| name.starts_with("total")).unwrap();
        let mut totals: Vec<u32> =
            reader.records().map(|row| row.unwrap()[place].parse().unwrap()).collect();
        totals.sort_unstable();
        totals
    };
    // The location that kept most of its month was replaced, the other was not.
    assert_eq!(totals(&current()), [90, 200]);
    served.ask(&["submit", &half, "--replace"]).well();
    assert_eq!(totals(&current()), [17, 90]);
}
