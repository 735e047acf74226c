//! Files of strangers: whatever a file holds, it is read or refused, and the records that are read can be sent.

use super::{Defaults, read};

#[test]
fn fuzz_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let is_case = |path: &std::path::PathBuf| path.extension().is_some_and(|kind| kind != "md");
    let good: Vec<_> = files.filter(is_case).map(|path| std::fs::read(path).unwrap()).collect();
    assert!(good.len() > 30, "the cases of {folder} are the good inputs");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.csv");
    crate::fuzz::fuzz("files", &good, |bytes| {
        std::fs::write(&file, bytes).unwrap();
        let Ok(submissions) = read(&file, &Defaults::default()) else { return };
        for submission in submissions.map_while(Result::ok) {
            assert!(!submission.organisation.is_empty(), "a submission of nobody");
        }
    });
}
