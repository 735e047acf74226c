//! Every example of a help text shows figures on the demo's data: what a stranger copies has to work.

use std::path::Path;

use super::options;
use super::run::{Served, equity, run};

/// Fills a folder with the data of the demo, the synthetic set made small, and returns what the demo prints.
pub(super) fn fill_with_demo(folder: &Path) -> String {
    let mut demo = equity();
    demo.args(["demo", "--once", "--rows", "3000", "--data-folder"]).arg(folder);
    let ended = demo.env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// Whether a table that was printed has figures. Published estimates count: some areas have no other figures.
pub(super) fn shows_figures(printed: &str) -> bool {
    let published = printed.contains("Published estimates");
    (published || !printed.contains("no figures")) && printed.lines().count() > 3
}

/// The lines of a help text that can be typed, put together where they were wrapped.
fn examples(command: &[&str]) -> Vec<String> {
    let help = run(&[command, &["--help"]].concat()).well();
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in help.lines() {
        if line.starts_with("  equity ") {
            lines.push(line.trim().to_owned());
            open = true;
        } else if open && line.starts_with("  ") && !line.starts_with("   ") {
            let last = lines.last_mut().unwrap();
            *last = format!("{last} {}", line.trim());
        } else {
            open = false;
        }
    }
    lines
}

/// The percentages of the demo's sentence are those of the table that a reader gets for the same question, and of its chart.
fn one_share_has_one_number(served: &Served, screen: &str) {
    let flat = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = flat.split("In April 2020, ").nth(1).unwrap().split(" Source: ").next().unwrap();
    let words: Vec<_> = sentence.split(' ').collect();
    let shares = words.windows(2).filter(|pair| pair[1].starts_with('%')).map(|pair| pair[0]);
    let shares: Vec<_> = shares.collect();
    assert_eq!(shares.len(), 6, "{sentence}");
    let months = ["--from", "2019-03", "--to", "2020-12", "--by", "month", "--chart"];
    let asked = [&["breakdown", "channels", "--area", "QK1"] as &[&str], &months].concat();
    let table = served.ask(&asked).well();
    for share in shares {
        assert!(table.contains(&format!(" {share} % (")), "{share} %\n{table}");
    }
    let base = "shares of those whose channel is known";
    assert_eq!(table.matches(base).count(), 2, "above the table and above the chart\n{table}");
    let all = served.ask(&[&asked as &[&str], &["--denominator", "all"]].concat()).well();
    assert_eq!(all.matches("shares of all").count(), 2, "{all}");
}

/// Submits synthetic counts of indicators, which the demo does not have.
fn submit_counts(served: &Served, folder: &Path) {
    let file = folder.join("counts.csv");
    let file = file.to_str().unwrap();
    let made = ["--rows", "20000", "--from", "2020-04", "--to", "2020-07", "--out", file];
    run(&[&["generate", "--dataset", "indicators"], &made as &[&str]].concat()).well();
    served.ask(&["submit", file]).well();
}

#[test]
fn examples_of_breakdowns_show_figures() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let screen = fill_with_demo(&data);
    let served = Served::start(&data);
    one_share_has_one_number(&served, &screen);
    submit_counts(&served, folder.path());
    options::each_changes_what_its_command_does(&served, folder.path());
    let mut tried = 0;
    for table in ["channels", "outcomes", "exclusion", "provision", "impact", "risk", "indicators"]
    {
        for line in examples(&["breakdown", table]) {
            // A table that is followed does not end.
            if line.contains("--watch") {
                continue;
            }
            let arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
            let ended = served.ask(&arguments);
            assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
            assert!(shows_figures(&ended.answer), "{line}:\n{}", ended.answer);
            tried += 1;
        }
    }
    assert!(tried >= 14, "{tried} examples");
}
