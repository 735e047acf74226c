//! `equity publish`, as people and scripts use it.

use std::fmt::Write as _;

use super::run::{Served, run};

const HEADER: &str = "organisation,month,collection,channel,age_band,record_count\n";

fn rows() -> String {
    let mut rows = HEADER.to_owned();
    for organisation in ["C82001", "C82002", "C82009", "C82010"] {
        for month in ["2020-04", "2020-05", "2020-06"] {
            for (channel, age, count) in
                [("TELEPHONE", "30-34", 41), ("FACE_TO_FACE", "70-74", 93), ("VIDEO", "5-9", 1)]
            {
                writeln!(rows, "{organisation},{month},practice-feed,{channel},{age},{count}")
                    .unwrap();
            }
        }
    }
    rows
}

#[test]
fn a_folder_of_tables_with_a_manifest_is_written_once_and_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&folder.path().join("data"));
    let file = folder.path().join("rows.csv");
    std::fs::write(&file, rows()).unwrap();
    served.ask(&["submit", file.to_str().unwrap()]).well();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();

    let refused = served.ask(&["publish", "--out", &place("none")]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.remarks.contains("NO_RELEASE"), "{}", refused.remarks);
    assert!(!folder.path().join("none").exists());

    served.ask(&["releases", "create", "first"]).well();
    let published = served.ask(&["publish", "--out", &place("one")]);
    for words in ["possible values", "manifest.json", "Blake3"] {
        assert!(published.remarks.contains(words), "{words}: {}", published.remarks);
    }
    let table = published.well();
    assert!(table.contains("channels-by-age") && table.contains("channels-by-sub-icb"), "{table}");
    let read = |of: &str, name: &str| std::fs::read(folder.path().join(of).join(name)).unwrap();
    let manifest: serde_json::Value =
        serde_json::from_slice(&read("one", "manifest.json")).unwrap();
    assert_eq!(manifest["release"], "releases/first");
    assert_eq!(manifest["certificate"]["holds"], true);
    let (mut files, mut numbers) = (0, 0);
    for table in manifest["tables"].as_array().unwrap() {
        numbers += table["numbers"].as_u64().unwrap();
        for file in table["files"].as_array().unwrap() {
            let bytes = read("one", file["name"].as_str().unwrap());
            assert_eq!(file["bytes"], bytes.len());
            assert_eq!(file["blake3"], blake3::hash(&bytes).to_hex().as_str());
            files += 1;
        }
    }
    assert_eq!(files, 4, "two tables, CSV and Parquet");
    let mut lines = 0;
    for name in ["channels-by-age.csv", "channels-by-sub-icb.csv"] {
        let bytes = read("one", name);
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header = reader.headers().unwrap().clone();
        let at = |name: &str| header.iter().position(|of| of == name).unwrap();
        for row in reader.records().map(Result::unwrap) {
            assert_eq!(row[at("count")].is_empty(), &row[at("state")] != "SHOWN", "{row:?}");
            assert_eq!((&row[at("release")], &row[at("period")]), ("first", "2020-Q2"));
            lines += 1;
        }
    }
    assert_eq!(lines, numbers);

    served.ask(&["publish", "--out", &place("two"), "--release", "first"]).well();
    for entry in std::fs::read_dir(folder.path().join("one")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_eq!(read("one", &name), read("two", &name), "{name}");
    }
    let again = served.ask(&["publish", "--out", &place("two")]);
    assert_eq!(again.code, Some(1));
    assert!(again.remarks.contains("name a new folder"), "{}", again.remarks);
    served.ask(&["publish", "--out", &place("three"), "--format", "csv"]).well();
    assert!(!folder.path().join("three/channels-by-age.parquet").exists());
    let unknown = served.ask(&["publish", "--out", &place("four"), "--release", "nobody"]);
    assert!(unknown.remarks.contains("equity releases list"), "{}", unknown.remarks);
}

#[test]
fn wrong_formats_are_refused_before_anything_is_asked() {
    let refused = run(&["publish", "--out", "x", "--format", "xlsx"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.remarks.contains("csv,parquet"), "{}", refused.remarks);
}
