use super::*;
use crate::ingest::Defaults;
use crate::ingest::equity_csv::EquityCsv;

const ROWS: &str = "organisation,month,channel\nB,2020-01,01\nA,2020-01,02\nA,2020-02,03\nB,2020-01,04\nA,2020-01,05\n";

/// A file of these rows, keeping so many bytes of them.
fn submissions(most: usize, path: &Path) -> SubmissionFiles {
    let header = CsvFile::open(path).unwrap().header().unwrap();
    let format = EquityCsv::new(&header, &Defaults::default()).unwrap();
    SubmissionFiles::keeping(most, path, Box::new(format), &Defaults::default(), None).unwrap()
}

#[test]
fn kept_rows_give_what_reading_again_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, ROWS).unwrap();
    let all = |most| {
        let submissions = submissions(most, &path);
        assert_eq!(matches!(submissions.rows, Rows::Kept(_)), most > 100);
        assert_eq!((submissions.row_count(), submissions.submission_count()), (5, 3));
        submissions.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let kept = all(1_000);
    let names: Vec<_> = kept.iter().map(|s| (s.organisation.as_str(), s.month.as_str())).collect();
    assert_eq!(names, [("A", "2020-02"), ("B", "2020-01"), ("A", "2020-01")], "as they end");
    assert_eq!(kept, all(0));
    // Some rows fit, and then one does not.
    assert_eq!(kept, all(100));
}

#[test]
fn a_large_file_that_changes_between_the_passes_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.csv");
    // More than a reader takes at once.
    let rows = format!("{ROWS}{}", "C,2020-03,01\n".repeat(100_000));
    let cut = rows.trim_end().rsplit_once('\n').unwrap().0;
    for changed in [format!("{rows}C,2020-03,06\n"), format!("{cut}\n")] {
        std::fs::write(&path, &rows).unwrap();
        let again = submissions(0, &path);
        let kept = submissions(100 << 20, &path);
        std::fs::write(&path, &changed).unwrap();
        let error = again.collect::<Result<Vec<_>, _>>().unwrap_err().to_string();
        assert!(error.contains("changed while it was being read"), "{error}");
        assert_eq!(kept.count(), 4, "a file that is kept is not read again");
    }
}
