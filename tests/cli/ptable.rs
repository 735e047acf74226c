//! `equity ptable`: tables are made, read again, and refused.

use super::run::{Ended, equity, run};

/// Runs the command in a folder.
fn within(folder: &std::path::Path, line: &str) -> Ended {
    Ended::of(equity().args(line.split_whitespace()).current_dir(folder).output().unwrap())
}

#[test]
fn every_example_of_the_help_text_works() {
    let help = run(&["ptable", "--help"]).well();
    let folder = tempfile::tempdir().unwrap();
    let examples = help.lines().filter_map(|line| line.strip_prefix("  equity "));
    let mut tried = 0;
    for example in examples {
        let line = example.split("  ").next().unwrap();
        let ended = within(folder.path(), line);
        assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
        tried += 1;
    }
    assert_eq!(tried, 4, "{help}");
    assert!(help.contains("d5v4-5192690d"), "{help}");
}

#[test]
fn a_table_is_the_same_each_time_and_says_what_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let made = within(folder.path(), "ptable --out a.csv");
    assert_eq!((made.code, made.answer.as_str()), (Some(0), ""));
    assert!(made.remarks.contains("a.csv: the p-table d5v4-5192690d"), "{}", made.remarks);
    let printed = run(&["ptable"]).well();
    assert_eq!(std::fs::read_to_string(folder.path().join("a.csv")).unwrap(), printed);

    let json = within(folder.path(), "ptable --check a.csv --format json").json();
    assert_eq!((&json["version"], &json["bound"]), (&"d5v4-5192690d".into(), &5.into()));
    assert_eq!(json["broken_rules"], serde_json::json!([]));
    let last = json["counts"].as_array().unwrap().last().unwrap();
    assert_eq!(
        last,
        &serde_json::json!({
            "first": 5, "last": 750, "least_change": -5, "greatest_change": 5,
            "bias": 0.0, "variance": 4.0, "unchanged_keys": 50
        })
    );
    let csv = within(folder.path(), "ptable --check a.csv --format csv").well();
    assert_eq!(csv.lines().last(), Some("5,750,-5,5,0,4,50"), "{csv}");
    let table = within(folder.path(), "ptable --check a.csv");
    assert!(table.remarks.contains("p-table d5v4-5192690d: changes of at most 5"), "{table:?}");
    assert!(table.answer.contains("greatest change"), "{table:?}");
}

#[test]
fn options_out_of_range_and_files_that_are_no_table_are_refused() {
    for (options, expected) in [
        ("--bound 0", "the bound is 0; choose a whole number from 1 to 25"),
        ("--bound 2", "the variance is 4; with bound 2, choose a number from 0.5 to 2.000"),
        ("--variance NaN", "the variance is NaN"),
        ("--bound 5.5", "invalid value '5.5'"),
    ] {
        let line = format!("ptable {options}");
        let ended = run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!((ended.code, ended.answer.as_str()), (Some(2), ""), "{line}: {ended:?}");
        assert!(ended.remarks.contains(expected), "{line}: {}", ended.remarks);
    }
    let folder = tempfile::tempdir().unwrap();
    let good = run(&["ptable"]).well();
    let nearest_five = |line: &str| {
        let fields: Vec<_> = line.split(',').collect();
        let Ok(count) = fields[0].parse::<usize>() else { return line.to_owned() };
        let change = if count < 10 { -(count as i64) } else { [0, -1, -2, 2, 1][count % 5] };
        format!("{count},{},{change}", fields[1])
    };
    let rounds: Vec<_> = good.lines().map(nearest_five).collect();
    for (text, expected) in [
        (
            good.replace("\n7,3,", "\n7,x,"),
            "`ckey` is \"x\"; expected a whole number from 0 to 255",
        ),
        (good.replace("\n9,", "\n#9,"), "the line of pcv 9 and ckey 0 is missing"),
        (rounds.join("\n"), "the change must depend on the cell key"),
        ("x".repeat(17 << 20), "more than 16 MB"),
    ] {
        std::fs::write(folder.path().join("bad.csv"), text).unwrap();
        let ended = within(folder.path(), "ptable --check bad.csv");
        assert_eq!(ended.code, Some(1), "{expected}: {ended:?}");
        assert!(ended.remarks.contains("bad.csv"), "{}", ended.remarks);
        assert!(ended.remarks.contains(expected), "{expected}: {}", ended.remarks);
    }
    assert_eq!(within(folder.path(), "ptable --check nowhere.csv").code, Some(1));
    assert_eq!(within(folder.path(), "ptable --out nowhere/a.csv").code, Some(1));
}
