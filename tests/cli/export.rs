//! Exports and assessments from the command line: files that are there whole or not at all.

use super::run::{Served, equity, run};

const BUNDLED: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/demo/gpad_regional_llr_2019-03_2020-12.csv.gz");
const APRIL: &[&str] = &["export", "channels", "--area", "QK1", "--from", "2020-04"];

fn lines(csv: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect()
}

#[test]
fn a_file_has_what_standard_output_has_and_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    served.ask(&["submit", BUNDLED, "--format", "json"]).well();
    let to = |file: &str| folder.path().join(file).to_str().unwrap().to_owned();

    let columns = served.ask(&["export", "columns", "--format", "csv"]).well();
    let shown = served.ask(&[APRIL, &["--output", "-"]].concat()).well();
    let header: Vec<_> = shown.lines().next().unwrap().split(',').collect();
    assert_eq!(header, lines(&columns).iter().map(|line| line[0].to_owned()).collect::<Vec<_>>());
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let face =
        lines(&shown).into_iter().find(|line| &line[at("group_1_code")] == "FACE_TO_FACE").unwrap();
    assert_eq!(&face[at("numerator_count")], "212251");
    assert_eq!((&face[at("indicator")], &face[at("column")]), ("CH-01", "CH-01/FACE_TO_FACE"));

    let file = to("april.csv");
    let ended = served.ask(&[APRIL, &["--output", &file]].concat());
    assert!(ended.remarks.contains("tables 1, read at position"), "{}", ended.remarks);
    assert_eq!(ended.well(), "");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), shown);

    // By month and part of the area: the months of a part add up to the part as a whole.
    let file = to("parts.csv");
    let parts = ["--area-types", "sub_icb", "--step", "month", "--output", &file];
    let asked = ["export", "channels", "--area", "QK1", "--from", "2020-01", "--to", "2020-06"];
    served.ask(&[&asked as &[&str], &parts].concat()).well();
    let all = lines(&std::fs::read_to_string(&file).unwrap());
    let months: std::collections::BTreeSet<_> = all
        .iter()
        .map(|line| (line[at("area")].to_owned(), line[at("first_month")].to_owned()))
        .collect();
    assert_eq!(months.len(), 18);

    // What was there stays when nothing comes, and nothing is left beside.
    let ended = served
        .ask(&["export", "channels", "--area", "XXX", "--from", "2020-04", "--output", &file]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(lines(&std::fs::read_to_string(&file).unwrap()).len(), all.len());
    let mut names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["april.csv", "data", "parts.csv"]);

    parquet(&served, &to("april.parquet"), &to("april"));
    lean(&served, folder.path(), &shown);
    partitioned(&served, folder.path());
    since(&served, &to("since.csv"));
    for wrong in [
        &["--output", "april.xls"] as &[&str],
        &["--output", "-", "--format", "parquet"],
        &["--output", "-", "--format", "json"],
        &["--output", "april.parquet", "--format", "csv"],
    ] {
        assert_eq!(run(&[APRIL, wrong].concat()).code, Some(2), "{wrong:?}");
    }
    let other = run(&["reference", "areas", "--format", "parquet"]);
    assert_eq!(other.code, Some(2), "{other:?}");
    #[cfg(unix)]
    pipes(&served, folder.path(), &shown);
    assessments(&served, &to("note.txt"));
}

/// Parquet is taken from the file name and from `--format`; a build without it says so, and leaves no file.
fn parquet(served: &Served, ending: &str, named: &str) {
    let by_ending = served.ask(&[APRIL, &["--output", ending]].concat());
    let by_format = served.ask(&[APRIL, &["--output", named, "--format", "parquet"]].concat());
    if cfg!(feature = "parquet") {
        by_ending.well();
        by_format.well();
        assert!(std::fs::read(ending).unwrap().starts_with(b"PAR1"));
        assert_eq!(std::fs::read(named).unwrap(), std::fs::read(ending).unwrap());
    } else {
        assert_eq!((by_ending.code, by_format.code), (Some(2), Some(2)));
        assert!(by_ending.remarks.contains("built without Parquet"), "{}", by_ending.remarks);
        assert!(!std::path::Path::new(ending).exists());
    }
}

/// A lean file has the same figures, without columns that are empty and sentences that every row repeats; these are beside it.
fn lean(served: &Served, folder: &std::path::Path, whole: &str) {
    let place = folder.join("lean.csv");
    let ended = served.ask(&[APRIL, &["--lean", "--output", place.to_str().unwrap()]].concat());
    assert!(ended.remarks.contains("source: NHS England"), "{}", ended.remarks);
    ended.well();
    let lean = std::fs::read_to_string(&place).unwrap();
    let header = |csv: &str| -> Vec<String> {
        csv.lines().next().unwrap().split(',').map(str::to_owned).collect()
    };
    let (all, left) = (header(whole), header(&lean));
    assert!(left.len() < all.len() && left.iter().all(|name| all.contains(name)), "{left:?}");
    for gone in ["provenance", "notes", "statement", "key_1_code", "ecological", "series"] {
        assert!(!left.contains(&gone.to_owned()), "{gone}");
    }
    let filled = |csv: &str, name: &str| {
        let at = header(csv).iter().position(|known| known == name).unwrap();
        lines(csv).iter().map(|line| line[at].to_owned()).collect::<Vec<_>>()
    };
    for name in &left {
        let values = filled(&lean, name);
        assert_eq!(values, filled(whole, name), "{name}");
        assert!(values.iter().any(|value| !value.is_empty() && value != "false"), "{name}");
    }
    let about = std::fs::read_to_string(folder.join("lean.about.json")).unwrap();
    let about: serde_json::Value = serde_json::from_str(&about).unwrap();
    assert!(about["provenance"][0].as_str().unwrap().contains("Open Government Licence"));
    assert_eq!(about["columns"].as_array().unwrap().len(), left.len());
    assert_eq!(about["request"]["question"]["channels"]["query"]["area"], "QK1");

    // The same rows gzipped, for Excel, and to standard output.
    let packed = folder.join("lean.csv.gz");
    served.ask(&[APRIL, &["--lean", "--output", packed.to_str().unwrap()]].concat()).well();
    let mut unpacked = String::new();
    let mut reader = flate2::read::GzDecoder::new(std::fs::File::open(&packed).unwrap());
    std::io::Read::read_to_string(&mut reader, &mut unpacked).unwrap();
    assert_eq!(unpacked, lean);
    assert_eq!(served.ask(&[APRIL, &["--lean", "--output", "-"]].concat()).well(), lean);
    if cfg!(feature = "xlsx") {
        let book = folder.join("april.xlsx");
        served.ask(&[APRIL, &["--output", book.to_str().unwrap()]].concat()).well();
        assert!(std::fs::read(book).unwrap().starts_with(b"PK"));
    }
    let safe =
        ["--excel-safe", "--columns", "area,first_month,period_start,period_end", "--output", "-"];
    let safe = served.ask(&[APRIL, &safe].concat()).well();
    assert!(safe.contains("\r\nQK1,\"=\"\"2020-04\"\"\",2020-04-01,2020-04-30\r\n"), "{safe}");
}

/// A folder has each row once, in the file of its values; a folder that has files is not written over.
fn partitioned(served: &Served, folder: &std::path::Path) {
    let place = folder.join("months");
    let asked = ["export", "channels", "--area", "QK1", "--from", "2020-01", "--to", "2020-03"];
    let into =
        ["--step", "month", "--partition-by", "first_month", "--output", place.to_str().unwrap()];
    let asked = [&asked as &[&str], &into].concat();
    served.ask(&asked).well();
    let mut rows = 0;
    for month in ["2020-01", "2020-02", "2020-03"] {
        let file = place.join(format!("first_month={month}/data.csv"));
        let csv = std::fs::read_to_string(&file).unwrap();
        assert!(!csv.lines().next().unwrap().contains("first_month"), "it is in the folder's name");
        assert!(csv.contains(&format!("{month}-01")), "{csv}");
        rows += lines(&csv).len();
    }
    assert_eq!(rows, 3 * 6, "a count and five channels a month");
    assert!(
        std::fs::read_to_string(place.join("_about.json")).unwrap().contains("Open Government")
    );
    let again = served.ask(&asked);
    assert_eq!(again.code, Some(1));
    assert!(again.remarks.contains("name a new folder"), "{}", again.remarks);
}

/// What has not changed since a position is a file without rows; a position that is not reached is refused.
fn since(served: &Served, file: &str) {
    let ended = served.ask(&[APRIL, &["--output", file]].concat());
    let position = ended.remarks.split("position ").nth(1).unwrap().split(' ').next().unwrap();
    served.ask(&[APRIL, &["--output", file, "--since", position]].concat()).well();
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), 1, "the header alone");
    let all = served.ask(&[APRIL, &["--output", "-", "--since", "1"]].concat()).well();
    assert!(lines(&all).len() > 3);
    let later = served.ask(&[APRIL, &["--output", "-", "--since", "99999"]].concat());
    assert_eq!((later.code, later.answer.as_str()), (Some(1), ""), "{later:?}");
}

/// A pipe is written to and stays one, and cannot take Parquet; a link leads on.
#[cfg(unix)]
fn pipes(served: &Served, folder: &std::path::Path, shown: &str) {
    use std::os::unix::fs::FileTypeExt as _;
    let pipe = folder.join("pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let place = pipe.to_str().unwrap();
    let reading = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    served.ask(&[APRIL, &["--output", place]].concat()).well();
    assert_eq!(reading.join().unwrap(), shown);
    assert!(std::fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    let link = folder.join("link.csv");
    std::os::unix::fs::symlink("linked.csv", &link).unwrap();
    served.ask(&[APRIL, &["--output", link.to_str().unwrap()]].concat()).well();
    assert_eq!(std::fs::read_to_string(folder.join("linked.csv")).unwrap(), shown);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
}

/// A service that takes a connection and never answers: Ctrl-C takes the part away, says so, and what was there stays.
#[cfg(unix)]
#[test]
fn ctrl_c_takes_the_part_away() {
    use std::process::Stdio;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("april.csv");
    std::fs::write(&place, "before").unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let child = equity()
        .args([APRIL, &["--service", &address, "--output", place.to_str().unwrap()]].concat())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
    };
    let begin = std::time::Instant::now();
    while names().len() < 2 {
        assert!(begin.elapsed().as_secs() < 30, "no part was begun");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // It listens to signals as soon as it waits for the service.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let remarks = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{remarks}");
    assert!(remarks.contains("stopped by Ctrl-C"), "{remarks}");
    assert_eq!(names(), ["april.csv"]);
    assert_eq!(std::fs::read_to_string(&place).unwrap(), "before");
}

fn assessments(served: &Served, file: &str) {
    std::fs::write(file, "Telephone first,\r\nthen \"both\".\r\n").unwrap();
    let about = [
        "--organisation",
        "04C",
        "--from",
        "2020-04",
        "--role",
        "Director",
        "--date",
        "2020-05-04",
    ];
    let record =
        |more: &[&str]| served.ask(&[&["assessments", "record"] as &[&str], &about, more].concat());
    let id = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
    let made = record(&["--file", file, "--request-id", id, "--format", "json"]).json();
    assert_eq!(made["assessment"]["text"], "Telephone first,\nthen \"both\".");
    let again = record(&["--file", file, "--request-id", id, "--format", "json"]).json();
    assert_eq!((&again["assessment"], &again["replayed"]), (&made["assessment"], &true.into()));
    record(&["--text", "Unchanged."]).well();
    let listed =
        served.ask(&["assessments", "list", "--organisation", "04C", "--format", "csv"]).well();
    let texts: Vec<_> = lines(&listed).iter().map(|line| line[5].to_owned()).collect();
    assert_eq!(texts, ["Unchanged.", "Telephone first,\nthen \"both\"."]);
    assert!(served.ask(&["assessments", "list"]).well().contains("Unchanged."));
    assert_eq!(record(&["--text", "x", "--to", "2020-03"]).code, Some(1));
    assert_eq!(record(&[]).code, Some(2));
    assert_eq!(record(&["--text", "x", "--file", file]).code, Some(2));
}
