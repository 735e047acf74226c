use std::path::Path;

use super::*;
use crate::cli::sent::Slot;

fn how() -> Sending {
    Sending { run_id: "run".into(), allow_partial: false, validate_only: false, replace: false }
}

/// Files of consultations of these months, each with its number of rows; month `13` is an error.
fn files(folder: &Path, months: &[(u32, usize)]) -> Vec<Input> {
    let write = |(number, (month, rows)): (usize, &(u32, usize))| {
        let path = folder.join(format!("{number}.csv"));
        let row = format!("C82001,2020-{month:02},practice-feed,01\n");
        std::fs::write(
            &path,
            format!("organisation,month,collection,channel\n{}", row.repeat(*rows)),
        )
        .unwrap();
        Input { name: path.clone(), path }
    };
    months.iter().enumerate().map(write).collect()
}

fn slots_and_rows(checked: Checked<'_>) -> Vec<(Slot, u64, bool)> {
    let all = checked.submissions().map(Result::unwrap);
    all.map(|one| (one.slot(), one.rows(), matches!(one, Outgoing::Encoded(_)))).collect()
}

#[test]
fn submissions_keep_the_order_of_the_files_and_large_files_are_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let large = usize::try_from(KEPT_ROWS).unwrap() + 1;
    let files = files(folder.path(), &[(1, 2), (2, 3), (4, large), (3, 1)]);
    let reading = Reading::default();
    let checked = check(&files, &reading, &how()).unwrap();
    assert_eq!(checked.rows, large as u64 + 6);
    let all = slots_and_rows(checked);
    let told: Vec<_> =
        all.iter().map(|(slot, rows, kept)| (slot.month.as_str(), *rows, *kept)).collect();
    let large = large as u64;
    let expected = [
        ("2020-01", 2, true),
        ("2020-02", 3, true),
        ("2020-04", large, false),
        ("2020-03", 1, true),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_is_kept_is_what_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path(), &[(1, 3)]);
    let reading = Reading::default();
    let kept = check(&files, &reading, &how()).unwrap().submissions().next().unwrap().unwrap();
    let read = again(&files[0], &reading).next().unwrap().unwrap();
    let (kept, read) = (kept.encode(&how()).await.unwrap(), read.encode(&how()).await.unwrap());
    assert_eq!((kept.request_id, kept.rows, kept.slot), (read.request_id, read.rows, read.slot));
    assert_eq!(kept.path, read.path);
    assert_eq!(kept.messages[1..], read.messages[1..]);
}

#[test]
fn of_several_files_with_errors_the_first_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // The first error is in a file that takes longer to read than the files after it.
    let months = [(1, 1), (13, 0), (13, 1), (13, 1), (2, 1)];
    let files = files(folder.path(), &months);
    let long = "C82001,2020-01,practice-feed,01\n".repeat(20_000);
    let bad = "C82001,2020-13,practice-feed,01\n";
    std::fs::write(&files[1].path, format!("organisation,month,collection,channel\n{long}{bad}"))
        .unwrap();
    for _ in 0..5 {
        let Err(failure) = check(&files, &Reading::default(), &how()) else { panic!("no error") };
        let Failure::Data { place, .. } = &failure else { panic!("{failure:?}") };
        assert_eq!(place, &files[1].name);
    }
}
